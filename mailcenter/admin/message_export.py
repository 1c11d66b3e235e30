"""What the list shows as a file, written while it is read: CSV for people, JSON Lines for programs.

The names are those of the columns, in every language. Bodies and sealed bytes are not among them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mailcenter.admin.message_list import filtered
from mailcenter.admin.record import operator
from mailcenter.models import Message, Recipient

if TYPE_CHECKING:
    from mailcenter.admin.messages import MessageAdmin

COLUMNS = (
    "uuid",
    "kind",
    "status",
    "subject",
    "from_email",
    "message_id",
    "language",
    "user",
    "template_version",
    "account",
    "priority",
    "created_at",
    "next_attempt_at",
    "expires_at",
    "attempt_count",
    "sent_at",
    "size_bytes",
    "last_reply_code",
    "last_verdict",
    "supersedes",
)
OF_A_RECIPIENT = ("role", "address", "status", "reply_code", "reply_text")
# Rows in memory at a time.
CHUNK = 1000
# A spreadsheet takes what begins so for a formula, the wide forms of Chinese keyboards too.
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "\0")
# Without it Excel reads UTF-8 as the encoding of its country.
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


@require_POST
def export_view(request: HttpRequest, *, model_admin: MessageAdmin) -> HttpResponseBase:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    if not model_admin.may(request, "export_message"):
        raise PermissionDenied
    listed = filtered(request, request.GET)
    if listed is None or listed.search.problem:
        # Everything instead of a part is what nobody asked for.
        words = _("There is no such list; nothing was exported.")
        model_admin.message_user(request, words, messages.WARNING)
        return redirect("admin:mailcenter_message_changelist")
    as_csv = request.POST.get("format") != "jsonl"
    ending, media_type = ("csv", "text/csv") if as_csv else ("jsonl", "application/jsonl")
    _record(request, ending)
    lines = _csv(rows(listed.queryset)) if as_csv else _json(rows(listed.queryset))
    name = f"messages-{timezone.localdate().isoformat()}.{ending}"
    return StreamingHttpResponse(
        lines,
        content_type=f"{media_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def rows(messages: QuerySet[Message]) -> Iterator[dict[str, Any]]:
    """Each message with its recipients, as plain values."""
    found = messages.select_related("supersedes").prefetch_related("recipients")
    for message in found.iterator(chunk_size=CHUNK):
        row = {name: _plain(message.serializable_value(name)) for name in COLUMNS}
        row["supersedes"] = _plain(message.supersedes and message.supersedes.uuid)
        row["recipients"] = [_recipient(recipient) for recipient in message.recipients.all()]
        yield row


def harmless_cell(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        value = f"'{value}" if value.startswith(FORMULA) else value
        # csv takes none, and no column of PostgreSQL holds one.
        return value.replace("\0", "")
    return value


def _csv(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield BYTE_ORDER_MARK + writer.writerow([*COLUMNS, "recipients"])
    for row in rows:
        addresses = "; ".join(recipient["address"] for recipient in row["recipients"])
        cells = [*(row[name] for name in COLUMNS), addresses]
        yield writer.writerow([harmless_cell(cell) for cell in cells])


def _json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


class _Line:
    """What csv takes for a file: it gives the line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _recipient(recipient: Recipient) -> dict[str, Any]:
    return {name: getattr(recipient, name) for name in OF_A_RECIPIENT}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _record(request: HttpRequest, ending: str) -> None:
    """It is about no single row. The filter tells what left."""
    words = _("Exported messages (%(format)s): %(filter)s") % {
        "format": ending,
        "filter": request.GET.urlencode() or _("all"),
    }
    LogEntry.objects.create(
        user_id=operator(request).pk,
        content_type=ContentType.objects.get_for_model(Message),
        object_repr=str(Message._meta.verbose_name_plural),
        action_flag=CHANGE,
        change_message=words,
    )
