"""The log-in is refused: a service that is off, a code that is no longer valid."""

from mailcenter.replies.catalog.pages import QQ_LOG_IN
from mailcenter.replies.catalog.places import ENTER_CODE, ENTERED, USE_SSL
from mailcenter.replies.catalog.waits import PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Failure, Stage

QQ = ("qq",)

ENTRIES = (
    Entry(
        "qq-smtp-off",
        VerdictClass.AUTH,
        text=r"open smtp flag",  # lasting, although the code is 454
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="这个邮箱没有开启 SMTP 服务。",
            en="The SMTP service of this mailbox is switched off.",
        ),
        cure=Words(
            zh="登录 QQ 邮箱网页版，在“设置 → 账号与安全 → 安全设置”里开启 IMAP/SMTP 服务，"
            f"把新授权码{ENTER_CODE.zh}。",
            en="In QQ Mail on the web, open the settings (account and security), switch on "
            f"IMAP/SMTP, and make a new code; {ENTER_CODE.en}.",
        ),
        url=QQ_LOG_IN,
        source="public logs",
        seen_at=QQ,
    ),
    Entry(
        "qq-authorization-code",
        VerdictClass.AUTH,
        text=r"authorization code|授权码",
        code="5..",
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="这里要用授权码登录：填的可能是 QQ 密码，"
            "也可能是已失效的授权码（改过 QQ 密码，授权码就会失效）。",
            en="The log-in takes an authorization code. Perhaps the QQ password was entered, or "
            "an old code: changing the QQ password ends all codes.",
        ),
        cure=Words(
            zh=f"在 QQ 邮箱网页版重新生成授权码（16 个小写字母），{ENTER_CODE.zh}。"
            "新授权码也被拒时，请看有没有异地登录提醒。",
            en="Make a new authorization code (16 small letters) in QQ Mail on the web; "
            f"{ENTER_CODE.en}. If that is refused too, look for a warning about log-ins from an "
            "unusual place.",
        ),
        url=QQ_LOG_IN,
        source="public logs; YMFE/yapi#2219; pandolia/qqbot#221",
        seen_at=QQ,
    ),
    Entry(
        "qq-login-fail",
        VerdictClass.AUTH,
        text=r"login fail",
        code="5..",
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="登录被拒。这句话有五种可能：授权码不对或已失效、SMTP 服务没开、账号异常、"
            "登录太频繁、对方系统忙。",
            en="The log-in was refused. These words can mean five things: the code is wrong or no "
            "longer valid, SMTP is off, the account is restricted, too many log-ins, or the "
            "provider is busy.",
        ),
        cure=Words(
            zh="依次检查：① 地址与服务商是否对应，授权码是否完整；② 网页版里 SMTP 是否开启；"
            "③ 网页版能否正常登录，有无安全提醒；④ 停掉其他登录程序，等 15 分钟；"
            f"⑤ 仍不行就重新生成授权码，{ENTER_CODE.zh}。",
            en="Check in this order: (1) the address belongs to this provider and the code is "
            "complete; (2) SMTP is on in the web settings; (3) you can log in on the web and see "
            "no security warning; (4) stop other programs that log in and wait 15 minutes; "
            f"(5) make a new code; {ENTER_CODE.en}.",
        ),
        url=QQ_LOG_IN,
        source="Tencent help 108/1023; public logs",
        seen_at=QQ,
    ),
    Entry(
        "account-disabled",
        VerdictClass.AUTH,
        text=r"account (is |has been )?(disabled|locked|suspended)",
        enhanced=r"5\.7\.13",
        code="5..",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="这个邮箱账号被停用或锁定了。",
            en="This mailbox has been disabled or locked.",
        ),
        cure=Words(
            zh="登录邮箱网页版，按提示解锁；企业邮箱请管理员恢复账号。恢复后邮件会自动发出。",
            en="Log in on the web and unlock it, or ask the administrator. The waiting mails leave "
            "by themselves afterwards.",
        ),
        source="RFC 5248; IANA, enhanced status codes",
    ),
    Entry(
        "encryption-538",
        VerdictClass.TLS,
        code="538",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="服务器只在加密的连接上接受这种登录。",
            en="The server takes this kind of log-in over an encrypted connection only.",
        ),
        cure=Words(
            zh=f"{USE_SSL.zh}。",
            en=f"{USE_SSL.en}.",
        ),
        source="RFC 4954 section 6",
    ),
    Entry(
        "authentication-failed",
        VerdictClass.AUTH,
        text=r"authentication (fail|unsuccess)",
        enhanced=r"5\.7\.[89]",
        code="5..",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="登录被拒：地址或授权码不对，或授权码已失效。",
            en="The log-in was refused: the address or the code is wrong, or the code has expired.",
        ),
        cure=Words(
            zh=f"核对 {ENTERED.zh}；拿不准就重新生成授权码，填好重启。"
            "用 OAuth2 的账号，重新授权一次。",
            en=f"Compare {ENTERED.en} with the mailbox. In doubt make a new code, put it in and "
            "restart. With OAuth2, grant the access anew.",
        ),
        source="RFC 4954 section 6; public logs",
    ),
    Entry(
        "log-in-535",
        VerdictClass.AUTH,
        code="535|534|526",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="登录被拒，服务器没有说清原因；多半是授权码不对，或 SMTP 服务没开。",
            en="The log-in was refused without a clear reason: most often the code is wrong or "
            "SMTP is switched off.",
        ),
        cure=Words(
            zh=f"到邮箱网页版确认 SMTP 已开启，重新生成授权码，{ENTER_CODE.zh}。",
            en=f"See on the web whether SMTP is on and make a new code; {ENTER_CODE.en}.",
        ),
        source="RFC 4954 section 6",
    ),
    Entry(
        "closed-at-log-in",
        VerdictClass.AUTH,
        failures=(Failure.CLOSED,),
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="登录时服务器没回话就断开了连接，通常等于登录被拒。",
            en="The server hung up in the middle of the log-in without a word, which mostly means "
            "that it refused it.",
        ),
        cure=Words(
            zh="按授权码错误来查：SMTP 是否开启、授权码是否有效；"
            f"必要时重新生成，{ENTER_CODE.zh}。",
            en="Treat it as a wrong code: see whether SMTP is on and the code valid, or make a new "
            f"one; {ENTER_CODE.en}.",
        ),
        source="public logs",
    ),
)
