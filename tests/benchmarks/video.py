"""Films, by prior: noise, ×4, a logo; PSNR, flicker, time; what a warm start saves; a sheet of pictures.

    python -m tests.benchmarks.video FILM --sheet sheet.png

Flicker is the mean modulus of the difference along the true motion, that of the clean film by TV-L1, where the motion
stays in the picture. Seconds are the processor's. The truth scores, and stops nothing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from invprior import motion, noise, tune_allocator
from invprior.cli.options import Settings
from invprior.cli.progress import Interrupt
from invprior.cli.request import request
from invprior.cli.sheet import Panel, contact_sheet
from invprior.cli.video.progress import film_bar
from invprior.cli.video.run import watching
from invprior.cli.video.window import FRAMES, FilmJob, Section
from invprior.cli.video.windows import CONTEXT, MOST, Span, plan
from invprior.data_term import DataTerm
from invprior.io.image import rounding
from invprior.io.video import Reader, read_clip
from invprior.linear_operator import LinearOperator
from invprior.metrics import psnr, psnr_luma
from invprior.operators import Identity, Lanczos, Mask, MotionDifference
from invprior.priors import DIP, VideoDIP
from invprior.priors.video_dip import fitted
from invprior.problem import Problem
from invprior.purpose import Film
from invprior.runs.restoration import Measured, Restoration
from invprior.runs.tasks import Denoise, Inpaint, Task, Upscale
from invprior.solvers.iterate import Iterate
from invprior.solvers.loop import solve
from invprior.specs import parse_prior

SIGMA = 25 / 255
SIDE = 144
PRIORS = ["frame-tv", "tv", "motion-tv", "nonlocal", "frame-dip", "dip", "dip+motion-tv"]
HEAD = ("task", "prior", "PSNR dB", "PSNR of Y", "flicker / 255", "seconds", "iterations")


@dataclass(frozen=True, eq=False)
class Case:
    """A task with its measured frames."""

    name: str
    task: Task
    section: Section
    sigma: str
    picture: Callable[[tuple[int, ...], Tensor | None], LinearOperator]


def cases(clean: Tensor) -> list[Case]:
    """Noise, a Lanczos decimation rounded to 8 bits, and a logo."""
    noisy = noise.Gaussian(SIGMA).sample(clean, torch.Generator().manual_seed(0))
    upscale = Upscale(4)
    H, W = clean.shape[-2:]
    small = (upscale.operator((len(clean), 3, H // 4, W // 4))(clean) * 255).round() / 255
    known = logo(H, W).expand(len(clean), -1, -1)
    return [
        Case("noise", Denoise(), Section(noisy, None), str(SIGMA), lambda shape, _: Identity(shape)),
        Case("×4", upscale, Section(small, None), "auto", lambda shape, _: Lanczos((3, H, W), factor=4)),
        Case("logo", Inpaint(known), Section(clean, known), "auto", lambda shape, _: Mask(shape, known[0])),
    ]


def logo(H: int, W: int) -> Tensor:
    """Two letters of strokes six pixels wide, low in the middle; True where the film is known."""
    hole = torch.zeros(H, W, dtype=torch.bool)
    top, left = H // 2, W // 3
    for row, column, height, width in ((0, 0, 30, 6), (0, 12, 30, 6), (0, 12, 6, 20), (24, 12, 6, 20), (12, 12, 6, 16)):
        hole[top + row : top + row + height, left + column : left + column + width] = True
    return ~hole


def film(case: Case, prior: str, window: int, warm: bool = True) -> tuple[Tensor, float, list[int]]:
    """The restored frames, the processor's seconds, the iterations of each window."""
    cycle = MOST + 2 * CONTEXT
    settings = Settings(prior=prior, sigma=case.sigma, quiet=True)
    asked = request(settings, None, case.task.purpose("cpu", Film(cycle=cycle)))
    job = FilmJob(case.task, asked, parse_prior(prior), 8, cycle)
    begin = time.process_time()
    s, T = case.section, len(case.section.frames)
    settled = job.settle(s.part((T - FRAMES) // 2, (T + FRAMES) // 2).middle())
    out, iterations, before = [], [], None
    with Interrupt() as interrupt, film_bar("", T, 0, True) as bar:
        for w in plan(T, window, CONTEXT):
            part = s.part(w.start, w.stop)
            bar.window(len(w))
            made = job.restore(part, settled, w.start, before if warm else None, watching(bar, interrupt))
            before = fitted(made.result)
            iterations.append(made.result.iterations)
            out.append(made.x.clamp(0, 1)[w.kept])
    return torch.cat(out), time.process_time() - begin, iterations


def one_by_one(case: Case, frames: int) -> tuple[Tensor, float, list[int]]:
    """DIP on every frame for itself; of the first so many."""
    begin = time.process_time()
    out, iterations = [], []
    for t in range(frames):
        part = Section(
            case.section.frames[t : t + 1], None if case.section.known is None else case.section.known[t : t + 1]
        )
        level = float(case.sigma) if case.sigma != "auto" else rounding(8)
        A = case.picture(tuple(part.frames.shape[1:]), part.known)
        y = part.frames[0] if part.known is None else A(part.frames[0])
        data = (DataTerm(A, y, noise.Gaussian(level)),)
        made = Restoration().run(Measured(data, "given", case.sigma == "auto"), DIP("fast", case.task.preset_task))
        out.append(made.x.clamp(0, 1)[None])
        iterations.append(made.result.iterations)
    return torch.cat(out), time.process_time() - begin, iterations


def flicker(x: Tensor, D: MotionDifference) -> float:
    """In 8-bit steps."""
    return 255 * float(D(x).abs().sum() / (D.visible.sum() * x.shape[1]))


def row(cells: tuple[object, ...]) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main() -> None:
    """Print the tables and draw the sheet."""
    tune_allocator()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("film", type=Path)
    parser.add_argument("--frames", type=int, default=32)
    parser.add_argument("--window", type=int, default=16)
    parser.add_argument("--tasks", nargs="*", default=["noise", "×4", "logo"])
    parser.add_argument("--priors", nargs="+", default=PRIORS)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--warm", action="store_true", help="also what a warm start saves")
    given = parser.parse_args()
    clip = read_clip(given.film, (0, given.frames))
    with Reader(clip) as reader:
        clean = reader.read(0, len(clip))
    D = MotionDifference(clean.shape, motion.estimate(clean))
    rows: list[tuple[str, list[Panel]]] = []
    row(HEAD)
    row(("---",) * len(HEAD))
    row(("the film", "", "", "", f"{flicker(clean, D):.2f}", "", ""))
    for case in cases(clean):
        if case.name not in given.tasks:
            continue
        seen = case.section.frames if case.section.known is None else case.section.frames * case.section.known[:, None]
        panels = [Panel("given", _square(seen[len(seen) // 2]))]
        for prior in given.priors:
            x, seconds, iterations = (
                one_by_one(case, len(clean)) if prior == "frame-dip" else film(case, prior, given.window)
            )
            panels.append(Panel(prior, _square(x[len(x) // 2])))
            score, luma = psnr(x, clean), psnr_luma(x, clean)
            count = sum(iterations) if prior == "frame-dip" else " + ".join(map(str, iterations))
            row((case.name, prior, f"{score:.2f}", f"{luma:.2f}", f"{flicker(x, D):.2f}", f"{seconds:.0f}", count))
        panels.append(Panel("the film", _square(clean[len(clean) // 2])))
        rows.append((case.name, panels))
        if given.sheet is not None:
            contact_sheet(given.sheet, rows, SIDE)
    if given.warm:
        warm_start(cases(clean)[0], clean, given.window)


def warm_start(case: Case, clean: Tensor, window: int) -> None:
    """Where the second window stands after how many iterations, started from the first one's network and anew."""
    first, second = plan(len(clean), window, CONTEXT)[:2]
    print("\n| iterations of the second window | from the window before | anew |\n|---|---|---|")
    level = noise.Gaussian(float(case.sigma))

    def problem(w: Span, weights: dict[str, Tensor] | None) -> Problem:
        y = case.section.frames[w.start : w.stop]
        prior = VideoDIP("denoise", first=w.start, cycle=window + 2 * CONTEXT, weights=weights)
        return Problem(Identity(y.shape), y, noise=level, prior=prior)

    weights = fitted(solve(problem(first, None)))
    scores: list[dict[int, float]] = []
    for start in (weights, None):
        seen: dict[int, float] = {}

        def note(iterate: Iterate, seen: dict[int, float] = seen) -> None:
            if iterate.iteration % 20 == 0:
                x = iterate.x.clamp(0, 1)[second.kept]
                seen[iterate.iteration] = psnr(x, clean[second.first : second.last])

        solve(problem(second, start), stop=VideoDIP("denoise").recipe().stop, callbacks=[note])
        scores.append(seen)
    for k in sorted(scores[0].keys() | scores[1].keys()):
        row((k, *(f"{s[k]:.2f}" if k in s else "" for s in scores)))


def _square(x: Tensor) -> Tensor:
    """The middle of a frame, which the sheet shows undistorted."""
    x = x if x.shape[-1] >= SIDE else interpolate(x[None], scale_factor=4)[0]
    top, left = ((n - SIDE) // 2 for n in x.shape[-2:])
    return x[:, top : top + SIDE, left : left + SIDE].clamp(0, 1)


if __name__ == "__main__":
    main()
