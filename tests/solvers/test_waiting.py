"""Tiles that wait on disk: bit for bit those that wait in memory, in a file that nothing is left of."""

from __future__ import annotations

import gc
import os
import pickle
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import invprior.io.scratch as scratch
from invprior import InvpriorError, Problem, noise, solve, stop
from invprior.cli.progress import Interrupt
from invprior.operators import Identity, Lanczos
from invprior.priors import DIP, TGV, TV
from invprior.solvers import PDHG, Adam, Muon, Restarts, Solver, Tiled
from invprior.solvers.iterate import Iterate
from invprior.solvers.waiting import InMemory, OnDisk, Waiting
from tests.helpers import photograph

CLEAN = photograph(size=24).float()
NETWORK = nn.Sequential(nn.Conv2d(16, 48, 3, padding=1), nn.ReLU(), nn.Conv2d(48, 3, 3, padding=1), nn.Sigmoid())
AVERAGED = Muon(average=0.9, average_from=1, guard_every=2)
SOLVERS: dict[str, Solver[Any]] = {
    "muon": Tiled(AVERAGED, 16, 8),
    "adam": Tiled(Adam(lr=0.02), 16, 8),
    "restarts": Restarts(Tiled(AVERAGED, 16, 8), stop.MaxIterations(2), 2),
    "restarts inside": Tiled(Restarts(AVERAGED, stop.MaxIterations(2), 2), 16, 8),
}


def problem(prior: Any = None) -> Problem:
    y = noise.Gaussian(0.1).sample(CLEAN, torch.Generator().manual_seed(0))
    return Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=prior or DIP(network=NETWORK))


def on_disk(solver: Any) -> Any:
    return (
        replace(solver, shelf=OnDisk()) if isinstance(solver, Tiled) else replace(solver, inner=on_disk(solver.inner))
    )


def waiting(state: Any) -> Any:
    return state.inner if isinstance(state.inner, tuple) else waiting(state.inner)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("invprior.solvers.waiting.MAPPED", 2**16)  # z and the weights of these small networks too
    return tmp_path


def files() -> int:
    """The number of scratch files that this process holds, none of which has a name."""
    gc.collect()
    paths = (os.path.realpath(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd"))
    return sum("(deleted)" in path and str(scratch.folder()) in path for path in paths)


@pytest.mark.parametrize("name", SOLVERS)
def test_the_bits_are_those_of_tiles_in_memory(name: str, folder: Path) -> None:
    p, solver = problem(), SOLVERS[name]
    limit = stop.MaxIterations(4)
    there = solve(p, solver, stop=limit)
    here = solve(p, on_disk(solver), stop=limit)
    assert all(isinstance(w, Waiting) for w in waiting(here.state.solver_state))
    assert torch.equal(here.x, there.x)
    assert [row["value"] for row in here.history] == [row["value"] for row in there.history]
    assert not list(folder.iterdir())


@pytest.mark.parametrize("shelf", [InMemory(), OnDisk()], ids=repr)
@pytest.mark.parametrize("pickled", [False, True])
def test_a_solve_goes_on_from_tiles_that_wait(shelf: Any, pickled: bool) -> None:
    p, solver = problem(), on_disk(SOLVERS["muon"])
    whole = solve(p, solver, stop=stop.MaxIterations(4))
    state = solve(p, solver, stop=stop.MaxIterations(2)).state
    if pickled:
        state = pickle.loads(pickle.dumps(state))
    for _ in range(2):  # twice from one state: it is a value
        rest = solve(p, replace(solver, shelf=shelf), stop=stop.MaxIterations(4), state=state)
        assert torch.equal(rest.x, whole.x)


def test_another_problem_takes_the_networks_over() -> None:
    p, other, solver = problem(), problem(0.1 * TV() + DIP(network=NETWORK)), SOLVERS["muon"]
    results = []
    for s in (solver, on_disk(solver)):
        state = solve(p, s, stop=stop.MaxIterations(2)).state
        results.append(solve(other, s, stop=stop.MaxIterations(2), state=state).x)
    assert torch.equal(*results)


def test_states_on_pixels_may_wait_on_disk_too() -> None:
    A = Lanczos(CLEAN.shape, 2)
    p = Problem(A, A(CLEAN), noise=noise.Gaussian(0.1), prior=5 * TGV())
    solver = Tiled(PDHG(), 16, 8)
    a, b = (solve(p, s, stop=stop.MaxIterations(20)) for s in (solver, on_disk(solver)))
    assert torch.equal(a.x, b.x)
    assert a.history[-1]["gap"] == b.history[-1]["gap"]


def test_ctrl_c_keeps_the_estimate_and_a_state_to_go_on_with() -> None:
    p, solver = problem(), on_disk(SOLVERS["muon"])
    with Interrupt() as interrupt:

        def pressed(iterate: Iterate) -> None:
            if iterate.iteration == 2:
                os.kill(os.getpid(), signal.SIGINT)

        ended = solve(p, solver, stop=stop.MaxIterations(4) | interrupt.rule, callbacks=[pressed])
    assert ended.status.name == "interrupted"
    whole, limit = solve(p, solver, stop=stop.MaxIterations(4)), stop.MaxIterations(4)
    assert torch.equal(solve(p, solver, stop=limit, state=replace(ended.state, memory=None)).x, whole.x)


def test_the_file_is_gone_with_the_last_state() -> None:
    result = solve(problem(), on_disk(SOLVERS["muon"]), stop=stop.MaxIterations(2))
    assert files() == 1
    del result
    assert files() == 0

    def fails(iterate: Iterate) -> None:
        raise ValueError("of the user's")

    with pytest.raises(ValueError, match="of the user's"):
        solve(problem(), on_disk(SOLVERS["muon"]), callbacks=[fails])
    assert files() == 0


def test_the_file_does_not_grow_with_the_iterations() -> None:
    sizes = []

    def note(iterate: Iterate) -> None:
        sizes.append(waiting(iterate.state)[0].file.gigabytes)

    solve(problem(), on_disk(SOLVERS["muon"]), stop=stop.MaxIterations(9), callbacks=[note])
    assert sizes[8] == sizes[4]


def test_a_disk_too_small_is_told_before_the_first_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "free", lambda: 0.0)
    seen: list[int] = []
    note = [lambda iterate: seen.append(iterate.iteration)]
    with pytest.raises(InvpriorError, match=r"about 0\.0 GB of disk, and .* has 0\.0 GB free; .* variable TMPDIR$"):
        solve(problem(), on_disk(SOLVERS["muon"]), stop=stop.MaxIterations(1), callbacks=note)
    assert not seen


def test_a_disk_that_fills_up_or_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.pwrite", full)
        with pytest.raises(InvpriorError, match=r"cannot write a temporary file in .*: No space left on device; name"):
            solve(problem(), on_disk(SOLVERS["muon"]), stop=stop.MaxIterations(1))
    monkeypatch.setattr(scratch, "folder", lambda: Path("/nowhere/at/all"))
    with pytest.raises(InvpriorError, match="cannot write a temporary file in /nowhere/at/all: No such file"):
        solve(problem(), on_disk(SOLVERS["muon"]), stop=stop.MaxIterations(1))


class Layers(nn.Module):
    """Tensors in every order of memory and of every kind, and things that no pickle takes."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 8, 8, 8).to(memory_format=torch.channels_last))
        self.fixed = nn.Parameter(torch.randn(4096), requires_grad=False)
        self.register_buffer("few", torch.randn(3))
        self.tensors: list[Tensor] = [
            torch.randn(4096, dtype=torch.complex64).conj(),
            torch.randn(64, 64).bfloat16(),
            torch.randn(128, 128).T,
            torch.randn(128, 128)[:, ::2],
            torch.randn(64, 1).expand(64, 64),
            torch.rand(8192) > 0.5,
            torch.randn(600, 600),
        ]
        self.act = lambda x: x + 1


def test_everything_comes_back_as_it_was() -> None:
    layers = Layers()
    w = Waiting(layers, scratch.Scratch())
    for back in (w.mapped(), w.read(), Waiting(w.mapped(), w.file).read()):
        assert torch.equal(back.weight, layers.weight)
        assert back.weight.stride() == layers.weight.stride()
        assert (back.weight.requires_grad, back.fixed.requires_grad) == (True, False)
        assert back.few is layers.few
        assert back.act is layers.act
        for a, b in zip(back.tensors, layers.tensors, strict=True):
            assert a.dtype == b.dtype
            assert torch.equal(a, b)
        assert back.tensors[2].stride() == layers.tensors[2].stride()


def test_what_is_changed_in_place_stays_in_memory_and_what_is_not_lies_once() -> None:
    x = torch.zeros(600, 600)
    w = Waiting([x, x], scratch.Scratch())
    taken = w.mapped()
    assert taken[0] is taken[1]
    size = w.file.gigabytes
    again = Waiting((taken[0], 1), w.file)
    assert w.file.gigabytes == size
    taken[0].add_(1)
    assert torch.equal(again.read()[0], x)
    assert torch.equal(Waiting(taken, w.file).read()[0], x + 1)
