"""A study of 200 small cells, killed ten times at random: is anything lost, is anything done twice?

    python -m tests.benchmarks.interruptions

Every run is a process of its own, killed with SIGKILL together with its workers.
"""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.study.helpers import pictures

CELLS, KILLS = 200, 10


def main() -> None:
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = folder / "out"
        specs = ["--noise", "gaussian:0.1", "--noise", "gaussian:0.05", "--prior", "none", "--prior", "tikhonov:0.1"]
        words = ["compare", *map(str, pictures(folder, 2)), *specs, "--seeds", "25", "--quiet", "-o", str(out)]
        command = [sys.executable, "-c", "from invprior.cli.main import run; run()", *words]
        written: dict[str, int] = {}
        for k in range(KILLS):
            before = len(finished(out))
            running = subprocess.Popen(command, start_new_session=True)
            wanted = before + rng.randrange(1, 2 * CELLS // KILLS)
            while len(finished(out)) < min(wanted, CELLS - 1) and running.poll() is None:
                time.sleep(0.001)
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            changed = note(out, written)
            print(
                f"kill {k + 1}: {before} cells before, {len(finished(out))} after, {changed} written anew", flush=True
            )
        assert subprocess.run(command, check=False).returncode == 0
        changed = note(out, written)
        with (out / "results.csv").open() as file:
            lines = list(csv.DictReader(file))
        print(
            f"{len(lines)} lines, {len(finished(out))} cells, {changed} written anew, torn: {list(out.rglob('.?*/*'))}"
        )
        assert len(lines) == len(finished(out)) == CELLS
        assert changed == 0
        for line in lines:
            assert json.loads((out / line["folder"] / "run.json").read_text())["psnr"] == float(line["psnr"])


def finished(out: Path) -> list[Path]:
    return [p for p in (out / "cells").glob("[!.]*") if (p / "run.json").exists()]


def note(out: Path, written: dict[str, int]) -> int:
    """Remember when each cell was written; how many that were known have been written again."""
    now = {p.name: (p / "run.json").stat().st_mtime_ns for p in finished(out)}
    assert set(written) <= set(now), "a finished cell was lost"
    changed = sum(written[name] != stamp for name, stamp in now.items() if name in written)
    written.update(now)
    return changed


if __name__ == "__main__":
    main()
