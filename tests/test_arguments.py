"""No argument of a wrong kind leaves the package as another exception than a sentence."""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import invprior as ip
from invprior import InvpriorError, Problem, Result, noise, operators, priors, solve, solvers, stop

PACKAGES = ["", "operators", "priors", "noise", "solvers", "stop", "weight", "metrics", "io", "interop"]
# Not for users to make, or not of this package.
LEFT_OUT = {"InvpriorError", "IterateLike", "Comparison", "Iterate", "Generator", "Picture", "deepinv"}
A, PICTURE = operators.Identity((1, 8, 8)), torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(0))


@cache
def problem() -> Problem:
    return Problem(A, PICTURE, noise=noise.Gaussian(0.1), prior=priors.TV())


@cache
def result() -> Result:
    return solve(problem(), stop=stop.MaxIterations(2))


def junk() -> list[Any]:
    numbers = [0, 3, -1, 2.5, float("nan"), float("inf"), True, 10**30, 1j, Fraction(3, 2)]
    plain = [None, "words", b"x", [], {}, (), set(), (3,), (1, 2, 3), ["a"], ("a",), object(), int, lambda x: x]
    tensors = [PICTURE, PICTURE.long(), PICTURE + 0j, torch.zeros(()), torch.zeros(0), PICTURE * torch.nan]
    arrays = [torch.ones(3, 3), np.zeros((3, 3)), np.array("a"), np.zeros(2)]
    own = [A, problem(), result(), noise.Gaussian(0.1), priors.TV(), solvers.PDHG(), stop.MaxIterations(2)]
    return [*numbers, *plain, *tensors, *arrays, *own, torch.nn.Linear(2, 2), range(3)]


def right() -> dict[str, Any]:
    """What a required parameter of each name takes."""
    shapes = dict.fromkeys(("shape", "in_shape", "out_shape"), (1, 8, 8))
    pictures = dict.fromkeys(("y", "x", "truth", "d", "guide"), PICTURE)
    numbers = dict.fromkeys(("sigma", "b", "gain", "read", "time", "weight", "seconds"), 0.1)
    counts = dict.fromkeys(("height", "width", "factor", "n", "iterations", "kept"), 2)
    words = dict.fromkeys(("name", "message", "rule", "path", "output"), "nothing.png")
    return {
        **shapes, **pictures, **numbers, **counts, **words,
        "top": 0, "left": 0, "index": 0, "iteration": 0, "task": "denoise", "tried": (), "history": (),
        "operator": A, "noise": noise.Gaussian(0.1), "prior": priors.TV(), "problem": problem(),
        "solver": solvers.PDHG(), "stop": stop.MaxIterations(2), "parts": (stop.MaxIterations(2),),
        "psf": torch.ones(3, 3) / 9, "xi": torch.ones(2, 8, 8), "known": PICTURE > 0.5, "flow": torch.zeros(2, 8, 8),
        "padding": (1, 1, 1, 1), "frames": torch.rand(4, 1, 8, 8), "inner": priors.TV(), "denoiser": lambda x, s: x,
        "f": lambda x: x, "forward": lambda x: x, "adjoint": lambda x: x, "functional": ip.functionals.L1(),
        "status": result().status, "state": result().state, "clean": ["nothing.png"], "pictures": {"a": PICTURE},
    }  # fmt: skip


def public() -> Iterator[tuple[str, Callable[..., Any], str]]:
    """Every public function and class, with each of its parameters."""
    for package in PACKAGES:
        module = importlib.import_module(f"invprior.{package}".rstrip("."))
        for name in module.__all__:
            if name in LEFT_OUT or not callable(target := getattr(module, name)):
                continue
            for parameter in inspect.signature(target).parameters.values():
                if parameter.kind is not parameter.VAR_KEYWORD and parameter.name != "jobs":
                    yield f"{package}.{name}".lstrip("."), target, parameter.name


CALLS = list(public())


def runs_long(target: Callable[..., Any], arguments: dict[str, Any]) -> bool:
    """True for right arguments, which start a search or a study."""
    solves = target in (solve, ip.weight.auto, ip.weight.discrepancy)
    return solves and isinstance(arguments["problem"], Problem) and not arguments.keys() - {"problem", "seed"}


def outcome(where: str, target: Callable[..., Any], arguments: dict[str, Any]) -> str | None:
    """What is wrong with the answer to these arguments: an exception that is no sentence."""
    series = [p.name for p in inspect.signature(target).parameters.values() if p.kind is p.VAR_POSITIONAL]
    several = [v for name in series for v in [arguments.pop(name, None)]]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target(*several, **arguments)
    except InvpriorError as error:
        return f"{where}: {error}" if "\n" in str(error) else None
    except Exception as error:
        told = {name: f"{value!r:.40}" for name, value in arguments.items()}
        return f"{where} of {told}: {type(error).__name__}: {error}"
    return None


def needed(target: Callable[..., Any], usual: dict[str, Any]) -> dict[str, Any]:
    known = inspect.signature(target).parameters.values()
    return {p.name: usual.get(p.name) for p in known if p.default is p.empty and p.kind is not p.VAR_POSITIONAL}


def test_one_wrong_argument_is_named() -> None:
    usual, found = right(), []
    for where, target, parameter in CALLS:
        for value in junk():
            arguments = {**needed(target, usual), parameter: value}
            if not runs_long(target, arguments) and (target is not ip.compare or parameter == "clean"):
                found.append(outcome(f"{where}.{parameter}", target, arguments))
    assert [f for f in found if f is not None] == []


@settings(max_examples=200, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_several_wrong_arguments_are_named(data: st.DataObject) -> None:
    where, target, _ = data.draw(st.sampled_from([c for c in CALLS if c[1] is not ip.compare]))
    usual = right()
    drawn = st.one_of(st.sampled_from(junk()), st.integers(-9, 99), st.floats(), st.text(max_size=3))
    arguments = {
        p.name: data.draw(st.one_of(drawn, st.just(usual[p.name])) if p.name in usual else drawn)
        for p in inspect.signature(target).parameters.values()
        if p.default is p.empty or data.draw(st.booleans())
    }
    if not runs_long(target, arguments):
        assert outcome(where, target, arguments) is None


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


untyped: Any = ip


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: untyped.compare("a.png", output="out"),
            r"a list of pictures as clean, got 'a.png'; write",
        ),
        (lambda: untyped.solvers.Restarts(solvers.Adam(), 2), "Restarts takes a StopRule as each, got 2"),
        (lambda: untyped.solvers.Tiled(size="large"), "Tiled takes a whole number as size, got 'large'"),
        (lambda: untyped.operators.Crop((1, 8, 8), 0, 0, None, 3), "Crop takes a whole number as height, got None"),
        (lambda: untyped.priors.TV(axes=3), "TV takes a tuple of whole numbers as axes, got 3"),
        (lambda: untyped.noise.Poisson(torch.nn.Linear), "Poisson takes a number as gain, got the class Linear"),
        (lambda: untyped.metrics.psnr(3, PICTURE), "psnr takes a Tensor as x, got 3"),
        (
            lambda: untyped.stop.MovingVariance(patience="long"),
            "MovingVariance takes a whole number as patience, got 'long'",
        ),
        (lambda: untyped.priors.TV(0.1), r"got 0.1; a weight is a factor in front, as in 0.1 \* priors.TV\(\)"),
        (lambda: untyped.priors.Wavelet(0.1), r"as wavelet, got 0.1; a weight is .* as in 0.1 \* priors.Wavelet\(\)"),
        (lambda: untyped.solve(problem(), callbacks=3), "takes callbacks as a sequence of functions, got 3$"),
        (lambda: untyped.solve(problem(), callbacks=print), r"put it into a list, as in callbacks=\[f\]"),
    ],
)
def test_the_sentence_says_what_is_taken(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        make()


def test_what_python_says_of_missing_arguments_stays() -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'psf'"):
        operators.Blur((1, 8, 8))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'sharp'"):
        operators.Identity((1, 8, 8), sharp=1)  # type: ignore[call-arg]


def test_numbers_of_numpy_are_numbers() -> None:
    assert operators.Crop(np.array([1, 8, 8]), np.int64(0), 0, 3, 3).out_shape == (1, 3, 3)  # type: ignore[arg-type]
    assert priors.Box(np.float32(0), 1).low == 0  # type: ignore[arg-type]
    assert operators.Identity(torch.Size((2, 3))).in_shape == operators.Identity(iter((2, 3))).in_shape


def test_a_state_of_other_tiles_is_named() -> None:
    picture = torch.rand(1, 48, 48)
    p = Problem(operators.Identity((1, 48, 48)), picture, noise=noise.Gaussian(0.1), prior=priors.TV())
    state = solve(p, solvers.Tiled(solvers.PDHG(), 32, 8), stop=stop.MaxIterations(2)).state
    for size in (24, 48):
        with pytest.raises(InvpriorError, match=r"the state is one of 4 tiles of another size or overlap"):
            solve(p, solvers.Tiled(solvers.PDHG(), size, 8), stop=stop.MaxIterations(4), state=state)
