"""Ten jobs of every day, as commands: time of the processor, the system's share of it, memory and quality.

    python -m tests.benchmarks.jobs DATA [--code FOLDER] [--busy N] [--only NAME ...] [--limit 900]
        [--into FOLDER] [--keep NAME]

DATA holds the published experiments of the deep image prior. Every job is a process of its own, on all processors;
``--code`` takes the package from another checkout, to compare with, and ``--busy 2`` lets two other processes turn in
circles beside it; ``--into`` leaves the pictures in an empty folder, to be looked at. Columns: seconds of the clock and
of the processor, the share of these that the system took, the most memory that was held, and PSNR. The truth is used
for scores only. A job that takes longer than the limit is ended.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.results import add_keep, keep

CODE = ("invprior/runs", "invprior/cli", "invprior/solvers", "priors", "operators")
# A quiet loop of a process that has a processor for itself.
CIRCLES = (sys.executable, "-c", "while True: pass")
LARGE = (3000, 4000)


@dataclass(frozen=True)
class Job:
    """A command on files in a folder, the file it writes, and the truth of that."""

    words: tuple[str, ...]
    out: str
    truth: str


def program(code: Path) -> tuple[str, ...]:
    """The console script of a checkout."""
    declared = tomllib.loads((code / "pyproject.toml").read_text())["project"]["scripts"]["invprior"]
    module, function = declared.split(":")
    return sys.executable, "-c", f"from {module} import {function}; {function}()"


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def save(folder: Path, name: str, x: np.ndarray, quality: int = 95) -> str:
    Image.fromarray(x.clip(0, 255).round().astype(np.uint8)).save(folder / name, quality=quality)
    return name


def noisy(x: np.ndarray, level: float, seed: int = 0) -> np.ndarray:
    return x + level * np.random.default_rng(seed).standard_normal(x.shape)


def large(data: Path) -> np.ndarray:
    """A picture of 12 megapixels: a whole photograph, enlarged."""
    with Image.open(data / "denoise25" / "kodim03_clean.png") as image:
        return np.asarray(image.convert("RGB").resize(LARGE[::-1], Image.Resampling.LANCZOS))


def middle(x: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = (x.shape[0] - height) // 2, (x.shape[1] - width) // 2
    return x[top : top + height, left : left + width]


def prepared(data: Path, folder: Path) -> dict[str, Job]:
    """The files of all jobs, and their commands by name."""
    f16 = picture(data / "denoise25" / "F16_clean.png")
    kodim = picture(data / "denoise25" / "kodim03_clean.png")
    whole, small = large(data), middle(kodim, 256, 256)
    hole = np.zeros(LARGE, np.uint8)
    hole[1400:1500, 1900:2050] = 255
    truths = {
        "f16": f16,
        "large": whole,
        "vga": middle(kodim, 480, 640),
        "small": small,
        "tiny": middle(kodim, 128, 128),
    }
    for name, x in truths.items():
        save(folder, f"{name}.png", x)
    save(folder, "f16n.png", noisy(f16, 25))
    save(folder, "largen.jpg", noisy(whole, 8), quality=95)
    with Image.fromarray(truths["vga"]) as image:
        image.resize((320, 240), Image.Resampling.LANCZOS).save(folder / "vgas.png")
    save(folder, "hole.png", hole)
    save(folder, "holed.png", np.where(hole[..., None] > 0, 0, whole))
    point = np.zeros((9, 9))
    point[2:7, 2:7] = 255
    save(folder, "point.png", point)
    padded = np.pad(small.astype(float), ((4, 4), (4, 4), (0, 0)), mode="reflect")
    blurred = np.mean([padded[2 + i : 258 + i, 2 + j : 258 + j] for i in range(5) for j in range(5)], 0)
    save(folder, "blurred.png", noisy(blurred, 2))
    save(folder, "small.jpg", small, quality=20)
    save(folder, "tinyn.png", noisy(truths["tiny"], 25))
    (folder / "many").mkdir()
    for k in range(8):
        save(folder, f"many/{k}.png", noisy(small, 25, k))
    kate = picture(data / "holes" / "kate.png")
    save(folder, "kate.png", kate)
    with Image.open(data / "holes" / "kate_mask.png") as mask:
        mask.convert("L").save(folder / "letters.png")
    return {
        "denoise 512×512": Job(("denoise", "f16n.png", "-o", "a.png"), "a.png", "f16.png"),
        "denoise 12 MP by tv": Job(("denoise", "largen.jpg", "-o", "b.png", "--prior", "tv"), "b.png", "large.png"),
        "upscale to 640×480 by tv": Job(
            ("upscale", "vgas.png", "-o", "c.png", "--factor", "2", "--prior", "tv"), "c.png", "vga.png"
        ),
        "hole in 12 MP": Job(("inpaint", "holed.png", "--mask", "hole.png", "-o", "d.png"), "d.png", "large.png"),
        "text 512×512": Job(
            ("inpaint", "kate.png", "--mask", "letters.png", "--invert-mask", "-o", "e.png"), "e.png", "kate.png"
        ),
        "JPEG 256×256": Job(("dejpeg", "small.jpg", "-o", "f.png"), "f.png", "small.png"),
        "deblur 256×256": Job(("deblur", "blurred.png", "--psf", "point.png", "-o", "g.png"), "g.png", "small.png"),
        "eight of 256×256 by tv": Job(("denoise", "many", "-o", "h", "--prior", "tv"), "h/0.png", "small.png"),
        "40 steps of dip, 128×128": Job(
            ("denoise", "tinyn.png", "-o", "i.png", "--prior", "dip", "--iterations", "40"), "i.png", "tiny.png"
        ),
        "nonlocal 256×256": Job(("denoise", "many/0.png", "-o", "j.png", "--prior", "nonlocal"), "j.png", "small.png"),
    }


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.square((a.astype(float) - b) / 255).mean()))


def timed(job: Job, folder: Path, code: Path, limit: float) -> str:
    """The columns of one job."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(code)}
    environment.pop("OMP_NUM_THREADS", None)
    running = subprocess.Popen(
        [*program(code), *job.words], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    most = 0.0
    while running.poll() is None and time.monotonic() - begin < limit:
        most = max(most, held(running.pid))
        time.sleep(0.05)
    late = running.poll() is None
    if late:
        running.kill()
    said = running.communicate()[1].decode(errors="replace").strip().splitlines()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    seconds = time.monotonic() - begin
    score = (
        f"{psnr(picture(folder / job.out), picture(folder / job.truth)):.2f}" if (folder / job.out).exists() else "–"
    )
    if late or running.returncode:
        score = "over the limit" if late else (said[-1][:60] if said else "failed")
    return (
        f"{seconds:.1f} | {user + system:.1f} | {100 * system / max(user + system, 1e-9):.0f} % | {most:.2f} | {score}"
    )


@contextmanager
def placed(into: Path | None) -> Iterator[Path]:
    """The folder of the files: the one that is asked for, which stays, or a temporary one."""
    if into is not None:
        into.mkdir(parents=True, exist_ok=True)
        yield into
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def table(jobs: Mapping[str, Job], folder: Path, code: Path, limit: float) -> list[str]:
    """The rows of the jobs, printed as they come."""
    print("| job | s | processor, s | system | GB | dB |\n|---|---|---|---|---|---|", flush=True)
    rows = []
    for title, job in jobs.items():
        rows.append(f"| {title} | {timed(job, folder, code, limit)} |")
        print(rows[-1], flush=True)
    return rows


def held(process: int) -> float:
    """Gigabytes that a process holds."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) / 1024**2
    except (OSError, IndexError):
        return 0.0


def beside(number: int) -> Callable[[], None]:
    """Starts processes that keep processors busy; returns what ends them."""
    running = [subprocess.Popen(CIRCLES) for _ in range(number)]

    def end() -> None:
        for process in running:
            process.kill()
            process.wait()

    return end


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--code", type=Path, default=Path(__file__).parents[2])
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--limit", type=float, default=900.0)
    parser.add_argument("--into", type=Path)
    add_keep(parser, "jobs")
    given = parser.parse_args()
    with placed(given.into) as folder:
        jobs = prepared(given.folder.resolve(), folder)
        end = beside(given.busy)
        try:
            asked = {k: v for k, v in jobs.items() if not given.only or any(word in k for word in given.only)}
            rows = table(asked, folder, given.code.resolve(), given.limit)
        finally:
            end()
    keep(given.keep, CODE, {}, rows)


if __name__ == "__main__":
    main()
