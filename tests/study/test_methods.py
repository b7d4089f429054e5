"""Methods of others in a study: solved, scored, kept and resumed like priors; what is wrong with one is a sentence."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from skimage.restoration import denoise_tv_chambolle

import invprior as ip
from invprior import InvpriorError, priors
from invprior.study.plan import Study
from invprior.study.source import sources
from tests.study.helpers import Here, pictures


def smooth(y: torch.Tensor, A: ip.Operator, noise: ip.Noise, seed: int) -> Any:
    return denoise_tv_chambolle(y.numpy(), weight=0.1, channel_axis=0)


def stepwise(y: torch.Tensor, callback: Callable[[object], None]) -> torch.Tensor:
    for _ in range(25):
        y = 0.9 * y + 0.05
        callback(y.numpy())
    return y


def drawn(y: torch.Tensor) -> torch.Tensor:
    return y + 0.01 * torch.randn(y.shape) + 0.01 * torch.from_numpy(np.random.standard_normal(y.shape))


def compare(folder: Path, n: int = 1, **given: Any) -> ip.Comparison:
    settings = {"noises": ["gaussian:0.1"], "priors": ["none"], "seeds": 1, **given}
    return ip.compare(pictures(folder, n), output=folder / "out", **settings)


def test_a_function_is_a_column_like_a_prior(tmp_path: Path, workers: Here) -> None:
    result = compare(tmp_path, 2, seeds=2, methods=[smooth, ("steps", stepwise)])
    assert result.study.methods == ("none", "smooth", "steps")
    assert [row.prior for row in result.rows] == ["none", "smooth", "steps"] * 2
    assert all(row.figures["psnr"].mean > 5 for row in result.rows)
    cell, record = next((c, r) for c, r in result.records.items() if c.prior == "steps")
    assert record["iterations"] == 25
    assert [point[0] for point in record["curve"]] == [*range(1, 11), 20]
    assert record["seconds"] == record["seconds_solve"] > 0
    assert record["threads"] == 1
    assert "steps" in result.report.read_text()
    kept = np.load(result.report.parent / "cells" / cell.name / "restored.npz")["x"]
    assert kept.dtype == np.float32
    workers.done.clear()
    compare(tmp_path, 2, seeds=2, methods=[smooth, ("steps", stepwise)])
    assert workers.done == []


def test_what_ignores_the_seed_draws_the_same_again(tmp_path: Path, workers: Here) -> None:
    before = torch.get_rng_state()
    twice = compare(tmp_path, methods=[("a", drawn), ("b", drawn)])
    a, b = (record["psnr"] for record in list(twice.records.values())[1:])
    assert a == b
    assert torch.equal(before, torch.get_rng_state())


def test_prior_objects_are_priors(tmp_path: Path, workers: Here) -> None:
    given = ["tv", priors.TV(), 0.5 * priors.TV(), priors.DIP(iterations=2), ("mine", priors.Tikhonov())]
    result = compare(tmp_path, priors=given, iterations=20)
    assert result.study.methods == ("tv", "TV()", "0.5 * TV()", "DIP(iterations=2)", "mine")
    records = {c.prior: r for c, r in result.records.items()}
    assert records["tv"]["psnr"] == records["TV()"]["psnr"]
    assert records["tv"]["weight"] == records["TV()"]["weight"]
    assert records["0.5 * TV()"]["weight_rule"] == "the prior's own"
    assert records["DIP(iterations=2)"]["iterations"] == 2
    assert records["DIP(iterations=2)"]["preset"] == "fast"


@pytest.mark.parametrize(
    ("method", "says"),
    [
        (lambda y: None, "returned None; return a tensor or an array of shape"),
        (lambda y: y[0], "returned shape .24, 24. for an image of .3, 24, 24."),
        (lambda y: y.movedim(0, -1), "put the channels first"),
        (lambda y: y[None], "take x.0."),
        (lambda y: (255 * y).byte(), "returned uint8; return floating numbers"),
        (lambda y: y.to(torch.complex64), "returned complex64"),
        (lambda y: np.array("x"), "returned an array of <U1"),
        (lambda y: y / 0, "values that are NaN or infinite"),
        (lambda y: y.nothing, "AttributeError: 'Tensor' object has no attribute 'nothing'"),
        (lambda y, callback: callback(3), "showed its callback 3; return a tensor"),
    ],
)
def test_a_wrong_result_is_a_sentence_of_its_cell(
    method: Callable[..., Any], says: str, tmp_path: Path, workers: Here
) -> None:
    result = compare(tmp_path, methods=[("theirs", method)])
    (failure,) = result.failures.values()
    assert len(result.records) == 1
    with pytest.raises(InvpriorError, match=says):
        raise InvpriorError(failure)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"methods": [lambda noisy, sigma: noisy]}, "takes noisy, sigma, which a study does not give; write it as"),
        ({"methods": [lambda A: None]}, "does not take y"),
        ({"methods": ["nothing_of_this_name:f"]}, "cannot import nothing_of_this_name"),
        ({"methods": ["just words"]}, "is neither module:function nor 'program:"),
        ({"methods": [("x", smooth), ("x", stepwise)]}, "method 'x' is given twice"),
        ({"methods": [("none", smooth)]}, "method 'none' is given twice"),
        ({"methods": [3]}, "a study takes methods such as a function"),
        ({"methods": [priors.TV()]}, "give a prior among the priors"),
        ({"methods": smooth}, "compare takes a"),
        ({"methods": "a:b"}, "compare takes a"),
        ({"priors": [priors.TV]}, r"got the class TV; write TV\(\)"),
        ({"priors": [None]}, "a study takes priors such as"),
        ({"priors": [], "methods": []}, "at least one prior or method"),
        ({"methods": ["program: cat {input}"]}, "says where to read and to write"),
        ({"methods": ["program: cp {input} {output} {level}"]}, "there is no {level}; a program is given"),
        ({"methods": ["program: cp {input.raw} {output}"]}, "there is no {input.raw}"),
        ({"methods": ["program: cp '{input} {output}"]}, "is no command"),
        ({"time_limit": 0.0}, "a time limit is a number of seconds above 0"),
    ],
)
def test_a_wrong_method_is_said_before_anything_runs(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(InvpriorError, match=says):
        compare(tmp_path, **changes)
    assert not (tmp_path / "out").exists()


def test_what_no_process_can_be_sent_is_said(tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        held = partial(lambda y, file: y, file=file)
        with pytest.raises(InvpriorError, match="cannot be sent to worker processes"):
            compare(tmp_path, methods=[("held", held)])


def cells(folder: Path, *outside: Any, operators: tuple[str, ...] = ("identity",)) -> list[str]:
    study = Study(sources=sources(pictures(folder, 1), []), outside=outside, operators=operators, priors=(), seeds=1)
    return [cell.key for cell in study.cells()]


OTHERS = """
from invprior.operators import Identity

def f(y):
    return y

def make(shape):
    return Identity(shape)
"""


def test_changed_code_is_another_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "code_of_somebody.py"
    module.write_text(OTHERS)

    def keys() -> list[list[str]]:
        own = cells(tmp_path, smooth, operators=("code_of_somebody:make",))
        return [cells(tmp_path, "code_of_somebody:f"), own]

    before = keys()
    assert before == keys()
    module.write_text(module.read_text() + "# changed\n")
    assert all(a != b for a, b in zip(before, keys(), strict=True))
    sys.modules.pop("code_of_somebody")


def test_values_that_a_function_holds_are_part_of_its_cell(tmp_path: Path) -> None:
    def with_weight(weight: float) -> Callable[..., Any]:
        return lambda y: weight * y

    one, same, other = (cells(tmp_path, ("x", with_weight(w))) for w in (0.5, 0.5, 0.6))
    assert one == same != other
    half, third = (cells(tmp_path, ("x", partial(lambda y, w: y * w, w=w))) for w in (1 / 2, 1 / 3))
    assert half != third


PROGRAM = """
import sys
import numpy as np, tifffile
y = tifffile.imread(sys.argv[1])
assert y.dtype == np.float32 and y.shape == (24, 24, 3), (y.dtype, y.shape)
assert 0 < float(sys.argv[3]) < 1
print("some words")
if len(sys.argv) > 4:
    sys.exit("no such luck")
tifffile.imwrite(sys.argv[2], 0.5 * y)
"""


def test_a_program_reads_and_writes_files(tmp_path: Path, workers: Here) -> None:
    script = tmp_path / "half program.py"
    script.write_text(PROGRAM)
    command = f"program: {sys.executable} '{script}' {{input}} {{output}} {{sigma}}"
    given = [
        f"half={command}",
        f"fails={command} now",
        "gone=program: ./nothing {input} {output}",
        "cp=program: cp {input.npz} {output.npz}",
    ]
    result = compare(tmp_path, methods=given)
    failures = {cell.prior: failure for cell, failure in result.failures.items()}
    assert failures == {
        "fails": "method 'fails' ended with exit code 1: no such luck",
        "gone": "method 'gone': cannot run ./nothing: No such file or directory",
        "cp": "method 'cp' wrote the arrays y, sigma, seed; the image is the one named x",
    }
    (cell,) = (cell for cell in result.records if cell.prior == "half")
    x = np.load(result.report.parent / "cells" / cell.name / "restored.npz")["x"]
    (held,) = (result.report.parent / "pictures").glob("*.npz")
    assert np.array_equal(x, np.float32(0.5) * np.load(held)["y"])
    before = cells(tmp_path, command)
    script.write_text(PROGRAM + "# changed\n")
    assert cells(tmp_path, command) != before


def test_a_program_that_hangs_is_ended(tmp_path: Path, workers: Here) -> None:
    command = "slow=program: sh -c 'sleep 60 & sleep 60' {input} {output}"
    result = compare(tmp_path, methods=[command], time_limit=0.3)
    (failure,) = result.failures.values()
    assert failure == "method 'slow' took longer than its limit of 0.3 s and was ended"


def test_a_study_file_has_methods(tmp_path: Path, workers: Here) -> None:
    from invprior.study.comparison import run_study
    from invprior.study.file import read_study

    pictures(tmp_path, 1)
    (tmp_path / "study.toml").write_text(
        'pictures = ["chelsea.png"]\nnoises = ["gaussian:0.1"]\npriors = ["none"]\nseeds = 1\nthreads = 2\n'
        f'methods = ["chambolle={__name__}:smooth"]\n'
    )
    study = read_study(tmp_path / "study.toml", None, seeds=None, crop=None, iterations=None)
    assert (study.methods, study.threads) == (("none", "chambolle"), 2)
    assert not run_study(study, tmp_path / "out").failures
    record = json.loads(next((tmp_path / "out" / "cells").glob("*chambolle*/run.json")).read_text())
    assert record["prior"] == "chambolle"
    assert record["solver"].endswith("test_methods.smooth")
