"""The table of docs/mutants.md: ``python -m tests.testing.table``."""

from __future__ import annotations

from typing import Any

from invprior.testing import outcomes
from tests.testing.mutants import MUTANTS
from tests.testing.mutants_hidden import HIDDEN

PLANTED: dict[Any, str] = {**MUTANTS, **HIDDEN}


def main() -> None:
    """Print the table."""
    print("| planted bug | what it does | caught by | measured / allowed, smallest example |\n|---|---|---|---|")
    for kind in PLANTED:
        broken = [o for o in outcomes(kind) if not o.holds]
        own = not isinstance(kind, type) or "__doc__" in vars(kind)
        what = " ".join((kind.__doc__ or "").split()) if own else ""
        if what.startswith(kind.__name__ + "("):  # the signature that a dataclass takes for a docstring
            what = ""
        worst = broken[0].worst if broken else None
        figure = "" if worst is None else f"{worst.measured:.3g} / {worst.allowed:.3g}: {worst.example}"
        figure = " ".join(figure.split()).replace("|", "/")
        names = ", ".join(o.law for o in broken) or "**nothing**"
        print(f"| {kind.__name__} | {what} | {names} | {figure} |", flush=True)


if __name__ == "__main__":
    main()
