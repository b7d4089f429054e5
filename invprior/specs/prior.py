"""Priors by name: ``tv``, ``tv:0.05``, ``tgv:ratio=3``, ``dip:preset=best,network=hourglass``, ``dip+tv``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import invprior.priors as priors
from invprior.arguments import required
from invprior.errors import InvpriorError
from invprior.prior import Prior
from invprior.purpose import Purpose
from invprior.specs.call import Call, convert, offered, parse_call, positive
from invprior.specs.sweep import PLUS

Maker = Callable[..., Prior]

# Terms of a sum; every one costs at least a proximal map an iteration.
MOST = 20


@dataclass(frozen=True)
class PriorSpec:
    """A prior or a sum of priors, as written; :meth:`made` builds it for a purpose.

    Attributes
    ----------
    text
        The spec itself.
    calls
        The terms of the sum, each a name with its settings.
    weight
        λ of the penalty beside ½‖Ax − y‖²; None if the spec does not give it.
    """

    text: str
    calls: tuple[Call, ...]
    weight: float | None

    def __str__(self) -> str:
        return self.text

    def made(self, purpose: Purpose) -> Prior:
        """Build the prior, its penalty unweighted.

        Raises
        ------
        InvpriorError
            If a name is not a prior for this purpose, a prior has no such setting, or two priors of the sum parametrise
            the image.
        """
        first, *others = (self._made(call, purpose) for call in self.calls)
        whole = sum(others, start=first)
        if self.weight is not None and whole.penalty is None:
            raise InvpriorError(f"{self.text!r}: there is no penalty that a weight could multiply; drop the number")
        return whole

    def setting(self, key: str, default: str) -> str:
        """The text of a setting, or the default if the spec does not give it."""
        return next((c.settings[key] for c in self.calls if key in c.settings), default)

    def with_setting(self, key: str, value: str, purpose: Purpose) -> PriorSpec:
        """The spec with one more setting for every prior of the sum that takes it.

        Raises
        ------
        InvpriorError
            If no prior takes it, or the spec has it already.
        """
        takers = [c for c in self.calls if key in offered(inspect.signature(_maker(c, purpose)))]
        if not takers:
            raise InvpriorError(f"prior {self.text!r} has no {key}; drop it, or take a prior that has one, such as dip")
        if any(key in c.settings for c in takers):
            raise InvpriorError(f"{key} is given twice, {value!r} and in the prior {self.text!r}; drop one of the two")
        return replace(self, calls=tuple(c.with_setting(key, value) if c in takers else c for c in self.calls))

    @staticmethod
    def _made(call: Call, purpose: Purpose) -> Prior:
        maker = _maker(call, purpose)
        takes = offered(inspect.signature(maker))
        call.only(*takes)
        prior = maker(**{key: convert(call, key, text, takes[key]) for key, text in call.settings.items()})
        if call.values and prior.penalty is None:
            hint = f"its settings are {', '.join(takes)}" if takes else f"write {call.name} alone"
            raise InvpriorError(f"{call.text!r}: {call.name} has no weight to give; {hint}")
        return prior


def parse_prior(text: str) -> PriorSpec:
    """Parse a prior or a sum of priors.

    Raises
    ------
    InvpriorError
        If the text is not a spec, or two weights are given.
    """
    parts = _terms(text)
    if len(parts) > MOST:
        raise InvpriorError(f"a prior is a sum of at most {MOST} terms, got {len(parts)}")
    calls = tuple(_weight_first(parse_call(part)) for part in parts)
    weights = [positive(call, value, "the weight") for call in calls for value in call.values]
    if len(weights) > 1:
        raise InvpriorError(f"{text!r}: one weight multiplies the whole penalty; give one number")
    return PriorSpec(text, calls, weights[0] if weights else None)


def _terms(text: str) -> list[str]:
    """The text at its plus signs, those of numbers such as 1e+3 left out."""
    return re.split(PLUS, text)


def _weight_first(call: Call) -> Call:
    """``tv:weight=0.05`` is ``tv:0.05``."""
    if "weight" not in call.settings:
        return call
    others = {key: value for key, value in call.settings.items() if key != "weight"}
    return replace(call, values=(*call.values, call.settings["weight"]), settings=others)


def known_priors(purpose: Purpose) -> dict[str, Maker]:
    """The name of every prior for this purpose, with the callable that makes it."""
    makers: dict[str, Maker] = {}
    for kind in _exported().values():
        makers |= kind.names(purpose)
    return makers


def _exported() -> dict[str, type[Prior]]:
    kinds = {name: getattr(priors, name) for name in priors.__all__}
    return {name.lower(): kind for name, kind in kinds.items() if inspect.isclass(kind) and issubclass(kind, Prior)}


def _maker(call: Call, purpose: Purpose) -> Maker:
    maker = known_priors(purpose).get(call.name)
    if maker is None:
        raise _unknown_priors(call.name, purpose)
    return maker


def _unknown_priors(name: str, purpose: Purpose) -> InvpriorError:
    kind = _exported().get(name)
    if kind is not None and required(kind):
        return InvpriorError(
            f"prior {name!r} needs {' and '.join(required(kind))}, which a name cannot give; use "
            f"priors.{kind.__name__} in Python"
        )
    names = ", ".join(sorted(known_priors(purpose)))
    if purpose.guide is not None and name in known_priors(Purpose()):
        return InvpriorError(f"prior {name!r} takes no guide; take {names}, joined by +, or solve the two as a pair")
    what = " for films" if purpose.film is not None else ""
    return InvpriorError(f"there is no prior {name!r}{what}; choose among {names}, joined by +")
