"""A way to send, with all that is needed for it; the environment gives up to nine of them.

Only checks and sending call this, so a wrong setting stops neither `migrate` nor a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.views.decorators.debug import sensitive_variables

from mailcenter import conf
from mailcenter.exceptions import ConfigurationError
from mailcenter.transports.presets import (
    PRACTICE_ADDRESS,
    PRACTICE_CODE,
    Limits,
    Preset,
    Security,
)
from mailcenter.transports.variables import STANDARD_PORTS, Variables

# The slug of the environment's first account; the others' are "environment-2" and so on.
ENVIRONMENT = "environment"
NO_LIMITS = Limits()


@dataclass(frozen=True)
class SendingAccount:
    """One way to send.

    ca_file: trust this alone, or "" for the system's authorities.
    slug: the key of its row.
    kinds: the kinds of mail that it takes over from other accounts; empty: all.
    imap_host: "" where nobody can look into its Sent folder.
    esp_backend: for a delivery service, the one of django-anymail's backends, or its short name.
    oauth: the password is an access token (RFC 6750), for AUTH XOAUTH2.
    public_only: its host was typed by an operator: private addresses are refused at connect, and
        what the server says of itself is not shown.
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
    slug: str = ENVIRONMENT
    kinds: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    imap_host: str = ""
    imap_port: int = 993
    esp_backend: str = ""
    oauth: bool = False
    public_only: bool = False


@dataclass(frozen=True)
class Overrides:
    """What stands in place of the preset's own values. Empty or None: they hold."""

    host: str = ""
    port: int | None = None
    security: Security | None = None
    imap_host: str = ""
    imap_port: int | None = None
    per_minute: int | None = None
    per_day: int | None = None
    spacing_seconds: float | None = None

    def another_server(self, preset: Preset) -> bool:
        """What is known of the provider's servers says nothing about this one."""
        return self.host.lower() not in ("", preset.host)

    def server(self, preset: Preset) -> dict[str, Any]:
        """host, port, security, imap_host and imap_port of a SendingAccount."""
        security = self.security or preset.security
        port = self.port
        if port is None:
            # 465 answers implicit TLS only: who asks for STARTTLS means 587.
            port = preset.port if security == preset.security else STANDARD_PORTS[security]
        imap_host, imap_port = preset.imap_host, preset.imap_port
        if self.imap_host or self.another_server(preset):
            imap_host, imap_port = self.imap_host, Preset.imap_port
        return {
            "host": self.host or preset.host,
            "port": port,
            "security": security,
            "imap_host": imap_host,
            "imap_port": self.imap_port or imap_port,
        }

    def limits(self, preset: Preset) -> Limits:
        limits = NO_LIMITS if self.another_server(preset) else preset.limits
        names = ("per_minute", "per_day", "spacing_seconds")
        given = {name: getattr(self, name) for name in names}
        return replace(limits, **{k: value for k, value in given.items() if value is not None})


def environment_account() -> SendingAccount:
    """The first one, in ``MAILCENTER["ACCOUNT"]``; "practice" where no provider is named.

    Raises ConfigurationError. A missing code isn't one: see problems.py.
    """
    return _account(conf.get("ACCOUNT"), "")


def environment_accounts() -> list[SendingAccount]:
    """All of them, in order. Raises ConfigurationError."""
    return [_account(values, suffix) for values, suffix in _given()]


def each_environment_account() -> Iterator[SendingAccount | ConfigurationError]:
    """In order; in place of one whose settings can't work, the error."""
    for values, suffix in _given():
        try:
            yield _account(values, suffix)
        except ConfigurationError as error:
            yield error


def suffix_of(slug: str) -> str:
    """How the names of its variables end: "_2" for "environment-2"."""
    return slug.removeprefix(ENVIRONMENT).replace("-", "_")


def _given() -> Iterator[tuple[Mapping[str, Any], str]]:
    yield conf.get("ACCOUNT"), ""
    for number, values in enumerate(conf.get("MORE_ACCOUNTS"), 2):
        # Its own number, so that an account stays the same one when another is taken out.
        yield values, f"_{values.get('NUMBER') or number}"


@sensitive_variables()
def _account(values: Mapping[str, Any], suffix: str) -> SendingAccount:
    given = Variables(values, suffix)
    preset = server = given.preset()
    address, password, ca_file = "", given["PASSWORD"], given["CA_FILE"]
    username = esp_backend = ""
    if preset.slug == "custom":
        security, username, password, host, port = given.url()
        server = replace(preset, host=host, port=port, security=security)
        address = username if "@" in username else ""
    elif preset.slug == "practice":
        address = PRACTICE_ADDRESS
        password = password or PRACTICE_CODE
        ca_file = ca_file or str(Path(conf.get("PRACTICE_DIR")) / "cert.pem")
    elif preset.slug == "anymail":
        esp_backend = given.anymail_backend()
    address = given.address(default=address)
    overrides = _overrides(given)
    return SendingAccount(
        preset=preset,
        address=address,
        username=username or address,
        password=password,
        from_name=given["FROM_NAME"],
        ca_file=ca_file,
        slug=ENVIRONMENT + suffix.replace("_", "-"),
        kinds=given.kinds(),
        limits=overrides.limits(server),
        esp_backend=esp_backend,
        **overrides.server(server),
    )


def _overrides(given: Variables) -> Overrides:
    port = given.port("PORT", "465 or 587")
    return Overrides(
        host=given.host("HOST", "smtp.qq.com"),
        port=port,
        security=given.security(port),
        imap_host=given.host("IMAP_HOST", "imap.qq.com"),
        imap_port=given.port("IMAP_PORT", "993"),
        per_minute=given.whole_number("PER_MINUTE"),
        per_day=given.whole_number("PER_DAY"),
        spacing_seconds=given.seconds("SPACING_SECONDS"),
    )
