"""The interface of noise models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, is_dataclass, replace
from random import Random
from typing import ClassVar, Self

import torch
from torch import Tensor

from invprior.functional import Functional
from invprior.shapes import Window


@dataclass(frozen=True, eq=False)
class Split:
    """Two measurements of one clean u with independent noise, made of one.

    Attributes
    ----------
    first, noise
        The first, and its noise model.
    second
        The second, its offset taken off: E(second | u) = u.
    """

    first: Tensor
    noise: Noise
    second: Tensor


class Noise(ABC):
    """The random map from a clean measurement u to a measured y, with its likelihood: E in the objective.

    ``in_pixels`` names the settings that are lengths in pixels; the others are in the values of the data.
    """

    in_pixels: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def example(cls, rng: Random) -> Self:
        """An instance with settings drawn from ``rng``, for the conformance laws."""
        return cls()

    @abstractmethod
    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """Draw y given the clean measurement ``u``; ``rng`` lives on the device of ``u``."""

    def again(self, u: Tensor, y: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """Another measurement, of ``u``, made as ``y`` was: a sample, unless more is known of how y came about."""
        return self.sample(u, rng)

    @abstractmethod
    def nll(self, y: Tensor) -> Functional:
        """u ↦ −log p(y | u), up to a constant that does not depend on u."""

    @abstractmethod
    def variance(self, u: Tensor) -> Tensor:
        """E|y − E(y | u)|², of a shape that broadcasts to ``u``."""

    def on_window(self, window: Window, shape: tuple[int, ...]) -> Self:
        """The same model on a window of a measurement of this shape; levels per pixel are cropped."""
        if not is_dataclass(self):
            return self
        settings = {f.name: getattr(self, f.name) for f in fields(self)}
        levels = {k: window.of_constant(v, shape) for k, v in settings.items() if isinstance(v, Tensor)}
        return replace(self, **levels)

    @property
    def additive(self) -> bool:
        """True if y − u does not depend on u: a constant added to both changes no likelihood."""
        return False

    @property
    def least(self) -> float | None:
        """The least value that can be measured; None if there is none."""
        return None

    @property
    def rounded(self) -> bool:
        """True if y − u is no noise but what rounding leaves, of which no estimate of a risk knows anything."""
        return False

    @property
    def correlation(self) -> Tensor | None:
        """Correlation of the noise of a channel at a pixel with that of another near it, None for white noise.

        (C, C, 2r + 1, 2r + 1) over channels and offsets, 1 where both are the same; of one channel, it holds for each
        channel by itself.
        """
        return None

    def signal(self, y: Tensor) -> Tensor:
        """y minus the offset that the sensor adds: an unbiased estimate of u."""
        return y

    def split(self, y: Tensor, share: float, rng: torch.Generator) -> Split | None:
        """Two measurements made of one, the second with this ``share`` of what y tells; None if the model knows no way.

        The first has 1/(1 − share) times the variance of y, the second 1/share times. ``rng`` lives on the CPU.
        """
        return None

    def estimated_variance(self, y: Tensor) -> Tensor:
        """The variance estimated from the data, broadcastable to ``y``; by default the variance at :meth:`signal`."""
        return self.variance(self.signal(y))
