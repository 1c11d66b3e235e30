"""Codes and words that mean something at one provider only."""

from mailcenter.replies.catalog.waits import HOUR, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words

ENTRIES = (
    Entry(
        "ip-blocked",
        VerdictClass.POLICY,
        text=r"HL:IPB|IP in blacklist|IP is rejected",
        code="5..",
        after=2 * HOUR,
        account_wide=True,
        cause=Words(
            zh="这台服务器的 IP 在对方的黑名单里。",
            en="This server's IP address is on the provider's block list.",
        ),
        cure=Words(
            zh="已暂停发信。请换一个出口 IP，或向邮箱服务商申请解封。",
            en="Sending is paused. Send from another IP address, or ask the provider to lift the "
            "block.",
        ),
        source="NetEase's list of refusals",
    ),
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
        source="Alibaba Cloud DirectMail, SMTP replies (document 44499)",
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
        source="Alibaba Mail, list of refusals",
    ),
)
