"""What was compared in a folder, over all its commands, in order: pictures, operators, noises, methods."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from invprior.study.plan import Study


@dataclass(frozen=True)
class Contents:
    """The texts of all studies of a folder, each once, and the settings of the latest one.

    Attributes
    ----------
    pictures
        Name, clean file, and degraded file or None.
    """

    title: str
    pictures: tuple[tuple[str, str, str | None], ...]
    operators: tuple[str, ...]
    noises: tuple[str, ...]
    methods: tuple[str, ...]
    crop: int | None
    iterations: int | None
    threads: int

    @classmethod
    def of(cls, study: Study) -> Contents:
        sources = ((s.name, str(s.clean), None if s.degraded is None else str(s.degraded)) for s in study.sources)
        settings = (study.crop, study.iterations, study.threads)
        return cls(study.title, tuple(sources), study.operators, study.noises, study.methods, *settings)

    @classmethod
    def read(cls, path: Path) -> Contents | None:
        """The contents in a file; None if it is not there or not whole."""
        try:
            held: dict[str, Any] = json.loads(path.read_bytes())
            lists = {key: tuple(map(str, held[key])) for key in ("operators", "noises", "methods")}
            pictures = tuple((str(name), str(clean), degraded) for name, clean, degraded in held["pictures"])
            return cls(**{**held, **lists, "pictures": pictures})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def after(self, earlier: Contents | None) -> Contents:
        """These contents after earlier ones: what was there keeps its place."""
        if earlier is None:
            return self
        names = [name for name, _, _ in self.pictures]
        older = tuple(picture for picture in earlier.pictures if picture[0] not in names)
        return Contents(
            self.title,
            (*older, *self.pictures),
            _union(earlier.operators, self.operators),
            _union(earlier.noises, self.noises),
            _union(earlier.methods, self.methods),
            self.crop,
            self.iterations,
            self.threads,
        )

    def text(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def _union(*texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for some in texts for text in some))
