"""Words of widespread server software: Postfix, Exim, qmail, filters for viruses and spam."""

from mailcenter.replies.catalog.stages import SINCE_MAIL, SINCE_RCPT
from mailcenter.replies.catalog.waits import HOUR, MINUTE
from mailcenter.replies.entry import Entry, VerdictClass, Words

# Lists of IP addresses. A recipient's own list is no reason to pause the account.
BLOCK_LISTS = r"spamhaus|spamcop|barracuda|blocked using|\bRBL\b|\bDNSBL\b"

ENTRIES = (
    Entry(
        "greylisted",
        VerdictClass.TEMPORARY,
        text=r"gr[ea]y-?list",
        code="4..",
        stages=SINCE_MAIL,
        retry=True,
        after=5 * MINUTE,
        cause=Words(
            zh="对方用了灰名单：第一次来信先拒收，过几分钟再投就会收。",
            en="The server greylists: it turns the first try down and takes the mail some minutes "
            "later.",
        ),
        cure=Words(
            zh="五分钟后自动重试，不用处理。",
            en="It is tried again after five minutes. There is nothing to do.",
        ),
        source="RFC 6647",
    ),
    Entry(
        "too-many-connections",
        VerdictClass.RATE_LIMITED,
        text=r"too many (concurrent |simultaneous |smtp )?(connections|sessions)",
        code="4..",
        retry=True,
        after=MINUTE,
        account_wide=True,
        cause=Words(
            zh="同时连到服务器的连接太多。",
            en="Too many connections to the server at the same time.",
        ),
        cure=Words(
            zh="已暂停发信，一分钟后自动继续。若经常出现，请减少发信进程。",
            en="Sending is paused and goes on by itself after a minute. If it happens often, run "
            "fewer mail workers.",
        ),
        source="Postfix anvil(8), smtpd_client_connection_count_limit",
    ),
    Entry(
        "sender-not-owned",
        VerdictClass.SENDER_IDENTITY,
        text=r"sender address rejected: not (owned by|logged in)",
        code="5..",
        stages=SINCE_MAIL,
        cause=Words(
            zh="发件地址不属于当前登录账号。",
            en="The sender address does not belong to the account that logged in.",
        ),
        cure=Words(
            zh="发件地址改成登录账号自己的地址，或请服务器管理员放行，再重发。",
            en="Send from the account's own address, or ask the server's administrator to allow "
            "this one, then resend.",
        ),
        source="Postfix, reject_sender_login_mismatch",
    ),
    Entry(
        "relay-denied",
        VerdictClass.POLICY,
        text=r"relay(ing)? (access )?(is )?(denied|not (allowed|permitted))"
        r"|(unable|not permitted|not allowed) to relay|allowed rcpthosts",
        code="5..",
        stages=SINCE_RCPT,
        cause=Words(
            zh="服务器不为未登录的客户端转发外域邮件：没有登录，或连错了服务器。",
            en="The server does not pass our mail on to other domains: there was no log-in, or it "
            "is the wrong server.",
        ),
        cure=Words(
            zh="确认填的是服务商的发信（SMTP）服务器，账号和密码都已填写，改好后重发。",
            en="See that the host is the provider's server for sending and that name and password "
            "are set, then resend.",
        ),
        source="RFC 5321 section 7.9; Postfix and qmail",
    ),
    Entry(
        "listed-for-now",
        VerdictClass.POLICY,
        text=BLOCK_LISTS,
        code="4..",
        retry=True,
        after=2 * HOUR,
        account_wide=True,
        cause=Words(
            zh="这台服务器的 IP 在公开黑名单里，对方暂时不收。",
            en="This server's IP address is on a public block list, and nothing is taken for now.",
        ),
        cure=Words(
            zh="每两小时自动再试。到回复里点名的黑名单网站查询并申请移除，或换一个出口 IP。",
            en="It is tried again every two hours. Look the address up at the list that the reply "
            "names and ask for its removal, or send from another address.",
        ),
        source="RFC 5782; Postfix, reject_rbl_client",
    ),
    Entry(
        "listed",
        VerdictClass.POLICY,
        text=BLOCK_LISTS,
        code="5..",
        after=2 * HOUR,
        account_wide=True,
        cause=Words(
            zh="这台服务器的 IP 或发件域名在公开黑名单里，对方拒收。",
            en="This server's IP address or the sender's domain is on a block list that the "
            "server goes by.",
        ),
        cure=Words(
            zh="到回复里点名的黑名单网站查询并申请移除，或换一个出口 IP、换一个账号发。",
            en="Look the address up at the list that the reply names and ask for its removal, or "
            "send from another address or account.",
        ),
        source="RFC 5782; Postfix, reject_rbl_client",
    ),
    Entry(
        "on-a-block-list",
        VerdictClass.POLICY,
        text=r"(black|block|deny)[- ]?list",
        code="5..",
        stages=SINCE_MAIL,
        cause=Words(
            zh="发件地址、域名或 IP 在对方自己的黑名单里。",
            en="The sender, its domain or this IP address is on a block list of the other side.",
        ),
        cure=Words(
            zh="请收件人或他的邮箱管理员解除，再重发；不要换发件地址绕过拦截。",
            en="Ask the recipient or their administrator to lift the block, then resend. Don't "
            "just try from another address.",
        ),
        source="RFC 5782; public logs",
    ),
    Entry(
        "virus-found",
        VerdictClass.CONTENT_REJECTED,
        text=r"\bvirus|\bmalware\b",
        code="5..",
        stages=SINCE_MAIL,
        cause=Words(
            zh="对方在邮件或附件里查出了病毒。",
            en="The server found a virus in the mail or an attachment.",
        ),
        cure=Words(
            zh="对附件和生成附件的电脑查杀病毒，换上干净的文件再重发。",
            en="Scan the attachment and the machine it came from, put a clean file in and resend.",
        ),
        source="Alibaba Mail's and Sina's lists of refusals",
    ),
    Entry(
        "attachment-refused",
        VerdictClass.CONTENT_REJECTED,
        text=r"illegal attachment|attachments?.{0,30}(not (allowed|accepted)|blocked|prohibited)",
        code="5..",
        stages=SINCE_MAIL,
        cause=Words(
            zh="对方不收这种附件。",
            en="The server takes no attachment of this kind.",
        ),
        cure=Words(
            zh="去掉程序、压缩包之类的附件，改用下载链接，然后重发。",
            en="Leave out programs, archives and the like, offer them by link, then resend.",
        ),
        source="NetEase's list of refusals; public logs",
    ),
)
