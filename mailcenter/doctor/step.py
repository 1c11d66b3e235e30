"""One thing that the doctor looked at, and what it found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from mailcenter.replies.entry import Words


class Name(TextChoices):
    """In the order in which they are taken."""

    CONFIGURATION = "configuration", _("configuration")
    DNS = "dns", _("name of the server")
    TCP = "tcp", _("connection")
    TLS = "tls", _("TLS and certificate")
    EHLO = "ehlo", _("what the server offers")
    AUTH = "auth", _("log-in")
    MAIL = "mail", _("sender")
    RCPT = "rcpt", _("recipient")
    QUIT = "quit", _("leaving without a mail")
    OTHER_PORT = "other-port", _("another port")
    SENDER_DOMAIN = "sender-domain", _("records of the sender's domain")
    SEND = "send", _("test mail")


class State(TextChoices):
    OK = "ok", _("ok")
    WARNING = "warning", _("look at this")
    FAILED = "failed", _("failed")
    SKIPPED = "skipped", _("not tried")


@dataclass(frozen=True)
class Step:
    """finding: what was seen, in both languages: "TLSv1.3, valid for 63 days".

    said: the server's own words, or "". cause, cure: where something is wrong.
    milliseconds: how long it took; None: not measured.
    change: settings that would help, such as {"port": 587, "security": "starttls"}.
    """

    name: Name
    state: State
    finding: Words
    milliseconds: int | None = None
    said: str = ""
    cause: Words | None = None
    cure: Words | None = None
    change: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """name, state, finding, milliseconds, said, cause, cure, change; words by language."""
        return asdict(self) | {"name": self.name.value, "state": self.state.value}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Step:
        words = {key: Words(**values[key]) if values[key] else None for key in ("cause", "cure")}
        return cls(
            **values
            | words
            | {
                "name": Name(values["name"]),
                "state": State(values["state"]),
                "finding": Words(**values["finding"]),
            }
        )
