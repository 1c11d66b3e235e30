"""Gmail's own words."""

from mailcenter.replies.catalog.pages import GMAIL_ERRORS
from mailcenter.replies.catalog.stages import SINCE_MAIL
from mailcenter.replies.catalog.waits import HOUR, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Stage

GMAIL = ("gmail",)
SOURCE = "Google Workspace SMTP error list"

ENTRIES = (
    Entry(
        "gmail-web-log-in",
        VerdictClass.AUTH,
        text=r"log in (with|via) your web browser",
        enhanced=r"5\.7\.14",
        code="5..",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="Google 觉得这次登录可疑，要求先在浏览器里确认是本人。",
            en="Google finds this log-in suspicious and wants the owner to confirm it in a "
            "browser.",
        ),
        cure=Words(
            zh="用浏览器登录这个 Google 账号，确认安全提醒；再用应用专用密码或 OAuth2 登录。",
            en="Log in to the Google account with a browser and confirm the security notice. Use "
            "an app password or OAuth2 here.",
        ),
        url=GMAIL_ERRORS,
        source=SOURCE,
        seen_at=GMAIL,
    ),
    Entry(
        "gmail-unusual-rate",
        VerdictClass.RATE_LIMITED,
        text=r"unusual rate of",
        enhanced=r"[45]\.7\.28",
        retry=True,
        after=HOUR,
        account_wide=True,
        cause=Words(
            zh="对方发现这个账号或 IP 短时间内发信异常多，暂时限制发信。",
            en="The server sees an unusual amount of mail from this account or IP address and "
            "slows it down.",
        ),
        cure=Words(
            zh="已暂停发信，一小时后自动继续。请放慢速度，并检查是不是有程序在异常发信。",
            en="Sending is paused and goes on by itself after an hour. Send more slowly, and see "
            "whether some program sends what it should not.",
        ),
        url=GMAIL_ERRORS,
        source=SOURCE,
        seen_at=GMAIL,
    ),
    Entry(
        "gmail-unsolicited",
        VerdictClass.CONTENT_REJECTED,
        text=r"likely (unsolicited|suspicious)",
        code="5..",
        stages=SINCE_MAIL,
        cause=Words(
            zh="Gmail 认为这封邮件很可能是垃圾邮件，拒收了。",
            en="Gmail holds this mail to be spam, most likely, and blocked it.",
        ),
        cure=Words(
            zh="确认发件域名的 SPF、DKIM、DMARC 都通过；精简内容和链接，再重发。",
            en="See that SPF, DKIM and DMARC of the sender's domain pass, trim content and links, "
            "then resend.",
        ),
        url=GMAIL_ERRORS,
        source=SOURCE,
        seen_at=GMAIL,
    ),
    Entry(
        "gmail-too-quickly",
        VerdictClass.TEMPORARY,
        text=r"receiving mail (too quickly|at a rate)",
        code="4..",
        stages=SINCE_MAIL,
        retry=True,
        after=HOUR,
        cause=Words(
            zh="这位收件人短时间内收到的邮件太多，Gmail 让过一会儿再发。",
            en="This recipient gets mail too quickly, and Gmail asks for another try later.",
        ),
        cure=Words(
            zh="一小时后自动重试，不用处理；不要给这个地址连续重发。",
            en="It is tried again after an hour. Don't resend to this address meanwhile.",
        ),
        url=GMAIL_ERRORS,
        source=SOURCE,
        seen_at=GMAIL,
    ),
)
