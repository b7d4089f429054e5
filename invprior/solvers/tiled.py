"""Large pictures in overlapping tiles, all of them solved side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.problem import Problem
from invprior.solvers.base import Solver, State
from invprior.solvers.mosaic import OVERLAP, Mosaic
from invprior.solvers.muon import Muon
from invprior.stop import StopRule


@dataclass(frozen=True, eq=False)
class TiledState(State):
    """The tiles and the state of each."""

    mosaic: Mosaic
    inner: tuple[Any, ...]


@dataclass(frozen=True)
class Tiled(Solver[TiledState]):
    """x = Σ_t w_t ⊙ x_t: cuts the problem into overlapping tiles and makes each iteration on all of them in turn.

    A tile is fitted to the measured values that its pixels determine. One is worked on at a time, so that a network
    takes the memory of a tile. All are at the same iteration, so that one stop rule looks at the whole picture, and no
    tile is smoother than its neighbour because it stopped sooner. What is minimised is the sum of the tiles'
    objectives, of which ``value``, ``gap`` and ``scale`` speak.

    Parameters
    ----------
    inner
        What solves a tile.
    size
        Height and width of a tile, where the picture is no smaller.
    overlap
        Pixels that neighbours share, at least; at most half of ``size``. Take four times what an operator reaches over.

    Raises
    ------
    InvpriorError
        If the overlap is not from 1 to half of the size; in ``solve`` if an operator cannot be cut.

    Cost
    ----
    An iteration is one of ``inner`` on every tile, in all (size / (size − overlap))² times the pixels of the picture.
    Of memory, what ``inner`` works with on one tile, and the states of all.
    """

    inner: Solver[Any] = field(default_factory=Muon)
    size: int = 1024
    overlap: int = OVERLAP

    def __post_init__(self) -> None:
        if not 1 <= self.overlap <= self.size // 2:
            raise InvpriorError(
                f"tiles of {self.size} pixels overlap by 1 to {self.size // 2} pixels, got {self.overlap}"
            )

    def check(self, problem: Problem) -> None:
        for tile in Mosaic.cut(problem, self.size, self.overlap).tiles:
            self.inner.check(tile.problem)

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> TiledState:
        mosaic = Mosaic.cut(problem, self.size, self.overlap)
        image = None if x0 is None else problem.image(x0)
        inner = []
        for tile in mosaic.tiles:
            start = None if image is None else tile.problem.variable(tile.window.of(image))
            inner.append(self.inner.init(tile.problem, start, rng))
        return TiledState(0, mosaic.join(s.x for s in inner), mosaic, tuple(inner))

    def step(self, problem: Problem, state: TiledState) -> TiledState:
        inner = tuple(self.inner.step(tile, s) for tile, s in self._pairs(state))
        return TiledState(state.iteration + 1, state.mosaic.join(s.x for s in inner), state.mosaic, inner)

    def default_stop(self) -> StopRule:
        return self.inner.default_stop()

    def estimate(self, state: TiledState) -> Tensor:
        return state.mosaic.join(self.inner.estimate(s) for s in state.inner)

    def value(self, problem: Problem, state: TiledState) -> Tensor:
        return torch.stack([self.inner.value(tile, s) for tile, s in self._pairs(state)]).sum()

    def scale(self, problem: Problem, state: TiledState) -> Tensor:
        return torch.stack([self.inner.scale(tile, s) for tile, s in self._pairs(state)]).sum()

    def gap(self, state: TiledState) -> Tensor | None:
        gaps = [gap for s in state.inner if (gap := self.inner.gap(s)) is not None]
        return torch.stack(gaps).sum() if gaps else None

    def residual(self, state: TiledState) -> Tensor | None:
        residuals = [r for s in state.inner if (r := self.inner.residual(s)) is not None]
        return torch.stack(residuals).max() if residuals else None

    def log(self, state: TiledState) -> dict[str, Tensor]:
        rows = [self.inner.log(s) for s in state.inner]
        return {name: torch.stack([row[name] for row in rows]).sum() for name in rows[0]}

    def _pairs(self, state: TiledState) -> Iterator[tuple[Problem, Any]]:
        problems = (tile.problem for tile in state.mosaic.tiles)
        return zip(problems, state.inner, strict=True)
