"""Postfix and Dovecot of a test's own, on loopback, from a folder that goes away.

    with RealMailServer() as server:
        transport = open_transport(server.account())
        ...
        server.inbox("visitor@mail.test")

Every address at mail.test is a mailbox, but for those that begin with "unknown". What goes
elsewhere is refused, so that nothing leaves. Needs root, as both of them do.
"""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from mailcenter.transports import PRESETS, SendingAccount
from mailcenter.transports.presets import Security
from tests.certificate import certificate_files
from tests.real_mail_configuration import DOVECOT, LIMITS, MAILBOXES, MAIN, MASTER
from tests.site_process import until

DOMAIN = "mail.test"
SENDER = f"site@{DOMAIN}"
# Nothing that a URL may carry as it is.
PASSWORD = "correct/horse@100%"
# Below the range that systems give to outgoing connections, so that none gets there first.
PORTS = range(20_000, 30_000)


class RealMailServer:
    """Port 465's ways ("ssl", AUTH PLAIN and LOGIN) and 587's ("starttls", AUTH LOGIN alone).

    senders: the addresses that can log in, all with PASSWORD, each to send as itself alone.
    mails_per_minute, logins_per_minute: of one client at one port; 0: no limit.
    """

    def __init__(
        self,
        *,
        senders: tuple[str, ...] = (SENDER,),
        mails_per_minute: int = 0,
        logins_per_minute: int = 0,
    ) -> None:
        self.senders = senders
        self.limits = {"mails": mails_per_minute, "logins": logins_per_minute}
        self.ca_file, self._key_file = certificate_files("")

    def __enter__(self) -> RealMailServer:
        # A socket's path has a hundred bytes, hence the short name.
        self._directory = tempfile.TemporaryDirectory(prefix="mail-", ignore_cleanup_errors=True)
        self.folder = Path(self._directory.name)
        self.folder.chmod(0o755)
        ssl_port, starttls_port, self.imap_port = _free_ports(3)
        self.ports: dict[Security, int] = {"ssl": ssl_port, "starttls": starttls_port}
        self._configure()
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop()

    def account(self, security: Security = "ssl", **changes: Any) -> SendingAccount:
        """An account that trusts this server; its Sent folder can be looked into."""
        values: dict[str, Any] = {
            "preset": PRESETS["custom"],
            "address": self.senders[0],
            "username": self.senders[0],
            "password": PASSWORD,
            "from_name": "",
            "host": "127.0.0.1",
            "port": self.ports[security],
            "security": security,
            "ca_file": self.ca_file,
            "imap_host": "127.0.0.1",
            "imap_port": self.imap_port,
        }
        return SendingAccount(**(values | changes))

    def environment(self, security: Security = "ssl", port: int = 0) -> dict[str, str]:
        """The same for a process of its own: variables as in .env; ``port``: of a proxy."""
        scheme = {"ssl": "smtp+ssl", "starttls": "smtp+tls"}[security]
        login = f"{quote(self.senders[0])}:{quote(PASSWORD, safe='')}"
        return {
            "MAIL_PROVIDER": "custom",
            "EMAIL_URL": f"{scheme}://{login}@127.0.0.1:{port or self.ports[security]}",
            "MAIL_ADDRESS": self.senders[0],
            "MAIL_CA_FILE": self.ca_file,
            "MAIL_IMAP_HOST": "127.0.0.1",
            "MAIL_IMAP_PORT": str(self.imap_port),
        }

    def inbox(self, address: str) -> list[bytes]:
        """What was delivered there: LF lines, below the headers of the delivery."""
        return _mails(self.folder / "mail" / address)

    def sent(self, address: str = "") -> list[bytes]:
        """The Sent folder of ``address``, or of the first sender."""
        return _mails(self.folder / "mail" / (address or self.senders[0]) / ".Sent")

    def queue(self) -> list[str]:
        """The ids of the mails that were accepted and aren't delivered yet."""
        folders = ("incoming", "active", "deferred")
        paths = (path for name in folders for path in (self.folder / "queue" / name).rglob("*"))
        return [path.name for path in paths if path.is_file()]

    def log(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def _configure(self) -> None:
        values = {
            "folder": str(self.folder),
            "domain": DOMAIN,
            "certificate": self.ca_file,
            "key": self._key_file,
            "ssl_port": self.ports["ssl"],
            "starttls_port": self.ports["starttls"],
            "imap_port": self.imap_port,
            **self.limits,
        }
        texts = {
            "postfix/main.cf": MAIN + (LIMITS if any(self.limits.values()) else ""),
            "postfix/master.cf": MASTER,
            "postfix/mailboxes": MAILBOXES,
            "postfix/owners": "".join(f"{sender} {sender}\n" for sender in self.senders),
            "postfix/sent": "".join(
                f"{sender} {sender.replace('@', '+Sent@')}\n" for sender in self.senders
            ),
            "dovecot.conf": DOVECOT,
            "users": "".join(f"{sender}:{{PLAIN}}{PASSWORD}\n" for sender in self.senders),
        }
        for name, text in texts.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(Template(text).substitute(values))

    def _start(self) -> None:
        (self.folder / "queue").mkdir()
        # Mailboxes are made in it, on delivery.
        (self.folder / "mail").mkdir()
        shutil.chown(self.folder / "mail", "mail", "mail")
        dovecot = ("dovecot", "-F", "-c", str(self.folder / "dovecot.conf"))
        self._dovecot = subprocess.Popen(dovecot, start_new_session=True)
        postfix = subprocess.run([*self._postfix, "start"], capture_output=True, text=True)
        assert postfix.returncode == 0, postfix.stderr + self.log()
        until(self._ready)

    def _ready(self) -> bool:
        """Whether each port greets, and Postfix can ask Dovecot."""
        assert self._dovecot.poll() is None, self.log()
        sockets = (self.folder / "dovecot" / name for name in ("lmtp", "auth-postfix"))
        return all(path.is_socket() for path in sockets) and all(
            map(_listens, [*self.ports.values(), self.imap_port])
        )

    def _stop(self) -> None:
        # It waits for what it stops; nothing to stop is no failure.
        subprocess.run([*self._postfix, "stop"], capture_output=True)
        self._dovecot.terminate()
        self._dovecot.wait()
        self._directory.cleanup()

    @property
    def _postfix(self) -> tuple[str, ...]:
        return ("postfix", "-c", str(self.folder / "postfix"))


def _free_ports(count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        # Not `random`: tests seed it alike in each process.
        port = secrets.choice(PORTS)
        with socket.socket() as candidate:
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _mails(maildir: Path) -> list[bytes]:
    # A mail moves from new to cur when somebody reads.
    paths = (path for name in ("new", "cur") for path in maildir.glob(f"{name}/*"))
    return [path.read_bytes() for path in sorted(paths, key=lambda path: path.name)]
