"""Priors of films by name: those of pictures act frame by frame, three more know of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from invprior import priors
from invprior.cli.video.windows import CONTEXT, MOST
from invprior.errors import InvpriorError
from invprior.prior import Prior
from invprior.specs import PriorSpec, known, parse_prior

# The weight of differences in time beside those in space; docs/video.md has what others give.
AT_REST = 1.5
ALONG = 3.0

PENALTIES: dict[str, Callable[[Tensor | None], Prior]] = {
    "tv": lambda flow: priors.VideoTV(AT_REST),
    "motion-tv": lambda flow: priors.VideoTV(ALONG, flow),
    "frame-tv": lambda flow: priors.TV(),
}

# GB a megapixel and frame of a window takes: the peaks of whole runs at 1080p (tv) and 720p (motion-tv), and a little.
MEMORY = {"tv": 0.28, "motion-tv": 0.65, "dip": 0.1}


@dataclass(frozen=True)
class FilmPrior:
    """The priors of a sum, read from the command line.

    Attributes
    ----------
    cycle
        Frames of a window, after which the inputs of its network come again.
    """

    name: str
    parts: tuple[str, ...]
    preset: str
    task: str
    cycle: int = MOST + 2 * CONTEXT

    @property
    def moving(self) -> bool:
        """Whether the prior follows the motion, which has to be estimated then."""
        return "motion-tv" in self.parts

    @property
    def memory(self) -> float:
        """GB that a megapixel of each frame of a window takes."""
        return max(MEMORY.get(part, MEMORY["tv"]) for part in self.parts)

    @property
    def step_memory(self) -> float:
        """GB a megapixel that a step of the network takes."""
        if "dip" not in self.parts:
            return 0.0
        settings = priors.VideoDIP(self.task, self.preset).settings
        return settings.memory * settings.batch

    def spec(self, flow: Tensor | None, first: int = 0, weights: Mapping[str, Tensor] | None = None) -> PriorSpec:
        """The prior of one window: along its flow, from its first frame on, from the network of the window before."""
        found = PriorSpec(self.name, None, priors.NoPrior())
        for part in self.parts:
            if part == "dip":
                dip = priors.VideoDIP(self.task, self.preset, first, self.cycle, weights)
                found += PriorSpec(part, dip, priors.NoPrior())
            elif part in PENALTIES:
                found += PriorSpec(part, None, PENALTIES[part](flow))
            else:
                found += parse_prior(part)
        return found


def film_prior(text: str, preset: str, task: str) -> FilmPrior:
    """Read ``motion-tv``, ``dip+tv``, ``wavelet``, …

    Raises
    ------
    InvpriorError
        If a name or the preset is not known, or two priors of the sum parametrise the film.
    """
    parts = tuple(map(str.strip, text.split("+")))
    for part in parts:
        if part not in PENALTIES and part not in known():
            raise InvpriorError(
                f"there is no prior {part!r} for films; choose among {', '.join(sorted({*PENALTIES, *known()}))}, "
                "joined by +"
            )
    prior = FilmPrior(text, parts, preset, task)
    prior.spec(None)  # for what a preset or a sum says
    return prior
