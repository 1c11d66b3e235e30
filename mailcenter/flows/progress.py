"""How far somebody came with a mail: link opened or code entered, and what it is for done.

Opened is not read: mail scanners open links too.

allauth's signals are not used. That of a verified address is also sent where the code of another
mail, of a reset or a log-in, has shown whose the address is.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from mailcenter import addresses
from mailcenter.models import Message, Recipient
from mailcenter.models.message import MessageQuerySet
from mailcenter.models.recipient import Folded


def note_opened(kind: str, *, address: str = "", user_id: Any = None) -> None:
    """Whose secret was right: ``address``, or ``user_id`` where it doesn't say to which address.

    On record after the commit; what goes wrong there is logged, and the visitor goes on.
    """
    transaction.on_commit(
        lambda: newest(kind, address, user_id).note_opened(timezone.now()), robust=True
    )


def note_done(kind: str, *, address: str = "", user_id: Any = None) -> None:
    """As note_opened."""
    transaction.on_commit(
        lambda: newest(kind, address, user_id).note_done(timezone.now()), robust=True
    )


def newest(kind: str, address: str, user_id: Any) -> MessageQuerySet:
    """Of the mails whose secret is alive the last one asked for, whichever was used.

    A secret used in time may have died before all is done. Raises RefusedMessage.
    """
    # Not as the column itself: a database might begin at the index of all mails of the kind.
    theirs = Message.objects.alias(slug=Coalesce("kind", Value(""))).filter(slug=kind)
    if address:
        envelope = addresses.split(address)[1]
        rows = Recipient.objects.alias(folded=Folded("address"))
        theirs = theirs.filter(pk__in=rows.filter(folded=Folded(Value(envelope))).values("message"))
    else:
        theirs = theirs.filter(user_id=user_id)
    usable = theirs.filter(Q(expires_at__gt=timezone.now()) | Q(opened_at__isnull=False))
    return Message.objects.filter(pk__in=usable.order_by("-created_at", "-pk").values("pk")[:1])
