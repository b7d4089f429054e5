"""Priors with their settings: ``tv``, ``tv:0.05``, ``dip:preset=paper``, ``dip:iterations=300+tv``."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from invprior.errors import InvpriorError
from invprior.operator import Operator
from invprior.operators import Identity, Mask
from invprior.priors import DIP
from invprior.specs import PriorSpec, parse_prior
from invprior.study.spec import parse_call, positive, whole

SETTINGS = ("preset", "task", "network", "iterations")


@dataclass(frozen=True)
class PriorChoice:
    """A prior and what was said about it.

    Attributes
    ----------
    text
        As it was written; the name of its column.
    names
        The sum without the settings, ``dip+tv``.
    weight
        λ of the penalty beside ½‖Ax − y‖², None for the automatic one.
    preset, task, network, iterations
        Of DIP; None for what suits the operator, the preset's network and the preset's limit.
    """

    text: str
    names: str
    weight: float | None
    preset: str
    task: str | None
    network: str | None
    iterations: int | None

    def spec(self, A: Operator) -> PriorSpec:
        """The prior for problems with this operator."""
        found = parse_prior(self.names, preset=self.preset, task=self.task or suiting(A))
        if self.network is None or not isinstance(found.generator, DIP):
            return found
        return replace(found, generator=replace(found.generator, network=self.network))


def parse_choice(text: str) -> PriorChoice:
    """Read a prior or a sum of them.

    Raises
    ------
    InvpriorError
        If a name, a preset, a task or a network is not known, a setting belongs to no such prior, or there are two
        weights.
    """
    calls = [parse_call(part) for part in text.split("+")]
    settings: dict[str, str] = {}
    weights: list[float] = []
    for call in calls:
        call.only(*(SETTINGS if call.name == "dip" else ()))
        settings |= call.settings
        if call.values and call.name in ("dip", "none"):
            hint = "preset=paper" if call.name == "dip" else "none, without a value"
            raise InvpriorError(f"{text!r}: {call.name} has no weight to give; write {hint}")
        weights += [positive(call, value, "the weight") for value in call.values]
    if len(weights) > 1:
        raise InvpriorError(f"{text!r}: one weight multiplies the whole penalty; give one number")
    iterations = settings.get("iterations")
    choice = PriorChoice(
        text,
        "+".join(call.name for call in calls),
        weights[0] if weights else None,
        settings.get("preset", "fast"),
        settings.get("task"),
        settings.get("network"),
        None if iterations is None else whole(calls[0], iterations, "iterations"),
    )
    choice.spec(Identity((3, 64, 64)))
    return choice


def suiting(A: Operator) -> str:
    """The task of DIP's presets that an operator comes nearest to."""
    if A.is_identity:
        return "denoise"
    if isinstance(A, Mask):
        return "inpaint"
    # as with a decimation, the fine detail is missing
    return "upscale8" if math.prod(A.in_shape) >= 64 * math.prod(A.out_shape) else "upscale"
