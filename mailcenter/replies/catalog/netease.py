"""NetEase's own words for who may send, and from where."""

from mailcenter.replies.catalog.pages import NETEASE_REFUSALS
from mailcenter.replies.catalog.places import SENDER
from mailcenter.replies.catalog.stages import SINCE_MAIL
from mailcenter.replies.catalog.waits import HOUR, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words

NETEASE = ("netease",)
SOURCE = "NetEase's list of refusals"

ENTRIES = (
    Entry(
        "ip-blocked",
        VerdictClass.POLICY,
        text=r"HL:(IPB|IHU|IFQ)|IP in blacklist|IP is rejected",
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
        url=NETEASE_REFUSALS,
        source=SOURCE,
        seen_at=NETEASE,
    ),
    Entry(
        "netease-ip-listed",
        VerdictClass.POLICY,
        text=r"DT:RBL",
        retry=True,
        after=2 * HOUR,
        account_wide=True,
        cause=Words(
            zh="这台服务器的 IP 在公开的垃圾邮件黑名单（RBL）里，网易邮箱不收。",
            en="This server's IP address is on a public block list, which NetEase goes by.",
        ),
        cure=Words(
            zh="到 RBL 查询网站查是哪个黑名单收录的，按它的说明申请移除，或换一个出口 IP。"
            "每两小时自动再试。",
            en="Find the list that names the address and ask for its removal, or send from "
            "another address. It is tried again every two hours.",
        ),
        url=NETEASE_REFUSALS,
        source=SOURCE,
        seen_at=NETEASE,
    ),
    Entry(
        "netease-not-on-allow-list",
        VerdictClass.POLICY,
        text=r"WM:BL[IU]",  # lasting, although the code is 450
        stages=SINCE_MAIL,
        cause=Words(
            zh="收件方只收名单内的 IP 或发件人的邮件，这次不在名单里。",
            en="The recipient's side takes mail from listed addresses only, and this sender or IP "
            "address is not on its list.",
        ),
        cure=Words(
            zh="请收件方的邮箱管理员把您的发件地址或 IP 加入允许名单，再重发。",
            en="Ask the administrator of the recipient's mail to allow your sender or IP address, "
            "then resend.",
        ),
        url=NETEASE_REFUSALS,
        source=SOURCE,
        seen_at=NETEASE,
    ),
    Entry(
        "netease-sender-barred",
        VerdictClass.POLICY,
        text=r"MI:SPB|user in blacklist",
        stages=SINCE_MAIL,
        cause=Words(
            zh="这个发件人不在网易邮箱允许的发信用户之列，或已被拉黑。",
            en="NetEase does not take mail from this sender: it is barred or not on the list of "
            "allowed users.",
        ),
        cure=Words(
            zh="登录网页版看账号有没有被限制；没有就联系网易客服，或请收件人解除拉黑。处理后再重发。",
            en="See on the web whether the account is restricted. If not, ask NetEase's support, "
            "or the recipient to lift the block. Then resend.",
        ),
        url=NETEASE_REFUSALS,
        source=SOURCE,
        seen_at=NETEASE,
    ),
    Entry(
        "netease-host-name",
        VerdictClass.PROTOCOL,
        text=r"MI:NHD|HELO not allowed",
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="服务器不接受本机在问候（EHLO）里报的主机名。",
            en="The server does not accept the host name that this machine gives in its greeting.",
        ),
        cure=Words(
            zh="把本机的主机名改成能解析的完整域名，不要用 localhost 一类的名字，再重启。",
            en="Give this machine a full host name that the DNS knows, not one like localhost, "
            "and restart.",
        ),
        url=NETEASE_REFUSALS,
        source=SOURCE,
        seen_at=NETEASE,
    ),
    Entry(
        "netease-wrong-server",
        VerdictClass.PROTOCOL,
        text=r"no smtp MX only",
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="连到了只管收信（MX）的服务器，它不给客户端发信。",
            en="This server only receives mail for its own domains (an MX); clients can't send "
            "through it.",
        ),
        cure=Words(
            zh="发信服务器填 smtp.163.com、smtp.126.com 或 smtp.yeah.net，端口 465：改 .env 的 "
            "MAIL_HOST 后重启，后台添加的账号到账号页改。",
            en="Send through smtp.163.com, smtp.126.com or smtp.yeah.net on port 465: change "
            "MAIL_HOST in .env and restart, or change the account on its page.",
        ),
        url=NETEASE_REFUSALS,
        source=SOURCE,
        seen_at=NETEASE,
    ),
    Entry(
        "netease-sender-not-local",
        VerdictClass.SENDER_IDENTITY,
        text=r"NULL sender is not allowed|local user only",
        stages=SINCE_MAIL,
        cause=Words(
            zh="信封发件人是空的，或者不是这家邮箱的用户。",
            en="The envelope's sender is empty, or no user of this provider.",
        ),
        cure=Words(
            zh=f"让{SENDER.zh}与登录账号一致，再重发。",
            en=f"Make {SENDER.en} the one that logs in, then resend.",
        ),
        url=NETEASE_REFUSALS,
        source=SOURCE,
        seen_at=NETEASE,
    ),
)
