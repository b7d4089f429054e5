"""The broken laws of a class or an instance, whatever it is."""

from __future__ import annotations

from typing import Any

from invprior.testing import outcomes


def broken(target: Any, examples: int | None = None) -> list[str]:
    """The broken laws with their smallest cases; an assertion that this is empty shows them."""
    return [str(o) for o in outcomes(target, examples=examples) if not o.holds]
