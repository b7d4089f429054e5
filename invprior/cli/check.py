"""``invprior check``: the conformance laws on what a user wrote."""

from __future__ import annotations

from invprior.errors import InvpriorError
from invprior.shapes import Shape
from invprior.specs import load_target
from invprior.testing import Outcome, outcomes
from invprior.testing.kinds import kind_of
from invprior.testing.targets import NoCaseError


def run_check(spec: str, shapes: list[str], laws: list[str], tol: float, examples: int | None, seed: int) -> bool:
    """Print one line per law; return True if all that apply hold."""
    target = load_target(spec)
    given = [_shape(text) for text in shapes] or None
    try:
        print(f"{spec}: the laws of a {kind_of(target, given).name}")
        measured = outcomes(target, shapes=given, laws=laws or None, tol=tol, examples=examples, seed=seed)
    except NoCaseError as error:
        fits = "CxHxW" if error.shape is None else "x".join(map(str, error.shape))
        raise InvpriorError(f"{error}; here that is --shape {fits}") from error
    except SystemExit as error:  # of the code that is checked: success, it would seem
        raise InvpriorError(
            f"cannot check {spec}: it ends Python with exit code {error.code}; take that out"
        ) from error
    for outcome in measured:
        print(outcome)
    broken = [o for o in measured if not o.holds]
    for o in broken:
        _explain(o)
    unused = sum(o.worst is None for o in measured)
    holds = "every law holds"
    if unused:
        holds = f"every law that applies holds; {unused} of {len(measured)} do not apply"
    print(f"\n{spec}: {f'{len(broken)} of {len(measured)} laws are broken' if broken else holds}")
    return not broken


def _explain(o: Outcome) -> None:
    print(f"\n{o.law}: {o.says}.")
    if o.worst is not None:
        print(f"  smallest failing case: {o.worst.example}")
    if o.error is not None and o.error.code:
        print("  " + o.error.code.replace("\n", "\n  "))


def _shape(text: str) -> Shape:
    """31x16x16 as (31, 16, 16)."""
    sides = text.lower().replace("×", "x").split("x")
    if not all(side.isdecimal() and int(side) for side in sides):
        raise InvpriorError(f"--shape takes sizes joined by x, such as 31x16x16, got {text!r}")
    return tuple(map(int, sides))
