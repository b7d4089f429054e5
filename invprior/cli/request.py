"""The options of a restoring command, parsed once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from invprior.cli.options import Settings
from invprior.errors import InvpriorError
from invprior.purpose import Purpose
from invprior.runs.device import pick_device
from invprior.runs.restoration import Restoration
from invprior.runs.weighing import Weight
from invprior.specs import InFileUnits, NoiseSpec, PriorSpec, in_unit_range, parse_noise, parse_prior
from invprior.specs.noise import DIGITAL

# Smaller tiles show a network too little of the picture.
LEAST_TILE = 64


@dataclass(frozen=True)
class Request:
    """The options of a restoring command as values.

    Attributes
    ----------
    prior
        The spec of the prior, ``--preset`` included.
    noise
        The noise model, or the word for how it is found.
    restoration
        Weight, limit, seed and tiles.
    device
        ``cpu`` or ``cuda``.
    truth, record, preview
        The file to score against, and the files to write beside the result.
    members
        Folder for the pictures of the members of a blend.
    error_map
        The file for the error that is expected.
    """

    prior: PriorSpec
    noise: NoiseSpec
    restoration: Restoration
    device: str
    truth: Path | None
    record: Path | None
    preview: Path | None
    members: Path | None
    error_map: Path | None
    quiet: bool


def request(settings: Settings, tile: int | None, purpose: Purpose) -> Request:
    """Parse the options for a purpose.

    Raises
    ------
    InvpriorError
        If an option cannot be parsed, or two contradict each other.
    """
    prior = parse_prior(settings.prior)
    if settings.preset is not None:
        for key, value in _preset(settings.preset).items():
            prior = prior.with_setting(key, value, purpose)
    made = prior.made(purpose)  # raises now if a name, a preset or a sum is wrong
    weight = given_weight(settings.weight)
    if weight != "auto" and made.penalty is None:
        raise InvpriorError(f"the prior {prior.text!r} has no penalty to weigh; drop --weight {settings.weight}")
    if prior.weight is not None:
        if weight != "auto":
            raise InvpriorError(f"the prior {prior.text!r} has its own weight; drop --weight {settings.weight}")
        weight = prior.weight
    if settings.iterations is not None and prior.setting("iterations", ""):
        raise InvpriorError(f"the prior {prior.text!r} has its iterations; drop --iterations {settings.iterations}")
    if settings.members is not None and not prior.members:
        raise InvpriorError(f"--members goes with a blend such as blend(dip,nonlocal), and the prior is {prior.text!r}")
    if tile is not None and tile < LEAST_TILE:
        raise InvpriorError(f"--tile takes {LEAST_TILE} pixels or more, got {tile}")
    return Request(
        prior,
        given_noise(settings),
        Restoration(weight, settings.iterations, settings.seed, tile),
        pick_device(settings.device),
        settings.truth,
        settings.record,
        settings.preview,
        settings.members,
        settings.error_map,
        settings.quiet,
    )


def _preset(text: str) -> dict[str, str]:
    """``--preset paper:text`` names the task too."""
    preset, colon, task = text.partition(":")
    return {"preset": preset, "task": task} if colon else {"preset": preset}


def given_noise(settings: Settings) -> NoiseSpec:
    """Parse ``--noise`` or its short form ``--sigma``."""
    model = parse_noise(settings.noise)
    if settings.sigma == "auto":
        return model
    if model != "auto":
        raise InvpriorError("--sigma is short for --noise gaussian:SIGMA; give one of the two")
    number = settings.sigma.lower().removesuffix(DIGITAL)
    given_number(number, "--sigma", f", a number with {DIGITAL} (in the values of the file)")
    spec = parse_noise(f"gaussian:{settings.sigma}")
    if not isinstance(spec, InFileUnits):
        in_unit_range(spec, 1.0)  # raises now if it is too large
    return spec


def given_weight(text: str) -> Weight:
    """Parse ``--weight``."""
    if text == "discrepancy":
        return "discrepancy"
    value = given_number(text, "--weight", ", discrepancy", least=0.0)
    return "auto" if value is None else value


def given_number(text: str, option: str, others: str = "", least: float | None = None) -> float | None:
    """Parse a positive number, or exactly ``least``; None for auto."""
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (0 < value < float("inf") or value == least):
        raise InvpriorError(f"{option} takes auto{others} or a positive number, got {text!r}")
    return value
