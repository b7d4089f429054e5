"""How much memory a restoration will take."""

from __future__ import annotations

import os

from invprior.errors import InvpriorError
from invprior.operator import Shape
from invprior.priors import DIP, Joint
from invprior.priors.presets import load, names, tasks
from invprior.specs import PriorSpec


def installed() -> float:
    """The GB of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _network(spec: PriorSpec) -> DIP | None:
    prior = spec.generator.inner if isinstance(spec.generator, Joint) else spec.generator
    return prior if isinstance(prior, DIP) else None


def predicted(spec: PriorSpec, shape: Shape) -> float | None:
    """The GB that the network of ``spec`` will take for an image of this shape; None where there is no network."""
    prior = _network(spec)
    return None if prior is None else prior.settings.memory * shape[-2] * shape[-1] / 1e6


def check_memory(spec: PriorSpec, shape: Shape, device: str) -> float | None:
    """What is :func:`predicted`, where it fits.

    Raises
    ------
    InvpriorError
        If that is more than this machine has, with the presets that fit.
    """
    prior, need = _network(spec), predicted(spec, shape)
    if prior is None or need is None:
        return None
    megapixels = shape[-2] * shape[-1] / 1e6
    have = installed()
    if device == "cpu" and need > have:
        fitting = [n for n in names() if prior.task in tasks(n) and load(n, prior.task).memory * megapixels < have]
        remedy = f"take preset {' or '.join(fitting)}" if fitting else "shrink it, or take prior tv"
        raise InvpriorError(
            f"a picture of {megapixels:.1f} megapixels with preset {prior.preset} needs about {need:.0f} GB and this "
            f"machine has {have:.0f}; {remedy}"
        )
    return need
