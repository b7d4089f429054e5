"""Operators of NumPy, SciPy and PyLops as operators here: gradients go through their adjoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invprior.arguments import checked, shown
from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.interop.adjointness import check_adjoint
from invprior.linear_operator import LinearOperator
from invprior.shapes import Shape, as_complex, as_shape

Function = Callable[[Any], Any]


@checked
class ArrayOperator(LinearOperator):
    """Ax = ``forward(x)`` and Aᴴy = ``adjoint(y)``, functions of NumPy arrays without batch axes.

    A batch is computed image by image, on the CPU; the result has the precision of the input and its device. Gradients
    go through the other function, so that every solver and every prior works, the deep image prior included.

    Parameters
    ----------
    forward, adjoint
        Functions of an array of shape ``in_shape`` and of one of shape ``out_shape``.
    in_shape, out_shape
        Event shapes of the image and of the measurement.
    in_complex, out_complex, precision
        As of :class:`~invprior.Operator`; the functions are given arrays of this precision.
    name
        What the operator prints.
    """

    def __init__(
        self,
        forward: Function,
        adjoint: Function,
        in_shape: Iterable[int],
        out_shape: Iterable[int],
        in_complex: bool | None = None,
        out_complex: bool | None = None,
        name: str | None = None,
        precision: torch.dtype | None = None,
    ) -> None:
        for what, f in (("forward", forward), ("adjoint", adjoint)):
            if not callable(f):
                raise InvpriorError(f"{what} must be a function of a NumPy array, got {shown(f)}")
        super().__init__(in_shape, out_shape)
        self.in_complex, self.out_complex, self.precision = in_complex, out_complex, precision
        self.name = name or str(getattr(forward, "__name__", type(forward).__name__))
        self._into = _Applied(forward, f"{self.name} (forward)", self.in_shape, self.out_shape, out_complex, precision)
        self._back = _Applied(adjoint, f"{self.name} (adjoint)", self.out_shape, self.in_shape, in_complex, precision)

    def forward(self, x: Tensor) -> Tensor:
        return _through(x, self._into, self._back)

    def adjoint(self, y: Tensor) -> Tensor:
        return _through(y, self._back, self._into)

    def extra_repr(self) -> str:
        return f"{self.in_shape}, {self.name}"


class _Applied:
    """A function of one array, applied to a batch of tensors."""

    def __init__(
        self,
        f: Function,
        name: str,
        shape: Shape,
        out_shape: Shape,
        is_complex: bool | None,
        precision: torch.dtype | None,
    ) -> None:
        self.f, self.name, self.shape, self.out_shape, self.is_complex = f, name, shape, out_shape, is_complex
        self.precision = precision

    def __call__(self, x: Tensor) -> Tensor:
        lead = x.shape[: x.ndim - len(self.shape)]
        is_complex = x.is_complex() if self.is_complex is None else self.is_complex
        out = torch.empty(math.prod(lead), *self.out_shape, dtype=as_complex(x.dtype, is_complex))
        given = x.detach().cpu().to(as_complex(self.precision or x.dtype, x.is_complex()))
        arrays = given.resolve_conj().resolve_neg().reshape(-1, *self.shape).numpy()
        for k, array in enumerate(arrays):
            # a copy: the function may write into its argument
            result = np.asarray(called(f"apply {self.name}", partial(self.f, array.copy())))
            if result.shape != self.out_shape:
                raise InvpriorError(f"{self.name} must give shape {self.out_shape}, it gave {result.shape}")
            if np.iscomplexobj(result) and not is_complex:
                raise InvpriorError(f"{self.name} gave complex values; say so by in_complex and out_complex")
            out[k] = torch.as_tensor(np.ascontiguousarray(result))
        return out.reshape(*lead, *self.out_shape).to(x.device)


class _Linear(torch.autograd.Function):
    """A linear map whose derivative is its adjoint, which can be differentiated in turn."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, into: _Applied, back: _Applied) -> Tensor:
        ctx.into, ctx.back = into, back
        return into(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _through(gradient, ctx.back, ctx.into), None, None


def _through(x: Tensor, into: _Applied, back: _Applied) -> Tensor:
    out: Tensor = _Linear.apply(x, into, back)
    return out


@checked
def from_numpy(
    forward: Function,
    adjoint: Function,
    in_shape: Iterable[int],
    out_shape: Iterable[int],
    *,
    in_complex: bool | None = None,
    out_complex: bool | None = None,
    precision: torch.dtype | None = None,
    check: bool = True,
) -> ArrayOperator:
    """An operator from a linear function of NumPy arrays and its adjoint.

    Parameters
    ----------
    forward, adjoint
        A and Aᴴ: functions of an array of shape ``in_shape`` and of one of shape ``out_shape``, without batch axes.
    in_shape, out_shape
        Event shapes of the image and of the measurement.
    in_complex, out_complex
        True: always complex. False: always real. None: either, and the output is of the same kind as the input.
    precision
        torch.float32 for functions that compute in it whatever they are given; None: in the precision of the input.
    check
        Whether to check ⟨Ax, y⟩ = ⟨x, Aᴴy⟩ once, on random x and y.

    Raises
    ------
    InvpriorError
        If a function fails, gives another shape, or is not the other's adjoint.
    """
    operator = ArrayOperator(
        forward, adjoint, as_shape(in_shape), as_shape(out_shape), in_complex, out_complex, precision=precision
    )
    if check:
        check_adjoint(operator)
    return operator


@checked
def from_scipy(
    operator: Any, in_shape: Iterable[int], out_shape: Iterable[int], *, check: bool = True
) -> ArrayOperator:
    """An operator from a ``scipy.sparse.linalg.LinearOperator``, a sparse matrix or a dense one.

    One whose ``dtype`` is float32 or complex64 computes in single precision.

    Parameters
    ----------
    operator
        Has ``matvec`` and ``rmatvec``, or is a matrix; acts on images and measurements that are flattened row by row.
    in_shape, out_shape
        Event shapes of the image and of the measurement; the products of their sizes are the matrix's.
    check
        Whether to check ⟨Ax, y⟩ = ⟨x, Aᴴy⟩ once, on random x and y.

    Raises
    ------
    InvpriorError
        If it is no linear operator, does not fit the shapes, or its adjoint is wrong.
    """
    from scipy.sparse.linalg import aslinearoperator

    in_shape, out_shape = as_shape(in_shape), as_shape(out_shape)
    if not (hasattr(operator, "matvec") and hasattr(operator, "rmatvec")):
        try:
            operator = aslinearoperator(operator)
        except (TypeError, ValueError) as error:
            raise InvpriorError(f"from_scipy takes a linear operator or a matrix, got {shown(operator)}") from error
    size = (math.prod(out_shape), math.prod(in_shape))
    if tuple(operator.shape) != size:
        raise InvpriorError(
            f"a matrix of shape {tuple(operator.shape)} does not map images {in_shape} to {out_shape}, which takes "
            f"one of shape {size}"
        )
    dtype = np.dtype(getattr(operator, "dtype", None) or float)
    is_complex = np.issubdtype(dtype, np.complexfloating)
    kind = True if is_complex else None
    into = False if getattr(operator, "clinear", True) is False else kind  # PyLops says so of maps of real images
    single = torch.float32 if dtype in (np.float32, np.complex64) else None

    def forward(x: Any) -> Any:
        return np.asarray(operator.matvec(x.ravel())).reshape(out_shape)

    def adjoint(y: Any) -> Any:
        back = np.asarray(operator.rmatvec(y.ravel())).reshape(in_shape)
        return back.real if into is False else back

    made = ArrayOperator(forward, adjoint, in_shape, out_shape, into, kind, type(operator).__name__, single)
    if check:
        check_adjoint(made)
    return made


@checked
def from_pylops(operator: Any, *, check: bool = True) -> ArrayOperator:
    """An operator from one of PyLops, with the shapes that it declares, ``dims`` and ``dimsd``.

    One that is not linear over the complex numbers (``clinear`` is False, as ``FFT2D(real=True)``) takes real images.

    Parameters
    ----------
    operator
        A ``pylops.LinearOperator``.
    check
        Whether to check ⟨Ax, y⟩ = ⟨x, Aᴴy⟩ once, on random x and y.

    Raises
    ------
    InvpriorError
        If it declares no shapes, or its adjoint is wrong.
    """
    if not all(hasattr(operator, name) for name in ("matvec", "rmatvec", "dims", "dimsd")):
        raise InvpriorError(
            f"from_pylops takes an operator with matvec, rmatvec, dims and dimsd, got {type(operator).__name__}; "
            "from_scipy takes the shapes from you"
        )
    return from_scipy(operator, operator.dims, operator.dimsd, check=check)
