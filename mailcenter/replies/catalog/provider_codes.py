"""Codes and words that mean something at one provider only."""

from mailcenter.replies.catalog.pages import ALIYUN_REFUSALS, DIRECTMAIL_CODES
from mailcenter.replies.catalog.waits import HOUR, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words

ENTRIES = (
    Entry(
        "directmail-account-unavailable",
        VerdictClass.POLICY,
        text=r"main account unavailable",
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="阿里云主账号不可用，可能欠费或被禁用。",
            en="The Alibaba Cloud account is unavailable: unpaid, perhaps, or disabled.",
        ),
        cure=Words(
            zh="登录阿里云控制台查看账号和账单状态；恢复后邮件会自动发出。",
            en="See the account and its bills in the Alibaba Cloud console. The waiting mails "
            "leave by themselves afterwards.",
        ),
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, SMTP replies (document 44499)",
        seen_at=("directmail",),
    ),
    Entry(
        "directmail-recipient-refused",
        VerdictClass.RECIPIENT_UNKNOWN,
        code="561|563",
        providers=("directmail",),
        cause=Words(
            zh="邮件推送认为这个收件地址无效。",
            en="DirectMail holds this recipient's address to be invalid.",
        ),
        cure=Words(
            zh="请用户核对邮箱地址；不要再往这个地址发。",
            en="Ask the person to check the address. Don't send to this one any more.",
        ),
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, SMTP replies (document 44499)",
    ),
    Entry(
        "aliyun-mailbox-full",
        VerdictClass.RECIPIENT_FULL,
        code="552",
        providers=("aliyun",),
        retry=True,
        after=6 * HOUR,
        max_attempts=3,
        cause=Words(
            zh="收件人的阿里邮箱满了。",
            en="The recipient's mailbox at Alibaba Mail is full.",
        ),
        cure=Words(
            zh="每隔几小时自动重试，最多三次。请收件人清理邮箱。",
            en="It is tried again some hours later, three times at most. Ask the recipient to make "
            "room.",
        ),
        url=ALIYUN_REFUSALS,
        source="Alibaba Mail, list of refusals",
    ),
)
