"""The account that the environment gives: raw strings in, an SendingAccount or one clear sentence out.

Only checks and sending call this, so a wrong setting stops neither `migrate` nor a page.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import conf
from mailcenter.exceptions import ConfigurationError
from mailcenter.transports.presets import (
    PRACTICE_ADDRESS,
    PRACTICE_CODE,
    PRESETS,
    Limits,
    Preset,
    Security,
)

# The keys of MAILCENTER["ACCOUNT"] and the environment's names for them.
VARIABLES = {
    "PROVIDER": "MAIL_PROVIDER",
    "ADDRESS": "MAIL_ADDRESS",
    "PASSWORD": "MAIL_AUTH_CODE",
    "FROM_NAME": "MAIL_FROM_NAME",
    "HOST": "MAIL_HOST",
    "PORT": "MAIL_PORT",
    "SECURITY": "MAIL_SECURITY",
    "CA_FILE": "MAIL_CA_FILE",
    "URL_WITH_PASSWORD": "EMAIL_URL",
}

# "tls" means STARTTLS in Django's EMAIL_USE_TLS and in smtp+tls.
SECURITY_WORDS: dict[str, Security] = {"ssl": "ssl", "starttls": "starttls", "tls": "starttls"}
URL_SCHEMES: dict[str, Security] = {"smtp+ssl": "ssl", "smtp+tls": "starttls"}
STANDARD_PORTS: dict[Security, int] = {"ssl": 465, "starttls": 587}

CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")


@dataclass(frozen=True)
class SendingAccount:
    """One way to send.

    ca_file: trust this alone, or "" for the system's authorities.
    slug: the key of its row.
    kinds: the kinds of mail that it takes over from other accounts; empty: all.
    imap_host: "" where nobody can look into its Sent folder.
    """

    preset: Preset
    address: str
    username: str
    password: str = field(repr=False)
    from_name: str
    host: str
    port: int
    security: Security
    ca_file: str
    slug: str = "environment"
    kinds: tuple[str, ...] = ()
    limits: Limits = Limits()
    imap_host: str = ""
    imap_port: int = 993


@sensitive_variables()
def environment_account() -> SendingAccount:
    """The account in ``MAILCENTER["ACCOUNT"]``; "practice" where no provider is named.

    Raises ConfigurationError. A missing code isn't one: see problems.py.
    """
    raw = _read(conf.get("ACCOUNT"))
    preset = _preset(raw["PROVIDER"].lower() or "practice")
    address, password = raw["ADDRESS"], raw["PASSWORD"]
    username, host, url_port = "", preset.host, None
    security = preset.security
    ca_file = raw["CA_FILE"]
    if preset.slug == "custom":
        security, username, password, host, url_port = _split_url(raw["URL_WITH_PASSWORD"])
        if not address and "@" in username:
            address = username
    elif preset.slug == "practice":
        address = address or PRACTICE_ADDRESS
        password = password or PRACTICE_CODE
        ca_file = ca_file or str(Path(conf.get("PRACTICE_DIR")) / "cert.pem")
    address = _address(address)
    default_security = security
    default_port = url_port or preset.port
    port = _port(raw["PORT"])
    security = _security(raw["SECURITY"], port) or default_security
    if port is None:
        # 465 answers implicit TLS only: who asks for STARTTLS means 587.
        port = default_port if security == default_security else STANDARD_PORTS[security]
    return SendingAccount(
        preset=preset,
        address=address,
        username=username or address,
        password=password,
        from_name=raw["FROM_NAME"],
        host=_host(raw["HOST"] or host),
        port=port,
        security=security,
        ca_file=ca_file,
    )


@sensitive_variables()
def _read(values: dict[str, str]) -> dict[str, str]:
    raw = {}
    for key, variable in VARIABLES.items():
        value = str(values.get(key) or "")
        if key == "PASSWORD":
            # Shown in groups of four on QQ's page, and often pasted with a line end.
            value = "".join(value.split())
        if CONTROL_CHARACTER.search(value):
            raise ConfigurationError(
                _("%(variable)s holds a line break or another control character: remove it.")
                % {"variable": variable}
            )
        raw[key] = value.strip()
    return raw


def _preset(slug: str) -> Preset:
    if slug not in PRESETS:
        raise ConfigurationError(
            _("MAIL_PROVIDER is %(slug)s; choose one of: %(known)s.")
            % {"slug": f"“{slug}”", "known": ", ".join(PRESETS)}
        )
    return PRESETS[slug]


def _address(value: str) -> str:
    if not value:
        raise ConfigurationError(_("Set MAIL_ADDRESS to the address that the mail is sent from."))
    try:
        validate_email(value)
        local, _at, domain = value.rpartition("@")
        return f"{local}@{punycode(domain)}"
    except (ValidationError, UnicodeError):
        raise ConfigurationError(
            _("MAIL_ADDRESS isn't a mail address such as name@qq.com.")
        ) from None


def _port(value: str) -> int | None:
    if not value:
        return None
    if re.fullmatch(r"[0-9]{1,5}", value) and 1 <= int(value) <= 65535:
        return int(value)
    raise ConfigurationError(_("MAIL_PORT must be a number from 1 to 65535, such as 465 or 587."))


def _security(word: str, port: int | None) -> Security | None:
    if not word:
        return {465: "ssl", 587: "starttls"}.get(port or 0)  # type: ignore[return-value]
    if word.lower() not in SECURITY_WORDS:
        raise ConfigurationError(
            _(
                "MAIL_SECURITY must be ssl (TLS from the start, port 465) or starttls "
                "(port 587); mail is never sent without TLS."
            )
        )
    return SECURITY_WORDS[word.lower()]


def _host(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not HOST_NAME.fullmatch(value):
            raise ConfigurationError(
                _("MAIL_HOST must be a host name such as smtp.qq.com, without scheme or port.")
            ) from None
    return value


@sensitive_variables()
def _split_url(url: str) -> tuple[Security, str, str, str, int]:
    """Security, user, password, host and port of EMAIL_URL, which no sentence may echo."""
    try:
        parts = urlsplit(url)
        security = URL_SCHEMES.get(parts.scheme)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        host, port = parts.hostname or "", parts.port
        rest = parts.path.strip("/") + parts.query + parts.fragment
    except ValueError:
        # What urllib says may quote the password.
        security, user, password, host, port, rest = None, "", "", "", None, ""
    if not (security and user and host) or rest or CONTROL_CHARACTER.search(user + password):
        raise ConfigurationError(
            _(
                "MAIL_PROVIDER=custom needs EMAIL_URL in the form "
                "smtp+ssl://user:password@host:465 (TLS from the start) or "
                "smtp+tls://user:password@host:587 (STARTTLS), with "
                "special characters in user and password percent-encoded."
            )
        )
    return security, user, password, host, port or STANDARD_PORTS[security]
