"""A batch: finished pictures are skipped; a failure affects only its own picture."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invprior.cli.manifest import Line, Manifest, content, fingerprint, key
from invprior.cli.report import told
from invprior.cli.restore import PictureJob
from invprior.errors import InvpriorError
from invprior.runs.record import save_record


@dataclass(frozen=True)
class Entry:
    """A picture, the file it is restored to, and the clean picture it is scored against, if any."""

    source: Path
    target: Path
    truth: Path | None


def restore_all(job: PictureJob, entries: list[Entry], output: Path, overwrite: bool, faults: Sequence[str]) -> None:
    """Restore the pictures that the manifest in ``output`` does not list as finished.

    Ctrl-C exits with 130, failures with 1, and so do the ``faults`` of the folders that were looked through. A picture
    is finished if the manifest says so for the same input, bit for bit, and the same settings. Any other file in its
    place is an error before any work is done, unless ``overwrite``, which restores all pictures again.

    Raises
    ------
    InvpriorError
        If files are in the way, or the folder cannot be written.
    """
    manifest, settled = Manifest(output), fingerprint(job)
    records: dict[Entry, dict[str, Any]] = {}
    if not overwrite:
        manifest.check_version()
        _check_free(manifest, entries, settled, output)
        records = _finished(manifest, entries, output)
    todo = [entry for entry in entries if entry not in records]
    if records and not job.request.quiet:
        print(f"{len(records)} of {len(entries)} pictures are finished already", file=sys.stderr)
    for fault in faults:
        print(f"invprior: {fault}", file=sys.stderr)
    if job.request.plan:
        _plan_all(job, todo)
        return
    failures: list[Entry] = []
    interrupted = False
    with manifest.opened():
        try:
            for number, entry in enumerate(todo, start=1):
                name = _name(entry, output)
                try:
                    own_key = key(entry.source, settled)
                    entry.target.parent.mkdir(parents=True, exist_ok=True)
                    opened = job.open(entry.source, entry.target, entry.truth)
                except Exception as error:  # whatever is wrong with one picture is no reason to lose the others
                    failures.append(_skipped(entry, error))
                    continue
                manifest.note(Line(name, own_key, None))
                try:
                    record, interrupted = job.run(opened, f"{number}/{len(todo)} {entry.source.name}")
                except Exception as error:
                    failures.append(_skipped(entry, error))
                    continue
                records[entry] = record
                if interrupted:
                    break
                manifest.note(Line(name, own_key, record, content(entry.target)))
        except KeyboardInterrupt:
            interrupted = True
        if job.request.record is not None:
            save_record(job.request.record, [records[e] for e in entries if e in records])
    if interrupted:
        print("invprior: interrupted; finished pictures are kept, run the command again to resume", file=sys.stderr)
        sys.exit(130)
    if failures:
        first = failures[0].source
        print(f"invprior: {len(failures)} of {len(entries)} pictures failed, the first {first}", file=sys.stderr)
    if failures or faults:
        sys.exit(1)


def _plan_all(job: PictureJob, entries: Sequence[Entry]) -> None:
    """Say what every picture would take; the folders of OUT are not made for that."""
    with tempfile.TemporaryDirectory() as folder:
        for entry in entries:
            try:
                job.planned(job.open(entry.source, Path(folder) / entry.target.name, entry.truth))
            except Exception as error:
                _skipped(entry, error)


def _skipped(entry: Entry, error: Exception) -> Entry:
    """Say why a picture is skipped."""
    what = told(error)
    message = what if str(entry.source) in what else f"{entry.source}: {what}"
    print(f"invprior: {message}; this picture is skipped", file=sys.stderr)
    return entry


def _name(entry: Entry, output: Path) -> str:
    return entry.target.relative_to(output).as_posix()


def _finished(manifest: Manifest, entries: list[Entry], output: Path) -> dict[Entry, dict[str, Any]]:
    """Records of the finished pictures whose files are still there; scores that are asked for belong to them."""
    found = {}
    for entry in entries:
        line = manifest.lines.get(_name(entry, output))
        there = entry.target.is_file() and entry.target.stat().st_size > 0
        if there and line is not None and line.record is not None and (entry.truth is None or "psnr" in line.record):
            found[entry] = line.record
    return found


def _check_free(manifest: Manifest, entries: list[Entry], settled: str, output: Path) -> None:
    """Raise if a target exists that was neither begun here nor made from the same input with the same settings.

    Raise also if somebody changed a finished one; an empty one is restored again.
    """
    taken, changed = [], []
    for entry in entries:
        if entry.target.exists():
            line = manifest.lines.get(_name(entry, output))
            if line is None or (line.record is not None and line.key != key(entry.source, settled)):
                taken.append(entry.target)
            elif line.content is not None and entry.target.stat().st_size and content(entry.target) != line.content:
                changed.append(entry.target)
    if changed:
        raise InvpriorError(
            f"{len(changed)} files in {output} were changed since they were written, the first {changed[0]}; remove "
            "them, or restore all pictures again with --overwrite"
        )
    if taken:
        raise InvpriorError(
            f"{len(taken)} files in {output} were not made by this command from these inputs, the first {taken[0]}; "
            "--overwrite replaces them, or give another OUT"
        )
