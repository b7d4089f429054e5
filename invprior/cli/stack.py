"""Restoring a TIFF of several pages, page by page."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from invprior.cli.batch import Entry, restore_all
from invprior.cli.options import Settings
from invprior.cli.restore import PictureJob
from invprior.errors import InvpriorError
from invprior.io.stack import SUFFIXES, join, split
from invprior.io.written import check_writable
from invprior.runs.tasks import Denoise, Task
from invprior.runs.volume import Volume


def denoising(volume: bool, settings: Settings, tile: int | None) -> Task:
    """The task of ``denoise``; raises if something is asked for that volumes do not have."""
    if not volume:
        return Denoise()
    pictures: dict[str, object] = {
        "--truth": settings.truth,
        "--error-map": settings.error_map,
        "--preview": settings.preview,
    }
    pictures |= {"--moments": settings.moments, "--tile": tile, "--depth": settings.depth}
    for option, given in pictures.items():
        if given is not None:
            raise InvpriorError(
                f"{option} is for pictures, and --volume makes a volume of the pages; drop one of the two"
            )
    return Volume()


def restore_stack(job: PictureJob, source: Path, target: Path) -> None:
    """Restore every page of a TIFF and write them into another.

    The pages that are finished lie in a folder beside OUT until all are, so the same command goes on after Ctrl-C.

    Raises
    ------
    InvpriorError
        If something is asked for that goes with one picture, OUT is no TIFF, or a page cannot be read.
    """
    asked = job.request
    one = {"--truth": asked.truth, "--error-map": asked.error_map, "--preview": asked.preview}
    one |= {"--moments": asked.moments, "--checkpoint": asked.checkpoint, "--members": asked.members}
    for option, path in one.items():
        if path is not None:
            raise InvpriorError(f"{option} goes with one picture, and {source} holds several pages; drop it")
    if target.suffix.lower() not in SUFFIXES:
        raise InvpriorError(f"{source} holds several pages, which only a TIFF can; take a name that ends in .tif")
    check_writable(target)
    folder = target.with_name(f"{target.name}.pages")
    if folder.exists() and not folder.is_dir():
        raise InvpriorError(f"{folder} is in the way of the pages that are finished; move it")
    (folder / "in").mkdir(parents=True, exist_ok=True)
    parts = split(source, folder / "in")
    entries = [Entry(part, folder / "out" / part.name, None) for part in parts]
    restore_all(job, entries, folder / "out", False, [])
    if asked.plan:
        shutil.rmtree(folder)
        return
    lost = join([entry.target for entry in entries], target, source)
    shutil.rmtree(folder)
    if not asked.quiet:
        print(f"{target}: {len(parts)} pages")
    if lost:
        print(f"invprior: {target} leaves out what it cannot hold truthfully: {', '.join(lost)}", file=sys.stderr)
