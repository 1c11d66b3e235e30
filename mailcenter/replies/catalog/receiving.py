"""The receiving side refuses: unknown, full, protected, too many, too large."""

from mailcenter.replies.catalog.pages import DIRECTMAIL_CODES
from mailcenter.replies.catalog.places import SENDER
from mailcenter.replies.catalog.stages import SINCE_RCPT
from mailcenter.replies.catalog.waits import HOUR
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Failure, Stage

TOO_LARGE = Words(
    zh="邮件超过了对方允许的大小。",
    en="The mail is larger than the server takes.",
)
SHRINK = Words(
    zh="压缩或去掉附件，改用下载链接，然后重发。",
    en="Shrink or drop the attachments, or offer them by link, then resend.",
)

ENTRIES = (
    Entry(
        "mailbox-not-found",
        VerdictClass.RECIPIENT_UNKNOWN,
        text=r"(mailbox|user|recipient|account) (is )?(unknown|not (found|known))"
        r"|(mailbox|user|recipient|account) (doesn't|does not) exist"
        r"|(no such|unknown) (user|recipient|mailbox)|invalid (user|rcptto|recipient)"
        r"|account that you tried to reach does not exist|不存在",
        enhanced=r"5\.1\.1",
        code="5..",
        stages=SINCE_RCPT,
        cause=Words(
            zh="收件地址不存在。",
            en="There is no mailbox with this address.",
        ),
        cure=Words(
            zh="请用户核对邮箱地址（常见的是拼错或漏字），改正后重新注册或换绑。不要再往这个地址发。",
            en="Ask the person to check the address for a typing mistake and to sign up or change "
            "it again. Don't send to this one any more.",
        ),
        source="RFC 3463 section 3.2; Tencent's and NetEase's lists of refusals",
    ),
    Entry(
        "mailbox-closed",
        VerdictClass.RECIPIENT_UNKNOWN,
        text=r"deactivated|user suspended"
        r"|(mailbox|account|user) (is |has been )?(disabled|inactive)",
        code="5..",
        stages=SINCE_RCPT,
        cause=Words(
            zh="收件人的邮箱已被停用。",
            en="The recipient's mailbox has been closed or suspended.",
        ),
        cure=Words(
            zh="请用户换一个还在使用的邮箱；不要再往这个地址发。",
            en="Ask the person for an address that is in use. Don't send to this one any more.",
        ),
        source="Tencent's and NetEase's lists of refusals",
    ),
    Entry(
        "mailbox-full",
        VerdictClass.RECIPIENT_FULL,
        text=r"mailbox (is )?full|mailbox.{0,60} is full|full mailbox|over quota",
        enhanced=r"[45]\.2\.2",
        stages=SINCE_RCPT,
        retry=True,
        after=6 * HOUR,
        max_attempts=3,
        cause=Words(
            zh="收件人的邮箱满了。",
            en="The recipient's mailbox is full.",
        ),
        cure=Words(
            zh="每隔几小时自动重试，最多三次。请用户清理邮箱，或换一个地址。",
            en="It is tried again some hours later, three times at most. Ask the person to make "
            "room or to give another address.",
        ),
        source="RFC 3463 section 3.3",
    ),
    Entry(
        "recipient-protected",
        VerdictClass.RATE_LIMITED,
        text=r"mailbox unavailable or access denied",
        stages=SINCE_RCPT,
        retry=True,
        after=4 * HOUR,
        cause=Words(
            zh="发给这位收件人的邮件太多，对方邮箱暂时拒收。",
            en="This recipient gets too much mail, and the mailbox takes none for now.",
        ),
        cure=Words(
            zh="四小时后自动重试，不用处理；不要反复给这个地址重发。",
            en="It is tried again after four hours. Don't resend to this address meanwhile.",
        ),
        source="Tencent's list of refusals",
        seen_at=("qq", "exmail"),
    ),
    Entry(
        "directmail-too-many-recipients",
        VerdictClass.PROTOCOL,
        code="556",
        providers=("directmail",),
        cause=Words(
            zh="一封邮件的收件人超过了邮件推送的上限。",
            en="The mail has more recipients than DirectMail allows.",
        ),
        cure=Words(
            zh="把收件人拆成几封邮件，分别重新发送。",
            en="Split the recipients over several mails and send those.",
        ),
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, SMTP replies (document 44499)",
    ),
    Entry(
        "further-recipients-later",
        VerdictClass.PROTOCOL,
        text=r"too (many|much) (recipient|rcpt)|RP:(FRL|RCL)",
        enhanced=r"[45]\.5\.3",
        stages=(Stage.RCPT,),
        retry=True,
        after=0,
        cause=Words(
            zh="服务器一次只接受这么多收件人，其余几位这次没发成。",
            en="The server takes only so many recipients at once; these are left over.",
        ),
        cure=Words(
            zh="其余收件人很快会自动补发，不用处理。以后请少放一些收件人。",
            en="The rest is sent in another go very soon. Put fewer recipients into one mail.",
        ),
        source="RFC 5321 section 4.5.3.1.10; NetEase's list of refusals",
    ),
    Entry(
        "too-many-recipients",
        VerdictClass.PROTOCOL,
        text=r"too (many|much) (recipient|rcpt)|RP:(FRL|RCL)",
        enhanced=r"5\.5\.3",
        code="5..",
        cause=Words(
            zh="收件人太多，整封邮件被拒。",
            en="The whole mail was refused because it has too many recipients.",
        ),
        cure=Words(
            zh="把收件人拆成几封邮件，分别重新发送。",
            en="Split the recipients over several mails and send those.",
        ),
        source="RFC 3463 section 3.6; NetEase's list of refusals",
    ),
    Entry(
        "too-large",
        VerdictClass.CONTENT_REJECTED,
        text=r"too large|message size|exceed(s|ed)? .{0,20}size ?limit|size exceeds",
        enhanced=r"5\.(2\.3|3\.4)",
        code="5..",
        cause=TOO_LARGE,
        cure=SHRINK,
        source="RFC 1870; RFC 3463 sections 3.3 and 3.4",
    ),
    Entry(
        "directmail-too-long",
        VerdictClass.CONTENT_REJECTED,
        code="557",
        providers=("directmail",),
        cause=TOO_LARGE,
        cure=SHRINK,
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, SMTP replies (document 44499)",
    ),
    Entry(
        "larger-than-announced",
        VerdictClass.CONTENT_REJECTED,
        failures=(Failure.SIZE,),
        cause=Words(
            zh="邮件超过了服务器公布的大小上限，所以没有发出去。",
            en="The mail is larger than the limit that the server announces, so it was not sent.",
        ),
        cure=SHRINK,
        source="RFC 1870 section 6.1",
    ),
    Entry(
        "sender-syntax",
        VerdictClass.SENDER_IDENTITY,
        text=r"bad address syntax",
        enhanced=r"5\.1\.7",
        stages=(Stage.MAIL,),
        code="5..",
        cause=Words(
            zh="发件地址的格式不对。",
            en="The sender's address is malformed.",
        ),
        cure=Words(
            zh=f"检查{SENDER.zh}，改好后重发。",
            en=f"Check {SENDER.en}, then resend.",
        ),
        source="RFC 3463 section 3.2",
    ),
    Entry(
        "recipient-syntax",
        VerdictClass.RECIPIENT_UNKNOWN,
        text=r"bad address syntax",
        enhanced=r"5\.1\.3",
        code="5..",
        stages=SINCE_RCPT,
        cause=Words(
            zh="收件地址的格式不对。",
            en="The recipient's address is malformed.",
        ),
        cure=Words(
            zh="请用户核对邮箱地址，改正后重新提交。",
            en="Ask the person to check the address and to enter it again.",
        ),
        source="RFC 3463 section 3.2; Tencent's list of refusals",
    ),
)
