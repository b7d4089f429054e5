"""Restoring one picture from file to file, as every restoring command does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor
from torch.nn.functional import interpolate

import invprior.io.scratch as scratch
import invprior.noise as noise
from invprior.cli.errors import ErrorMap
from invprior.cli.members import members, write_members
from invprior.cli.preview import Preview
from invprior.cli.progress import watched
from invprior.cli.request import Request
from invprior.errors import InvpriorError
from invprior.io import Picture, read, write
from invprior.io.missing import read_missing
from invprior.io.scratch import check_space
from invprior.io.written import check_writable, left_out
from invprior.metrics import psnr, psnr_luma, ssim
from invprior.moving import brief
from invprior.prior import Prior
from invprior.runs.memory import check_memory, largest_tile, on_disk, tiling
from invprior.runs.restoration import Measured, Restored
from invprior.runs.tasks import Inpaint, InpaintMissing, Task
from invprior.solvers.loop import DIVERGED
from invprior.specs import in_unit_range

MUCH = 1.5  # GB of memory that are told before the solve


@dataclass(frozen=True, eq=False)
class Opened:
    """A picture that was read, its target, its truth, its prior, and the memory its restoration takes."""

    source: Path
    target: Path
    picture: Picture
    truth: Picture | None
    prior: Prior
    gigabytes: float


class Further(Protocol):
    """Makes more of a restored picture, given what shows an image as a picture like it; returns more of its record."""

    def __call__(self, opened: Opened, restored: Restored, shown: Callable[[Tensor], Picture]) -> Mapping[str, Any]: ...


@dataclass(frozen=True, eq=False)
class PictureJob:
    """A task and its options, the same for every picture, and what else is made of what was restored."""

    task: Task
    request: Request
    further: Further | None = None

    def open(self, source: Path, target: Path, truth: Path | None) -> Opened:
        """Read a picture and its truth; whatever is wrong with them raises here, before the solve."""
        asked = self.request
        check_writable(target)
        picture = self._read(source)
        prior = self.task.prior(asked.prior, asked.device)
        check_writable(target, picture)
        shape = self.task.restored(tuple(picture.x.shape))
        tile = largest_tile(prior, shape)
        remedies = [] if tile is None else [f"--tile {tile}"]
        needed = check_memory(prior, asked.prior.text, shape, asked.device, asked.restoration.tile, remedies)
        clean = None if truth is None else read(truth)
        if clean is not None and tuple(clean.x.shape) != shape:
            raise InvpriorError(
                f"the truth {truth} has shape {tuple(clean.x.shape)} and the restored {source} will have {shape}"
            )
        return Opened(source, target, picture, clean, prior, needed)

    def _read(self, source: Path) -> Picture:
        """The picture; where a mask has a hole it may be NaN."""
        if isinstance(self.task, InpaintMissing):
            return read_missing(source, self.task.marks)
        return read(source, missing=isinstance(self.task, Inpaint))

    def _needs(self, opened: Opened, measured: Measured) -> str:
        """What the solve takes, in words, if that is much; raises if the disk is too small for its tiles."""
        tile, overlap = self.request.restoration.tile, self.request.restoration.overlap(measured.data)
        memory = f"takes about {opened.gigabytes:.1f} GB of memory"
        if tile is None or overlap is None:
            return memory if opened.gigabytes > MUCH else ""
        tiles = tiling(measured.data[0].operator.in_shape, tile, overlap)
        disk = on_disk(opened.prior, tiles)
        check_space(disk)
        also = f" and {disk:.1f} GB of disk in {scratch.folder()}" if disk else ""
        return f"{tiles.number} tiles of {tiles.height}×{tiles.width} pixels, {memory}{also}"

    def run(self, opened: Opened, title: str) -> tuple[dict[str, Any], bool]:
        """Restore and write; return the record, and True if Ctrl-C ended the solve."""
        asked, picture = self.request, opened.picture
        model = in_unit_range(asked.noise, picture.high - picture.low)
        measured = self.task.measured(picture.x, picture.rounding, model).to(asked.device)

        def finish(x: Tensor) -> Picture:
            return shown(measured.put_back(x))

        def shown(x: Tensor) -> Picture:
            whole = self.task.finish(x.cpu().clamp(0, 1))
            return picture.with_pixels(whole, _resized(picture.alpha, whole), whole.shape[-1] / picture.x.shape[-1])

        needs = self._needs(opened, measured)
        if needs and not asked.quiet:
            print(f"{opened.source.name}: {needs}", file=sys.stderr)
        restored = asked.restoration.run(
            measured,
            opened.prior,
            watch=watched(title, asked.quiet),
            callbacks=[] if asked.preview is None else [Preview(asked.preview, finish)],
        )
        if restored.result.status.name == DIVERGED.name:
            raise InvpriorError(
                f"{opened.source}: the solve diverged, {opened.target} is left as it was: {DIVERGED.message}"
            )
        final = finish(restored.x)
        write(opened.target, final)
        lost = left_out(opened.target, final)
        if lost:  # said even if quiet: it was in the input and is nowhere in the output
            print(
                f"invprior: {opened.target} leaves out what it cannot hold truthfully: {', '.join(lost)}",
                file=sys.stderr,
            )

        expected = None
        if asked.error_map is not None:
            expected = ErrorMap(asked.error_map, measured, asked.restoration.seed, asked.quiet).written(
                restored, picture
            )

        def score(restored: Picture) -> dict[str, float]:
            return {} if opened.truth is None else _scores(restored, opened.truth)

        scores, parts = score(final), members(asked.prior.members, restored.result, finish, score)
        if asked.members is not None:
            write_members(asked.members, opened.target, parts)
        record = {
            "input": str(opened.source),
            "output": str(opened.target),
            "task": self.task.name,
            **restored.record(asked.prior, asked.restoration.seed),
            "memory_gb": opened.gigabytes,
            "tile": asked.restoration.tile,
            **({} if expected is None else {"expected_error": expected}),
            **scores,
            **({"members": [part.record for part in parts]} if parts else {}),
        }
        if not asked.quiet:
            _report(opened.target, restored, scores)
            for part in parts:
                print(part.line)
        if self.further is not None:
            record |= self.further(opened, restored, shown)
        return record, restored.interrupted


def _resized(alpha: Tensor | None, x: Tensor) -> Tensor | None:
    """The alpha channel resized to the picture that is written."""
    if alpha is None or alpha.shape[-2:] == x.shape[-2:]:
        return alpha
    return interpolate(alpha[None], tuple(x.shape[-2:]), mode="bicubic", align_corners=False)[0].clamp(0, 1)


def _scores(final: Picture, truth: Picture) -> dict[str, float]:
    x = final.in_scale_of(truth)
    return {"psnr": psnr(x, truth.x), "ssim": ssim(x, truth.x), "psnr_y": psnr_luma(x, truth.x)}


def _report(target: Path, restored: Restored, scores: dict[str, float]) -> None:
    result, weighted = restored.result, restored.weighted
    noises = f"{', '.join(_noise(d.noise) for d in restored.problem.data_terms)} ({restored.noise_rule})"
    print(f"{target}: {result.status}")
    weight_text = "" if weighted.weight is None else f", weight {weighted.weight:.3g} ({weighted.rule})"
    print(f"  {noises}{weight_text}, iterate {result.kept} of {result.iterations} kept, {result.seconds:.1f} s")
    if scores:
        print(f"  PSNR {scores['psnr']:.2f} dB, SSIM {scores['ssim']:.3f}, PSNR of Y {scores['psnr_y']:.2f} dB")


def _noise(model: noise.Noise) -> str:
    return f"sigma {float(model.sigma):.4g}" if isinstance(model, noise.Gaussian) else brief(model)
