"""``python -m tests.chaos --kills 100``: kill workers in each configuration, and print a table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.configuration import ALL
from tests.chaos.running import Run
from tests.chaos.table import heading, row

SECONDS = 240


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="in each configuration")
    kills = parser.parse_args().kills
    rows, whole = [heading()], True
    for configuration in ALL:

        def progress(number: int, name: str = str(configuration)) -> None:
            print(f"\r{name}: {number} of {kills} kills", end="", file=sys.stderr, flush=True)

        with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
            result = Run(configuration, Path(folder), on_kill=progress).run(kills, SECONDS)
        print(f", {result.seconds:.0f} s", file=sys.stderr)
        rows.append(row(configuration, result))
        for name, mails in result.judgement.violations.items():
            print(f"  {name}: {' '.join(mails[:20])}", file=sys.stderr)
        whole = whole and result.kills.total() == kills and not result.judgement.violations
    print("\n".join(rows))
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
