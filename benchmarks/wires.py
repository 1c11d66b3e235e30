"""The sink and the ways to it, from a benchmark's side."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.sink import Figures

ROOT = Path(__file__).parent.parent
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Wire:
    """round_trip: milliseconds. tls: TLS from the first byte, and AUTH; else neither."""

    round_trip: int
    tls: bool

    def __str__(self) -> str:
        return f"{self.round_trip} ms, {'TLS+AUTH' if self.tls else 'plain'}"


class Wires:
    """Raises TimeoutError where a count is not reached."""

    def __init__(self, sink: subprocess.Popen[str], ports: dict[Wire, int]) -> None:
        self._sink = sink
        self.ports = ports

    def reset(self) -> None:
        self._ask("reset")

    def figures(self) -> Figures:
        return Figures(**self._ask("report"))

    def wait_for(self, mails: int, seconds: float) -> Figures:
        """What the sink has counted once so many mails have arrived."""
        end = time.monotonic() + seconds
        while (figures := self.figures()).mails < mails:
            if time.monotonic() > end:
                raise TimeoutError(f"{figures.mails} of {mails} mails in {seconds:g} s")
            time.sleep(LOOK_SECONDS)
        return figures

    def _ask(self, word: str) -> dict[str, Any]:
        assert self._sink.stdin  # noqa: S101
        self._sink.stdin.write(word + "\n")
        self._sink.stdin.flush()
        return dict(_line(self._sink))


@contextmanager
def wires(folder: Path, round_trip: int) -> Iterator[Wires]:
    """A sink, at once and over ``round_trip`` (milliseconds), plain and over TLS.

    folder: with the certificate (see site.py).
    """
    files = (str(folder / "cert.pem"), str(folder / "key.pem"))
    with _process("benchmarks.sink", *files) as sink:
        near = _line(sink)
        doors = [near["plain"], near["tls"]]
        with _process("benchmarks.delay", str(round_trip), *map(str, doors)) as delay:
            far = _line(delay)
            ports = {
                Wire(delayed, tls): port
                for delayed, ways in ((0, doors), (round_trip, far))
                for tls, port in zip((False, True), ways, strict=True)
            }
            yield Wires(sink, ports)


@contextmanager
def _process(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _line(process: subprocess.Popen[str]) -> Any:
    assert process.stdout  # noqa: S101
    return json.loads(process.stdout.readline())
