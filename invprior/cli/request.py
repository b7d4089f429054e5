"""The options of a restoring command, parsed once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from invprior.cli.options import Settings
from invprior.cli.words import parse_seconds
from invprior.errors import InvpriorError
from invprior.purpose import Purpose
from invprior.runs.choosing import AUTO, Automatic
from invprior.runs.device import pick_device
from invprior.runs.restoration import Restoration
from invprior.runs.weighing import Weight
from invprior.specs import InFileUnits, NoiseSpec, PriorSpec, in_unit_range, parse_noise, parse_prior
from invprior.specs.noise import DIGITAL

# Smaller tiles show a network too little of the picture.
LEAST_TILE = 64
# The prior of a preset that is given alone.
DIP = "dip"


@dataclass(frozen=True)
class Request:
    """The options of a restoring command as values.

    Attributes
    ----------
    prior
        The spec of the prior, ``--preset`` included, or the time in which one is chosen for each picture.
    noise
        The noise model, or the word for how it is found.
    restoration
        Weight, limit, seed and tiles.
    device
        ``cpu`` or ``cuda``.
    truth, record, preview
        The file to score against, and the files to write beside the result.
    moments
        Folder for moments of the run.
    checkpoint
        The file that a run goes on from.
    members
        Folder for the pictures of the members of a blend.
    error_map
        The file for the error that is expected.
    strength
        The share of the restored picture in what is written, from 0 to 1.
    quality
        The quality of a JPEG that is written; None for that of the input.
    depth
        Bits of each value that is written; None for those of the input.
    plan
        True if nothing is solved, and only said what it would take.
    verbose
        True if the end of a solve is told in the words of the field.
    """

    prior: PriorSpec | Automatic
    noise: NoiseSpec
    restoration: Restoration
    device: str
    truth: Path | None
    record: Path | None
    preview: Path | None
    moments: Path | None
    checkpoint: Path | None
    members: Path | None
    error_map: Path | None
    strength: float
    quality: int | None
    depth: int | None
    plan: bool
    verbose: bool
    quiet: bool


def request(settings: Settings, tile: int | None, purpose: Purpose) -> Request:
    """Parse the options for a purpose.

    Raises
    ------
    InvpriorError
        If an option cannot be parsed, or two contradict each other.
    """
    prior, weight = _prior(settings, purpose)
    if settings.members is not None and (isinstance(prior, Automatic) or not prior.members):
        raise InvpriorError(f"--members goes with a blend such as blend(dip,nonlocal), and the prior is {prior.text!r}")
    if tile is not None and tile < LEAST_TILE:
        raise InvpriorError(f"--tile takes {LEAST_TILE} pixels or more, got {tile}")
    if tile is not None and settings.checkpoint is not None:
        raise InvpriorError("--checkpoint keeps the state of a picture that is solved whole; drop it, or --tile")
    if settings.moments is not None and not settings.moments.is_dir():
        raise InvpriorError(f"--moments takes a folder that is there, and {settings.moments} is not")
    return Request(
        prior,
        given_noise(settings),
        Restoration(weight, settings.iterations, settings.seed, tile),
        pick_device(settings.device),
        settings.truth,
        settings.record,
        settings.preview,
        settings.moments,
        settings.checkpoint,
        settings.members,
        settings.error_map,
        settings.strength,
        settings.quality,
        _depth(settings.depth),
        settings.plan,
        settings.verbose,
        settings.quiet,
    )


def _prior(settings: Settings, purpose: Purpose) -> tuple[PriorSpec | Automatic, Weight]:
    """The prior of ``--prior``, ``--preset`` and ``--time``, and its weight; a preset alone is one of DIP."""
    seconds = None if settings.time is None else parse_seconds(settings.time, "--time")
    weight = given_weight(settings.weight)
    if settings.prior == AUTO and settings.preset is None:
        if weight != "auto":
            raise InvpriorError(f"--weight {settings.weight} needs a prior that it weighs; add one such as --prior tv")
        return Automatic(seconds), weight
    if seconds is not None:
        raise InvpriorError("--time goes with --prior auto, which takes the best that it is enough for; drop one")
    prior = parse_prior(DIP if settings.prior == AUTO else settings.prior)
    if settings.preset is not None:
        for key, value in _preset(settings.preset).items():
            prior = prior.with_setting(key, value, purpose)
    made = prior.made(purpose)  # raises now if a name, a preset or a sum is wrong
    if weight != "auto" and made.penalty is None:
        raise InvpriorError(f"the prior {prior.text!r} has no penalty to weigh; drop --weight {settings.weight}")
    if prior.weight is not None:
        if weight != "auto":
            raise InvpriorError(f"the prior {prior.text!r} has its own weight; drop --weight {settings.weight}")
        weight = prior.weight
    if settings.iterations is not None and prior.setting("iterations", ""):
        raise InvpriorError(f"the prior {prior.text!r} has its iterations; drop --iterations {settings.iterations}")
    return prior, weight


def _preset(text: str) -> dict[str, str]:
    """``--preset paper:text`` names the task too."""
    preset, colon, task = text.partition(":")
    return {"preset": preset, "task": task} if colon else {"preset": preset}


def _depth(text: str | None) -> int | None:
    if text not in (None, "8", "16"):
        raise InvpriorError(f"--depth takes 8 or 16, got {text!r}")
    return None if text is None else int(text)


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
