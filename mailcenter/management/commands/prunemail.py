from __future__ import annotations

import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailcenter import pruning
from mailcenter.models import Message
from mailcenter.models.message import FINAL

PROGRESS_SECONDS = 1


class Command(BaseCommand):
    help = (
        "Let go of old mail: of the bytes that were sent, or of whole messages with their "
        "attempts. Mail that is waiting, being sent or uncertain is never touched. Exits with 2 "
        "where nothing was asked for."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--bodies-older-than",
            type=_days,
            metavar="DAYS",
            help="Erase the bytes of mail that was finished so long ago; its row stays.",
        )
        parser.add_argument(
            "--older-than",
            type=_days,
            metavar="DAYS",
            help="Delete messages that were finished so long ago, with their attempts.",
        )
        parser.add_argument(
            "--status",
            nargs="+",
            choices=sorted(map(str, FINAL)),
            default=sorted(map(str, FINAL)),
            help="Only mail with one of these.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Change nothing; only count.")
        parser.add_argument(
            "--batch", type=_rows, default=1000, metavar="ROWS", help="To a transaction, at most."
        )

    def handle(
        self,
        *,
        bodies_older_than: int | None,
        older_than: int | None,
        status: list[str],
        dry_run: bool,
        batch: int,
        **options: Any,
    ) -> None:
        if bodies_older_than is None and older_than is None:
            raise CommandError(
                _("Say what may go: --bodies-older-than DAYS, --older-than DAYS, or both."),
                returncode=2,
            )
        now = timezone.now()
        if bodies_older_than is not None:
            before = now - timedelta(days=bodies_older_than)
            counts = pruning.by_status(pruning.with_body(pruning.old(before, status)))
            if dry_run:
                self._list(_would_be_erased(sum(counts.values())), counts)
            else:
                gone = self._follow(pruning.erase_bodies(before, status, batch), counts)
                self.stdout.write(_are_erased(gone))
        if older_than is not None:
            before = now - timedelta(days=older_than)
            counts = pruning.by_status(pruning.old(before, status))
            if dry_run:
                self._list(_would_be_deleted(sum(counts.values())), counts)
            else:
                gone = self._follow(pruning.delete(before, status, batch), counts)
                self.stdout.write(_are_deleted(gone))

    def _list(self, sentence: str, counts: dict[str, int]) -> None:
        self.stdout.write(sentence)
        for status, count in counts.items():
            self.stdout.write(f"{count:>9} {Message.Status(status).label}")

    def _follow(self, batches: Iterator[int], counts: dict[str, int]) -> int:
        """To the end, which may be a little more or less than was counted."""
        total, gone, said = sum(counts.values()), 0, time.monotonic()
        for batch in batches:
            gone += batch
            # A timer's log needs the end alone.
            if self.stderr.isatty() and time.monotonic() - said > PROGRESS_SECONDS:
                said = time.monotonic()
                self.stderr.write(_("%(done)d of %(total)d") % {"done": gone, "total": total})
        return gone


def _would_be_erased(count: int) -> str:
    said = ngettext("%(count)d body would be erased.", "%(count)d bodies would be erased.", count)
    return said % {"count": count}


def _are_erased(count: int) -> str:
    said = ngettext("%(count)d body is erased.", "%(count)d bodies are erased.", count)
    return said % {"count": count}


def _would_be_deleted(count: int) -> str:
    said = ngettext(
        "%(count)d message would be deleted.", "%(count)d messages would be deleted.", count
    )
    return said % {"count": count}


def _are_deleted(count: int) -> str:
    said = ngettext("%(count)d message is deleted.", "%(count)d messages are deleted.", count)
    return said % {"count": count}


def _days(given: str) -> int:
    """At least one: nobody has looked yet at what has just been finished."""
    return _at_least_one(given, _("Give a number of days, 1 or more."))


def _rows(given: str) -> int:
    return _at_least_one(given, _("Give a number of rows, 1 or more."))


def _at_least_one(given: str, sentence: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        raise ArgumentTypeError(sentence)
    return int(given)
