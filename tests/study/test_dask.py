"""One process, several and a cluster give the same table, also where one of its workers is killed on the way."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invprior import InvpriorError
from invprior.study.comparison import Progress, run_study
from invprior.study.plan import Cell, Study
from invprior.study.result import Comparison
from invprior.study.source import sources
from tests.study.helpers import Here, pictures


# Dask warns of the death that the test is about, at any time after it.
@pytest.mark.filterwarnings("ignore")
def test_processes_and_a_cluster_that_loses_a_worker_give_the_same_table(tmp_path: Path) -> None:
    dask: Any = pytest.importorskip("distributed")
    study = Study(
        sources=sources(pictures(tmp_path, 2), []),
        operators=("mask:0.5",),
        noises=("gaussian:0.1",),
        priors=("tv", "dip:iterations=3"),
        outside=(("half", lambda y: 0.5 * y),),
        seeds=2,
    )
    killed: list[int] = []
    with (
        dask.LocalCluster(2, processes=True, threads_per_worker=1, dashboard_address=":0") as cluster,
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
    side_by_side = run_study(study, tmp_path / "side", jobs=2)
    assert killed
    for result in (here, there, side_by_side):
        assert not result.failures
        assert len(result.records) == 12
    for cell, record in here.records.items():
        for result in (there, side_by_side):
            assert np.array_equal(restored(result, cell), restored(here, cell))
            assert [result.records[cell][key] for key in SAME] == [record[key] for key in SAME]
            assert result.records[cell]["threads"] == 1


SAME = ("psnr", "ssim", "kept", "iterations", "weight", "status", "seed", "solve_seed", "key")


def restored(result: Comparison, cell: Cell) -> Any:
    return np.load(result.report.parent / "cells" / cell.name / "restored.npz")["x"]


@pytest.mark.filterwarnings("ignore")
def test_no_cluster_at_the_address_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    study = Study(sources=sources(pictures(tmp_path, 1), []))
    with pytest.raises(InvpriorError, match="no Dask scheduler answers at 'nonsense'"):
        run_study(study, tmp_path / "out", cluster="nonsense")
    assert not (tmp_path / "out").exists()
