"""One cell: the truth scores and nothing else, and whatever goes wrong is its own."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from invprior import DataTerm, LinearOperator, Noise, Operator, metrics
from invprior.noise import Gaussian
from invprior.operators import Identity, Mask
from invprior.runs.restoration import Measured
from invprior.specs import parse_prior
from invprior.study.cell import CellJob, CellOutcome, execute
from invprior.study.draws import data_seed, solve_seed
from invprior.study.measurement import Trial
from invprior.study.methods.prior import NamedPrior
from invprior.study.peak import CLEAR, peak_memory
from invprior.study.plan import Cell, Scene
from invprior.study.scores import scores
from invprior.study.source import Source
from tests.helpers import photograph

CLEAN = photograph(size=32).float()
SCENE = Scene(Source("picture", Path("picture.png")), "identity", "gaussian:0.1")


def denoising(truth: Tensor = CLEAN) -> Trial:
    y = Gaussian(0.1).sample(CLEAN, torch.Generator().manual_seed(0))
    return trial(Identity(CLEAN.shape), y, Gaussian(0.1), truth)


def trial(A: Operator, y: Tensor, model: Noise, truth: Tensor = CLEAN, exact: bool = False) -> Trial:
    return Trial(Measured((DataTerm(A, y, model),), "given", exact), truth)


def solved(prior: str, measured: Trial, limit: int | None = None, seed: int = 0) -> CellOutcome:
    return execute(
        CellJob(Cell(SCENE, prior, seed, "key"), measured, NamedPrior(parse_prior(prior)), limit, None), "cpu", 1
    )


@pytest.mark.parametrize("prior", ["none", "tv", "dip:iterations=3"])
def test_the_truth_scores_and_nothing_else(prior: str) -> None:
    right, wrong = solved(prior, denoising()), solved(prior, denoising(1 - CLEAN))
    assert right.record is not None
    assert wrong.record is not None
    assert np.array_equal(right.picture, wrong.picture)  # type: ignore[arg-type]
    assert (right.record["kept"], right.record["weight"]) == (wrong.record["kept"], wrong.record["weight"])
    assert right.record["psnr"] > wrong.record["psnr"]


def test_the_record_tells_what_the_picture_is() -> None:
    outcome = solved("tv", denoising())
    assert outcome.record is not None
    assert outcome.picture is not None
    x = torch.from_numpy(outcome.picture).movedim(-1, 0) / 255
    record = outcome.record
    assert record["psnr"] == pytest.approx(metrics.psnr(x, CLEAN), abs=0.02)
    assert record["ssim"] == pytest.approx(metrics.ssim(x, CLEAN), abs=1e-3)
    assert record["curve"][-1][2] == pytest.approx(record["psnr"], abs=1e-9)
    assert record["weight_rule"] == "least Monte-Carlo SURE"
    assert record["seconds"] == pytest.approx(record["seconds_weight"] + record["seconds_solve"])
    assert [row[0] for row in record["curve"][:10]] == list(range(1, 11))
    assert all(a[1] < b[1] for a, b in zip(record["curve"], record["curve"][1:], strict=False))


def test_scoring_does_not_touch_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    def slow(x: Tensor, truth: Tensor) -> float:
        time.sleep(0.05)
        return 0.0

    monkeypatch.setattr("invprior.study.watch.psnr", slow)
    outcome = solved("none", trial(_steps(), denoising().y, Gaussian(0.1)), 10)
    assert outcome.record is not None
    assert outcome.record["iterations"] >= 5
    assert outcome.record["seconds"] < 0.05 * outcome.record["iterations"] / 2


def _steps() -> LinearOperator:
    """An operator that takes conjugate gradients several steps."""
    from invprior.operators import Diagonal

    values = torch.linspace(0.5, 2.0, CLEAN.numel()).reshape(CLEAN.shape)
    return Diagonal(CLEAN.shape, values)


def test_known_pixels_come_back_where_nothing_but_rounding_was_added() -> None:
    A = Mask.random(CLEAN.shape, 0.5, torch.Generator().manual_seed(0))
    outcome = solved("tv", trial(A, A(CLEAN), Gaussian(0.05), exact=True))  # a model that smooths
    assert outcome.picture is not None
    error = np.abs(outcome.picture / 255 - CLEAN.movedim(0, -1).numpy())
    assert error[A.known.numpy()].max() <= 0.5 / 255 + 1e-6


def test_what_goes_wrong_is_the_cells_own() -> None:
    class Broken(Identity):
        def forward(self, x: Tensor) -> Tensor:
            raise RuntimeError("no such thing")

    outcome = solved("tv", trial(Broken(CLEAN.shape), CLEAN, Gaussian(0.1)))
    assert outcome.record is None
    assert outcome.failure is not None
    assert outcome.failure.startswith("RuntimeError: no such thing (")


def test_a_picture_that_will_not_fit_names_the_preset_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    have = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 4}.__getitem__  # 16 kilobytes
    monkeypatch.setattr("os.sysconf", have)
    outcome = solved("dip", denoising())
    assert outcome.failure is not None
    assert "take prior tv" in outcome.failure
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 158600}.__getitem__)
    outcome = solved("dip:preset=paper", denoising())
    assert outcome.failure is not None
    assert "take preset fast" in outcome.failure


@pytest.mark.skipif(not CLEAR.exists(), reason="the system does not tell the peak of a process")
@pytest.mark.parametrize("megabytes", [64, 16, 128])
def test_the_peak_is_that_of_the_block_alone(megabytes: int) -> None:
    with peak_memory("cpu") as peak:
        held = torch.ones(megabytes * 2**18)
        del held
    assert peak.megabytes == pytest.approx(megabytes, abs=8)


@given(seed=st.integers(0, 2**20), picture=st.text("0123456789abcdef", min_size=4))
def test_the_noise_is_not_drawn_from_the_numbers_of_the_solve(seed: int, picture: str) -> None:
    seeds = solve_seed(picture, seed), data_seed(picture, seed)
    assert seeds[0] + 2**20 < 2**31 <= seeds[1] < 2**32  # an iteration's own seed counts on from that of the solve
    solve, data = (torch.Generator().manual_seed(s) for s in seeds)
    assert not torch.equal(torch.rand(4, generator=solve), torch.rand(4, generator=data))


def test_lpips_is_there_only_with_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    from invprior.study.scores import _lpips

    _lpips.cache_clear()
    found = scores(CLEAN, CLEAN)
    _lpips.cache_clear()
    assert set(found) == {"psnr", "psnr_y", "ssim"}
    assert math.isinf(found["psnr"])
