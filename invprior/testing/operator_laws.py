"""The laws of a linear operator, and its check."""

from __future__ import annotations

import copy
import warnings

import torch

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator
from invprior.testing.content import apart
from invprior.testing.held import left_behind
from invprior.testing.law import Law, Measurement, Outcome, Skip
from invprior.testing.operator_case import OperatorCase, Target, cases, inner, size
from invprior.testing.search import Search, raise_first, survey
from invprior.testing.strategies import Shapes
from invprior.testing.structure_laws import STRUCTURE
from invprior.testing.targets import source

# In eps·‖A‖‖x‖: a smaller Ax is nothing but rounding.
NOTHING = 16.0


def _adjoint(case: OperatorCase) -> Measurement:
    A, x, y = case.A, case.x.x, case.y.x
    Ax, Ay = A(x), A.H(y)
    left, right = inner(y, Ax), inner(Ay, x)
    if not (x.is_complex() and y.is_complex()):  # a map of real spaces, with their inner product
        left, right = left.real, right.real
    # for x in the null space Ax is nothing but rounding errors, and there is nothing to compare
    most = case.gain * size(x) * size(y)
    nothing = NOTHING * torch.finfo(case.real).eps * most
    cancelled = most if size(Ax) * size(y) < nothing and size(Ay) * size(x) < nothing else 0.0
    m = case.agree(left, right, size(Ax) * size(y), size(x) * size(Ay), cancelled)
    if m.holds or abs(complex(right)) == 0:
        return m
    factor = abs(complex(left)) / abs(complex(right))
    said = f"{m.example}; ⟨Ax, y⟩ is {factor:.6g} times ⟨x, Aᴴy⟩"
    return Measurement(m.measured, m.allowed, said, m.left, m.right)


def _linearity(case: OperatorCase) -> Measurement:
    A, x, z = case.A, case.x.x, case.x2.x
    a, b = 1.7, -0.6
    scales = (case.gain * (a * size(x) - b * size(z)), a * size(A(x)), -b * size(A(z)))
    return case.agree(A(a * x + b * z), a * A(x) + b * A(z), *scales)


def _vjp(case: OperatorCase) -> Measurement:
    x = case.x.x.clone().requires_grad_()
    out = case.A(x)
    # an output that hangs on no graph has no derivative, which is right for an operator that is 0
    vjp = torch.autograd.grad(out, x, case.y.x, materialize_grads=True)[0] if out.requires_grad else torch.zeros_like(x)
    return case.agree(vjp, case.A.H(case.y.x), size(vjp), case.gain * size(case.y.x))


def _jvp(case: OperatorCase) -> Measurement | Skip:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # raised by torch's own functional transforms
            jvp = torch.func.jvp(case.A.forward, (case.x2.x,), (case.x.x,))[1]
    except (NotImplementedError, RuntimeError):
        return Skip("forward has no forward-mode derivative")
    return case.agree(jvp, case.A(case.x.x), case.gain * size(case.x.x), size(jvp))


def _gradcheck(case: OperatorCase) -> Measurement | Skip:
    if case.real != torch.float64 or case.x.x.numel() > 40 or not case.x.moderate:
        # differences of moderate values, since they divide by a step of 1e-6
        return Skip("only in float64, for up to 40 numbers of moderate size; the law vjp covers the others")
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
    A, x, z, y = case.A, case.x.x, case.x2.x, case.y.x
    xs, ys = [x, z, -x, x, z, x, -z], [y, 2 * y, y, -y, y, y, 2 * y]  # seven: more than loops over a few would see
    both, back = A(torch.stack(xs)[:, None]), A.H(torch.stack(ys))
    alone, alone_back = torch.stack([A(v) for v in xs])[:, None], torch.stack([A.H(v) for v in ys])
    if both.shape != alone.shape or back.shape != alone_back.shape:
        said = f"a batch (7, 1) of inputs gave {tuple(both.shape)}, one (7,) back {tuple(back.shape)}"
        return case.exactly(1, said)
    left, right = (
        torch.cat([both.reshape(-1), back.reshape(-1)]),
        torch.cat([alone.reshape(-1), alone_back.reshape(-1)]),
    )
    return case.agree(left, right, case.gain * (size(x) + size(z) + size(y)), size(alone), size(alone_back))


def _strides(case: OperatorCase) -> Measurement:
    A, x, y = case.A, case.x.x, case.y.x
    left, right = (torch.cat([A(f(x)).reshape(-1), A.H(f(y)).reshape(-1)]) for f in (apart, torch.Tensor.clone))
    return case.agree(left, right, case.gain * (size(x) + size(y)), size(A(x)), size(A.H(y)))


def _purity(case: OperatorCase) -> Measurement:
    A, x, y = case.A, case.x.x.clone(), case.y.x.clone()
    first, back = A(x).clone(), A.H(y).clone()
    A(case.x2.x)
    A.H(2 * y)
    again, back_again = A(x), A.H(y)
    if not (torch.equal(x, case.x.x) and torch.equal(y, case.y.x)):
        return case.exactly(1, "its input was modified")
    changed = not (torch.equal(first, again) and torch.equal(back, back_again))
    return case.exactly(changed, "the same input gave another output after other calls")


def _copy(case: OperatorCase) -> Measurement:
    A, other, x, y = case.A, copy.deepcopy(case.A), case.x.x, case.y.x
    A(case.x2.x.clone())
    A.H(3 * y)
    left, right = (torch.cat([f(x.clone()).reshape(-1), f.H(y.clone()).reshape(-1)]) for f in (A, other))
    m = case.agree(left, right, case.gain * (size(x) + size(y)), size(left))
    said = "a fresh copy gives another output than the operator after other calls: it keeps something of its first call"
    return m if m.holds else Measurement(m.measured, m.allowed, f"{case!r}: {said}", m.left, m.right)


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


def _movable(case: OperatorCase) -> Measurement:
    left = left_behind(case.A, case.x.x, case.y.x.dtype)
    return case.exactly(len(left), f".to() leaves {', '.join(left)} behind; register it as a buffer")


LAWS: tuple[Law[OperatorCase], ...] = (
    Law("shape", "outputs and adjoints have the declared shapes", _shape, sides="print(A(x).shape, A.H(y).shape)"),
    Law(
        "dtype",
        "float32 stays float32 and float64 float64, complex where declared",
        _dtype,
        sides="print(A(x).dtype, A.H(y).dtype)",
    ),
    Law(
        "adjoint",
        "|⟨Ax, y⟩ − ⟨x, Aᴴy⟩| over ‖Ax‖‖y‖ + ‖x‖‖Aᴴy‖, in eps·√n",
        _adjoint,
        sides="left, right = (y.conj() * A(x)).sum(), (A.H(y).conj() * x).sum()",
    ),
    Law(
        "linearity",
        "‖A(ax + bz) − aAx − bAz‖, in eps·√n",
        _linearity,
        sides="left, right = A(1.7 * x - 0.6 * x2), 1.7 * A(x) - 0.6 * A(x2)",
    ),
    Law(
        "vjp",
        "the vector-Jacobian product of autograd is Aᴴy, in eps·√n",
        _vjp,
        sides="left, right = torch.autograd.grad(A(x.requires_grad_()), x, y)[0], A.H(y)",
    ),
    Law(
        "jvp",
        "the forward-mode derivative is Ax, in eps·√n",
        _jvp,
        core=False,
        sides="left, right = torch.func.jvp(A.forward, (x2,), (x,))[1], A(x)",
    ),
    Law(
        "gradcheck",
        "torch.autograd.gradcheck in float64",
        _gradcheck,
        sides="torch.autograd.gradcheck(A, x.requires_grad_())",
    ),
    Law(
        "batch",
        "leading axes are a batch, in eps·√n",
        _batch,
        sides="left, right = A(torch.stack([x, x2] * 4)), torch.stack([A(x), A(x2)] * 4)",
    ),
    Law("strides", "an input that is not contiguous gives the same, in eps·√n", _strides),
    Law(
        "purity",
        "the same input gives the same bits whatever was called before, and is not modified",
        _purity,
        sides="left = A(x.clone()); A(x2); A.H(y); right = A(x)",
    ),
    Law(
        "copy",
        "after other calls an operator gives what a fresh copy gives, in eps·√n",
        _copy,
        sides="import copy; B = copy.deepcopy(A); A(x2); left, right = A(x), B(x)",
    ),
    Law("refusals", "an input of another rank or size raises InvpriorError", _refusals),
    *STRUCTURE,
    Law(
        "movable",
        ".to() moves every tensor the operator holds",
        _movable,
        sides="A.to(torch.float64)(x.to(torch.float64))",
    ),
)


def operator_outcomes(
    target: Target,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 40,
    seed: int = 0,
) -> list[Outcome]:
    """Measure every law of :func:`check_linear_operator` and return the outcomes."""
    if isinstance(target, Operator) and not isinstance(target, LinearOperator):
        raise InvpriorError(
            f"{target!r} is not a LinearOperator, and these are the laws of linear operators; take check_operator"
        )
    found = source(target, LinearOperator, shapes)
    corners = [cases(c) for c in found.corners]
    return survey(LAWS, cases(found.operators), Search(examples, seed, laws, tol), found.none, corners)


def check_linear_operator(
    target: Target,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 40,
    seed: int = 0,
) -> None:
    """Search for a case in which a linear operator breaks one of its laws.

    Parameters
    ----------
    target
        An operator; or a factory that takes an event shape (C, H, W), so that shapes are searched too (it raises
        InvpriorError for an unsuitable shape); or a class with ``example``.
    shapes
        The event shapes to try, a list or a strategy, instead of those of ``strategies.shapes``; for a class or a
        factory.
    laws
        Names of the laws to measure; None for all.
    tol
        Factor on every bound: 10 accepts rounding errors ten times as large.
    examples
        Cases drawn; 3 take a moment.
    seed
        Seed of the search.

    Raises
    ------
    LawError
        With the broken law, the measured value, its bound and the smallest failing case.
    InvpriorError
        If no case could be drawn, because every shape was refused, or no law applied.
    """
    raise_first(operator_outcomes(target, shapes=shapes, laws=laws, tol=tol, examples=examples, seed=seed))
