"""The laws of a linear operator."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Iterator

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator
from invprior.shapes import REACH, Window
from invprior.testing.law import Law, Measurement, Outcome, examine, raise_first
from invprior.testing.operator_case import ROUNDING, OperatorCase, Target, cases, inner, size

# In eps·‖A‖‖x‖: a smaller Ax is nothing but rounding.
NOTHING = 16.0


def _gain(case: OperatorCase) -> float:
    """A lower bound of ‖A‖ from a random image, by which rounding errors of the input are amplified."""
    g = torch.randn(case.A.in_shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return size(case.A(g.to(case.x.x))) / max(size(g), 1e-300)


def _adjoint(case: OperatorCase) -> Measurement:
    A, x, y = case.A, case.x.x, case.y.x
    Ax, Ay = A(x), A.H(y)
    left, right = inner(y, Ax), inner(Ay, x)
    if not x.is_complex():
        left, right = left.real, right.real
    # for x in the null space Ax is nothing but rounding errors, and there is nothing to compare
    most = _gain(case) * size(x) * size(y)
    nothing = NOTHING * torch.finfo(case.real).eps * most
    cancelled = most if size(Ax) * size(y) < nothing and size(Ay) * size(x) < nothing else 0.0
    m = case.rounding(left - right, size(Ax) * size(y), size(x) * size(Ay), cancelled)
    if m.holds or abs(complex(right)) == 0:
        return m
    factor = abs(complex(left)) / abs(complex(right))
    return Measurement(m.measured, m.allowed, f"{m.example}; ⟨Ax, y⟩ is {factor:.6g} times ⟨x, Aᴴy⟩")


def _linearity(case: OperatorCase) -> Measurement:
    A, x, z = case.A, case.x.x, case.x2.x
    a, b = 1.7, -0.6
    error = A(a * x + b * z) - a * A(x) - b * A(z)
    return case.rounding(error, _gain(case) * (a * size(x) - b * size(z)), a * size(A(x)), -b * size(A(z)))


def _vjp(case: OperatorCase) -> Measurement:
    x = case.x.x.clone().requires_grad_()
    (vjp,) = torch.autograd.grad(case.A(x), x, case.y.x, materialize_grads=True)
    return case.rounding(vjp - case.A.H(case.y.x), size(vjp), _gain(case) * size(case.y.x))


def _jvp(case: OperatorCase) -> Measurement | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # raised by torch's own functional transforms
            jvp = torch.func.jvp(case.A.forward, (case.x2.x,), (case.x.x,))[1]
    except (NotImplementedError, RuntimeError):
        return None  # no forward mode
    return case.rounding(jvp - case.A(case.x.x), _gain(case) * size(case.x.x), size(jvp))


def _gradcheck(case: OperatorCase) -> Measurement | None:
    if case.real != torch.float64 or case.x.x.numel() > 40 or "1e" in case.x.label or case.x.label == "denormal":
        return None
    # differences of moderate values, since they divide by a step of 1e-6
    x = case.x.x.clone().requires_grad_()
    ok = torch.autograd.gradcheck(case.A, x, raise_exception=False)
    return case.exactly(int(not ok), "torch.autograd.gradcheck fails")


def _dtype(case: OperatorCase) -> Measurement:
    out, back = case.A(case.x.x), case.A.H(case.y.x)
    wrong = [t.dtype for t, want in ((out, case.y.x.dtype), (back, case.x.x.dtype)) if t.dtype != want]
    return case.exactly(len(wrong), f"gave {wrong}")


def _shape(case: OperatorCase) -> Measurement:
    out, back = tuple(case.A(case.x.x).shape), tuple(case.A.H(case.y.x).shape)
    wrong = (out != case.A.out_shape) + (back != case.A.in_shape)
    return case.exactly(wrong, f"declares {case.A.in_shape} → {case.A.out_shape}, gave {out} and back {back}")


def _batch(case: OperatorCase) -> Measurement:
    A, x, z = case.A, case.x.x, case.x2.x
    both = A(torch.stack([x, z])[:, None])
    alone = torch.stack([A(x), A(z)])[:, None]
    if both.shape != alone.shape:
        return case.exactly(1, f"a batch (2, 1) of inputs gave {tuple(both.shape)}")
    back = A.H(torch.stack([case.y.x, 2 * case.y.x]))
    error = torch.cat(
        [(both - alone).reshape(-1), (back - torch.stack([A.H(case.y.x), A.H(2 * case.y.x)])).reshape(-1)]
    )
    gain = _gain(case)
    return case.rounding(error, gain * (size(x) + size(z)), gain * size(case.y.x), size(alone), size(back))


def _strides(case: OperatorCase) -> Measurement:
    def apart(t: Tensor) -> Tensor:
        """The same values with gaps between them in memory."""
        wide = torch.full((*t.shape[:-1], t.shape[-1] + 1, 2), 9.0, dtype=t.dtype)
        wide[..., :-1, 0] = t
        return wide[..., :-1, 0]

    A, x, y = case.A, case.x.x, case.y.x
    error = torch.cat([(A(apart(x)) - A(x)).reshape(-1), (A.H(apart(y)) - A.H(y)).reshape(-1)])
    return case.rounding(error, _gain(case) * (size(x) + size(y)), size(A(x)), size(A.H(y)))


def _purity(case: OperatorCase) -> Measurement:
    A, x, y = case.A, case.x.x.clone(), case.y.x.clone()
    first, back = A(x).clone(), A.H(y).clone()
    A(case.x2.x)
    A.H(2 * y)
    again, back_again = A(x), A.H(y)
    changed = not (torch.equal(x, case.x.x) and torch.equal(y, case.y.x))
    other = not (torch.equal(first, again) and torch.equal(back, back_again))
    what = "its input was modified" if changed else "the same input gave another output after other calls"
    return case.exactly(changed + other, what)


def _refusals(case: OperatorCase) -> Measurement:
    accepted = []
    for op, t in ((case.A, case.x.x), (case.A.H, case.y.x)):
        longer = torch.cat([t, t[..., :1]], dim=-1)
        for bad in (t[0], longer):
            try:
                op(bad)
            except InvpriorError:
                continue
            accepted.append(tuple(bad.shape))
    return case.exactly(len(accepted), f"accepted {accepted}")


def _norm(case: OperatorCase) -> Measurement | None:
    A = case.A
    if max(math.prod(A.in_shape), math.prod(A.out_shape)) > 500:
        return None
    exact = float(torch.linalg.matrix_norm(A.to_dense(case.x.x.dtype), 2))
    said = A.norm()
    scale = max(exact, 1e-30)
    return Measurement(abs(said - exact) / scale, 5e-3, f"{case!r}: norm() says {said:.6g}, the matrix has {exact:.6g}")


def _gram(case: OperatorCase) -> Measurement:
    A, x = case.A, case.x.x
    error = A.gram(x) - A.H(A(x))
    return case.rounding(error, _gain(case) ** 2 * size(x), _gain(case) * size(A(x)))


def _structure(case: OperatorCase) -> Measurement:
    A, H = case.A, case.A.H
    wrong = (H.in_shape, H.out_shape) != (A.out_shape, A.in_shape)
    other = not torch.allclose(H.H(case.x.x), A(case.x.x), equal_nan=True)
    return case.exactly(wrong + other, "A.H has other shapes than the adjoint" if wrong else "A.H.H is not A")


def _movable(case: OperatorCase) -> Measurement:
    left = [name for name, t in _tensors(copy.deepcopy(case.A).to("meta")) if t.device.type != "meta"]
    return case.exactly(len(left), f".to() leaves {', '.join(left)} behind; register it as a buffer")


def _tensors(A: Operator) -> Iterator[tuple[str, Tensor]]:
    """Every tensor that the operator and its parts hold, buffers or not."""
    for path, module in dict(A.named_modules()).items():
        for name, value in {**vars(module), **module._buffers, **module._parameters}.items():
            many = value if isinstance(value, list | tuple) else value.values() if isinstance(value, dict) else (value,)
            for t in many:
                if isinstance(t, Tensor):
                    yield f"{path}.{name}".lstrip("."), t


def _rows(case: OperatorCase) -> Measurement | None:
    """A on a band, extended by REACH rows, agrees with A on the whole picture."""
    A, x, y = case.A, case.x.x, case.y.x
    height = A.in_shape[-2] if len(A.in_shape) > 1 else 0
    if height < 3 or A.on_rows(3) is None:
        return None
    errors, sizes = [], 0.0
    for start, stop in ((0, height // 2), (height // 3, 2 * height // 3), (height // 2, height)):
        first, last = max(start - REACH, 0), min(stop + REACH, height)
        band = A.on_rows(last - first)
        if band is None:
            return case.exactly(1, f"on_rows({last - first}) is None where on_rows(3) is not")
        for whole, on_band, t in ((A, band, x), (A.H, band.H, y)):
            part = on_band(t.narrow(-2, first, last - first)).narrow(-2, start - first, stop - start)
            errors.append((part - whole(t).narrow(-2, start, stop - start)).reshape(-1))
            sizes += _gain(case) * size(t)
    return case.rounding(torch.cat(errors), sizes)


def _window(case: OperatorCase) -> Measurement | None:
    """A on windows at two corners and over the full width agrees with A on the whole picture."""
    A, x = case.A, case.x.x
    if len(A.in_shape) < 2:
        return None
    H, W = A.in_shape[-2:]
    whole, errors, sizes = A(x), [], 0.0
    for window in (
        Window(0, -(-2 * H // 3), 0, -(-2 * W // 3)),
        Window(H // 3, H, W // 3, W),
        Window(H // 4, H - H // 4, 0, W),
    ):
        restricted = A.on_window(window)
        if restricted is not None:
            part, measured = restricted
            errors.append((part(window.of(x)) - measured.of(whole)).reshape(-1))
            sizes += _gain(case) * size(x)
    return case.rounding(torch.cat(errors), sizes) if errors else None


def _geometry(case: OperatorCase) -> Measurement | None:
    geometry = case.A.geometry()
    if geometry is None or not bool(geometry.inside.any()):
        return None
    H, W = case.A.in_shape[-2:]
    rows, cols = torch.arange(H, dtype=torch.float64), torch.arange(W, dtype=torch.float64)
    # along the diagonal the ramp rises by 8 gray levels per pixel
    ramp = (3 * rows[:, None] + 5 * cols + 1).expand(case.A.in_shape)
    landed = case.A(ramp.to(case.x.x.dtype)).double()
    want = (3 * geometry.rows[:, None] + 5 * geometry.cols + 1).expand_as(landed)
    off = (landed - want).abs()[..., geometry.inside].max()
    allowed = 8 * (geometry.tolerance + ROUNDING * torch.finfo(case.real).eps * 8 * (H + W))
    return Measurement(float(off), allowed, f"{case!r}: a ramp lands {float(off) / 8:.3g} pixels off")


LAWS: tuple[Law[OperatorCase], ...] = (
    Law("shape", "outputs and adjoints have the declared shapes", _shape),
    Law("dtype", "float32 stays float32 and float64 float64, complex where declared", _dtype),
    Law("adjoint", "|⟨Ax, y⟩ − ⟨x, Aᴴy⟩| over ‖Ax‖‖y‖ + ‖x‖‖Aᴴy‖, in eps·√n", _adjoint),
    Law("linearity", "‖A(ax + bz) − aAx − bAz‖, in eps·√n", _linearity),
    Law("vjp", "the vector-Jacobian product of autograd is Aᴴy, in eps·√n", _vjp),
    Law("jvp", "the forward-mode derivative is Ax, in eps·√n", _jvp, core=False),
    Law("gradcheck", "torch.autograd.gradcheck in float64", _gradcheck),
    Law("batch", "leading axes are a batch, in eps·√n", _batch),
    Law("strides", "an input that is not contiguous gives the same, in eps·√n", _strides),
    Law("purity", "the same input gives the same bits whatever was called before, and is not modified", _purity),
    Law("refusals", "an input of another rank or size raises InvpriorError", _refusals),
    Law("norm", "norm() is the largest singular value, relative", _norm),
    Law("gram", "A.gram is AᴴA, in eps·√n", _gram),
    Law("structure", "A.H swaps the shapes, and A.H.H is A", _structure),
    Law("rows", "on_rows is the operator on a band of the picture, in eps·√n", _rows, core=False),
    Law("window", "on_window agrees with the whole operator on its window, in eps·√n", _window, core=False),
    Law("movable", ".to() moves every tensor the operator holds", _movable),
    Law(
        "geometry",
        "a linear ramp lands on the declared positions, in gray levels of a slope of 8",
        _geometry,
        core=False,
    ),
)


def operator_outcomes(target: Target, *, examples: int = 40, seed: int = 0) -> list[Outcome]:
    """Measure every law of :func:`check_linear_operator` and return the outcomes."""
    if not (callable(target) or isinstance(target, Operator)):
        raise InvpriorError(
            f"there is nothing to check in {target!r}; give an operator, a class or a factory of a shape"
        )
    if isinstance(target, Operator) and not isinstance(target, LinearOperator):
        raise InvpriorError(f"{target!r} is not a LinearOperator, and the laws are those of linear operators")
    return [examine(law, cases(target), examples=examples, seed_=seed) for law in LAWS]


def check_linear_operator(target: Target, *, examples: int = 40, seed: int = 0) -> None:
    """Search for a case in which a linear operator breaks one of its laws.

    Parameters
    ----------
    target
        An operator; or a factory that takes an event shape (C, H, W), so that shapes are searched too (it raises
        InvpriorError for an unsuitable shape); or a class with ``example``.
    examples
        Cases tried for each law.
    seed
        Seed of the search.

    Raises
    ------
    LawError
        With the broken law, the measured value, its bound and the smallest failing case.
    """
    raise_first(operator_outcomes(target, examples=examples, seed=seed))
