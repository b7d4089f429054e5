"""Noise models by name, such as ``poisson-gaussian:0.01,0.02``."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Literal

import invprior.noise as noise
from invprior.errors import InvpriorError
from invprior.noise import Noise
from invprior.specs.flat import NAME, USAGE, Flat, parse_flat


def noises() -> dict[str, type[Noise]]:
    """Every exported noise model by its name on the command line."""
    exported = {name: getattr(noise, name) for name in noise.__all__}
    kinds = {n: k for n, k in exported.items() if inspect.isclass(k) and issubclass(k, Noise) and k is not Noise}
    # PoissonGaussian becomes poisson-gaussian
    return {re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower(): kind for name, kind in kinds.items()}


# A noise model or a word for one: ``rounding`` is the rounding error of the file; ``auto`` is estimated if the task
# expects noise, else it is ``rounding``; a flat part shows it.
NoiseOrWord = Noise | Flat | Literal["auto", "rounding"]
# Behind a number: in the values of the file (digital numbers), not of data in [0, 1].
DIGITAL = "dn"


@dataclass(frozen=True)
class InFileUnits:
    """A noise model whose numbers are in the values of the file, such as ``gaussian:12dn``."""

    kind: type[Noise]
    numbers: tuple[float, ...]

    def of(self, unit: float) -> Noise:
        """The model for data in [0, 1], of which 1 stands for ``unit`` more than 0 in the file."""
        named = zip(inspect.signature(self.kind).parameters, self.numbers, strict=False)
        return self.kind(*(number if name in self.kind.in_pixels else number / unit for name, number in named))


NoiseSpec = NoiseOrWord | InFileUnits


def in_unit_range(spec: NoiseSpec, unit: float) -> NoiseOrWord:
    """The noise for data in [0, 1], of which 1 stands for ``unit`` more than 0 in the file.

    Raises
    ------
    InvpriorError
        If a noise level exceeds the whole range of the data.
    """
    model = spec.of(unit) if isinstance(spec, InFileUnits) else spec
    sigma = getattr(model, "sigma", None)
    if isinstance(sigma, float) and sigma >= 1:
        if isinstance(spec, InFileUnits):
            raise InvpriorError(f"a sigma of {sigma * unit:g} is the whole range of the file, {unit:g}, or more")
        raise InvpriorError(
            f"a sigma of {sigma:g} is the whole range of the data, [0, 1], or more; for the values of the file write "
            f"{sigma:g}{DIGITAL}, in a file of 8 bits the same as {sigma / 255:.3g}"
        )
    return model


def parse_noise(text: str) -> NoiseSpec:
    """Parse ``auto``, ``rounding``, ``gaussian:SIGMA``, ``gaussian:12dn``, ``flat:LEFT,TOP,WIDTH,HEIGHT``, …

    Raises
    ------
    InvpriorError
        If the name is unknown, or the model does not take these numbers.
    """
    if text == "auto":
        return "auto"
    if text == "rounding":
        return "rounding"
    name, _, numbers = text.partition(":")
    if name == NAME:
        return parse_flat(numbers)
    kind = noises().get(name)
    if kind is None:
        usages = ", ".join((*map(_usage, noises()), USAGE))
        raise InvpriorError(f"there is no noise {name!r}; choose auto, rounding, {usages}")
    settings = inspect.signature(kind).parameters.values()
    parts = [part.strip().lower() for part in numbers.split(",")]
    levels = [s.name not in kind.in_pixels for s in settings]
    digital = {part.endswith(DIGITAL) for part, level in zip(parts, levels, strict=False) if level}
    try:
        values = [
            float(part[: -len(DIGITAL)] if True in digital and level else part)
            for part, level in zip(parts, levels, strict=False)
        ]
    except ValueError:
        values = []
    fits = sum(s.default is s.empty for s in settings) <= len(values) == len(parts)
    if not fits or len(digital) > 1:
        raise InvpriorError(
            f"this noise is written {_usage(name)} with numbers, or all of them with {DIGITAL} for the values of the "
            f"file, got {text!r}"
        )
    model = kind(*values)  # raises now if a number is wrong
    return InFileUnits(kind, tuple(values)) if True in digital else model


def _usage(name: str) -> str:
    settings = inspect.signature(noises()[name]).parameters.values()
    needed = ",".join(s.name.upper() for s in settings if s.default is s.empty)
    return f"{name}:{needed}" + "".join(f"[,{s.name.upper()}]" for s in settings if s.default is not s.empty)
