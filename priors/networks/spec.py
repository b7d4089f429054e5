"""Architectures of the networks of the deep image prior."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


class NetworkSpec(ABC):
    """The architecture of a network: a frozen dataclass of settings that builds it."""

    @property
    @abstractmethod
    def multiple(self) -> int:
        """The height and width of the output are multiples of this number."""

    @property
    @abstractmethod
    def smallest(self) -> int:
        """The smallest height and width of the output."""

    @property
    def reduction(self) -> int:
        """The factor by which the output is higher and wider than the input z."""
        return 1

    @abstractmethod
    def build(self, inputs: int, outputs: int) -> nn.Module:
        """A new, randomly initialised network from (1, ``inputs``, h, w) to (1, ``outputs``, H, W) in [0, 1]."""

    def draw(self, inputs: int, outputs: int, rng: torch.Generator) -> nn.Module:
        """A new network whose weights depend on ``rng`` alone."""
        with drawn_from(int(torch.randint(2**62, (), generator=rng))):
            return self.build(inputs, outputs)


def drawn_from(seed: int) -> TorchFunctionMode:
    """A context in which new layers have weights that depend on this seed alone."""
    return _DrawnFrom(torch.Generator().manual_seed(seed))


class _DrawnFrom(TorchFunctionMode):
    """Within it, the initialisers of torch.nn draw from a generator of our own.

    They would draw from the process-wide one, whose state other threads share: two networks drawn side by side would
    then depend on each other, and the caller's random numbers on both. A mode holds for its own thread alone.
    """

    def __init__(self, rng: torch.Generator) -> None:
        super().__init__()
        self.rng = rng

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if given.get("generator", self) is None:  # the parameter is there, and left open
            given["generator"] = self.rng
        return func(*args, **given)


def canvas(n: int, multiple: int, smallest: int) -> int:
    """The smallest height or width that is a multiple of ``multiple`` and at least n and ``smallest``."""
    return max(smallest, math.ceil(n / multiple) * multiple)


class DecoderSpec(NetworkSpec):
    """The architecture of a network without an encoder, which doubles z once for each of its ``channels``."""

    channels: tuple[int, ...]

    @property
    def multiple(self) -> int:
        return self.reduction

    @property
    def smallest(self) -> int:
        return 4 * self.reduction  # the normalisation would leave little of a smaller z

    @property
    def reduction(self) -> int:
        return int(2 ** len(self.channels))
