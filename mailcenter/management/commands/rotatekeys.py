from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from mailcenter import sealing
from mailcenter.models import Account, Content

PROGRESS_EVERY = 1000
# Of an account: all that is sealed.
COLUMNS = ("sealed_secret", "sealed_next_secret", "sealed_oauth", "sealed_access_token")


class Command(BaseCommand):
    help = (
        "Seal bodies, codes and tokens of accounts, and sessions again under the newest key; then "
        "the older keys can go. Exits with 1 where something could not be opened by any key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Change nothing; only count.")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        self.lost = 0
        counts = {
            "bodies": self._rotate(Content.objects.order_by("pk"), "sealed", dry_run),
            "codes": sum(
                self._rotate(Account.objects.order_by("pk"), column, dry_run) for column in COLUMNS
            ),
            "sessions": self._rotate_sessions(dry_run),
        }
        if dry_run:
            said = _(
                "%(bodies)d bodies, %(codes)d codes and tokens of accounts and %(sessions)d "
                "sessions would be sealed again."
            )
        else:
            said = _(
                "%(bodies)d bodies, %(codes)d codes and tokens of accounts and %(sessions)d "
                "sessions are under the newest key."
            )
        self.stdout.write(said % counts)
        if self.lost:
            raise CommandError(
                _("%(count)d could not be opened by any key and were left as they are.")
                % {"count": self.lost}
            )

    def _rotate(self, rows: QuerySet[Any], column: str, dry_run: bool) -> int:
        sealed = rows.filter(**{f"{column}__isnull": False})
        rotated = 0
        for pk, old in sealed.values_list("pk", column).iterator(chunk_size=100):
            try:
                new = sealing.rotate(bytes(old or b""))
            except sealing.CannotUnseal:
                self.lost += 1
                continue
            # Only if nobody has erased it since: what is gone must stay gone.
            if dry_run or rows.filter(**{"pk": pk, column: old}).update(**{column: new}):
                rotated += 1
            if rotated % PROGRESS_EVERY == 0:
                self.stderr.write(str(rotated))
        return rotated

    def _rotate_sessions(self, dry_run: bool) -> int:
        store = import_module(settings.SESSION_ENGINE).SessionStore()
        if not isinstance(store, SessionStore):
            # Kept in a cache or in files: they end by themselves, and their visitors log in again.
            return 0
        rotated = 0
        alive = store.model.objects.filter(expire_date__gt=timezone.now())
        for key, old in alive.values_list("session_key", "session_data").iterator():
            payload = store.decode(old)
            if not payload:
                self.lost += 1
                continue
            same = store.model.objects.filter(session_key=key, session_data=old)
            if dry_run or same.update(session_data=store.encode(payload)):
                rotated += 1
        return rotated
