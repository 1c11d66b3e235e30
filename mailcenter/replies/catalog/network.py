"""No reply came, or no secure connection."""

from mailcenter.replies.catalog.places import HOST, USE_SSL
from mailcenter.replies.catalog.waits import PROBE
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.reply import Failure, Stage

ENTRIES = (
    Entry(
        "lost-after-dot",
        VerdictClass.NETWORK,
        uncertain=True,
        cause=Words(
            zh="整封邮件已经交给服务器，但没等到回复连接就断了：可能收下了，也可能没有。",
            en="The whole mail was handed over, but the connection broke before the reply: it may "
            "have been accepted or not.",
        ),
        cure=Words(
            zh="先到邮箱网页版的“已发送”里找这封邮件。确实没有再重发，否则收件人可能收到两封。",
            en="Look for the mail in the mailbox's Sent folder first. Resend it only if it is not "
            "there, or the recipient may get it twice.",
        ),
        source="RFC 1047",
    ),
    Entry(
        "tls-port-mismatch",
        VerdictClass.TLS,
        text=r"WRONG_VERSION_NUMBER|first record does not look",
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="端口和加密方式对不上，TLS 握手失败。",
            en="The port and the kind of encryption don't belong together.",
        ),
        cure=Words(
            zh="465 端口配 SSL，587 端口配 STARTTLS：改 .env 的 MAIL_PORT 和 MAIL_SECURITY"
            "（ssl 或 starttls）后重启，或在账号页上改。",
            en="Port 465 goes with SSL, port 587 with STARTTLS: change MAIL_PORT and MAIL_SECURITY "
            "(ssl or starttls) in .env and restart, or change them on the account's page.",
        ),
        source="OpenSSL; new-api#2037",
    ),
    Entry(
        "certificate-not-trusted",
        VerdictClass.TLS,
        text=r"CERTIFICATE_VERIFY_FAILED",
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="服务器的证书没有通过验证，为了安全没有继续。",
            en="The server's certificate could not be verified, so nothing was sent to it.",
        ),
        cure=Words(
            zh="依次检查：本机时间是否准确；服务器地址是否写对；有没有代理或杀毒软件拦截；"
            "系统根证书是否过旧；自建证书请在 .env 里设 MAIL_CA_FILE。",
            en="Check in this order: this machine's clock; the host's name; a proxy or virus "
            "scanner in between; outdated root certificates. For a certificate of your own set "
            "MAIL_CA_FILE in .env.",
        ),
        source="OpenSSL; RFC 8314 section 5.4",
    ),
    Entry(
        "tls-failed",
        VerdictClass.TLS,
        failures=(Failure.TLS,),
        after=PROBE,
        account_wide=True,
        cause=Words(
            zh="无法建立加密连接：服务器不支持 STARTTLS，或 TLS 版本太旧。",
            en="No encrypted connection: the server offers no STARTTLS, or only an old TLS.",
        ),
        cure=Words(
            zh=f"{USE_SSL.zh}。这里不会退回明文发送。",
            en=f"{USE_SSL.en}. Mail is never sent unencrypted instead.",
        ),
        source="RFC 3207; RFC 8314",
    ),
    Entry(
        "host-not-found",
        VerdictClass.NETWORK,
        failures=(Failure.DNS,),
        retry=True,
        cause=Words(
            zh="查不到邮件服务器的域名。",
            en="The mail server's name was not found.",
        ),
        cure=Words(
            zh=f"会自动重试。请检查{HOST.zh}有没有写错，以及本机的网络和 DNS。",
            en=f"It is tried again by itself. Check {HOST.en} for a typing mistake, and this "
            "machine's network and DNS.",
        ),
        source="RFC 5321 section 5.1",
    ),
    Entry(
        "connection-refused",
        VerdictClass.NETWORK,
        failures=(Failure.REFUSED,),
        retry=True,
        cause=Words(
            zh="服务器拒绝连接：端口不对，或被防火墙挡住。",
            en="The connection was refused: a wrong port, or a firewall.",
        ),
        cure=Words(
            zh="会自动重试。请检查服务器地址和端口（.env 的 MAIL_HOST、MAIL_PORT，或账号页）；"
            "云服务器多半封了 25 端口，请用 465。",
            en="It is tried again by itself. Check host and port (MAIL_HOST and MAIL_PORT in .env, "
            "or the account's page); cloud hosts mostly block port 25, so use 465.",
        ),
        source="RFC 5321 section 4.5.4.1",
    ),
    Entry(
        "timed-out",
        VerdictClass.NETWORK,
        failures=(Failure.TIMEOUT,),
        retry=True,
        cause=Words(
            zh="服务器迟迟没有回应。",
            en="The server did not answer in time.",
        ),
        cure=Words(
            zh="邮件没有发出，会自动重试，不会重复。若一直超时，请检查出站端口、代理和加密方式。",
            en="It is tried again by itself; nothing was sent, so nobody gets it twice. If it goes "
            "on, check outgoing ports, proxies and the kind of TLS.",
        ),
        source="RFC 5321 section 4.5.3.2",
    ),
    Entry(
        "connection-closed",
        VerdictClass.NETWORK,
        failures=(Failure.CLOSED,),
        # At the log-in a hang-up is a refusal: closed-at-log-in.
        retry=True,
        cause=Words(
            zh="邮件还没交完，服务器就断开了连接。",
            en="The server hung up before the mail was handed over.",
        ),
        cure=Words(
            zh="会自动重试，不会重复。若一连接就断，请检查端口与加密方式是否匹配。",
            en="It is tried again by itself, and nobody gets it twice. If it happens right after "
            "connecting, see whether the port and the kind of TLS belong together.",
        ),
        source="RFC 5321 section 3.8",
    ),
    Entry(
        "network-unreachable",
        VerdictClass.NETWORK,
        failures=(Failure.NETWORK,),
        retry=True,
        cause=Words(
            zh="网络不通，连不上邮件服务器。",
            en="The mail server can't be reached over the network.",
        ),
        cure=Words(
            zh="会自动重试。请检查本机网络、路由和防火墙。",
            en="It is tried again by itself. Check this machine's network, routes and firewall.",
        ),
        source="RFC 5321 section 4.5.4.1",
    ),
    Entry(
        "worker-lost",
        VerdictClass.TEMPORARY,
        text=r"^the worker was lost$",
        failures=(Failure.INTERNAL,),
        retry=True,
        cause=Words(
            zh="发信进程在交出正文之前中断了，例如被结束、重启或断电。",
            en="The mail worker was lost before it handed the mail over: it was killed or "
            "restarted, or the machine went down.",
        ),
        cure=Words(
            zh="会自动重试，不会重复。如果总是停在这封邮件，请查看发信进程的日志和内存，再重发。",
            en="It is tried again by itself, and nobody gets it twice. If it always happens to "
            "this mail, look at the worker's log and memory, then resend it.",
        ),
        source="Mailcenter",
    ),
    Entry(
        "internal-error",
        VerdictClass.TEMPORARY,
        failures=(Failure.INTERNAL,),
        retry=True,
        cause=Words(
            zh="还没轮到服务器说话，发信程序自己先出了错。",
            en="The mail program itself failed before the server had its say.",
        ),
        cure=Words(
            zh="会自动重试。请在发信进程的日志里按时间找到这次错误，并报告给开发者。",
            en="It is tried again by itself. Look for the error in the worker's log at this time, "
            "and report it to the developers.",
        ),
        source="Mailcenter",
    ),
    Entry(
        "accepted-already",
        VerdictClass.PROTOCOL,
        stages=(Stage.DONE,),
        cause=Words(
            zh="邮件已被服务器收下；之后的这句话不影响结果。",
            en="The mail had been accepted; what the server said afterwards changes nothing.",
        ),
        cure=Words(
            zh="不用处理，也不要重发。",
            en="There is nothing to do. Don't resend.",
        ),
        source="gomail#209; Notifuse#195",
    ),
)
