"""Stands in for the API of a delivery service: Postmark's, Mailgun's, Postal's.

    with EspServer((422, {"ErrorCode": 406, "Message": "…"})) as server:
        settings.ANYMAIL = server.settings()
        transport = open_transport(account("postmark"))

Its answers are used up one by one; after them it accepts what comes.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from mailcenter.transports import PRESETS, SendingAccount
from tests.certificate import certificate_files

ADDRESS = "site@example.test"
KEY = "key-0123456789abcdef"
# In place of an answer.
HANG_UP = object()
SILENCE = object()

# A status and what to say (a dict as JSON, else bytes), or one of the above.
Answer = Any


@dataclass
class Posted:
    """fields: the JSON, or the form with a list for each name. files: of the form, by field."""

    path: str
    headers: Mapping[str, str]
    fields: dict[str, Any]
    files: list[tuple[str, EmailMessage]] = field(default_factory=list)


class EspServer:
    """tls: with a certificate that nobody trusts."""

    def __init__(self, *answers: Answer, tls: bool = False) -> None:
        self.answers = list(answers)
        self.posted: list[Posted] = []
        self.connections = 0
        self.closing = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.esp = self
        self.url = f"http://127.0.0.1:{self.port}/"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate_files(""))
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
            self.url = self.url.replace("http:", "https:")
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def __enter__(self) -> EspServer:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(timeout=10)

    def settings(self, **more: Any) -> dict[str, Any]:
        """For ANYMAIL."""
        return {
            "POSTMARK_SERVER_TOKEN": KEY,
            "POSTMARK_API_URL": self.url,
            "MAILGUN_API_KEY": KEY,
            "MAILGUN_API_URL": self.url + "v3",
            "POSTAL_API_KEY": KEY,
            "POSTAL_API_URL": self.url,
            **more,
        }

    def next_answer(self, posted: Posted) -> Answer:
        self.posted.append(posted)
        if self.answers:
            return self.answers.pop(0)
        number = len(self.posted)
        if posted.path.startswith("/v3/"):
            return 200, {"id": f"<{number}@mailgun.test>", "message": "Queued. Thank you."}
        to = {"To": posted.fields["To"]} if "To" in posted.fields else {}
        return 200, {"ErrorCode": 0, "Message": "OK", "MessageID": f"postmark-{number}", **to}


def account(backend: str) -> SendingAccount:
    return SendingAccount(
        preset=PRESETS["anymail"],
        address=ADDRESS,
        username=ADDRESS,
        password="",
        from_name="",
        host="",
        port=443,
        security="ssl",
        ca_file="",
        esp_backend=backend,
    )


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    esp: EspServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in the middle is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def setup(self) -> None:
        super().setup()
        self.server.esp.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        esp = self.server.esp
        answer = esp.next_answer(_posted(self.path, self.headers, body))
        if answer is SILENCE:
            esp.closing.wait()
        if answer in (SILENCE, HANG_UP):
            self.close_connection = True
            return
        status, said = answer
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", esp.url + "elsewhere")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


def _posted(path: str, headers: Any, body: bytes) -> Posted:
    kind = headers.get_content_type()
    if kind == "application/json":
        return Posted(path, headers, json.loads(body))
    if kind == "application/x-www-form-urlencoded":
        return Posted(path, headers, parse_qs(body.decode(), keep_blank_values=True))
    head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
    form = message_from_bytes(head + body, _class=EmailMessage, policy=policy.HTTP)
    posted = Posted(path, headers, {})
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() is not None:
            posted.files.append((str(name), part))
        else:
            text = part.get_payload(decode=True).decode()
            posted.fields.setdefault(str(name), []).append(text)
    return posted
