"""System checks: what will keep mail from leaving is said before it does."""

from __future__ import annotations

import ipaddress
import sqlite3
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import connection
from django.utils.translation import gettext as _

from mailcenter import conf, kinds
from mailcenter.exceptions import ConfigurationError
from mailcenter.rendering import FALLBACK_LANGUAGE, contracts, sources
from mailcenter.templating.contract import problems as problems_of_parts
from mailcenter.transports import SendingAccount, problems
from mailcenter.transports.account import each_environment_account, suffix_of
from mailcenter.transports.variables import variable

# What each of the others is made of; one of them is enough.
PACKAGES = {"celery": ("celery",), "tasks": ("django.tasks", "django_tasks")}
ENGINES = ("embedded", "celery", "tasks")


@register()
def check_accounts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for account in each_environment_account():
        if isinstance(account, ConfigurationError):
            found.append(
                Error(
                    str(account),
                    hint=_("Correct it in .env; .env.example explains each variable."),
                    id="mailcenter.E100",
                )
            )
        else:
            found += [*problems(account), *_unknown_kinds(account)]
    return found


def _unknown_kinds(account: SendingAccount) -> list[CheckMessage]:
    known = dict(kinds.choices())
    unknown = [kind for kind in account.kinds if kind not in known]
    if not unknown:
        return []
    return [
        Warning(
            _("%(variable)s names no kind of mail: %(unknown)s.")
            % {
                "variable": variable("KINDS", suffix_of(account.slug)),
                "unknown": ", ".join(unknown),
            },
            hint=_("The kinds are: %(names)s.") % {"names": ", ".join(known)},
            id="mailcenter.W106",
        )
    ]


@register()
def check_duplicates(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """One mailbox given twice would have its limits twice."""
    found: list[CheckMessage] = []
    first: dict[tuple[str, ...], str] = {}
    for account in _working():
        mailbox = (account.address.lower(), account.host.lower(), account.esp_backend)
        name = variable("ADDRESS", suffix_of(account.slug))
        if mailbox in first:
            found.append(
                Warning(
                    _("%(second)s and %(first)s are one mailbox: it sends more than its limits.")
                    % {"first": first[mailbox], "second": name},
                    hint=_("Take one of the two accounts out."),
                    id="mailcenter.W105",
                )
            )
        first.setdefault(mailbox, name)
    return found


@register()
def check_practice(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    strangers = [host for host in settings.ALLOWED_HOSTS if not _is_loopback(host)]
    practice = any(account.preset.slug == "practice" for account in _working())
    if not practice or not strangers:
        return []
    return [
        Error(
            _("The practice server is for this machine alone, and the site answers to %(hosts)s.")
            % {"hosts": ", ".join(strangers)},
            hint=_("Set MAIL_PROVIDER, MAIL_ADDRESS and MAIL_AUTH_CODE to a real account."),
            id="mailcenter.E103",
        )
    ]


@register()
def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    values = getattr(settings, "MAILCENTER", {})
    for name in sorted(values.keys() - conf.DEFAULTS.keys()):
        found.append(
            Warning(
                _("MAILCENTER has no key %(name)s.") % {"name": name},
                hint=_("The keys are: %(names)s.") % {"names": ", ".join(conf.DEFAULTS)},
                id="mailcenter.W104",
            )
        )
    for name, default in conf.DEFAULTS.items():
        value = conf.get(name)
        number = isinstance(default, int)
        if number and (not isinstance(value, int | float) or isinstance(value, bool) or value <= 0):
            found.append(
                Error(
                    _("MAILCENTER[%(name)s] must be a number above 0.") % {"name": repr(name)},
                    id="mailcenter.E105",
                )
            )
    if conf.get("ENGINE") not in ENGINES:
        found.append(
            Error(
                _("MAILCENTER['ENGINE'] must be one of: %(names)s.")
                % {"names": ", ".join(ENGINES)},
                id="mailcenter.E106",
            )
        )
    packages = PACKAGES.get(conf.get("ENGINE"), ())
    if packages and not any(map(find_spec, packages)):
        found.append(
            Error(
                _("The package that MAIL_ENGINE=%(engine)s needs is not installed.")
                % {"engine": conf.get("ENGINE")},
                hint=f"pip install -c requirements.txt -r requirements-{conf.get('ENGINE')}.txt",
                id="mailcenter.E108",
            )
        )
    site = urlsplit(str(conf.get("SITE_URL")))
    if site.scheme not in ("http", "https") or not site.hostname:
        found.append(
            Error(
                _("SITE_URL must be the site's address, such as https://www.example.com."),
                id="mailcenter.E107",
            )
        )
    elif site.scheme == "http" and not _is_loopback(site.hostname):
        found.append(
            Warning(
                _("SITE_URL begins with http://, so links in mails travel unencrypted."),
                hint=_("Serve the site over TLS and set SITE_URL to https://…"),
                id="mailcenter.W103",
            )
        )
    return found


@register()
def check_sqlite(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A worker learns the keys of the rows that it inserts: INSERT … RETURNING came with 3.35."""
    if connection.vendor != "sqlite" or sqlite3.sqlite_version_info >= (3, 35):
        return []
    return [
        Error(
            _("SQLite is %(version)s, and 3.35 or newer is needed.")
            % {"version": sqlite3.sqlite_version},
            hint=_("Use a Python that comes with a newer one, or PostgreSQL: set DATABASE_URL."),
            id="mailcenter.E109",
        )
    ]


@register()
def check_templates(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The built-in ones alone: no look into the database."""
    return [
        Warning(
            _("The mail template %(name)s: %(problem)s") % {"name": name, "problem": problem},
            hint=_("`manage.py mailtemplates check` names them all."),
            id="mailcenter.W107",
        )
        for name, problem in _wrong_templates()
    ]


def _wrong_templates() -> Iterator[tuple[str, str]]:
    """Folder, and the first of its problems."""
    for slug, _label in contracts.slugs():
        missing = True
        for language in sorted({*contracts.languages(), FALLBACK_LANGUAGE}):
            try:
                source = sources.built_in(slug, language)
                missing &= source is None
                if source and (
                    wrong := problems_of_parts(source.parts, contracts.of(slug), language)
                ):
                    yield f"{slug}/{language}", str(wrong[0])
            # Files and samples are a developer's, who is about to mend them: the site must start.
            except Exception as error:
                missing = False
                yield f"{slug}/{language}", f"{type(error).__name__}: {error}"
        if missing:
            yield slug, _("It has no words in any language.")


def _working() -> list[SendingAccount]:
    return [a for a in each_environment_account() if isinstance(a, SendingAccount)]


def _is_loopback(host: str) -> bool:
    host = host.strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
