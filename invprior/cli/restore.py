"""Restoring one picture from file to file, as every restoring command does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.nn.functional import interpolate

import invprior.io.scratch as scratch
import invprior.machine as machine
import invprior.noise as noise
from invprior.cli.errors import ErrorFile, check_map
from invprior.cli.members import members, write_members
from invprior.cli.opened import Further, Opened, Plan
from invprior.cli.preview import Journal, Moments, Preview
from invprior.cli.progress import watched
from invprior.cli.request import Request
from invprior.cli.words import spoken, told, why
from invprior.errors import InvpriorError
from invprior.io import Picture, read
from invprior.io.image import of_depth
from invprior.io.scratch import check_space
from invprior.io.written import check_writable, left_out
from invprior.metrics import psnr, psnr_luma, ssim
from invprior.moving import brief
from invprior.runs.checkpoint import Checkpoint
from invprior.runs.choosing import SECONDS, Automatic, Choice, Needs, choose_prior
from invprior.runs.cutting import Whole, around_holes, restore_around
from invprior.runs.memory import beside, best_tile, check_memory, on_disk, predicted, tiling
from invprior.runs.pace import expected_seconds
from invprior.runs.restoration import Measured, Restoration, Restored
from invprior.runs.tasks import Task
from invprior.shapes import Shape
from invprior.solvers.loop import DIVERGED, Callback
from invprior.specs import PriorSpec, in_unit_range, parse_prior

MUCH, LONG = 1.5, 10.0  # GB of memory and seconds that are told before the solve


@dataclass(frozen=True, eq=False)
class PictureJob:
    """A task and its options, the same for every picture, and what else is made of what was restored."""

    task: Task
    request: Request
    further: Further | None = None

    def open(self, source: Path, target: Path, truth: Path | None) -> Opened:
        """Read a picture and its truth; whatever is wrong with them raises here, before the solve."""
        return replace(self, task=self.task.of_file(source))._opened(source, target, truth)

    def _opened(self, source: Path, target: Path, truth: Path | None) -> Opened:
        asked = self.request
        check_writable(target)
        picture = self.task.read(source)
        told_of(source, picture)
        check_writable(target, self._deep(picture))
        if asked.preview is not None:
            check_writable(asked.preview, picture)
        if asked.error_map is not None:
            check_map(asked.error_map, picture)
        shape = self.task.finished(tuple(picture.x.shape))
        clean = None if truth is None else told_of(truth, read(truth))
        if clean is not None and tuple(clean.x.shape) != shape:
            raise InvpriorError(
                f"the truth {truth} has shape {tuple(clean.x.shape)} and the restored {source} will have {shape}"
            )
        model = in_unit_range(asked.noise, self.task.span(picture))
        measured = self.task.measured(picture.x, picture.rounding, model).to(asked.device)
        checkpoint = None if asked.checkpoint is None else Checkpoint(asked.checkpoint)
        prior = asked.prior
        if isinstance(prior, Automatic) and checkpoint is not None and checkpoint.prior is not None:
            prior = parse_prior(checkpoint.prior)  # the one that was chosen when it began
        if isinstance(prior, PriorSpec):
            plan = self._planned(measured, prior)
            seconds = expected_seconds(measured, plan.prior, asked.restoration, plan.windows)
        else:
            choice = self._chosen(measured, prior)
            plan, seconds = self._planned(measured, choice.spec), choice.seconds
            if not asked.quiet:
                print(f"{source.name}: {why(choice)}", file=sys.stderr)
        if checkpoint is not None:
            checkpoint.belongs(plan.spec.text, asked.restoration.seed)
        needed = self._gigabytes(plan, shape)
        return Opened(source, target, self.task, picture, clean, measured, plan, checkpoint, needed, seconds)

    def _planned(self, measured: Measured, spec: PriorSpec) -> Plan:
        """The prior of a spec, and the parts that are solved: the whole where all of the picture is asked for."""
        asked = self.request
        prior = self.task.prior(spec, asked.device)
        whole = (asked.restoration.tile, asked.error_map, self.further)
        cut = whole == (None,) * len(whole) and not spec.members
        return Plan(spec, prior, around_holes(measured, prior) if cut else [])

    def _gigabytes(self, plan: Plan, shape: Shape) -> float:
        """The memory that is needed; raises if there is less."""
        asked, part = self.request, plan.part(shape)
        tile = best_tile(plan.prior, part)
        remedies = [] if tile is None else [f"--tile {tile}"]
        needed = check_memory(plan.prior, plan.spec.text, part, asked.device, asked.restoration.tile, remedies)
        return needed + (beside(shape) if plan.windows else 0.0)

    def _chosen(self, measured: Measured, automatic: Automatic) -> Choice:
        """The prior for a picture, of those that its time is enough for."""
        asked = self.request

        def needs(spec: PriorSpec) -> Needs:
            plan = self._planned(measured, spec)
            gigabytes = predicted(plan.prior, plan.part(measured.data[0].operator.in_shape), asked.restoration.tile)
            return Needs(gigabytes, expected_seconds(measured, plan.prior, asked.restoration, plan.windows))

        limit = SECONDS if automatic.seconds is None else automatic.seconds
        return choose_prior(self.task.name, measured.data, needs, limit)

    def _needs(self, opened: Opened, measured: Measured, always: bool = False) -> str:
        """What the solve takes, in words, if that is much or is asked for; raises if the disk is too small for it."""
        tile, overlap = self.request.restoration.tile, self.request.restoration.overlap(measured.data)
        memory = f"takes about {opened.gigabytes:.1f} GB of memory"
        if opened.seconds is not None and (always or opened.seconds > LONG):
            memory = f"{memory} and {spoken(opened.seconds)}"
        if tile is None or overlap is None:
            much = opened.gigabytes > MUCH or (opened.seconds is not None and opened.seconds > LONG)
            return f"{memory}{self._short(opened)}" if much or always else ""
        tiles = tiling(measured.data[0].operator.in_shape, tile, overlap)
        disk = on_disk(opened.plan.prior, tiles)
        check_space(disk)
        also = f" and {disk:.1f} GB of disk in {scratch.folder()}" if disk else ""
        return f"{tiles.number} tiles of {tiles.height}×{tiles.width} pixels, {memory}{also}"

    def _short(self, opened: Opened) -> str:
        """What to do if less memory is free than the solve takes, though the machine has it."""
        left = machine.free()
        if opened.gigabytes <= left or self.request.device != "cpu":
            return ""
        tile = best_tile(opened.plan.prior, opened.plan.part(opened.measured.data[0].operator.in_shape))
        remedy = "close other programs" if tile is None else f"close other programs, or take --tile {tile}"
        return f", and {left:.1f} GB are free: {remedy}"

    def _deep(self, picture: Picture) -> Picture:
        """The picture with the depth that is to be written."""
        return picture if self.request.depth is None else of_depth(picture, self.request.depth)

    def _looks(self, finish: Callable[[Tensor], Picture], whole: Whole) -> list[Callback]:
        """The callbacks that write pictures of the whole while a part of it is solved."""
        asked = self.request

        def picture(part: Tensor) -> Picture:
            return finish(whole(part))

        preview = [] if asked.preview is None else [Preview(asked.preview, picture)]
        return [*preview, *([] if asked.moments is None else [Moments(asked.moments, picture)])]

    def planned(self, opened: Opened) -> None:
        """Say what the solve would take, and with what."""
        takes = self._needs(opened, opened.measured, always=True)
        print(f"{opened.source.name}: prior {opened.plan.spec.text}, {takes}")

    def run(self, opened: Opened, title: str) -> tuple[dict[str, Any], bool]:
        """Restore and write; return the record, and True if Ctrl-C ended the solve."""
        asked, picture, measured = self.request, opened.picture, opened.measured

        def finish(x: Tensor) -> Picture:
            return shown(measured.put_back(x))

        def shown(x: Tensor) -> Picture:
            whole = opened.task.finish(x.cpu().clamp(0, 1)).clamp_(0, 1)  # in place: it is new already
            if asked.strength < 1:
                whole = opened.task.plain(picture.x, whole).lerp(whole, asked.strength)
            zoom = whole.shape[-1] / picture.x.shape[-1]
            return replace(
                self._deep(picture).with_pixels(whole, _resized(picture.alpha, whole), zoom),
                quality=asked.quality or opened.task.quality,
            )

        needs = self._needs(opened, measured)
        if needs and not asked.quiet:
            print(f"{opened.source.name}: {needs}", file=sys.stderr)
        watch = watched(title, asked.quiet, None if asked.moments is None else partial(Journal, asked.moments))
        looks = partial(self._looks, finish)
        if opened.plan.windows:
            restored = restore_around(
                opened.plan.windows, asked.restoration, measured, opened.plan.prior, watch, looks, opened.checkpoint
            )
        else:
            x0 = None if opened.plan.prior.fits_network else opened.task.start(measured)
            restored = _enough(asked.restoration, opened).run(
                measured,
                opened.plan.prior,
                watch=watch,
                callbacks=looks(lambda x: x),
                x0=x0,
                checkpoint=None if opened.checkpoint is None else opened.checkpoint.part(0),
            )
        if restored.result.status.name == DIVERGED.name:
            raise InvpriorError(
                f"{opened.source}: the solve diverged, {opened.target} is left as it was: {DIVERGED.message}"
            )
        final = shown(restored.x)
        target = opened.target
        if restored.interrupted and target.exists():  # what is there may be better
            target = target.with_name(f"{target.stem}-unfinished{target.suffix}")
        opened.task.write(target, final)
        lost = left_out(target, final)
        if lost:  # said even if quiet: it was in the input and is nowhere in the output
            print(
                f"invprior: {target} leaves out what it cannot hold truthfully: {', '.join(lost)}",
                file=sys.stderr,
            )

        expected: dict[str, Any] = {}
        if asked.error_map is not None:
            expected = ErrorFile(asked.error_map, measured, asked.restoration.seed, asked.quiet).written(
                restored, picture
            )

        def score(restored: Picture) -> dict[str, float]:
            return {} if opened.truth is None else _scores(restored, opened.truth)

        scores, parts = score(final), members(opened.plan.spec.members, restored.result, finish, score)
        if asked.members is not None:
            write_members(asked.members, target, parts)
        record = {
            "input": str(opened.source),
            "output": str(target),
            "task": self.task.name,
            **restored.record(opened.plan.spec, asked.restoration.seed),
            "memory_gb": opened.gigabytes,
            "seconds_expected": opened.seconds,
            "windows": [[w.top, w.bottom, w.left, w.right] for w in opened.plan.windows],
            "tile": asked.restoration.tile,
            "strength": asked.strength,
            **expected,
            **scores,
            **({"members": [part.record for part in parts]} if parts else {}),
        }
        if not asked.quiet:
            enough = asked.restoration.iterations is None and opened.task.most is not None
            _report(target, restored, scores, enough, asked.verbose)
            for part in parts:
                print(part.line)
        if self.further is not None:
            record |= self.further(opened, restored, shown)
        return record, restored.interrupted


def told_of(path: Path, picture: Picture) -> Picture:
    """Say what there is to know of how a file was read, even if quiet: the result does not show it."""
    if picture.notice:
        print(f"invprior: {path} {picture.notice}", file=sys.stderr)
    return picture


def _enough(restoration: Restoration, opened: Opened) -> Restoration:
    """The settings with the iterations that the task needs for a penalty, unless others were given."""
    prior = opened.plan.prior
    penalty = bool(prior.terms(opened.measured.data[0].operator.in_shape)) and not prior.calibrated
    if not penalty or prior.fits_network or restoration.iterations is not None:
        return restoration
    return replace(restoration, iterations=opened.task.most)


def _resized(alpha: Tensor | None, x: Tensor) -> Tensor | None:
    """The alpha channel resized to the picture that is written."""
    if alpha is None or alpha.shape[-2:] == x.shape[-2:]:
        return alpha
    return interpolate(alpha[None], tuple(x.shape[-2:]), mode="bicubic", align_corners=False)[0].clamp(0, 1)


def _scores(final: Picture, truth: Picture) -> dict[str, float]:
    x = final.in_scale_of(truth)
    return {"psnr": psnr(x, truth.x), "ssim": ssim(x, truth.x), "psnr_y": psnr_luma(x, truth.x)}


def _report(target: Path, restored: Restored, scores: dict[str, float], enough: bool, verbose: bool) -> None:
    """The end of a run, for everybody; how the solve ended for those who ask for it."""
    result = restored.result
    print(f"{target}: {told(restored, enough)}")
    if verbose:
        weighted = restored.weighted
        noises = f"{', '.join(_noise(d.noise) for d in restored.problem.data_terms)} ({restored.noise_rule})"
        weight_text = "" if weighted.weight is None else f", weight {weighted.weight:.3g} ({weighted.rule})"
        print(f"  {result.status}")
        print(f"  {noises}{weight_text}, iterate {result.kept} of {result.iterations} kept")
    if scores:
        print(f"  PSNR {scores['psnr']:.2f} dB, SSIM {scores['ssim']:.3f}, PSNR of Y {scores['psnr_y']:.2f} dB")


def _noise(model: noise.Noise) -> str:
    return f"sigma {float(model.sigma):.4g}" if isinstance(model, noise.Gaussian) else brief(model)
