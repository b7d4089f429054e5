"""Restoring the inputs of a command line: one picture or a batch."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from invprior.cli.batch import Entry, restore_all
from invprior.cli.manifest import NAME
from invprior.cli.members import member_files
from invprior.cli.opened import Opened
from invprior.cli.options import Settings
from invprior.cli.request import request
from invprior.cli.restore import PictureJob
from invprior.cli.stack import restore_stack
from invprior.cli.tree import Tree, below
from invprior.errors import InvpriorError
from invprior.io.kinds import SUFFIXES
from invprior.io.stack import pages
from invprior.io.whole import check_apart
from invprior.runs.choosing import Automatic
from invprior.runs.record import check_record, save_record
from invprior.runs.tasks import Task
from invprior.runs.threads import take_threads


def restore(
    task: Task,
    inputs: list[Path],
    output: Path,
    settings: Settings,
    tile: int | None = None,
    overwrite: bool = False,
    files: Mapping[str, Path] | None = None,
) -> None:
    """Restore every input; a wrong request raises before the first solve.

    One picture is written to ``output``, or into it if it is a folder. Several pictures, or a folder, are written into
    the folder ``output`` as the same tree, see :func:`~invprior.cli.batch.restore_all`. ``files`` are those that the
    task was read from, by their options.
    """
    job = PictureJob(task, request(settings, tile, task.purpose("cpu")))
    take_threads()
    if settings.record is not None:
        check_record(settings.record, overwrite)
    reads = {**(files or {}), "--truth": settings.truth}
    beside = written_beside(settings)
    if len(inputs) == 1 and not inputs[0].is_dir():
        target = output / inputs[0].name if output.is_dir() else output
        members = _members(job, target)
        check_apart({"IN": inputs[0], **reads}, {"OUT": target, **beside, **members})
        if not settings.plan:
            check_all_free([target, *members.values()], settings, overwrite)
        if pages(inputs[0]) > 1 and not task.volume:
            restore_stack(job, inputs[0], target)
            return
        task.check_readable(inputs[0])
        run_one(job, job.open(inputs[0], target, job.request.truth))
        return
    if settings.error_map is not None:
        raise InvpriorError("--error-map goes with one picture; restore those that need one by themselves")
    one = {
        "--preview": settings.preview,
        "--moments": settings.moments,
        "--checkpoint": settings.checkpoint,
        "--members": settings.members,
    }
    for option, path in one.items():
        if path is not None:
            raise InvpriorError(f"{option} goes with one picture; restore them one by one")
    if output.exists() and not output.is_dir():
        raise InvpriorError(f"several pictures need a folder, and {output} is a file")
    batch, faults = entries(task, inputs, output, settings.truth)
    sources = {f"the input {e.source.name}": e.source for e in batch}
    truths = {f"the truth {e.truth.name}": e.truth for e in batch if e.truth is not None}
    targets = {f"OUT of {e.source.name}": e.target for e in batch}
    check_apart({**reads, **sources, **truths}, {**beside, "the manifest": output / NAME, **targets})
    restore_all(job, batch, output, overwrite, faults)


def _members(job: PictureJob, target: Path) -> dict[str, Path]:
    """The files that the members of a blend are written to, if that is asked for."""
    asked = job.request
    if asked.members is None or isinstance(asked.prior, Automatic):
        return {}
    files = member_files(asked.members, target, asked.prior.members)
    return {f"the member {name}": path for name, path in zip(asked.prior.members, files, strict=True)}


def check_all_free(files: Iterable[Path], settings: Settings, overwrite: bool) -> None:
    """Ask for each of these files and of those written beside them, as :func:`check_free` does."""
    beside = written_beside(settings)
    del beside["--checkpoint"]  # which is gone on with
    for file in (*files, *beside.values()):
        if file is not None:
            check_free(file, overwrite)
    if settings.moments is not None and not overwrite and any(settings.moments.iterdir()):
        raise InvpriorError(f"--moments {settings.moments} holds files; add --overwrite, or give an empty folder")


def check_free(target: Path, overwrite: bool) -> None:
    """Ask at a terminal whether a file may be written over; without one, raise unless that was said."""
    if overwrite or not target.is_file():
        return
    if sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
        print(f"{target} exists; write over it? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return
    raise InvpriorError(f"{target} exists; add --overwrite, or give another name")


def written_beside(settings: Settings) -> dict[str, Path | None]:
    """The files that a restoring command writes beside the picture, by their options."""
    return {
        "--record": settings.record,
        "--preview": settings.preview,
        "--error-map": settings.error_map,
        "--checkpoint": settings.checkpoint,
    }


def run_one(job: PictureJob, opened: Opened) -> None:
    """Restore one picture and write what is written beside it, or say what that takes; Ctrl-C exits with 130."""
    asked = job.request
    if asked.plan:
        job.planned(opened)
        return
    record, interrupted = job.run(opened, opened.source.name)
    if asked.record is not None:
        save_record(asked.record, record)
    if interrupted:
        sys.exit(130)


def entries(task: Task, inputs: list[Path], output: Path, truth: Path | None) -> tuple[list[Entry], list[str]]:
    """Every picture of the inputs, in folders at any depth, with its place in the tree of ``output``.

    The second list says which folders and links could not be read.

    Raises
    ------
    InvpriorError
        If a file is not a picture, a folder holds none, two pictures have the same target, or a truth is missing.
    """
    found: dict[Path, Path] = {}
    faults: list[str] = []
    for path in inputs:
        if path.is_dir():
            tree = below(path, output, task.suffixes)
            if not tree.pictures:
                why = f"; {tree.faults[0]}" if tree.faults else ""
                raise InvpriorError(f"the folder {path} holds no picture ({', '.join(sorted(task.suffixes))}){why}")
            if tree.results and not (output / NAME).exists():
                print(f"{tree.results} pictures in OUT, which lies in {path}, are not taken as input", file=sys.stderr)
            faults += tree.faults
        else:
            task.check_readable(path)
            tree = Tree([path])
        for source in tree.pictures:
            place = source.relative_to(path) if path.is_dir() else Path(source.name)
            place = place if task.written is None else place.with_suffix(task.written)
            if place in found:
                raise InvpriorError(
                    f"{found[place]} and {source} would both become {output / place}; restore them into different "
                    "folders"
                )
            found[place] = source
    if truth is not None and not truth.is_dir():
        raise InvpriorError(f"--truth of several pictures must be a folder with the same tree, and {truth} is not")
    truths = {place: None if truth is None else truth / place for place in found}
    if missing := [path for path in truths.values() if path is not None and not path.is_file()]:
        raise InvpriorError(f"{len(missing)} of {len(found)} truths are missing, the first {missing[0]}")
    for place in found:
        if place.suffix.lower() not in SUFFIXES:
            raise InvpriorError(f"cannot write {output / place}: take one of {', '.join(sorted(SUFFIXES))}")
    return [Entry(source, output / place, truths[place]) for place, source in found.items()], faults
