"""Contents of tensors that break arithmetic: by cancellation, overflow of squares, underflow, or position."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from invprior.shapes import Shape


@dataclass(frozen=True, eq=False)
class Content:
    """A tensor, what is in it in words, and the Python that makes it again."""

    x: Tensor
    label: str
    code: str = ""

    def __repr__(self) -> str:
        return self.label

    @property
    def moderate(self) -> bool:
        """True if its values are neither huge nor tiny."""
        return "1e" not in self.label and self.label != "denormal"

    def clone(self) -> Content:
        return replace(self, x=self.x.clone())


def _ramp(shape: Shape, seed: int) -> Tensor:
    axes = [torch.arange(n, dtype=torch.float64) * (k + 1) for k, n in enumerate(shape)]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")).sum(0)


def _one_hot(shape: Shape, seed: int) -> Tensor:
    x = torch.zeros(shape, dtype=torch.float64)
    x.view(-1)[seed % x.numel()] = 1
    return x


def _random(shape: Shape, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


KINDS: dict[str, Callable[[Shape, int], Tensor]] = {
    "random": _random,
    "zeros": lambda shape, seed: torch.zeros(shape, dtype=torch.float64),
    "one-hot": _one_hot,
    "constant": lambda shape, seed: torch.ones(shape, dtype=torch.float64),
    "ramp": _ramp,
    "sparse": lambda shape, seed: _random(shape, seed) * (_random(shape, seed + 1) > 1),
    "random × 1e20": lambda shape, seed: 1e20 * _random(shape, seed),
    "random × 1e-20": lambda shape, seed: 1e-20 * _random(shape, seed),
    "denormal": lambda shape, seed: 1e-40 * _random(shape, seed),
}
SEEDED = {"one-hot", "sparse", "random", "random × 1e20", "random × 1e-20"}


def content(kind: str, shape: Shape, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    """The tensor of one of the :data:`KINDS`, such as ``"one-hot"``; complex ones have another seed in each part."""
    x = KINDS[kind](shape, seed)
    return (torch.complex(x, KINDS[kind](shape, seed + 7)) if dtype.is_complex else x).to(dtype)


def named(kind: str, shape: Shape, dtype: torch.dtype, seed: int) -> Content:
    """:func:`content` with its label and code."""
    label = f"{kind} (seed {seed})" if kind in SEEDED else kind
    code = f'strategies.content("{kind}", {shape}, {dtype}, seed={seed})'
    return Content(content(kind, shape, dtype, seed), label, code)


def apart(t: Tensor) -> Tensor:
    """The same values with gaps between them in memory."""
    wide = torch.full((*t.shape[:-1], t.shape[-1] + 1, 2), 9.0, dtype=t.dtype)
    wide[..., :-1, 0] = t
    return wide[..., :-1, 0]
