"""Alibaba Cloud DirectMail: the recipient's domain, and the error codes of its API."""

from mailcenter.replies.catalog.pages import DIRECTMAIL_CODES
from mailcenter.replies.catalog.stages import SINCE_RCPT
from mailcenter.replies.catalog.waits import MINUTE, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words

DIRECTMAIL = ("directmail",)
API_ERRORS = "Alibaba Cloud DirectMail, API error codes"

ENTRIES = (
    Entry(
        "directmail-domain-later",
        VerdictClass.TEMPORARY,
        code="42[37]",
        stages=SINCE_RCPT,
        providers=DIRECTMAIL,
        retry=True,
        cause=Words(
            zh="邮件推送暂时查不到收件域名的 MX 记录，或连不上它的服务器。",
            en="DirectMail can't look up the recipient's domain right now, or can't reach its "
            "server.",
        ),
        cure=Words(
            zh="会自动重试。若一直这样，请用户核对 @ 后面的域名。",
            en="It is tried again by itself. If it goes on, ask the person to check the part "
            "after the @.",
        ),
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, return codes",
    ),
    Entry(
        "directmail-no-such-domain",
        VerdictClass.RECIPIENT_UNKNOWN,
        code="52[46]",
        stages=SINCE_RCPT,
        providers=DIRECTMAIL,
        cause=Words(
            zh="收件域名没有 MX 记录，收不了信。",
            en="The recipient's domain has no server for mail.",
        ),
        cure=Words(
            zh="请用户核对 @ 后面的域名，改正后重新提交。",
            en="Ask the person to check the part after the @ and to enter the address again.",
        ),
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, return codes",
    ),
    Entry(
        "directmail-setting",
        VerdictClass.PROTOCOL,
        text=r"^invalid setting",
        code="504",
        providers=DIRECTMAIL,
        cause=Words(
            zh="邮件头 X-AliDM-Settings 的内容不合规定。",
            en="The header X-AliDM-Settings of this mail is malformed.",
        ),
        cure=Words(
            zh="对照邮件推送文档改正或去掉这个邮件头，再重发。",
            en="Correct the header as DirectMail's documentation says, or leave it out, then "
            "resend.",
        ),
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, return codes",
    ),
    Entry(
        "directmail-api-key",
        VerdictClass.AUTH,
        text=r"InvalidAccessKeyId|SignatureDoesNotMatch|Forbidden\.RiskControl",
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="邮件推送的接口不认这个 AccessKey，或账号被风控。",
            en="DirectMail's API does not accept the access key, or the account is held for "
            "review.",
        ),
        cure=Words(
            zh="到阿里云控制台核对 AccessKey 和它的权限；被风控就提交工单。",
            en="Check the access key and its permissions in the Alibaba Cloud console. If the "
            "account is held, open a ticket there.",
        ),
        source=API_ERRORS,
        seen_at=DIRECTMAIL,
    ),
    Entry(
        "directmail-api-sender",
        VerdictClass.SENDER_IDENTITY,
        text=r"InvalidMailAddress",
        cause=Words(
            zh="发信地址不存在、状态不对，或它的域名没有通过验证。",
            en="The sender address does not exist in DirectMail, is not active, or its domain is "
            "not verified.",
        ),
        cure=Words(
            zh="到邮件推送控制台的“发信地址”里核对，改好后重发。",
            en="Check it under sender addresses in the DirectMail console, then resend.",
        ),
        source=API_ERRORS,
        seen_at=DIRECTMAIL,
    ),
    Entry(
        "directmail-api-recipient",
        VerdictClass.RECIPIENT_UNKNOWN,
        text=r"InvalidToAddress",
        stages=SINCE_RCPT,
        cause=Words(
            zh="邮件推送认为这个收件地址无效。",
            en="DirectMail holds this recipient's address to be invalid.",
        ),
        cure=Words(
            zh="请用户核对邮箱地址；不要再往这个地址发。",
            en="Ask the person to check the address. Don't send to this one any more.",
        ),
        source=API_ERRORS,
        seen_at=DIRECTMAIL,
    ),
    Entry(
        "directmail-api-content",
        VerdictClass.CONTENT_REJECTED,
        text=r"InvalidBody|InvalidSubject|InvalidFromAlias|InvalidReplyAddress",
        cause=Words(
            zh="正文、标题、发件人昵称或回复地址不合邮件推送的规定。",
            en="Body, subject, sender's name or reply address break DirectMail's rules.",
        ),
        cure=Words(
            zh="按报错的那一项改：标题最多 100 字、昵称不到 15 字，再重发。",
            en="Change what the error names: a subject of 100 characters at most, a name of fewer "
            "than 15. Then resend.",
        ),
        source=API_ERRORS,
        seen_at=DIRECTMAIL,
    ),
    Entry(
        "directmail-api-later",
        VerdictClass.TEMPORARY,
        text=r"InvalidSendMail\.Spam|\bInternalError\b|\bServiceUnavailable\b",
        retry=True,
        after=15 * MINUTE,
        cause=Words(
            zh="邮件推送的接口暂时不可用，或这会儿超过了它的额度。",
            en="DirectMail's API is unavailable right now, or a limit of it is reached.",
        ),
        cure=Words(
            zh="15 分钟后自动重试。若一直这样，请到控制台看额度和账号状态。",
            en="It is tried again after 15 minutes. If it goes on, see quota and state of the "
            "account in the console.",
        ),
        source=API_ERRORS,
        seen_at=DIRECTMAIL,
    ),
)
