"""Restoring a film window by window; each window is saved as soon as it is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from invprior.cli.masks import Marking, Masks, film_masks
from invprior.cli.options import Settings
from invprior.cli.pictures import check_free
from invprior.cli.progress import Interrupt
from invprior.cli.request import request
from invprior.cli.video.notice import announce
from invprior.cli.video.progress import FilmBar, film_bar
from invprior.cli.video.report import film_record, frame_scores, print_report, window_record
from invprior.cli.video.window import FRAMES, FilmJob, Section, Settled
from invprior.cli.video.windows import CONTEXT, MOST, Span, excerpts, fitting, frames_of_step, plan
from invprior.cli.video.work import Work
from invprior.cli.words import spoken, why
from invprior.errors import InvpriorError
from invprior.io import read_psf
from invprior.io.stack import SUFFIXES as STACKS
from invprior.io.video import (
    Clip,
    Coding,
    Reader,
    alpha_reader,
    check_coding,
    encode,
    join,
    left_out,
    read_clip,
    resized,
)
from invprior.io.video.formats import has_alpha
from invprior.io.whole import check_apart, check_place
from invprior.priors.video_dip import fitted
from invprior.purpose import Film
from invprior.runs.choosing import FILM_SECONDS, Automatic, choose_for_film, usual_seconds
from invprior.runs.record import VERSION, check_record, save_record
from invprior.runs.restoration import Watch
from invprior.runs.tasks import Deblur, Denoise, Inpaint, Task, Upscale
from invprior.runs.threads import take_threads
from invprior.solvers.loop import Callback
from invprior.stop import StopRule

TASKS = ("denoise", "upscale", "inpaint", "deblur")
# The file option of each task that needs one.
FILES = {"inpaint": "mask", "deblur": "psf"}


@dataclass(frozen=True)
class FilmSettings:
    """The options of the command ``video`` besides those of every restoring command."""

    task: str
    factor: int
    psf: Path | None
    mask: Path | None
    invert_mask: bool | None
    grow: int
    frames: str
    window: int | None
    memory: float
    codec: str | None


def _check_settings(settings: Settings) -> None:
    """Raise if an option is given that is for pictures."""
    others = {
        "--preview is for pictures; Ctrl-C writes the frames finished so far": settings.preview,
        "--error-map is for pictures; restore a frame of the film as one": settings.error_map,
        "--members is for pictures; the members of a film's windows are not kept": settings.members,
        "--moments is for pictures; the windows of a film are its moments": settings.moments,
        "--checkpoint is for pictures; a film is gone on with by the same command": settings.checkpoint,
        "--depth is for pictures; a film has the depth of its encoder": settings.depth,
        "--quality is for pictures; a film has the quality of its encoder, see --codec": settings.quality,
    }
    for sentence, given in others.items():
        if given is not None:
            raise InvpriorError(sentence)


def restore_film(source: Path, target: Path, film: FilmSettings, settings: Settings, overwrite: bool = False) -> None:
    """Restore a film; a wrong request raises before the first solve.

    A film that is there is written over if ``overwrite`` says so, or this run goes on with one that might.
    """
    _check_files(film)
    if source.suffix.lower() in STACKS:
        raise InvpriorError(
            f"{source} is a TIFF, whose pages are pictures; restore them by denoise, one by one or --volume"
        )
    check_place(target)
    reads = {"IN": source, "--mask": film.mask, "--psf": film.psf, "--truth": settings.truth}
    check_apart(reads, {"OUT": target, "--record": settings.record})
    _check_settings(settings)
    if settings.record is not None:
        check_record(settings.record, overwrite)
    clip = read_clip(source, frame_range(film.frames))
    task = _task(film, clip)
    purpose = task.purpose("cpu", Film(cycle=MOST + 2 * CONTEXT))
    asked = request(settings, None, purpose)
    take_threads()
    made = resized(clip, film.factor if film.task == "upscale" else 1)
    coding = check_coding(target, made, film.codec)
    lost = left_out(target, made, coding)
    spec = asked.prior
    if isinstance(spec, Automatic):
        limit = FILM_SECONDS if spec.seconds is None else spec.seconds
        choice = choose_for_film(film.task, (3, made.height, made.width), len(clip), limit)
        spec = choice.spec
        if not asked.quiet:
            print(f"{source.name}: {why(choice)}", file=sys.stderr)
    batch, needs = frames_of_step(spec, task, made, film.memory)
    size, context = fitting(film.window, film.memory, *needs)
    if asked.plan:
        takes = usual_seconds(spec, (3, made.height, made.width), len(clip))
        time = "" if takes is None else f", usually {spoken(takes)}"
        print(
            f"{source.name}: prior {spec.text}, {len(clip)} frames, {size} at a time, {film.memory:g} GB at most{time}"
        )
        return
    truth = None if settings.truth is None else _truth(settings.truth, made)
    work = Work(target, _request(source, clip, film, settings, (size, context, batch), coding))
    with work.held():
        if not (work.done or work.damaged):
            check_free(target, overwrite)
        job = FilmJob(task, asked, spec, clip.depth, size + 2 * context, batch)
        settled = Settled(**work.chosen) if work.chosen else _settle(job, film, clip, work)
        spans = plan(len(clip), size, context)
        if not asked.quiet:
            again = work.folder if work.damaged else None
            announce(made, coding, lost, again, work.done and spans[work.done - 1].last)
        interrupted = _restore(job, settled, film, clip, spans, work, made, coding, truth)
        records = work.records()
        if not records:  # Ctrl-C in the first window
            work.remove()
            raise KeyboardInterrupt
        if interrupted and work.replaces:  # what is there may be better
            target = target.with_name(f"{target.stem}-unfinished{target.suffix}")
        join(target, [work.piece(n) for n in range(len(records))], made)
        record = film_record(source, target, job, settled, records, len(clip))
        if not interrupted:
            work.remove()
    if not asked.quiet:
        print_report(record)
    if asked.record is not None:
        save_record(asked.record, record)
    if interrupted:
        if not asked.quiet:
            print(f"  run the same command again to resume; {work.folder} holds the finished windows", file=sys.stderr)
        sys.exit(130)


def _check_files(film: FilmSettings) -> None:
    """Raise unless the task is known and is given the file that it needs, and no file of another task."""
    if film.task not in TASKS:
        raise InvpriorError(f"--task takes {', '.join(TASKS)}, got {film.task!r}")
    for task, option in FILES.items():
        given = getattr(film, option) is not None
        if given and film.task != task:
            raise InvpriorError(f"--{option} goes with --task {task}, and the task is {film.task}")
        if not given and film.task == task:
            what = {"mask": "a picture for all frames or a film, white = hole", "psf": "a picture of the blur"}[option]
            raise InvpriorError(f"--task {task} needs --{option}, {what}")


def _masks(film: FilmSettings, clip: Clip) -> Masks | None:
    """The masks of the frames from the first on; they are read in order, so every pass opens them anew."""
    return None if film.mask is None else film_masks(film.mask, Marking(film.invert_mask, film.grow), clip)


def _task(film: FilmSettings, clip: Clip) -> Task:
    masks = _masks(film, clip)
    if masks is not None:
        return Inpaint(masks.read(0, 1))  # each window has its own
    if film.psf is not None:
        return Deblur(read_psf(film.psf))
    return Upscale(film.factor) if film.task == "upscale" else Denoise()


def frame_range(text: str) -> tuple[int, int | None]:
    """Parse ``a:b``, the first frame and the one after the last; either may be left out."""
    first, colon, last = text.partition(":")
    try:
        start, stop = int(first or 0), int(last) if last else None
    except ValueError:
        start, stop = -1, None
    start, stop = min(start, sys.maxsize - 1), None if stop is None else min(stop, sys.maxsize)
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
    source: Path, clip: Clip, film: FilmSettings, settings: Settings, window: tuple[int | None, ...], coding: Coding
) -> dict[str, Any]:
    """Everything that determines the result."""
    files = [source, *(p for p in (film.mask, film.psf, settings.truth) if p is not None)]
    seen = {str(p.resolve()): [os.stat(p).st_size, os.stat(p).st_mtime_ns] for p in files}
    asked = {
        k: str(v)
        for k, v in {**asdict(settings), **asdict(film)}.items()
        if k not in ("record", "quiet", "verbose", "memory")
    }
    return {"version": VERSION, **asked, "files": seen, "window": window, "count": len(clip), "coding": asdict(coding)}


def _settle(job: FilmJob, film: FilmSettings, clip: Clip, work: Work) -> Settled:
    settled = job.settle(_excerpt(film, clip))
    work.begin(asdict(settled))
    return settled


def _excerpt(film: FilmSettings, clip: Clip) -> Section:
    """Frames that noise level and weight are chosen on: those in the middle, unless they are blank."""
    first = None
    for start, stop in excerpts(len(clip), FRAMES):
        section = _section(clip, _masks(film, clip), start, stop).middle()
        if not section.blank:
            return section
        first = first or section
    assert first is not None
    return first


def _section(clip: Clip, masks: Masks | None, start: int, stop: int) -> Section:
    with Reader(clip) as reader:
        return Section(reader.read(start, stop), None if masks is None else masks.read(start, stop))


def _restore(
    job: FilmJob,
    settled: Settled,
    film: FilmSettings,
    clip: Clip,
    spans: list[Span],
    work: Work,
    made: Clip,
    coding: Coding,
    truth: Clip | None,
) -> bool:
    """Restore the windows that are not done; return True if Ctrl-C ended it."""
    done = work.done
    frames_done = spans[done - 1].last if done else 0
    before, masks = work.state(), _masks(film, clip)
    try:
        with ExitStack() as open_files:
            reader = open_files.enter_context(Reader(clip))
            clean = None if truth is None else open_files.enter_context(Reader(truth))
            alpha = open_files.enter_context(alpha_reader(clip)) if clip.alpha and has_alpha(coding.format) else None
            interrupt = open_files.enter_context(Interrupt())
            bar = open_files.enter_context(film_bar(clip.path.name, len(clip), frames_done, job.request.quiet))
            for n, span in enumerate(spans[done:], start=done):
                bar.window(len(span))
                known = None if masks is None else masks.read(span.start, span.stop)
                section = Section(reader.read(span.start, span.stop), known)
                restored = job.restore(section, settled, span.start, before, watching(bar, interrupt))
                if interrupt.flag:
                    return True
                x, before = job.finished(section, restored)[span.kept], fitted(restored.result)
                scores = {} if clean is None else frame_scores(x, clean.read(span.first, span.last))
                if alpha is not None:
                    x = with_alpha(x, alpha.read(span.first, span.last))
                encode(work.piece(n), x, made, coding)
                work.finish(n, window_record(span, job, restored, scores), before)
                bar.finished()
    except BaseException:
        if not work.done:
            work.remove()
        raise
    return False


def with_alpha(x: Tensor, alpha: Tensor) -> Tensor:
    """Frames and their alpha channel, which is enlarged as they were, (T, 4, H, W)."""
    size = tuple(x.shape[-2:])
    if alpha.shape[-2:] != x.shape[-2:]:
        alpha = interpolate(alpha, size, mode="bicubic", align_corners=False).clamp(0, 1)
    return torch.cat([x, alpha], dim=1)


def watching(bar: FilmBar, interrupt: Interrupt) -> Watch:
    """Show the solve of a window in the bar of the film, and let Ctrl-C end it."""

    @contextmanager
    def watch(stop: StopRule) -> Iterator[tuple[Callback, StopRule]]:
        bar.solving(stop)
        yield interrupt.timing(bar.iteration), interrupt.rule

    return watch
