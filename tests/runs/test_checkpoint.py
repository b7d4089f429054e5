"""The file from which a restoration goes on."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

import invprior.runs.checkpoint as checkpoints
from invprior.errors import InvpriorError
from invprior.noise import Gaussian
from invprior.prior import Prior
from invprior.priors import DIP, TV
from invprior.runs.checkpoint import Checkpoint
from invprior.runs.cutting import restore_around
from invprior.runs.restoration import Measured, Restoration, Restored
from invprior.runs.tasks import Denoise, Inpaint
from invprior.shapes import Window
from invprior.solvers.iterate import Iterate
from invprior.stop import Status
from invprior.stop.base import INTERRUPTED
from tests.helpers import photograph

X = photograph(size=48).float()
Y = X + 0.1 * torch.randn(X.shape, generator=torch.Generator().manual_seed(0))
DATA = Denoise().measured(Y, 0.001, Gaussian(0.1))


def opened(path: Path, prior: str = "tv", seed: int = 0) -> Checkpoint:
    found = Checkpoint(path)
    found.belongs(prior, seed)
    return found


def run(path: Path, prior: Prior, iterations: int | None, data: Measured = DATA, **other: object) -> Restored:
    settings = Restoration(iterations=iterations)
    return settings.run(data, prior, checkpoint=opened(path).part(0), **other)  # type: ignore[arg-type]


@pytest.mark.parametrize("prior", [TV(), DIP()])
def test_a_solve_goes_on_bit_for_bit(prior: Prior, tmp_path: Path) -> None:
    whole = Restoration(iterations=9).run(DATA, prior, checkpoint=None)
    path = tmp_path / "c"
    weight = run(path, prior, 4).weighted.weight
    resumed = run(path, prior, 9)
    assert resumed.weighted.weight == weight
    if not prior.fits_network:  # a weight is searched with the limit that was given first
        whole = Restoration(iterations=9, weight=weight or 0.0).run(DATA, prior)
    assert torch.equal(resumed.x, whole.x)
    assert resumed.result.iterations == 9
    assert resumed.result.history[-1]["value"] == whole.result.history[-1]["value"]


@pytest.mark.parametrize("prior", [TV(), DIP()])
def test_what_is_written_on_the_way_is_enough(prior: Prior, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "FIRST", 0.0)
    path = tmp_path / "c"

    def killed(iterate: Iterate) -> None:
        if iterate.iteration == 4:
            raise MemoryError

    with pytest.raises(MemoryError):
        run(path, prior, 7, callbacks=[killed])
    first = opened(path).part(0).reached
    assert first is not None
    assert first.ended is None
    resumed = run(path, prior, 7)
    assert torch.equal(resumed.x, Restoration(iterations=7).run(DATA, prior).x)


def test_a_solve_that_ended_is_not_run_again(tmp_path: Path) -> None:
    first = run(tmp_path / "c", TV(), None)
    assert first.result.status.name == "converged"

    def never(iterate: Iterate) -> None:
        raise AssertionError

    again = run(tmp_path / "c", TV(), None, callbacks=[never])
    assert torch.equal(again.x, first.x)
    assert again.result.status == first.result.status
    assert again.result.history == first.result.history


def test_a_solve_that_was_interrupted_goes_on_unless_no_more_is_allowed(tmp_path: Path) -> None:
    def ended(iterate: Iterate) -> Status | None:
        return Status(INTERRUPTED, "by the user") if iterate.iteration == 5 else None

    stopped = run(tmp_path / "c", TV(), None, callbacks=[ended])
    kept = run(tmp_path / "c", TV(), 1)
    assert torch.equal(kept.x, stopped.x)
    assert kept.interrupted
    finished = run(tmp_path / "c", TV(), None)
    assert finished.result.status.name == "converged"
    assert torch.equal(finished.x, Restoration().run(DATA, TV()).x)


def test_each_window_has_its_place(tmp_path: Path) -> None:
    known = torch.ones(X.shape[-2:], dtype=torch.bool)
    known[5:8, 5:8] = known[40:43, 40:43] = False
    data = Inpaint(known).measured(X, 0.001, "auto")
    windows = [Window(0, 20, 0, 20), Window(28, 48, 28, 48)]
    first = restore_around(windows, Restoration(), data, TV(), checkpoint=opened(tmp_path / "c"))
    again = restore_around(windows, Restoration(), data, TV(), checkpoint=opened(tmp_path / "c"))
    assert torch.equal(first.x, again.x)
    parts = pickle.loads((tmp_path / "c").read_bytes())["parts"]
    assert sorted(parts) == [0, 1]
    assert all(part.ended is not None for part in parts.values())


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c"
    run(path, TV(), 3)
    with pytest.raises(InvpriorError, match="another picture"):
        run(path, TV(), 3, Denoise().measured(X, 0.001, Gaussian(0.1)))
    with pytest.raises(InvpriorError, match="belongs to a run with the prior tv and seed 0"):
        opened(path, "dip")
    with pytest.raises(InvpriorError, match="seed 0, and this one has tv and seed 1"):
        opened(path, seed=1)
    assert Checkpoint(path).prior == "tv"


@pytest.mark.parametrize("held", [b"", b"nonsense", pickle.dumps({"format": "another"}), pickle.dumps([1])])
def test_a_file_that_is_none_is_named(held: bytes, tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_bytes(held)
    with pytest.raises(InvpriorError, match="is not a whole checkpoint; remove it"):
        Checkpoint(path)


def test_the_state_of_a_penalty_that_ended_is_not_kept(tmp_path: Path) -> None:
    run(tmp_path / "tv", TV(), None)
    run(tmp_path / "dip", DIP(), 2)
    tv, dip = (opened(tmp_path / name).part(0).reached for name in ("tv", "dip"))
    assert tv is not None
    assert tv.state.solver_state is None
    assert dip is not None
    assert dip.state.solver_state is not None
