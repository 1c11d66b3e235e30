"""Too much, too fast: the limits of accounts and addresses."""

from mailcenter.replies.catalog.pages import DIRECTMAIL_CODES, GMAIL_ERRORS, NETEASE_REFUSALS
from mailcenter.replies.catalog.waits import DAY, HOUR, MINUTE
from mailcenter.replies.entry import Entry, VerdictClass, Words

ENTRIES = (
    Entry(
        "qq-too-many-attempts",
        VerdictClass.RATE_LIMITED,
        text=r"too many attempts",
        retry=True,
        after=2 * HOUR,
        account_wide=True,
        cause=Words(
            zh="短时间内发信太多，QQ 邮箱暂时不让这个账号发信。",
            en="The account sent too much in a short time, and QQ Mail has stopped it for a while.",
        ),
        cure=Words(
            zh="已暂停发信，两小时后自动继续；这期间不要用别的程序反复试，越试限制越久。"
            "如果经常出现，请减少发信量，或改用企业邮箱、邮件推送服务。",
            en="Sending is paused and goes on by itself after two hours. Don't keep trying from "
            "another program: that makes it longer. If it happens often, send less, or move to "
            "a business mailbox or a mail delivery service.",
        ),
        source="public logs; manual of qqmail-mcp-tool",
        seen_at=("qq",),
    ),
    Entry(
        "frequency-limited",
        VerdictClass.RATE_LIMITED,
        text=r"(ip|domain|sender|connection) frequency limited",
        retry=True,
        after=HOUR,
        account_wide=True,
        cause=Words(
            zh="账号、域名或服务器 IP 的发信频率超过了对方的上限。",
            en="The account, its domain or this server's address sends more often than allowed.",
        ),
        cure=Words(
            zh="已暂停发信，一小时后自动继续。请放慢发信速度，不要集中群发。",
            en="Sending is paused for an hour and then goes on by itself. Send more slowly and "
            "avoid bursts.",
        ),
        source="Tencent's list of refusals",
        seen_at=("qq", "exmail"),
    ),
    Entry(
        "client-rate-limited",
        VerdictClass.RATE_LIMITED,
        text=r"too (much mail|many recipients) from",
        code="4..",
        retry=True,
        after=MINUTE,
        account_wide=True,
        cause=Words(
            zh="短时间内从这台服务器发出的邮件太多，对方暂时不收。",
            en="This server sent too much in a short time, and nothing more is taken for now.",
        ),
        cure=Words(
            zh="已暂停发信，一分钟后自动继续，不用处理。如果经常出现，请调低这个账号的每分钟发信上限。",
            en="Sending is paused and goes on by itself after a minute. If it happens often, lower "
            "the account's limit a minute.",
        ),
        source="Postfix anvil(8), smtpd_client_message_rate_limit",
    ),
    Entry(
        "recipient-frequency-limited",
        VerdictClass.RATE_LIMITED,
        text=r"frequency of receiving",
        retry=True,
        after=HOUR,
        cause=Words(
            zh="这位收件人短时间内收到的邮件太多，对方邮箱暂时不再接收。",
            en="This recipient got too much mail in a short time, so no more is taken for now.",
        ),
        cure=Words(
            zh="一小时后自动重试，不用处理。不要对同一个地址连续重发。",
            en="It is tried again after an hour. Don't resend to the same address meanwhile.",
        ),
        source="Tencent's list of refusals",
        seen_at=("qq", "exmail"),
    ),
    Entry(
        "connection-denied",
        VerdictClass.POLICY,
        text=r"connection denied",
        retry=True,
        after=2 * HOUR,
        account_wide=True,
        cause=Words(
            zh="这台服务器的 IP 发信量远超上限，对方直接拒绝了连接。",
            en="This server's IP address is far over the limit, and its connections are refused.",
        ),
        cure=Words(
            zh="已暂停发信，两小时后自动再试。若仍被拒，请查这个 IP 的信誉，"
            "看看机器上有没有别的程序在大量发信。",
            en="Sending is paused for two hours. If it is refused again, check the reputation of "
            "the IP address and whether another program on this machine sends in bulk.",
        ),
        source="Tencent's list of refusals",
        seen_at=("qq", "exmail"),
    ),
    Entry(
        "suspected-source",
        VerdictClass.POLICY,
        text=r"suspected (spam ip|bounce)",
        retry=True,
        after=2 * HOUR,
        account_wide=True,
        cause=Words(
            zh="对方怀疑这台服务器的 IP 在发垃圾邮件或退信攻击。",
            en="The server suspects this IP address of spam or of a bounce attack.",
        ),
        cure=Words(
            zh="已暂停发信，两小时后自动再试。请到 IP 信誉查询网站核实，"
            "必要时换出口 IP 或向邮箱服务商申诉。",
            en="Sending is paused for two hours. Look the IP address up in the public block "
            "lists; send from another address or appeal to the provider if it is listed.",
        ),
        source="Tencent's list of refusals",
        seen_at=("qq", "exmail"),
    ),
    Entry(
        "gmail-daily-limit",
        VerdictClass.RATE_LIMITED,
        enhanced=r"5\.4\.5",
        retry=True,
        after=DAY,
        account_wide=True,
        cause=Words(
            zh="这个账号 24 小时内的发信量已到上限。",
            en="The account has reached its sending limit for 24 hours.",
        ),
        cure=Words(
            zh="已暂停发信，24 小时后自动继续。若额度经常不够，请换用额度更高的账号。",
            en="Sending is paused and goes on by itself after 24 hours. If that happens often, "
            "use an account with a higher limit.",
        ),
        url=GMAIL_ERRORS,
        source="Google Workspace SMTP error list",
        seen_at=("gmail",),
    ),
    Entry(
        "netease-daily-limit",
        VerdictClass.RATE_LIMITED,
        text=r"MI:STC|RP:TRC",
        retry=True,
        until_tomorrow=True,
        account_wide=True,
        cause=Words(
            zh="网易邮箱当天的发信数或收件人数已用完。",
            en="Today's number of mails or recipients at NetEase is used up.",
        ),
        cure=Words(
            zh="已暂停发信，明天零点（北京时间）过后自动继续。",
            en="Sending is paused and goes on by itself after midnight, Beijing time.",
        ),
        url=NETEASE_REFUSALS,
        source="NetEase's list of refusals",
        seen_at=("netease",),
    ),
    Entry(
        "directmail-monthly-quota",
        VerdictClass.RATE_LIMITED,
        text=r"monthly sending quota",
        retry=True,
        until_tomorrow=True,
        account_wide=True,
        cause=Words(
            zh="阿里云邮件推送本月的额度已用完。",
            en="This month's quota at Alibaba Cloud DirectMail is used up.",
        ),
        cure=Words(
            zh="请在邮件推送控制台提升额度，或等到下个月；已暂停发信，每天自动试一次。",
            en="Raise the quota in the DirectMail console or wait for next month. Sending is "
            "paused and tried once a day.",
        ),
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, SMTP replies (document 44499)",
        seen_at=("directmail",),
    ),
    Entry(
        "daily-quota",
        VerdictClass.RATE_LIMITED,
        text=r"sending quota",
        retry=True,
        until_tomorrow=True,
        account_wide=True,
        cause=Words(
            zh="账号今天的发信额度已用完。",
            en="The account's sending quota for today is used up.",
        ),
        cure=Words(
            zh="已暂停发信，明天零点（北京时间）过后自动继续；急用可在服务商控制台提升额度。",
            en="Sending is paused and goes on by itself after midnight, Beijing time. If it can't "
            "wait, raise the quota in the provider's console.",
        ),
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, SMTP replies (document 44499)",
        seen_at=("directmail",),
    ),
    Entry(
        "netease-frequency",
        VerdictClass.RATE_LIMITED,
        text=r"MI:SFQ",
        retry=True,
        after=15 * MINUTE,
        account_wide=True,
        cause=Words(
            zh="15 分钟内发出的邮件数超过了网易邮箱的限制。",
            en="More mails within 15 minutes than NetEase allows.",
        ),
        cure=Words(
            zh="已暂停发信，15 分钟后自动继续。请放慢发信速度。",
            en="Sending is paused and goes on by itself after 15 minutes. Send more slowly.",
        ),
        url=NETEASE_REFUSALS,
        source="NetEase's list of refusals",
        seen_at=("netease",),
    ),
    Entry(
        "netease-connection-limit",
        VerdictClass.RATE_LIMITED,
        text=r"MI:(CEL|DMC|CCL)|RP:(DRC|CCL|CEL|QRC)|HL:(REP|ICC|IFC|MEP)",
        retry=True,
        after=30 * MINUTE,
        account_wide=True,
        cause=Words(
            zh="连接次数、并发数或单次连接的发信量超过了网易邮箱的限制。",
            en="More connections, or more mails in one connection, than NetEase allows.",
        ),
        cure=Words(
            zh="已暂停发信，30 分钟后自动继续。若反复出现，请只留一个发信进程。",
            en="Sending is paused and goes on by itself after 30 minutes. If it comes back, run "
            "only one mail worker.",
        ),
        url=NETEASE_REFUSALS,
        source="NetEase's list of refusals",
        seen_at=("netease",),
    ),
    Entry(
        "throttled",
        VerdictClass.RATE_LIMITED,
        text=r"throttling",
        retry=True,
        after=15 * MINUTE,
        account_wide=True,
        cause=Words(
            zh="服务商正在限流：请求太密集。",
            en="The provider slows this account down: too many requests at once.",
        ),
        cure=Words(
            zh="已暂停发信，15 分钟后自动继续。请放慢发信速度，或向服务商申请更高的频率。",
            en="Sending is paused and goes on by itself after 15 minutes. Send more slowly or ask "
            "the provider for a higher rate.",
        ),
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, API error codes",
        seen_at=("directmail",),
    ),
)
