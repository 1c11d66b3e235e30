"""What servers really said, word for word, and what it has to be taken for.

Each row: provider, stage, the reply as it came, the entry that must catch it, its class, whether
the mail is retried by itself, and whether the whole account is paused.
"""

from __future__ import annotations

from typing import NamedTuple

from mailcenter.replies import Failure, Reply, Stage
from mailcenter.replies import VerdictClass as C

CONNECT, TLS, EHLO, AUTH = Stage.CONNECT, Stage.TLS, Stage.EHLO, Stage.AUTH
MAIL, RCPT, DATA, BODY, DONE = Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DONE


class Captured(NamedTuple):
    provider: str
    stage: Stage
    came: str | bytes | Reply
    slug: str
    verdict_class: C
    retry: bool
    account_wide: bool
    maybe_accepted: bool = False

    def reply(self) -> Reply:
        if isinstance(self.came, Reply):
            return self.came
        raw = self.came if isinstance(self.came, bytes) else self.came.encode()
        texts = [line[4:] for line in raw.split(b"\n")]
        return Reply.parse(int(raw[:3]), b"\n".join(texts))


def failed(failure: Failure, text: str = "") -> Reply:
    return Reply(None, text, failure=failure)


NO, YES = False, True

LOGIN_FAIL = (
    "535 Login fail. Account is abnormal, service is not open, password is incorrect, login "
    "frequency limited, or system is busy. More information at "
    "https://help.mail.qq.com/detail/108/1023"
)
OLD_LOGIN_FAIL = (
    "535 Login Fail. Please enter your authorization code to login. More information in "
    "http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=28&&no=1001256"
)
GBK_LOGIN_FAIL = (
    "535 Error: 请使用授权码登录。详情请看: "
    "http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=28&&no=1001256"
).encode("gbk")
OLD_NO_TLS = (
    "530 Error: A secure connection is requiered(such as ssl). More information at "
    "http://service.mail.qq.com/cgi-bin/help?id=28"
)
NO_TLS = (
    "530 Login fail. A secure connection is requiered(such as ssl). More information at "
    "https://help.mail.qq.com/detail/0/1010"
)
FROM_INVALID = (
    '550 The "From" header is missing or invalid. Please follow RFC5322, RFC2047, RFC822 standard '
    "protocol. https://service.mail.qq.com/detail/124/995."
)
NOT_AUTHENTICATED_DOMAIN = (
    "550 5.7.515 Access denied, sending domain QQ.COM doesn't meet the required authentication "
    "level"
)
BASIC_AUTH = "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."
TENANT = (
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
)
GMAIL_BLOCKED = (
    "552-5.7.0 This message was blocked because its content presents a potential\n"
    "552 5.7.0 security issue."
)
FEW_COMMANDS = "450 4.7.1 Error: too many AUTH commands from localhost[127.0.0.1]"

QQ = (
    (AUTH, LOGIN_FAIL, "qq-login-fail", C.AUTH, NO, YES),
    (AUTH, OLD_LOGIN_FAIL, "qq-authorization-code", C.AUTH, NO, YES),
    (AUTH, GBK_LOGIN_FAIL, "qq-authorization-code", C.AUTH, NO, YES),
    (AUTH, "535 Authentication failed", "authentication-failed", C.AUTH, NO, YES),
    (
        AUTH,
        "454 Authentication failed, please open smtp flag first!",
        "qq-smtp-off",
        C.AUTH,
        NO,
        YES,
    ),
    (AUTH, OLD_NO_TLS, "tls-required", C.TLS, NO, YES),
    (AUTH, NO_TLS, "tls-required", C.TLS, NO, YES),
    (MAIL, "503 Error: need EHLO and AUTH first !", "not-logged-in", C.PROTOCOL, NO, YES),
    (RCPT, "503 Send command mailfrom first", "sender-was-refused", C.PROTOCOL, NO, NO),
    (
        MAIL,
        "501 Mail from address must be same as authorization user.",
        "sender-not-account",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (
        MAIL,
        "502 Invalid paramenters",
        "envelope-sender-malformed",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (
        MAIL,
        "502 Invalid input from 203.0.113.7 to newxmesmtplogicsvrszb20-0.qq.com.",
        "envelope-sender-malformed",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (
        AUTH,
        "502 Invalid input from 203.0.113.7 to newxmesmtplogicsvrszb20-0.qq.com.",
        "log-in-malformed",
        C.PROTOCOL,
        NO,
        YES,
    ),
    (BODY, FROM_INVALID, "from-header-invalid", C.SENDER_IDENTITY, NO, NO),
    (
        BODY,
        "550 Too many attempts. Unable to send. Try again later",
        "qq-too-many-attempts",
        C.RATE_LIMITED,
        YES,
        YES,
    ),
    (
        BODY,
        "550 The mail may contain inappropriate words or content.",
        "qq-inappropriate-words",
        C.CONTENT_REJECTED,
        NO,
        NO,
    ),
    (BODY, "550 Mailbox not found", "mailbox-not-found", C.RECIPIENT_UNKNOWN, NO, NO),
    (BODY, "550 Ip frequency limited", "frequency-limited", C.RATE_LIMITED, YES, YES),
    (BODY, "550 Domain frequency limited", "frequency-limited", C.RATE_LIMITED, YES, YES),
    (BODY, "550 Sender frequency limited", "frequency-limited", C.RATE_LIMITED, YES, YES),
    (CONNECT, "550 Connection frequency limited", "frequency-limited", C.RATE_LIMITED, YES, YES),
    (
        BODY,
        "550 frequency of receiving messages is limited",
        "recipient-frequency-limited",
        C.RATE_LIMITED,
        YES,
        NO,
    ),
    (CONNECT, "550 Connection denied", "connection-denied", C.POLICY, YES, YES),
    (
        BODY,
        "550 Mailbox unavailable or access denied",
        "recipient-protected",
        C.RATE_LIMITED,
        YES,
        NO,
    ),
    (BODY, "550 Mail content denied", "spam-suspected", C.CONTENT_REJECTED, NO, NO),
    (
        BODY,
        "550 Mail is rejected by recipients",
        "rejected-by-recipients",
        C.CONTENT_REJECTED,
        NO,
        NO,
    ),
    (BODY, "550 Suspected spam", "spam-suspected", C.CONTENT_REJECTED, NO, NO),
    (BODY, "550 Spam is embedded in the email", "spam-suspected", C.CONTENT_REJECTED, NO, NO),
    (CONNECT, "550 Suspected spam ip", "suspected-source", C.POLICY, YES, YES),
    (BODY, "550 Suspected bounce attacks", "suspected-source", C.POLICY, YES, YES),
    (BODY, "550 SPF check failed", "sender-domain-unproven", C.POLICY, NO, NO),
    (BODY, "550 DMARC check failed", "sender-domain-unproven", C.POLICY, NO, NO),
    (BODY, "550 is a deactivated mailbox", "mailbox-closed", C.RECIPIENT_UNKNOWN, NO, NO),
    (RCPT, "501 Bad address syntax", "recipient-syntax", C.RECIPIENT_UNKNOWN, NO, NO),
    (MAIL, "501 Bad address syntax", "sender-syntax", C.SENDER_IDENTITY, NO, NO),
    (BODY, "552 Message too large", "too-large", C.CONTENT_REJECTED, NO, NO),
    (BODY, NOT_AUTHENTICATED_DOMAIN, "sender-domain-unproven", C.POLICY, NO, NO),
    (
        BODY,
        "550 收件人邮件地址（nobody@qq.com）不存在，邮件无法送达。",
        "mailbox-not-found",
        C.RECIPIENT_UNKNOWN,
        NO,
        NO,
    ),
)
EXMAIL = (
    (
        AUTH,
        "535 Error: authentication failed, system busy",
        "exmail-log-in",
        C.AUTH,
        NO,
        YES,
    ),
    (AUTH, "535 Login fail. Please using weixin token", "exmail-log-in", C.AUTH, NO, YES),
)
NETEASE = (
    (AUTH, "550 User has no permission", "netease-no-permission", C.AUTH, NO, YES),
    (AUTH, "535 Error: authentication failed", "netease-log-in", C.AUTH, NO, YES),
    (
        MAIL,
        "553 Mail from must equal authorized user",
        "sender-not-account",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (BODY, "554 DT:SUM", "netease-sender-differs", C.SENDER_IDENTITY, NO, NO),
    (BODY, "451 DT:SPM ,please try again", "netease-spam-try-later", C.TEMPORARY, YES, NO),
    (BODY, "550 DT:SPM", "spam-suspected", C.CONTENT_REJECTED, NO, NO),
    (BODY, "554 DT:SPM", "spam-suspected", C.CONTENT_REJECTED, NO, NO),
    (MAIL, "451 MI:SFQ", "netease-frequency", C.RATE_LIMITED, YES, YES),
    (CONNECT, "421 HL:REP", "netease-connection-limit", C.RATE_LIMITED, YES, YES),
    (CONNECT, "421 HL:ICC", "netease-connection-limit", C.RATE_LIMITED, YES, YES),
    (CONNECT, "421 HL:IFC", "netease-connection-limit", C.RATE_LIMITED, YES, YES),
    (CONNECT, "421 HL:MEP", "netease-connection-limit", C.RATE_LIMITED, YES, YES),
    (MAIL, "450 MI:CEL", "netease-connection-limit", C.RATE_LIMITED, YES, YES),
    (MAIL, "450 MI:DMC", "netease-connection-limit", C.RATE_LIMITED, YES, YES),
    (MAIL, "450 MI:CCL", "netease-connection-limit", C.RATE_LIMITED, YES, YES),
    (RCPT, "450 RP:DRC", "netease-connection-limit", C.RATE_LIMITED, YES, YES),
    (MAIL, "550 MI:STC", "netease-daily-limit", C.RATE_LIMITED, YES, YES),
    (MAIL, "554 MI:STC", "netease-daily-limit", C.RATE_LIMITED, YES, YES),
    (RCPT, "550 RP:TRC", "netease-daily-limit", C.RATE_LIMITED, YES, YES),
    (RCPT, "550 RP:FRL", "further-recipients-later", C.PROTOCOL, YES, NO),
    (RCPT, "550 RP:RCL", "further-recipients-later", C.PROTOCOL, YES, NO),
    (BODY, "550 RP:RCL", "too-many-recipients", C.PROTOCOL, NO, NO),
    (RCPT, "550 Invalid User", "mailbox-not-found", C.RECIPIENT_UNKNOWN, NO, NO),
    (RCPT, "550 User suspended", "mailbox-closed", C.RECIPIENT_UNKNOWN, NO, NO),
    (MAIL, "550 MI:SPF", "sender-domain-unproven", C.POLICY, NO, NO),
    (MAIL, "550 MI:DMA", "sender-domain-unproven", C.POLICY, NO, NO),
    (MAIL, "554 HL:IPB", "ip-blocked", C.POLICY, NO, YES),
    (CONNECT, "554 IP in blacklist", "ip-blocked", C.POLICY, NO, YES),
    (
        CONNECT,
        "554 IP is rejected, smtp auth error limit exceed",
        "log-in-locked",
        C.POLICY,
        YES,
        YES,
    ),
    (
        AUTH,
        "451 Requested mail action not taken: too much fail authentication",
        "log-in-locked",
        C.POLICY,
        YES,
        YES,
    ),
    (CONNECT, "450 DT:RBL 163 mx7", "netease-ip-listed", C.POLICY, YES, YES),
    (CONNECT, "554 HL:IHU", "ip-blocked", C.POLICY, NO, YES),
    (MAIL, "450 WM:BLI", "netease-not-on-allow-list", C.POLICY, NO, NO),
    (MAIL, "450 WM:BLU", "netease-not-on-allow-list", C.POLICY, NO, NO),
    (MAIL, "554 MI:SPB", "netease-sender-barred", C.POLICY, NO, NO),
    (RCPT, "550 User in blacklist", "netease-sender-barred", C.POLICY, NO, NO),
    (EHLO, "550 MI:NHD HELO not allowed", "netease-host-name", C.PROTOCOL, NO, YES),
    (
        MAIL,
        "553 Requested action not taken: no smtp MX only",
        "netease-wrong-server",
        C.PROTOCOL,
        NO,
        YES,
    ),
    (
        MAIL,
        "553 Requested action not taken: NULL sender is not allowed",
        "netease-sender-not-local",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (
        MAIL,
        "553 Requested action not taken: Local user only",
        "netease-sender-not-local",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (MAIL, "553 authentication is required", "not-logged-in", C.PROTOCOL, NO, YES),
    (MAIL, "450 RP:CCL", "netease-connection-limit", C.RATE_LIMITED, YES, YES),
    (RCPT, "451 RP:QRC", "netease-connection-limit", C.RATE_LIMITED, YES, YES),
    (
        RCPT,
        "550 Requested mail action not taken: too much recipient",
        "further-recipients-later",
        C.PROTOCOL,
        YES,
        NO,
    ),
    (BODY, "552 Illegal Attachment", "attachment-refused", C.CONTENT_REJECTED, NO, NO),
    (
        BODY,
        "552 Requested mail action aborted: exceed mailsize limit",
        "too-large",
        C.CONTENT_REJECTED,
        NO,
        NO,
    ),
    (
        BODY,
        "451 Requested action aborted: local error in processing",
        "try-again-451",
        C.TEMPORARY,
        YES,
        NO,
    ),
    (MAIL, "500 Error: bad syntax", "command-refused", C.PROTOCOL, NO, NO),
    (MAIL, "421 closing transmission channel", "closing-421", C.TEMPORARY, YES, NO),
)
GMAIL = (
    (AUTH, "535-5.7.8 Username and Password not accepted", "gmail-log-in", C.AUTH, NO, YES),
    (AUTH, "534-5.7.9 Application-specific password required", "gmail-log-in", C.AUTH, NO, YES),
    (
        BODY,
        "550-5.4.5 Daily user sending limit exceeded",
        "gmail-daily-limit",
        C.RATE_LIMITED,
        YES,
        YES,
    ),
    (CONNECT, "421-4.7.0 Try again later", "closing-421", C.TEMPORARY, YES, NO),
    (RCPT, "450-4.2.1 Try again later", "mailbox-status-later", C.TEMPORARY, YES, NO),
    (BODY, "451-4.3.0 Try again later", "mail-system-later", C.TEMPORARY, YES, NO),
    (AUTH, "454-4.7.0 Too many login attempts", "log-in-later", C.TEMPORARY, YES, NO),
    (RCPT, "452-4.2.2 Out of storage space", "mailbox-full", C.RECIPIENT_FULL, YES, NO),
    (RCPT, "452-4.5.3 Too many recipients", "further-recipients-later", C.PROTOCOL, YES, NO),
    (RCPT, "550-5.1.1 No such address", "mailbox-not-found", C.RECIPIENT_UNKNOWN, NO, NO),
    (BODY, "550-5.7.1 Refused", "policy-status", C.POLICY, NO, NO),
    (
        AUTH,
        "534-5.7.14 Please log in with your web browser and then try again.",
        "gmail-web-log-in",
        C.AUTH,
        NO,
        YES,
    ),
    (
        BODY,
        "421-4.7.28 Our system has detected an unusual rate of unsolicited mail originating",
        "gmail-unusual-rate",
        C.RATE_LIMITED,
        YES,
        YES,
    ),
    (
        BODY,
        "550-5.7.1 Our system has detected that this message is\n"
        "550 5.7.1 likely unsolicited mail.",
        "gmail-unsolicited",
        C.CONTENT_REJECTED,
        NO,
        NO,
    ),
    (
        RCPT,
        "450-4.2.1 The user you are trying to contact is receiving mail too quickly.",
        "gmail-too-quickly",
        C.TEMPORARY,
        YES,
        NO,
    ),
    (AUTH, "530-5.7.0 Must issue a STARTTLS command first.", "tls-required", C.TLS, NO, YES),
    (BODY, "550-5.7.0 Mail relay denied", "relay-denied", C.POLICY, NO, NO),
    (BODY, "550-5.7.26 Unauthenticated", "sender-domain-unproven", C.POLICY, NO, NO),
    (BODY, "421-4.7.26 Unauthenticated", "sender-domain-later", C.TEMPORARY, YES, NO),
    (BODY, "550-5.7.25 No PTR record", "no-reverse-name", C.POLICY, NO, YES),
    (RCPT, "553-5.1.2 No such domain", "recipient-status", C.RECIPIENT_UNKNOWN, NO, NO),
    (BODY, GMAIL_BLOCKED, "gmail-security-block", C.CONTENT_REJECTED, NO, NO),
)
OUTLOOK = (
    (AUTH, BASIC_AUTH, "outlook-log-in", C.AUTH, NO, YES),
    (AUTH, TENANT, "outlook-log-in", C.AUTH, NO, YES),
    (
        BODY,
        "554 5.2.252 SendAsDenied; site@example.com not allowed to send as other@example.com",
        "outlook-send-as",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (
        BODY,
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        "outlook-send-as",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (
        BODY,
        "550 5.1.90 Your message can't be sent because you've reached your daily limit",
        "outlook-daily-limit",
        C.RATE_LIMITED,
        YES,
        YES,
    ),
    (
        BODY,
        "554 5.2.2 mailbox full; submission quota exceeded",
        "outlook-daily-limit",
        C.RATE_LIMITED,
        YES,
        YES,
    ),
    (
        BODY,
        "550 5.1.8 Access denied, bad outbound sender",
        "outlook-sender-blocked",
        C.POLICY,
        NO,
        YES,
    ),
    (
        BODY,
        "550 5.7.708 Access denied, traffic not accepted from this IP",
        "outlook-sender-blocked",
        C.POLICY,
        NO,
        YES,
    ),
    (
        RCPT,
        "550 5.4.1 Recipient address rejected: Access denied.",
        "outlook-recipient-denied",
        C.RECIPIENT_UNKNOWN,
        NO,
        NO,
    ),
    (
        MAIL,
        "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM",
        "outlook-not-authenticated",
        C.PROTOCOL,
        NO,
        YES,
    ),
    (AUTH, "535 5.7.3 Authentication unsuccessful", "authentication-failed", C.AUTH, NO, YES),
    (BODY, "432 4.3.2 thread limit", "outlook-thread-limit", C.TEMPORARY, YES, NO),
)
ALIYUN = (
    (AUTH, "526 Authentication failure[0]", "aliyun-password", C.AUTH, NO, YES),
    (AUTH, "526 Authentication failure[1]", "aliyun-locked", C.AUTH, NO, YES),
    (AUTH, "524 username or passwd is NULL", "aliyun-log-in-empty", C.AUTH, NO, YES),
    (
        AUTH,
        "523 cipher text is invalid base64 format",
        "aliyun-log-in-empty",
        C.AUTH,
        NO,
        YES,
    ),
    (
        AUTH,
        "535 UC_LOGIN_SOURCE_NOT_ALLOWED",
        "aliyun-log-in-not-allowed",
        C.AUTH,
        NO,
        YES,
    ),
    (
        MAIL,
        "541 This account isn't allowed to send email",
        "aliyun-may-not-send",
        C.POLICY,
        NO,
        YES,
    ),
    (
        RCPT,
        "504 the number of RCPT attempts is achieved the maximum threshold",
        "aliyun-daily-limit",
        C.RATE_LIMITED,
        YES,
        YES,
    ),
    (
        RCPT,
        "505 the total of RCPTs is achieved the maximum threshold",
        "aliyun-frequency",
        C.RATE_LIMITED,
        YES,
        YES,
    ),
    (
        BODY,
        "454 Transient reject by behaviour spam",
        "aliyun-behaviour-later",
        C.TEMPORARY,
        YES,
        NO,
    ),
    (BODY, "554 Reject by behaviour spam", "aliyun-behaviour", C.POLICY, NO, NO),
    (BODY, "554 Reject by content spam", "spam-suspected", C.CONTENT_REJECTED, NO, NO),
    (
        MAIL,
        '501 "MAIL FROM" is non-local account',
        "aliyun-sender-not-local",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (
        MAIL,
        "440 mail from account doesn't conform with authentication",
        "aliyun-sender",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (
        RCPT,
        "554 RCPT (nobody@example.com) dosn't exist",
        "aliyun-no-such-recipient",
        C.RECIPIENT_UNKNOWN,
        NO,
        NO,
    ),
    (
        RCPT,
        '553 "RCPT TO" mailbox unavailable',
        "aliyun-no-such-recipient",
        C.RECIPIENT_UNKNOWN,
        NO,
        NO,
    ),
    (
        RCPT,
        "542 This account isn't allowed to receive email",
        "aliyun-no-such-recipient",
        C.RECIPIENT_UNKNOWN,
        NO,
        NO,
    ),
    (RCPT, "552 mailbox is full", "mailbox-full", C.RECIPIENT_FULL, YES, NO),
    (
        BODY,
        "510 The length of Attach is achieved the maximum threshold",
        "aliyun-too-long",
        C.CONTENT_REJECTED,
        NO,
        NO,
    ),
    (BODY, "551 virus infected mail rejected", "virus-found", C.CONTENT_REJECTED, NO, NO),
    (MAIL, "440 refused", "aliyun-sender", C.SENDER_IDENTITY, NO, NO),
    (BODY, "454 refused", "not-now-454", C.TEMPORARY, YES, NO),
    (BODY, "554 refused", "refused-554", C.POLICY, NO, NO),
    (RCPT, "552 refused", "aliyun-mailbox-full", C.RECIPIENT_FULL, YES, NO),
)
DIRECTMAIL = (
    (AUTH, "535 Authentication failure.", "directmail-log-in", C.AUTH, NO, YES),
    (
        MAIL,
        '436 "MAIL FROM" doesn\'t conform with authentication',
        "directmail-sender",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (RCPT, "556 refused", "directmail-too-many-recipients", C.PROTOCOL, NO, NO),
    (BODY, "557 refused", "directmail-too-long", C.CONTENT_REJECTED, NO, NO),
    (RCPT, "559 Invalid rcptto", "mailbox-not-found", C.RECIPIENT_UNKNOWN, NO, NO),
    (RCPT, "563 refused", "directmail-recipient-refused", C.RECIPIENT_UNKNOWN, NO, NO),
    (RCPT, "561 Honeypot rcptto", "directmail-recipient-refused", C.RECIPIENT_UNKNOWN, NO, NO),
    (MAIL, "552 Daily sending quota exceeded", "daily-quota", C.RATE_LIMITED, YES, YES),
    (MAIL, "552 Not enough sending quota", "daily-quota", C.RATE_LIMITED, YES, YES),
    (
        MAIL,
        "552 Monthly sending quota exceeded",
        "directmail-monthly-quota",
        C.RATE_LIMITED,
        YES,
        YES,
    ),
    (BODY, "554 Reject by content spam", "spam-suspected", C.CONTENT_REJECTED, NO, NO),
    (
        MAIL,
        "551 Main account unavailable",
        "directmail-account-unavailable",
        C.POLICY,
        NO,
        YES,
    ),
    (BODY, "423 Dns resolve error", "directmail-domain-later", C.TEMPORARY, YES, NO),
    (
        BODY,
        "427 Socks Connect to UNREACHABLE host",
        "directmail-domain-later",
        C.TEMPORARY,
        YES,
        NO,
    ),
    (
        BODY,
        "524 Host not found by dns resolve",
        "directmail-no-such-domain",
        C.RECIPIENT_UNKNOWN,
        NO,
        NO,
    ),
    (
        BODY,
        "526 No data by dns resolve",
        "directmail-no-such-domain",
        C.RECIPIENT_UNKNOWN,
        NO,
        NO,
    ),
    (BODY, "504 Invalid setting [@sm190210]", "directmail-setting", C.PROTOCOL, NO, NO),
    (BODY, "404 InvalidAccessKeyId.NotFound", "directmail-api-key", C.AUTH, NO, YES),
    (BODY, "403 Forbidden.RiskControl", "directmail-api-key", C.AUTH, NO, YES),
    (
        BODY,
        "404 InvalidMailAddress.NotFound",
        "directmail-api-sender",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (
        BODY,
        "400 InvalidToAddress",
        "directmail-api-recipient",
        C.RECIPIENT_UNKNOWN,
        NO,
        NO,
    ),
    (
        BODY,
        "400 InvalidSubject.Malformed",
        "directmail-api-content",
        C.CONTENT_REJECTED,
        NO,
        NO,
    ),
    (BODY, "400 InvalidSendMail.Spam", "directmail-api-later", C.TEMPORARY, YES, NO),
    (BODY, "503 ServiceUnavailable", "directmail-api-later", C.TEMPORARY, YES, NO),
    (BODY, "503 Throttling.User", "throttled", C.RATE_LIMITED, YES, YES),
)
ANY = (
    (AUTH, FEW_COMMANDS, "too-many-log-ins", C.RATE_LIMITED, YES, YES),
    (
        MAIL,
        "450 4.7.1 Error: too much mail from 127.0.0.1",
        "client-rate-limited",
        C.RATE_LIMITED,
        YES,
        YES,
    ),
    (
        RCPT,
        "450 4.7.1 Error: too many recipients from 127.0.0.1",
        "client-rate-limited",
        C.RATE_LIMITED,
        YES,
        YES,
    ),
    (AUTH, "454 4.7.0 Temporary authentication failure", "log-in-later", C.TEMPORARY, YES, NO),
    (AUTH, "535 5.7.8 Error: authentication failed", "authentication-failed", C.AUTH, NO, YES),
    (AUTH, "535 No", "log-in-535", C.AUTH, NO, YES),
    (AUTH, "504 Unrecognized authentication type", "log-in-command-refused", C.PROTOCOL, NO, YES),
    (AUTH, "550 No", "log-in-refused", C.AUTH, NO, YES),
    (TLS, "554 No", "starttls-refused", C.TLS, NO, YES),
    (CONNECT, "554 No SMTP service here", "turned-away", C.POLICY, NO, YES),
    (MAIL, "530 5.7.0 Authentication required", "log-in-required", C.PROTOCOL, NO, YES),
    (MAIL, "553 No", "sender-refused", C.SENDER_IDENTITY, NO, NO),
    (RCPT, "553 5.1.8 No", "sender-status", C.SENDER_IDENTITY, NO, NO),
    (RCPT, "550 5.1.2 No", "recipient-status", C.RECIPIENT_UNKNOWN, NO, NO),
    # Postfix and other server software.
    (RCPT, "450 4.2.0 Greylisted, please try again", "greylisted", C.TEMPORARY, YES, NO),
    (RCPT, "451 Greylisting in action", "greylisted", C.TEMPORARY, YES, NO),
    (
        CONNECT,
        "421 4.7.0 Error: too many connections from 127.0.0.1",
        "too-many-connections",
        C.RATE_LIMITED,
        YES,
        YES,
    ),
    (
        RCPT,
        "553 5.7.1 <a@example.com>: Sender address rejected: not owned by user b@example.com",
        "sender-not-owned",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (RCPT, "554 5.7.1 Relay access denied", "relay-denied", C.POLICY, NO, NO),
    (
        RCPT,
        "553 sorry, that domain isn't in my list of allowed rcpthosts",
        "relay-denied",
        C.POLICY,
        NO,
        NO,
    ),
    (
        RCPT,
        "554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "listed",
        C.POLICY,
        NO,
        YES,
    ),
    (
        CONNECT,
        "421 4.7.1 Client host [192.0.2.1] is listed in our RBL",
        "listed-for-now",
        C.POLICY,
        YES,
        YES,
    ),
    (RCPT, "550 5.7.1 You are on my blacklist", "on-a-block-list", C.POLICY, NO, NO),
    (
        RCPT,
        "550 5.1.8 Sender address rejected: Domain not found",
        "sender-domain-takes-no-mail",
        C.SENDER_IDENTITY,
        NO,
        NO,
    ),
    (
        RCPT,
        "550 5.1.0 Recipient unknown",
        "mailbox-not-found",
        C.RECIPIENT_UNKNOWN,
        NO,
        NO,
    ),
    (RCPT, "550 5.0.0 Account is disabled", "mailbox-closed", C.RECIPIENT_UNKNOWN, NO, NO),
    (AUTH, "535 5.7.13 User account disabled", "account-disabled", C.AUTH, NO, YES),
    (
        AUTH,
        "538 5.7.11 Encryption required for requested authentication mechanism",
        "tls-required",
        C.TLS,
        NO,
        YES,
    ),
    (AUTH, "538 Encryption required", "encryption-538", C.TLS, NO, YES),
    (AUTH, "432 4.7.12 A password transition is needed", "password-must-change", C.AUTH, NO, YES),
    (CONNECT, "521 example.com does not accept mail", "server-takes-no-mail", C.POLICY, NO, YES),
    # RFC 3463, by the code alone.
    (RCPT, "550 5.7.17 No", "address-changed-hands", C.RECIPIENT_UNKNOWN, NO, NO),
    (RCPT, "550 5.1.0 No", "address-status", C.POLICY, NO, NO),
    (RCPT, "550 5.2.4 No", "mailbox-status", C.POLICY, NO, NO),
    (BODY, "554 5.3.5 No", "mail-system-status", C.POLICY, NO, NO),
    (BODY, "554 5.4.6 No", "routing-status", C.POLICY, NO, NO),
    (MAIL, "503 5.5.1 No", "protocol-status", C.PROTOCOL, NO, NO),
    (RCPT, "553 5.6.7 No", "needs-smtputf8", C.PROTOCOL, NO, NO),
    (BODY, "554 5.6.1 No", "content-status", C.CONTENT_REJECTED, NO, NO),
    (RCPT, "550 5.7.2 No", "list-closed", C.POLICY, NO, NO),
    (BODY, "554 5.7.5 No", "cryptography-status", C.POLICY, NO, NO),
    (BODY, "550 5.7.1 No", "policy-status", C.POLICY, NO, NO),
    (RCPT, "450 4.1.2 No", "address-status-later", C.TEMPORARY, YES, NO),
    (RCPT, "450 4.2.0 No", "mailbox-status-later", C.TEMPORARY, YES, NO),
    (RCPT, "452 4.3.1 No", "mail-system-later", C.TEMPORARY, YES, NO),
    (BODY, "421 4.4.2 No", "routing-later", C.TEMPORARY, YES, NO),
    (MAIL, "451 4.5.0 No", "protocol-later", C.TEMPORARY, YES, NO),
    (BODY, "451 4.6.0 No", "content-later", C.TEMPORARY, YES, NO),
    (RCPT, "450 4.7.1 No", "policy-later", C.TEMPORARY, YES, NO),
    (AUTH, "454 4.7.0 No", "log-in-later", C.TEMPORARY, YES, NO),
    # RFC 5321, by the code alone.
    (CONNECT, "421 No", "closing-421", C.TEMPORARY, YES, NO),
    (RCPT, "450 No", "try-again-450", C.TEMPORARY, YES, NO),
    (BODY, "451 No", "try-again-451", C.TEMPORARY, YES, NO),
    (MAIL, "452 No", "no-storage-452", C.TEMPORARY, YES, NO),
    (TLS, "454 TLS not available", "not-now-454", C.TEMPORARY, YES, NO),
    (MAIL, "455 No", "parameters-455", C.TEMPORARY, YES, NO),
    (RCPT, "501 No", "command-refused", C.PROTOCOL, NO, NO),
    (RCPT, "555 No", "command-refused", C.PROTOCOL, NO, NO),
    (MAIL, "535 No", "log-in-not-done", C.AUTH, NO, NO),
    (RCPT, "556 No", "domain-takes-no-mail", C.RECIPIENT_UNKNOWN, NO, NO),
    (BODY, "550 No", "refused-550", C.POLICY, NO, NO),
    (RCPT, "551 No", "moved-551", C.RECIPIENT_UNKNOWN, NO, NO),
    (RCPT, "552 No", "storage-552", C.RECIPIENT_FULL, YES, NO),
    (BODY, "552 No", "too-much-552", C.CONTENT_REJECTED, NO, NO),
    (RCPT, "553 No", "mailbox-name-553", C.RECIPIENT_UNKNOWN, NO, NO),
    (BODY, "554 No", "refused-554", C.POLICY, NO, NO),
    (BODY, "571 No", "refused", C.POLICY, NO, NO),
    (RCPT, "530 No", "log-in-required", C.PROTOCOL, NO, YES),
    (MAIL, "436 denied", "temporary", C.TEMPORARY, YES, NO),
)
CLOSED = failed(Failure.CLOSED, "the server closed the connection")
WRONG_PORT = "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)"
GO_WRONG_PORT = "first record does not look like a TLS handshake"
BAD_CERTIFICATE = (
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate"
)
FAILURES = (
    (AUTH, CLOSED, "closed-at-log-in", C.AUTH, NO, YES),
    (CONNECT, CLOSED, "connection-closed", C.NETWORK, YES, NO),
    (BODY, CLOSED, "connection-closed", C.NETWORK, YES, NO),
    (BODY, CLOSED, "lost-after-dot", C.NETWORK, NO, NO, True),
    (BODY, failed(Failure.TIMEOUT), "lost-after-dot", C.NETWORK, NO, NO, True),
    (CONNECT, failed(Failure.CREDENTIALS), "no-authorization-code", C.AUTH, NO, YES),
    (EHLO, failed(Failure.SIZE), "larger-than-announced", C.CONTENT_REJECTED, NO, NO),
    (CONNECT, failed(Failure.TLS, WRONG_PORT), "tls-port-mismatch", C.TLS, NO, YES),
    (CONNECT, failed(Failure.TLS, GO_WRONG_PORT), "tls-port-mismatch", C.TLS, NO, YES),
    (CONNECT, failed(Failure.TLS, BAD_CERTIFICATE), "certificate-not-trusted", C.TLS, NO, YES),
    (TLS, failed(Failure.TLS, "STARTTLS is not offered"), "tls-failed", C.TLS, NO, YES),
    (CONNECT, failed(Failure.DNS), "host-not-found", C.NETWORK, YES, NO),
    (CONNECT, failed(Failure.REFUSED), "connection-refused", C.NETWORK, YES, NO),
    (AUTH, failed(Failure.TIMEOUT), "timed-out", C.NETWORK, YES, NO),
    (CONNECT, failed(Failure.NETWORK), "network-unreachable", C.NETWORK, YES, NO),
    (CONNECT, failed(Failure.INTERNAL, "the worker was lost"), "worker-lost", C.TEMPORARY, YES, NO),
    (CONNECT, failed(Failure.INTERNAL, "ValueError"), "internal-error", C.TEMPORARY, YES, NO),
    (AUTH, failed(Failure.PROTOCOL), "no-smtp-conversation", C.PROTOCOL, NO, YES),
    (MAIL, failed(Failure.PROTOCOL), "unexpected", C.PROTOCOL, YES, NO),
    (DONE, failed(Failure.PROTOCOL, r"\x00\x00\x00\x1a"), "accepted-already", C.PROTOCOL, NO, NO),
)
UNAUTHORIZED = '401 {"message": "Invalid API key"}'
NO_CREDITS = "401 Maximum credits exceeded"
NO_SIGNATURE = "422 The 'From' address you supplied is not a Sender Signature on your account."
NO_IDENTITY = "403 The from address does not match a verified Sender Identity."
TRIAL = "403 Free accounts are for test purposes only. Please upgrade."
INACTIVE = "550 rejected: You tried to send to a recipient that has been marked as inactive."
CARRIES_NOT = "Postal does not support inline attachments"
ESP = (
    (BODY, UNAUTHORIZED, "esp-key-refused", C.AUTH, NO, YES),
    (BODY, "403 Forbidden", "esp-key-refused", C.AUTH, NO, YES),
    (BODY, "200 InvalidServerAPIKey", "esp-key-refused-in-words", C.AUTH, NO, YES),
    (BODY, "402 Payment Required", "esp-quota", C.RATE_LIMITED, YES, YES),
    (BODY, NO_CREDITS, "esp-quota-in-words", C.RATE_LIMITED, YES, YES),
    (BODY, NO_SIGNATURE, "esp-sender-not-verified", C.SENDER_IDENTITY, NO, NO),
    (BODY, NO_IDENTITY, "esp-sender-not-verified", C.SENDER_IDENTITY, NO, NO),
    (BODY, TRIAL, "esp-test-account", C.POLICY, NO, NO),
    (BODY, "429 Too many requests", "esp-rate-limited", C.RATE_LIMITED, YES, YES),
    (BODY, "301 Moved Permanently", "esp-wrong-address", C.PROTOCOL, NO, YES),
    (BODY, "413 Payload Too Large", "esp-too-large", C.CONTENT_REJECTED, NO, NO),
    (BODY, "500 Internal Server Error", "esp-later", C.TEMPORARY, YES, NO),
    (BODY, "550 user unknown", "esp-later", C.TEMPORARY, YES, NO),
    (BODY, "400 'to' parameter is not a valid address", "esp-refused", C.POLICY, NO, NO),
    (BODY, "408 Request Timeout", "esp-later", C.TEMPORARY, YES, NO),
    (BODY, "504 Gateway Timeout", "esp-outcome-unknown", C.NETWORK, NO, NO, True),
    (BODY, failed(Failure.CLOSED), "esp-outcome-unknown", C.NETWORK, NO, NO, True),
    (RCPT, "550 invalid: not an address", "esp-recipient-invalid", C.RECIPIENT_UNKNOWN, NO, NO),
    (RCPT, INACTIVE, "esp-recipient-suppressed", C.POLICY, NO, NO),
    (RCPT, "550 failed: no reason", "esp-recipient-failed", C.POLICY, NO, NO),
    (RCPT, "422 Invalid 'To' address", "esp-others-to-blame", C.PROTOCOL, YES, NO),
    (CONNECT, failed(Failure.CREDENTIALS), "esp-not-configured", C.AUTH, NO, YES),
    (CONNECT, failed(Failure.TLS, BAD_CERTIFICATE), "esp-tls", C.TLS, NO, YES),
    (CONNECT, failed(Failure.REFUSED), "esp-unreachable", C.NETWORK, YES, NO),
    (CONNECT, failed(Failure.PROTOCOL, CARRIES_NOT), "esp-cannot-carry", C.PROTOCOL, NO, NO),
)

CAPTURED = [
    Captured(provider, *row)
    for provider, rows in {
        "qq": QQ,
        "exmail": EXMAIL,
        "netease": NETEASE,
        "gmail": GMAIL,
        "outlook": OUTLOOK,
        "aliyun": ALIYUN,
        "directmail": DIRECTMAIL,
        "esp": ESP,
        "": ANY + FAILURES,
    }.items()
    for row in rows
]
