"""A process that has imported everything and forks a child for each command, which saves seconds for each.

    python -m tests.faults.nursery

It reads one request a line from stdin, a JSON list of starts, runs them side by side, and answers with one line. Every
child is a process like any other: it has its own folder, limits, streams and session, and can be killed.
"""

from __future__ import annotations

import atexit
import ctypes
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

CONSOLE = "from invprior.cli.main import run; run()"


def preload() -> None:
    """Import what the commands import; nothing is computed, so that no thread is there to be lost in a fork."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pywt  # noqa: F401
        import rich.progress  # noqa: F401
        import skimage.metrics
        import skimage.registration
        import skimage.restoration  # noqa: F401
        import typer

        import invprior as ip
        import invprior.cli.compare
        import invprior.cli.demo
        import invprior.cli.pictures
        import invprior.cli.video.run
        import invprior.testing
        from invprior.cli.main import app

        for name in ip.__all__:
            getattr(ip, name)
        typer.main.get_command(app)


def ordinary_rights() -> None:
    """Give up root's right to read and write everything, for this process and all that it starts."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
    libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())


def child(start: dict[str, Any]) -> None:
    """Become the command of this start; never returns."""
    os.setsid()
    os.chdir(start["folder"])
    for name, value in start["environment"].items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    _streams(start)
    for what, limit in ((resource.RLIMIT_FSIZE, start["file_bytes"]), (resource.RLIMIT_AS, start["memory_bytes"])):
        if limit is not None:
            resource.setrlimit(what, (limit, limit))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python does at its start: a write beyond the limit is an error
    ordinary_rights()
    if start["fresh"]:
        os.execv(sys.executable, [sys.executable, "-c", CONSOLE, *start["words"]])
    sys.argv = ["invprior", *start["words"]]
    code = _run()
    atexit._run_exitfuncs()  # os._exit, which keeps a child from going on as its parent, would leave them out
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except OSError:
                code = code or 120  # as the interpreter does at its end
    os._exit(code)


def _streams(start: dict[str, Any]) -> None:
    os.dup2(_log(start, "err"), 2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    if start["stdout"] == "closed":
        os.close(1)
    elif start["stdout"] == "head":
        read, write = os.pipe()
        os.dup2(write, 1)
        os.close(write)
        os.close(read)
    else:
        os.dup2(_log(start, "out"), 1)
    encoding = start["environment"].get("PYTHONIOENCODING") or "utf-8"
    closed = start["stdout"] == "closed"
    sys.stdout = None if closed else io.TextIOWrapper(io.FileIO(1, "w"), encoding)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), encoding, "backslashreplace", line_buffering=True)


def _log(start: dict[str, Any], stream: str) -> int:
    """Where a stream goes; a limit of the size of files holds for files, so that it must not be one then."""
    if start["file_bytes"] is None:
        return os.open(f"{start['log']}.{stream}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    descriptor: int = start["pipes"][stream][1]
    return descriptor


def _drain(start: dict[str, Any]) -> None:
    """Write what waits in the pipes of an ended process to its log."""
    for stream, (read, write) in start.get("pipes", {}).items():
        os.close(write)
        with os.fdopen(read, "rb") as pipe, open(f"{start['log']}.{stream}", "wb") as file:
            file.write(pipe.read())


def _run() -> int:
    from invprior.cli.main import run

    try:
        run()
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return 1
    except BaseException:
        import traceback

        traceback.print_exc()
        return 1
    return 0


def serve(starts: list[dict[str, Any]], seconds: float) -> list[dict[str, Any]]:
    """Run these starts side by side, each at its moment; whatever still runs at the end is a hang and is killed."""
    begin = time.monotonic()
    running: dict[int, int] = {}
    began: dict[int, float] = {}
    signalled: set[int] = set()
    ended: dict[int, dict[str, Any]] = {}
    while len(ended) < len(starts):
        now = time.monotonic() - begin
        for k, start in enumerate(starts):
            if k not in began and now >= start["after"]:
                began[k] = now
                if start["file_bytes"] is not None:
                    start["pipes"] = {stream: os.pipe() for stream in ("out", "err")}
                pid = os.fork()
                if pid == 0:
                    child(start)
                running[pid] = k
        for pid, k in list(running.items()):
            kill = starts[k]["kill"]
            if kill is not None and k not in signalled and now - began[k] >= kill[1]:
                signalled.add(k)
                _signal(pid, kill[0])
            found, status = os.waitpid(pid, os.WNOHANG)
            hang = not found and now > seconds
            if hang:
                _signal(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            if found or hang:
                del running[pid]
                _signal(pid, signal.SIGKILL)  # workers that outlived it
                _drain(starts[k])
                code = None if hang else os.waitstatus_to_exitcode(status)
                ended[k] = {"code": code, "seconds": now - began[k], "signalled": k in signalled}
        time.sleep(0.002)
    return [ended[k] for k in range(len(starts))]


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def main() -> None:
    preload()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(serve(request["starts"], request["seconds"])), file=answers, flush=True)


class Nursery:
    """The runner's end of such a process."""

    def __init__(self, home: Path) -> None:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(home),
            "COLUMNS": "120",
        }
        words = [sys.executable, "-m", "tests.faults.nursery"]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**environment, "PYTHONPATH": str(root)},
        )

    def run(self, starts: list[dict[str, Any]], seconds: float) -> list[dict[str, Any]]:
        """Run these starts; the exit code of one that hung is None."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"starts": starts, "seconds": seconds}), file=self._process.stdin, flush=True)
        answer: list[dict[str, Any]] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


if __name__ == "__main__":
    main()
