"""Access tokens are renewed before they expire: once, however many workers there are.

Who is going to ask writes that down first, under a lock of the row; then nobody else asks for a
minute. No transaction is open while the provider is asked.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.db import Error as DatabaseError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import sealing
from mailcenter.delivery.accounts import ENVIRONMENT_ROWS, preset_of
from mailcenter.delivery.grant import Grant
from mailcenter.exceptions import ConfigurationError, MailcenterError
from mailcenter.models import Account, AccountEvent
from mailcenter.transports.oauth import Token, TokenRefused, TokenUnavailable, renew

logger = logging.getLogger(__name__)

# So long before a token expires is the next one asked for.
EARLY = timedelta(minutes=10)
# Nobody asks more often for the same account; a single request is over by then.
AT_MOST_EVERY = timedelta(minutes=1)
TIMEOUT_SECONDS = 15
# What the provider refuses, it refuses until somebody changes something.
REFUSED_FOR = timedelta(minutes=15)


def renew_due() -> bool:
    """Renew what is missing or expires soon; whether there is any new token.

    Trouble with one account keeps no other waiting. Raises django.db.Error.
    """
    renewed = False
    rows = Account.objects.filter(enabled=True, sealed_oauth__isnull=False)
    for row in rows.exclude(ENVIRONMENT_ROWS):
        try:
            renewed = _renew(row) or renewed
        except DatabaseError:
            raise
        except Exception as error:
            # A stranger's exception may quote anything, and a traceback shows what it quotes.
            logger.error("The token of account %s: %s.", row, type(error).__name__)
    return renewed


@sensitive_variables()
def fetch(row: Account) -> str:
    """A fresh access token for settings that nobody has saved yet; nothing is stored.

    Not for a saved row: its refresh token may be good for one use only, and its access token is
    kept by ``renew_due``.

    Raises TokenRefused, TokenUnavailable, CannotUnseal or ConfigurationError.
    """
    return _ask(row, Grant.of(row)).access_token


@sensitive_variables()
def _ask(row: Account, grant: Grant) -> Token:
    preset = preset_of(row)
    if preset is None or not preset.token_url:
        raise ConfigurationError(_("This provider is not used with OAuth2 here."))
    return renew(
        preset,
        row.oauth_client_id,
        grant.client_secret,
        grant.refresh_token,
        timeout=TIMEOUT_SECONDS,
    )


@sensitive_variables()
def _renew(row: Account) -> bool:
    now = timezone.now()
    # Looked at before the lock is asked for: an idle worker must not hold SQLite's only one.
    claimed = _claim(row, now) if _due(row, now) else None
    if claimed is None:
        return False
    row, grant = claimed
    try:
        token = _ask(row, grant)
    except (TokenRefused, TokenUnavailable) as error:
        _fail(row, grant, error)
        return False
    return _keep(row, grant, token, now + timedelta(seconds=token.expires_in))


@sensitive_variables()
def _due(row: Account, now: datetime) -> Grant | None:
    """What to ask with; None where there is no need to, or where it is too early to ask again."""
    preset = preset_of(row)
    paused_at = row.paused_at if row.paused_until and row.paused_until > now else None
    expires = row.access_token_expires_at
    soon = row.sealed_access_token is None or expires is None or expires - now <= EARLY
    if preset is None or not preset.token_url or not (soon or paused_at):
        return None
    try:
        grant = Grant.of(row)
    except MailcenterError:
        # accounts.configured() says so.
        return None
    asked = datetime.fromtimestamp(grant.asked_at, UTC)
    # What lies further in the future was written before the clock was set back; no more than a
    # minute: another worker looked at the clock, and came to the lock, a moment sooner.
    if asked - AT_MOST_EVERY < now < asked + (AT_MOST_EVERY if soon else EARLY):
        return None
    # Whatever paused the account: a log-in that was refused may mean that the token has died
    # before its time. Another one is fetched once, and then none before the pause is over.
    if paused_at and asked >= paused_at:
        return None
    return grant


@sensitive_variables()
def _claim(row: Account, now: datetime) -> tuple[Account, Grant] | None:
    """The row as it is by now. None: another worker asks, or nobody has to any more."""
    with transaction.atomic():
        locked = Account.objects.select_for_update().filter(pk=row.pk).first()
        grant = _due(locked, now) if locked else None
        if locked is None or grant is None:
            return None
        locked.sealed_oauth = replace(grant, asked_at=now.timestamp()).sealed()
        locked.save(update_fields=["sealed_oauth"])
    return locked, grant


@sensitive_variables()
def _keep(row: Account, used: Grant, token: Token, expires: datetime) -> bool:
    with transaction.atomic():
        locked = _still(row, used)
        if locked is None:
            return False
        # A provider may take a refresh token only once.
        kept = replace(
            Grant.of(locked), refresh_token=token.refresh_token or used.refresh_token, trouble=""
        )
        if locked.paused_secret_digest == used.digest:
            # A refresh token that the provider exchanged is no new secret of an operator's.
            locked.paused_secret_digest = kept.digest
        locked.sealed_oauth = kept.sealed()
        locked.sealed_access_token = sealing.seal(token.access_token.encode())
        locked.access_token_expires_at = expires
        locked.save(
            update_fields=[
                "sealed_oauth",
                "sealed_access_token",
                "access_token_expires_at",
                "paused_secret_digest",
            ]
        )
    logger.info("Account %s has a new access token until %s.", row, expires)
    return True


@sensitive_variables()
def _fail(row: Account, used: Grant, error: TokenRefused | TokenUnavailable) -> None:
    trouble = error.code if isinstance(error, TokenRefused) else type(error).__name__
    with transaction.atomic():
        locked = _still(row, used)
        if locked is None:
            return
        until = None
        expires = locked.access_token_expires_at
        if isinstance(error, TokenRefused):
            # The one that is left has its end near, or was refused itself.
            locked.sealed_access_token = locked.access_token_expires_at = None
            until = timezone.now() + REFUSED_FOR
        elif locked.sealed_access_token is None or expires is None or expires <= timezone.now():
            until = timezone.now() + AT_MOST_EVERY
        if until:
            Account.objects.hold(row.pk, until=until, reason=str(error), secret_digest=used.digest)
        if trouble != Grant.of(locked).trouble:
            kind = AccountEvent.Kind.TOKEN_REFUSED
            Account.objects.note(row.pk, kind, reason=str(error))
        # After the pause has begun, which thereby lets nobody ask before it is over.
        asked_at = timezone.now().timestamp()
        locked.sealed_oauth = replace(used, asked_at=asked_at, trouble=trouble).sealed()
        locked.save(
            update_fields=["sealed_oauth", "sealed_access_token", "access_token_expires_at"]
        )
    logger.error("Account %s has no new access token: %s", row, error)


def _still(row: Account, used: Grant) -> Account | None:
    """The row, locked; None where an operator has stored something else meanwhile."""
    locked = Account.objects.select_for_update().filter(pk=row.pk).first()
    if locked is None or locked.oauth_client_id != row.oauth_client_id or not locked.sealed_oauth:
        return None
    return locked if Grant.of(locked).same_as(used) else None
