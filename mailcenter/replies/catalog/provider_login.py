"""Log-ins that each provider refuses in its own way."""

from mailcenter.replies.catalog.pages import (
    ALIYUN_REFUSALS,
    DIRECTMAIL_CODES,
    GMAIL_ERRORS,
    NETEASE_REFUSALS,
    OUTLOOK_SMTP_AUTH,
)
from mailcenter.replies.catalog.places import ENTER_CODE, ENTERED
from mailcenter.replies.catalog.waits import PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Stage

ENTRIES = (
    Entry(
        "exmail-log-in",
        VerdictClass.AUTH,
        text=r"login fail|authorization code|授权码|authentication fail",
        code="5..",
        stages=(Stage.AUTH,),
        providers=("exmail",),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="腾讯企业邮箱拒绝登录：开了安全登录后，普通密码不能用于客户端；也可能是密码不对。",
            en="Tencent Exmail refused the log-in: with secure log-in on, the ordinary password "
            "does not work here; or the password is wrong.",
        ),
        cure=Words(
            zh=f"在企业邮箱网页版生成“客户端专用密码”，{ENTER_CODE.zh}，"
            "并请管理员确认已允许 SMTP。",
            en=f"Make a client password in Exmail on the web; {ENTER_CODE.en}. Ask the "
            "administrator whether SMTP is allowed.",
        ),
        source="public logs",
    ),
    Entry(
        "netease-no-permission",
        VerdictClass.AUTH,
        text=r"has no permission",
        code="5..",
        stages=(Stage.AUTH, Stage.MAIL),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="网易邮箱不允许这个账号用 SMTP：服务未开启、授权码不对，或账号被封了几天。",
            en="NetEase does not let this account use SMTP: the service is off, the code is "
            "wrong, or the account is blocked for some days.",
        ),
        cure=Words(
            zh="登录网易邮箱网页版，看账号是否正常、SMTP 是否开启，再重新生成授权码，"
            f"{ENTER_CODE.zh}。",
            en="In NetEase mail on the web, see whether the account is in order and SMTP is on, "
            f"then make a new code; {ENTER_CODE.en}.",
        ),
        url=NETEASE_REFUSALS,
        source="public logs",
        seen_at=("netease",),
    ),
    Entry(
        "netease-log-in",
        VerdictClass.AUTH,
        text=r"authentication (fail|unsuccess)",
        code="5..",
        stages=(Stage.AUTH,),
        providers=("netease",),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="网易邮箱拒绝登录：授权码不对或已过期，偶尔是对方系统的临时问题。",
            en="NetEase refused the log-in: the code is wrong or has expired; now and then it is "
            "a passing fault on their side.",
        ),
        cure=Words(
            zh=f"稍后会自动再试一次。仍被拒就到网页版重新生成授权码，{ENTER_CODE.zh}。",
            en="It is probed again later. If it stays refused, make a new code on the web; "
            f"{ENTER_CODE.en}.",
        ),
        url=NETEASE_REFUSALS,
        source="public logs",
    ),
    Entry(
        "aliyun-locked",
        VerdictClass.AUTH,
        text=r"authentication failure\[1\]",
        code="5..",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="密码连续输错，阿里邮箱暂时不让这个账号登录。",
            en="Too many wrong passwords: Alibaba Mail lets this account wait.",
        ),
        cure=Words(
            zh=f"已暂停登录。先停掉仍在用旧密码的程序，再核对 {ENTERED.zh}。",
            en="Log-ins are paused. Stop programs that use an old password, then check "
            f"{ENTERED.en}.",
        ),
        url=ALIYUN_REFUSALS,
        source="Alibaba Mail, list of refusals",
        seen_at=("aliyun",),
    ),
    Entry(
        "aliyun-password",
        VerdictClass.AUTH,
        text=r"authentication failure\[0\]",
        code="5..",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="阿里企业邮箱的密码不对，或必须改用“三方客户端安全密码”。",
            en="The password of Alibaba Mail is wrong, or a third-party client password is needed.",
        ),
        cure=Words(
            zh=f"在阿里邮箱网页版生成三方客户端安全密码，{ENTER_CODE.zh}；末尾不要带换行。",
            en="Make a third-party client password in Alibaba Mail on the web; "
            f"{ENTER_CODE.en}, without a trailing newline.",
        ),
        url=ALIYUN_REFUSALS,
        source="Alibaba Mail, list of refusals; public logs",
        seen_at=("aliyun",),
    ),
    Entry(
        "gmail-log-in",
        VerdictClass.AUTH,
        text=r"username and password not accepted|application-specific password",
        enhanced=r"5\.7\.[89]",
        code="5..",
        stages=(Stage.AUTH,),
        providers=("gmail",),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="Gmail 拒绝登录：这里要用“应用专用密码”，账号密码不行；"
            "改过账号密码，旧的应用专用密码也会失效。",
            en="Gmail refused the log-in: it takes an app password, not the account's password, "
            "and changing the account's password ends all app passwords.",
        ),
        cure=Words(
            zh="先给 Google 账号开启两步验证，再生成应用专用密码，"
            f"{ENTER_CODE.zh}。用 OAuth2 的账号，重新授权一次。",
            en="Turn on 2-Step Verification in the Google account and make an app password; "
            f"{ENTER_CODE.en}. With OAuth2, grant the access anew.",
        ),
        url=GMAIL_ERRORS,
        source="Google Workspace SMTP error list",
    ),
    Entry(
        "outlook-log-in",
        VerdictClass.AUTH,
        text=r"basic authentication is disabled|SmtpClientAuthentication is disabled",
        enhanced=r"5\.7\.139",
        code="5..",
        stages=(Stage.AUTH,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="微软不接受密码登录：个人邮箱已停用密码方式，组织邮箱也可能没开 SMTP AUTH。",
            en="Microsoft does not take a password here: personal accounts lost that in 2024, and "
            "an organisation may have SMTP AUTH switched off.",
        ),
        cure=Words(
            zh="在后台给这个账号改用 OAuth2 登录。组织邮箱还可请管理员为该账号开启 SMTP AUTH；"
            "不想用 OAuth2 的个人邮箱，请换支持授权码的邮箱。",
            en="Have the account log in by OAuth2: set it up on its page in the admin. In an "
            "organisation the administrator can allow SMTP AUTH instead; without OAuth2, use a "
            "provider that takes an authorization code.",
        ),
        url=OUTLOOK_SMTP_AUTH,
        source="nodemailer#1714; SmsForwarder#527",
        seen_at=("outlook",),
    ),
    Entry(
        "directmail-log-in",
        VerdictClass.AUTH,
        text=r"authentication fail",
        code="5..",
        stages=(Stage.AUTH,),
        providers=("directmail",),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="阿里云邮件推送拒绝登录：发信地址或它的 SMTP 密码不对。",
            en="Alibaba Cloud DirectMail refused the log-in: the sender address or its SMTP "
            "password is wrong.",
        ),
        cure=Words(
            zh=f"在邮件推送控制台的“发信地址”里重设 SMTP 密码，{ENTER_CODE.zh}。"
            "云账号的登录密码在这里无效。",
            en="Set the sender address's SMTP password anew in the DirectMail console; "
            f"{ENTER_CODE.en}. The cloud account's own password is no use here.",
        ),
        url=DIRECTMAIL_CODES,
        source="Alibaba Cloud DirectMail, SMTP replies (document 44499)",
    ),
)
