"""Microsoft's own words: Outlook and Microsoft 365."""

from mailcenter.replies.catalog.pages import OUTLOOK_REPORTS
from mailcenter.replies.catalog.stages import SINCE_MAIL, SINCE_RCPT
from mailcenter.replies.catalog.waits import DAY, HOUR, MINUTE, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words

OUTLOOK = ("outlook",)
SOURCE = "Microsoft, non-delivery reports in Exchange Online"

ENTRIES = (
    Entry(
        "outlook-send-as",
        VerdictClass.SENDER_IDENTITY,
        text=r"SendAsDenied|permissions? to send as this sender",
        enhanced=r"5\.7\.60",
        code="5..",
        cause=Words(
            zh="登录的账号没有权限用这个发件地址发信。",
            en="The account that logged in may not send as this address.",
        ),
        cure=Words(
            zh="发件地址改成登录账号自己的地址，或请管理员授予“代理发送”（Send As）权限，再重发。",
            en="Send from the account's own address, or ask the administrator for the Send As "
            "permission, then resend.",
        ),
        url=OUTLOOK_REPORTS,
        source=SOURCE,
        seen_at=OUTLOOK,
    ),
    Entry(
        "outlook-daily-limit",
        VerdictClass.RATE_LIMITED,
        text=r"reached your daily limit|submission quota exceeded",
        enhanced=r"5\.1\.90",
        retry=True,
        after=DAY,
        account_wide=True,
        cause=Words(
            zh="这个账号 24 小时内的收件人数已到上限。",
            en="The account has written to as many recipients as it may within 24 hours.",
        ),
        cure=Words(
            zh="已暂停发信，24 小时后自动继续。若经常不够用，请改用邮件推送服务。",
            en="Sending is paused and goes on by itself after 24 hours. If that happens often, "
            "use a delivery service.",
        ),
        url=OUTLOOK_REPORTS,
        source=SOURCE,
        seen_at=OUTLOOK,
    ),
    Entry(
        "outlook-sender-blocked",
        VerdictClass.POLICY,
        text=r"bad outbound sender|traffic not accepted from this IP|tenant has exceeded",
        enhanced=r"5\.7\.(50[1-3]|70[0-9]|750)",
        code="5..",
        after=HOUR,
        account_wide=True,
        cause=Words(
            zh="微软判断这个账号、组织或 IP 在发垃圾邮件，已停止它对外发信。",
            en="Microsoft takes this account, organisation or IP address for a source of spam and "
            "has stopped it.",
        ),
        cure=Words(
            zh="请管理员到 Microsoft 365 后台的“受限用户”里查看并解除，改掉密码，"
            "查明异常发信的来源。",
            en="Ask the administrator to look under restricted users in Microsoft 365, lift the "
            "block, change the password, and find out what was sent.",
        ),
        url=OUTLOOK_REPORTS,
        source=SOURCE,
        seen_at=OUTLOOK,
    ),
    Entry(
        "outlook-recipient-denied",
        VerdictClass.RECIPIENT_UNKNOWN,
        text=r"recipient address rejected: access denied",
        code="5..",
        stages=SINCE_RCPT,
        cause=Words(
            zh="收件方的目录里没有这个地址，所以拒收。",
            en="The recipient's organisation does not list this address and refuses it.",
        ),
        cure=Words(
            zh="请用户核对邮箱地址，改正后重新提交；不要再往这个地址发。",
            en="Ask the person to check the address and to enter it again. Don't send to this one "
            "any more.",
        ),
        url=OUTLOOK_REPORTS,
        source=SOURCE,
        seen_at=OUTLOOK,
    ),
    Entry(
        "outlook-thread-limit",
        VerdictClass.TEMPORARY,
        text=r"thread limit",
        code="4..",
        stages=SINCE_MAIL,
        retry=True,
        after=2 * MINUTE,
        cause=Words(
            zh="同时发信的连接太多，微软暂时不收。",
            en="Too many connections send through this mailbox at once, and Microsoft takes no "
            "more for now.",
        ),
        cure=Words(
            zh="会自动重试，不用处理。若经常出现，请减少发信进程，或调低每分钟发信数。",
            en="It is tried again by itself. If it happens often, run fewer mail workers or lower "
            "the account's limit a minute.",
        ),
        url=OUTLOOK_REPORTS,
        source=SOURCE,
        seen_at=OUTLOOK,
    ),
    Entry(
        "outlook-not-authenticated",
        VerdictClass.PROTOCOL,
        text=r"client (was|is) not authenticated",
        enhanced=r"5\.7\.57",
        code="5..",
        stages=SINCE_MAIL,
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="没有登录成功就开始发信，微软不接受匿名发信。",
            en="The mail was announced without a log-in, and Microsoft takes no anonymous mail.",
        ),
        cure=Words(
            zh="检查账号地址和密码（或 OAuth2）是否填好，端口用 587 加 STARTTLS。",
            en="See that the address and the password (or OAuth2) are set, and use port 587 with "
            "STARTTLS.",
        ),
        url=OUTLOOK_REPORTS,
        source=SOURCE,
        seen_at=OUTLOOK,
    ),
)
