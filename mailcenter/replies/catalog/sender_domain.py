"""The sender's domain or this machine fails a check in the DNS."""

from mailcenter.replies.catalog.stages import SINCE_MAIL
from mailcenter.replies.catalog.waits import HOUR
from mailcenter.replies.entry import Entry, VerdictClass, Words

ENTRIES = (
    Entry(
        "sender-domain-unproven",
        VerdictClass.POLICY,
        text=r"(spf|dmarc) check failed|MI:(SPF|DMA)",
        # RFC 7372 for 20 to 26, RFC 8617 for 29, Microsoft for 509 and 515.
        enhanced=r"5\.7\.(2[0-46]|29|509|515)",
        code="5..",
        cause=Words(
            zh="发件域名没有通过 SPF、DKIM 或 DMARC 验证。",
            en="The sender's domain failed the SPF, DKIM or DMARC check.",
        ),
        cure=Words(
            zh="用自己的域名：在 DNS 补齐 SPF、DKIM、DMARC 记录，生效后重发。"
            "用 QQ、网易等邮箱：确认发件人就是登录账号，或换一个发信服务。",
            en="With a domain of your own, complete its SPF, DKIM and DMARC records in the DNS, "
            "then resend. With a QQ or NetEase mailbox, see that the sender is that account, or "
            "send through another service.",
        ),
        source="RFC 7208, 7372 and 7489; Tencent's and NetEase's lists of refusals",
    ),
    Entry(
        "sender-domain-later",
        VerdictClass.TEMPORARY,
        enhanced=r"4\.7\.(2[0-46]|29)",
        code="4..",
        stages=SINCE_MAIL,
        retry=True,
        after=HOUR,
        cause=Words(
            zh="对方一时查不到或核对不了发件域名的 SPF、DKIM、DMARC 记录。",
            en="The server can't look up or check SPF, DKIM or DMARC of the sender's domain right "
            "now.",
        ),
        cure=Words(
            zh="一小时后自动重试。若一直这样，请检查发件域名的 DNS 记录是否写对、能否解析。",
            en="It is tried again after an hour. If it goes on, check the records of the sender's "
            "domain in the DNS.",
        ),
        source="RFC 7208, 7372 and 7489",
    ),
    Entry(
        "no-reverse-name",
        VerdictClass.POLICY,
        text=r"reverse (dns|hostname|host name)|\bPTR\b",
        enhanced=r"5\.7\.25",
        code="5..",
        after=2 * HOUR,
        account_wide=True,
        cause=Words(
            zh="这台服务器的 IP 没有反向解析（PTR），或与主机名对不上。",
            en="This server's IP address has no name in the DNS (PTR), or one that does not match.",
        ),
        cure=Words(
            zh="请云服务商给出口 IP 设置反向解析，指向能解析回来的主机名；或改用邮箱服务商发信。",
            en="Have the hosting company set the reverse name of the IP address to a host name "
            "that leads back to it, or send through a mail provider.",
        ),
        source="RFC 7372 section 3.3",
    ),
    Entry(
        "sender-domain-takes-no-mail",
        VerdictClass.SENDER_IDENTITY,
        text=r"sender address rejected: domain not found",
        enhanced=r"5\.7\.27",
        code="5..",
        stages=SINCE_MAIL,
        cause=Words(
            zh="发件地址的域名不存在，或声明不收信，对方因此拒收。",
            en="The sender's domain does not exist or takes no mail, so its mail is refused.",
        ),
        cure=Words(
            zh="检查发件地址有没有写错，以及它的域名有没有 MX 记录，改好后重发。",
            en="Check the sender's address for a typing mistake and its domain for an MX record, "
            "then resend.",
        ),
        source="RFC 7505 section 4.2; Postfix, reject_unknown_sender_domain",
    ),
)
