"""The settings of the deep image prior, read from ``presets.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from invprior.errors import InvpriorError
from invprior.priors.networks import NetworkSpec, SkipSpec
from invprior.solvers import Adam, Muon
from invprior.solvers.descent import Descent
from invprior.solvers.precision import Precision, has_bfloat16
from invprior.stop import Discrepancy, MovingVariance, StopRule, WindowedVariance

# Memory of a fit in float32, relative to one in bfloat16; 1.2 to 1.4 was measured.
IN_FLOAT32 = 1.45

SOLVERS: dict[str, type[Descent]] = {"Adam": Adam, "Muon": Muon}

STOPS: dict[str, Callable[..., StopRule]] = {
    "Discrepancy": Discrepancy,
    "MovingVariance": MovingVariance,
    "WindowedVariance": WindowedVariance,
}


@dataclass(frozen=True)
class Preset:
    """The settings of a preset for one task, a table of the file.

    Attributes
    ----------
    iterations
        Iteration limit of one fit.
    solver
        The solver, with the settings that the preset was tuned with.
    stop
        The rules that end a fit before the limit and select the estimate to keep.
    network
        Architecture of the network.
    jitter
        Standard deviation of the noise added to z in every fitting pass.
    held_back
        Share of the measured values that every step holds back, see :class:`~invprior.prior.Generator`.
    input
        The kind of z: ``noise`` is uniform in [0, 0.1), ``meshgrid`` the two coordinates in [0, 1].
    input_channels
        Channels of a noise z.
    restarts
        Number of fits whose results are averaged.
    memory
        Memory of a fit in GB per megapixel (tests/benchmarks/dip_memory.py), with the preset's own network and in its
        precision.
    precision
        Precision of the activations, if device and problem allow it; weights and statistics are never rounded.
    batch, period, again
        For films (tasks that begin with ``video-``): frames per step, frames from one independent input to the next,
        and the iteration limit of a fit that starts from the previous window.
    """

    iterations: int
    solver: Descent
    memory: float
    stop: tuple[StopRule, ...] = ()
    network: NetworkSpec = field(default_factory=SkipSpec)
    jitter: float = 0.0
    held_back: float = 0.0
    input: Literal["noise", "meshgrid"] = "noise"
    input_channels: int = 32
    restarts: int = 1
    precision: Precision = "float32"
    batch: int = 4
    period: int = 2
    again: int = 0

    @property
    def needed(self) -> float:
        """The memory of a fit in GB per megapixel on this machine."""
        full = self.precision == "bfloat16" and not has_bfloat16("cpu")
        return self.memory * (IN_FLOAT32 if full else 1.0)


def check_limit(iterations: int | None) -> None:
    """Raise unless a limit is None or a whole number of 1 or more."""
    if iterations is not None and (not isinstance(iterations, int) or iterations < 1):
        raise InvpriorError(f"iterations takes a whole number of 1 or more, got {iterations!r}")


@cache
def _tables() -> dict[str, dict[str, dict[str, Any]]]:
    return tomllib.loads(files("invprior.priors").joinpath("presets.toml").read_text(encoding="utf-8"))


def names() -> tuple[str, ...]:
    """The names of all presets."""
    return tuple(_tables())


def tasks(name: str) -> tuple[str, ...]:
    """The tasks that a preset has settings for."""
    if name not in _tables():
        raise InvpriorError(f"there is no preset {name!r}; choose one of {', '.join(names())}")
    return tuple(_tables()[name])


def suited(name: str, task: str) -> str:
    """The task, or the next one that the preset has settings for: its ``inpaint`` for large holes."""
    return "inpaint" if task == "holes" and task not in tasks(name) else task


def load(name: str, task: str) -> Preset:
    """The settings of a preset for a task."""
    if task not in tasks(name):
        raise InvpriorError(f"preset {name!r} has no task {task!r}; choose one of {', '.join(tasks(name))}")
    table = dict(_tables()[name][task])
    solver = dict(table.pop("solver"))
    kind = SOLVERS[solver.pop("name")]
    network: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.pop("network", {}).items()}
    stop = tuple(STOPS[r["name"]](**{k: v for k, v in r.items() if k != "name"}) for r in table.pop("stop", []))
    return Preset(solver=kind(**solver), stop=stop, network=SkipSpec(**network), **table)
