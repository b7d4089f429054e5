"""Stop where the iterates differ least: early stopping by their variance (Wang et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.stop.base import IterateLike
from invprior.stop.least import Least

PIXELS = 65_536  # enough for the variance of a picture of any size; a hundred frames of them are 26 megabytes


def subset(x: Tensor) -> Tensor:
    """``PIXELS`` values at random places of x, the same places for every x of this shape."""
    flat = (torch.view_as_real(x) if x.is_complex() else x).detach().reshape(-1)
    if flat.numel() <= PIXELS:
        return flat.clone()
    where = torch.randperm(flat.numel(), generator=torch.Generator().manual_seed(0))[:PIXELS]
    return flat[where.sort().values.to(flat.device)]


class Frames(NamedTuple):
    """The last frames, and in float64 their sum and the sum of their squared norms."""

    frames: tuple[Tensor, ...]
    total: Tensor
    energy: Tensor


@dataclass(frozen=True)
class WindowedVariance(Least):
    """ES-WMV: the mean squared distance of the last ``window`` iterates to their mean, kept where it is least.

    While a network learns the picture its outputs move; while it learns the noise they move again; between the two
    they rest (Wang et al. 2021). No noise level is needed.

    The signal comes from the single iterates, on a fixed subset of the pixels; what is kept is the solver's
    estimate.

    Parameters
    ----------
    window
        Iterates in the variance.

    Cost
    ----
    An iteration reads at most 65,536 values, whatever the window. The window is held: 26 MB for a hundred frames.

    References
    ----------
    - Wang, Li, Zhuang, Chen, Liang & Sun, "Early stopping for deep image prior", arXiv:2112.06074 (2021).
    """

    window: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window < 2:
            raise InvpriorError(f"the window must hold at least 2 iterates, got {self.window}")

    def signal(self, parts: Frames | None, iterate: IterateLike) -> tuple[Frames, float | None]:
        x = subset(iterate.latest)
        wide = x.double()
        if parts is None:
            parts = Frames((), torch.zeros_like(wide), torch.zeros((), dtype=torch.float64, device=x.device))
        # running sums: an iteration costs one frame, not the whole window
        total, energy = parts.total + wide, parts.energy + wide.square().sum()
        frames = (*parts.frames, x)
        if len(frames) > self.window:
            oldest = frames[0].double()
            total, energy, frames = total - oldest, energy - oldest.square().sum(), frames[1:]
        full = len(frames) == self.window
        # mean of ‖x‖² − ‖mean of x‖²
        value = (energy - total.square().sum() / self.window) / (self.window * x.numel())
        return Frames(frames, total, energy), float(value) if full else None


class Moving(NamedTuple):
    """The moving mean and the moving variance."""

    mean: Tensor
    variance: Tensor


@dataclass(frozen=True)
class MovingVariance(Least):
    """ES-EMV: :class:`WindowedVariance` with exponentially weighted mean and variance in place of the window.

    m ← m + α (x − m), v ← (1 − α)(v + α ‖x − m‖²/n), the latter with the previous m. It holds one frame instead of
    a hundred.

    Parameters
    ----------
    alpha
        Share of the newest iterate.

    Cost
    ----
    An iteration reads at most 65,536 values; as many are held.

    References
    ----------
    - Wang, Li, Zhuang, Chen, Liang & Sun, "Early stopping for deep image prior", arXiv:2112.06074 (2021).
    """

    alpha: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.alpha < 1:
            raise InvpriorError(f"alpha must lie between 0 and 1, got {self.alpha}")

    def signal(self, parts: Moving | None, iterate: IterateLike) -> tuple[Moving, float | None]:
        x = subset(iterate.latest).double()
        if parts is None:
            return Moving(x, x.new_zeros(())), None
        step = x - parts.mean
        mean = parts.mean + self.alpha * step
        variance = (1 - self.alpha) * (parts.variance + self.alpha * step.square().mean())
        return Moving(mean, variance), float(variance)
