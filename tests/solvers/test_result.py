"""A result in a line of text and in a file."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from invprior import InvpriorError, Problem, Result, noise, operators, priors, solve, stop
from tests.helpers import randn


def made() -> tuple[Problem, Result]:
    A = operators.Identity((1, 8, 8))
    problem = Problem(A, randn(1, 8, 8, dtype=torch.float32), noise=noise.Gaussian(0.1), prior=10 * priors.TV())
    return problem, solve(problem, stop=stop.MaxIterations(12))


def test_nothing_prints_its_tensors() -> None:
    problem, result = made()
    sigma = torch.full((1, 8, 8), 0.1)
    several = Problem(operators.Identity((1, 8, 8)), randn(1, 8, 8), noise=noise.Gaussian(sigma), prior=priors.TV())
    for value in (problem, problem.data_terms[0], result, result.state, several):
        assert len(repr(value)) < 300
        assert "\n" not in repr(value)
    assert repr(problem) == (
        "Problem(Identity((1, 8, 8)), y=(1, 8, 8) float32, noise=Gaussian(sigma=0.1), prior=10 * TV())"
    ).replace("TV()", repr(priors.TV()))
    assert "Gaussian(sigma=<(1, 8, 8)>)" in repr(several)
    assert repr(result.state).endswith("after 12 iterations)")


def test_a_result_comes_back_from_its_file(tmp_path: Path) -> None:
    problem, result = made()
    result.save(tmp_path / "r.result")
    again = Result.load(str(tmp_path / "r.result"))
    assert torch.equal(again.x, result.x)
    assert (again.status, again.kept, again.iterations) == (result.status, result.kept, result.iterations)
    assert again.history == result.history
    assert str(again.solver) == repr(result.solver)
    assert [p.name for p in tmp_path.iterdir()] == ["r.result"]
    again.save(tmp_path / "s.result")
    assert torch.equal(Result.load(tmp_path / "s.result").x, result.x)
    with pytest.raises(InvpriorError, match=r"from a file, which holds no state.*x0=result\.x"):
        solve(problem, state=again.state)


def test_a_file_that_is_no_result_is_named(tmp_path: Path) -> None:
    class Dangerous:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, ("raise SystemExit('it ran')",)

    _, result = made()
    result.save(tmp_path / "r")
    whole = (tmp_path / "r").read_bytes()
    for content in (b"", b"words", whole[:-300], pickle.dumps(Dangerous()), pickle.dumps({"format": 3})):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(InvpriorError, match=r"is not a whole file that Result\.save wrote"):
            Result.load(tmp_path / "x")
    torch.save({"format": "another"}, tmp_path / "x")
    with pytest.raises(InvpriorError, match="holds 'another', and this version reads"):
        Result.load(tmp_path / "x")
    torch.save([1, 2], tmp_path / "x")
    with pytest.raises(InvpriorError, match="is not a whole file"):
        Result.load(tmp_path / "x")
    with pytest.raises(InvpriorError, match=r"cannot read .*missing"):
        Result.load(tmp_path / "missing")
    with pytest.raises(InvpriorError, match=r"cannot write .*the folder .* does not exist"):
        result.save(tmp_path / "no" / "r")
    with pytest.raises(InvpriorError, match="saved to a path, got 3"):
        result.save(3)  # type: ignore[arg-type]


def test_a_problem_moves_and_stays_as_it_was() -> None:
    mask = operators.Mask((1, 8, 8), torch.rand(8, 8, generator=torch.Generator().manual_seed(0)))
    guide = randn(1, 8, 8, dtype=torch.float32)
    held = noise.Gaussian(torch.full((1, 8, 8), 0.1))
    problem = Problem(mask, randn(1, 8, 8, dtype=torch.float32), noise=held, prior=priors.GuidedTV(guide))
    double = problem.to(torch.float64)
    assert (problem.dtype, double.dtype) == (torch.float32, torch.float64)
    assert next(mask.buffers()).dtype == torch.float32
    x = solve(double, stop=stop.MaxIterations(30)).x
    assert x.dtype == torch.float64
    assert torch.allclose(x.float(), solve(problem, stop=stop.MaxIterations(30)).x, atol=1e-3)
    plain = Problem(mask, problem.data_terms[0].y, noise=noise.Gaussian(0.1), prior=priors.TV())
    meta = plain.to("meta", torch.float64)
    assert (meta.data_terms[0].y.device.type, meta.dtype) == ("meta", torch.float64)
    part = stop.hold_out(problem, 0.1).to(torch.float64)
    assert isinstance(part.data_terms[0], stop.held_out.PartlyFitted)
    assert part.data_terms[0].fitted.dtype == torch.bool
    for wrong in ("nowhere", 3.5, torch.int32):
        with pytest.raises(InvpriorError, match="to takes a device such as"):
            problem.to(wrong)  # type: ignore[arg-type]


def test_complex_parts_stay_complex_when_a_problem_moves() -> None:
    A = operators.Diagonal((4,), torch.complex(randn(4), randn(4, seed=1)))
    y = torch.complex(randn(4), randn(4))
    problem = Problem(A, y, noise=noise.Gaussian(0.1), prior=priors.NoPrior())
    single = problem.to(torch.float32)
    x = solve(single).x
    assert torch.allclose(x.to(y.dtype), solve(problem).x, atol=1e-5)
    assert single.dtype == torch.complex64
    assert single.data_terms[0].operator(single.data_terms[0].y).dtype == torch.complex64
    assert problem.dtype == torch.complex128
