"""Priors by name, as the command line writes them: ``tv``, ``dip``, ``dip+tv``, ``none``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from invprior import priors
from invprior.errors import InvpriorError
from invprior.prior import Prior
from invprior.priors.contrast import EDGE, contrast

# What a name stands for beside a guide, a picture of the same scene whose edges are known.
GUIDED: dict[str, Callable[[Tensor, str, str], Prior]] = {
    "none": lambda guide, preset, task: priors.NoPrior(),
    "box": lambda guide, preset, task: priors.Box(),
    "tv": lambda guide, preset, task: priors.GuidedTV(contrast(guide), eta=EDGE),
    "dip": lambda guide, preset, task: priors.DIP(preset, task, input=contrast(guide)),
}


@dataclass(frozen=True)
class PriorSpec:
    """A prior taken apart: the parametrisation, if any, and the penalty that a weight multiplies."""

    name: str
    generator: Prior | None
    penalty: Prior

    def __add__(self, other: PriorSpec) -> PriorSpec:
        """Both priors under the name of this one; two that parametrise the image are an error."""
        generator, penalty = self.generator, self.penalty
        if other.generator is not None:
            generator = other.generator if generator is None else generator + other.generator
        if not isinstance(other.penalty, priors.NoPrior):
            penalty = other.penalty if isinstance(penalty, priors.NoPrior) else penalty + other.penalty
        return PriorSpec(self.name, generator, penalty)

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


def parse_prior(text: str, *, preset: str = "fast", task: str = "denoise", guide: Tensor | None = None) -> PriorSpec:
    """Read ``none``, ``tv``, ``dip``, ``dip+tv``, …; a preset may name its task too, as in ``paper:text``.

    With a ``guide`` (c, H, W) the names stand for priors that take its edges for those of the scene.

    Raises
    ------
    InvpriorError
        If a name is not known, that of a prior that needs arguments or of one that takes no guide, or two priors of a
        sum parametrise the image.
    """
    preset, _, named = preset.partition(":")
    found = PriorSpec(text, None, priors.NoPrior())
    for name in map(str.strip, text.split("+")):
        kind = _exported().get(name)
        if kind is None:
            raise InvpriorError(f"there is no prior {name!r}; choose among {', '.join(sorted(known()))}, joined by +")
        if needed := _required(kind):
            raise InvpriorError(
                f"prior {name!r} needs {' and '.join(needed)}, which a name cannot give; use priors.{kind.__name__} "
                "in Python"
            )
        prior = _named(name, kind, preset, named or task, guide)
        found += PriorSpec(name, prior, priors.NoPrior()) if prior.parametrised else PriorSpec(name, None, prior)
    return found


def _named(name: str, kind: type[Prior], preset: str, task: str, guide: Tensor | None) -> Prior:
    if guide is None:
        return priors.DIP(preset, task) if kind is priors.DIP else kind()
    if name not in GUIDED:
        raise InvpriorError(
            f"prior {name!r} takes no guide; take {', '.join(sorted(GUIDED))}, joined by +, or --mode pair"
        )
    return GUIDED[name](guide, preset, task)
