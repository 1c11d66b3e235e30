"""Why there is no TLS, as far as it can be told from here."""

from __future__ import annotations

import os
import ssl
from dataclasses import replace
from datetime import UTC, datetime

from mailcenter.doctor.certificate import Certificate, owners
from mailcenter.doctor.configuration import authority_that_cannot_be_read
from mailcenter.doctor.step import Name, Step
from mailcenter.doctor.way import greets_in_plain, presented
from mailcenter.doctor.wording import failed
from mailcenter.exceptions import TransportError
from mailcenter.replies import Failure
from mailcenter.replies.entry import Words
from mailcenter.transports import SendingAccount

# What OpenSSL calls them: X509_V_ERR_… in x509_vfy.h.
NOT_YET_VALID, EXPIRED = 9, 10
OTHER_HOST, OTHER_ADDRESS = 62, 64
# Read by many programs; ours goes straight to the server, whatever they hold.
PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")

Advice = tuple[Words, Words]


def explain(
    account: SendingAccount, error: TransportError, milliseconds: int, timeout: float
) -> Step:
    """The step of a handshake that failed. Looks a second time where that tells more."""
    step = failed(Name.TLS, account, error, milliseconds)
    cause = error.__cause__
    if unreadable := authority_that_cannot_be_read(account):
        return replace(step, cause=unreadable, cure=_correct_the_file())
    if isinstance(cause, ssl.SSLCertVerificationError):
        certificate = presented(account, timeout)
        reason, cure = _distrust(account, cause.verify_code, certificate)
        return replace(step, cause=reason, cure=cure)
    if (
        account.security == "ssl"
        and error.reply.failure in (Failure.TLS, Failure.CLOSED, Failure.TIMEOUT)
        and greets_in_plain(account, timeout)
    ):
        reason, cure = _plain_port(account)
        return replace(step, cause=reason, cure=cure)
    return step


def _distrust(account: SendingAccount, code: int, certificate: Certificate | None) -> Advice:
    if certificate is None:
        return _untrusted(account, Words(zh="不明机构", en="somebody unknown"))
    if code == NOT_YET_VALID:
        return _not_yet_valid(certificate)
    if code == EXPIRED:
        return _expired(certificate)
    if code in (OTHER_HOST, OTHER_ADDRESS):
        return _other_host(account, certificate)
    issuer = Words(zh=f"“{certificate.issuer}”", en=f"“{certificate.issuer}”")
    return _untrusted(account, issuer)


def _not_yet_valid(certificate: Certificate) -> Advice:
    begins, now = _moment(certificate.valid_from), _moment(datetime.now(UTC))
    return (
        Words(
            zh=f"证书要到 {begins} 才生效，而本机时间是 {now}：多半是本机的时钟慢了。",
            en=f"The certificate begins at {begins}, but this machine's clock says {now}: most "
            "likely the clock is slow.",
        ),
        Words(
            zh="先校准本机时间（Linux 上：timedatectl set-ntp true），再检查一次。",
            en="Set this machine's clock (on Linux: timedatectl set-ntp true), then try again.",
        ),
    )


def _expired(certificate: Certificate) -> Advice:
    ended, now = _moment(certificate.valid_until), _moment(datetime.now(UTC))
    return (
        Words(
            zh=f"证书已于 {ended} 过期；本机时间是 {now}。",
            en=f"The certificate ended at {ended}; this machine's clock says {now}.",
        ),
        Words(
            zh="如果本机时间不对，先校准时间；时间没错的话，要等服务器一方换上新证书。",
            en="If the clock is wrong, set it. If it is right, the server needs a new certificate.",
        ),
    )


def _other_host(account: SendingAccount, certificate: Certificate) -> Advice:
    names = owners(certificate)
    return (
        Words(
            zh=f"这张证书属于 {names.zh}，不是 {account.host}；签发者是“{certificate.issuer}”。",
            en=f"The certificate is for {names.en}, not for {account.host}; it was issued by "
            f"“{certificate.issuer}”.",
        ),
        Words(
            zh="核对服务器名（.env 的 MAIL_HOST，或账号页）：要填证书上的名字。"
            "名字没错的话，看看有没有代理或劫持。",
            en="Compare the server's name (MAIL_HOST in .env, or on the account's page) with the "
            "one in the certificate. If it is right, look for a proxy or for somebody who "
            "redirects the connection.",
        ),
    )


def _untrusted(account: SendingAccount, issuer: Words) -> Advice:
    if account.ca_file:
        return (
            Words(
                zh=f"证书由{issuer.zh}签发，不是 {account.ca_file} 里的机构签发的。",
                en=f"The certificate was issued by {issuer.en}, by none of the authorities in "
                f"{account.ca_file}.",
            ),
            Words(
                zh="换成签发这张证书的 CA 文件；如果服务器用的是公共证书，就不要设 CA 文件。",
                en="Give the file of the authority that issued it, or none where the server has "
                "a public certificate.",
            ),
        )
    # Their values may hold a password.
    proxies = [name for name in PROXY_VARIABLES if {name, name.lower()} & os.environ.keys()]
    cause = Words(
        zh=f"证书由{issuer.zh}签发，本机不信任这个机构。"
        "常见原因是代理、公司网关或杀毒软件拆开了加密，换上了自己的证书。",
        en=f"The certificate was issued by {issuer.en}, whom this machine doesn't trust. Mostly a "
        "proxy, a company's gateway or a virus scanner opens the encryption and puts its own "
        "certificate in place.",
    )
    cure = Words(
        zh=f"让代理或杀毒软件放行 {account.host}。如果这是自建服务器，把它的 CA 文件设为 "
        "MAIL_CA_FILE；公共服务器还不行，就更新系统根证书。",
        en=f"Have the proxy or virus scanner leave {account.host} alone. For a server of your own "
        "set MAIL_CA_FILE; for a public one, update the system's root certificates.",
    )
    if proxies:
        named = ", ".join(proxies)
        cure = Words(
            zh=f"{cure.zh}本机设置了代理变量：{named}。",
            en=f"{cure.en} Proxy variables are set on this machine: {named}.",
        )
    return cause, cure


def _plain_port(account: SendingAccount) -> Advice:
    return (
        Words(
            zh=f"端口 {account.port} 先用明文打招呼，不是一连上就加密的端口。",
            en=f"Port {account.port} greets without TLS: it is no port for TLS from the start.",
        ),
        Words(
            zh="这个端口要配 starttls；要用 ssl，请换成 465 端口。",
            en="Use starttls with this port, or ssl with port 465.",
        ),
    )


def _correct_the_file() -> Words:
    return Words(
        zh="改正路径或换一个 PEM 文件；留空则信任系统自带的机构。",
        en="Correct the path or take a PEM file; empty means the system's authorities.",
    )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
