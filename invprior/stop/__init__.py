"""Stop rules: when to stop, and which iterate to keep."""

from invprior.arguments import check_all
from invprior.stop.base import (
    CONVERGED,
    GO_ON,
    AnyOf,
    IterateLike,
    MaxIterations,
    Status,
    StopRule,
    Verdict,
    at_most,
)
from invprior.stop.held_out import HeldOut, hold_out
from invprior.stop.rules import Discrepancy, RelativeGap, Stalled, Stationary
from invprior.stop.variance import MovingVariance, WindowedVariance

__all__ = [
    "CONVERGED",
    "GO_ON",
    "AnyOf",
    "Discrepancy",
    "HeldOut",
    "IterateLike",
    "MaxIterations",
    "MovingVariance",
    "RelativeGap",
    "Stalled",
    "Stationary",
    "Status",
    "StopRule",
    "Verdict",
    "WindowedVariance",
    "at_most",
    "hold_out",
]

check_all(globals(), __all__)
