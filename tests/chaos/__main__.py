"""Kill workers in each configuration that this machine has, and print a table.

Exits with 1 where a promise was broken, or where fewer workers could be killed than asked for.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.configuration import ALL, Configuration
from tests.chaos.running import Result, Run
from tests.chaos.site import ProcessDied
from tests.chaos.table import heading, row
from tests.components import PROBES

# No kill begins later than this in one configuration; the rest drains after it.
SECONDS = 240


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="in each configuration")
    kills = parser.parse_args().kills
    # As Ctrl-C does: no worker is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rows, whole = [heading()], True
    for configuration in ALL:
        missing = [name for name in configuration.needs if not PROBES[name]()]
        if missing:
            sys.stderr.write(f"{configuration}: this machine has no {', '.join(missing)}\n")
            continue
        try:
            result = kill(configuration, kills)
        except ProcessDied as error:
            sys.stderr.write(f", then a process died:\n{error}\n")
            whole = False
            continue
        rows.append(row(configuration, result))
        for name, mails in result.judgement.violations.items():
            sys.stderr.write(f"  {name.replace('_', ' ')}: {' '.join(mails[:20])}\n")
        whole = whole and result.kills.total() == kills and not result.judgement.violations
    sys.stdout.write("\n".join(rows) + "\n")
    return 0 if whole else 1


def kill(configuration: Configuration, kills: int) -> Result:
    def progress(number: int) -> None:
        sys.stderr.write(f"\r{configuration}: {number} of {kills} kills")
        sys.stderr.flush()

    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        result = Run(configuration, Path(folder), on_kill=progress).run(kills, SECONDS)
    sys.stderr.write(f", {result.seconds:.0f} s\n")
    return result


if __name__ == "__main__":
    sys.exit(main())
