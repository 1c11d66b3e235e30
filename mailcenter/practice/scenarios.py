"""Recipients that provoke a reply: ``<name>@practice.test``.

The texts are what the providers were seen to answer, typing errors included; where only a
code was seen, the words are the provider's own documentation's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailcenter.replies import Stage

DOMAIN = "practice.test"


@dataclass(frozen=True)
class Scenario:
    """name: the local part of the provoking address.

    stage: what is answered in this way. A log-in can't depend on the recipient, so for AUTH
        and MAIL the recipient gets CLOSING, and the next attempt meets the reply.
    reply: the reply on the wire; empty: the server hangs up without a word.
    seconds: how long the server keeps silent first.
    kept: the mail lands in the inbox all the same.
    garbage: QUIT is answered with bytes that are no reply.
    effect: what it does, where the reply alone doesn't tell.
    """

    name: str
    stage: Stage
    reply: str | bytes = ""
    seconds: float = 0
    kept: bool = False
    garbage: bool = False
    effect: str | Promise = ""

    @property
    def address(self) -> str:
        return f"{self.name}@{DOMAIN}"

    @property
    def shown_reply(self) -> str:
        return self.reply if isinstance(self.reply, str) else self.reply.decode("gb18030")


CLOSING = "421 closing transmission channel"
QUEUED = "250 OK: queued as."
FROM_INVALID = (
    '550 The "From" header is missing or invalid. Please follow RFC5322, RFC2047, RFC822 '
    "standard protocol. https://service.mail.qq.com/detail/124/995."
)
LOGIN_FAIL = (
    "535 Login fail. Account is abnormal, service is not open, password is incorrect, login "
    "frequency limited, or system is busy. More information at "
    "https://help.mail.qq.com/detail/108/1023"
)
NEED_AUTH = "503 Error: need EHLO and AUTH first !"
SENDER_DIFFERS = "501 Mail from address must be same as authorization user."
MAILFROM_FIRST = "503 Send command mailfrom first"
INVALID_INPUT = "502 Invalid input from 127.0.0.1 to newxmesmtplogicsvrszb20-0.qq.com."
OLD_HELP = "http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=28&&no=1001256"

REFUSED_LOG_INS: dict[str, str | bytes] = {
    # QQ
    "535-login-fail": LOGIN_FAIL,
    "535-enter-authorization-code": "535 Login Fail. Please enter your authorization code to "
    f"login. More information in {OLD_HELP}",
    "535-gbk": f"535 Error: 请使用授权码登录。详情请看: {OLD_HELP}".encode("gb18030"),
    "535-authentication-failed": "535 Authentication failed",
    "454-open-smtp-flag": "454 Authentication failed, please open smtp flag first!",
    "530-secure-connection": "530 Error: A secure connection is requiered(such as ssl). More "
    "information at http://service.mail.qq.com/cgi-bin/help?id=28",
    "530-login-fail-secure-connection": "530 Login fail. A secure connection is requiered(such "
    "as ssl). More information at https://help.mail.qq.com/detail/0/1010",
    "502-invalid-input": INVALID_INPUT,
    # Tencent Exmail, NetEase
    "535-system-busy": "535 Error: authentication failed, system busy",
    "550-no-permission": "550 User has no permission",
    "535-error-authentication-failed": "535 Error: authentication failed",
    "554-auth-error-limit": "554 IP is rejected, smtp auth error limit exceed",
    "451-too-much-fail-authentication": "451 Requested mail action not taken: too much fail "
    "authentication",
    # Gmail, Outlook
    "535-not-accepted": "535 5.7.8 Username and Password not accepted",
    "534-application-password": "534 5.7.9 Application-specific password required",
    "454-temporary": "454 4.7.0 Cannot authenticate due to a temporary system problem. Try "
    "again later.",
    "535-basic-authentication": "535 5.7.139 Authentication unsuccessful, basic authentication "
    "is disabled.",
    "535-tenant": "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled "
    "for the Tenant.",
    # Aliyun
    "526-wrong-password": "526 Authentication failure[0]",
    "526-too-many-failures": "526 Authentication failure[1]",
    "535-directmail": "535 Authentication failure.",
}

REFUSED_SENDERS = {
    "503-need-auth": NEED_AUTH,
    "501-mail-from": SENDER_DIFFERS,
    "502-invalid-paramenters": "502 Invalid paramenters",
    "553-mail-from": "553 Mail from must equal authorized user",
    "440-mail-from": "440 mail from account doesn't conform with authentication",
    "436-mail-from": '436 "MAIL FROM" doesn\'t conform with authentication',
}

REFUSED_RECIPIENTS = {
    "503-mailfrom-first": MAILFROM_FIRST,
    "421-closing": CLOSING,
    "501-bad-address-syntax": "501 Bad address syntax",
    "421-hl-rep": "421 HL:REP",
    "421-hl-icc": "421 HL:ICC",
    "421-hl-ifc": "421 HL:IFC",
    "421-hl-mep": "421 HL:MEP",
    "554-hl-ipb": "554 HL:IPB",
    "554-blacklist": "554 IP in blacklist",
    "450-mi-cel": "450 MI:CEL",
    "450-mi-dmc": "450 MI:DMC",
    "451-mi-sfq": "451 MI:SFQ",
    "550-mi-stc": "550 MI:STC",
    "554-mi-stc": "554 MI:STC",
    "421-temporary": "421 4.7.0 Temporary System Problem. Try again later.",
    "432-thread-limit": "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
    "551-account-unavailable": "551 Main account unavailable",
    "450-mi-ccl": "450 MI:CCL",
    "450-rp-drc": "450 RP:DRC",
    "550-rp-trc": "550 RP:TRC",
    "550-rp-frl": "550 RP:FRL",
    "550-rp-rcl": "550 RP:RCL",
    "550-invalid-user": "550 Invalid User",
    "550-user-suspended": "550 User suspended",
    "450-too-quickly": "450 4.2.1 The user you are trying to contact is receiving mail too "
    "quickly. Please resend your message at a later time.",
    "452-mailbox-full": "452 4.2.2 The email account that you tried to reach is over quota",
    "452-too-many-recipients": "452 4.5.3 Your message has too many recipients.",
    "550-no-such-account": "550 5.1.1 The email account that you tried to reach does not exist.",
    "559-invalid-rcptto": "559 Invalid rcptto",
    "561-honeypot": "561 Honeypot rcptto",
}

# QQ refuses an unknown recipient here too, not at RCPT.
REFUSED_MAILS = {
    "550-mailbox-not-found": "550 Mailbox not found",
    "550-from-header-invalid": FROM_INVALID,
    "550-too-many-attempts": "550 Too many attempts. Unable to send. Try again later",
    "550-inappropriate-content": "550 The mail may contain inappropriate words or content.",
    "550-ip-frequency": "550 Ip frequency limited",
    "550-domain-frequency": "550 Domain frequency limited",
    "550-sender-frequency": "550 Sender frequency limited",
    "550-connection-frequency": "550 Connection frequency limited",
    "550-receiving-frequency": "550 The frequency of receiving messages is limited",
    "550-connection-denied": "550 Connection denied",
    "550-mailbox-unavailable": "550 Mailbox unavailable or access denied",
    "550-content-denied": "550 Mail content denied",
    "550-rejected-by-recipients": "550 Mail is rejected by recipients",
    "550-suspected-spam": "550 Suspected spam",
    "550-spam-embedded": "550 Spam is embedded in the email",
    "550-suspected-spam-ip": "550 Suspected spam ip",
    "550-suspected-bounce": "550 Suspected bounce attacks",
    "550-spf": "550 SPF check failed",
    "550-dmarc": "550 DMARC check failed",
    "550-deactivated-mailbox": "550 The recipient is a deactivated mailbox",
    "552-message-too-large": "552 Message too large",
    "554-dt-sum": "554 DT:SUM",
    "451-dt-spm": "451 DT:SPM ,please try again",
    "550-dt-spm": "550 DT:SPM",
    "554-dt-spm": "554 DT:SPM",
    "550-mi-spf": "550 MI:SPF",
    "550-mi-dma": "550 MI:DMA",
    "451-temporary": "451 4.3.0 Mail server temporarily rejected message.",
    "550-daily-limit": "550 5.4.5 Daily user sending limit exceeded",
    "550-sending-domain": "550 5.7.515 Access denied, sending domain QQ.COM doesn't meet the "
    "required authentication level",
    "552-security-issue": "552 5.7.0 This message was blocked because its content presents a "
    "potential security issue",
    "552-daily-quota": "552 Daily sending quota exceeded",
    "552-monthly-quota": "552 Monthly sending quota exceeded",
    "552-quota": "552 Not enough sending quota",
    "554-content-spam": "554 Reject by content spam",
}

BROKEN_CONNECTIONS = (
    Scenario("hang-up-at-login", Stage.AUTH, effect=_("hangs up in the middle of the log-in")),
    Scenario("silence", Stage.RCPT, seconds=45, effect=_("never answers, then hangs up")),
    Scenario(
        "hang-up-before-dot",
        Stage.DATA,
        effect=_("hangs up before the content: the mail was certainly not sent"),
    ),
    Scenario(
        "hang-up-after-dot",
        Stage.BODY,
        effect=_("takes the content, hangs up without a reply and throws the mail away"),
    ),
    Scenario(
        "hang-up-after-dot-kept",
        Stage.BODY,
        kept=True,
        effect=_("takes the content, hangs up without a reply and delivers the mail"),
    ),
    Scenario(
        "slow-reply", Stage.BODY, QUEUED, seconds=5, kept=True, effect=_("accepts, but slowly")
    ),
    Scenario(
        "garbage-after-quit",
        Stage.BODY,
        QUEUED,
        kept=True,
        garbage=True,
        effect=_("accepts, and answers QUIT with bytes that are no reply, as QQ does at times"),
    ),
)


def _replies(stage: Stage, replies: Mapping[str, str | bytes]) -> list[Scenario]:
    return [Scenario(name, stage, reply) for name, reply in replies.items()]


# In the order of the list: what a newcomer tries first, first.
SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        *_replies(Stage.BODY, REFUSED_MAILS),
        *BROKEN_CONNECTIONS,
        *_replies(Stage.RCPT, REFUSED_RECIPIENTS),
        *_replies(Stage.MAIL, REFUSED_SENDERS),
        *_replies(Stage.AUTH, REFUSED_LOG_INS),
    )
}


def find(address: str) -> tuple[Scenario, bool] | None:
    """The scenario of ``address`` and whether it is meant for the first time only.

    ``550-once-mailbox-not-found`` is ``550-mailbox-not-found`` once. What follows a plus
    sign is free (RFC 5233), so that one reply can meet several sign-ups.
    """
    local, _at, domain = address.lower().rpartition("@")
    if domain != DOMAIN:
        return None
    name = local.partition("+")[0]
    once = "once-" in name
    scenario = SCENARIOS.get(name.replace("once-", "", 1))
    return (scenario, once) if scenario else None
