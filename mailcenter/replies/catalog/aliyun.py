"""Alibaba Mail's own words; several of its codes mean something else by the standards."""

from mailcenter.replies.catalog.pages import ALIYUN_REFUSALS
from mailcenter.replies.catalog.places import ENTERED
from mailcenter.replies.catalog.stages import SINCE_MAIL, SINCE_RCPT
from mailcenter.replies.catalog.waits import HOUR, MINUTE, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Stage

ALIYUN = ("aliyun",)
SOURCE = "Alibaba Mail, list of refusals"

ENTRIES = (
    Entry(
        "aliyun-log-in-empty",
        VerdictClass.AUTH,
        text=r"username or passwd is NULL|invalid base64",
        code="52[34]",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="账号或密码是空的，或者传过去的登录信息不完整。",
            en="The name or the password is empty, or arrived garbled.",
        ),
        cure=Words(
            zh=f"核对 {ENTERED.zh}，改好后重启。",
            en=f"Check {ENTERED.en}, then restart.",
        ),
        url=ALIYUN_REFUSALS,
        source=SOURCE,
        seen_at=ALIYUN,
    ),
    Entry(
        "aliyun-log-in-not-allowed",
        VerdictClass.AUTH,
        text=r"UC_(OPER_NO_PERMISSION|LOGIN_SOURCE_NOT_ALLOWED|CLIENT_NON_SSL)",
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="阿里邮箱不允许这样登录：SMTP 被关闭、账号无权限，或没有用 SSL。",
            en="Alibaba Mail does not allow this log-in: SMTP is off, the account lacks the "
            "permission, or SSL is missing.",
        ),
        cure=Words(
            zh="请管理员在邮箱后台给这个账号开启 SMTP，并改用 465 端口加 SSL。",
            en="Ask the administrator to allow SMTP for this account, and use port 465 with SSL.",
        ),
        url=ALIYUN_REFUSALS,
        source=SOURCE,
        seen_at=ALIYUN,
    ),
    Entry(
        "aliyun-may-not-send",
        VerdictClass.POLICY,
        code="541",
        stages=SINCE_MAIL,
        providers=ALIYUN,
        after=HOUR,
        account_wide=True,
        cause=Words(
            zh="这个账号被禁止发信。",
            en="This account is not allowed to send.",
        ),
        cure=Words(
            zh="请企业邮箱管理员解除这个账号的发信限制；恢复后邮件会自动发出。",
            en="Ask the administrator of Alibaba Mail to allow this account to send. The waiting "
            "mails leave by themselves afterwards.",
        ),
        url=ALIYUN_REFUSALS,
        source=SOURCE,
    ),
    Entry(
        "aliyun-daily-limit",
        VerdictClass.RATE_LIMITED,
        text=r"number of RCPT attempts",
        retry=True,
        until_tomorrow=True,
        account_wide=True,
        cause=Words(
            zh="阿里邮箱这个账号当天的发信数已到上限。",
            en="The account has reached Alibaba Mail's limit for today.",
        ),
        cure=Words(
            zh="已暂停发信，明天零点（北京时间）过后自动继续。",
            en="Sending is paused and goes on by itself after midnight, Beijing time.",
        ),
        url=ALIYUN_REFUSALS,
        source=SOURCE,
        seen_at=ALIYUN,
    ),
    Entry(
        "aliyun-frequency",
        VerdictClass.RATE_LIMITED,
        text=r"total of RCPTs",
        retry=True,
        after=HOUR,
        account_wide=True,
        cause=Words(
            zh="发信频率超过了阿里邮箱的限制。",
            en="The account sends faster than Alibaba Mail allows.",
        ),
        cure=Words(
            zh="已暂停发信，一小时后自动继续。请放慢速度，一封邮件少放些收件人。",
            en="Sending is paused and goes on by itself after an hour. Send more slowly and to "
            "fewer recipients at once.",
        ),
        url=ALIYUN_REFUSALS,
        source=SOURCE,
        seen_at=ALIYUN,
    ),
    Entry(
        "aliyun-behaviour-later",
        VerdictClass.TEMPORARY,
        text=r"behaviou?r spam",
        code="4..",
        stages=SINCE_MAIL,
        retry=True,
        after=15 * MINUTE,
        cause=Words(
            zh="阿里邮箱觉得最近的发信行为像群发垃圾邮件，暂时拦下。",
            en="Alibaba Mail finds that this account sends like a spammer and holds its mail for "
            "now.",
        ),
        cure=Words(
            zh="15 分钟后自动重试。请放慢速度，不要集中群发。",
            en="It is tried again after 15 minutes. Send more slowly and avoid bursts.",
        ),
        url=ALIYUN_REFUSALS,
        source=SOURCE,
        seen_at=ALIYUN,
    ),
    Entry(
        "aliyun-behaviour",
        VerdictClass.POLICY,
        text=r"behaviou?r spam",
        code="5..",
        stages=SINCE_MAIL,
        cause=Words(
            zh="阿里邮箱认定最近的发信行为像群发垃圾邮件，拒收了这封。",
            en="Alibaba Mail refuses this mail because the account sends like a spammer.",
        ),
        cure=Words(
            zh="停掉群发，清理无效的收件地址，过几小时再重发；仍被拒就联系阿里邮箱客服。",
            en="Stop bulk sending, drop dead addresses and resend some hours later. If it stays "
            "refused, ask Alibaba Mail's support.",
        ),
        url=ALIYUN_REFUSALS,
        source=SOURCE,
        seen_at=ALIYUN,
    ),
    Entry(
        "aliyun-sender-not-local",
        VerdictClass.SENDER_IDENTITY,
        text=r"mail from.{0,10}non-local account|mailfrom account is a local account",
        stages=SINCE_MAIL,
        cause=Words(
            zh="发件地址不是这里的账号，或者连错了服务器。",
            en="The sender is no account of this server, or this is the wrong server.",
        ),
        cure=Words(
            zh="发件地址用登录的账号，发信服务器填 smtp.qiye.aliyun.com，改好后重发。",
            en="Send from the account that logs in, through smtp.qiye.aliyun.com, then resend.",
        ),
        url=ALIYUN_REFUSALS,
        source=SOURCE,
        seen_at=ALIYUN,
    ),
    Entry(
        "aliyun-no-such-recipient",
        VerdictClass.RECIPIENT_UNKNOWN,
        text=r"rcpt.{0,80}(dosn't|doesn't|does not) exist|rcptto account isn.t a local account"
        r"|rcpt to.{0,3} mailbox unavailable|isn't allowed to receive",
        code="5..",
        stages=SINCE_RCPT,
        cause=Words(
            zh="收件地址不存在，或这个邮箱不能收信。",
            en="There is no such mailbox, or it may not receive mail.",
        ),
        cure=Words(
            zh="请用户核对邮箱地址，改正后重新提交；不要再往这个地址发。",
            en="Ask the person to check the address and to enter it again. Don't send to this one "
            "any more.",
        ),
        url=ALIYUN_REFUSALS,
        source=SOURCE,
        seen_at=ALIYUN,
    ),
    Entry(
        "aliyun-too-long",
        VerdictClass.CONTENT_REJECTED,
        code="510",
        stages=SINCE_MAIL,
        providers=ALIYUN,
        cause=Words(
            zh="正文或附件太大，或附件太多，超过了阿里邮箱的上限。",
            en="The text or the attachments are larger, or more, than Alibaba Mail allows.",
        ),
        cure=Words(
            zh="压缩或去掉附件，改用下载链接，然后重发。",
            en="Shrink or drop the attachments, or offer them by link, then resend.",
        ),
        url=ALIYUN_REFUSALS,
        source=SOURCE,
    ),
)
