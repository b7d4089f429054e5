"""Stop where the measurements kept back from the fit are predicted best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from invprior.errors import InvpriorError
from invprior.iterate import Iterate
from invprior.stop.least import Least

if TYPE_CHECKING:
    from invprior.problem import Problem


@dataclass(frozen=True)
class HeldOut(Least):
    """Keeps the estimate with the least squared error on the values that :func:`~invprior.held_out.hold_out` kept back.

    The signal is that of the estimate itself, since nothing that was fitted is in it; it needs no noise level. Looked
    at every ``every`` iterations.

    Parameters
    ----------
    every
        Iterations between two looks.

    Cost
    ----
    A look computes the estimate and applies every operator of the data once.
    """

    patience: int = 100
    every: int = 5

    def check(self, problem: Problem) -> None:
        if not _watched(problem):
            raise InvpriorError(f"{self!r} has nothing to watch; solve invprior.held_out.hold_out(problem)")

    def signal(self, parts: Any, iterate: Iterate) -> tuple[Any, float | None]:
        if iterate.iteration % self.every:
            return None, None
        terms = _watched(iterate.problem)
        counts = [int((~d.fitted).sum()) for d in terms]
        total = sum(n * d.watched_error(iterate.x) for n, d in zip(counts, terms, strict=True))
        return None, total / sum(counts)


def _watched(problem: Problem) -> list[Any]:
    from invprior.held_out import PartlyFitted  # problems are built on stop rules' package only at run time

    return [d for d in problem.data_terms if isinstance(d, PartlyFitted)]
