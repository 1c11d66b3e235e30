"""The sender is refused: the envelope's or the From header's."""

from mailcenter.replies.catalog.pages import (
    ALIYUN_REFUSALS,
    DIRECTMAIL_CODES,
    NETEASE_REFUSALS,
    QQ_FROM_HEADER,
)
from mailcenter.replies.catalog.places import SENDER
from mailcenter.replies.catalog.waits import PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Stage

ENTRIES = (
    Entry(
        "directmail-sender",
        VerdictClass.SENDER_IDENTITY,
        code="436",  # lasting, although it begins with 4
        providers=("directmail",),
        cause=Words(
            zh="发件地址与登录邮件推送的发信地址不一致。",
            en="The sender is not the address that logged in to DirectMail.",
        ),
        cure=Words(
            zh=f"把{SENDER.zh}改成控制台里已验证的发信地址，再重发这封邮件。",
            en=f"Make {SENDER.en} a verified sender address of the console, then resend this mail.",
        ),
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, SMTP replies (document 44499)",
    ),
    Entry(
        "aliyun-sender",
        VerdictClass.SENDER_IDENTITY,
        code="440",  # lasting, although it begins with 4
        providers=("aliyun",),
        cause=Words(
            zh="发件地址与登录阿里邮箱的账号不一致。",
            en="The sender is not the account that logged in to Alibaba Mail.",
        ),
        cure=Words(
            zh=f"让{SENDER.zh}与登录账号一致，再重发这封邮件。",
            en=f"Make {SENDER.en} the one that logs in, then resend this mail.",
        ),
        url=ALIYUN_REFUSALS,
        source="Alibaba Mail, list of refusals",
    ),
    Entry(
        "sender-not-account",
        VerdictClass.SENDER_IDENTITY,
        text=r"mail from.{0,80}(same as|must equal|conform)",
        cause=Words(
            zh="发件地址与登录的邮箱账号不一致。",
            en="The sender address is not the account that logged in.",
        ),
        cure=Words(
            zh=f"让{SENDER.zh}与登录账号一致，检查代码里有没有写死别的发件人，再重发这封邮件。",
            en=f"Make {SENDER.en} the one that logs in, look for another sender written into the "
            "code, then resend this mail.",
        ),
        source="public logs; node-solid-server#1281",
        seen_at=("qq", "netease", "aliyun", "directmail"),
    ),
    Entry(
        "netease-sender-differs",
        VerdictClass.SENDER_IDENTITY,
        text=r"DT:SUM",
        cause=Words(
            zh="信封发件人与邮件头里的 From 不一致，网易邮箱不收。",
            en="The envelope's sender and the From header differ, which NetEase refuses.",
        ),
        cure=Words(
            zh="两处都用账号自己的地址；想让人回复到别处，请用 Reply-To。改好后重发。",
            en="Use the account's address in both, and Reply-To for answers to another address. "
            "Then resend.",
        ),
        url=NETEASE_REFUSALS,
        source="NetEase's list of refusals",
        seen_at=("netease",),
    ),
    Entry(
        "from-header-invalid",
        VerdictClass.SENDER_IDENTITY,
        text=r'"?from"? header is missing or invalid',
        cause=Words(
            zh="From 头缺失或格式不对。QQ 邮箱只收“昵称可编码、地址不编码”的写法。",
            en="The From header is missing or malformed: QQ Mail wants the name encoded and the "
            "address plain.",
        ),
        cure=Words(
            zh="发件人写成“昵称 <地址>”，只给昵称做 base64 编码；"
            "检查昵称（.env 的 MAIL_FROM_NAME，或账号页）里有没有特殊符号，再重发。",
            en="Write the sender as name <address> with only the name base64-encoded, look for odd "
            "characters in the name (MAIL_FROM_NAME in .env, or the account's page), then resend.",
        ),
        url=QQ_FROM_HEADER,
        source="Tencent help 124/995",
        seen_at=("qq",),
    ),
    Entry(
        "envelope-sender-malformed",
        VerdictClass.SENDER_IDENTITY,
        text=r"invalid paramen?ters|invalid input from",
        stages=(Stage.MAIL,),
        cause=Words(
            zh="信封发件人的写法服务器看不懂，多半混进了昵称或多余的尖括号。",
            en="The server can't read the envelope's sender: most likely it holds a name or a "
            "second pair of angle brackets.",
        ),
        cure=Words(
            zh=f"信封发件人只写纯地址，例如 abc@qq.com；检查{SENDER.zh}，改好后重发。",
            en=f"The envelope takes a bare address such as abc@qq.com. Check {SENDER.en}, then "
            "resend.",
        ),
        source="public logs",
        seen_at=("qq",),
    ),
    Entry(
        "log-in-malformed",
        VerdictClass.PROTOCOL,
        text=r"invalid paramen?ters|invalid input from",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="服务器看不懂登录命令。",
            en="The server can't read the log-in command.",
        ),
        cure=Words(
            zh="看尝试记录里前一步的回复；检查授权码有没有多余字符，服务器地址和端口对不对。",
            en="Read the reply before this one in the attempt, then check the code for stray "
            "characters and the host and port.",
        ),
        source="public logs; gshang2017/docker#18",
        seen_at=("qq",),
    ),
    Entry(
        "sender-was-refused",
        VerdictClass.PROTOCOL,
        text=r"send command mailfrom first",
        cause=Words(
            zh="发件人在前一步已被拒，这一句只是后果。",
            en="The sender was refused one step earlier; this reply is only the consequence.",
        ),
        cure=Words(
            zh="看尝试记录里 MAIL 那一步的回复，按那条处理后重发。",
            en="Read the reply to MAIL in the attempt, act on that one, then resend.",
        ),
        source="public logs",
        seen_at=("qq",),
    ),
)
