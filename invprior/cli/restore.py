"""One picture from file to file: what every restoring command does."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from invprior import noise
from invprior.cli.options import Settings
from invprior.cli.preview import Preview
from invprior.cli.progress import Interrupt, bar
from invprior.cli.tasks import Task
from invprior.errors import InvpriorError
from invprior.io import Picture, read, write
from invprior.io.image import check_writable
from invprior.loop import Callback, Result, choose, solve
from invprior.metrics import psnr, psnr_luma, ssim
from invprior.operator import Shape
from invprior.problem import DataTerm, Problem
from invprior.recipe import Recipe
from invprior.runs.device import pick_device
from invprior.runs.memory import check_memory, largest_tile
from invprior.runs.record import run_record
from invprior.runs.weighing import Weight, Weighted, weigh
from invprior.solvers.mosaic import OVERLAP
from invprior.specs import PriorSpec, parse_noise, parse_prior
from invprior.stop import at_most

# Tiles smaller than this show a network too little of the picture.
LEAST_TILE = 64


@dataclass(frozen=True, eq=False)
class Opened:
    """A picture that was read, where it goes, and what it will be restored with."""

    source: Path
    target: Path
    picture: Picture
    truth: Tensor | None
    spec: PriorSpec
    device: str
    gigabytes: float


@dataclass(frozen=True, eq=False)
class Restoration:
    """What is asked for, the same for every picture.

    Attributes
    ----------
    tile
        Height and width of the tiles to restore in, in pixels of the result; None restores pictures whole.
    """

    task: Task
    settings: Settings
    tile: int | None = None

    def check(self) -> None:
        """Raise where anything is wrong that no picture has to be read for."""
        self.task.check()
        given_noise(self.settings)
        given_weight(self.settings.weight)
        pick_device(self.settings.device)
        parse_prior(self.settings.prior, preset=self.settings.preset, task=self.task.preset_task)
        if self.tile is not None and self.tile < LEAST_TILE:
            raise InvpriorError(f"--tile takes {LEAST_TILE} pixels or more, got {self.tile}")

    def open(self, source: Path, target: Path, truth: Path | None) -> Opened:
        """Read a picture and its truth; all that can be wrong with them is said here, before the solve."""
        settings, device = self.settings, pick_device(self.settings.device)
        if target.exists() and source.exists() and target.samefile(source):
            raise InvpriorError(f"{target} would be written over its own input; give another OUT")
        picture = read(source)
        spec = self.task.prior(picture, settings, device)
        check_writable(target, picture)
        shape = self.task.restored(picture)
        needed = self._memory(spec, shape, device)
        clean = None if truth is None else read(truth).x
        if clean is not None and tuple(clean.shape) != shape:
            raise InvpriorError(
                f"the truth {truth} has shape {tuple(clean.shape)} and the restored {source} will have {shape}"
            )
        return Opened(source, target, picture, clean, spec, device, needed)

    def run(self, opened: Opened, title: str) -> tuple[dict[str, Any], bool]:
        """Restore and write; the record, and whether Ctrl-C ended it."""
        task, settings, spec, picture = self.task, self.settings, opened.spec, opened.picture
        given = given_noise(settings)
        measured, noise_rule = task.data(picture, given)
        data = tuple(DataTerm(d.operator.to(opened.device), d.y.to(opened.device), d.noise) for d in measured)
        weighted = weigh(spec, task.excerpt(data), given_weight(settings.weight), settings.seed)
        problem = Problem.from_terms(data, weighted.prior)

        def finish(x: Tensor) -> Picture:
            return task.finish(x.cpu().clamp(0, 1), picture, data[0].operator, given is not None)

        watch = [] if settings.preview is None else [Preview(settings.preview, finish)]
        if opened.gigabytes > 1.5 and not settings.quiet:
            print(f"{opened.source.name}: takes about {opened.gigabytes:.1f} GB of memory", file=sys.stderr)
        recipe = self._in_tiles(choose(problem), problem)
        result = run(problem, recipe, settings.iterations, settings.seed, title, settings.quiet, watch)
        final = finish(result.x)
        write(opened.target, final)
        scores = {} if opened.truth is None else _scores(final.x, opened.truth)
        record = {
            "input": str(opened.source),
            "output": str(opened.target),
            "task": task.name,
            **run_record(problem, result, spec, settings.preset, settings.seed),
            "sigma": math.sqrt(data[0].noise.residual_level(data[0].y)),
            "noise_rule": noise_rule,
            "memory_gb": opened.gigabytes,
            "tile": self.tile,
            "weight": weighted.weight,
            "weight_rule": weighted.rule,
            **scores,
        }
        if not settings.quiet:
            noises = f"{', '.join(_name(d.noise) for d in data)} ({noise_rule})"
            _report(opened.target, result, weighted, noises, scores)
        return record, result.status.name == "interrupted"

    def _memory(self, spec: PriorSpec, shape: Shape, device: str) -> float:
        tile = largest_tile(spec, shape)
        return check_memory(spec, shape, device, self.tile, [] if tile is None else [f"--tile {tile}"])

    def _in_tiles(self, recipe: Recipe, problem: Problem) -> Recipe:
        if self.tile is None or max(problem.shape[-2:]) <= self.tile:
            return recipe
        reach = self.task.reach
        if 4 * reach > self.tile:
            raise InvpriorError(f"the blur reaches over {reach} pixels; tiles for it take --tile {4 * reach} or more")
        return recipe.in_tiles(self.tile, min(max(OVERLAP, 4 * reach), self.tile // 2))


def run(
    problem: Problem,
    recipe: Recipe,
    iterations: int | None,
    seed: int,
    title: str,
    quiet: bool,
    watch: Sequence[Callback] = (),
) -> Result:
    """Solve with a progress bar; Ctrl-C finishes the iteration and keeps the best so far."""
    stop = recipe.stop if iterations is None else at_most(recipe.stop, iterations)
    with Interrupt() as interrupt, bar(title, stop, quiet) as callback:
        return solve(problem, recipe.solver, stop=stop | interrupt.rule, callbacks=[callback, *watch], seed=seed)


def given_noise(settings: Settings) -> noise.Noise | None:
    """What ``--noise`` or its short form ``--sigma`` says, None for auto."""
    sigma, model = parse_number(settings.sigma, "--sigma"), parse_noise(settings.noise)
    if sigma is not None and model is not None:
        raise InvpriorError("--sigma is short for --noise gaussian:SIGMA; give one of the two")
    return model if sigma is None else noise.Gaussian(sigma)


def _name(model: noise.Noise) -> str:
    return f"sigma {float(model.sigma):.4g}" if isinstance(model, noise.Gaussian) else repr(model)


def given_weight(text: str) -> Weight:
    """What ``--weight`` says."""
    return "discrepancy" if text == "discrepancy" else parse_number(text, "--weight", ", discrepancy")


def parse_number(text: str, option: str, others: str = "") -> float | None:
    """A positive number, or None for auto; a weight may be 0."""
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (0 < value < float("inf") or (value == 0 and option == "--weight")):
        raise InvpriorError(f"{option} takes auto{others} or a positive number, got {text!r}")
    return value


def _scores(x: Tensor, truth: Tensor) -> dict[str, float]:
    return {"psnr": psnr(x, truth), "ssim": ssim(x, truth), "psnr_y": psnr_luma(x, truth)}


def _report(target: Path, result: Result, weighted: Weighted, noise_text: str, scores: dict[str, float]) -> None:
    print(f"{target}: {result.status}")
    weight_text = "" if weighted.weight is None else f", weight {weighted.weight:.3g} ({weighted.rule})"
    print(f"  {noise_text}{weight_text}, iterate {result.kept} of {result.iterations} kept, {result.seconds:.1f} s")
    if scores:
        print(f"  PSNR {scores['psnr']:.2f} dB, SSIM {scores['ssim']:.3f}, PSNR of Y {scores['psnr_y']:.2f} dB")
