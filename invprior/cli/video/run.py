"""From film to film: one window after the other, each safe as soon as it is done."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from invprior.cli.options import Settings
from invprior.cli.progress import Interrupt
from invprior.cli.restore import given_noise, given_weight
from invprior.cli.video.priors import film_prior
from invprior.cli.video.progress import film_bar
from invprior.cli.video.report import film_record, frame_scores, print_report, window_record
from invprior.cli.video.tasks import Masks, film_task
from invprior.cli.video.window import FRAMES, Choice, Job, Section
from invprior.cli.video.windows import Window, fitting, plan
from invprior.cli.video.work import Work
from invprior.errors import InvpriorError
from invprior.io.video import Clip, Coding, Reader, check_coding, encode, join, read_clip, resized
from invprior.io.whole import check_place
from invprior.priors.video_dip import fitted
from invprior.runs.device import pick_device
from invprior.runs.record import check_record, save_record


@dataclass(frozen=True)
class FilmSettings:
    """What the command ``video`` takes beside what all restoring commands take."""

    task: str
    factor: int
    mask: Path | None
    invert_mask: bool
    frames: str
    window: int | None
    memory: float
    codec: str | None


def restore_film(source: Path, target: Path, film: FilmSettings, settings: Settings) -> None:
    """Restore a film; all that can be wrong with the request is said before the first solve."""
    task = film_task(film.task, film.factor, film.mask, film.invert_mask)
    prior = film_prior(settings.prior, settings.preset, task.preset_task)
    given_noise(settings)
    given_weight(settings.weight)
    device = pick_device(settings.device)
    check_place(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise InvpriorError(f"{target} would be written over its own input; give another OUT")
    if settings.preview is not None:
        raise InvpriorError("--preview is for pictures; Ctrl-C writes the frames finished so far")
    if settings.record is not None:
        check_record(settings.record)
    clip = read_clip(source, frame_range(film.frames))
    made = resized(clip, task.factor)
    coding = check_coding(target, made, film.codec)
    megapixels = made.width * made.height / 1e6
    size, context = fitting(film.window, film.memory, megapixels * prior.memory, megapixels * prior.step_memory)
    task.masks(clip)
    truth = None if settings.truth is None else _truth(settings.truth, made)
    work = Work(target, _request(source, clip, film, settings, (size, context), coding))
    job = Job(task, replace(prior, cycle=size + 2 * context), clip.depth, device, settings)
    choice = Choice(**work.chosen) if work.chosen else _choose(job, clip, work)
    windows = plan(len(clip), size, context)
    if not settings.quiet:
        _announce(made, coding, work.done and windows[work.done - 1].last)
    interrupted = _restore(job, choice, clip, windows, work, made, coding, truth)
    records = work.records()
    if not records:  # Ctrl-C in the first window
        work.remove()
        raise KeyboardInterrupt
    join(target, [work.piece(n) for n in range(len(records))], made)
    record = film_record(source, target, job, choice, records, len(clip))
    if settings.record is not None:
        save_record(settings.record, record)
    if not settings.quiet:
        print_report(record)
    if interrupted:
        if not settings.quiet:
            print(f"  the same command goes on from here; {work.folder} holds the finished windows", file=sys.stderr)
        sys.exit(130)
    work.remove()


def frame_range(text: str) -> tuple[int, int | None]:
    """Read ``a:b``, the first frame and the one after the last; either may be left out."""
    first, colon, last = text.partition(":")
    try:
        start, stop = int(first or 0), int(last) if last else None
    except ValueError:
        start, stop = -1, None
    if not colon or start < 0 or (stop is not None and stop <= start):
        raise InvpriorError(f"--frames takes FIRST:END, counted from 0 and without END, as in 0:32, got {text!r}")
    return start, stop


def _truth(path: Path, made: Clip) -> Clip:
    truth = read_clip(path, (made.first, made.first + len(made)))
    if truth.shape != made.shape or len(truth) < len(made):
        raise InvpriorError(
            f"the truth {path} has {len(truth)} frames of shape {truth.shape} and the restored film will have "
            f"{len(made)} of {made.shape}"
        )
    return truth


def _request(
    source: Path, clip: Clip, film: FilmSettings, settings: Settings, size: tuple[int, int], coding: Coding
) -> dict[str, Any]:
    """All that decides the result."""
    files = [source, *(p for p in (film.mask, settings.truth) if p is not None)]
    seen = {str(p.resolve()): [os.stat(p).st_size, os.stat(p).st_mtime_ns] for p in files}
    asked = {
        k: str(v) for k, v in {**asdict(settings), **asdict(film)}.items() if k not in ("record", "quiet", "memory")
    }
    return {**asked, "files": seen, "window": size, "count": len(clip), "coding": asdict(coding)}


def _choose(job: Job, clip: Clip, work: Work) -> Choice:
    start = max(0, (len(clip) - FRAMES) // 2)
    choice = job.choose(_section(clip, job.task.masks(clip), start, min(start + FRAMES, len(clip))).middle())
    work.begin(asdict(choice))
    return choice


def _section(clip: Clip, masks: Masks | None, start: int, stop: int) -> Section:
    with Reader(clip) as reader:
        return Section(reader.read(start, stop), None if masks is None else masks.read(start, stop))


def _announce(made: Clip, coding: Coding, done: int) -> None:
    rows, columns = coding.padding(*((made.height, made.width) if made.turn % 2 == 0 else (made.width, made.height)))
    if rows or columns:
        print(
            f"the pictures get {rows} more rows and {columns} more columns at the lower right, since {coding.format} "
            "takes even sizes only",
            file=sys.stderr,
        )
    if done:
        print(f"going on after the {done} frames that an earlier run has finished", file=sys.stderr)


def _restore(
    job: Job,
    choice: Choice,
    clip: Clip,
    windows: list[Window],
    work: Work,
    made: Clip,
    coding: Coding,
    truth: Clip | None,
) -> bool:
    """Restore the windows that are not done; True if Ctrl-C ended it."""
    done = work.done
    masks = job.task.masks(clip)
    frames_done = windows[done - 1].last if done else 0
    title = clip.path.name
    before = work.state()
    try:
        with ExitStack() as open_files:
            reader = open_files.enter_context(Reader(clip))
            clean = None if truth is None else open_files.enter_context(Reader(truth))
            interrupt = open_files.enter_context(Interrupt())
            bar = open_files.enter_context(film_bar(title, len(clip), frames_done, job.settings.quiet))
            for n, window in enumerate(windows[done:], start=done):
                bar.window(len(window))
                known = None if masks is None else masks.read(window.start, window.stop)
                section = Section(reader.read(window.start, window.stop), known)
                x, problem, result = job.restore(section, choice, window.start, before, interrupt.rule, bar)
                if interrupt.flag:
                    return True
                x, before = x[window.kept], fitted(result)
                scores = {} if clean is None else frame_scores(x, clean.read(window.first, window.last))
                encode(work.piece(n), x, made, coding)
                work.finish(n, window_record(window, job, problem, result, scores), before)
                bar.finished()
    except BaseException:
        if not work.done:
            work.remove()
        raise
    return False
