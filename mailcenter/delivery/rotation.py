"""A refused authorization code gives way to the one that was stored ahead."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.core.mail import mail_admins
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import conf, sealing
from mailcenter.models import Account
from mailcenter.replies import Reply
from mailcenter.transports import SendingAccount

logger = logging.getLogger(__name__)


@sensitive_variables()
def gives_way(account: SendingAccount, reply: Reply) -> bool:
    """Whether another code than the one just refused is in force, by now or already.

    Then the account needs no pause. It is only held until a worker has read the other one,
    because the refused one would be tried again before. reply: what the server said of it.
    """
    row = None
    if not account.oauth:
        row = Account.objects.filter(slug=account.slug, sealed_secret__isnull=False).first()
    if row is None or row.sealed_secret is None:
        return False
    sealed, ahead = bytes(row.sealed_secret), row.sealed_next_secret
    digest = sealing.digest(account.password)
    # Twice the time in which every worker reads the accounts again.
    until = timezone.now() + timedelta(seconds=2 * conf.get("SWEEP_SECONDS"))
    try:
        if sealing.unseal(sealed).decode() != account.password:
            reason = _("Another authorization code has just been stored.")
            Account.objects.hold(row.slug, until=until, reason=reason, secret_digest=digest)
            return True
        if ahead is None:
            return False
        sealing.unseal(bytes(ahead))
    except sealing.CannotUnseal as error:
        logger.error("No other code of account %s can be tried: %s", account.address, error)
        return False
    with transaction.atomic():
        promoted = Account.objects.promote(
            row.slug, sealed, until=until, reason=str(reply), secret_digest=digest
        )
        if promoted:
            _alert(account, reply)
    if promoted:
        logger.error(
            "The authorization code of account %s was refused; the one stored ahead has taken "
            "its place: %s",
            account.address,
            reply,
        )
    # Where another worker was quicker, the code in force is another one as well.
    return True


def _alert(account: SendingAccount, reply: Reply) -> None:
    """A mail to ADMINS in the outbox. Once per code: what becomes of it sets off no other."""
    said = {"account": account.address, "reply": reply}
    subject = _("A new authorization code is needed for %(account)s")
    text = _(
        "The server refused the authorization code of %(account)s: %(reply)s\n\n"
        "The one stored ahead has taken its place, and there is none left behind it. Make another "
        "one on the provider's page and store it ahead on the account's page in the admin."
    )
    try:
        with transaction.atomic():
            mail_admins(subject % said, text % said)
    except Exception:
        logger.exception("The operators could not be told about account %s.", account.address)
