"""From files to files: what every restoring command does."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
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
from invprior.io.image import SUFFIXES, check_writable
from invprior.loop import Callback, Result, choose, solve
from invprior.metrics import psnr, psnr_luma, ssim
from invprior.problem import DataTerm, Problem
from invprior.runs.device import pick_device
from invprior.runs.memory import check_memory
from invprior.runs.record import check_record, run_record, save_record
from invprior.runs.weighing import Weight, Weighted, weigh
from invprior.specs import PriorSpec, parse_noise
from invprior.stop import at_most


def restore(task: Task, inputs: list[Path], output: Path, settings: Settings) -> None:
    """Restore every input; all that can be wrong with the request is said before the first solve."""
    task.check()
    given_noise(settings)
    given_weight(settings.weight)
    device = pick_device(settings.device)
    jobs = _pair(inputs, output, settings)
    pictures = [read(source) for source, _ in jobs]
    truth = None if settings.truth is None else read(settings.truth).x
    specs = [task.prior(picture, settings, device) for picture in pictures]
    for (source, target), picture, spec in zip(jobs, pictures, specs, strict=True):
        check_writable(target, picture)
        shape = task.restored(picture)
        check_memory(spec, shape, device)
        if truth is not None and tuple(truth.shape) != shape:
            raise InvpriorError(
                f"the truth {settings.truth} has shape {tuple(truth.shape)} and the restored {source} will have {shape}"
            )
    if settings.record is not None:
        check_record(settings.record)
    if settings.preview is not None:
        if len(jobs) > 1:
            raise InvpriorError("--preview goes with one picture; restore them one by one to watch each")
        check_writable(settings.preview, pictures[0])

    records: list[dict[str, Any]] = []
    for (source, target), picture, spec in zip(jobs, pictures, specs, strict=True):
        record, interrupted = _restore_one(task, source, target, picture, truth, spec, device, settings)
        records.append(record)
        if settings.record is not None:
            save_record(settings.record, records[0] if len(jobs) == 1 else records)
        if interrupted:
            sys.exit(130)


def _restore_one(
    task: Task,
    source: Path,
    target: Path,
    picture: Picture,
    truth: Tensor | None,
    spec: PriorSpec,
    device: str,
    settings: Settings,
) -> tuple[dict[str, Any], bool]:
    given = given_noise(settings)
    measured, noise_rule = task.data(picture, given)
    data = tuple(DataTerm(d.operator.to(device), d.y.to(device), d.noise) for d in measured)
    weighted = weigh(spec, task.excerpt(data), given_weight(settings.weight), settings.seed)
    problem = Problem.from_terms(data, weighted.prior)

    def finish(x: Tensor) -> Picture:
        return task.finish(x.cpu().clamp(0, 1), picture, data[0].operator, given is not None)

    watch = [] if settings.preview is None else [Preview(settings.preview, finish)]
    needed = check_memory(spec, problem.shape, device)
    if needed is not None and needed > 1 and not settings.quiet:
        print(f"{source.name}: the network takes about {needed:.1f} GB of memory", file=sys.stderr)
    result = run(problem, settings.iterations, settings.seed, source.name, settings.quiet, watch)
    final = finish(result.x)
    write(target, final)
    scores = {} if truth is None else _scores(final.x, truth)
    record = {
        "input": str(source),
        "output": str(target),
        "task": task.name,
        **run_record(problem, result, spec, settings.preset, settings.seed),
        "sigma": math.sqrt(data[0].noise.residual_level(data[0].y)),
        "noise_rule": noise_rule,
        "memory_gb": needed,
        "weight": weighted.weight,
        "weight_rule": weighted.rule,
        **scores,
    }
    if not settings.quiet:
        _report(target, result, weighted, f"{', '.join(_name(d.noise) for d in data)} ({noise_rule})", scores)
    return record, result.status.name == "interrupted"


def run(
    problem: Problem, iterations: int | None, seed: int, title: str, quiet: bool, watch: Sequence[Callback] = ()
) -> Result:
    """Solve with a progress bar; Ctrl-C finishes the iteration and keeps the best so far."""
    recipe = choose(problem)
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
    return "discrepancy" if text == "discrepancy" else parse_number(text, "--weight", ", or discrepancy")


def parse_number(text: str, option: str, others: str = "") -> float | None:
    """A positive number, or None for auto; a weight may be 0."""
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (0 < value < float("inf") or (value == 0 and option == "--weight")):
        raise InvpriorError(f"{option} takes auto or a positive number{others}, got {text!r}")
    return value


def _pair(inputs: list[Path], output: Path, settings: Settings) -> list[tuple[Path, Path]]:
    """Which file goes where: one picture to OUT, several into the folder OUT under their own names."""
    sources: list[Path] = []
    for path in inputs:
        if path.is_dir():
            found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
            if not found:
                raise InvpriorError(f"the folder {path} holds no picture ({', '.join(sorted(SUFFIXES))})")
            sources += found
        else:
            sources.append(path)
    many = len(sources) > 1 or inputs[0].is_dir()
    if not many and not output.is_dir():
        jobs = [(sources[0], output)]
    else:
        if output.exists() and not output.is_dir():
            raise InvpriorError(f"{len(sources)} pictures need a folder, and {output} is a file")
        if many and settings.truth is not None:
            raise InvpriorError("--truth goes with one picture; restore them one by one to score each")
        targets = [output / s.name for s in sources]
        if len(set(targets)) < len(targets):
            raise InvpriorError("two of the pictures have the same name; restore them into different folders")
        for source in sources:  # so that a bad file leaves no empty folder
            read(source)
        output.mkdir(parents=True, exist_ok=True)
        jobs = list(zip(sources, targets, strict=True))
    for source, target in jobs:
        if target.exists() and source.exists() and target.samefile(source):
            raise InvpriorError(f"{target} would be written over its own input; give another OUT")
    return jobs


def _scores(x: Tensor, truth: Tensor) -> dict[str, float]:
    return {"psnr": psnr(x, truth), "ssim": ssim(x, truth), "psnr_y": psnr_luma(x, truth)}


def _report(target: Path, result: Result, weighted: Weighted, noise_text: str, scores: dict[str, float]) -> None:
    print(f"{target}: {result.status}")
    weight_text = "" if weighted.weight is None else f", weight {weighted.weight:.3g} ({weighted.rule})"
    print(f"  {noise_text}{weight_text}, iterate {result.kept} of {result.iterations} kept, {result.seconds:.1f} s")
    if scores:
        print(f"  PSNR {scores['psnr']:.2f} dB, SSIM {scores['ssim']:.3f}, PSNR of Y {scores['psnr_y']:.2f} dB")
