"""The result of an examination becomes a row."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.base_user import AbstractBaseUser

from mailcenter.doctor.step import State, Step
from mailcenter.models import Account, Checkup
from mailcenter.transports import SendingAccount

# So many stay, of each account and of settings that nobody saved.
KEPT = 20


def passed(steps: Sequence[Step]) -> bool:
    """Whether nothing failed; a warning is no failure."""
    return all(step.state != State.FAILED for step in steps)


def keep(
    account_slug: str | None,
    account: SendingAccount,
    steps: Sequence[Step],
    user: AbstractBaseUser | None = None,
) -> Checkup:
    """account_slug: the key of the account's row; None: settings that nobody has saved.

    The newest ones stay, older ones go. Raises django.db.Error.
    """
    # The row may not be there yet, or be gone by now.
    row = Account.objects.filter(pk=account_slug).first() if account_slug else None
    server = account.esp_backend or f"{account.host}:{account.port}"
    checkup = Checkup.objects.create(
        account=row,
        subject=f"{account.address}, {server}",
        ok=passed(steps),
        steps=[step.as_json() for step in steps],
        user_id=user.pk if user else None,
        user_name=user.get_username() if user else "",
    )
    kept = Checkup.objects.filter(account=row).values_list("pk", flat=True)[:KEPT]
    Checkup.objects.filter(account=row).exclude(pk__in=list(kept)).delete()
    return checkup
