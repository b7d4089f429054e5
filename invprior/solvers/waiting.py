"""Where the states of tiles wait between their steps: in memory, or in a file."""

from __future__ import annotations

import io
import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from invprior.io.scratch import MAPPED, Scratch, check_space
from invprior.problem import Problem
from invprior.solvers.base import State

T = TypeVar("T")
SMALL = 4096  # bytes of a tensor that stays in memory
# These are taken apart to find tensors; whatever else a state holds stays in memory as it is.
CONTAINERS = (State, nn.Module, tuple, list, dict, str, bytes, int, float, complex, type(None))
# Of tensors that were read from a file and live: where they lie.
_LYING = WeakTensorKeyDictionary()


class Shelf(ABC):
    """Where the tiles of a :class:`~invprior.solvers.Tiled` wait for their turn. The result is the same for all."""

    @abstractmethod
    def problem(self, make: Callable[..., Problem], whole: Problem, *which: int) -> Problem:
        """``make(whole, *which)``, the problem of a tile."""

    @abstractmethod
    def taken(self, waiting: Any) -> Any:
        """The state that waits."""

    @abstractmethod
    def file(self, waiting: Sequence[Any]) -> Scratch | None:
        """The file for these tiles, that of what waits already if there is one; None if none is needed."""

    @abstractmethod
    def put(self, state: Any, file: Any, tiles: int) -> Any:
        """What waits in place of a state, which is one of so many tiles."""


@dataclass(frozen=True)
class InMemory(Shelf):
    """States wait as they are."""

    def problem(self, make: Callable[..., Problem], whole: Problem, *which: int) -> Problem:
        return whole.once(make, *which)

    def taken(self, waiting: Any) -> Any:
        return waiting.read() if isinstance(waiting, Waiting) else waiting

    def file(self, waiting: Sequence[Any]) -> Scratch | None:
        return None

    def put(self, state: Any, file: Any, tiles: int) -> Any:
        return state


@dataclass(frozen=True)
class OnDisk(Shelf):
    """Tensors of states wait in one temporary file, in the folder that TMPDIR names, or else /var/tmp.

    The file has no name: it is gone with the last state in it, or with the process.

    Raises
    ------
    InvpriorError
        In ``solve``, if the disk is too small.
    """

    def problem(self, make: Callable[..., Problem], whole: Problem, *which: int) -> Problem:
        return make(whole, *which)  # what it computes and keeps is gone after the step

    def taken(self, waiting: Any) -> Any:
        return shown(waiting)

    def file(self, waiting: Sequence[Any]) -> Scratch:
        return next((w.file for w in waiting if isinstance(w, Waiting)), None) or Scratch()

    def put(self, state: Any, file: Any, tiles: int) -> Any:
        first = file.gigabytes == 0
        waiting = Waiting(state, file)
        if first:  # a step keeps the old states until all tiles have new ones
            check_space(file.gigabytes * (2 * tiles - 1))
        return waiting


def shown(waiting: Any) -> Any:
    """The state that waits, to look at: what is not looked at is not read."""
    return waiting.mapped() if isinstance(waiting, Waiting) else waiting


class Waiting:
    """A state whose tensors lie in a file; a tensor that was read from it and is part of the state again lies once."""

    def __init__(self, state: Any, file: Scratch) -> None:
        self.file = file
        self._parts: list[Any] = []
        out = io.BytesIO()
        _Packer(out, file, self._parts).dump(state)
        self._packed = out.getvalue()

    def mapped(self) -> Any:
        """The state, its large tensors brought into memory as they are used."""
        return _Unpacker(self._packed, self._parts, _Lying.mapped).load()

    def read(self) -> Any:
        """The state, in memory."""
        return _Unpacker(self._packed, self._parts, _Lying.read).load()

    def __reduce__(self) -> tuple[Any, ...]:
        return _same, (self.read(),)  # a pickled state lies in memory again


class _Lying:
    """A tensor in a file."""

    def __init__(self, t: Tensor, file: Scratch) -> None:
        self._dtype, self._device, self._requires_grad = t.dtype, t.device, t.requires_grad
        self._shape, self._is_parameter = t.shape, isinstance(t, nn.Parameter)
        held = t.detach().cpu()
        self._strides = torch.empty_like(held, device="meta").stride()  # dense, in the order of t where that is
        if held.stride() != self._strides or held.is_conj() or held.is_neg():
            held = torch.empty_like(held).copy_(held)
        flat = held.as_strided((held.numel(),), (1,)).view(torch.uint8)
        self._slot = file.write(flat.numpy().data)

    def mapped(self) -> Tensor:
        if self._slot.length < MAPPED:
            return self.read()
        return self._tensor(torch.frombuffer(self._slot.scratch.mapped(self._slot), dtype=torch.uint8))

    def read(self) -> Tensor:
        flat = torch.empty(self._slot.length, dtype=torch.uint8)
        self._slot.scratch.read_into(self._slot, flat.numpy().data)
        return self._tensor(flat)

    def _tensor(self, flat: Tensor) -> Tensor:
        t = flat.view(self._dtype).as_strided(self._shape, self._strides).to(self._device)
        if self._is_parameter:
            t = nn.Parameter(t, self._requires_grad)
        elif self._requires_grad:
            t.requires_grad_()
        _LYING[t] = (self, _version(t))
        return t


class _Packer(pickle.Pickler):
    """Puts tensors into a file, and what is neither a tensor nor a container into ``parts``."""

    def __init__(self, out: io.BytesIO, file: Scratch, parts: list[Any]) -> None:
        super().__init__(out, pickle.HIGHEST_PROTOCOL)
        self._file, self._parts = file, parts
        self._places: dict[int, int] = {}

    def persistent_id(self, value: Any) -> int | None:
        if isinstance(value, CONTAINERS) and not isinstance(value, Tensor):
            return None
        place = self._places.get(id(value))
        if place is None:
            place = self._places[id(value)] = len(self._parts)
            self._parts.append(self._laid(value) if _can_lie(value) else value)
        return place

    def _laid(self, t: Tensor) -> _Lying:
        lying, version = _LYING.get(t, (None, 0))
        known = lying is not None and lying._slot.scratch is self._file and version == _version(t)
        return lying if known else _Lying(t, self._file)

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, State | nn.Module):  # all that they hold, whatever they leave out of a pickle of their own
            return _empty, (type(value),), vars(value), None, None, _fill
        return NotImplemented


class _Unpacker(pickle.Unpickler):
    def __init__(self, packed: bytes, parts: list[Any], load: Callable[[_Lying], Tensor]) -> None:
        super().__init__(io.BytesIO(packed))
        self._parts, self._load = parts, load
        self._loaded: dict[int, Tensor] = {}

    def persistent_load(self, place: int) -> Any:
        part = self._parts[place]
        if not isinstance(part, _Lying):
            return part
        if place not in self._loaded:
            self._loaded[place] = self._load(part)
        return self._loaded[place]


def _can_lie(value: Any) -> bool:
    if type(value) not in (Tensor, nn.Parameter) or value.layout != torch.strided or value.is_quantized:
        return False
    return value.nbytes >= SMALL and value.is_leaf and value.grad is None


def _version(t: Tensor) -> int:
    """A number that changes when t is changed in place."""
    return 0 if t.is_inference() else t._version


def _same(value: T) -> T:
    return value


def _empty(kind: type[T]) -> T:
    return kind.__new__(kind)


def _fill(value: Any, held: dict[str, Any]) -> None:
    vars(value).update(held)
