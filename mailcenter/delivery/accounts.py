"""Which accounts may send: those of the environment, then those that operators have added."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import sealing
from mailcenter.delivery.grant import Grant
from mailcenter.exceptions import ConfigurationError, MailcenterError
from mailcenter.models import Account
from mailcenter.transports import PRESETS, Limits, Preset, SendingAccount
from mailcenter.transports.account import Overrides, environment_accounts
from mailcenter.transports.variables import SECURITY_WORDS

logger = logging.getLogger(__name__)

ENVIRONMENT_ROWS = Q(slug=Account.ENVIRONMENT) | Q(slug__startswith=f"{Account.ENVIRONMENT}-")
HAVE_SECRETS = Q(sealed_secret__isnull=False) | Q(sealed_oauth__isnull=False)

# Named in the log already, by this process.
_left_out: set[str] = set()


def configured() -> dict[str, SendingAccount]:
    """By slug and in order: who comes first takes over what another one can't send.

    Raises ConfigurationError where an account of the environment can't work. A row that can't
    be used is left out, and the log says so once.
    """
    accounts = {account.slug: account for account in environment_accounts()}
    rows = Account.objects.filter(HAVE_SECRETS, enabled=True)
    for row in rows.exclude(ENVIRONMENT_ROWS).order_by("order", "slug"):
        try:
            accounts[row.slug] = from_row(row)
            _left_out.discard(row.slug)
        except MailcenterError as error:
            if row.slug not in _left_out:
                _left_out.add(row.slug)
                logger.error("The account %s is left out: %s", row.slug, error)
    return accounts


@sensitive_variables()
def from_row(row: Account, *, access_token: str = "") -> SendingAccount:
    """access_token: in place of the stored one of a row with OAuth2.

    Raises CannotUnseal, or ConfigurationError where the row says too little.
    """
    preset, overrides = preset_of(row), _overrides(row)
    if preset is None:
        raise ConfigurationError(_("There is no provider %(slug)s.") % {"slug": f"“{row.preset}”"})
    server = overrides.server(preset)
    oauth = bool(row.sealed_oauth)
    if not (server["host"] and (oauth or row.sealed_secret)):
        raise ConfigurationError(_("It has no server or no authorization code."))
    if oauth:
        if not preset.token_url:
            raise ConfigurationError(_("This provider is not used with OAuth2 here."))
        password = access_token or _access_token(row)
        if not (server["imap_host"] or overrides.another_server(preset)):
            server["imap_host"] = preset.oauth_imap_host
    else:
        password = sealing.unseal(bytes(row.sealed_secret or b"")).decode()
    return SendingAccount(
        preset=preset,
        address=row.address,
        username=row.username or row.address,
        password=password,
        from_name=row.from_name,
        ca_file=row.ca_file,
        slug=row.slug,
        kinds=tuple(row.kinds),
        limits=overrides.limits(preset),
        oauth=oauth,
        # Who types a host must not reach what only this machine can. The practice server, which
        # no form offers, is on loopback.
        public_only=bool(row.host or row.imap_host) and preset.slug != "practice",
        **server,
    )


def trouble_of(row: Account) -> str:
    """Why it can't send, in the active language; "" where it can."""
    try:
        from_row(row)
    except MailcenterError as error:
        return str(error)
    return ""


@sensitive_variables()
def _access_token(row: Account) -> str:
    """Raises CannotUnseal, or ConfigurationError while there is none that holds."""
    Grant.of(row)
    expires = row.access_token_expires_at
    if row.sealed_access_token is None or expires is None or expires <= timezone.now():
        if not row.enabled:
            raise ConfigurationError(_("It has no access token: it gets one once it is in use."))
        # Where the provider refuses to give one, the pause says why.
        raise ConfigurationError(
            row.pause_reason or _("It has no valid access token yet: the worker asks for one.")
        )
    return sealing.unseal(bytes(row.sealed_access_token)).decode()


def limits_of(row: Account) -> Limits:
    """Its own, and the provider's where it has none."""
    preset = preset_of(row)
    return _overrides(row).limits(preset) if preset else Limits()


def preset_of(row: Account) -> Preset | None:
    return PRESETS.get(row.preset)


@sensitive_variables()
def keep_rows(accounts: Mapping[str, SendingAccount]) -> None:
    """Bring the rows of the environment's accounts up to date.

    A new secret ends the pause of any account.
    """
    # Workers ask for this time and again, and each commit wakes them: nothing is written that
    # stands there already.
    rows = Account.objects.in_bulk()
    environment = [account for account in accounts.values() if is_environment(account.slug)]
    for order, account in enumerate(environment):
        columns = _columns(account, order)
        row = rows.get(account.slug)
        if row is None or any(getattr(row, name) != value for name, value in columns.items()):
            Account.objects.update_or_create(slug=account.slug, defaults=columns)
    gone = [s for s, row in rows.items() if row.enabled and is_environment(s) and s not in accounts]
    if gone:
        Account.objects.filter(slug__in=gone).update(enabled=False)
    for slug, account in accounts.items():
        paused = slug in rows and rows[slug].paused_until is not None
        if paused and (digest := secret_digest(account)):
            Account.objects.filter(slug=slug).exclude(paused_secret_digest=digest).resume()


@sensitive_variables()
def secret_digest(account: SendingAccount) -> str:
    """Of what an operator would change where it is refused: not of an access token, which is
    another one each hour, but of what it is got with.

    "" where nobody knows any more which one that was.
    """
    if not account.oauth:
        return sealing.digest(account.password)
    row = Account.objects.filter(slug=account.slug).first()
    try:
        # Of another access token, the refresh token may have been another one too.
        known = row is not None and _access_token(row) == account.password
        return Grant.of(row).digest if row and known else ""
    except MailcenterError:
        return ""


def is_environment(slug: str) -> bool:
    return slug == Account.ENVIRONMENT or slug.startswith(f"{Account.ENVIRONMENT}-")


def _columns(account: SendingAccount, order: int) -> dict[str, object]:
    """All but the secret, which the environment alone keeps."""
    return {
        "order": order,
        "enabled": True,
        "preset": account.preset.slug,
        "address": account.address,
        "from_name": account.from_name,
        "kinds": list(account.kinds),
        "per_minute": account.limits.per_minute,
        "per_day": account.limits.per_day,
        "spacing_seconds": account.limits.spacing_seconds,
    }


def _overrides(row: Account) -> Overrides:
    return Overrides(
        host=row.host,
        port=row.port,
        security=SECURITY_WORDS.get(row.security),
        imap_host=row.imap_host,
        imap_port=row.imap_port,
        per_minute=row.per_minute,
        per_day=row.per_day,
        spacing_seconds=row.spacing_seconds,
    )
