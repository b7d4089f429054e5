"""Keep the iterate at which a signal is least, and stop when it has not fallen for long."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

from invprior.errors import InvpriorError
from invprior.stop.base import CONVERGED, GO_ON, IterateLike, Status, StopRule, Verdict


class Seen(NamedTuple):
    """The memory of a rule: the parts of its signal, the least value so far, its iteration, the latest value."""

    parts: Any
    least: float = inf
    at: int = 0
    value: float | None = None


@dataclass(frozen=True)
class Least(StopRule):
    """Keeps the iterate of the least signal; stops ``patience`` iterations after it.

    After that nothing more is kept, not even if the solve is resumed with another limit.

    Parameters
    ----------
    patience
        Iterations without a new minimum.
    min_start
        Iterations before which no minimum counts: the signal may start low, before the picture appears.
    """

    patience: int = 1000
    min_start: int = 100

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise InvpriorError(f"patience must be at least 1 iteration, got {self.patience}")

    @abstractmethod
    def signal(self, parts: Any, iterate: IterateLike) -> tuple[Any, float | None]:
        """The new parts and the signal, which is None at first; ``parts`` is None at the first iteration."""

    def update(self, memory: Seen | None, iterate: IterateLike) -> tuple[Seen, Verdict]:
        seen = memory or Seen(None)
        if seen.at and iterate.iteration - seen.at > self.patience:
            return seen, Verdict(self._status(seen), keep=False)
        parts, value = self.signal(seen.parts, iterate)
        if value is None or iterate.iteration < self.min_start:
            return seen._replace(parts=parts, value=value), GO_ON
        if value < seen.least:
            return Seen(parts, value, iterate.iteration, value), Verdict(keep=True)
        exhausted = iterate.iteration - seen.at >= self.patience
        return seen._replace(parts=parts, value=value), Verdict(self._status(seen) if exhausted else None, keep=False)

    def log(self, memory: Seen | None) -> dict[str, float]:
        return {} if memory is None or memory.value is None else {_snake(type(self).__name__): memory.value}

    def _status(self, seen: Seen) -> Status:
        return Status(CONVERGED, f"{type(self).__name__} was least at iteration {seen.at}, {self.patience} before")


def _snake(name: str) -> str:
    """The name of a class as that of a column: windowed_variance for WindowedVariance."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
