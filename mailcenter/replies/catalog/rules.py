"""Where the words say nothing known: the stage, the enhanced code, then the first digit."""

from mailcenter.replies.catalog.waits import MINUTE, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Stage

ENTRIES = (
    Entry(
        "log-in-command-refused",
        VerdictClass.PROTOCOL,
        code="50[0-4]",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="服务器不支持这种登录方式。",
            en="The server does not know this way of logging in.",
        ),
        cure=Words(
            zh="确认 MAIL_HOST 是发信（SMTP）服务器，端口用 465 或 587，然后重启。",
            en="See that MAIL_HOST is a server for sending mail (SMTP), use port 465 or 587, then "
            "restart.",
        ),
        source="RFC 5321 section 4.2.2; RFC 4954",
    ),
    Entry(
        "log-in-refused",
        VerdictClass.AUTH,
        code="5..",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="服务器在登录这一步拒绝了这个账号。",
            en="The server refused this account at the log-in.",
        ),
        cure=Words(
            zh="读一读服务器的原话，再到邮箱网页版查看账号状态和 SMTP 开关。",
            en="Read the server's own words, then see the account and its SMTP switch on the web.",
        ),
        source="RFC 4954 section 6",
    ),
    Entry(
        "starttls-refused",
        VerdictClass.TLS,
        code="5..",
        stages=(Stage.TLS,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="服务器拒绝了 STARTTLS，无法加密。",
            en="The server refused STARTTLS, so the connection can't be encrypted.",
        ),
        cure=Words(
            zh="在 .env 里改用 465 端口和 MAIL_SECURITY=ssl，然后重启。",
            en="Use port 465 with MAIL_SECURITY=ssl in .env and restart.",
        ),
        source="RFC 3207 section 4",
    ),
    Entry(
        "turned-away",
        VerdictClass.POLICY,
        code="5..",
        stages=(Stage.CONNECT, Stage.EHLO),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="刚连上就被服务器拒绝，和邮件内容无关。",
            en="The server turned this machine away at the greeting; no mail is to blame.",
        ),
        cure=Words(
            zh="确认 MAIL_HOST 和端口；若无误，多半是 IP 被限制，请读服务器的原话或联系服务商。",
            en="Check MAIL_HOST and the port. If they are right, this IP address is probably "
            "barred: read the server's words or ask the provider.",
        ),
        source="RFC 5321 section 3.1",
    ),
    Entry(
        "log-in-required",
        VerdictClass.PROTOCOL,
        code="530",
        stages=(Stage.MAIL,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="服务器要求先登录或先加密，才肯收信。",
            en="The server takes mail only after a log-in, or over an encrypted connection.",
        ),
        cure=Words(
            zh="检查 .env 里的 MAIL_ADDRESS、MAIL_AUTH_CODE、MAIL_PORT、"
            "MAIL_SECURITY，改好后重启。",
            en="Check MAIL_ADDRESS, MAIL_AUTH_CODE, MAIL_PORT and MAIL_SECURITY in .env, then "
            "restart.",
        ),
        source="RFC 4954 section 6; RFC 3207 section 4",
    ),
    Entry(
        "sender-refused",
        VerdictClass.SENDER_IDENTITY,
        code="501|553",
        stages=(Stage.MAIL,),
        cause=Words(
            zh="服务器不接受这个发件地址。",
            en="The server does not take this sender's address.",
        ),
        cure=Words(
            zh="让 .env 的 MAIL_ADDRESS 与登录账号一致，重启后再重发。",
            en="Make MAIL_ADDRESS in .env the account's own address, restart, then resend.",
        ),
        source="RFC 5321 section 4.3.2",
    ),
    Entry(
        "sender-status",
        VerdictClass.SENDER_IDENTITY,
        enhanced=r"5\.1\.[78]",
        cause=Words(
            zh="对方认为发件地址或它的域名无效。",
            en="The server holds the sender's address or its domain to be invalid.",
        ),
        cure=Words(
            zh="检查 MAIL_ADDRESS 和它的域名能否正常收信，改好后重发。",
            en="Check MAIL_ADDRESS and whether its domain can receive mail, then resend.",
        ),
        source="RFC 3463 section 3.2",
    ),
    Entry(
        "recipient-status",
        VerdictClass.RECIPIENT_UNKNOWN,
        enhanced=r"5\.1\.(2|6|10)|5\.2\.1",
        stages=(Stage.RCPT, Stage.DATA, Stage.BODY),
        cause=Words(
            zh="收件域名不存在、不收信，或邮箱已迁走、停用。",
            en="The recipient's domain doesn't exist or takes no mail, or the mailbox has moved or "
            "been disabled.",
        ),
        cure=Words(
            zh="请用户核对 @ 后面的域名，或换一个邮箱。",
            en="Ask the person to check the part after the @, or to give another address.",
        ),
        source="RFC 3463 sections 3.2 and 3.3; RFC 7505",
    ),
    Entry(
        "temporary",
        VerdictClass.TEMPORARY,
        code="4..",
        retry=True,
        cause=Words(
            zh="服务器暂时收不了，让稍后再来。",
            en="The server can't take the mail right now and asks for another try.",
        ),
        cure=Words(
            zh="会自动重试，间隔逐渐拉长，不用处理。",
            en="It is tried again by itself at growing intervals. There is nothing to do.",
        ),
        source="RFC 5321 section 4.2.1",
    ),
    Entry(
        "refused",
        VerdictClass.POLICY,
        code="5..",
        cause=Words(
            zh="服务器明确拒收了这封邮件，原因见它的原话。",
            en="The server refused this mail for good; its own words give the reason.",
        ),
        cure=Words(
            zh="读一读服务器的原话，按它说的改好后重发；看不懂就把原话发给邮箱服务商的客服。",
            en="Read the server's words, put right what they name and resend. If they are unclear, "
            "ask the provider's support.",
        ),
        source="RFC 5321 section 4.2.1",
    ),
    Entry(
        "no-smtp-conversation",
        VerdictClass.PROTOCOL,
        stages=(Stage.CONNECT, Stage.TLS, Stage.EHLO, Stage.AUTH),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="对方的回应不是 SMTP，或者不提供登录。",
            en="The other side doesn't speak SMTP, or offers no log-in.",
        ),
        cure=Words(
            zh="确认 MAIL_HOST 是发信（SMTP）服务器而不是收信的 IMAP、POP3，端口用 465 或 587。",
            en="See that MAIL_HOST is a server for sending mail (SMTP, not IMAP or POP3), and that "
            "the port is 465 or 587.",
        ),
        source="RFC 5321 section 4.2; RFC 4954 section 3",
    ),
    # No condition: whatever else comes ends here.
    Entry(
        "unexpected",
        VerdictClass.PROTOCOL,
        retry=True,
        after=5 * MINUTE,
        max_attempts=3,
        cause=Words(
            zh="服务器的回应不合 SMTP 规范，邮件还没有交出去。",
            en="The server's answer does not fit the protocol. The mail was not handed over.",
        ),
        cure=Words(
            zh="会自动再试几次。若总是这样，请检查 MAIL_HOST、端口，以及中间有没有代理。",
            en="It is tried a few times more. If it goes on, check MAIL_HOST, the port, and "
            "whether a proxy stands in between.",
        ),
        source="RFC 5321 section 4.2",
    ),
)
