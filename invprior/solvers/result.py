"""What a solve returns, and its file."""

from __future__ import annotations

import io
import pickle
import zipfile
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from invprior.arguments import checked, shown
from invprior.errors import InvpriorError
from invprior.io.embedded import data_url
from invprior.io.whole import check_place, whole_file
from invprior.solvers.base import Solver
from invprior.stop import Status, StopRule

# What a file of a result calls itself.
FORMAT = "invprior result 1"
# What the state of a loaded result says of itself: no solver takes it.
READ = "a result from a file, which holds no state"


@dataclass(frozen=True, eq=False)
class SolveState:
    """All that a later ``solve(..., state=...)`` needs to go on as if it had never stopped; it can be pickled.

    ``mark`` identifies the problem that was solved, see :attr:`~invprior.problem.Problem.mark`.
    """

    mark: str
    made_by: str
    solver_state: Any
    memory: Any
    kept_x: Tensor | None
    kept: int
    history: tuple[dict[str, float], ...]
    seconds: float

    def __repr__(self) -> str:
        return f"SolveState({self.made_by}, after {getattr(self.solver_state, 'iteration', 0)} iterations)"


@checked
@dataclass(frozen=True, eq=False)
class Result:
    """What a solve returns.

    Attributes
    ----------
    x
        The image kept, of the problem's ``full_shape``.
    status
        Why the solve ended: ``status.name`` and a sentence.
    kept
        The iteration that ``x`` comes from.
    iterations
        The number of iterations in all.
    history
        A dict per logged iteration: ``iteration``, ``seconds``, ``value``, and where known ``gap``, ``residual``.
    seconds
        Wall time in the loop.
    state
        The state to resume from: ``solve(..., state=result.state)``; that of a loaded result is empty.
    solver, stop
        The solver and the stop rule that were used; of a result that was loaded, what they print.
    """

    x: Tensor
    status: Status
    kept: int
    iterations: int
    history: tuple[dict[str, float], ...]
    seconds: float
    state: SolveState
    solver: Solver[Any] | str
    stop: StopRule | str

    def save(self, path: str | Path) -> None:
        """Write the image, the status and the history to a file, whole or not at all.

        The file holds tensors, numbers and words, so that to load it runs no code. It does not hold the state to resume
        from, which is the solver's own; ``pickle.dumps(result.state)`` does.

        Raises
        ------
        InvpriorError
            If the file cannot be written.
        """
        place = _as_path(path)
        check_place(place)
        held = {
            "format": FORMAT,
            "x": self.x.detach().cpu().contiguous().clone(),
            "status": [self.status.name, self.status.message],
            "kept": self.kept,
            "iterations": self.iterations,
            "history": [{k: float(v) for k, v in row.items()} for row in self.history],
            "seconds": self.seconds,
            "solver": str(self.solver),
            "stop": str(self.stop),
        }
        written = io.BytesIO()  # torch tells of a full disk in a way of its own
        torch.save(held, written)
        with whole_file(place) as temporary:
            temporary.write_bytes(written.getbuffer())

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """The result that :meth:`save` wrote, without its state and on the CPU.

        Raises
        ------
        InvpriorError
            If there is no such file, or it holds no result.
        """
        place = _as_path(path)
        no_result = InvpriorError(f"{place} is not a whole file that Result.save wrote")
        try:
            if place.is_file() and not zipfile.is_zipfile(place):  # torch has older formats, which save does not write
                raise no_result
            held = torch.load(place, map_location="cpu", weights_only=True)
        except OSError as error:
            raise InvpriorError(f"cannot read {place}: {error.strerror or error}") from error
        except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
            raise no_result from error
        try:
            if held["format"] != FORMAT:
                raise InvpriorError(f"{place} holds {held['format']!r:.60}, and this version reads {FORMAT!r}")
            name, message = held["status"]
            return cls(
                held["x"],
                Status(name, message),
                held["kept"],
                held["iterations"],
                tuple(held["history"]),
                held["seconds"],
                SolveState("", READ, None, None, None, 0, (), 0.0),
                held["solver"],
                held["stop"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, InvpriorError):
                raise
            raise no_result from error

    def _repr_html_(self) -> str:
        """What a notebook shows: the image, how the solve ended, and what it was."""
        facts = {
            "status": str(self.status),
            "kept": f"iterate {self.kept} of {self.iterations}",
            "time": f"{self.seconds:.3g} s",
            "solver": str(self.solver),
            "stop rule": str(self.stop),
            "shape": " × ".join(map(str, self.x.shape)),
        }
        rows = "".join(f"<tr><th scope='row'>{k}</th><td>{escape(v)}</td></tr>" for k, v in facts.items())
        image = self.x.flatten(0, -4)[0] if self.x.ndim > 3 else self.x  # of a film the first frame
        image = image.reshape((1,) * (3 - image.ndim) + tuple(image.shape))
        style = "max-width: 100%; image-rendering: pixelated"
        return f"<figure><img alt='the image' style='{style}' src='{data_url(image)}'><table>{rows}</table></figure>"

    def __repr__(self) -> str:
        return (
            f"Result(x={tuple(self.x.shape)}, status={self.status.name!r}, kept={self.kept}, "
            f"iterations={self.iterations}, seconds={self.seconds:.3g}, solver={self.solver}, stop={self.stop})"
        )


def _as_path(path: object) -> Path:
    if not isinstance(path, str | Path):
        raise InvpriorError(f"a result is saved to a path, got {shown(path)}")
    return Path(path)
