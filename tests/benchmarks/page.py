"""What the page costs: the memory of its server under load, and the price of being watched.

    python -m tests.benchmarks.page [--minutes 60] [--pictures 10] [--keep]

Photographs are queued again and again in a page with the streams of three tabs, and the memory of the server is read
every ten seconds. Then 40 iterations of DIP on 256×256 are timed with ``--moments`` and without,
alternating.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.results import add_keep, keep
from tests.helpers import photograph
from tests.page.served import PROGRAM, TOKEN, Served

CODE = ("invprior/page", "invprior/cli/preview.py", "invprior/runs/checkpoint.py")
ROUNDS = 3


def resident(process: int) -> float:
    """Megabytes that a process holds."""
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def listens(served: Served, over: threading.Event) -> None:
    """A tab: reads the stream of events and throws it away."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    cookie = {"cookie": f"invprior-{served.port}={TOKEN}", "host": f"127.0.0.1:{served.port}"}
    connection.request("GET", "/api/events", headers=cookie)
    answer = connection.getresponse()
    while not over.is_set() and answer.readline():
        pass


def load(minutes: float, pictures: int) -> list[float]:
    """Megabytes of the server, every ten seconds, while jobs run."""
    folder = Path(tempfile.mkdtemp())
    served, over = Served(folder / "results"), threading.Event()
    try:
        for _ in range(3):
            threading.Thread(target=listens, args=(served, over), daemon=True).start()
        rng = np.random.default_rng(0)
        keys = []
        for k in range(pictures):
            x = photograph(size=200, top=20 + 5 * k, left=60).numpy() + 0.1 * rng.standard_normal((3, 200, 200))
            path = folder / f"picture{k}.png"
            Image.fromarray((np.clip(x, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)).save(path)
            keys.append(served.upload(path))
        found, end = [], time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            jobs = served.get("/api/state")["jobs"]
            waiting = [job for job in jobs if job["state"] in ("queued", "running")]
            if not waiting:
                for job in jobs:
                    served.post(f"/api/jobs/{job['id']}/remove")
                for k, key in enumerate(keys):
                    prior = ("tv", "nonlocal", "dip:iterations=30")[k % 3]
                    served.post("/api/jobs", {"picture": key, "task": "denoise", "prior": prior})
            for job in jobs:
                if job["moments"]:  # somebody looks at it
                    name = job["moments"][-1]["name"]
                    served.ask("GET", f"/api/layers/moment-{job['id']}-{name}/0/0/0")
            found.append(resident(served.process.pid))
            time.sleep(10)
        return found
    finally:
        over.set()
        served.close()


def watched() -> tuple[float, float]:
    """Median seconds of a solve of 40 iterations, without and with moments."""
    folder = Path(tempfile.mkdtemp())
    x = photograph(size=256, top=20, left=100).numpy()
    Image.fromarray((x * 255).astype(np.uint8).transpose(1, 2, 0)).save(folder / "x.png")
    (folder / "moments").mkdir()
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(ROUNDS):
        for moments in (False, True):
            words = ["denoise", "x.png", "-o", "y.png", "--prior=dip:iterations=40", "--sigma=0.1", "--overwrite"]
            words += ["--record=r.json", *(["--moments=moments"] if moments else [])]
            subprocess.run([sys.executable, "-c", PROGRAM, *words], cwd=folder, check=True, capture_output=True)
            seconds[moments].append(json.loads((folder / "r.json").read_text())["seconds"])
    return statistics.median(seconds[False]), statistics.median(seconds[True])


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--pictures", type=int, default=10)
    add_keep(parser, "page")
    asked = parser.parse_args()
    alone, seen = watched()
    memory = load(asked.minutes, asked.pictures)
    tenth = max(1, len(memory) // 10)
    early, late = statistics.median(memory[tenth : 2 * tenth + 1]), statistics.median(memory[-tenth:])
    price = f"{alone:.1f} and {seen:.1f} s ({100 * (seen / alone - 1):+.1f} %)"
    lines = [
        f"| 40 iterations of DIP, 256×256, alone and watched | {price} |",
        f"| memory of the server, early and late in {asked.minutes:g} minutes | {early:.0f} and {late:.0f} MB |",
    ]
    print("\n".join(lines))
    keep(asked.keep, CODE, {}, lines)


if __name__ == "__main__":
    main()
