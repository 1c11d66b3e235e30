"""Which pages are asked for, with what stands in this site's rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from benchmarks.admin.fill import SPARE
from mailcenter.models import Account, Attempt, Message, Recipient, TemplateVersion

DAYS = {"past 7 days": 7, "past 90 days": 90}
# Even of the smaller site's rows the rare ones fill a page: else one would compare the number of
# lines.
STATUSES = {"common": "sent", "rare": "bounced", "none": "delivered"}
KINDS = {"common": "email_verification", "rare": "system", "none": "nothing"}
VERDICTS = {"common": "rate-limited", "rare": "content-rejected", "none": "tls"}
OUTCOMES = {"common": "accepted", "rare": "rejected", "none": "open"}
CODES = {"common": "250", "rare": "552"}
NOBODY = "nobody@nowhere.test"
# Beyond the last page ours shows that one.
BEYOND = "99999"
THEIR_ROWS_PER_PAGE = 100
# Found among the newest mails, by either side: what it takes is to draw a page of rows.
FILL_A_PAGE = {"beginning of many recipients", "a word of the subject", "word and day"}


@dataclass(frozen=True)
class Page:
    """theirs: the page of django-post_office that shows the same; "" where it has none.

    searches_through: theirs has to look at all rows.
    """

    name: str
    address: str
    theirs: str = ""
    searches_through: bool = False


def pages() -> Iterator[Page]:
    dashboard = reverse("mailcenter_dashboard")
    yield Page("dashboard", dashboard)
    yield Page("dashboard: 7 days", f"{dashboard}?days=7")
    yield Page("dashboard: what is refreshed", f"{dashboard}?_live=1")
    yield from _lists()
    yield from _filters("message", "created_at", _message_filters())
    yield from _searches()
    yield from _messages()
    yield from _filters("attempt", "started_at", _attempt_filters())
    yield from _others()


def _lists() -> Iterator[Page]:
    yield Page("messages", ours("message"), theirs("email"))
    yield Page("messages: the rows alone, as they are refreshed", ours("message", _live="1"))
    yield Page("messages: oldest first", ours("message", o="6"), theirs("email", o="5"))
    yield Page("messages: the last page", ours("message", p=BEYOND), _their_last("email"))
    yield Page("messages: from the middle on", ours("message", created_at__lt=_middle()))
    yield Page("attempts", ours("attempt"), theirs("log"))
    yield Page("attempts: the last page", ours("attempt", p=BEYOND), _their_last("log"))
    yield Page("attempts: from the middle on", ours("attempt", started_at__lt=_middle()))
    yield Page("attempts: words of a reply", ours("attempt", q="Mailbox not found"))
    yield Page("attempts: words that no reply has", ours("attempt", q="nowhere"))


def _filters(name: str, moment: str, filters: dict[str, dict[str, str]]) -> Iterator[Page]:
    for label, query in filters.items():
        other = ""
        if query == {"status__exact": "sent"}:
            other = theirs("email", status__exact="0")
        yield Page(f"{name}s: {label}", ours(name, **query), other)
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    for label, days in DAYS.items():
        since = {f"{moment}__gte": str(today - timedelta(days=days))}
        yield Page(f"{name}s: {label}", ours(name, **since))


def _message_filters() -> dict[str, dict[str, str]]:
    return {
        **_each("status", "status__exact", STATUSES),
        **_each("kind", "kind", KINDS),
        **_each("meaning", "last_verdict__exact", VERDICTS),
        **_each("account", "account__slug__exact", {"common": Account.ENVIRONMENT, "rare": SPARE}),
        "status and kind": {"status__exact": "failed", "kind": KINDS["common"]},
        "status and meaning, none": {"status__exact": "sent", "last_verdict__exact": "auth"},
        "all four": {
            "status__exact": "failed",
            "kind": "system",
            "last_verdict__exact": "auth",
            "account__slug__exact": SPARE,
        },
    }


def _attempt_filters() -> dict[str, dict[str, str]]:
    return {
        **_each("outcome", "outcome__exact", OUTCOMES),
        **_each("code", "reply_code", CODES),
        **_each("meaning", "verdict__exact", VERDICTS),
        "outcome and code": {"outcome__exact": "rejected", "reply_code": "550"},
        "outcome and meaning, none": {"outcome__exact": "accepted", "verdict__exact": "auth"},
    }


def _each(title: str, parameter: str, values: dict[str, str]) -> dict[str, dict[str, str]]:
    return {f"{title}, {how}": {parameter: value} for how, value in values.items()}


def _searches() -> Iterator[Page]:
    """Theirs look through recipients and subjects."""
    message = _message_of_the_middle()
    address = Recipient.objects.filter(message=message)[0].address
    begins, message_id = address.partition("@")[0], message.message_id
    day = message.created_at.date().isoformat()
    for label, words, others in (
        ("recipient", f"to:{address}", address),
        ("beginning of a recipient", f"to:{begins}", begins),
        ("beginning of many recipients", "to:guest-seed", "guest-seed"),
        ("an address alone", address, address),
        ("no such recipient", f"to:{NOBODY}", NOBODY),
        ("no such address", NOBODY, NOBODY),
        ("Message-ID", f"msgid:{message_id}", message_id),
        ("Message-ID alone", message_id.strip("<>"), message_id),
        ("no such Message-ID", f"msgid:{NOBODY}", NOBODY),
        ("a word of the subject", "订单", "订单"),
        ("a word of no subject", "nowhere", "nowhere"),
        ("uuid", str(message.uuid), ""),
        ("status", "status:failed", ""),
        ("code", "code:550", ""),
        ("kind", "kind:system", ""),
        ("day", f"before:{day}", ""),
        ("recipient and status", f"to:{address} status:sent", address),
        (
            "status, code, kind and day",
            f"status:failed code:550 kind:{KINDS['common']} before:{day}",
            "",
        ),
        ("word and day", f"订单 before:{day}", "订单"),
    ):
        other = theirs("email", q=others) if others else ""
        through = bool(other) and label not in FILL_A_PAGE
        yield Page(f"search: {label}", ours("message", q=words), other, searches_through=through)


def _messages() -> Iterator[Page]:
    found = Message.objects.order_by("-created_at")
    middle = _message_of_the_middle()
    other = f"{their_list}{middle.pk}/change/" if (their_list := theirs("email")) else ""
    written = found.filter(template_version=TemplateVersion.objects.last())
    yield Page("message: the newest", _change(found[0]))
    yield Page("message: of the middle", _change(middle), other)
    yield Page("message: the oldest", _change(found.reverse()[0]))
    yield Page("message: from a published template", _change(written[0]))
    for status in ("queued", "failed", "uncertain"):
        one = found.filter(status=status)[0]
        yield Page(f"message: {status}, within its filter", _change(one, status__exact=status))
    yield Page("message: within an empty filter", _change(middle, status__exact="delivered"))
    yield Page("message: within two filters", _change(middle, status__exact="sent", kind="system"))
    address = Recipient.objects.filter(message=middle)[0].address
    yield Page("message: within a search", _change(middle, q=f"to:{address}"))


def _others() -> Iterator[Page]:
    users = get_user_model()._default_manager
    middle = _message_of_the_middle()
    attempt = Attempt.objects.filter(message=middle)[0]
    yield Page("attempt", reverse("admin:mailcenter_attempt_change", args=[attempt.pk]))
    for label, pk in (("user", middle.user_id), ("user without mail", users.latest("pk").pk)):
        yield Page(label, reverse("admin:mailcenter_message_user", args=[pk]))
    yield Page("accounts", ours("account"))
    for label, slug in (("common", Account.ENVIRONMENT), ("rare", SPARE)):
        yield Page(f"account, {label}", reverse("admin:mailcenter_account_change", args=[slug]))
    yield Page("phrasebook", reverse("admin:mailcenter_attempt_phrasebook"))
    template = TemplateVersion.objects.latest("pk").template_id
    yield Page("templates", ours("template"))
    yield Page("template", reverse("admin:mailcenter_template_change", args=[template]))


def ours(name: str, **query: str) -> str:
    return reverse(f"admin:mailcenter_{name}_changelist", query=query or None)


def theirs(name: str, **query: str) -> str:
    """ "" where it is not installed."""
    if not apps.is_installed("post_office"):
        return ""
    return reverse(f"admin:post_office_{name}_changelist", query=query or None)


def _their_last(name: str) -> str:
    if not apps.is_installed("post_office"):
        return ""
    rows = apps.get_model("post_office", name)._default_manager.count()
    return theirs(name, p=str(-(-rows // THEIR_ROWS_PER_PAGE)))


def _change(message: Message, **filters: str) -> str:
    address = reverse("admin:mailcenter_message_change", args=[message.pk])
    kept = urlencode({"_changelist_filters": urlencode(filters)})
    return f"{address}?{kept}" if filters else address


def _middle() -> str:
    ends: Any = Message.objects.order_by("created_at").values_list("created_at", flat=True)
    return (ends[0] + (ends.reverse()[0] - ends[0]) / 2).isoformat()


def _message_of_the_middle() -> Message:
    """Of a user, whose other mails are as many on either site."""
    sent = Message.objects.filter(status="sent", kind="other", user__isnull=False)
    return sent.filter(created_at__lt=_middle()).order_by("-created_at")[0]
