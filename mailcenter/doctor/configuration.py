"""What can be told from the settings alone, before anything goes over the network."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace

from django.core import checks
from django.utils.translation import override

from mailcenter.delivery.accounts import is_environment
from mailcenter.doctor.step import Name, State, Step
from mailcenter.doctor.wording import both
from mailcenter.replies import CATALOG
from mailcenter.replies.entry import Words
from mailcenter.transports import SendingAccount, problems
from mailcenter.transports.account import ENVIRONMENT
from mailcenter.transports.connection import tls_context
from mailcenter.transports.presets import Security
from mailcenter.transports.variables import TLS_OF_PORT

# By what an account is known whose settings stand in the admin.
FIELDS = {
    "MAIL_AUTH_CODE": Words(zh="“授权码”", en="“authorization code”"),
    "EMAIL_URL": Words(zh="“授权码”", en="“authorization code”"),
    "MAIL_ADDRESS": Words(zh="“邮箱地址”", en="“address”"),
    "MAIL_PROVIDER": Words(zh="“服务商”", en="“provider”"),
    "MAIL_CA_FILE": Words(zh="“CA 证书”", en="“certificate authority”"),
}
# Microsoft ended log-ins with passwords for these on 2024-09-16.
PERSONAL_OUTLOOK = frozenset({"outlook.com", "hotmail.com", "live.com", "live.cn", "msn.com"})


def look(account: SendingAccount) -> Iterator[Step]:
    """One step for each thing that is wrong, or a single one that all is well."""
    wrong = [*_known_problems(account), *_mismatches(account), *_service(account)]
    yield from wrong or [_well(account)]


def broken(error: Words) -> Step:
    """Settings that give no account at all."""
    cure = Words(zh="改正后再检查一次。", en="Correct it and examine it again.")
    return Step(Name.CONFIGURATION, State.FAILED, error, cure=cure)


def words_for_tls(security: Security) -> Words:
    if security == "ssl":
        return Words(zh="一连上就加密（TLS）", en="TLS from the start")
    return Words(zh="STARTTLS", en="STARTTLS")


def authority_that_cannot_be_read(account: SendingAccount) -> Words | None:
    """Why no connection could be checked, where the file of authorities is the trouble."""
    # The practice server makes its own when it starts.
    if not account.ca_file or account.preset.slug == "practice":
        return None
    try:
        tls_context(account.ca_file)
    except ssl.SSLError:
        return Words(
            zh=f"CA 证书文件 {account.ca_file} 读不出来，或者不是 PEM 格式。",
            en=f"The file of authorities {account.ca_file} can't be read, or is not PEM.",
        )
    return None


def _well(account: SendingAccount) -> Step:
    preset = both(lambda: account.preset.label)
    tls = words_for_tls(account.security)
    if account.preset.slug == "anymail":
        finding = Words(
            zh=f"{account.address}，{preset.zh}：{account.esp_backend}。",
            en=f"{account.address}, {preset.en}: {account.esp_backend}.",
        )
    else:
        finding = Words(
            zh=f"{account.address}，{preset.zh}，{account.host}:{account.port}，{tls.zh}。",
            en=f"{account.address}, {preset.en}, {account.host}:{account.port}, {tls.en}.",
        )
    return Step(Name.CONFIGURATION, State.OK, finding)


def _known_problems(account: SendingAccount) -> Iterator[Step]:
    chinese, english = _found(account, "zh-hans"), _found(account, "en")
    for identity, problem in english.items():
        # An access token has no such shape.
        if identity == "mailcenter.W101" and account.oauth:
            continue
        other = chinese[identity]
        hint = Words(zh=other.hint or "", en=problem.hint or "")
        finding = Words(zh=other.msg, en=problem.msg)
        if not is_environment(account.slug):
            finding, hint = _with_fields(finding), _with_fields(hint)
        serious = problem.level >= checks.ERROR
        state = State.FAILED if serious else State.WARNING
        yield Step(Name.CONFIGURATION, state, finding, cause=_cause(identity), cure=hint)


def _found(account: SendingAccount, language: str) -> dict[str, checks.CheckMessage]:
    # A row's slug would end the names of the environment's variables.
    named = account if is_environment(account.slug) else replace(account, slug=ENVIRONMENT)
    with override(language):
        return {str(problem.id): problem for problem in problems(named)}


def _with_fields(words: Words) -> Words:
    zh, en = words.zh, words.en
    for variable, field in FIELDS.items():
        zh, en = zh.replace(variable, field.zh), en.replace(variable, field.en)
    return Words(zh=zh, en=en)


def _cause(identity: str) -> Words | None:
    if identity != "mailcenter.W101":
        return None
    return Words(
        zh="多半填成了邮箱或 QQ 的登录密码，或者授权码没有复制完整。",
        en="Most likely the password of the mailbox was entered, or a part of the code is missing.",
    )


def _mismatches(account: SendingAccount) -> Iterator[Step]:
    if account.preset.slug == "anymail":
        return
    if not 0 < account.port < 65536:
        yield broken(
            Words(
                zh=f"没有 {account.port} 这个端口：端口号是 1 到 65535。",
                en=f"There is no port {account.port}: ports go from 1 to 65535.",
            )
        )
    usual = TLS_OF_PORT.get(account.port)
    if usual and usual != account.security:
        yield _port_and_tls(account, usual)
    login = account.username.strip().lower()
    if account.preset.sender_must_match and "@" in login and login != account.address.lower():
        yield _two_addresses(account)
    unreadable = authority_that_cannot_be_read(account)
    # A file that isn't there is among the known problems.
    if unreadable and not any(id_ == "mailcenter.E102" for id_ in _found(account, "en")):
        yield broken(unreadable)
    domain = account.address.rpartition("@")[2].lower()
    if account.preset.slug == "outlook" and domain in PERSONAL_OUTLOOK and not account.oauth:
        yield _password_of_personal_outlook(domain)


def _service(account: SendingAccount) -> Iterator[Step]:
    """What Anymail says of a delivery service's settings."""
    if account.preset.slug != "anymail":
        return
    # Here, so that only who sends through a service waits for its HTTP client to load.
    from mailcenter.transports.esp import EspTransport

    transport = EspTransport(account)
    if transport.trouble():
        entry = CATALOG["esp-not-configured"]
        yield Step(
            Name.CONFIGURATION,
            State.FAILED,
            both(transport.trouble),
            cause=entry.cause,
            cure=entry.cure,
        )


def _port_and_tls(account: SendingAccount, usual: Security) -> Step:
    given, better = words_for_tls(account.security), words_for_tls(usual)
    return Step(
        Name.CONFIGURATION,
        State.WARNING,
        Words(
            zh=f"端口 {account.port} 通常是“{better.zh}”，这里设的却是“{given.zh}”。",
            en=f"Port {account.port} usually means {better.en}, but {given.en} is set.",
        ),
        cure=Words(
            zh="465 配 ssl（一连上就加密），587 配 starttls。",
            en="Use ssl (TLS from the start) with 465, and starttls with 587.",
        ),
        change={"port": account.port, "security": usual},
    )


def _two_addresses(account: SendingAccount) -> Step:
    return Step(
        Name.CONFIGURATION,
        State.WARNING,
        Words(
            zh=f"发件地址是 {account.address}，登录名却是 {account.username}。",
            en=f"Mail is sent from {account.address}, but the log-in is {account.username}.",
        ),
        cause=Words(
            zh="这家服务商只让账号用自己的地址发信。",
            en="This provider lets an account send from its own address only.",
        ),
        cure=Words(
            zh="把发件地址和登录名改成同一个；别名请先在邮箱网页版里添加。",
            en="Make both the same; an alias has to be set up in the mailbox on the web first.",
        ),
    )


def _password_of_personal_outlook(domain: str) -> Step:
    return Step(
        Name.CONFIGURATION,
        State.WARNING,
        Words(
            zh=f"{domain} 的个人邮箱已经不能用密码登录 SMTP。",
            en=f"Personal mailboxes at {domain} can't log in with a password any more.",
        ),
        cure=Words(zh="改用 OAuth2 登录。", en="Use OAuth2."),
    )
