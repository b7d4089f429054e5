"""Large pictures in overlapping tiles, which are solved side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.problem import Problem
from invprior.solvers.base import Solver, State
from invprior.solvers.mosaic import OVERLAP, Mosaic
from invprior.solvers.muon import Muon
from invprior.solvers.waiting import InMemory, Shelf, shown
from invprior.stop import Status, StopRule


@dataclass(frozen=True, eq=False)
class TiledState(State):
    """What waits of each tile, its state or a :class:`~invprior.solvers.waiting.Waiting`, and the tiles."""

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
    shelf
        Where tiles wait for their turn: ``InMemory()``, or ``OnDisk()`` in a temporary file. The result is the same.

    Raises
    ------
    InvpriorError
        If the overlap is not from 1 to half of the size; in ``solve`` if an operator cannot be cut, or the
        disk is full.

    Cost
    ----
    An iteration is one of ``inner`` on every tile, in all (size / (size − overlap))² times the pixels of the picture.
    Memory: the arrays of ``inner`` for one tile, a few images, and in memory the states of all tiles. On disk these are
    read and written in every iteration, which takes little beside the passes of a network.
    """

    of_parts: ClassVar[bool] = True

    inner: Solver[Any] = field(default_factory=Muon)
    size: int = 1024
    overlap: int = OVERLAP
    shelf: Shelf = field(default_factory=InMemory)

    def __post_init__(self) -> None:
        if not 1 <= self.overlap <= self.size // 2:
            raise InvpriorError(
                f"tiles of {self.size} pixels overlap by 1 to {self.size // 2} pixels, got {self.overlap}"
            )

    def check(self, problem: Problem) -> None:
        for part in self._parts(problem):
            self.inner.accept(part)

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> TiledState:
        mosaic = self._cut(problem)
        image = None if x0 is None else problem.image(x0)
        starts = (None if image is None else tile.window.of(image) for tile in mosaic.tiles)
        pairs = zip(self._parts(problem), starts, strict=True)
        begun = (self.inner.init(part, x if x is None else part.variable(x), rng) for part, x in pairs)
        return self._put(0, mosaic, begun, ())

    def carry(self, problem: Problem, state: TiledState, rng: torch.Generator) -> TiledState:
        carried = (self.inner.carry(part, self._taken(part, w, state), rng) for part, w in self._pairs(problem, state))
        return self._put(0, self._cut(problem), carried, ())

    def step(self, problem: Problem, state: TiledState) -> TiledState:
        stepped = (self.inner.step(part, self._taken(part, w, state)) for part, w in self._pairs(problem, state))
        return self._put(state.iteration + 1, self._cut(problem), stepped, state.inner)

    def ended(self, state: TiledState) -> Status | None:
        ends = [self.inner.ended(shown(w)) for w in state.inner]
        return ends[0] if None not in ends else None

    def default_stop(self) -> StopRule:
        return self.inner.default_stop()

    def estimate(self, state: TiledState) -> Tensor:
        return state.mosaic.join(self.inner.estimate(shown(w)) for w in state.inner)

    def value(self, problem: Problem, state: TiledState) -> Tensor:
        pairs = self._pairs(problem, state)
        return torch.stack([self.inner.value(part, shown(w)) for part, w in pairs]).sum()

    def scale(self, problem: Problem, state: TiledState) -> Tensor:
        pairs = self._pairs(problem, state)
        return torch.stack([self.inner.scale(part, shown(w)) for part, w in pairs]).sum()

    @property
    def passes_infinity(self) -> bool:
        return self.inner.passes_infinity

    def gap(self, state: TiledState) -> Tensor | None:
        gaps = [gap for w in state.inner if (gap := self.inner.gap(shown(w))) is not None]
        return torch.stack(gaps).sum() if gaps else None

    def residual(self, state: TiledState) -> Tensor | None:
        residuals = [r for w in state.inner if (r := self.inner.residual(shown(w))) is not None]
        return torch.stack(residuals).max() if residuals else None

    def log(self, state: TiledState) -> dict[str, Tensor]:
        rows = [self.inner.log(shown(w)) for w in state.inner]
        return {name: torch.stack([row[name] for row in rows]).sum() for name in rows[0]}

    def _cut(self, problem: Problem) -> Mosaic:
        return problem.once(Mosaic.cut, self.size, self.overlap)

    def _parts(self, problem: Problem) -> Iterator[Problem]:
        """The problems of the tiles, one by one."""
        for number in range(len(self._cut(problem).tiles)):
            yield self.shelf.problem(_part, problem, self.size, self.overlap, number)

    def _pairs(self, problem: Problem, state: TiledState) -> Iterator[tuple[Problem, Any]]:
        if len(state.inner) != len(self._cut(problem).tiles):
            raise _other_tiles(state)
        return zip(self._parts(problem), state.inner, strict=True)

    def _taken(self, part: Problem, waiting: Any, state: TiledState) -> Any:
        """The state of a tile that waits; raises unless it is one of this part."""
        tile = self.shelf.taken(waiting)
        if tuple(tile.x.shape) != part.variable_shape:
            raise _other_tiles(state)
        return tile

    def _put(self, iteration: int, mosaic: Mosaic, states: Iterable[Any], before: Sequence[Any]) -> TiledState:
        """Put the states away, one by one as they are made, and join their variables."""
        file, waiting = self.shelf.file(before), list[Any]()

        def variables() -> Iterator[Tensor]:
            for state in states:
                waiting.append(self.shelf.put(state, file, len(mosaic.tiles)))
                x = state.x
                del state  # so that it does not lie in memory beside the next
                yield x

        return TiledState(iteration, mosaic.join(variables()), tuple(waiting), mosaic)


def _part(problem: Problem, size: int, overlap: int, number: int) -> Problem:
    return problem.once(Mosaic.cut, size, overlap).tiles[number].restricted(problem)


def _other_tiles(state: TiledState) -> InvpriorError:
    return InvpriorError(
        f"the state is one of {len(state.inner)} tiles of another size or overlap than this solver cuts; keep both, or "
        "start from the image instead, with x0=result.x"
    )
