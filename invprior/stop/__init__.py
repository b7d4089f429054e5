"""Stop rules: when to stop, and which iterate to keep."""

from invprior.stop.held_out import HeldOut
from invprior.stop.rules import (
    CONVERGED,
    GO_ON,
    AnyOf,
    Discrepancy,
    MaxIterations,
    RelativeGap,
    Stationary,
    StopRule,
    Verdict,
    at_most,
)
from invprior.stop.variance import MovingVariance, WindowedVariance

__all__ = [
    "CONVERGED",
    "GO_ON",
    "AnyOf",
    "Discrepancy",
    "HeldOut",
    "MaxIterations",
    "MovingVariance",
    "RelativeGap",
    "Stationary",
    "StopRule",
    "Verdict",
    "WindowedVariance",
    "at_most",
]
