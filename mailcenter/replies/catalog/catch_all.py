"""The end of the list: nothing is known of the words, and only the first digit is left."""

from mailcenter.replies.catalog.places import HOST
from mailcenter.replies.catalog.waits import MINUTE, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Stage

ENTRIES = (
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
            zh="请看服务器的原始回复，按它说的改好后重发；看不懂就把原话发给邮箱服务商的客服。",
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
            zh=f"确认{HOST.zh}是发信（SMTP）服务器，不是收信的 IMAP、POP3，端口用 465 或 587。",
            en=f"See that {HOST.en} is a server for sending mail (SMTP, not IMAP or POP3), and "
            "that the port is 465 or 587.",
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
            zh="会自动再试几次。若总是这样，请检查服务器地址、端口，以及中间有没有代理。",
            en="It is tried a few times more. If it goes on, check host and port, and whether a "
            "proxy stands in between.",
        ),
        source="RFC 5321 section 4.2",
    ),
)
