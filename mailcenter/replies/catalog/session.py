"""What keeps a log-in from being tried: locks, missing TLS, a missing code."""

from mailcenter.replies.catalog.pages import NETEASE_REFUSALS, QQ_TLS
from mailcenter.replies.catalog.places import ENTER_CODE, ENTERED, USE_SSL
from mailcenter.replies.catalog.waits import DAY, MINUTE, PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Failure

ENTRIES = (
    Entry(
        "too-many-log-ins",
        VerdictClass.RATE_LIMITED,
        text=r"too many AUTH commands",
        retry=True,
        after=15 * MINUTE,
        account_wide=True,
        cause=Words(
            zh="短时间内登录次数太多。授权码没有问题，只是要等一等。",
            en="Too many log-ins in a short time. The code is not to blame.",
        ),
        cure=Words(
            zh="已暂停发信，15 分钟后自动继续。看看是否有别的程序也在用这个账号登录。",
            en="Sending is paused and goes on by itself after 15 minutes. See whether other "
            "programs log in with the same account.",
        ),
        source="Postfix anvil(8), smtpd_client_auth_rate_limit",
    ),
    Entry(
        "log-in-locked",
        VerdictClass.POLICY,
        text=r"smtp auth error limit|too much fail authentication",
        retry=True,
        after=DAY,
        account_wide=True,
        cause=Words(
            zh="登录失败次数太多，服务商已封锁这个账号或 IP 的登录。",
            en="So many log-ins failed that the provider locked out the account or this IP.",
        ),
        cure=Words(
            zh="已停止登录 24 小时。请先停掉其他仍在用旧授权码的程序，再换上新的授权码。",
            en="No log-in is tried for 24 hours. Stop every other program that still uses an old "
            "code, then put in a new one.",
        ),
        url=NETEASE_REFUSALS,
        source="NetEase's list of refusals; public logs",
        seen_at=("netease",),
    ),
    Entry(
        "tls-required",
        VerdictClass.TLS,
        text=r"secure connection is requi|must issue a? ?STARTTLS",  # QQ writes "requiered"
        enhanced=r"5\.7\.1[01]",
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="服务器要求加密连接，而这次登录没有加密。",
            en="The server wants an encrypted connection, and this log-in was not encrypted.",
        ),
        cure=Words(
            zh=f"{USE_SSL.zh}（587 端口要配 STARTTLS）。",
            en=f"{USE_SSL.en} (port 587 goes with STARTTLS).",
        ),
        url=QQ_TLS,
        source="RFC 3207 section 4; RFC 4954 section 6; public logs",
        seen_at=("qq", "gmail"),
    ),
    Entry(
        "not-logged-in",
        VerdictClass.PROTOCOL,
        text=r"need EHLO and AUTH first|authentication is required",
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="还没登录就开始发信，服务器不接受。",
            en="The mail was announced before a log-in, which the server does not take.",
        ),
        cure=Words(
            zh=f"检查 {ENTERED.zh}是否都已填写，改好后重启。",
            en=f"See that {ENTERED.en} are set, then restart.",
        ),
        source="public logs",
        seen_at=("qq", "netease"),
    ),
    Entry(
        "no-authorization-code",
        VerdictClass.AUTH,
        failures=(Failure.CREDENTIALS,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="没有配置授权码，所以没有去登录。",
            en="No authorization code is configured, so no log-in was tried.",
        ),
        cure=Words(
            zh=f"在邮箱网页版的设置里生成授权码，{ENTER_CODE.zh}。排队中的邮件会自动发出。",
            en=f"Make an authorization code in the mailbox's web settings; {ENTER_CODE.en}. The "
            "waiting mails then leave by themselves.",
        ),
        source="RFC 4954",
    ),
)
