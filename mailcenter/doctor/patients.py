"""Whom the command examines: every account that is in use, also one that can't work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from django.utils.translation import override

from mailcenter import conf
from mailcenter.delivery.accounts import ENVIRONMENT_ROWS, from_row, trouble_of
from mailcenter.doctor.wording import both
from mailcenter.exceptions import MailcenterError
from mailcenter.models import Account
from mailcenter.replies.entry import Words
from mailcenter.transports import SendingAccount
from mailcenter.transports.account import each_environment_account

NO_TROUBLE = Words(zh="", en="")


@dataclass(frozen=True)
class Patient:
    """account: None where the settings give none; trouble says why."""

    slug: str
    address: str
    account: SendingAccount | None = None
    trouble: Words = NO_TROUBLE


def of_the_environment() -> Iterator[Patient]:
    with override("zh-hans"):
        chinese = list(each_environment_account())
    with override("en"):
        english = list(each_environment_account())
    given = [conf.get("ACCOUNT"), *conf.get("MORE_ACCOUNTS")]
    for number, (zh, en) in enumerate(zip(chinese, english, strict=True), 1):
        if isinstance(en, SendingAccount):
            yield Patient(en.slug, en.address, en)
        else:
            values = given[number - 1]
            own = values.get("NUMBER") or number
            slug = Account.ENVIRONMENT if number == 1 else f"{Account.ENVIRONMENT}-{own}"
            address = str(values.get("ADDRESS") or "")
            yield Patient(slug, address, trouble=Words(zh=str(zh), en=str(en)))


def of_the_admin() -> Iterator[Patient]:
    """Raises django.db.Error."""
    rows = Account.objects.filter(enabled=True).exclude(ENVIRONMENT_ROWS)
    for row in rows.order_by("order", "slug"):
        try:
            yield Patient(row.slug, row.address, from_row(row))
        except MailcenterError:
            yield Patient(row.slug, row.address, trouble=both(partial(trouble_of, row)))
