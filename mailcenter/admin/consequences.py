"""What an act on one message will do, said before it is done."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from mailcenter import kinds
from mailcenter.admin import display
from mailcenter.admin.detail import hindrance_words
from mailcenter.delivery.hindrance import Hindrances
from mailcenter.models import Content, Message, Recipient
from mailcenter.resend import ACCEPTED, may_have_it

Status = Message.Status


def of_resending(message: Message) -> list[str]:
    refused = list(message.recipients.refused().values_list("address", flat=True))
    if kinds.get(message.kind).send_fresh:
        sentences = [_("A new mail with a fresh link goes to the same address.")]
        # Only a reader who may have the older mail can use its link.
        arrived = message.status in ACCEPTED or message.status == Status.UNCERTAIN
        if arrived and message.expires_at and message.expires_at > timezone.now():
            sentences.append(
                _("The link in the older mail stays valid until %(time)s.")
                % {"time": display.moment(message.expires_at)}
            )
    elif message.status not in ACCEPTED:
        sentences = [_("The same mail goes to everybody who has not accepted it yet.")]
    elif refused:
        sentences = [
            _("The same mail goes only to those who were refused: %(addresses)s.")
            % {"addresses": ", ".join(refused)}
        ]
    else:
        sentences = [
            _("The provider has accepted this mail already: the reader gets a second copy.")
        ]
    return sentences


def of_retrying(message: Message) -> list[str]:
    sentences = [
        _("The mail is tried at once instead of at %(time)s.")
        % {"time": display.moment(message.next_attempt_at)}
    ]
    if hindrance := Hindrances().of_account(message):
        sentences += hindrance_words(hindrance)
    return sentences


def of_cancelling(message: Message) -> list[str]:
    return [_("The mail will not be sent. A link or code in it is lost with it.")]


def of_arriving(message: Message) -> list[str]:
    sentences = [
        _("Say so if the reader has the mail, or if it lies in the Sent folder of the account."),
        _("It counts as accepted, and nothing more is sent."),
    ]
    taken = {recipient.pk for recipient in may_have_it(message)}
    left = message.recipients.exclude(status=Recipient.Status.ACCEPTED).exclude(pk__in=taken)
    if addresses := list(left.order_by("pk").values_list("address", flat=True)):
        sentences.append(
            _("The server refused these by name, so that they have no copy: %(addresses)s.")
            % {"addresses": ", ".join(addresses)}
        )
    if Content.objects.filter(message=message, secret=True, sealed__isnull=False).exists():
        sentences.append(_("The link or code that is kept for another attempt is erased."))
    return sentences


def of_revealing(message: Message) -> list[str]:
    return [_("You will see the whole mail, and your name goes on record for it.")]
