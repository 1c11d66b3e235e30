"""What gunicorn itself logs about a request hides keys too."""

from __future__ import annotations

import re
import socket
import subprocess
import sys

from tests.site_process import ROOT

KEY = "MQ:1abc:s3cret-key"
REQUESTS = (
    # Not ASCII, so that gunicorn refuses to read it, and says so.
    f"GET /accounts/confirm-email/{KEY}/\xff\xfe HTTP/1.1\r\n\r\n".encode("latin-1"),
    f"GET /accounts/confirm-email/{KEY}/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode(),
)


def test_neither_errors_nor_requests_show_a_key() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "project/gunicorn_conf.py",
         "--bind", "127.0.0.1:0", "--workers", "1", "--access-logfile", "/dev/stderr",
         "wsgiref.simple_server:demo_app"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    said = ""
    try:
        assert process.stderr
        while not (listening := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", said)):
            line = process.stderr.readline()
            assert line, said
            said += line
        for request in REQUESTS:
            with socket.create_connection(("127.0.0.1", int(listening[1]))) as client:
                client.sendall(request)
                while client.recv(4096):
                    pass
    finally:
        process.terminate()
        said += process.communicate(timeout=30)[1]
    assert "Invalid HTTP request line: 'GET /accounts/confirm-email/••••••/" in said
    assert '"GET /accounts/confirm-email/••••••/ HTTP/1.1" 200' in said
    assert "s3cret" not in said
