"""How many iterations a solve will take, told while it runs."""

from __future__ import annotations

import math

from invprior.solvers.iterate import Iterate
from invprior.stop import RelativeGap, StopRule


class Forecast:
    """Predicts the number of iterations of a solve: its limit, the end its solver knows, or fewer as its gap falls.

    The gap falls roughly as a power of the iteration; the power is measured between half the iterations and now.
    """

    def __init__(self, stop: StopRule) -> None:
        self.total = stop.most
        self._rule = next((r for r in stop.rules if isinstance(r, RelativeGap)), None)
        self._most = stop.most
        self._seen: list[tuple[int, float]] = []

    def note(self, iterate: Iterate) -> None:
        known = iterate.solver.last(iterate.state)
        if known is not None:
            self.total = known if self._most is None else min(known, self._most)
            return
        rule = self._rule
        if rule is None or iterate.iteration % rule.every:  # at other iterations the gap would have to be computed
            return
        excess = rule.excess(iterate)
        if excess is None or not 0 < excess < math.inf:
            return
        self._seen.append((iterate.iteration, excess))
        earlier = [s for s in self._seen if s[0] <= iterate.iteration / 2]
        if not earlier:
            return
        k, before = earlier[-1]
        power = math.log(before / excess) / math.log(iterate.iteration / k)
        # the power is bounded, so that one odd reading cannot spoil the forecast
        expected = iterate.iteration * max(excess, 1.0) ** (1 / min(max(power, 0.5), 4.0))
        self.total = math.ceil(expected if self._most is None else min(expected, self._most))
