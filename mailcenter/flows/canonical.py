"""One spelling for each mailbox: its account, its cool-downs and its mails all count by it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from mailcenter import addresses
from mailcenter.exceptions import RefusedMessage

# Of a path in the envelope, without its brackets (RFC 5321 section 4.5.3.1.3, erratum 1690).
LONGEST = 254


def canonical(email: str) -> str:
    """The domain in lower case and in letters that people read: a@例子.cn.

    Raises RefusedMessage where mail can't go to it, and for a quoted local part, which spells
    the same mailbox in several ways and which hosts should not use (RFC 5321 section 4.1.2).
    """
    try:
        envelope = addresses.split(email)[1]
    except RefusedMessage:
        envelope = ""
    if not envelope or '"' in envelope:
        raise RefusedMessage(_("Mail can't be sent to this address. Check how it is written."))
    if len(envelope) > LONGEST:
        raise RefusedMessage(
            _("This address is too long: mail servers take %(most)d characters at most.")
            % {"most": LONGEST}
        )
    local, _at, domain = envelope.rpartition("@")
    try:
        return f"{local}@{domain.encode().decode('idna')}"
    except UnicodeError:  # a name made by other rules than Python's (IDNA 2003)
        return envelope
