"""Priors in a study: by name, with settings, or as objects."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import MISSING, dataclass, fields, is_dataclass

from invprior.operator import Operator
from invprior.prior import Prior, ScaledPrior, SumPrior
from invprior.purpose import Purpose
from invprior.runs.memory import check_memory, predicted
from invprior.runs.record import Named
from invprior.runs.restoration import Restoration
from invprior.runs.tasks import suiting
from invprior.runs.weighing import Weight
from invprior.specs import PriorSpec
from invprior.study.methods.base import Answer, Asked, Compared
from invprior.study.methods.sent import Sent, code_mark

# A longer description makes no column of a table.
LONGEST = 60


class ComparedPrior(Compared):
    """A prior, solved as every command solves it."""

    @property
    @abstractmethod
    def named(self) -> Named:
        """The prior by its text and settings, for records."""

    @abstractmethod
    def made(self, A: Operator) -> tuple[Prior, Weight, int | None]:
        """The prior for a task, the weight of its penalty, and its own limit of iterations."""

    def memory(self, A: Operator) -> float | None:
        prior, _, _ = self.made(A)
        return predicted(prior, A.in_shape)

    def answer(self, asked: Asked) -> Answer:
        prior, weight, own = self.made(asked.operator)
        check_memory(prior, self.text, asked.operator.in_shape, str(asked.measured.data[0].y.device))
        limits = [n for n in (asked.limit, own) if n is not None]
        how = Restoration(weight, min(limits, default=None), asked.seed)
        restored = how.run(asked.measured, prior, callbacks=[asked.watch])
        result = restored.result
        record = restored.record(self.named, asked.seed)
        record |= {
            "seconds_weight": restored.seconds_weight,
            "seconds_solve": asked.watch.seconds(result.iterations),
            "kept_seconds": asked.watch.seconds(result.kept),
            "history": [row | {"seconds": asked.watch.seconds(int(row["iteration"]))} for row in result.history],
        }
        return Answer(restored.x, record)


@dataclass(frozen=True)
class NamedPrior(ComparedPrior):
    """A prior by its spec; without a number its weight is automatic."""

    spec: PriorSpec

    @property
    def text(self) -> str:  # type: ignore[override]
        return self.spec.text

    @property
    def named(self) -> Named:
        return self.spec

    @property
    def mark(self) -> list[str]:
        return []  # a spec says all

    def made(self, A: Operator) -> tuple[Prior, Weight, int | None]:
        own = self.spec.setting("iterations", "")
        weight: Weight = "auto" if self.spec.weight is None else self.spec.weight
        return self.spec.made(Purpose(suiting(A))), weight, int(own) if own else None


@dataclass(frozen=True, eq=False)
class GivenPrior(ComparedPrior):
    """A prior as an object.

    Without a factor its penalty gets the automatic weight, as its name would: ``priors.TV()`` is ``tv``. With one,
    ``0.1 * priors.TV()``, it is taken as it is, beside the negative log-likelihood.
    """

    text: str
    sent: Sent
    code: tuple[str, ...]
    weight: Weight

    @classmethod
    def of(cls, prior: Prior, text: str | None = None) -> GivenPrior:
        name = described(prior) if text is None else text
        weight: Weight = "own" if weighted(prior) else "auto"
        return cls(name, Sent.of(f"prior {name!r}", prior), tuple(code_mark(prior)), weight)

    @property
    def named(self) -> Named:
        return self

    def setting(self, key: str, default: str) -> str:
        """The text of a setting of the object, for records."""
        return str(getattr(self.sent.loaded(), key, default))

    @property
    def mark(self) -> list[str]:
        return [self.sent.mark, *self.code]

    def made(self, A: Operator) -> tuple[Prior, Weight, int | None]:
        prior: Prior = self.sent.loaded()
        own = getattr(prior.parametrisation, "iterations", None)
        return prior, self.weight, own if isinstance(own, int) else None


def weighted(prior: Prior) -> bool:
    """True if a factor multiplies a part of the prior."""
    if isinstance(prior, SumPrior):
        return weighted(prior.left) or weighted(prior.right)
    return isinstance(prior, ScaledPrior)


def described(prior: Prior) -> str:
    """The prior as one writes it, its defaults left out: ``DIP(preset='best') + 0.1 * TV()``."""
    if isinstance(prior, SumPrior):
        return f"{described(prior.left)} + {described(prior.right)}"
    if isinstance(prior, ScaledPrior):
        return f"{prior.factor:g} * {described(prior.inner)}"
    name = type(prior).__name__
    if not is_dataclass(prior):
        return name
    given = [
        f"{f.name}={value!r}" for f in fields(prior) if f.repr and (value := getattr(prior, f.name)) != _default(f)
    ]
    text = f"{name}({', '.join(given)})"
    return text if len(text) <= LONGEST and "\n" not in text else f"{name}(…)"


def _default(field: object) -> object:
    default = getattr(field, "default", MISSING)
    factory = getattr(field, "default_factory", MISSING)
    return factory() if default is MISSING and factory is not MISSING else default
