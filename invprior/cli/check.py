"""``invprior check``: the conformance laws on a user's operator."""

from __future__ import annotations

from invprior.specs import load_target
from invprior.testing import operator_outcomes


def run_check(spec: str, examples: int, seed: int) -> bool:
    """Print one line per law; return True if all hold."""
    outcomes = operator_outcomes(load_target(spec), examples=examples, seed=seed)
    for outcome in outcomes:
        print(outcome)
    broken = [o for o in outcomes if not o.holds]
    for o in broken:
        print(f"\n{o.law}: {o.says}.")
        if o.worst is not None:
            print(f"  smallest failing case: {o.worst.example}")
    print(f"\n{spec}: {f'{len(broken)} of {len(outcomes)} laws are broken' if broken else 'every law holds'}")
    return not broken
