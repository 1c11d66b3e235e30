"""One question, asked in a process whose environment is a site's.

``python -m benchmarks.ask QUESTION ROUNDS MAILS [ONLY]`` prints a line of JSON for each
measurement; see measuring.Effort.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import django

from benchmarks.measuring import FAR, Effort
from benchmarks.wires import wires

QUESTIONS = ("enqueue", "latency", "drain")


def main() -> None:
    # Ended politely, it takes the processes that it started along.
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(1))
    name, rounds, mails, *only = sys.argv[1:]
    django.setup()
    question = import_module(f"benchmarks.{QUESTIONS[QUESTIONS.index(name)]}")
    with wires(Path(os.environ["BENCH_FOLDER"]), FAR) as to_the_sink:
        for measurement in question.measure(Effort(int(rounds), int(mails), *only), to_the_sink):
            sys.stdout.write(json.dumps(asdict(measurement)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
