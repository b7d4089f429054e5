"""``--preview``: a picture while the solve goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from invprior import InvpriorError
from invprior.cli import preview
from invprior.cli.main import app
from invprior.io import Picture, read, write
from tests.helpers import photograph


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    x = photograph(size=32).numpy().transpose(1, 2, 0)
    Image.fromarray(np.rint(x * 255).astype(np.uint8)).save(tmp_path / "noisy.png")
    return tmp_path / "noisy.png"


def run(*arguments: object) -> None:
    CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def test_it_is_written_while_the_solve_goes_on(noisy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def spy(path: Path, picture: Picture) -> None:
        seen.append(1.0)
        write(path, picture)

    monkeypatch.setattr(preview, "write", spy)
    monkeypatch.setattr(preview, "PAUSE", 0.0)
    out, watched = noisy.with_name("out.png"), noisy.with_name("watched.png")
    run("denoise", noisy, "-o", out, "--prior", "tv", "--sigma", 0.1, "--weight", 0.1, "--preview", watched)
    assert len(seen) >= 1
    assert read(watched).x.shape == (3, 32, 32)
    assert out.exists()


def test_bad_places_are_named_before_the_solve(noisy: Path) -> None:
    out = noisy.with_name("out.png")
    with pytest.raises(InvpriorError, match="nowhere"):
        run("denoise", noisy, "-o", out, "--preview", noisy.with_name("nowhere") / "x.png")
    other = noisy.with_name("other.png")
    other.write_bytes(noisy.read_bytes())
    with pytest.raises(InvpriorError, match="one picture"):
        run("denoise", noisy, other, "-o", noisy.parent / "many", "--preview", noisy.with_name("x.png"))
    assert not out.exists()
