"""The doctor's page: it leaves step by step, while the doctor is still looking."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailcenter.admin import display
from mailcenter.doctor import Step
from mailcenter.doctor.step import Name, State
from mailcenter.models import Account, Checkup
from mailcenter.transports.variables import TLS_OF_PORT

# Where the template leaves room for the steps, and then for the result. Values are escaped, so
# that none of them can look like it.
ROOM = "<!-- doctor -->"
# State -> the status that looks like it.
LOOKS = {
    State.OK: "accepted",
    State.WARNING: "uncertain",
    State.FAILED: "failed",
    State.SKIPPED: "cancelled",
}


@dataclass(frozen=True)
class Shown:
    step: Step
    chip: SafeString


def shown(step: Step) -> Shown:
    return Shown(step, display.chip(LOOKS[step.state], step.state.label))


def stream(
    frame: str, steps: Iterator[Step], conclude: Callable[[list[Step]], str]
) -> Iterator[str]:
    """The page in pieces: its head, each step once it is known, the result.

    frame: the page with ROOM twice. conclude: keeps the steps and returns the result as HTML.
    """
    # The rest runs after the view has returned, maybe in another language.
    language = translation.get_language()
    head, between, tail = frame.split(ROOM)

    def pieces() -> Iterator[str]:
        found = []
        try:
            yield head
            for step in steps:
                found.append(step)
                with translation.override(language):
                    row = render_to_string(
                        "admin/mailcenter/account/step.html", {"shown": shown(step)}
                    )
                yield row
        finally:
            # Whoever leaves the page ends the conversation with the server too.
            if isinstance(steps, Generator):
                steps.close()
        with translation.override(language):
            result = conclude(found)
        yield between + result + tail

    return pieces()


def result(checkup: Checkup, *, may_choose: bool) -> dict[str, Any]:
    """What the page says below the steps.

    may_choose: whether the reader may set the port in the account's row.
    """
    port = offered_port([Step.from_json(values) for values in checkup.steps])
    row = checkup.account
    return {
        "checkup": checkup,
        "verdict": verdict(checkup),
        "port_to_choose": port if row is None else None,
        "port_to_use": port if may_choose and row and not _uses(row, port) else None,
    }


def verdict(checkup: Checkup) -> SafeString:
    failed = sum(values["state"] == State.FAILED for values in checkup.steps)
    if checkup.ok:
        return display.chip("accepted", _("passed"))
    words = ngettext("%(count)d step failed", "%(count)d steps failed", failed)
    return display.chip("failed", words % {"count": failed})


def offered_port(steps: list[Step]) -> int | None:
    """The port that the doctor found to work in place of the other, if there is one."""
    for step in steps:
        for port, security in TLS_OF_PORT.items():
            # What is only unusual in the settings may work all the same.
            if step.name == Name.OTHER_PORT and step.change == {"port": port, "security": security}:
                return port
    return None


def _uses(row: Account, port: int | None) -> bool:
    return port is not None and (row.port, row.security) == (port, TLS_OF_PORT[port])
