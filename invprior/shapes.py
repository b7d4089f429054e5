"""Shapes of images: checks of tensors, and windows of a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from invprior.errors import InvpriorError

Shape = tuple[int, ...]

# Rows next to the cut edge of a band where a local operator may be wrong, see ``LinearOperator.on_rows``.
REACH = 2
# Values that a temporary holds where a large array is gone through: a few megabytes, which a cache holds too.
SLAB = 2**20


def as_shape(shape: Iterable[int]) -> Shape:
    """The shape as a tuple of ints; raises unless all are positive."""
    sizes = tuple(shape)
    if any(int(n) != n for n in sizes):
        raise InvpriorError(f"the sizes of a shape are whole numbers, got {sizes}")
    out = tuple(int(n) for n in sizes)
    if not out or min(out) < 1:
        raise InvpriorError(f"a shape needs at least one axis and positive sizes, got {out}")
    return out


def own(values: Any) -> Tensor:
    """A tensor as it is, anything else as a tensor of its own: an array's memory is not shared."""
    return values if isinstance(values, Tensor) else torch.as_tensor(values).clone()


def all_finite(x: Tensor) -> bool:
    """True if no value is NaN or infinite: found from the extremes, without arrays of the size of ``x``."""
    x = x.detach()
    if not x.numel():
        return True
    extremes = torch.aminmax(torch.view_as_real(x.resolve_conj()) if x.is_complex() else x)  # NaN is both of them
    return bool(torch.stack(tuple(extremes)).isfinite().all())


def slabs(height: int, width: int) -> Iterator[slice]:
    """The rows of a picture, some at a time: what is made of them is small beside the picture."""
    step = max(1, SLAB // width)
    return (slice(top, min(top + step, height)) for top in range(0, height, step))


def check_broadcast(name: str, x: Tensor, shape: Shape) -> None:
    """Raise unless ``x`` broadcasts to the event shape."""
    try:
        fits = torch.broadcast_shapes(x.shape, shape) == shape
    except RuntimeError:
        fits = False
    if not fits:
        raise InvpriorError(f"{name} of shape {tuple(x.shape)} does not fit an image of shape {shape}")


def as_complex(dtype: torch.dtype, is_complex: bool) -> torch.dtype:
    """The complex or the real dtype of the same precision."""
    real = torch.zeros((), dtype=dtype).real.dtype
    return torch.complex(torch.zeros((), dtype=real), torch.zeros((), dtype=real)).dtype if is_complex else real


def same_kind(convert: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A conversion of device or precision under which complex values stay complex and real ones real.

    Torch's own casts a complex tensor to a real precision by dropping the phases.
    """

    def kept(t: Tensor) -> Tensor:
        if not (t.is_floating_point() or t.is_complex()):
            return convert(t)
        real = t.real.new_empty(0)
        there = convert(real)
        if not t.is_complex() and not there.is_complex():
            return convert(t)
        if there is real:  # nothing to convert; what changes a tensor in place, as share_memory does, sees the parts
            convert(torch.view_as_real(t.resolve_conj()))
            return t
        return t.to(device=there.device, dtype=as_complex(there.dtype, t.is_complex()))

    return kept


def check_tensor(name: str, x: Tensor, shape: Shape, held: Tensor | None = None) -> None:
    """Raise unless ``x`` is a floating tensor of shape (..., *shape) with the device and precision of ``held``."""
    if not isinstance(x, Tensor):
        raise InvpriorError(f"{name} takes a torch tensor, got {type(x).__name__}; torch.as_tensor makes one")
    if not (x.is_floating_point() or x.is_complex()):
        raise InvpriorError(f"{name} takes a floating tensor, got {x.dtype}; scale it to [0, 1] as a float first")
    if x.ndim < len(shape) or tuple(x.shape[x.ndim - len(shape) :]) != shape:
        want = ", ".join(["...", *map(str, shape)])
        raise InvpriorError(f"{name} takes shape ({want}), got {tuple(x.shape)}")
    if held is None:
        return
    if held.device != x.device:
        raise InvpriorError(f"{name} is on {held.device} but got a tensor on {x.device}; move one with .to()")
    inexact = held.is_floating_point() or held.is_complex()
    if inexact and held.real.dtype != x.real.dtype:
        raise InvpriorError(f"{name} holds {held.dtype} but got {x.dtype}; convert one with .to()")


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where the samples of a resampling operator sit, in pixel coordinates of its input.

    Attributes
    ----------
    rows, cols
        Positions of the output's rows and columns, float64.
    inside
        Boolean (rows, cols): where a linear ramp is reproduced.
    tolerance
        Error in pixels that a ramp may have beyond rounding.
    """

    rows: Tensor
    cols: Tensor
    inside: Tensor
    tolerance: float = 0.0


@dataclass(frozen=True)
class Window:
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right`` of a picture, half-open as in slices."""

    top: int
    bottom: int
    left: int
    right: int

    def __post_init__(self) -> None:
        if not (0 <= self.top < self.bottom and 0 <= self.left < self.right):
            raise InvpriorError(f"a window needs at least one row and one column, got {self}")

    @classmethod
    def around(cls, marked: Tensor, margin: int) -> Window:
        """The box of all marked pixels, of which there is one at least, with a margin; within the picture (H, W)."""
        rows, columns = (marked.any(axis).nonzero() for axis in (1, 0))
        top, left = (max(int(at.min()) - margin, 0) for at in (rows, columns))
        bottom, right = (
            min(int(at.max()) + 1 + margin, n) for at, n in zip((rows, columns), marked.shape, strict=True)
        )
        return cls(top, bottom, left, right)

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    def of(self, x: Tensor) -> Tensor:
        """The window of a tensor (..., H, W), as a view."""
        return x[..., self.top : self.bottom, self.left : self.right]

    def of_constant(self, c: Tensor, shape: tuple[int, ...]) -> Tensor:
        """The window of a tensor that broadcasts to an image of ``shape``: a mask (H, W), a level (C, 1, 1)."""
        if c.ndim == 0 or (c.shape[-1] == 1 and (c.ndim == 1 or c.shape[-2] == 1)):
            return c
        return self.of(c.expand(torch.broadcast_shapes(c.shape, shape[-2:])))
