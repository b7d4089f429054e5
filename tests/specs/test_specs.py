"""Specs read like the Python, and what is wrong with one is said before anything runs."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from invprior import InvpriorError, Operator, operators
from invprior.operators import Blur, Identity, Lanczos, Mask
from invprior.priors import DIP, TGV, TV, VideoDIP
from invprior.purpose import Film, Purpose
from invprior.runs.tasks import Inpaint, suiting
from invprior.specs import parse_prior
from invprior.specs.call import literal, parse_call
from invprior.specs.operator import Frame, known_operators, parse_operator
from invprior.study.measurement import check_noise

FRAME = Frame((3, 32, 40), (32, 40))
WORDS = st.text("abcxyz019._/-", min_size=1)


def build(text: str, base: Path = Path(), frame: Frame = FRAME) -> Operator:
    return parse_operator(text, base).build(frame, torch.Generator().manual_seed(0))


@given(name=WORDS, values=st.lists(WORDS, max_size=3), settings=st.dictionaries(WORDS, WORDS, max_size=3))
def test_a_call_is_read_as_it_was_written(name: str, values: list[str], settings: dict[str, str]) -> None:
    arguments = values + [f"{k}={v}" for k, v in settings.items()]
    call = parse_call(name + (":" + ",".join(arguments) if arguments else ""))
    assert (call.name, call.values, call.settings) == (name, tuple(values), settings)


@pytest.mark.parametrize("text", ["", ":", "tv:", "tv:1,,2", "dip:=x", "dip:preset=", "a:k=1,k=2", "a:k=1,2"])
def test_what_is_no_call_is_refused(text: str) -> None:
    with pytest.raises(InvpriorError):
        parse_call(text)


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.fractions(max_denominator=99), st.booleans()))
def test_literals_come_back(value: float | Fraction | bool) -> None:
    assert literal(str(value)) == value


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("identity", Identity((3, 32, 40))),
        ("lanczos:4", Lanczos((3, 32, 40), 4)),
        ("lanczos:3/2,boundary=reflect", Lanczos((3, 32, 40), Fraction(3, 2), boundary="reflect")),
        ("lanczos:factor=4,a=2", Lanczos((3, 32, 40), factor=4, a=2)),
        ("saturate:0.5", operators.Saturate((3, 32, 40), 0.5)),
        ("lanczos:2@saturate:0.5", Lanczos((3, 32, 40), 2) @ operators.Saturate((3, 32, 40), 0.5)),
        ("mask:text@lanczos:2", Mask.text((3, 16, 20)) @ Lanczos((3, 32, 40), 2)),
    ],
)
def test_an_operator_spec_is_the_python_call(text: str, made: Operator) -> None:
    x = torch.rand(3, 32, 40, generator=torch.Generator().manual_seed(1))
    assert torch.equal(build(text)(x), made(x))


def test_masks_from_numbers_and_files(tmp_path: Path) -> None:
    hole = np.zeros((32, 40), np.uint8)
    hole[3:9, 5:30] = 255
    Image.fromarray(hole).save(tmp_path / "hole.png")
    known_pixels = torch.from_numpy(hole == 0)
    for text, wanted in (("mask:hole.png", known_pixels), ("mask:hole.png,invert", ~known_pixels)):
        A = build(text, tmp_path)
        assert isinstance(A, Mask)
        assert torch.equal(A.known, wanted)
    cut = build("mask:hole.png", tmp_path, Frame((3, 16, 16), (32, 40), top=2, left=4))
    assert isinstance(cut, Mask)
    assert torch.equal(cut.known, known_pixels[2:18, 4:20])
    with pytest.raises(InvpriorError, match="40×32 pixels and the picture 16×16"):
        build("mask:hole.png", tmp_path, Frame((3, 16, 16), (16, 16)))
    half = build("mask:0.25")
    assert isinstance(half, Mask)
    assert 0.15 < float(half.known.float().mean()) < 0.35
    degraded = torch.ones(3, 32, 40) * known_pixels
    zeros = build("mask:zeros", frame=Frame((3, 32, 40), (32, 40), degraded=degraded))
    assert isinstance(zeros, Mask)
    assert torch.equal(zeros.known, known_pixels)
    with pytest.raises(InvpriorError, match="degraded"):
        build("mask:zeros")


def test_a_blur_from_a_file(tmp_path: Path) -> None:
    psf = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], np.uint8)
    Image.fromarray(psf * 50).save(tmp_path / "psf.png")
    A = build("blur:psf.png", tmp_path)
    assert isinstance(A, Blur)
    assert torch.allclose(A.psf, torch.from_numpy(psf / 8).float())


def test_an_operator_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_half_study.py").write_text(
        "from invprior.operators import Identity\n"
        "def make_operator(shape): return 0.5 * Identity(shape)\n"
        "def wrong(shape): return shape\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    x = torch.rand(3, 32, 40)
    assert torch.equal(build("my_half_study:make_operator")(x), 0.5 * x)
    with pytest.raises(InvpriorError, match="not an Operator"):
        build("my_half_study:wrong")
    with pytest.raises(InvpriorError, match="has no 'nothing'"):
        parse_operator("my_half_study:nothing", tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lancos:4", "no operator 'lancos'"),
        ("lanczos", "missing a required argument"),
        ("lanczos:4,b=2", "unexpected keyword argument 'b'"),
        ("lanczos:x", "'lanczos:x': factor takes a number, got 'x'"),
        ("mask:1.5", "at most 1"),
        ("mask:nothing.png", "no file"),
        ("mask:zeros,flip", "not a mask"),
        ("blur", "blur:PSF.png"),
        ("blur:psf.png,colour=red", "no setting 'colour'"),
        ("no_such_module_at_all:make", "cannot import"),
    ],
)
def test_a_wrong_operator_is_one_sentence(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(InvpriorError, match=says):
        parse_operator(text, tmp_path)


def test_the_choices_are_found_by_introspection() -> None:
    assert {"identity", "lanczos", "mask", "blur", "saturate", "crop"} <= set(known_operators())
    assert not {"warp", "stack", "function", "diagonal"} & set(known_operators())


def test_priors_with_settings() -> None:
    tv = parse_prior("tv:0.05")
    assert (tv.weight, tv.text) == (0.05, "tv:0.05")
    both = parse_prior("dip:preset=paper,iterations=30,network=deep_decoder+tv:0.01")
    assert (both.weight, both.setting("iterations", "")) == (0.01, "30")
    generator = both.made(Purpose("inpaint")).parametrisation
    assert generator == DIP("paper", "inpaint", "deep_decoder", iterations=30)
    assert generator.recipe().stop.most == 30
    assert parse_prior("dip+tv").weight is None
    assert parse_prior("tgv:ratio=3").made(Purpose()) == TGV(3.0)
    assert parse_prior("tv:0.1,isotropic=false").made(Purpose()) == TV(isotropic=False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tvv", "no prior 'tvv'"),
        ("tv:heavy", "weight must be a number"),
        ("tv:-1", "weight must be a number"),
        ("tv:0.1+tikhonov:0.1", "one weight"),
        ("dip:0.1", "dip has no weight to give; its settings are preset, task, network, iterations"),
        ("none:0.1", "none has no weight to give; write none alone"),
        ("tgv:ratio=wide", "ratio takes a number, got 'wide'"),
        ("tv:isotropic=2", "isotropic takes true or false"),
        ("tv:axes=a", "axes takes whole numbers with / between them"),
        ("dip:presets=paper", "no setting 'presets'"),
        ("tv:preset=paper", "no setting 'preset'"),
        ("dip:preset=slow", "no preset 'slow'"),
        ("dip:network=vgg", "no network 'vgg'"),
        ("dip:iterations=0", "whole number of 1 or more"),
        ("guidedtv", "needs"),
    ],
)
def test_a_wrong_prior_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(InvpriorError, match=says):
        parse_prior(text).made(Purpose())


def test_the_task_of_an_operator() -> None:
    shape = (3, 32, 32)
    assert suiting(Identity(shape)) == "denoise"
    assert suiting(Mask.text(shape)) == "inpaint"
    assert suiting(Mask(shape, large_hole(*shape[-2:]))) == "holes"
    assert suiting(Mask(shape[-2:], large_hole(*shape[-2:]))) == "holes"
    assert suiting(Mask((8,), torch.arange(8) > 2)) == "inpaint"
    assert suiting(Lanczos(shape, 4)) == "upscale"
    assert suiting(Lanczos(shape, 8)) == "upscale8"


def test_noise() -> None:
    assert check_noise("rounding", degraded=False) == "rounding"
    assert check_noise("auto", degraded=True) == "auto"
    with pytest.raises(InvpriorError, match="estimates the level of degraded files"):
        check_noise("auto", degraded=False)
    assert check_noise("flat:0,0,16,16", degraded=True) == "flat:0,0,16,16"
    with pytest.raises(InvpriorError, match="is measured in degraded files"):
        check_noise("flat:0,0,16,16", degraded=False)
    with pytest.raises(InvpriorError, match="no noise 'gauss'"):
        check_noise("gauss:0.1", degraded=False)


def large_hole(height: int, width: int) -> Tensor:
    known = torch.ones(height, width, dtype=torch.bool)
    known[5:27, 4:26] = False
    return known


def test_a_large_hole_has_settings_of_its_own_where_the_preset_has_them() -> None:
    wide, narrow = Inpaint(large_hole(40, 40)), Inpaint(Mask.text((3, 40, 40)).known)
    for preset, tasks in (("fast", ("holes", "inpaint")), ("best", ("holes", "inpaint")), ("paper", ("inpaint",) * 2)):
        made = [parse_prior(f"dip:preset={preset}").made(task.purpose("cpu")) for task in (wide, narrow)]
        assert tuple(prior.task for prior in made if isinstance(prior, DIP)) == tasks
    assert parse_prior("dip:task=inpaint").made(wide.purpose("cpu")).task == "inpaint"  # type: ignore[attr-defined]
    film = parse_prior("dip").made(wide.purpose("cpu", Film()))
    assert isinstance(film, VideoDIP)
    assert film.task == "inpaint"
    assert set(DIP("fast", "holes").settings.network.skip) == {0}  # type: ignore[attr-defined]
