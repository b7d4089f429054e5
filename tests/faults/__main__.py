"""``python -m tests.faults [--only WORD] [--short] [--keep FOLDER]``: every case in a line, and the closing count."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults.judge import Verdict, counts
from tests.faults.table import cases, verdicts


def line(verdict: Verdict) -> str:
    """One line of the table."""
    said = [*verdict.wrong, *(f"changed {name!r}" for name in verdict.changed[:5])]
    if verdict.traced:
        said.append("a traceback")
    mark = "ok " if verdict.good else "BAD"
    return f"{mark} {verdict.kind:11} {verdict.seconds:5.1f} s  {verdict.name}" + (
        f": {'; '.join(said)}" if said else ""
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORD", help="one group, or all cases whose name holds WORD")
    parser.add_argument("--short", action="store_true", help="the part that every run of the tests does")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="work here, and leave everything there")
    parser.add_argument("--said", action="store_true", help="with every case, its command and its last three lines")
    asked = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    chosen = cases(asked.only, asked.short)
    found = []
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as name:
        for verdict in verdicts(chosen, asked.keep or Path(name), keep=asked.keep is not None):
            found.append(verdict)
            print(line(verdict), flush=True)
            if asked.said or not verdict.good:
                print("".join(f"      {text}\n" for text in (verdict.command, *verdict.tail)), end="")
    print(f"\n{len(found)} cases: " + ", ".join(f"{n} {what}" for what, n in counts(found).items()))
    return int(not all(v.good for v in found))


if __name__ == "__main__":
    sys.exit(main())
