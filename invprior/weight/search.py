"""The search for the weight of least figure: estimated risk, or error on held-out values."""

from __future__ import annotations

from collections.abc import Callable


class Descent:
    """Walks downhill in factors of 1.5 from a typical weight, then halves the step and fits a parabola to three.

    ``tried`` holds all pairs of weight and figure that were computed.
    """

    def __init__(self, figure: Callable[[float], float], typical: float) -> None:
        self.figure, self.typical = figure, typical
        self.tried: dict[float, float] = {}

    def least(self, most: int = 12) -> float:
        """The weight of least figure."""
        k, step = 0, 2
        if self._at(step) > self._at(0):
            step = -step
        for _ in range(most):
            if self._at(k + step) >= self._at(k):
                break
            k += step
        # the risk climbs more steeply below its minimum than above: a parabola over factors of 1.5 would cost up to
        # 0.1 dB
        k = min((k, k - 1, k + 1), key=self._at)
        left, right = self._at(k - 1), self._at(k + 1)
        curvature = left - 2 * self._at(k) + right
        shift = 0.5 * (left - right) / curvature if curvature > 0 else 0.0
        return self._weight(k + max(-1.0, min(1.0, shift)))

    def _weight(self, k: float) -> float:
        """The weight k steps from the typical one; two steps are a factor of 1.5."""
        return float(self.typical * 1.5 ** (k / 2))

    def _at(self, k: int) -> float:
        weight = self._weight(k)
        if weight not in self.tried:
            self.tried[weight] = self.figure(weight)
        return self.tried[weight]
