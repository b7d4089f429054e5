"""A program of somebody else's that reads and writes files."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from invprior.errors import InvpriorError
from invprior.operators import Mask
from invprior.runs.environment import of_threads
from invprior.study.methods.base import Answer, Asked, Compared
from invprior.study.methods.exchange import read_image, write_values
from invprior.study.methods.function import answered
from invprior.study.methods.sent import file_mark

SUFFIXES = ("tif", "tiff", "npz", "png")
PLACE = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
# Where a program is to read and to write, and what else it can be told.
FILES, WORDS = ("input", "output", "mask"), ("sigma", "seed")
USAGE = "program: ./denoise {input} {output} {sigma}"


@dataclass(frozen=True)
class Program(Compared):
    """A command, run for every cell with the measurement in a file.

    Attributes
    ----------
    command
        ``{input}`` and ``{output}`` are replaced by files, TIFFs of 32-bit floats unless a suffix says otherwise, as in
        ``{output.npz}``; ``{mask}`` by a file that is 1 where a mask knows the pixel; ``{sigma}`` and ``{seed}`` by
        numbers.
    limit
        Seconds that it may take.
    """

    text: str
    command: str
    limit: float

    def __post_init__(self) -> None:
        places = PLACE.findall(self.command)
        for name, suffix in places:
            if not (suffix in ("", *SUFFIXES) if name in FILES else name in WORDS and not suffix):
                place = f"{{{name}{suffix and '.' + suffix}}}"
                raise InvpriorError(
                    f"method {self.text!r}: there is no {place}; a program is given {{input}}, {{output}}, {{mask}}, "
                    f"each also with {', '.join(SUFFIXES)} as in {{output.npz}}, and {{sigma}}, {{seed}}"
                )
        names = [name for name, _ in places]
        if names.count("output") != 1 or "input" not in names:
            raise InvpriorError(f"method {self.text!r} says where to read and to write, such as {USAGE!r}")
        try:
            shlex.split(self.command)
        except ValueError as error:
            raise InvpriorError(f"method {self.text!r} is no command: {error}") from error

    @property
    def mark(self) -> list[str]:
        """The command, and the bytes of those of its words that are files."""
        words = [Path(word) for word in shlex.split(self.command)]
        return [self.command, *(file_mark(path) for path in words if path.is_file())]

    def answer(self, asked: Asked) -> Answer:
        data = asked.measured.data[0]
        A, shape = data.operator, data.operator.in_shape
        with tempfile.TemporaryDirectory() as name:
            folder, found = Path(name), {}
            for what, suffix in PLACE.findall(self.command):
                if what in FILES:
                    found[what, suffix] = folder / f"{what}.{suffix or 'tif'}"
            numbers = {("sigma", ""): f"{data.sigma:.9g}", ("seed", ""): str(asked.seed)}
            for (what, _), path in found.items():
                if what == "input":
                    write_values(path, data.y, {"sigma": data.sigma, "seed": asked.seed})
                elif what == "mask":
                    known = A.known.expand(A.out_shape) if isinstance(A, Mask) else torch.ones(A.out_shape)
                    write_values(path, known.to(data.y), {})
            words = [
                PLACE.sub(lambda m: str({**numbers, **found}[m[1], m[2] or ""]), word)
                for word in shlex.split(self.command)
            ]
            begin = time.perf_counter()
            self._run(words)
            seconds = time.perf_counter() - begin
            (output,) = (path for (what, _), path in found.items() if what == "output")
            x = read_image(output, shape, data.y.device, f"method {self.text!r}")
        # the memory that was measured is that of this process
        return Answer(x, answered(self.text, asked, seconds) | {"solver": self.command, "memory_mb": None})

    def _run(self, words: list[str]) -> None:
        try:
            # a session of its own, so that what the program has started ends with it
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | of_threads(torch.get_num_threads()),
            )
        except OSError as error:
            raise InvpriorError(f"method {self.text!r}: cannot run {words[0]}: {error.strerror}") from error
        try:
            said, _ = process.communicate(timeout=self.limit)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise InvpriorError(
                f"method {self.text!r} took longer than its limit of {self.limit:g} s and was ended"
            ) from error
        except BaseException:
            _end(process)
            raise
        if process.returncode:
            last = said.decode(errors="replace").strip().splitlines()[-1:]
            why = f": {last[0].strip()[:200]}" if last else ""
            raise InvpriorError(f"method {self.text!r} ended with exit code {process.returncode}{why}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()
