"""Developing raw files from the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from invprior.cli.options import Settings
from invprior.cli.pictures import restore
from invprior.errors import InvpriorError
from invprior.io.kinds import KINDS
from invprior.io.written import DEPTHS
from invprior.runs.develop import Develop


def develop(inputs: list[Path], output: Path, settings: Settings, tile: int | None, overwrite: bool) -> None:
    """Develop every input; a sensor has more than 8 bits, so OUT has 16 where its format holds them."""
    if settings.error_map is not None:
        raise InvpriorError("--error-map is of the values that are measured, and develop writes others; leave it out")
    eight = DEPTHS.get(KINDS.get(output.suffix.lower(), "")) == {"uchar"}
    if eight and settings.depth is None:
        settings = replace(settings, depth="8")
    restore(Develop(), inputs, output, settings, tile, overwrite)
