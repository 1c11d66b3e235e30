"""Where the words say nothing known: lasting enhanced status codes (RFC 3463, IANA registry)."""

from mailcenter.replies.catalog.stages import SINCE_MAIL, SINCE_RCPT
from mailcenter.replies.entry import Entry, VerdictClass, Words

ENTRIES = (
    Entry(
        "sender-status",
        VerdictClass.SENDER_IDENTITY,
        enhanced=r"5\.1\.[78]",
        stages=SINCE_MAIL,
        cause=Words(
            zh="对方认为发件地址或它的域名无效。",
            en="The server holds the sender's address or its domain to be invalid.",
        ),
        cure=Words(
            zh="检查发件地址和它的域名能否正常收信，改好后重发。",
            en="Check the sender's address and whether its domain can receive mail, then resend.",
        ),
        source="RFC 3463 section 3.2",
    ),
    Entry(
        "recipient-status",
        VerdictClass.RECIPIENT_UNKNOWN,
        enhanced=r"5\.1\.(2|4|6|10)|5\.2\.1",
        stages=SINCE_RCPT,
        cause=Words(
            zh="收件域名不存在、不收信，或邮箱已迁走、停用。",
            en="The recipient's domain doesn't exist or takes no mail, or the mailbox has moved or "
            "been disabled.",
        ),
        cure=Words(
            zh="请用户核对 @ 后面的域名，或换一个邮箱。",
            en="Ask the person to check the part after the @, or to give another address.",
        ),
        source="RFC 3463 sections 3.2 and 3.3; RFC 7505",
    ),
    Entry(
        "address-changed-hands",
        VerdictClass.RECIPIENT_UNKNOWN,
        enhanced=r"5\.7\.1[789]",
        stages=SINCE_RCPT,
        cause=Words(
            zh="这个邮箱或域名已易主，服务器不再把邮件交给它。",
            en="The mailbox or its domain has another owner by now, and the mail was kept from "
            "them.",
        ),
        cure=Words(
            zh="不要再往这个地址发；请用户换一个邮箱。",
            en="Don't send to this address any more. Ask the person for another one.",
        ),
        source="RFC 7293 section 6",
    ),
    Entry(
        "address-status",
        VerdictClass.POLICY,
        enhanced=r"5\.1\.\d+",
        stages=SINCE_MAIL,
        cause=Words(
            zh="服务器不接受信封里的某个地址，但没说清是哪一点。",
            en="The server does not accept one of the addresses, and does not say why.",
        ),
        cure=Words(
            zh="请看服务器的原始回复，核对发件地址和收件地址，改好后重发。",
            en="Read the server's words, check the sender's and the recipient's address, then "
            "resend.",
        ),
        source="RFC 3463 section 3.2",
    ),
    Entry(
        "mailbox-status",
        VerdictClass.POLICY,
        enhanced=r"5\.2\.\d+",
        stages=SINCE_MAIL,
        cause=Words(
            zh="收件人的邮箱有问题，收不了这封邮件。",
            en="Something about the recipient's mailbox keeps it from taking this mail.",
        ),
        cure=Words(
            zh="请看服务器的原始回复，和收件人确认邮箱能正常收信，再重发。",
            en="Read the server's words, make sure with the recipient that the mailbox works, "
            "then resend.",
        ),
        source="RFC 3463 section 3.3",
    ),
    Entry(
        "mail-system-status",
        VerdictClass.POLICY,
        enhanced=r"5\.3\.\d+",
        stages=SINCE_MAIL,
        cause=Words(
            zh="对方的邮件系统不收这封邮件：不对外收信、缺少所需功能，或配置有误。",
            en="The other mail system can't take this mail: it takes none from outside, lacks a "
            "feature, or is set up wrongly.",
        ),
        cure=Words(
            zh="请收件人联系他的邮箱管理员，修好后再重发。",
            en="Have the recipient tell the administrator of that system; resend once it is "
            "mended.",
        ),
        source="RFC 3463 section 3.4",
    ),
    Entry(
        "routing-status",
        VerdictClass.POLICY,
        enhanced=r"5\.4\.\d+",
        stages=SINCE_MAIL,
        cause=Words(
            zh="邮件送不到对方的服务器：没有路由、对方不应答、转发成环，或在路上放得太久。",
            en="The mail can't reach the other server: no route, no answer, a loop, or too long "
            "on the way.",
        ),
        cure=Words(
            zh="核对收件地址 @ 后面的域名；域名无误就请对方管理员检查 MX 记录和转发，再重发。",
            en="Check the part after the @. If it is right, have the other administrator look at "
            "MX records and forwarding, then resend.",
        ),
        source="RFC 3463 section 3.5",
    ),
    Entry(
        "protocol-status",
        VerdictClass.PROTOCOL,
        enhanced=r"5\.5\.\d+",
        stages=SINCE_MAIL,
        cause=Words(
            zh="服务器看不懂或不接受我们发去的某条命令。",
            en="The server does not understand or accept one of our commands.",
        ),
        cure=Words(
            zh="看尝试记录里的对话，检查地址里有没有特殊字符；看不出来就把对话交给开发者。",
            en="Read the dialogue in the attempt and look for odd characters in the addresses. "
            "If nothing shows, hand the dialogue to the developers.",
        ),
        source="RFC 3463 section 3.6",
    ),
    Entry(
        "needs-smtputf8",
        VerdictClass.PROTOCOL,
        enhanced=r"5\.6\.(7|8|9|10)",
        stages=SINCE_MAIL,
        cause=Words(
            zh="地址或邮件头里有非英文字符，而对方的服务器不支持（SMTPUTF8）。",
            en="An address or header holds letters outside ASCII that the server can't carry "
            "(SMTPUTF8).",
        ),
        cure=Words(
            zh="请收件人换一个纯英文字母的地址，再重发。",
            en="Ask the recipient for an address in plain ASCII, then resend.",
        ),
        source="RFC 6531 section 3.7.4",
    ),
    Entry(
        "content-status",
        VerdictClass.CONTENT_REJECTED,
        enhanced=r"5\.6\.\d+",
        stages=SINCE_MAIL,
        cause=Words(
            zh="对方处理不了这封邮件的内容或附件格式。",
            en="The server can't handle the content of this mail or the form of an attachment.",
        ),
        cure=Words(
            zh="换一种附件格式或去掉附件，检查模板，再重发。",
            en="Change or leave out the attachments, check the template, then resend.",
        ),
        source="RFC 3463 section 3.7",
    ),
    Entry(
        "list-closed",
        VerdictClass.POLICY,
        enhanced=r"5\.7\.2",
        stages=SINCE_MAIL,
        cause=Words(
            zh="收件地址是邮件列表，发件人没有权限往里发。",
            en="The recipient is a mailing list, and this sender may not write to it.",
        ),
        cure=Words(
            zh="请列表管理员放行发件地址，或改发给个人。",
            en="Ask the list's owner to allow the sender, or write to people instead.",
        ),
        source="RFC 3463 section 3.8",
    ),
    Entry(
        "cryptography-status",
        VerdictClass.POLICY,
        enhanced=r"5\.7\.([3-7]|30)",
        stages=SINCE_MAIL,
        cause=Words(
            zh="邮件要求的加密、签名或安全功能，对方不支持或核对不过。",
            en="The server lacks a security feature that the mail wants, or a signature in it "
            "does not hold.",
        ),
        cure=Words(
            zh="去掉邮件里的加密、签名或特殊安全要求，再重发。",
            en="Send it without encryption, signature or special demands.",
        ),
        source="RFC 3463 section 3.8; RFC 8689",
    ),
    Entry(
        "policy-status",
        VerdictClass.POLICY,
        enhanced=r"5\.7\.\d+",
        stages=SINCE_MAIL,
        cause=Words(
            zh="对方按自己的安全规则拒收了这封邮件：发件人没有权限、信誉不够，或内容可疑。",
            en="The server's own rules forbid this mail: the sender may not write there, has a "
            "poor reputation, or the content is suspect.",
        ),
        cure=Words(
            zh="请看服务器的原始回复；检查发件域名的 SPF、DKIM、DMARC 和邮件内容，"
            "必要时请收件人把您加入白名单，再重发。",
            en="Read the server's words, check SPF, DKIM and DMARC of the sender's domain and the "
            "content, or have the recipient allow you, then resend.",
        ),
        source="RFC 3463 section 3.8",
    ),
)
