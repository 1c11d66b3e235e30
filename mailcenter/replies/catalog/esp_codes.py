"""Delivery services' APIs: the HTTP status of the answer.

Its sense is not SMTP's: a 4xx is for good, a 5xx passes. So these stand before the general rules,
and none but these services' answers reaches them.
"""

from mailcenter.replies.catalog.esp import ESP
from mailcenter.replies.catalog.waits import HOUR, MINUTE, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words

QUOTA = Words(
    zh="发信服务的额度已用完，或者账号欠费。",
    en="The service's quota is used up, or a bill is unpaid.",
)
TOP_UP = Words(
    zh="已暂停发信，每小时自动试一次。请登录服务商控制台查看用量和账单，充值或升级套餐。",
    en="Sending is paused and tried once an hour. See usage and bills in the service's console, "
    "and pay or move to a larger plan.",
)
KEY_REFUSED = Words(
    zh="发信服务不认这个 API 密钥：密钥不对、已被停用，或没有发信权限。",
    en="The service does not accept the API key: it is wrong, was revoked, or may not send.",
)
NEW_KEY = Words(
    zh="到服务商控制台核对 API 密钥和它的发信权限，也看看有没有限制来源 IP；"
    "把新密钥填到 .env 里对应的 ANYMAIL_ 变量，然后重启。排队中的邮件会自动发出。",
    en="Check the key, its permission to send and any limit to certain IP addresses in the "
    "service's console, put the right one into its ANYMAIL_ variable in .env and restart. The "
    "waiting mails then leave by themselves.",
)

ENTRIES = (
    Entry(
        "esp-quota",
        VerdictClass.RATE_LIMITED,
        code="402",
        providers=ESP,
        retry=True,
        after=HOUR,
        account_wide=True,
        cause=QUOTA,
        cure=TOP_UP,
        source="RFC 9110 section 15.5.3",
    ),
    Entry(
        "esp-quota-in-words",
        VerdictClass.RATE_LIMITED,
        text=r"credits? (exceeded|exhausted)|(insufficient|not enough|out of) credit"
        r"|(quota|daily limit|monthly limit|sending limit)s? .{0,30}(exceeded|reached)",
        code="4..",
        providers=ESP,
        retry=True,
        after=HOUR,
        account_wide=True,
        cause=QUOTA,
        cure=TOP_UP,
        # SendGrid says it with 401.
        source="SendGrid, v3 API errors",
    ),
    Entry(
        "esp-sender-not-verified",
        VerdictClass.SENDER_IDENTITY,
        text=r"sender (identity|signature|domain)|domain not found|domain is not verified"
        r"|not a verified|verif(y|ied) (your|the|a)? ?(sender|domain)|invalid 'from'",
        code="4..",
        providers=ESP,
        cause=Words(
            zh="发件地址或它的域名还没有在发信服务那里通过验证。",
            en="The sender's address or its domain has not been verified with the service.",
        ),
        cure=Words(
            zh="到服务商控制台验证发件域名，或把 MAIL_ADDRESS 改成已验证的地址并重启，然后重发。",
            en="Verify the domain in the service's console, or make MAIL_ADDRESS a verified "
            "address and restart. Then resend.",
        ),
        source="Mailgun, Postmark and SendGrid, API errors",
    ),
    Entry(
        "esp-test-account",
        VerdictClass.POLICY,
        text=r"authorized recipients|testing (e-?mails|domain)|test purposes only",
        code="4..",
        providers=ESP,
        cause=Words(
            zh="发信服务的账号还在试用状态，只能发给少数登记过的地址。",
            en="The service's account is still on trial and sends to a few registered addresses "
            "only.",
        ),
        cure=Words(
            zh="到服务商控制台验证发件域名或升级账号，然后重发。",
            en="Verify a domain or upgrade the account in the service's console, then resend.",
        ),
        source="Mailgun and Resend, API errors",
    ),
    Entry(
        "esp-key-refused",
        VerdictClass.AUTH,
        code="401|403",
        providers=ESP,
        after=PROBE,
        account_wide=True,
        cause=KEY_REFUSED,
        cure=NEW_KEY,
        source="RFC 9110 sections 15.5.2 and 15.5.4",
    ),
    Entry(
        "esp-key-refused-in-words",
        VerdictClass.AUTH,
        text=r"InvalidServerAPIKey|AccessDenied|ServerSuspended",
        code="2..",
        providers=ESP,
        after=PROBE,
        account_wide=True,
        cause=KEY_REFUSED,
        cure=NEW_KEY,
        # It answers 200 to everything.
        source="Postal, API errors",
    ),
    Entry(
        "esp-rate-limited",
        VerdictClass.RATE_LIMITED,
        code="429",
        providers=ESP,
        retry=True,
        after=15 * MINUTE,
        account_wide=True,
        cause=Words(
            zh="请求太密集，发信服务正在限流。",
            en="Too many requests at once: the service slows this account down.",
        ),
        cure=Words(
            zh="已暂停发信，15 分钟后自动继续。经常这样就设 MAIL_PER_MINUTE 放慢速度，"
            "或向服务商申请更高的频率。",
            en="Sending is paused and goes on by itself after 15 minutes. If it happens often, "
            "set MAIL_PER_MINUTE or ask the service for a higher rate.",
        ),
        source="RFC 6585 section 4",
    ),
    Entry(
        "esp-wrong-address",
        VerdictClass.PROTOCOL,
        code="3..|405",
        providers=ESP,
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="配置的 API 地址不对：该地址发生跳转，或不是发信接口。",
            en="The address of the API is wrong: it points elsewhere, or takes no such request.",
        ),
        cure=Words(
            zh="检查 ANYMAIL_…_API_URL：要用 https，区域和路径要对。改好后重启，邮件会自动发出。",
            en="Check ANYMAIL_…_API_URL: https, the right region, the right path. Restart, and "
            "the waiting mails leave by themselves.",
        ),
        source="RFC 9110 sections 15.4 and 15.5.6",
    ),
    Entry(
        "esp-too-large",
        VerdictClass.CONTENT_REJECTED,
        code="413",
        providers=ESP,
        cause=Words(
            zh="邮件超过了发信服务允许的大小。",
            en="The mail is larger than the service takes.",
        ),
        cure=Words(
            zh="压缩或去掉附件，改用下载链接，然后重发。",
            en="Shrink or drop the attachments, or offer them by link, then resend.",
        ),
        source="RFC 9110 section 15.5.14",
    ),
    Entry(
        "esp-later",
        VerdictClass.TEMPORARY,
        code="408|425|5..",
        providers=ESP,
        retry=True,
        cause=Words(
            zh="发信服务自己出了故障，暂时收不了。",
            en="The service has trouble of its own and can't take the mail right now.",
        ),
        cure=Words(
            zh="会自动重试，间隔逐渐拉长。若一直这样，请看服务商的状态页。",
            en="It is tried again by itself at growing intervals. If it goes on, see the "
            "service's status page.",
        ),
        source="RFC 9110 section 15.6",
    ),
    Entry(
        "esp-refused",
        VerdictClass.POLICY,
        code="2..|4..",
        providers=ESP,
        cause=Words(
            zh="发信服务拒绝了这封邮件，原因见它的原话。",
            en="The service refused this mail; its own words give the reason.",
        ),
        cure=Words(
            zh="按原话检查内容、收件人和发件地址，改好后重发；看不懂就把原话发给服务商的客服。",
            en="Check content, recipients and sender as its words say, then resend. If they are "
            "unclear, ask the service's support.",
        ),
        source="RFC 9110 section 15.5",
    ),
)
