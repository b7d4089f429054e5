"""Noise models by name, such as ``poisson-gaussian:0.01,0.02``."""

from __future__ import annotations

import inspect
import re
from typing import Literal

import invprior.noise as noise
from invprior.errors import InvpriorError
from invprior.noise import Noise


def noises() -> dict[str, type[Noise]]:
    """Every exported noise model by its name on the command line."""
    exported = {name: getattr(noise, name) for name in noise.__all__}
    kinds = {n: k for n, k in exported.items() if inspect.isclass(k) and issubclass(k, Noise) and k is not Noise}
    # PoissonGaussian becomes poisson-gaussian
    return {re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower(): kind for name, kind in kinds.items()}


# A noise model or a word for one: ``rounding`` is the rounding error of the file; ``auto`` is estimated if the task
# expects noise, else it is ``rounding``.
NoiseSpec = Noise | Literal["auto", "rounding"]


def parse_noise(text: str) -> NoiseSpec:
    """Parse ``auto``, ``rounding``, ``gaussian:SIGMA``, ``poisson-gaussian:GAIN,READ``, …

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
    kind = noises().get(name)
    if kind is None:
        raise InvpriorError(f"there is no noise {name!r}; choose auto, rounding, {', '.join(map(_usage, noises()))}")
    settings = inspect.signature(kind).parameters.values()
    try:
        values = [float(number) for number in numbers.split(",")]
    except ValueError:
        values = []
    if not sum(s.default is s.empty for s in settings) <= len(values) <= len(settings):
        raise InvpriorError(f"this noise is written {_usage(name)} with numbers, got {text!r}")
    return kind(*values)


def _usage(name: str) -> str:
    settings = inspect.signature(noises()[name]).parameters.values()
    needed = ",".join(s.name.upper() for s in settings if s.default is s.empty)
    return f"{name}:{needed}" + "".join(f"[,{s.name.upper()}]" for s in settings if s.default is not s.empty)
