from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from mailcenter import tallying
from mailcenter.delivery import accounts
from mailcenter.exceptions import ConfigurationError
from mailcenter.management import seeding

PROGRESS_SECONDS = 1


class Command(BaseCommand):
    help = (
        "Make up messages of the last 180 days, with attempts, recipients and bodies, to try and "
        "to measure the admin with; or remove exactly those. Nothing is sent."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, default=0, metavar="N", help="So many messages.")
        parser.add_argument(
            "--users", type=int, default=0, metavar="M", help="So many users, who can't log in."
        )
        parser.add_argument(
            "--seed", type=int, default=1, metavar="S", help="Another one makes other mail."
        )
        parser.add_argument(
            "--yes", action="store_true", help="Also on a site that sends real mail."
        )
        parser.add_argument(
            "--remove", action="store_true", help="Remove all that this command has ever made."
        )

    def handle(
        self, *, rows: int, users: int, seed: int, yes: bool, remove: bool, **options: Any
    ) -> None:
        if remove:
            gone = self._follow(seeding.remove(), 0)
            self._follow(tallying.count_anew(), 0)
            self.stdout.write(_("Removed: %(count)d messages and users.") % {"count": gone})
            return
        if rows < 1 or users < 0:
            raise CommandError(
                _("Say how many: --rows N, and --users M if you like."), returncode=2
            )
        if not yes and (reason := _objection()):
            raise CommandError(
                _("%(reason)s Made-up mail would stand among the real: say --yes if you mean it.")
                % {"reason": reason}
            )
        made = self._follow(seeding.seed(rows, users, seed, timezone.now()), rows)
        self._follow(tallying.count_anew(), 0)
        self.stdout.write(
            _("Made up: %(rows)d messages and %(users)d users. `seedmail --remove` removes them.")
            % {"rows": made, "users": users}
        )

    def _follow(self, batches: Iterator[int], total: int) -> int:
        """To the end. total: 0 where nobody has counted."""
        done, said = 0, time.monotonic()
        for count in batches:
            done += count
            if self.stderr.isatty() and time.monotonic() - said > PROGRESS_SECONDS:
                said = time.monotonic()
                progress = _("%(done)d of %(total)d") if total else "%(done)d"
                self.stderr.write(progress % {"done": done, "total": total})
        return done


def _objection() -> str:
    """Why this might be a site that people use; "" where it is not."""
    try:
        real = [a for a in accounts.configured().values() if a.preset.slug != "practice"]
    except ConfigurationError as error:
        return str(error)
    if real:
        return _("The account %(account)s sends real mail.") % {"account": real[0].address}
    return "" if settings.DEBUG else _("DEBUG is off, as on a site that people use.")
