"""Where the words say nothing known: what a refusal means at its stage."""

from mailcenter.replies.catalog.places import ENTERED, HOST, SENDER, USE_SSL
from mailcenter.replies.catalog.stages import SINCE_MAIL
from mailcenter.replies.catalog.waits import PROBE
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
            zh=f"确认{HOST.zh}是发信（SMTP）服务器，端口用 465 或 587。",
            en=f"See that {HOST.en} is a server for sending mail (SMTP), and use port 465 or 587.",
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
            zh="请看服务器的原始回复，再到邮箱网页版查看账号状态和 SMTP 开关。",
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
            zh=f"{USE_SSL.zh}。",
            en=f"{USE_SSL.en}.",
        ),
        source="RFC 3207 section 4",
    ),
    Entry(
        "server-takes-no-mail",
        VerdictClass.POLICY,
        code="521",
        stages=(Stage.CONNECT, Stage.EHLO),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="这台服务器不收任何邮件。",
            en="This server takes no mail at all.",
        ),
        cure=Words(
            zh=f"改正{HOST.zh}，端口用 465 或 587。",
            en=f"Correct {HOST.en}, and use port 465 or 587.",
        ),
        source="RFC 5321 section 3.1; RFC 7504",
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
            zh=f"确认{HOST.zh}和端口；若无误，多半是 IP 被限制，请读服务器的原话或联系服务商。",
            en=f"Check {HOST.en} and the port. If they are right, this IP address is probably "
            "barred: read the server's words or ask the provider.",
        ),
        source="RFC 5321 section 3.1",
    ),
    Entry(
        "log-in-required",
        VerdictClass.PROTOCOL,
        code="530",
        stages=SINCE_MAIL,
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="服务器要求先登录或先加密，才肯收信。",
            en="The server takes mail only after a log-in, or over an encrypted connection.",
        ),
        cure=Words(
            zh=f"检查 {ENTERED.zh}是否都已填写；端口用 465 加 SSL，或 587 加 STARTTLS。",
            en=f"See that {ENTERED.en} are set, and use port 465 with SSL or 587 with STARTTLS.",
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
            zh=f"让{SENDER.zh}与登录账号一致，再重发。",
            en=f"Make {SENDER.en} the one that logs in, then resend.",
        ),
        source="RFC 5321 section 4.3.2",
    ),
)
