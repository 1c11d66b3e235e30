"""Mail providers as data: QQ, 163 and Gmail differ by a row here, never by a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# "ssl": TLS from the first byte (RFC 8314 section 3.3). "starttls": RFC 3207.
Security = Literal["ssl", "starttls"]

# What the practice server accepts. Not a secret: it listens on loopback only.
PRACTICE_ADDRESS = "site@practice.test"
PRACTICE_CODE = "practicepractice"

LOWERCASE_16 = r"[a-z]{16}"
LETTERS_16 = r"[A-Za-z]{16}"
# The newer codes of 163, 126 and yeah.net hold digits too.
ALPHANUMERIC_16 = r"[A-Za-z0-9]{16}"
QQ_DOMAINS = ("qq.com", "vip.qq.com", "foxmail.com")
QQ_MAX_BYTES = 73_400_320


@dataclass(frozen=True)
class Limits:
    """per_minute, per_day: mails; spacing_seconds: between two mails. 0: no limit."""

    per_minute: int = 0
    per_day: int = 0
    spacing_seconds: float = 0


# QQ names no figures; these keep below what its users report.
QQ_LIMITS = Limits(per_minute=10, per_day=50, spacing_seconds=6)
NETEASE_LIMITS = Limits(per_day=50)


@dataclass(frozen=True)
class Preset:
    """How to reach one provider, and what it demands.

    slug: the word for MAIL_PROVIDER.
    provider: the family whose replies the catalogue knows, or "".
    max_bytes: the SIZE that its servers announce (RFC 1870), where it is known.
    sender_must_match: From must equal the account's address.
    code_pattern: what an authorization code looks like, or "" where anything goes.
    domains: those of its addresses; empty where people bring their own.
    limits: what one account may send.
    imap_host, imap_port: where its Sent folder can be looked into, over TLS; "" where it can't.
    sent_folder: its name, where the server doesn't mark it (RFC 6154).
    token_url: where access tokens are renewed (RFC 6749 section 6); "": it has no OAuth2 here.
    oauth_scope: what is asked for there, separated by spaces.
    oauth_imap_host: in place of an empty imap_host, where only a token opens it.
    """

    slug: str
    label: str | Promise
    host: str
    port: int = 465
    security: Security = "ssl"
    provider: str = ""
    max_bytes: int | None = None
    sender_must_match: bool = True
    code_pattern: str = ""
    domains: tuple[str, ...] = ()
    limits: Limits = Limits()
    imap_host: str = ""
    imap_port: int = 993
    sent_folder: str = ""
    token_url: str = ""
    oauth_scope: str = ""
    oauth_imap_host: str = ""


PRESETS: dict[str, Preset] = {
    preset.slug: preset
    for preset in (
        Preset(
            "qq",
            _("QQ Mail"),
            "smtp.qq.com",
            provider="qq",
            max_bytes=QQ_MAX_BYTES,
            code_pattern=LOWERCASE_16,
            domains=QQ_DOMAINS,
            limits=QQ_LIMITS,
            imap_host="imap.qq.com",
            sent_folder="Sent Messages",
        ),
        Preset(
            "foxmail",
            _("Foxmail"),
            "smtp.qq.com",
            provider="qq",
            max_bytes=QQ_MAX_BYTES,
            code_pattern=LOWERCASE_16,
            domains=QQ_DOMAINS,
            limits=QQ_LIMITS,
            imap_host="imap.qq.com",
            sent_folder="Sent Messages",
        ),
        Preset(
            "exmail",
            _("Tencent Exmail"),
            "smtp.exmail.qq.com",
            provider="exmail",
            imap_host="imap.exmail.qq.com",
            sent_folder="Sent Messages",
        ),
        Preset(
            "163",
            _("NetEase 163"),
            "smtp.163.com",
            provider="netease",
            code_pattern=ALPHANUMERIC_16,
            domains=("163.com",),
            limits=NETEASE_LIMITS,
            imap_host="imap.163.com",
            sent_folder="已发送",
        ),
        Preset(
            "126",
            _("NetEase 126"),
            "smtp.126.com",
            provider="netease",
            code_pattern=ALPHANUMERIC_16,
            domains=("126.com",),
            limits=NETEASE_LIMITS,
            imap_host="imap.126.com",
            sent_folder="已发送",
        ),
        Preset(
            "yeah",
            _("NetEase yeah.net"),
            "smtp.yeah.net",
            provider="netease",
            code_pattern=ALPHANUMERIC_16,
            domains=("yeah.net",),
            limits=NETEASE_LIMITS,
            imap_host="imap.yeah.net",
            sent_folder="已发送",
        ),
        Preset(
            "sina",
            _("Sina Mail"),
            "smtp.sina.com",
            domains=("sina.com",),
            imap_host="imap.sina.com",
            sent_folder="已发送",
        ),
        Preset(
            "gmail",
            _("Gmail"),
            "smtp.gmail.com",
            provider="gmail",
            max_bytes=35_882_577,
            code_pattern=LETTERS_16,
            # A personal account's; Google Workspace allows more.
            limits=Limits(per_day=500),
            imap_host="imap.gmail.com",
            # Marked; named otherwise in other languages.
            sent_folder="[Gmail]/Sent Mail",
            token_url="https://oauth2.googleapis.com/token",  # noqa: S106
            oauth_scope="https://mail.google.com/",
        ),
        # Personal Outlook accounts can't log in with a password since 2024-09-16, and over IMAP no
        # account can: both take OAuth2.
        Preset(
            "outlook",
            _("Outlook (Microsoft 365)"),
            "smtp.office365.com",
            port=587,
            security="starttls",
            provider="outlook",
            limits=Limits(per_minute=30, per_day=10_000),
            token_url="https://login.microsoftonline.com/common/oauth2/v2.0/token",  # noqa: S106
            oauth_scope="https://outlook.office.com/SMTP.Send "
            "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
            oauth_imap_host="outlook.office365.com",
            sent_folder="Sent Items",
        ),
        Preset(
            "aliyun",
            _("Aliyun enterprise mail"),
            "smtp.qiye.aliyun.com",
            provider="aliyun",
            imap_host="imap.qiye.aliyun.com",
            sent_folder="已发送",
        ),
        Preset(
            "aliyun-directmail",
            _("Aliyun DirectMail"),
            "smtpdm.aliyun.com",
            provider="directmail",
            # 5000 in three minutes; the quota of the day grows with the sender's reputation.
            limits=Limits(per_minute=1_666),
        ),
        # Host, port and security come from EMAIL_URL.
        Preset("custom", _("custom server"), "", sender_must_match=False),
        # Reached by its own API: esp.py.
        Preset(
            "anymail",
            _("delivery service (django-anymail)"),
            "",
            port=443,
            provider="esp",
            sender_must_match=False,
        ),
        Preset(
            "practice",
            _("practice server"),
            "127.0.0.1",
            port=2465,
            provider="qq",
            max_bytes=QQ_MAX_BYTES,
        ),
    )
}
