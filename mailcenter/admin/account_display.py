"""What the list and the page say of one account."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mailcenter import kinds
from mailcenter.admin import display
from mailcenter.admin.account_history import History
from mailcenter.delivery.accounts import is_environment, limits_of, preset_of, trouble_of
from mailcenter.delivery.budget import sent_last_minute, sent_today
from mailcenter.models import Account
from mailcenter.transports import Limits


def provider(account: Account) -> Any:
    preset = preset_of(account)
    return preset.label if preset else account.preset


def state(account: Account) -> SafeString:
    if not account.enabled:
        return display.chip("cancelled", _("not in use"))
    if account.is_paused and account.paused_until:
        until = _("paused until %(time)s") % {"time": display.moment(account.paused_until)}
        return display.chip("paused", until)
    return display.chip("accepted", _("open"))


def kind_names(account: Account) -> str:
    """Which mail of other accounts it takes over."""
    names = [str(kinds.get(slug).label) for slug in account.kinds]
    return ", ".join(names) or _("all")


def budget(account: Account) -> str:
    """What the day's limit leaves; the providers' day is China's."""
    return _left(sent_today(account, timezone.now()), limits_of(account).per_day)


def budget_minute(account: Account) -> str:
    """What the limit leaves of the last sixty seconds."""
    used = len(sent_last_minute(account, timezone.now()))
    return _left(used, limits_of(account).per_minute)


def page(account: Account) -> dict[str, Any]:
    """For the template of its page."""
    limits = limits_of(account)
    return {
        "chip": state(account),
        "provider": provider(account),
        "kind_names": kind_names(account),
        "budget": budget(account),
        "budget_minute": budget_minute(account),
        "limits": _limits(limits),
        "of_environment": is_environment(account.pk),
        "obstacle": _obstacle(account),
        "history": History(account),
    }


def _left(used: int, limit: int) -> str:
    if not limit:
        return _("%(used)d, no limit") % {"used": used}
    left = max(0, limit - used)
    return _("%(used)d of %(limit)d, %(left)d left") % {"used": used, "limit": limit, "left": left}


def _limits(limits: Limits) -> list[tuple[str, Any]]:
    rows = [
        (_("mails a minute"), limits.per_minute),
        (_("mails a day"), limits.per_day),
        (_("seconds between two mails"), limits.spacing_seconds),
    ]
    return [(name, number_format(value) if value else _("no limit")) for name, value in rows]


def _obstacle(account: Account) -> str:
    """Why it is left out although it is in use."""
    if is_environment(account.pk) or not account.enabled:
        return ""
    return trouble_of(account)
