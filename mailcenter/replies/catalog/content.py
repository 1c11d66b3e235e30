"""The content is refused."""

from mailcenter.replies.catalog.pages import GMAIL_ERRORS, NETEASE_REFUSALS
from mailcenter.replies.catalog.waits import MINUTE
from mailcenter.replies.entry import Entry, VerdictClass, Words

ENTRIES = (
    Entry(
        "netease-spam-try-later",
        VerdictClass.TEMPORARY,
        text=r"DT:SPM",
        code="4..",
        retry=True,
        after=2 * MINUTE,
        cause=Words(
            zh="网易邮箱觉得这封邮件可疑，暂缓接收。",
            en="NetEase finds this mail suspicious and puts it off.",
        ),
        cure=Words(
            zh="会自动重试。多次被拒就改一改标题和正文，少放链接。",
            en="It is tried again by itself. If it stays refused, reword subject and text and use "
            "fewer links.",
        ),
        url=NETEASE_REFUSALS,
        source="NetEase's list of refusals",
        seen_at=("netease",),
    ),
    Entry(
        "qq-inappropriate-words",
        VerdictClass.CONTENT_REJECTED,
        text=r"inappropriate words",
        code="5..",
        cause=Words(
            zh="QQ 邮箱的内容过滤判定邮件含不当词语或内容。",
            en="QQ Mail's content filter objects to words or content of this mail.",
        ),
        cure=Words(
            zh="修改模板：避开营销用语，减少链接，少用短链接和图片，然后重发。",
            en="Change the template: no advertising phrases, fewer links, no shortened links, few "
            "images. Then resend.",
        ),
        source="public logs; TrendRadar#373",
        seen_at=("qq",),
    ),
    Entry(
        "spam-suspected",
        VerdictClass.CONTENT_REJECTED,
        text=r"content denied|DT:SPM|content spam|suspected spam|spam is embedded",
        code="5..",
        cause=Words(
            zh="对方把这封邮件当成了垃圾邮件。",
            en="The server takes this mail for spam.",
        ),
        cure=Words(
            zh="修改标题和正文，减少链接和图片，写清楚收件人为什么会收到，然后重发。",
            en="Reword subject and text, use fewer links and images, say why the recipient gets "
            "the mail, then resend.",
        ),
        source="NetEase's, Tencent's and Alibaba Cloud's lists of refusals",
        seen_at=("qq", "exmail", "netease", "aliyun", "directmail"),
    ),
    Entry(
        "rejected-by-recipients",
        VerdictClass.CONTENT_REJECTED,
        text=r"rejected by recipients",
        code="5..",
        cause=Words(
            zh="收件人把这类邮件拒收或投诉过，对方不再接收。",
            en="Recipients blocked mail like this or complained about it.",
        ),
        cure=Words(
            zh="不要再往这个地址重发；请收件人把您的发件地址加入白名单。",
            en="Don't resend to this address. The recipient can put your sender address on their "
            "allow list.",
        ),
        source="Tencent's list of refusals",
        seen_at=("qq", "exmail"),
    ),
    Entry(
        "gmail-security-block",
        VerdictClass.CONTENT_REJECTED,
        enhanced=r"5\.7\.0",
        code="552",
        cause=Words(
            zh="Gmail 认为内容或附件有安全风险，拒收了这封邮件。",
            en="Gmail blocked the mail: its content or an attachment may be dangerous.",
        ),
        cure=Words(
            zh="去掉可执行文件、加密压缩包等附件，改用链接提供下载，然后重发。",
            en="Leave out programs, encrypted archives and the like, offer them by link instead, "
            "then resend.",
        ),
        url=GMAIL_ERRORS,
        source="Google Workspace SMTP error list",
        seen_at=("gmail",),
    ),
)
