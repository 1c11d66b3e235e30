"""How fast is the sink itself? Postfix's smtp-source, against it and against smtp-sink."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time

from benchmarks.measuring import FAR
from benchmarks.site import folder_with_certificate
from benchmarks.wires import Wire, wires

MAILS, SESSIONS, BYTES = 10_000, 10, 4096
STARTING_SECONDS = 5


def ceiling() -> dict[str, float]:
    """Mails a second by the name of the server; empty where the machine has no Postfix."""
    source, other = shutil.which("smtp-source"), shutil.which("smtp-sink")
    if not (source and other):
        return {}
    with folder_with_certificate() as folder, wires(folder, FAR) as ours:
        rates = {"benchmarks/sink.py": _rate(source, ours.ports[Wire(0, False)])}
    port = _free_port()
    server = subprocess.Popen([other, "-u", "nobody", f"127.0.0.1:{port}", "512"])  # noqa: S603
    try:
        _await(port)
        rates["smtp-sink"] = _rate(source, port)
    finally:
        server.kill()
        server.wait()
    return rates


def _rate(source: str, port: int) -> float:
    options = ["-s", str(SESSIONS), "-m", str(MAILS), "-l", str(BYTES), "-d"]
    begun = time.monotonic()
    subprocess.run([source, *options, f"127.0.0.1:{port}"], check=True, timeout=60)  # noqa: S603
    return MAILS / (time.monotonic() - begun)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _await(port: int) -> None:
    end = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
