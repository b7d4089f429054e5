"""The command line in this process, and the pixels of what it wrote."""

from __future__ import annotations

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from invprior.cli.main import app


def run(*words: str) -> tuple[str, str]:
    """What a command prints on its two streams; whatever it raises is raised here."""
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    return done.stdout, done.stderr


def ended(*words: object) -> tuple[int, str]:
    """How a command ends, and what it says of it."""
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    return done.exit_code, done.stderr


def pixels(name: str) -> np.ndarray:
    """The pixels of a file, as Pillow has them."""
    with Image.open(name) as image:
        return np.asarray(image)
