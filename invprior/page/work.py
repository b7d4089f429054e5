"""The queue: one job at a time, in the order in which they were asked for."""

from __future__ import annotations

import functools
import json
import secrets
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from invprior.errors import InvpriorError
from invprior.page.commands import Choice, Commands, Files
from invprior.page.form import Form
from invprior.page.job import (
    CANCELLED,
    CHECKPOINT,
    DONE,
    FAILED,
    MOMENTS,
    QUEUED,
    RECORD,
    RUNNING,
    STOPPED,
    Desk,
    Job,
    with_state,
)
from invprior.page.store import Store

P = ParamSpec("P")
R = TypeVar("R")
# Seconds that a command may take to say what it would take, and to write a result once more.
PLANNING, EXPORTING = 120.0, 600.0


def alone(method: Callable[Concatenate[Work, P], R]) -> Callable[Concatenate[Work, P], R]:
    """The method, of which one at a time runs: requests come in threads, and the watch looks in between."""

    @functools.wraps(method)
    def held(self: Work, /, *given: P.args, **named: P.kwargs) -> R:
        with self.lock:
            return method(self, *given, **named)

    return held


class Work:
    """The jobs of a folder and their processes."""

    def __init__(self, store: Store, commands: Commands) -> None:
        self.store, self._commands = store, commands
        self.lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._desks: dict[str, Desk] = {}
        self._marks: dict[str, tuple[Any, ...]] = {}
        self._known: dict[str, tuple[Any, dict[str, Any]]] = {}
        self._planning: subprocess.Popen[str] | None = None
        found = []
        for path in (store.hidden / "jobs").glob("*/job.json"):
            try:
                found.append(Job.loaded(json.loads(path.read_text(encoding="utf-8"))))
            except (OSError, ValueError, TypeError, KeyError, InvpriorError):
                continue
        for job in sorted(found, key=lambda j: j.number):
            self._jobs[job.id] = job
            self._desks[job.id] = Desk(store.hidden / "jobs" / job.id)

    @property
    def jobs(self) -> list[Job]:
        """All jobs, the oldest first."""
        return list(self._jobs.values())

    def job(self, key: str) -> Job:
        """The job of an id; raises if there is none."""
        if key not in self._jobs:
            raise InvpriorError("there is no such job; it may have been removed in another tab")
        return self._jobs[key]

    def desk(self, job: Job) -> Desk:
        return self._desks[job.id]

    @alone
    def add(self, form: Form) -> Job:
        """Put a job into the queue.

        Raises
        ------
        InvpriorError
            If the form lacks what its task needs.
        """
        job = self._made(form)
        self._jobs[job.id] = job
        self._desks[job.id] = Desk(self.store.hidden / "jobs" / job.id)
        self.desk(job).save(job)
        return job

    def _made(self, form: Form) -> Job:
        upload = self.store.upload(form.picture)
        taken = {Path(job.out) for job in self._jobs.values() if job.state in (QUEUED, RUNNING)}
        suffix = form.format or upload.suffix
        out = self.store.target(f"{upload.name}-{form.task}", suffix, taken)

        def named(key: str) -> Path | None:
            return self.store.path(self.store.upload(key)) if key else None

        files = Files(self.store.path(upload), out, named(form.mask), named(form.psf), named(form.flash))
        command = tuple(self._commands.typed(form, files))
        number = 1 + max((job.number for job in self._jobs.values()), default=0)
        return Job(secrets.token_hex(6), number, form, command, str(out), upload.name)

    def plan(self, form: Form) -> tuple[list[str], list[str]]:
        """The command of a form, and what it says that it would take; an earlier question is dropped."""
        job = self._made(form)
        if self._planning is not None:
            self._planning.kill()
        process = subprocess.Popen(
            self._commands.planned(job.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._planning = process
        try:
            said, _ = process.communicate(timeout=PLANNING)
        except subprocess.TimeoutExpired:
            process.kill()
            said = "nothing is known of the time: a few steps of it take too long"
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        if process is not self._planning:
            lines = []
        return list(job.command), lines

    @alone
    def cancel(self, key: str) -> None:
        """End a job at once, and drop what there is of it since it was last kept."""
        job = self.job(key)
        if job.state not in (QUEUED, RUNNING):
            raise InvpriorError("the job has ended already")
        desk = self.desk(job)
        desk.signal(signal.SIGKILL)
        if desk.fall_back():  # what was kept before it went on is not dropped with it
            self._note(with_state(job, STOPPED))
            return
        self._note(with_state(job, CANCELLED))
        (desk.folder / CHECKPOINT).unlink(missing_ok=True)

    @alone
    def keep(self, key: str) -> None:
        """End a running job and keep its best so far."""
        job = self.job(key)
        if job.state != RUNNING:
            raise InvpriorError("only a running job has something to keep")
        self.desk(job).signal(signal.SIGTERM)

    @alone
    def go_on(self, key: str) -> None:
        """Put a job that was stopped back into the queue, to go on from where it was."""
        job = self.job(key)
        if job.state not in (STOPPED, FAILED):
            raise InvpriorError("only a job that was stopped goes on")
        self._note(with_state(job, QUEUED))

    @alone
    def remove(self, key: str) -> None:
        """Forget a job; the picture that it wrote stays in the user's folder."""
        job = self.job(key)
        if job.state == RUNNING:
            self.cancel(key)
        del self._jobs[key]
        self._known.pop(key, None)
        shutil.rmtree(self._desks.pop(key).folder, ignore_errors=True)

    @alone
    def tick(self) -> bool:
        """Start and end what is due; True if there is something new to tell."""
        before = dict(self._jobs)
        for job in before.values():
            if job.state == RUNNING and not self.desk(job).alive:
                self._note(with_state(job, self.desk(job).outcome()))
        if not any(job.state == RUNNING for job in self._jobs.values()):
            due = next((job for job in self._jobs.values() if job.state == QUEUED), None)
            if due is not None:
                self._start(due)
        marks = {job.id: self.desk(job).mark() for job in self._jobs.values() if job.state == RUNNING}
        new = before != self._jobs or marks != self._marks
        self._marks = marks
        return new

    def _start(self, job: Job) -> None:
        folder = self.desk(job).folder
        words = self._commands.watched(job.command, folder / MOMENTS, folder / CHECKPOINT, folder / RECORD)
        try:
            self.desk(job).start(words)
        except OSError:
            self._note(with_state(job, FAILED))
            return
        self._note(with_state(job, RUNNING))

    def close(self) -> None:
        """End the running job as by Stop, so that nothing runs on unseen; it goes on when it is asked to."""
        for job in self._jobs.values():
            if job.state == RUNNING:
                self.desk(job).signal(signal.SIGTERM)

    def export(self, key: str, suffix: str, depth: str, strength: float) -> Path:
        """The file of a result in another format, depth or strength, written by the command itself.

        Raises
        ------
        InvpriorError
            If there is no result, or the command cannot write it so.
        """
        job = self.job(key)
        record = self.desk(job).record()
        if job.state not in (DONE, STOPPED) or record is None:
            raise InvpriorError("there is no result yet")
        own = Path(job.out)
        if (suffix, depth, strength) == (own.suffix, job.form.depth, job.form.strength) and own.is_file():
            return own
        checkpoint = self.desk(job).folder / CHECKPOINT
        if not checkpoint.exists():
            raise InvpriorError(f"the state of this run is gone; {own.name} is what there is of it")
        folder = self.desk(job).folder / "exports"
        folder.mkdir(exist_ok=True)
        out = folder / f"{own.stem}-{round(100 * strength)}{f'-{depth}bit' if depth else ''}{suffix}"
        if out.exists() and out.stat().st_mtime >= checkpoint.stat().st_mtime:
            return out
        words = self._commands.exported(job.command, Choice(depth, strength), out, checkpoint)
        ran = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=EXPORTING, check=False
        )
        if not out.exists():
            said = [line for line in ran.stderr.splitlines() if line.strip()]
            raise InvpriorError(said[-1].removeprefix("invprior: ") if said else "the file could not be written")
        return out

    def _note(self, job: Job) -> None:
        self._jobs[job.id] = job
        self.desk(job).save(job)

    @alone
    def everything(self) -> list[dict[str, Any]]:
        """What the browser knows of all jobs."""
        return [self._told(job) for job in self._jobs.values()]

    def _told(self, job: Job) -> dict[str, Any]:
        """What it knows of one; read anew only when its files have changed."""
        mark = (job, self.desk(job).mark(), Path(job.out).is_file())
        if job.id not in self._known or self._known[job.id][0] != mark:
            self._known[job.id] = mark, self._read(job)
        return self._known[job.id][1]

    def _read(self, job: Job) -> dict[str, Any]:
        desk = self.desk(job)
        last, record = desk.last(), desk.record()
        return {
            "id": job.id,
            "number": job.number,
            "picture": job.form.picture,
            "name": job.name,
            "task": job.form.task,
            "form": job.saved()["form"],
            "prior": job.form.prior if record is None else record["prior"],
            "state": job.state,
            "out": Path(job.out).name,
            "command": list(job.command),
            "iteration": last.get("iteration"),
            "total": last.get("total"),
            "seconds": last.get("seconds"),
            "moments": desk.moments(),
            "sentences": desk.sentences(),
            "result": job.state in (DONE, STOPPED) and Path(job.out).is_file(),
            "error": job.state == DONE and error_map(job).is_file(),
            "goes_on": job.state in (STOPPED, FAILED) and (desk.folder / CHECKPOINT).exists(),
        }


def error_map(job: Job) -> Path:
    """The file of the error that is expected, if it was asked for."""
    out = Path(job.out)
    return out.with_name(f"{out.stem}-error.png")
