"""How each provider's submission server talks while nothing is wrong: a row of data each.

From public transcripts; none of it was tried against a live provider. Ids and addresses are made
up in their form. What the servers say when something is wrong: captured_replies.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mailcenter.transports.presets import PRESETS, Security

# A client's public address, which several servers repeat.
CLIENT = "203.0.113.7"

# What QQ and, reportedly, 163 sometimes say to the command after an accepted mail (gomail#209).
GARBAGE = b"\x00\x00\x00\x1a\x00\x00\x00\n"


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """name: server and port.

    preset: the slug of an account that is sent through it; address: one of that provider's.
    replies: verb -> reply, as in smtp_server.DEFAULTS; "EHLO": the first line of that reply.
    extensions: the other lines of it inside TLS; in_clear: before TLS.
    too_early: its reply to an AUTH before TLS.
    mechanism: the one AUTH that our client has to choose.
    remote_id: what the reply to the final dot names, or "".
    """

    name: str
    preset: str
    address: str
    replies: Mapping[str, bytes]
    extensions: tuple[bytes, ...]
    security: Security = "ssl"
    in_clear: tuple[bytes, ...] = (b"STARTTLS",)
    too_early: bytes = b"530 5.7.0 Must issue a STARTTLS command first"
    mechanism: str = "AUTH PLAIN"
    remote_id: str = ""

    @property
    def family(self) -> str:
        """As the catalogue calls the provider."""
        return PRESETS[self.preset].provider


QQ_HOST = b"newxmesmtplogicsvrszb20-0.qq.com"
QQ_EXTENSIONS = (
    b"PIPELINING",
    b"SIZE 73400320",
    b"AUTH LOGIN PLAIN XOAUTH XOAUTH2",
    b"AUTH=LOGIN",
    b"MAILCOMPRESS",
    b"SMTPUTF8",
    b"8BITMIME",
)
QQ_REPLIES = {
    "CONNECT": b"220 " + QQ_HOST + b" XMail Esmtp QQ Mail Server.",
    "EHLO": QQ_HOST,
    "STARTTLS": b"220 Ready to start TLS from " + CLIENT.encode() + b" to " + QQ_HOST + b".",
    "AUTH": b"235 Authentication successful",
    "MAIL": b"250 OK.",
    "RCPT": b"250 OK",
    "DATA": b"354 End data with <CR><LF>.<CR><LF>.",
    "BODY": b"250 OK: queued as.",
    "RSET": b"250 OK",
    "QUIT": b"221 Bye.",
}
QQ_465 = Dialect(
    name="qq-465",
    preset="qq",
    address="10001@qq.com",
    replies=QQ_REPLIES,
    extensions=QQ_EXTENSIONS,
)
QQ_587 = Dialect(
    name="qq-587",
    preset="qq",
    address="10001@qq.com",
    security="starttls",
    replies=QQ_REPLIES,
    extensions=QQ_EXTENSIONS,
    # It offers AUTH here already, and refuses it then.
    in_clear=(*QQ_EXTENSIONS, b"STARTTLS"),
    too_early=(
        b"530 Login fail. A secure connection is requiered(such as ssl). More information at "
        b"https://help.mail.qq.com/detail/0/1010"
    ),
)
# The words of QQ's older servers.
EXMAIL = Dialect(
    name="exmail-465",
    preset="exmail",
    address="staff@company.test",
    replies={
        "CONNECT": b"220 smtp.qq.com Esmtp QQ Mail Server",
        "EHLO": b"smtp.qq.com",
        "STARTTLS": b"220 Ready to start TLS",
        "AUTH": b"235 Authentication successful",
        "MAIL": b"250 Ok",
        "RCPT": b"250 Ok",
        "DATA": b"354 End data with <CR><LF>.<CR><LF>",
        "BODY": b"250 Ok: queued as ",
        "RSET": b"250 Ok",
        "QUIT": b"221 Bye",
    },
    extensions=(
        b"PIPELINING",
        b"SIZE 73400320",
        b"AUTH LOGIN PLAIN",
        b"AUTH=LOGIN",
        b"MAILCOMPRESS",
        b"8BITMIME",
    ),
)
NETEASE = Dialect(
    name="netease-465",
    preset="163",
    address="site@163.com",
    replies={
        "CONNECT": b"220 163.com Anti-spam GT for Coremail System (163com[20141201])",
        "EHLO": b"mail",
        "STARTTLS": b"220 Ready to start TLS",
        "AUTH": b"235 Authentication successful",
        "MAIL": b"250 Mail OK",
        "RCPT": b"250 Mail OK",
        "DATA": b"354 End data with <CR><LF>.<CR><LF>",
        "BODY": b"250 Mail OK queued as smtp1,GdxpCgA3EfrftHFfZSmwAQ--.167S2 1700000000",
        "RSET": b"250 OK",
        "QUIT": b"221 Bye",
    },
    # Its newer servers have dropped PIPELINING.
    extensions=(
        b"AUTH LOGIN PLAIN XOAUTH2",
        b"AUTH=LOGIN PLAIN XOAUTH2",
        b"coremail 1Uxr2xKj7kG0xkI17xGrU7I0s8FY2U3Uj8Cz28x1UUUUU7Ic2I0Y2UFHbOaIUCa0xDrUUUUj",
        b"STARTTLS",
        b"ID",
        b"8BITMIME",
    ),
    remote_id="smtp1,GdxpCgA3EfrftHFfZSmwAQ--.167S2",
)
GMAIL_SESSION = b" a640c23a62f3a-aa20df263bcsm696223666b.11 - gsmtp"
GMAIL = Dialect(
    name="gmail-465",
    preset="gmail",
    address="site@gmail.com",
    replies={
        "CONNECT": b"220 smtp.gmail.com ESMTP" + GMAIL_SESSION,
        "EHLO": b"smtp.gmail.com at your service, [" + CLIENT.encode() + b"]",
        "STARTTLS": b"220 2.0.0 Ready to start TLS",
        "AUTH": b"235 2.7.0 Accepted",
        "MAIL": b"250 2.1.0 OK" + GMAIL_SESSION,
        "RCPT": b"250 2.1.5 OK" + GMAIL_SESSION,
        "DATA": b"354 Go ahead" + GMAIL_SESSION,
        # Two blanks before the time.
        "BODY": b"250 2.0.0 OK  1700000000" + GMAIL_SESSION,
        "RSET": b"250 2.1.5 Flushed" + GMAIL_SESSION,
        "QUIT": b"221 2.0.0 closing connection" + GMAIL_SESSION,
    },
    extensions=(
        b"SIZE 35882577",
        b"8BITMIME",
        b"AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH",
        b"ENHANCEDSTATUSCODES",
        b"PIPELINING",
        b"CHUNKING",
        b"SMTPUTF8",
    ),
    remote_id="a640c23a62f3a-aa20df263bcsm696223666b.11",
)
OUTLOOK_HOST = b"SY5P282CA0097.outlook.office365.com"
OUTLOOK_EXTENSIONS = (
    b"SIZE 157286400",
    b"PIPELINING",
    b"DSN",
    b"ENHANCEDSTATUSCODES",
    b"8BITMIME",
    b"BINARYMIME",
    b"CHUNKING",
    b"SMTPUTF8",
)
OUTLOOK = Dialect(
    name="outlook-587",
    preset="outlook",
    address="site@company.test",
    security="starttls",
    replies={
        "CONNECT": b"220 "
        + OUTLOOK_HOST
        + b" Microsoft ESMTP MAIL Service ready at Tue, 14 Nov 2023 22:13:20 +0000 [08DBE5]",
        "EHLO": OUTLOOK_HOST + b" Hello [" + CLIENT.encode() + b"]",
        "STARTTLS": b"220 2.0.0 SMTP server ready",
        "AUTH": b"235 2.7.0 Authentication successful",
        "MAIL": b"250 2.1.0 Sender OK",
        "RCPT": b"250 2.1.5 Recipient OK",
        "DATA": b"354 Start mail input; end with <CRLF>.<CRLF>",
        # The Message-ID that it gave the mail; a queue id is not named.
        "BODY": b"250 2.0.0 OK <DBBPR03MB54140977@DBBPR03MB5414.eurprd03.prod.outlook.com> "
        b"[Hostname=DBBPR03MB5414.eurprd03.prod.outlook.com]",
        "RSET": b"250 2.0.0 Resetting",
        "QUIT": b"221 2.0.0 Service closing transmission channel",
    },
    extensions=(*OUTLOOK_EXTENSIONS, b"AUTH LOGIN XOAUTH2"),
    in_clear=(*OUTLOOK_EXTENSIONS, b"STARTTLS"),
    too_early=b"530 5.7.57 Client not authenticated to send mail.",
    mechanism="AUTH LOGIN",
)
ALIYUN_REPLIES = {
    "CONNECT": b"220 smtp.aliyun-inc.com MX AliMail Server",
    "EHLO": b"smtp.aliyun-inc.com",
    "STARTTLS": b"220 Ready to start TLS",
    "AUTH": b"235 Authentication successful",
    "MAIL": b"250 Mail Ok",
    "RCPT": b"250 Rcpt Ok",
    "DATA": b"354 End data with <CR><LF>.<CR><LF>",
    # The same word for each mail: it identifies none.
    "BODY": b"250 Data Ok: queued as freedom",
    "RSET": b"250 Ok",
    "QUIT": b"221 Bye",
}
ALIYUN = Dialect(
    name="aliyun-465",
    preset="aliyun",
    address="site@company.test",
    replies=ALIYUN_REPLIES,
    extensions=(
        b"8BITMIME",
        b"AUTH=PLAIN LOGIN XOAUTH2 XALIOAUTH",
        b"AUTH PLAIN LOGIN XOAUTH2 XALIOAUTH",
        b"PIPELINING",
        b"DSN",
    ),
)
DIRECTMAIL = Dialect(
    name="directmail-465",
    preset="aliyun-directmail",
    address="noreply@mail.company.test",
    replies=ALIYUN_REPLIES
    | {
        "CONNECT": b"220 smtp.aliyun-inc.com MX AliMail Server(127.0.0.1)",
        "BODY": b"250 Data Ok: queued as freedom ###envid=123456789012",
    },
    extensions=(
        b"STARTTLS",
        b"8BITMIME",
        b"AUTH=PLAIN LOGIN XALIOAUTH",
        b"AUTH PLAIN LOGIN XALIOAUTH",
        b"PIPELINING",
        b"DSN",
    ),
    remote_id="123456789012",
)
# What most other servers run. Sina's is the mailbox of whose words the catalogue knows none.
POSTFIX = Dialect(
    name="postfix-465",
    preset="sina",
    address="site@sina.com",
    replies={
        "CONNECT": b"220 mail.company.test ESMTP Postfix",
        "EHLO": b"mail.company.test",
        "STARTTLS": b"220 2.0.0 Ready to start TLS",
        "AUTH": b"235 2.7.0 Authentication successful",
        "MAIL": b"250 2.1.0 Ok",
        "RCPT": b"250 2.1.5 Ok",
        "DATA": b"354 End data with <CR><LF>.<CR><LF>",
        "BODY": b"250 2.0.0 Ok: queued as 4SSgkH2x3yz9rxB",
        "RSET": b"250 2.0.0 Ok",
        "QUIT": b"221 2.0.0 Bye",
    },
    extensions=(
        b"PIPELINING",
        b"SIZE 10240000",
        b"AUTH PLAIN LOGIN",
        b"ENHANCEDSTATUSCODES",
        b"8BITMIME",
        b"DSN",
        b"SMTPUTF8",
        b"CHUNKING",
    ),
    remote_id="4SSgkH2x3yz9rxB",
)

DIALECTS = (
    QQ_465,
    QQ_587,
    EXMAIL,
    NETEASE,
    GMAIL,
    OUTLOOK,
    ALIYUN,
    DIRECTMAIL,
    POSTFIX,
)
