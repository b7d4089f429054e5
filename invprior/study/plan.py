"""A study: pictures × operators × noises × priors × seeds, as a checked value."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from invprior.errors import InvpriorError
from invprior.purpose import Purpose
from invprior.runs.record import VERSION
from invprior.specs import OperatorSpec, PriorSpec, parse_operator, parse_prior
from invprior.study.measurement import check_noise
from invprior.study.published import Published, check_published
from invprior.study.source import Source

DEFAULT_PRIORS = ("none", "tv", "dip")


# The largest numbers that a study can mean.
LIMITS = {"seeds": 10_000, "crop": 1_000_000, "iterations": 1_000_000_000}


@dataclass(frozen=True)
class Scene:
    """One degraded picture, which all priors and seeds of a block of the table share."""

    source: Source
    operator: str
    noise: str

    def __str__(self) -> str:
        return f"{self.source.name} · {self.operator} · {self.noise}"


@dataclass(frozen=True)
class Cell:
    """One solve.

    Attributes
    ----------
    key
        Hash of all that determines the result; the cell is finished if there is a record with this key.
    """

    scene: Scene
    prior: str
    seed: int
    key: str = field(repr=False)

    @property
    def name(self) -> str:
        """Name of its folder: readable, and different for every key."""
        text = f"{self.scene.source.name}--{self.scene.operator}--{self.scene.noise}--{self.prior}"
        return f"{re.sub(r'[^A-Za-z0-9.=+@-]+', '_', text)[:120]}--seed{self.seed}-{self.key[:8]}"

    def __str__(self) -> str:
        return f"{self.scene} · {self.prior} · seed {self.seed}"


@dataclass(frozen=True, kw_only=True)
class Study:
    """The grid of a study.

    Parameters
    ----------
    sources
        Pictures with their truth.
    operators, noises, priors
        Specs, as on the command line.
    seeds
        Number of solves of each cell; a seed draws the mask, the noise and everything random in the solve.
    crop
        Use only the middle ``crop`` × ``crop`` pixels; None for the whole picture.
    iterations
        Limit of iterations in every solve, to try a study out; None for each prior's own.
    base
        Folder that file names in operator specs are relative to.
    title
        Title of the report.
    published
        Published tables of the same pictures.
    baseline
        The method that the others are compared with; None for ``tv``, else ``none``, else the first.
    oracle
        Show also what the best iterate would have scored, which takes the truth to know.
    file
        The study file that this was read from.

    Raises
    ------
    InvpriorError
        If a spec cannot be parsed or is repeated, or a number is out of range.
    """

    sources: tuple[Source, ...]
    operators: tuple[str, ...] = ("identity",)
    noises: tuple[str, ...] = ("rounding",)
    priors: tuple[str, ...] = DEFAULT_PRIORS
    seeds: int = 3
    crop: int | None = None
    iterations: int | None = None
    base: Path = Path()
    title: str = ""
    published: tuple[Published, ...] = ()
    baseline: str | None = None
    oracle: bool = False
    file: Path | None = None

    def __post_init__(self) -> None:
        for what, specs in (("operator", self.operators), ("noise", self.noises), ("prior", self.priors)):
            if not specs:
                raise InvpriorError(f"a study needs at least one {what}")
            twice = next((s for s in specs if specs.count(s) > 1), None)
            if twice is not None:
                raise InvpriorError(f"{what} {twice!r} is given twice")
        for what, most in LIMITS.items():
            number = getattr(self, what)
            if number is not None and (type(number) is not int or not 1 <= number <= most):
                raise InvpriorError(f"{what} takes a whole number from 1 to {most:,}, got {number!r}")
        for text in self.noises:
            check_noise(text, all(s.degraded is not None for s in self.sources))
        check_published(self.published, self.operators, self.noises)
        if self.baseline is not None and self.baseline not in self.methods:
            raise InvpriorError(
                f"the baseline {self.baseline!r} is not among the compared: {', '.join(map(repr, self.methods))}"
            )
        if type(self.oracle) is not bool:
            raise InvpriorError(f"oracle takes true or false, got {self.oracle!r}")
        _ = self.operator_specs  # parses every spec now, before anything runs
        for spec in self.prior_specs.values():
            spec.made(Purpose())

    @property
    def methods(self) -> tuple[str, ...]:
        """The texts of all that is compared, in the order of the table."""
        return self.priors

    @property
    def against(self) -> str:
        """The method that the others are compared with."""
        usual = (name for name in ("tv", "none") if name in self.methods)
        return self.baseline or next(usual, self.methods[0])

    @cached_property
    def operator_specs(self) -> dict[str, OperatorSpec]:
        return {text: parse_operator(text, self.base) for text in self.operators}

    @cached_property
    def prior_specs(self) -> dict[str, PriorSpec]:
        return {text: parse_prior(text) for text in self.priors}

    @property
    def scenes(self) -> list[Scene]:
        return [Scene(s, A, noise) for s in self.sources for A in self.operators for noise in self.noises]

    def cells(self) -> Iterator[Cell]:
        """The cells, seed by seed, so that a first complete table is there early."""
        pictures = {source: source.digest() for source in self.sources}
        files = {text: [_digest(path) for path in spec.files] for text, spec in self.operator_specs.items()}
        for seed in range(self.seeds):
            for scene in self.scenes:
                for prior in self.priors:
                    parts = [pictures[scene.source], self.crop, scene.operator, files[scene.operator], scene.noise]
                    text = json.dumps([VERSION, *parts, prior, seed, self.iterations])
                    yield Cell(scene, prior, seed, hashlib.sha256(text.encode()).hexdigest())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
