"""Delivery services' APIs: what became of the request, and of each recipient."""

from mailcenter.replies.catalog.waits import PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Failure, Stage

ESP = ("esp",)
ANYMAIL_STATUS = "django-anymail, ESP send status"

ENTRIES = (
    Entry(
        "esp-outcome-unknown",
        VerdictClass.NETWORK,
        uncertain=True,
        providers=ESP,
        cause=Words(
            zh="请求已经交给发信服务，但没有拿到看得懂的结果：可能已受理，也可能没有。",
            en="The request went to the service, but no clear answer came back: it may have "
            "accepted the mail or not.",
        ),
        cure=Words(
            zh="先到服务商控制台的发送日志里查这位收件人。确实没有再重发，否则对方可能收到两封。",
            en="Look for the recipient in the log of the service's console first. Resend only if "
            "the mail is not there, or the recipient may get it twice.",
        ),
        source="RFC 9110 sections 9.2.2, 15.6.3 and 15.6.5",
    ),
    Entry(
        "esp-not-configured",
        VerdictClass.AUTH,
        failures=(Failure.CREDENTIALS,),
        providers=ESP,
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="发信服务的配置不完整或写法不对，所以没有发出请求。",
            en="The settings of the delivery service are incomplete or malformed, so no request "
            "was made.",
        ),
        cure=Words(
            zh="对照 Anymail 文档检查 .env 里的 MAIL_ANYMAIL_BACKEND 和 ANYMAIL_ 开头的变量，"
            "改好后重启。排队中的邮件会自动发出。",
            en="Compare MAIL_ANYMAIL_BACKEND and the ANYMAIL_ variables in .env with Anymail's "
            "documentation, and restart. The waiting mails then leave by themselves.",
        ),
        url="https://anymail.dev/en/stable/installation/",
        source="django-anymail, installation",
    ),
    Entry(
        "esp-tls",
        VerdictClass.TLS,
        failures=(Failure.TLS,),
        providers=ESP,
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="与发信服务的 API 建立不了可信的加密连接，为了安全没有继续。",
            en="No trustworthy TLS connection to the service's API, so nothing was sent to it.",
        ),
        cure=Words(
            zh="检查本机时间和系统根证书，看有没有代理或安全软件拦截 HTTPS。",
            en="Check this machine's clock and root certificates, and whether a proxy or security "
            "software intercepts HTTPS.",
        ),
        source="RFC 9110 section 4.3.4",
    ),
    Entry(
        "esp-unreachable",
        VerdictClass.NETWORK,
        failures=(
            Failure.DNS,
            Failure.REFUSED,
            Failure.TIMEOUT,
            Failure.CLOSED,
            Failure.NETWORK,
        ),
        providers=ESP,
        retry=True,
        cause=Words(
            zh="连不上发信服务的 API，请求没有发出。",
            en="The service's API can't be reached; the request was not sent.",
        ),
        cure=Words(
            zh="会自动重试，不会重复。若一直连不上，请检查本机网络、DNS、代理（HTTPS_PROXY）"
            "和 API 地址。",
            en="It is tried again by itself, and nobody gets it twice. If it goes on, check this "
            "machine's network, DNS, proxy (HTTPS_PROXY) and the address of the API.",
        ),
        source="RFC 9110 section 9.2.2",
    ),
    Entry(
        "esp-cannot-carry",
        VerdictClass.PROTOCOL,
        failures=(Failure.PROTOCOL,),
        stages=(Stage.CONNECT,),
        providers=ESP,
        cause=Words(
            zh="这封邮件用到了发信服务的 API 不支持的东西，所以没有发出。",
            en="The mail holds something that the service's API can't carry, so it was not sent.",
        ),
        cure=Words(
            zh="看回复里点名的是什么（例如内嵌图片或邮件头），去掉后重新发送，或换一个账号发。",
            en="See what the reply names, such as an inline image or a header, leave it out and "
            "send again, or send through another account.",
        ),
        source="django-anymail, unsupported features",
    ),
    Entry(
        "esp-recipient-invalid",
        VerdictClass.RECIPIENT_UNKNOWN,
        text=r"^invalid:",
        code="550",
        stages=(Stage.RCPT,),
        providers=ESP,
        cause=Words(
            zh="发信服务认为这个收件地址无效。",
            en="The service holds this recipient's address to be invalid.",
        ),
        cure=Words(
            zh="请用户核对邮箱地址，改正后重新提交；不要再往这个地址发。",
            en="Ask the person to check the address and to enter it again. Don't send to this one "
            "any more.",
        ),
        source=ANYMAIL_STATUS,
    ),
    Entry(
        "esp-recipient-suppressed",
        VerdictClass.POLICY,
        text=r"^rejected:",
        code="550",
        stages=(Stage.RCPT,),
        providers=ESP,
        cause=Words(
            zh="这个地址在发信服务的拒发名单里：以前退过信、投诉过或退订了。",
            en="The address is on the service's suppression list: mail to it bounced, or the "
            "reader complained or unsubscribed.",
        ),
        cure=Words(
            zh="先和收件人确认邮箱能正常收信，再到服务商控制台把它移出名单，然后重发。",
            en="Make sure with the recipient that the mailbox works, take it off the list in the "
            "service's console, then resend.",
        ),
        source=ANYMAIL_STATUS,
    ),
    Entry(
        "esp-recipient-failed",
        VerdictClass.POLICY,
        text=r"^failed:",
        code="550",
        stages=(Stage.RCPT,),
        providers=ESP,
        cause=Words(
            zh="发信服务没能给这位收件人发信，原因见它的原话。",
            en="The service failed to send to this recipient; its own words give the reason.",
        ),
        cure=Words(
            zh="读一读原话，并到服务商控制台查这位收件人的记录，处理后重发。",
            en="Read its words and look the recipient up in the service's console, then resend.",
        ),
        source=ANYMAIL_STATUS,
    ),
    Entry(
        "esp-others-to-blame",
        VerdictClass.PROTOCOL,
        code="4..",
        stages=(Stage.RCPT,),
        providers=ESP,
        retry=True,
        after=0,
        cause=Words(
            zh="因为别的收件人有问题，发信服务把整封邮件退了回来。",
            en="The service turned the whole mail down because of other recipients.",
        ),
        cure=Words(
            zh="有问题的收件人已经剔除，会马上自动补发给其余的人，不用处理。",
            en="Those are left out, and the mail is sent to the others very soon. There is "
            "nothing to do.",
        ),
        source="Postmark, API error 300",
    ),
)
