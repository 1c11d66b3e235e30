"""System checks: what will keep mail from leaving is said before it does."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils.translation import gettext as _

from mailcenter import conf
from mailcenter.exceptions import ConfigurationError
from mailcenter.transports import environment_account, problems

ENGINES = ("embedded",)


@register()
def check_account(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        account = environment_account()
    except ConfigurationError as error:
        return [
            Error(
                str(error),
                hint=_("Correct it in .env; .env.example explains each variable."),
                id="mailcenter.E100",
            )
        ]
    return problems(account)


@register()
def check_practice(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        practice = environment_account().preset.slug == "practice"
    except ConfigurationError:
        return []
    strangers = [host for host in settings.ALLOWED_HOSTS if not _is_loopback(host)]
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


def _is_loopback(host: str) -> bool:
    host = host.strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
