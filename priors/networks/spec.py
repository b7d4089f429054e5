"""Architectures of the networks of the deep image prior."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import nn


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
        # torch.nn draws weights from the global generator: fork it, so that its state does not change
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**62, (), generator=rng)))
            return self.build(inputs, outputs)


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
