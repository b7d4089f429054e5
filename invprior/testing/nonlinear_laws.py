"""The laws of an operator that need not be linear, and its check."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator
from invprior.shapes import Shape
from invprior.testing.content import Content, apart
from invprior.testing.drawn import DrawnCase
from invprior.testing.held import left_behind
from invprior.testing.law import Law, Measurement, Outcome, Skip
from invprior.testing.operator_case import size
from invprior.testing.search import Search, raise_first, survey
from invprior.testing.strategies import Shapes, dtypes, input_dtype, output_dtype, seeds
from invprior.testing.targets import Made, precise, source

Target = Operator | type[Operator] | Callable[[Shape], Operator]
STEPS = (1e-5, 1e-6)  # of the finite differences; one of them is enough, since the other may cross a kink
DERIVATIVE = 1e-5  # relative error of a finite difference


@dataclass(frozen=True, eq=False)
class NonlinearCase(DrawnCase[Operator]):
    """An operator in one precision, with two images in (0, 1) and a direction in the space of measurements."""

    modules = "nonlinear_laws, targets"

    def __repr__(self) -> str:
        return f"{self.A!r}, {str(self.real)[6:]}, x {self.x}"

    def agree(self, left: Tensor, right: Tensor, said: str = "") -> Measurement:
        """‖left − right‖ relative to both and the input, in units of 1000 eps: a nonlinear map amplifies rounding."""
        scale = size(left) + size(right) + size(self.x.x)
        off = size(left - right) / scale / (1000 * torch.finfo(self.real).eps)
        return Measurement(off, 1.0, f"{self!r}{': ' if said else ''}{said}", left.detach(), right.detach())

    def exactly(self, wrong: int, what: str) -> Measurement:
        return Measurement(float(wrong), 0.0, f"{self!r}: {what}" if wrong else repr(self))


def image(shape: Shape, dtype: torch.dtype, seed: int) -> Tensor:
    """A random image with values in (0.1, 0.9), and imaginary parts likewise."""
    rng = torch.Generator().manual_seed(seed)
    parts = [0.1 + 0.8 * torch.rand(shape, generator=rng, dtype=torch.float64) for _ in range(2)]
    return (torch.complex(*parts) if dtype.is_complex else parts[0]).to(dtype)


def _shape(case: NonlinearCase) -> Measurement:
    out = tuple(case.A(case.x.x).shape)
    return case.exactly(out != case.A.out_shape, f"declares {case.A.in_shape} → {case.A.out_shape}, gave {out}")


def _dtype(case: NonlinearCase) -> Measurement:
    out = case.A(case.x.x)
    return case.exactly(out.dtype != case.y.x.dtype, f"gave {out.dtype}")


def _finite(case: NonlinearCase) -> Measurement:
    out = case.A(case.x.x)
    return case.exactly(int(not bool(out.isfinite().all())), "an image in (0, 1) gave values that are not finite")


def _batch(case: NonlinearCase) -> Measurement:
    xs = [case.x.x, case.x2.x, case.x.x, case.x2.x, case.x2.x, case.x.x, case.x.x]
    both, alone = case.A(torch.stack(xs)[:, None]), torch.stack([case.A(v) for v in xs])[:, None]
    if both.shape != alone.shape:
        return case.exactly(1, f"a batch (7, 1) of inputs gave {tuple(both.shape)}")
    return case.agree(both, alone)


def _strides(case: NonlinearCase) -> Measurement:
    return case.agree(case.A(apart(case.x.x)), case.A(case.x.x))


def _purity(case: NonlinearCase) -> Measurement:
    x = case.x.x.clone()
    first = case.A(x).clone()
    case.A(case.x2.x)
    again = case.A(x)
    if not torch.equal(x, case.x.x):
        return case.exactly(1, "its input was modified")
    same = torch.equal(first.nan_to_num(), again.nan_to_num())
    return case.exactly(not same, "the same input gave another output after other calls")


def _copy(case: NonlinearCase) -> Measurement:
    other = copy.deepcopy(case.A)
    case.A(case.x2.x)
    said = "a fresh copy gives another output than the operator after other calls: it keeps something of its first call"
    return case.agree(case.A(case.x.x), other(case.x.x), said)


def _refusals(case: NonlinearCase) -> Measurement:
    x, accepted = case.x.x, []
    for bad in (x[0], torch.cat([x, x[..., :1]], dim=-1)):
        try:
            case.A(bad)
        except InvpriorError:
            continue
        accepted.append(tuple(bad.shape))
    return case.exactly(len(accepted), f"accepted {accepted}")


def _movable(case: NonlinearCase) -> Measurement:
    left = left_behind(case.A, case.x.x, case.y.x.dtype)
    return case.exactly(len(left), f".to() leaves {', '.join(left)} behind; register it as a buffer")


def slope(A: Operator, x: Tensor, v: Tensor, h: float) -> Tensor:
    """The derivative of A at x in the direction v, by central differences."""
    return (A(x + h * v) - A(x - h * v)) / (2 * h)


def _nearest(case: NonlinearCase, exact: Callable[[Tensor], tuple[Tensor, Tensor]], what: str) -> Measurement:
    """The smaller deviation over the two steps of the differences."""
    found: list[Measurement] = []
    for h in STEPS:
        left, right = exact(slope(case.A, case.x.x, case.x2.x, h))
        scale = max(size(left), size(right), 1e-3 * size(case.A(case.x.x)), 1e-12)
        said = f"{case!r}: {what}"
        found.append(Measurement(size(left - right) / scale, DERIVATIVE, said, left.detach(), right.detach()))
    return min(found, key=lambda m: m.measured)


def _vjp(case: NonlinearCase) -> Measurement | Skip:
    if case.real != torch.float64:
        return DOUBLE
    x = case.x.x.clone().requires_grad_()
    out = case.A(x)
    if not out.requires_grad:
        return case.exactly(1, "its output hangs on no graph, so that nothing can be fitted through it")
    (g,) = torch.autograd.grad(out, x, case.y.x, materialize_grads=True)

    def sides(d: Tensor) -> tuple[Tensor, Tensor]:
        return (g.conj() * case.x2.x).real.sum(), (case.y.x.conj() * d).real.sum()

    return _nearest(case, sides, "the vector-Jacobian product of autograd and finite differences differ")


def _jvp(case: NonlinearCase) -> Measurement | Skip:
    if case.real != torch.float64:
        return DOUBLE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # raised by torch's own functional transforms
            jvp = torch.func.jvp(case.A.forward, (case.x.x,), (case.x2.x,))[1]
    except (NotImplementedError, RuntimeError):
        return Skip("forward has no forward-mode derivative")
    return _nearest(case, lambda d: (jvp, d), "the forward-mode derivative and finite differences differ")


DOUBLE = Skip("only in float64")
LAWS: tuple[Law[NonlinearCase], ...] = (
    Law("shape", "outputs have the declared shape", _shape, sides="print(A(x).shape)"),
    Law(
        "dtype", "float32 stays float32 and float64 float64, complex where declared", _dtype, sides="print(A(x).dtype)"
    ),
    Law("finite", "images in (0, 1) have finite measurements", _finite, sides="print(A(x).isfinite().all())"),
    Law(
        "batch",
        "leading axes are a batch, in 1000 eps",
        _batch,
        sides="left, right = A(torch.stack([x, x2] * 4)), torch.stack([A(x), A(x2)] * 4)",
    ),
    Law("strides", "an input that is not contiguous gives the same, in 1000 eps", _strides),
    Law(
        "purity",
        "the same input gives the same bits whatever was called before, and is not modified",
        _purity,
        sides="left = A(x.clone()); A(x2); right = A(x)",
    ),
    Law(
        "copy",
        "after other calls an operator gives what a fresh copy gives, in 1000 eps",
        _copy,
        sides="import copy; B = copy.deepcopy(A); A(x2); left, right = A(x), B(x)",
    ),
    Law("refusals", "an input of another rank or size raises InvpriorError", _refusals),
    Law(
        "vjp",
        "autograd's vector-Jacobian product is that of finite differences, relative",
        _vjp,
        sides="g = torch.autograd.grad(A(x.requires_grad_()), x, y)[0]\n"
        "left, right = (g.conj() * x2).real.sum(), (y.conj() * nonlinear_laws.slope(A, x, x2, 1e-6)).real.sum()",
    ),
    Law(
        "jvp",
        "the forward-mode derivative is that of finite differences, relative",
        _jvp,
        core=False,
        sides="left, right = torch.func.jvp(A.forward, (x,), (x2,))[1], nonlinear_laws.slope(A, x, x2, 1e-6)",
    ),
    Law("movable", ".to() moves every tensor the operator holds", _movable),
)


@st.composite
def cases(draw: st.DrawFn, operators: st.SearchStrategy[Made[Any]]) -> NonlinearCase:
    """An operator with two images."""
    made = draw(operators)
    real = draw(dtypes(made.operator))
    A = precise(made.operator, real)
    into, out = input_dtype(A, real), output_dtype(A, real)
    x, x2 = (_named_image(A.in_shape, into, draw(seeds())) for _ in range(2))
    return NonlinearCase(A, real, x, x2, _named_image(A.out_shape, out, draw(seeds())), A, made.lines)


def _named_image(shape: Shape, dtype: torch.dtype, seed: int) -> Content:
    code = f"nonlinear_laws.image({shape}, {dtype}, {seed})"
    return Content(image(shape, dtype, seed), f"image (seed {seed})", code)


def nonlinear_outcomes(
    target: Target,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 40,
    seed: int = 0,
) -> list[Outcome]:
    """Measure every law of :func:`check_operator` and return the outcomes."""
    linear = target if isinstance(target, type) else type(target)
    if issubclass(linear, LinearOperator):
        raise InvpriorError(f"{target!r} is a LinearOperator, which has more laws; take check_linear_operator")
    found = source(target, Operator, shapes)
    corners = [cases(c) for c in found.corners]
    return survey(LAWS, cases(found.operators), Search(examples, seed, laws, tol), found.none, corners)


def check_operator(
    target: Target,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 40,
    seed: int = 0,
) -> None:
    """Search for a case in which an operator that is not linear breaks one of its laws, on images in (0, 1).

    Parameters
    ----------
    target
        An operator; or a factory that takes an event shape (C, H, W); or a class with ``example``.
    shapes
        The event shapes to try, a list or a strategy; for a class or a factory.
    laws
        Names of the laws to measure; None for all. A straight-through derivative breaks ``vjp`` by intent.
    tol
        Factor on every bound.
    examples, seed
        Cases drawn, and the seed of the search.

    Raises
    ------
    LawError
        With the broken law, the measured value, its bound and the smallest failing case.
    InvpriorError
        If no case could be drawn.
    """
    raise_first(nonlinear_outcomes(target, shapes=shapes, laws=laws, tol=tol, examples=examples, seed=seed))
