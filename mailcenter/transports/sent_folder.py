"""Looks for a mail in an account's Sent folder over IMAP (RFC 3501), and changes nothing there."""

from __future__ import annotations

import base64
import contextlib
import ssl
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.parser import BytesHeaderParser
from typing import Any

from django.utils.translation import gettext as _
from imapclient import IMAPClient
from imapclient.datetime_util import format_criteria_date
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from mailcenter.exceptions import MailcenterError
from mailcenter.replies import Reply
from mailcenter.sealing import redact
from mailcenter.transports.account import SendingAccount
from mailcenter.transports.oauth import xoauth2
from mailcenter.transports.public_imap import PublicImapClient

# QQ puts a Message-ID of its own into the first, and keeps ours in the second.
HEADERS = ("Message-ID", "X-OQ-MSGID")
FIELDS = f"BODY.PEEK[HEADER.FIELDS ({' '.join(HEADERS).upper()})]"
# Where neither the server (RFC 6154) nor the provider's row says which folder it is.
COMMON_NAMES = ("Sent", "Sent Messages", "Sent Items", "Sent Mail", "已发送", "已发送邮件")
CANNOT_BE_OPENED = {b"\\noselect", b"\\nonexistent"}
# NetEase opens no folder before it has been told who asks (RFC 2971).
CLIENT = {"name": "Mailcenter", "version": "1"}
# So many mails are compared one by one; only further back the server is asked to search.
NEWEST = 100
MOST_HITS = 1000
LOGOUT_SECONDS = 3
LONGEST_WORDS = 500


class LookupFailed(MailcenterError):  # noqa: N818
    """The Sent folder could not be looked into; the text says why."""


@dataclass(frozen=True)
class Found:
    """header: the one that holds our Message-ID.

    received: when the server filed it, where it says so.
    """

    folder: str
    header: str
    uid: int
    received: datetime | None = None


@dataclass(frozen=True)
class Copy:
    """A mail in the folder. ids: header -> its value, without brackets."""

    uid: int
    received: datetime | None
    ids: dict[str, str]


def find(account: SendingAccount, message_id: str, since: date, timeout: float) -> Found | None:
    """SentFolder.find for a single mail."""
    with SentFolder(account, timeout) as folder:
        return folder.find(message_id, since)


class SentFolder:
    """One session, which the first ``find`` opens; once broken it stays so.

    timeout: seconds to connect, and for each answer to go on.
    """

    def __init__(self, account: SendingAccount, timeout: float) -> None:
        self.account = account
        self.timeout = timeout
        # Its name, once that is known.
        self.name = ""
        self._client: IMAPClient | None = None
        self._count = 0
        self._newest: list[Copy] = []
        self._failure = ""

    def __enter__(self) -> SentFolder:
        return self

    def __exit__(self, *exc_info: object) -> None:
        client, self._client = self._client, None
        if client is not None:
            # Logs out, or hangs up; what the server makes of it changes nothing.
            with contextlib.suppress(OSError), client:
                client.socket().settimeout(LOGOUT_SECONDS)

    def find(self, message_id: str, since: date) -> Found | None:
        """The newest copy with that Message-ID, of the day ``since`` (UTC) or later.

        Raises LookupFailed; after that it is not asked again, so that a server that is down or
        refuses the log-in is not asked once a mail.
        """
        if not self._failure:
            try:
                return self._find(message_id, since)
            except LookupFailed as error:
                self._failure = str(error)
            except (OSError, IMAPClientError, ValueError) as error:
                self._failure = _("%(server)s could not be asked: %(words)s") % {
                    "server": self._server,
                    "words": self._words(error),
                }
            except Exception as error:
                self._failure = type(error).__name__
                raise
        # Outside of the handler: what is raised in the log-in has the password in its frames.
        raise LookupFailed(self._failure)

    def _find(self, message_id: str, since: date) -> Found | None:
        client = self._client or self._open()
        # The server's calendar may be a day behind or ahead.
        day = since - timedelta(days=1)
        if found := self._among(self._newest, message_id):
            return found
        if self._newest_go_back_to(day):
            return None
        hits: set[int] = set()
        for header in HEADERS:
            since_day = format_criteria_date(day).decode("ascii")
            hits |= set(client.search(f"SINCE {since_day} HEADER {header} {_quoted(message_id)}"))
        # A search is satisfied with a part of the value, and some servers with less: compare.
        return self._among(_fetch(client, sorted(hits)[-MOST_HITS:]), message_id)

    def _newest_go_back_to(self, day: date) -> bool:
        oldest = self._newest[0].received if self._newest else None
        return self._count <= NEWEST or (oldest is not None and oldest.date() < day)

    def _among(self, copies: Sequence[Copy], message_id: str) -> Found | None:
        wanted = _bare(message_id)
        for copy in reversed(copies):
            for header, value in copy.ids.items():
                if value and value == wanted:
                    return Found(self.name, header, copy.uid, copy.received)
        return None

    def _open(self) -> IMAPClient:
        client = self._client = self._connect()
        # Keep the time zone of what the server says.
        client.normalise_times = False
        self._log_in(client)
        if client.has_capability("ID"):
            _introduce_us(client)
        self.name = self._choose(client.list_folders())
        self._count = client.select_folder(self.name, readonly=True)[b"EXISTS"]
        first = max(1, self._count - NEWEST + 1)
        self._newest = _fetch(client, range(first, self._count + 1))
        return client

    def _connect(self) -> IMAPClient:
        account = self.account
        connect = PublicImapClient if account.public_only else IMAPClient
        try:
            return connect(
                account.imap_host,
                account.imap_port,
                # Numbers, so that the newest can be named; read only, they stay what they are.
                use_uid=False,
                ssl_context=_trust(account.ca_file),
                timeout=self.timeout,
            )
        except IMAPClientError:
            if not account.public_only:
                raise
        # Who may type hosts learns from no server what it is.
        raise LookupFailed(
            _("%(server)s does not begin as an IMAP server does.") % {"server": self._server}
        )

    def _log_in(self, client: IMAPClient) -> None:
        try:
            if self.account.oauth:
                client.sasl_login("XOAUTH2", self._answer_with_token)
            else:
                client.login(_quoted(self.account.username), self.account.password)
        except LoginError as error:
            cause = error.__context__ or error
            if isinstance(cause, IMAPClientAbortError):
                raise cause from None
            words = {"server": self._server, "words": self._words(cause)}
            raise LookupFailed(_("%(server)s refused the log-in: %(words)s") % words) from None
        except (OSError, ValueError):
            raise
        except Exception as error:
            # It may quote what it was given.
            raise LookupFailed(type(error).__name__) from None

    def _answer_with_token(self, challenge: bytes) -> str:
        # A second challenge says why the token is refused; an empty answer brings the reply.
        return "" if challenge else xoauth2(self.account)

    def _choose(self, folders: Iterable[tuple[tuple[bytes, ...], bytes, str]]) -> str:
        names: dict[str, str] = {}
        for flags, delimiter, name in folders:
            attributes = {flag.lower() for flag in flags}
            if attributes & CANNOT_BE_OPENED:
                continue
            if b"\\sent" in attributes:
                return name
            names[name.casefold()] = name
            # Some servers keep all folders below INBOX.
            last = name.rpartition((delimiter or b"/").decode())[2]
            names.setdefault(last.casefold(), name)
        for name in (self.account.preset.sent_folder, *COMMON_NAMES):
            if name.casefold() in names:
                return names[name.casefold()]
        raise LookupFailed(
            _("%(server)s has no folder that looks like the one for sent mail.")
            % {"server": self._server}
        )

    @property
    def _server(self) -> str:
        return f"{self.account.imap_host}:{self.account.imap_port}"

    def _words(self, error: BaseException) -> str:
        """What the server or the system said, as a log may keep it."""
        said: Any = error.args[0] if isinstance(error, IMAPClientError) and error.args else error
        raw = said if isinstance(said, bytes) else str(said).encode(errors="replace")
        # Some servers repeat what they were told, and imaplib writes some of that as Python would.
        spellings = [self.account.password, _quoted(self.account.password)[1:-1]]
        if self.account.oauth:
            spellings.append(base64.b64encode(xoauth2(self.account).encode()).decode("ascii"))
        secrets = [*spellings, *(repr(spelling)[1:-1] for spelling in spellings)]
        return redact(Reply.parse(0, raw).text, secrets)[:LONGEST_WORDS]


def _trust(ca_file: str) -> ssl.SSLContext:
    """Raises OSError."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError:
        raise
    except OSError as error:
        raise OSError(f"the CA file {ca_file} can't be read: {error.strerror}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _introduce_us(client: IMAPClient) -> None:
    try:
        client.id_(CLIENT)
    except IMAPClientAbortError:
        raise
    except IMAPClientError:
        # Who minds will refuse the folder, and say so.
        return


def _fetch(client: IMAPClient, numbers: Collection[int]) -> list[Copy]:
    """In the order of the folder, which is the order of arrival."""
    copies = []
    answers = client.fetch(list(numbers), ["UID", "INTERNALDATE", FIELDS])
    for _number, answer in sorted(answers.items()):
        # Servers write the names of the fields as they like.
        block = next((v for k, v in answer.items() if k.startswith(b"BODY[")), None) or b""
        headers = BytesHeaderParser().parsebytes(block)
        ids = {header: _bare(str(headers.get(header, ""))) for header in HEADERS}
        received = answer.get(b"INTERNALDATE")
        if received and received.tzinfo is None:
            received = None
        copies.append(Copy(answer.get(b"UID", 0), received, ids))
    return copies


def _bare(message_id: str) -> str:
    """To compare: without brackets, and without the folds of a long line."""
    return "".join(message_id.split()).strip("<>")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
