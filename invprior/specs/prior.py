"""Priors by name: ``tv``, ``tv:0.05``, ``dip:preset=best``, ``dip+tv``, ``blend(dip,nonlocal)``, ``dip(nonlocal)``."""

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

Maker = Callable[..., Prior]

# The name of a blend of the priors in parentheses.
BLEND = "blend"
# Terms of a sum; every one costs at least a proximal map an iteration.
MOST = 20


@dataclass(frozen=True)
class Term(Call):
    """One term of a sum: a call, and the priors in parentheses behind its name."""

    inner: tuple[PriorSpec, ...]

    def takes(self, key: str, purpose: Purpose) -> bool:
        """True if the prior, or one in its parentheses, has this setting."""
        own = self.name != BLEND and key in offered(inspect.signature(_maker(self, purpose)))
        return own or any(call.takes(key, purpose) for spec in self.inner for call in spec.calls)

    def given(self, key: str, value: str, purpose: Purpose) -> Term:
        """The term with one more setting for every prior that takes it and has none."""
        inner = tuple(
            replace(spec, calls=tuple(call.given(key, value, purpose) for call in spec.calls)) for spec in self.inner
        )
        own = self.name != BLEND and key in offered(inspect.signature(_maker(self, purpose)))
        return replace(self, inner=inner, settings={**({key: value} if own else {}), **self.settings})

    def has(self, key: str) -> bool:
        """True if the setting is given, here or in parentheses."""
        return key in self.settings or any(call.has(key) for spec in self.inner for call in spec.calls)


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
    calls: tuple[Term, ...]
    weight: float | None

    def __str__(self) -> str:
        return self.text

    @property
    def members(self) -> tuple[str, ...]:
        """The priors of a blend as written; none of any other prior."""
        return tuple(spec.text.strip() for call in self.calls if call.name == BLEND for spec in call.inner)

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
        if not any(c.takes(key, purpose) for c in self.calls):
            raise InvpriorError(f"prior {self.text!r} has no {key}; drop it, or take a prior that has one, such as dip")
        if any(c.has(key) for c in self.calls):
            raise InvpriorError(f"{key} is given twice, {value!r} and in the prior {self.text!r}; drop one of the two")
        return replace(self, calls=tuple(c.given(key, value, purpose) for c in self.calls))

    @staticmethod
    def _made(call: Term, purpose: Purpose) -> Prior:
        inner = tuple(spec.made(purpose) for spec in call.inner)
        if call.name == BLEND:
            call.only()
            return priors.Blend(inner)
        maker = _maker(call, purpose)
        takes = offered(inspect.signature(maker))
        call.only(*takes)
        prior = maker(**{key: convert(call, key, text, takes[key]) for key, text in call.settings.items()})
        if call.values and prior.penalty is None:
            hint = f"its settings are {', '.join(takes)}" if takes else f"write {call.name} alone"
            raise InvpriorError(f"{call.text!r}: {call.name} has no weight to give; {hint}")
        if not inner:
            return prior
        if len(inner) > 1 or not isinstance(prior, priors.DIP):
            raise InvpriorError(f"{call.text!r}: in parentheses dip takes the one prior that its input comes from")
        return priors.Guided(prior, inner[0])


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
    calls = tuple(_weight_first(_term(part)) for part in parts)
    weights = [positive(call, value, "the weight") for call in calls for value in call.values]
    if len(weights) > 1:
        raise InvpriorError(f"{text!r}: one weight multiplies the whole penalty; give one number")
    return PriorSpec(text, calls, weights[0] if weights else None)


def _terms(text: str) -> list[str]:
    """The text at its plus signs, those of numbers such as 1e+3 and those in parentheses left out."""
    return split_outside(text, r"(?<![\d.][eE])\+")


def _term(text: str) -> Term:
    """A call, with the priors in parentheses behind its name if there are any."""
    found = re.fullmatch(r"([^():]*)\((.*)\)\s*(:[^()]*)?", text.strip(), re.DOTALL)
    if found is None:
        if "(" in text or ")" in text:
            raise InvpriorError(f"{text!r}: the parentheses do not match; write blend(dip,nonlocal) or dip(nonlocal)")
        call = parse_call(text)
        if call.name == BLEND:
            raise InvpriorError("blend takes two priors or more in parentheses, such as blend(dip,nonlocal)")
        return Term(text, call.name, call.values, call.settings, ())
    name, members, settings = found.groups()
    call = parse_call(name + (settings or ""))
    inner = tuple(parse_prior(member) for member in _members(members))
    weighted = next((spec for spec in inner if spec.weight is not None), None)
    if weighted is not None:
        raise InvpriorError(f"{text!r}: {weighted.text!r} has its automatic weight in parentheses; drop the number")
    return Term(text, call.name, call.values, call.settings, inner)


def _members(text: str) -> list[str]:
    """The priors at the commas between them; a setting after a comma belongs to the prior before it."""
    members: list[str] = []
    for part in split_outside(text, ","):
        follows = bool(members) and re.match(r"\s*\w+\s*=", part) is not None
        members = [*members[:-1], f"{members[-1]},{part}"] if follows else [*members, part]
    return members


def split_outside(text: str, at: str) -> list[str]:
    """The text at every match of a pattern that is not in parentheses."""
    depth, parts, begin = 0, [], 0
    for found in re.finditer(rf"[()]|{at}", text):
        if found[0] in "()":
            depth += 1 if found[0] == "(" else -1
        elif depth == 0:
            parts.append(text[begin : found.start()])
            begin = found.end()
    return [*parts, text[begin:]]


def _weight_first(call: Term) -> Term:
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
    what = " for films" if purpose.film is not None else " for volumes" if purpose.volume else ""
    return InvpriorError(f"there is no prior {name!r}{what}; choose among {names}, joined by +")
