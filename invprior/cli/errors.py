"""The file of the error that is expected: ``--error-map``."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invprior.cli.words import spoken
from invprior.io import Picture, write
from invprior.io.written import check_writable
from invprior.runs.restoration import Measured, Restored
from invprior.uncertainty.expected import solves

TIFFS = (".tif", ".tiff")
# Shares of the pixels that the record has a factor on the map for, within which their errors are.
LEVELS = (0.5, 0.75, 0.9, 0.95, 0.99)
# Nine pictures in ten have a root mean square error between these levels.
BETWEEN = (0.05, 0.95)


@dataclass(frozen=True)
class ErrorFile:
    """Makes the map of a restored picture and writes it.

    A TIFF has floats, in the values of a picture in [0, 1], or in those of the file if it holds floats; other kinds
    have 8 bits, in which the largest error is white.
    """

    path: Path
    measured: Measured
    seed: int
    quiet: bool

    def written(self, restored: Restored, picture: Picture) -> dict[str, Any]:
        """Write the map and say so; its part of the record, empty if the solve was interrupted."""
        if restored.interrupted:
            print(f"invprior: {self.path} is not written, since the solve was interrupted", file=sys.stderr)
            return {}
        problem, result = restored.problem, restored.result
        if not self.quiet:
            count = solves(problem)
            print(f"{self.path}: {count} more solves, about {spoken(count * result.seconds)}", file=sys.stderr)
        begin = time.perf_counter()
        low, high = picture.scale
        found = self.measured.error_map(problem, result, self.seed)
        error = (high - low) * found.standard.cpu()
        most, usual = float(error.max()), math.sqrt(float(error.double().square().mean()))
        tiff = self.path.suffix.lower() in TIFFS
        shown = error if tiff or most == 0 else error / most
        write(self.path, Picture(shown, None, "float" if tiff else "uchar", 0.0, 1.0 if tiff else 255.0, None))
        factors = {f"{level:g}": found.factor(level) for level in LEVELS}
        between = [(high - low) * found.of_picture(level) for level in BETWEEN]
        if not self.quiet:
            white = "" if tiff or most == 0 else f", white is {most:.3g} ({1 / most:.3g} times as bright)"
            psnr = f"a PSNR of {_decibels(usual / (high - low))} dB" if usual > 0 else "none at all"
            where = f"{psnr}{white}, {time.perf_counter() - begin:.1f} s"
            print(f"{self.path}: expected error {usual:.3g} on average, {where}")
            if usual > 0:
                worst, best = (_decibels(end / (high - low)) for end in reversed(between))
                print(f"{self.path}: the PSNR of the picture is {worst} to {best} dB with a probability of 90 %")
            print(
                f"{self.path}: the error of half of the pixels is within {factors['0.5']:.2f} times the map, of nine "
                f"in ten within {factors['0.9']:.2f} times"
            )
        return {"expected_error": usual, "expected_error_between": between, "error_factors": factors}


def check_map(path: Path, picture: Picture) -> None:
    """Raise if no map of this picture can be written to the path."""
    tiff = path.suffix.lower() in TIFFS
    check_writable(path, Picture(picture.x, None, "float" if tiff else "uchar", 0.0, 255.0, None))


def _decibels(error: float) -> str:
    return f"{-20 * math.log10(error):.1f}"
