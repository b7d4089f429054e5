"""Large pictures in overlapping tiles, which are solved side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.problem import Problem
from invprior.solvers.base import Solver, State
from invprior.solvers.mosaic import OVERLAP, Mosaic
from invprior.solvers.muon import Muon
from invprior.stop import Status, StopRule


@dataclass(frozen=True, eq=False)
class TiledState(State):
    """The state of each tile, and the tiles."""

    derived: ClassVar[tuple[str, ...]] = ("mosaic",)
    inner: tuple[Any, ...]
    mosaic: Mosaic


@dataclass(frozen=True)
class Tiled(Solver[TiledState]):
    """x = Σ_t w_t ⊙ x_t: cuts the problem into overlapping tiles and runs each iteration on all of them in turn.

    A tile is fitted to the measurements that depend on its pixels only. Tiles are processed one at a time, so a network
    needs the memory of one tile. All are at the same iteration, so one stop rule sees the whole picture, and no tile is
    smoother than its neighbour because it stopped sooner. The objective is the sum of the tiles' objectives; ``value``,
    ``gap`` and ``scale`` refer to it.

    Parameters
    ----------
    inner
        The solver of a tile.
    size
        Height and width of a tile, unless the picture is smaller.
    overlap
        Least number of pixels that neighbours share, up to half of ``size``. Take four times the ``reach`` of A.

    Raises
    ------
    InvpriorError
        If the overlap is not from 1 to half of the size; in ``solve`` if an operator cannot be cut.

    Cost
    ----
    An iteration is one of ``inner`` on every tile, in all (size / (size − overlap))² times the pixels of the picture.
    Memory: the arrays of ``inner`` for one tile, and the states of all tiles.
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
        for tile in self._cut(problem).tiles:
            self.inner.check(tile.problem)

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> TiledState:
        mosaic = self._cut(problem)
        image = None if x0 is None else problem.image(x0)
        inner = []
        for tile in mosaic.tiles:
            start = None if image is None else tile.problem.variable(tile.window.of(image))
            inner.append(self.inner.init(tile.problem, start, rng))
        return TiledState(0, mosaic.join(s.x for s in inner), tuple(inner), mosaic)

    def carry(self, problem: Problem, state: TiledState, rng: torch.Generator) -> TiledState:
        mosaic = self._cut(problem)
        _check_fit(state, mosaic)
        pairs = zip(mosaic.tiles, state.inner, strict=True)
        inner = tuple(self.inner.carry(tile.problem, s, rng) for tile, s in pairs)
        return TiledState(0, mosaic.join(s.x for s in inner), inner, mosaic)

    def step(self, problem: Problem, state: TiledState) -> TiledState:
        mosaic = self._cut(problem)
        _check_fit(state, mosaic)
        inner = tuple(self.inner.step(tile.problem, s) for tile, s in zip(mosaic.tiles, state.inner, strict=True))
        return TiledState(state.iteration + 1, mosaic.join(s.x for s in inner), inner, mosaic)

    def ended(self, state: TiledState) -> Status | None:
        ends = [self.inner.ended(s) for s in state.inner]
        return ends[0] if None not in ends else None

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

    def _cut(self, problem: Problem) -> Mosaic:
        return problem.once(Mosaic.cut, self.size, self.overlap)

    def _pairs(self, state: TiledState) -> Iterator[tuple[Problem, Any]]:
        problems = (tile.problem for tile in state.mosaic.tiles)
        return zip(problems, state.inner, strict=True)


def _check_fit(state: TiledState, mosaic: Mosaic) -> None:
    """Raise unless the state is one of these tiles."""
    held, cut = ([tuple(s.x.shape) for s in state.inner], [tile.problem.variable_shape for tile in mosaic.tiles])
    if held != cut:
        raise InvpriorError(
            f"the state is one of {len(held)} tiles of another size or overlap, and this solver cuts {len(cut)}; keep "
            "both, or start from the image instead, with x0=result.x"
        )
