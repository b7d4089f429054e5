"""What a network of the deep image prior tells about itself."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import nn


class NetworkSpec(ABC):
    """The shape of a network: a frozen dataclass of settings that builds it."""

    @property
    @abstractmethod
    def multiple(self) -> int:
        """Heights and widths of the output are multiples of this."""

    @property
    @abstractmethod
    def smallest(self) -> int:
        """The least height and width of the output."""

    @property
    def reduction(self) -> int:
        """How many times higher and wider the output is than the input z."""
        return 1

    @abstractmethod
    def build(self, inputs: int, outputs: int) -> nn.Module:
        """A new network from (1, ``inputs``, h, w) to (1, ``outputs``, H, W) in [0, 1], random."""

    def draw(self, inputs: int, outputs: int, rng: torch.Generator) -> nn.Module:
        """A new network whose weights depend on ``rng`` alone."""
        # torch.nn draws its weights from the global generator: fork it, so that nobody else's numbers change
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**62, (), generator=rng)))
            return self.build(inputs, outputs)


def canvas(n: int, multiple: int, smallest: int) -> int:
    """The least height or width from n on that is a multiple and not below the smallest."""
    return max(smallest, math.ceil(n / multiple) * multiple)


class DecoderSpec(NetworkSpec):
    """Of a network without an encoder, which doubles z once for each of its ``channels``."""

    channels: tuple[int, ...]

    @property
    def multiple(self) -> int:
        return self.reduction

    @property
    def smallest(self) -> int:
        return 4 * self.reduction  # of a smaller z the normalisation would leave little

    @property
    def reduction(self) -> int:
        return int(2 ** len(self.channels))
