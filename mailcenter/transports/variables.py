"""What the environment says of one account: raw words in, a value or one clear sentence out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter.exceptions import ConfigurationError
from mailcenter.transports.presets import PRESETS, Preset, Security

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
    "IMAP_HOST": "MAIL_IMAP_HOST",
    "IMAP_PORT": "MAIL_IMAP_PORT",
    "PER_MINUTE": "MAIL_PER_MINUTE",
    "PER_DAY": "MAIL_PER_DAY",
    "SPACING_SECONDS": "MAIL_SPACING_SECONDS",
    "KINDS": "MAIL_KINDS",
    "ANYMAIL_BACKEND": "MAIL_ANYMAIL_BACKEND",
    "URL_WITH_PASSWORD": "EMAIL_URL",
}

# "tls" means STARTTLS in Django's EMAIL_USE_TLS and in smtp+tls.
SECURITY_WORDS: dict[str, Security] = {"ssl": "ssl", "starttls": "starttls", "tls": "starttls"}
URL_SCHEMES: dict[str, Security] = {"smtp+ssl": "ssl", "smtp+tls": "starttls"}
STANDARD_PORTS: dict[Security, int] = {"ssl": 465, "starttls": 587}
# What mail servers speak there (RFC 8314 sections 3.3 and 7.3; RFC 6409).
TLS_OF_PORT: dict[int, Security] = {465: "ssl", 994: "ssl", 587: "starttls", 25: "starttls"}

CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
# On a Chinese keyboard the comma is another one.
BETWEEN_KINDS = re.compile(r"[\s,，]+")


class Variables:
    """Each method reads one variable; all raise ConfigurationError, which names it in full.

    suffix: "" for the first account, else "_2" and so on.
    """

    @sensitive_variables()
    def __init__(self, values: Mapping[str, Any], suffix: str) -> None:
        self.suffix = suffix
        self._raw: dict[str, str] = {}
        for key in VARIABLES:
            value = str(values.get(key) or "")
            if key == "PASSWORD":
                # Shown in groups of four on QQ's page, and often pasted with a line end.
                value = "".join(value.split())
            if CONTROL_CHARACTER.search(value):
                raise self._error(
                    key,
                    _("%(variable)s holds a line break or another control character: remove it."),
                )
            self._raw[key] = value.strip()

    def __getitem__(self, key: str) -> str:
        return self._raw[key]

    def preset(self) -> Preset:
        slug = self["PROVIDER"].lower()
        # Where nothing is set at all, the site runs with the practice server.
        slug = slug or ("" if self.suffix else "practice")
        if slug not in PRESETS:
            raise self._error(
                "PROVIDER",
                _("%(variable)s is %(slug)s; choose one of: %(known)s."),
                slug=f"“{slug}”",
                known=", ".join(PRESETS),
            )
        return PRESETS[slug]

    def address(self, default: str = "") -> str:
        value = self["ADDRESS"] or default
        if not value:
            raise self._error(
                "ADDRESS", _("Set %(variable)s to the address that the mail is sent from.")
            )
        try:
            validate_email(value)
            return with_ascii_domain(value)
        except (ValidationError, UnicodeError):
            raise self._error(
                "ADDRESS", _("%(variable)s isn't a mail address such as name@qq.com.")
            ) from None

    def port(self, key: str, example: str) -> int | None:
        value = self[key]
        if not value:
            return None
        if re.fullmatch(r"[0-9]{1,5}", value) and 1 <= int(value) <= 65535:
            return int(value)
        raise self._error(
            key,
            _("%(variable)s must be a number from 1 to 65535, such as %(example)s."),
            example=example,
        )

    def security(self, port: int | None) -> Security | None:
        word = self["SECURITY"].lower()
        if not word:
            return TLS_OF_PORT.get(port or 0)
        if word not in SECURITY_WORDS:
            raise self._error(
                "SECURITY",
                _(
                    "%(variable)s must be ssl (TLS from the start, port 465) or starttls "
                    "(port 587); mail is never sent without TLS."
                ),
            )
        return SECURITY_WORDS[word]

    def host(self, key: str, example: str) -> str:
        if self[key] and not is_host(self[key]):
            raise self._error(
                key,
                _("%(variable)s must be a host name such as %(example)s, without scheme or port."),
                example=example,
            )
        return self[key]

    def whole_number(self, key: str) -> int | None:
        if re.fullmatch(r"[0-9]{0,7}", self[key]):
            return int(self[key]) if self[key] else None
        raise self._error(
            key, _("%(variable)s must be a whole number of mails, such as 50; 0: no limit.")
        )

    def seconds(self, key: str) -> float | None:
        if re.fullmatch(r"([0-9]{1,5}(\.[0-9]{1,3})?)?", self[key]):
            return float(self[key]) if self[key] else None
        raise self._error(
            key, _("%(variable)s must be a number of seconds, such as 6 or 0.5; 0: no gap.")
        )

    def kinds(self) -> tuple[str, ...]:
        """Slugs; whether there are such kinds is for a check to say."""
        return tuple(filter(None, BETWEEN_KINDS.split(self["KINDS"])))

    def anymail_backend(self) -> str:
        value = self["ANYMAIL_BACKEND"]
        if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", value):
            raise self._error(
                "ANYMAIL_BACKEND",
                _("Set %(variable)s to the name of the delivery service, such as mailgun."),
            )
        return value

    @sensitive_variables()
    def url(self) -> tuple[Security, str, str, str, int]:
        """Security, user, password, host and port of EMAIL_URL, which no sentence may echo."""
        try:
            parts = urlsplit(self["URL_WITH_PASSWORD"])
            security = URL_SCHEMES.get(parts.scheme)
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
            host, port = parts.hostname or "", parts.port
            rest = parts.path.strip("/") + parts.query + parts.fragment
        except ValueError:
            # What urllib says may quote the password.
            security, user, password, host, port, rest = None, "", "", "", None, ""
        whole = user and is_host(host) and not rest
        if not (security and whole) or CONTROL_CHARACTER.search(user + password):
            raise self._error(
                "URL_WITH_PASSWORD",
                _(
                    "%(provider)s=custom needs %(variable)s in the form "
                    "smtp+ssl://user:password@host:465 (TLS from the start) or "
                    "smtp+tls://user:password@host:587 (STARTTLS), with "
                    "special characters in user and password percent-encoded."
                ),
                provider=variable("PROVIDER", self.suffix),
            )
        return security, user, password, host, port or STANDARD_PORTS[security]

    def _error(self, key: str, sentence: str, **words: str) -> ConfigurationError:
        return ConfigurationError(sentence % {"variable": variable(key, self.suffix), **words})


def variable(key: str, suffix: str) -> str:
    return VARIABLES[key] + suffix


def is_host(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return bool(HOST_NAME.fullmatch(value))
    return True


def with_ascii_domain(address: str) -> str:
    """Raises UnicodeError."""
    local, _at, domain = address.rpartition("@")
    return f"{local}@{punycode(domain)}"
