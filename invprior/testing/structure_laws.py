"""The laws of what a linear operator says about itself: norm, gram, diagonal, matrix, bands, windows, geometry."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from invprior.linear_operator import LinearOperator
from invprior.shapes import REACH, Window
from invprior.spectral import ritz
from invprior.testing.law import Law, Measurement, Skip
from invprior.testing.operator_case import ROUNDING, OperatorCase, size

DENSE = 500  # real numbers in and out, up to which a matrix is formed
WITHIN = 5e-3  # relative error of a norm


def _real(t: Tensor) -> Tensor:
    return torch.view_as_real(t) if t.is_complex() else t


def _matrix(A: LinearOperator, x: Tensor) -> Tensor:
    """A as a matrix of real numbers; its norm is that of A also between a real and a complex space."""
    n = x.numel()
    basis = torch.eye(n, dtype=x.dtype).reshape(n, *A.in_shape)
    columns = [_real(A(part * basis)).reshape(n, -1) for part in ((1, 1j) if x.is_complex() else (1,))]
    return torch.cat(columns).T


def _norm(case: OperatorCase) -> Measurement:
    A, said = case.A, case.A.norm()
    into, out = (math.prod(_real(t).shape) for t in (case.x.x, case.y.x))
    if max(into, out) <= DENSE:
        exact = float(torch.linalg.matrix_norm(_matrix(A, case.x.x), 2))
        what, off = f"the matrix has {exact:.6g}", abs(said - exact)
    else:
        # of an operator too large for its matrix the Lanczos process bounds the norm from below
        start = torch.randn(A.in_shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(case.x.x)
        theta, residual = ritz(A.forward, A.adjoint, start, 1e-5, 60)
        exact = math.sqrt(max(theta, 0.0))
        off = exact - said if residual > 1e-4 * abs(theta) else abs(said - exact)
        what = f"it maps an image to {exact:.6g} times its size"
    measured = math.inf if math.isnan(off) else max(off, 0.0) / max(exact, 1e-30)
    return Measurement(measured, WITHIN, f"{case!r}: norm() says {said:.6g}, {what}")


def _gram(case: OperatorCase) -> Measurement:
    A, x = case.A, case.x.x
    return case.agree(A.gram(x), A.H(A(x)), case.gain**2 * size(x), case.gain * size(A(x)))


def _diagonal(case: OperatorCase) -> Measurement | Skip:
    d, x = case.A.diagonal(), case.x.x
    if d is None:
        return Skip("diagonal() is None")
    return case.agree(d.to(case.y.x.dtype) * x, case.A(x), case.gain * size(x), size(case.A(x)))


def _selection(case: OperatorCase) -> Measurement | Skip:
    if not case.A.is_selection:
        return Skip("is_selection is False")
    y = case.y.x
    return case.agree(case.A(case.A.H(y)), y, size(y))


def _dense(case: OperatorCase) -> Measurement | Skip:
    A, x = case.A, case.x.x
    if x.numel() > DENSE:
        return Skip(f"only for images of up to {DENSE} numbers")
    if A.in_complex and A.out_complex is False:
        return Skip("a map from complex to real images has no complex matrix")
    dense = A.to_dense(x.dtype)
    if tuple(dense.shape) != (case.y.x.numel(), x.numel()):
        return case.exactly(1, f"to_dense() has the shape {tuple(dense.shape)}")
    left = (dense @ x.reshape(-1).to(dense.dtype)).reshape(A.out_shape)
    # each of the n columns has a rounding error of its own
    return case.agree(left, A(x), size(dense) * size(x), case.gain * size(x))


def _structure(case: OperatorCase) -> Measurement:
    A, H = case.A, case.A.H
    wrong = (H.in_shape, H.out_shape) != (A.out_shape, A.in_shape)
    other = not torch.allclose(H.H(case.x.x), A(case.x.x), equal_nan=True)
    return case.exactly(wrong + other, "A.H has other shapes than the adjoint" if wrong else "A.H.H is not A")


def _rows(case: OperatorCase) -> Measurement | Skip:
    """A on a band, extended by REACH rows, agrees with A on the whole picture."""
    A, x, y = case.A, case.x.x, case.y.x
    height = A.in_shape[-2] if len(A.in_shape) > 1 else 0
    if height < 3 or A.on_rows(3) is None:
        return Skip("on_rows() is None")
    parts, wholes, sizes = [], [], 0.0
    for start, stop in ((0, height // 2), (height // 3, 2 * height // 3), (height // 2, height)):
        first, last = max(start - REACH, 0), min(stop + REACH, height)
        band = A.on_rows(last - first)
        if band is None:
            return case.exactly(1, f"on_rows({last - first}) is None where on_rows(3) is not")
        for whole, on_band, t in ((A, band, x), (A.H, band.H, y)):
            part = on_band(t.narrow(-2, first, last - first)).narrow(-2, start - first, stop - start)
            parts.append(part.reshape(-1))
            wholes.append(whole(t).narrow(-2, start, stop - start).reshape(-1))
            sizes += case.gain * size(t)
    return case.agree(torch.cat(parts), torch.cat(wholes), sizes)


def _window(case: OperatorCase) -> Measurement | Skip:
    """A on windows at two corners and over the full width agrees with A on the whole picture."""
    A, x = case.A, case.x.x
    if len(A.in_shape) < 2:
        return Skip("the image has no rows and columns")
    H, W = A.in_shape[-2:]
    whole, parts, wholes, sizes = A(x), [], [], 0.0
    for window in (
        Window(0, -(-2 * H // 3), 0, -(-2 * W // 3)),
        Window(H // 3, H, W // 3, W),
        Window(H // 4, H - H // 4, 0, W),
    ):
        restricted = A.on_window(window)
        if restricted is not None:
            part, measured = restricted
            parts.append(part(window.of(x)).reshape(-1))
            wholes.append(measured.of(whole).reshape(-1))
            sizes += case.gain * size(x)
    if not parts:
        return Skip("on_window() is None")
    return case.agree(torch.cat(parts), torch.cat(wholes), sizes)


def _geometry(case: OperatorCase) -> Measurement | Skip:
    geometry = case.A.geometry()
    if geometry is None or not bool(geometry.inside.any()):
        return Skip("geometry() is None")
    H, W = case.A.in_shape[-2:]
    rows, cols = torch.arange(H, dtype=torch.float64), torch.arange(W, dtype=torch.float64)
    # along the diagonal the ramp rises by 8 gray levels per pixel
    ramp = (3 * rows[:, None] + 5 * cols + 1).expand(case.A.in_shape)
    landed = case.A(ramp.to(case.x.x.dtype)).double()
    want = (3 * geometry.rows[:, None] + 5 * geometry.cols + 1).expand_as(landed)
    off = (landed - want).abs()[..., geometry.inside].max()
    allowed = 8 * (geometry.tolerance + ROUNDING * torch.finfo(case.real).eps * 8 * (H + W))
    said = f"{case!r}: a ramp lands {float(off) / 8:.3g} pixels off"
    return Measurement(float(off), allowed, said, landed, want)


STRUCTURE: tuple[Law[OperatorCase], ...] = (
    Law("norm", "norm() is the largest singular value, relative", _norm, sides="print(A.norm())"),
    Law("gram", "A.gram is AᴴA, in eps·√n", _gram, sides="left, right = A.gram(x), A.H(A(x))"),
    Law(
        "diagonal",
        "diagonal() is the d of Ax = d ⊙ x, in eps·√n",
        _diagonal,
        core=False,
        sides="left, right = A.diagonal() * x, A(x)",
    ),
    Law(
        "selection",
        "is_selection means A Aᴴ = I, in eps·√n",
        _selection,
        core=False,
        sides="left, right = A(A.H(y)), y",
    ),
    Law(
        "dense",
        "to_dense() is the matrix of A, in eps·√n",
        _dense,
        sides="left, right = (A.to_dense(x.dtype) @ x.reshape(-1)).reshape(A.out_shape), A(x)",
    ),
    Law("structure", "A.H swaps the shapes, and A.H.H is A", _structure, sides="left, right = A.H.H(x), A(x)"),
    Law("rows", "on_rows is the operator on a band of the picture, in eps·√n", _rows, core=False),
    Law("window", "on_window agrees with the whole operator on its window, in eps·√n", _window, core=False),
    Law(
        "geometry",
        "a linear ramp lands on the declared positions, in gray levels of a slope of 8",
        _geometry,
        core=False,
    ),
)
