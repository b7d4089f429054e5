"""Pictures of the estimate during the solve."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.io import Picture, write
from invprior.runs.forecast import Forecast
from invprior.runs.pacing import Pace
from invprior.runs.record import finite
from invprior.solvers.iterate import Iterate
from invprior.stop import StopRule

PAUSE = 2.0  # minimum seconds between two pictures
LINES = 0.5  # and between two lines of the journal
# Moments that are kept: once there are so many, every second one goes, and the pause between them doubles.
MOMENTS = 48
QUALITY = 92  # of the JPEG of a moment
JOURNAL = "journal.jsonl"


class Writing:
    """Writes at a pace; what cannot be written is given up, and the solve goes on."""

    def __init__(self, pace: Pace) -> None:
        self.pace, self._given_up = pace, False

    def run(self, do: Callable[[], None]) -> None:
        """Write if it is due."""
        if self._given_up:
            return
        try:
            self.pace.run(do)
        except (InvpriorError, OSError) as error:
            print(f"invprior: no more previews: {error}", file=sys.stderr)
            self._given_up = True


class Preview:
    """A callback that writes the estimate to a file every two seconds or more, in at most a twentieth of the time.

    Parameters
    ----------
    path
        The file, replaced as a whole each time.
    finish
        Makes the picture to write from the estimate.
    """

    def __init__(self, path: Path, finish: Callable[[Tensor], Picture]) -> None:
        self.path, self.finish = path, finish
        self._writing = Writing(Pace(PAUSE))

    def __call__(self, iterate: Iterate) -> None:
        self._writing.run(lambda: write(self.path, self.finish(iterate.x)))


class Moments:
    """A callback that writes moments of the solve into a folder: a JPEG each, named by its iteration.

    The first iterates come often and later ones rarely, as the image changes; there are at most :data:`MOMENTS`.
    """

    def __init__(self, folder: Path, finish: Callable[[Tensor], Picture]) -> None:
        self.folder, self.finish = folder, finish
        self._writing = Writing(Pace(PAUSE))
        self._files: list[Path] = []

    def __call__(self, iterate: Iterate) -> None:
        self._writing.run(lambda: self._write(iterate))

    def _write(self, iterate: Iterate) -> None:
        path = self.folder / f"{iterate.seconds:010.2f}-{iterate.iteration}.jpg"
        write(path, seen(self.finish(iterate.x)))
        self._files.append(path)
        if len(self._files) >= MOMENTS:
            for gone in self._files[1::2]:
                gone.unlink(missing_ok=True)
            self._files = self._files[::2]
            self._writing.pace.pause *= 2


def seen(picture: Picture) -> Picture:
    """The picture as a JPEG can hold it: 8 bits, one or three channels, no alpha."""
    x = picture.x if picture.x.shape[0] in (1, 3) else picture.x[:1]
    return replace(picture, x=x, alpha=None, format="uchar", low=0.0, high=255.0, quality=QUALITY)


class Journal:
    """A callback that adds a line of JSON to a file at most twice a second: how far the solve is.

    A line holds ``iteration``, ``seconds``, ``total`` (the iterations that are expected at most, or null), ``value``
    (the objective) and ``signals``, which the stop rules watch.
    """

    def __init__(self, folder: Path, stop: StopRule) -> None:
        self._path, self._forecast, self._writing = folder / JOURNAL, Forecast(stop), Writing(Pace(LINES))

    def __call__(self, iterate: Iterate) -> None:
        self._forecast.note(iterate)
        self._writing.run(lambda: self._write(iterate))

    def _write(self, iterate: Iterate) -> None:
        line = {
            "iteration": iterate.iteration,
            "seconds": iterate.seconds,
            "total": self._forecast.total,
            "value": iterate.value,
            "signals": iterate.signals,
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(finite(line)) + "\n")
