"""Restoring a picture and writing what of it is in the data."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from invprior.cli.masks import Marking, inpainting
from invprior.cli.opened import Opened
from invprior.cli.options import Settings
from invprior.cli.pictures import check_all_free, run_one, written_beside
from invprior.cli.request import Request, request
from invprior.cli.restore import PictureJob
from invprior.errors import InvpriorError
from invprior.explain import Parts, Structure, determined, structure
from invprior.explain.credible import check_convex
from invprior.io import Picture, read_mask, read_psf, write
from invprior.io.lock import make_folders
from invprior.io.whole import check_apart
from invprior.runs.record import check_record
from invprior.runs.restoration import Restored
from invprior.runs.tasks import Deblur, Denoise, Task, Upscale
from invprior.runs.threads import take_threads

# The pictures that are written: x, m + P(x − m), (I − P)(x − m) about mid-gray, and x without the structure.
RESTORED, DETERMINED, ADDED, WITHOUT = "restored", "determined", "added", "without"
GRAY = 0.5


@dataclass(frozen=True)
class Asked:
    """The options of the command beside those of every restoring command."""

    mask: Path | None
    invert_mask: bool | None
    grow: int
    psf: Path | None
    factor: int | None
    region: Path | None
    alpha: float

    def task(self) -> tuple[Task, dict[str, Path]]:
        """The task that the options stand for, and the files it was read from."""
        given = [f"--{name}" for name in ("mask", "psf", "factor") if getattr(self, name) is not None]
        if len(given) > 1:
            raise InvpriorError(f"{' and '.join(given)} stand for different tasks; give one of them")
        if self.mask is not None:
            return inpainting(self.mask, Marking(self.invert_mask, self.grow))
        if self.invert_mask is not None or self.grow:
            raise InvpriorError("--invert-mask and --grow change the mask of holes; give them with --mask")
        if self.psf is not None:
            return Deblur(read_psf(self.psf)), {"--psf": self.psf}
        return Denoise() if self.factor is None else Upscale(self.factor), {}


@dataclass(frozen=True)
class Explanation:
    """Writes the parts of a restored picture and the verdict on a region, and prints them in sentences."""

    region: Tensor | None
    alpha: float
    quiet: bool

    def __call__(self, opened: Opened, restored: Restored, shown: Callable[[Tensor], Picture]) -> dict[str, Any]:
        folder, suffix = opened.target.parent, opened.target.suffix
        parts = determined(restored.problem, restored.x)
        write(folder / f"{DETERMINED}{suffix}", shown(parts.determined))
        write(folder / f"{ADDED}{suffix}", shown(GRAY + parts.added))
        found = None
        if self.region is not None:
            found = structure(restored.problem, restored.x, self.region, self.alpha)
            write(folder / f"{WITHOUT}{suffix}", shown(found.without))
        if not self.quiet:
            print(f"  {_sentence(parts)}")
            if found is not None:
                print(f"  {found.sentence}")
        return _record(parts, found)


def run_explain(source: Path, folder: Path, asked: Asked, settings: Settings, overwrite: bool) -> None:
    """Restore the picture, write the pictures into the folder and print the sentences.

    Pictures that are there are written over if ``overwrite`` says so.

    Raises
    ------
    InvpriorError
        If the options contradict each other, or a file cannot be read or written.
    """
    if source.is_dir():
        raise InvpriorError(f"{source} is a folder, and one picture is explained at a time; name a picture in it")
    task, files = asked.task()
    wanted = request(settings, None, task.purpose("cpu"))
    take_threads()
    if settings.record is not None:
        check_record(settings.record, overwrite)
    targets = {name: folder / f"{name}{source.suffix}" for name in (RESTORED, DETERMINED, ADDED, WITHOUT)}
    reads = {"IN": source, **files, "--region": asked.region, "--truth": settings.truth}
    check_apart(reads, {**targets, **written_beside(settings)})
    if not settings.plan:
        written = [path for name, path in targets.items() if name != WITHOUT or asked.region is not None]
        check_all_free(written, settings, overwrite)
    make_folders(folder.parent, folder.name)
    opened = PictureJob(task, wanted).open(source, targets[RESTORED], wanted.truth)
    region = None if asked.region is None else _region(asked.region, asked.alpha, task, opened)
    if region is not None and not _testable(opened, task, wanted):
        region = None
    run_one(PictureJob(task, wanted, Explanation(region, asked.alpha, wanted.quiet)), opened)


def _region(path: Path, alpha: float, task: Task, opened: Opened) -> Tensor:
    """The marked pixels of the picture that will be restored."""
    if not 0 < alpha < 1:
        raise InvpriorError(f"--alpha is a probability between 0 and 1, got {alpha:g}")
    marked = ~read_mask(path)
    height, width = task.restored(tuple(opened.picture.x.shape))[-2:]
    if tuple(marked.shape) != (height, width):
        raise InvpriorError(
            f"--region {path} is {marked.shape[1]}×{marked.shape[0]} pixels and the restored picture will be "
            f"{width}×{height}; they must agree"
        )
    if bool(marked.all()):
        raise InvpriorError(f"--region {path} marks all of the picture; leave the surroundings of the structure black")
    return marked


def _testable(opened: Opened, task: Task, wanted: Request) -> bool:
    """True if the prior is convex; said before the solve where it is not, even if quiet: a verdict was asked for."""
    try:
        check_convex(opened.plan.prior, task.restored(tuple(opened.picture.x.shape)))
    except InvpriorError:
        print(
            f"invprior: no verdict on --region: it takes a convex prior such as --prior tv, tgv or wavelet, and "
            f"{opened.plan.spec.text} is none; the picture is split all the same",
            file=sys.stderr,
        )
        return False
    return True


def _sentence(parts: Parts) -> str:
    rest = "" if parts.status.name == "converged" else " (roughly: the solve for it did not converge)"
    of = "of the energy about the mean"
    return f"the data determine {parts.share:.1%} {of}, the prior added {1 - parts.share:.1%}{rest}"


def _record(parts: Parts, found: Structure | None) -> dict[str, Any]:
    shares = {"determined": parts.share, "added": 1 - parts.share, "scale": parts.scale, "status": parts.status.name}
    if found is None:
        return {"explained": shares}
    w = found.window
    verdict = {
        "in_data": found.in_data,
        "alpha": found.alpha,
        "best": found.best,
        "threshold": found.threshold,
        "least": found.least,
        "distance": found.distance,
        "window": [w.top, w.bottom, w.left, w.right],
    }
    return {"explained": {**shares, "structure": verdict}}
