"""What the page costs: the memory of its server under load, and the price of being watched.

    python -m tests.benchmarks.page [--minutes 60] [--pictures 10] [--part screen|watched|load] [--keep]

screen: a picture of 24 megapixels is opened, moved and painted on in Chromium, and every frame is timed. watched: 40
iterations of DIP on 256×256 with ``--moments`` and without, alternating. load: photographs are queued again and again
in a page with the streams of three tabs, and the memory of the server is read every ten seconds.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
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


FRAMES = """() => { window.frames_ = []; let last = performance.now();
    const next = now => { window.frames_.push(now - last); last = now; requestAnimationFrame(next); };
    requestAnimationFrame(next); }"""


def screen() -> list[str]:
    """Lines of a table: the time of a frame while a picture of 24 megapixels is moved and painted on."""
    from playwright.sync_api import sync_playwright

    folder = Path(tempfile.mkdtemp())
    x = (photograph(size=200, top=20, left=100).numpy() * 255).astype(np.uint8).transpose(1, 2, 0)
    Image.fromarray(np.tile(x, (20, 30, 1))).save(folder / "large.jpg", quality=95)
    served, lines = Served(folder / "results"), []
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(served.address)
        begin = time.monotonic()
        page.set_input_files("#files", str(folder / "large.jpg"))
        while not page.evaluate("Number(document.getElementById('canvas').dataset.painted || 0)"):
            page.wait_for_timeout(20)
        lines.append(f"| 24 megapixels: from the drop to the first sight | {time.monotonic() - begin:.1f} s |")
        page.select_option("#task", "inpaint")
        page.wait_for_timeout(2000)
        box = page.locator("#canvas").bounding_box()
        assert box is not None
        x0, y0 = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

        def drag() -> None:
            page.mouse.move(x0 - 200, y0 - 100)
            page.mouse.down()
            page.mouse.move(x0 + 200, y0 + 100, steps=60)
            page.mouse.up()

        def brush() -> None:
            page.check("input[name=tool][value=brush]")
            drag()

        def timed(name: str, act: Callable[[], object]) -> None:
            page.evaluate("window.frames_.splice(0)")
            act()
            page.wait_for_timeout(100)
            frames = sorted(page.evaluate("window.frames_.splice(0)"))
            usual, slow, worst = frames[len(frames) // 2], frames[int(0.95 * len(frames))], frames[-1]
            lines.append(f"| … {name}: a frame, median, 95 %, longest | {usual:.0f}, {slow:.0f}, {worst:.0f} ms |")

        page.evaluate(FRAMES)
        page.check("input[name=tool][value=hand]")
        timed("moved", drag)
        page.evaluate("document.getElementById('radius').value = 150")
        timed("painted with a brush of 300 pixels", brush)
        timed("undone", lambda: page.click("#undo"))
        timed("inverted", lambda: page.click("#invert"))
        browser.close()
    served.close()
    return lines


def priced() -> list[str]:
    """The line of what it costs to be watched."""
    alone, seen = watched()
    price = f"{alone:.1f} and {seen:.1f} s ({100 * (seen / alone - 1):+.1f} %)"
    return [f"| 40 iterations of DIP, 256×256, alone and watched | {price} |"]


def loaded(minutes: float, pictures: int) -> list[str]:
    """The line of the server's memory."""
    memory = load(minutes, pictures)
    tenth = max(1, len(memory) // 10)
    early, late = statistics.median(memory[tenth : 2 * tenth + 1]), statistics.median(memory[-tenth:])
    return [f"| memory of the server, early and late in {minutes:g} minutes | {early:.0f} and {late:.0f} MB |"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--part", choices=("screen", "watched", "load"))
    add_keep(parser, "page")
    asked = parser.parse_args()
    lines: list[str] = []
    if asked.part in (None, "screen"):
        lines += screen()
    if asked.part in (None, "watched"):
        lines += priced()
    if asked.part in (None, "load"):
        lines += loaded(asked.minutes, asked.pictures)
    print("\n".join(lines))
    keep(asked.keep, CODE, {}, lines)


if __name__ == "__main__":
    main()
