"""Where the words say nothing known: enhanced status codes of what passes (RFC 3463)."""

from mailcenter.replies.catalog.places import ENTER_CODE
from mailcenter.replies.catalog.stages import SINCE_MAIL, SINCE_RCPT
from mailcenter.replies.catalog.waits import MINUTE, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Stage

ENTRIES = (
    Entry(
        "password-must-change",
        VerdictClass.AUTH,
        enhanced=r"4\.7\.12",  # lasting, although the code is 432
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="服务器要求先更换一次密码，才允许这种登录方式。",
            en="The server wants the password changed once before it allows this log-in.",
        ),
        cure=Words(
            zh=f"到邮箱网页版修改密码或重新生成授权码，{ENTER_CODE.zh}。",
            en=f"Change the password or make a new code on the web; {ENTER_CODE.en}.",
        ),
        source="RFC 4954 section 6",
    ),
    Entry(
        "address-status-later",
        VerdictClass.TEMPORARY,
        enhanced=r"4\.1\.\d+",
        stages=SINCE_MAIL,
        retry=True,
        cause=Words(
            zh="对方一时核对不了发件或收件地址，例如域名解析暂时出错。",
            en="The server can't check the sender's or the recipient's address right now; perhaps "
            "the DNS did not answer it.",
        ),
        cure=Words(
            zh="会自动重试。若一直这样，请核对两边地址 @ 后面的域名。",
            en="It is tried again by itself. If it goes on, check the parts after the @ of both "
            "addresses.",
        ),
        source="RFC 3463 section 3.2",
    ),
    Entry(
        "mailbox-status-later",
        VerdictClass.TEMPORARY,
        enhanced=r"4\.2\.\d+",
        stages=SINCE_RCPT,
        retry=True,
        cause=Words(
            zh="收件人的邮箱正忙，或暂时收不了信。",
            en="The recipient's mailbox is busy or can't take mail right now.",
        ),
        cure=Words(
            zh="会自动重试，间隔逐渐拉长，不用处理。",
            en="It is tried again by itself at growing intervals. There is nothing to do.",
        ),
        source="RFC 3463 section 3.3",
    ),
    Entry(
        "mail-system-later",
        VerdictClass.TEMPORARY,
        enhanced=r"4\.3\.\d+",
        retry=True,
        cause=Words(
            zh="对方的邮件系统正忙、在维护，或磁盘满了。",
            en="The other mail system is busy, under maintenance, or out of space.",
        ),
        cure=Words(
            zh="会自动重试，间隔逐渐拉长，不用处理。",
            en="It is tried again by itself at growing intervals. There is nothing to do.",
        ),
        source="RFC 3463 section 3.4",
    ),
    Entry(
        "routing-later",
        VerdictClass.TEMPORARY,
        enhanced=r"4\.4\.\d+",
        retry=True,
        cause=Words(
            zh="路上出了问题：对方不应答、连接超时，或线路拥堵。",
            en="Trouble on the way: no answer, a timeout, or congestion.",
        ),
        cure=Words(
            zh="会自动重试，间隔逐渐拉长，不用处理。",
            en="It is tried again by itself at growing intervals. There is nothing to do.",
        ),
        source="RFC 3463 section 3.5",
    ),
    Entry(
        "protocol-later",
        VerdictClass.TEMPORARY,
        enhanced=r"4\.5\.\d+",
        retry=True,
        cause=Words(
            zh="服务器这次没接受我们的某条命令，让稍后再来。",
            en="The server did not accept one of our commands this time and asks for another try.",
        ),
        cure=Words(
            zh="会自动重试。若总停在同一步，请把尝试记录里的对话交给开发者。",
            en="It is tried again by itself. If it always stops at the same step, hand the "
            "attempt's dialogue to the developers.",
        ),
        source="RFC 3463 section 3.6",
    ),
    Entry(
        "content-later",
        VerdictClass.TEMPORARY,
        enhanced=r"4\.6\.\d+",
        stages=SINCE_MAIL,
        retry=True,
        cause=Words(
            zh="对方一时处理不了这封邮件的内容。",
            en="The server can't handle the content of this mail right now.",
        ),
        cure=Words(
            zh="会自动重试。若一直这样，请检查模板和附件。",
            en="It is tried again by itself. If it goes on, check template and attachments.",
        ),
        source="RFC 3463 section 3.7",
    ),
    Entry(
        "policy-later",
        VerdictClass.TEMPORARY,
        enhanced=r"4\.7\.\d+",
        stages=SINCE_MAIL,
        retry=True,
        after=5 * MINUTE,
        cause=Words(
            zh="对方按自己的安全规则让我们稍后再来，可能认为发信过快。",
            en="The server's own rules ask for another try later; perhaps too much came at once.",
        ),
        cure=Words(
            zh="五分钟后自动重试。若反复出现，请放慢发信速度，检查发件域名的 SPF 和 DKIM。",
            en="It is tried again after five minutes. If it comes back, send more slowly and "
            "check SPF and DKIM of the sender's domain.",
        ),
        source="RFC 3463 section 3.8",
    ),
    Entry(
        "log-in-later",
        VerdictClass.TEMPORARY,
        enhanced=r"4\.7\.\d+",
        code="4..",
        stages=(Stage.AUTH,),
        retry=True,
        after=5 * MINUTE,
        cause=Words(
            zh="服务器暂时处理不了登录，不一定是密码的问题。",
            en="The server can't check log-ins right now; the password need not be wrong.",
        ),
        cure=Words(
            zh="五分钟后自动重试。若一直这样，请到邮箱网页版看账号是否正常。",
            en="It is tried again after five minutes. If it goes on, look at the account on the "
            "web.",
        ),
        source="RFC 4954 section 6",
    ),
)
