"""Where people read their mail, by the domain of the address."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Webmail:
    """url: opened by the visitor; nothing is loaded from there."""

    name: str | Promise
    url: str
    domains: tuple[str, ...]


WEBMAILS = (
    Webmail(_("QQ Mail"), "https://mail.qq.com/", ("qq.com", "foxmail.com", "vip.qq.com")),
    Webmail(_("163 Mail"), "https://mail.163.com/", ("163.com",)),
    Webmail(_("126 Mail"), "https://mail.126.com/", ("126.com",)),
    Webmail(_("yeah.net Mail"), "https://mail.yeah.net/", ("yeah.net",)),
    Webmail(_("163 VIP Mail"), "https://vip.163.com/", ("vip.163.com",)),
    Webmail(_("Sina Mail"), "https://mail.sina.com.cn/", ("sina.com", "sina.cn", "vip.sina.com")),
    Webmail(_("Sohu Mail"), "https://mail.sohu.com/", ("sohu.com",)),
    Webmail(_("Aliyun Mail"), "https://mail.aliyun.com/", ("aliyun.com",)),
    Webmail(_("139 Mail"), "https://mail.10086.cn/", ("139.com",)),
    Webmail(_("189 Mail"), "https://mail.189.cn/", ("189.cn",)),
    Webmail("Gmail", "https://mail.google.com/", ("gmail.com",)),
    Webmail(
        "Outlook",
        "https://outlook.live.com/mail/",
        ("outlook.com", "hotmail.com", "live.com", "msn.com"),
    ),
    Webmail(_("iCloud Mail"), "https://www.icloud.com/mail", ("icloud.com", "me.com")),
    Webmail(_("Yahoo Mail"), "https://mail.yahoo.com/", ("yahoo.com",)),
)
DOMAINS = {domain: webmail for webmail in WEBMAILS for domain in webmail.domains}


def webmail_of(address: str) -> Webmail | None:
    return DOMAINS.get(address.rpartition("@")[2].lower())
