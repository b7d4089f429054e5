"""A study: pictures × operators × noises × methods × seeds, as a checked value."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from invprior.errors import InvpriorError
from invprior.runs.record import VERSION
from invprior.specs import OperatorSpec, PriorSpec, parse_operator
from invprior.study.draws import solve_seed
from invprior.study.measurement import check_noise
from invprior.study.methods.base import Compared
from invprior.study.methods.prior import NamedPrior
from invprior.study.methods.reading import MethodLike, PriorLike, distinct, method_of, priors_of
from invprior.study.methods.sent import file_mark
from invprior.study.published import Published, check_published
from invprior.study.source import Source

DEFAULT_PRIORS = ("none", "tv", "dip")


# The largest numbers that a study can mean.
LIMITS = {"seeds": 10_000, "crop": 1_000_000, "iterations": 1_000_000_000, "threads": 1024}
# Seconds that a program may take in a cell.
TIME_LIMIT = 3600.0


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
    prior
        The text of the method: a prior, or a method from outside.
    key
        Hash of all that determines the result; the cell is finished if there is a record with this key.
    measurement
        Two hashes: of all that determines the truth, and of all that determines the measurement, which all methods of
        the scene and seed share.
    solve_seed
        Seed of the solve, see :mod:`invprior.study.draws`.
    """

    scene: Scene
    prior: str
    seed: int
    key: str = field(repr=False)
    measurement: str = field(default="", repr=False)
    solve_seed: int = field(default=0, repr=False)

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
    operators, noises
        Specs, as on the command line.
    priors
        Specs, with several values for a setting to sweep it, and prior objects.
    outside
        Methods from outside: functions, ``module:function``, programs; see :mod:`invprior.study.methods.reading`.
    seeds
        Number of solves of each cell; a seed draws the mask, the noise and everything random in the solve, for every
        picture anew.
    crop
        Use only the middle ``crop`` × ``crop`` pixels; None for the whole picture.
    iterations
        Limit of iterations in every solve, to try a study out; None for each prior's own.
    threads
        Threads of every cell.
    time_limit
        Seconds that a program may take in a cell.
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
    priors: tuple[PriorLike, ...] = DEFAULT_PRIORS
    outside: tuple[MethodLike, ...] = ()
    seeds: int = 3
    crop: int | None = None
    iterations: int | None = None
    threads: int = 1
    time_limit: float = TIME_LIMIT
    base: Path = Path()
    title: str = ""
    published: tuple[Published, ...] = ()
    baseline: str | None = None
    oracle: bool = False
    file: Path | None = None

    def __post_init__(self) -> None:
        for what, specs in (("operator", self.operators), ("noise", self.noises)):
            if not specs:
                raise InvpriorError(f"a study needs at least one {what}")
            twice = next((s for s in specs if specs.count(s) > 1), None)
            if twice is not None:
                raise InvpriorError(f"{what} {twice!r} is given twice")
        if not self.priors and not self.outside:
            raise InvpriorError("a study needs at least one prior or method")
        for what, most in LIMITS.items():
            number = getattr(self, what)
            if number is not None and (type(number) is not int or not 1 <= number <= most):
                raise InvpriorError(f"{what} takes a whole number from 1 to {most:,}, got {number!r}")
        for text in self.noises:
            check_noise(text, all(s.degraded is not None for s in self.sources))
        if not (isinstance(self.time_limit, int | float) and 0 < self.time_limit < float("inf")):
            raise InvpriorError(f"a time limit is a number of seconds above 0, got {self.time_limit!r}")
        if type(self.oracle) is not bool:
            raise InvpriorError(f"oracle takes true or false, got {self.oracle!r}")
        check_published(self.published, self.operators, self.noises)
        _ = self.operator_specs, self.compared  # reads every spec now, before anything runs
        if self.baseline is not None and self.baseline not in self.methods:
            raise InvpriorError(
                f"the baseline {self.baseline!r} is not among the compared: {', '.join(map(repr, self.methods))}"
            )

    @property
    def against(self) -> str:
        """The method that the others are compared with."""
        usual = (name for name in ("tv", "none") if name in self.methods)
        return self.baseline or next(usual, self.methods[0])

    @cached_property
    def operator_specs(self) -> dict[str, OperatorSpec]:
        return {text: parse_operator(text, self.base) for text in self.operators}

    @cached_property
    def compared(self) -> dict[str, Compared]:
        """All that is compared, by its text: the priors, sweeps expanded, and the methods from outside."""
        priors = [one for given in self.priors for one in priors_of(given)]
        methods = [method_of(given, self.time_limit) for given in self.outside]
        distinct(priors, "prior")
        return distinct([*priors, *methods], "method")

    @property
    def methods(self) -> tuple[str, ...]:
        """The texts of all that is compared, in the table's order."""
        return tuple(self.compared)

    @property
    def prior_specs(self) -> dict[str, PriorSpec]:
        """The priors that are compared by name."""
        return {text: one.spec for text, one in self.compared.items() if isinstance(one, NamedPrior)}

    @property
    def scenes(self) -> list[Scene]:
        return [Scene(s, A, noise) for s in self.sources for A in self.operators for noise in self.noises]

    def cells(self) -> Iterator[Cell]:
        """The cells, seed by seed, so that a first complete table is there early."""
        pictures = {source: source.digest() for source in self.sources}
        files = {text: [file_mark(path) for path in spec.files] for text, spec in self.operator_specs.items()}
        marks = {text: method.mark for text, method in self.compared.items()}
        for seed in range(self.seeds):
            for scene in self.scenes:
                picture = pictures[scene.source]
                parts = [picture, self.crop, scene.operator, files[scene.operator], scene.noise, seed]
                measurement = f"{_hash(VERSION, picture, self.crop)[:8]}-{_hash(VERSION, *parts)[:8]}"
                draw = solve_seed(picture, seed)
                for text, mark in marks.items():
                    key = _hash(VERSION, *parts, text, mark, self.iterations, self.threads)
                    yield Cell(scene, text, seed, key, measurement, draw)


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
