"""Priors by name, as the command line writes them: ``tv``, ``dip``, ``dip+tv``, ``none``."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from invprior import priors
from invprior.errors import InvpriorError
from invprior.prior import Prior


@dataclass(frozen=True)
class PriorSpec:
    """A prior taken apart: the parametrisation, if any, and the penalty that a weight multiplies."""

    name: str
    generator: Prior | None
    penalty: Prior

    def weighted(self, weight: float) -> Prior:
        """The prior with ``weight`` times its penalty."""
        if isinstance(self.penalty, priors.NoPrior):
            return self.generator or self.penalty
        scaled = weight * self.penalty
        return scaled if self.generator is None else self.generator + scaled


def known() -> dict[str, type[Prior]]:
    """Every exported prior that needs no arguments, by its name on the command line."""
    return {name: kind for name, kind in _exported().items() if not _required(kind)}


def _exported() -> dict[str, type[Prior]]:
    found = {name: getattr(priors, name) for name in priors.__all__}
    return {"none" if name == "NoPrior" else name.lower(): kind for name, kind in found.items()}


def _required(kind: type[Prior]) -> list[str]:
    parameters = inspect.signature(kind).parameters.values()
    return [p.name for p in parameters if p.default is p.empty]


def parse_prior(text: str, *, preset: str = "fast", task: str = "denoise") -> PriorSpec:
    """Read ``none``, ``tv``, ``dip``, ``dip+tv``, …; a preset may name its task too, as in ``paper:text``.

    Raises
    ------
    InvpriorError
        If a name is not known or that of a prior that needs arguments, or two priors of a sum parametrise the image.
    """
    preset, _, named = preset.partition(":")
    generator: Prior | None = None
    penalty: Prior = priors.NoPrior()
    for name in map(str.strip, text.split("+")):
        kind = _exported().get(name)
        if kind is None:
            raise InvpriorError(f"there is no prior {name!r}; choose among {', '.join(sorted(known()))}, joined by +")
        if needed := _required(kind):
            raise InvpriorError(
                f"prior {name!r} needs {' and '.join(needed)}, which a name cannot give; use priors.{kind.__name__} "
                "in Python"
            )
        prior = priors.DIP(preset, named or task) if kind is priors.DIP else kind()
        if prior.parametrised:
            generator = prior if generator is None else generator + prior
        elif not isinstance(prior, priors.NoPrior):
            penalty = prior if isinstance(penalty, priors.NoPrior) else penalty + prior
    return PriorSpec(text, generator, penalty)
