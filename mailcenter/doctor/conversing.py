"""The way of a mail as far as RCPT, over one connection; then RSET and QUIT, and no DATA."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from dataclasses import replace

from mailcenter import addresses
from mailcenter.doctor import certificate, host_name, tls_trouble
from mailcenter.doctor.step import Name, State, Step
from mailcenter.doctor.way import Watched, client_name, since, watched
from mailcenter.doctor.wording import both, failed
from mailcenter.exceptions import RefusedMessage, TransportError
from mailcenter.replies import Reply, Stage
from mailcenter.replies.entry import Words
from mailcenter.transports import SendingAccount, session
from mailcenter.transports.public_hosts import NotPublic

# What mail programs make use of; the rest would tell the reader nothing.
MECHANISMS = (
    *("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "CRAM-MD5", "DIGEST-MD5", "NTLM", "GSSAPI"),
    *("SCRAM-SHA-1", "SCRAM-SHA-256"),
)
KNOWN = ("STARTTLS", "PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES", "DSN")
NAMES = {
    Stage.CONNECT: Name.EHLO,
    Stage.TLS: Name.TLS,
    Stage.EHLO: Name.EHLO,
    Stage.AUTH: Name.AUTH,
    Stage.MAIL: Name.MAIL,
    Stage.RCPT: Name.RCPT,
}
MEGABYTE = 1024 * 1024


class Conversation:
    """error: what ended it early, or None. reached: something listens at the port.

    spoken_to: it speaks at first, in TLS or without, as the settings say.
    """

    def __init__(self, account: SendingAccount, recipient: str, timeout: float) -> None:
        self.account = account
        self.recipient = recipient
        self.timeout = timeout
        self.error: TransportError | None = None
        self.reached = False
        self.spoken_to = False
        self._connection, self._transcript = watched(account, timeout)
        # When the step in hand began, of time.monotonic().
        self._begun = 0.0

    def steps(self) -> Iterator[Step]:
        """Those that were come to, in order."""
        name = host_name.look(self.account, self.timeout)
        yield name
        if name.state == State.FAILED:
            return
        connection = self._connection
        try:
            yield self._connect()
            self.reached = True
            yield from self._start_session()
            if self.account.password:
                yield self._mail()
                yield self._recipient()
        except TransportError as error:
            self.error = error
            self.spoken_to = self._was_spoken_to(error)
            yield from self._broken(error)
        else:
            yield self._leave()
        finally:
            if not connection.closed:
                connection.quit()

    def _connect(self) -> Step:
        self._begun = time.monotonic()

        def connect() -> Reply:
            self._connection.open()
            return Reply(220)

        self._connection.step("CONNECT", connect)
        where = f"{self.account.host}:{self.account.port}"
        finding = Words(zh=f"连上了 {where}。", en=f"Connected to {where}.")
        return Step(Name.TCP, State.OK, finding, since(self._begun))

    def _start_session(self) -> Iterator[Step]:
        connection = self._connection
        stages = session.stages(connection, self.account, client_name(self.account))
        self._begun = time.monotonic()
        for stage in stages:
            if stage == Stage.TLS:
                yield self._secured()
            elif stage == Stage.EHLO:
                yield Step(Name.EHLO, State.OK, offered(connection), since(self._begun))
                if not self.account.password:
                    yield _no_code()
                    return
            elif stage == Stage.AUTH:
                yield self._logged_in(since(self._begun))
            self._begun = time.monotonic()

    def _was_spoken_to(self, error: TransportError) -> bool:
        if self.account.security == "ssl":
            return bool(self._connection.version)
        return error.stage != Stage.CONNECT or error.reply.code is not None

    def _secured(self) -> Step:
        connection = self._connection
        return certificate.seen(
            connection.version, connection.certificate, connection.handshake_milliseconds
        )

    def _logged_in(self, milliseconds: int) -> Step:
        mechanism = self._transcript.dialogue[-1]["verb"]
        name = self.account.username
        finding = Words(
            zh=f"以 {name} 登录成功（{mechanism}）。", en=f"Logged in as {name} ({mechanism})."
        )
        return Step(Name.AUTH, State.OK, finding, milliseconds)

    def _mail(self) -> Step:
        address = self.account.address
        milliseconds = self._say(Stage.MAIL, f"MAIL FROM:<{address}>")
        finding = Words(zh=f"可以用 {address} 发信。", en=f"Mail may come from {address}.")
        return Step(Name.MAIL, State.OK, finding, milliseconds)

    def _recipient(self) -> Step:
        if not self.recipient:
            return Step(
                Name.RCPT,
                State.SKIPPED,
                Words(zh="没有给出收件人。", en="No recipient was given."),
            )
        try:
            _name, address = addresses.split(self.recipient)
        except RefusedMessage:
            finding = Words(zh="收件人不是有效的邮箱地址。", en="The recipient is no mail address.")
            return Step(Name.RCPT, State.FAILED, finding)
        milliseconds = self._say(Stage.RCPT, f"RCPT TO:<{address}>")
        finding = Words(zh=f"服务器愿意收给 {address} 的信。", en=f"It takes mail for {address}.")
        return Step(Name.RCPT, State.OK, finding, milliseconds)

    def _say(self, stage: Stage, line: str) -> int:
        """Milliseconds. Raises TransportError where it is refused."""
        connection = self._connection
        self._begun = time.monotonic()
        connection.enter(stage)
        verb = line.split(" ", 1)[0]
        connection.require(connection.step(verb, functools.partial(connection.command, line)))
        return since(self._begun)

    def _broken(self, error: TransportError) -> Iterator[Step]:
        name = NAMES[error.stage] if self.reached else Name.TCP
        milliseconds = since(self._begun)
        if isinstance(error.__cause__, NotPublic):
            yield _not_public(self.account, milliseconds)
        elif name == Name.TLS:
            yield tls_trouble.explain(self.account, error, milliseconds, self.timeout)
        else:
            if error.stage == Stage.CONNECT and self._connection.version:
                # The handshake went well, the greeting didn't.
                yield self._secured()
            yield self._told(failed(name, self.account, error, milliseconds), error)
        if not self._connection.closed:
            yield self._leave()

    def _told(self, step: Step, error: TransportError) -> Step:
        """With what is particular to this stage."""
        silent = error.reply.code is None
        if silent and error.stage == Stage.CONNECT and self.reached:
            label = both(lambda: error.reply.failure.label)
            zh = f"连上了，但没有等到服务器的问候：{label.zh}。"
            step = replace(
                step, finding=Words(zh=zh, en=f"Connected, but no greeting came: {label.en}.")
            )
        if not self.reached and self.account.preset.slug == "practice":
            zh = "练习服务器没有运行：用 make run 启动网站，或运行 manage.py practiceserver。"
            en = (
                "The practice server isn't running: make run or manage.py practiceserver starts it."
            )
            step = replace(step, cure=Words(zh=zh, en=en))
        return step

    def _leave(self) -> Step:
        connection = self._connection
        started = time.monotonic()
        begun = connection.stage in (Stage.MAIL, Stage.RCPT)
        forgotten = connection.reset() if begun else True
        connection.quit()
        finding = Words(zh="已经退出，什么也没有发送。", en="Took leave; nothing was sent.")
        # Without DATA there is no mail, whatever becomes of RSET.
        state = State.OK if forgotten else State.WARNING
        return Step(Name.QUIT, state, finding, since(started))


def offered(connection: Watched) -> Words:
    """What the server announces in its answer to EHLO."""
    said = connection.extensions
    # "AUTH=LOGIN" says again what "AUTH LOGIN" says.
    words = dict.fromkeys(said.get("AUTH", "").upper().split())
    mechanisms = ", ".join(word for word in words if word in MECHANISMS)
    names = ", ".join(name for name in KNOWN if name in said) or "–"
    size = said.get("SIZE", "")
    zh, en = (
        f"登录方式：{mechanisms or '–'}；扩展：{names}",
        f"Log-in: {mechanisms or '–'}; also {names}",
    )
    if size.isdecimal() and int(size):
        megabytes = int(size) // MEGABYTE
        zh, en = f"{zh}；一封最大 {megabytes} MB", f"{en}; up to {megabytes} MB a mail"
    return Words(zh=f"{zh}。", en=f"{en}.")


def _no_code() -> Step:
    return Step(
        Name.AUTH,
        State.SKIPPED,
        Words(zh="没有授权码，登录没有尝试。", en="There is no code to log in with."),
    )


def _not_public(account: SendingAccount, milliseconds: int) -> Step:
    return Step(
        Name.TCP,
        State.FAILED,
        Words(
            zh=f"{account.host} 不在公网上，没有连接。",
            en=f"{account.host} is not on the public Internet: no connection was made.",
        ),
        milliseconds,
        cause=Words(
            zh="在后台填写的服务器必须在公网上。",
            en="A host that was typed in the admin must be on the public Internet.",
        ),
        cure=Words(
            zh="核对服务器名；内网服务器请写到环境变量里（MAIL_PROVIDER=custom 和 EMAIL_URL）。",
            en="Compare the host's name; a server in a private network belongs into the "
            "environment (MAIL_PROVIDER=custom and EMAIL_URL).",
        ),
    )
