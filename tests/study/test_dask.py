"""A cluster gives the table that this machine gives, also where one of its workers is killed on the way."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from invprior import InvpriorError
from invprior.study.comparison import Progress, run_study
from invprior.study.plan import Study
from invprior.study.source import sources
from tests.study.helpers import Here, pictures


# Dask warns of the death that the test is about, at any time after it.
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_worker_gives_the_same_table(tmp_path: Path) -> None:
    dask: Any = pytest.importorskip("distributed")
    study = Study(
        sources=sources(pictures(tmp_path, 2), []),
        operators=("mask:0.5",),
        noises=("gaussian:0.1",),
        priors=("none", "tv"),
        seeds=2,
    )
    killed: list[int] = []
    with (
        dask.LocalCluster(2, processes=True, threads_per_worker=1, dashboard_address=None) as cluster,
        dask.Client(cluster) as client,
    ):
        victim = next(iter(client.run(os.getpid).values()))

        def kill_one(progress: Progress) -> None:
            if len(progress.records) == 3 and not killed:
                killed.append(victim)
                os.kill(victim, signal.SIGKILL)

        there = run_study(study, tmp_path / "there", cluster=cluster.scheduler_address, listener=kill_one)
    with pytest.MonkeyPatch.context() as patch:
        Here().install(patch)
        here = run_study(study, tmp_path / "here")
    assert killed
    assert not there.failures
    assert len(there.records) == 8
    for cell, record in here.records.items():
        other = there.records[cell]
        assert other["psnr"] == pytest.approx(record["psnr"], abs=1e-4)
        assert other["kept"] == record["kept"]
        assert other["weight"] == pytest.approx(record["weight"], rel=1e-4) if record["weight"] else True


@pytest.mark.filterwarnings("ignore")
def test_no_cluster_at_the_address_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    study = Study(sources=sources(pictures(tmp_path, 1), []))
    with pytest.raises(InvpriorError, match="no Dask scheduler answers at 'nonsense'"):
        run_study(study, tmp_path / "out", cluster="nonsense")
    assert not (tmp_path / "out").exists()
