"""The cosine transform of a JPEG, against files that libjpeg wrote."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.fft import dctn

from invprior.errors import InvpriorError
from invprior.io import read, read_quantised
from invprior.metrics import psnr
from invprior.noise import Quantisation
from invprior.operators import JPEG
from invprior.priors import TV
from invprior.problem import Problem
from invprior.runs.dejpeg import Dejpeg
from invprior.runs.restoration import Restoration
from tests.helpers import photograph, randn

pytest.importorskip("jpeglib", reason="the coefficients of a JPEG need invprior[jpeg]")

CLEAN = photograph("coffee.png", size=90, top=60, left=60).float()
PIXELS = (CLEAN * 255).round().permute(1, 2, 0).numpy().astype(np.uint8)


def saved(folder: Path, quality: int, subsampling: int = 2, gray: bool = False) -> Path:
    path = folder / "picture.jpg"
    image = Image.fromarray(PIXELS).convert("L" if gray else "RGB")
    image.save(path, quality=quality, subsampling=subsampling)
    return path


def test_blocks_are_those_of_scipy() -> None:
    x = randn(1, 16, 24, dtype=torch.float32)
    blocks = JPEG(x.shape)(x).reshape(2, 3, 8, 8)
    for i in range(2):
        for j in range(3):
            expected = dctn(x[0, 8 * i : 8 * i + 8, 8 * j : 8 * j + 8].numpy(), norm="ortho")
            assert np.allclose(blocks[i, j].numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("quality", "subsampling", "gray"), [(10, 2, False), (75, 0, False), (40, 1, False), (30, 0, True)]
)
def test_the_clean_picture_lies_in_the_intervals_of_its_file(
    tmp_path: Path, quality: int, subsampling: int, gray: bool
) -> None:
    path = saved(tmp_path, quality, subsampling, gray)
    task = Dejpeg().of_file(path)
    (d,) = task.measured(read(path).x, 0.001, "auto").data
    A = d.operator
    truth = torch.zeros(A.in_shape)
    clean = torch.from_numpy(np.asarray(Image.fromarray(PIXELS).convert("L")).copy())[None] / 255 if gray else CLEAN
    # whole blocks alone: what sticks out of the picture is libjpeg's own
    truth[:, :90, :90] = clean
    outside = torch.rand(A.in_shape)
    outside[:, :80, :80] = 0
    alone = A(outside) == 0
    assert isinstance(d.noise, Quantisation)
    steps = torch.as_tensor(d.noise.step)
    off = ((A(truth) - d.y).abs() / steps)[alone]
    assert float(off.max()) < 0.5 + 1.1 * float((1 / 255 * 8 / steps).max())
    assert float((off > 0.5).float().mean()) < 0.2 if quality > 50 else 0.02


def test_total_variation_is_better_than_the_decoder(tmp_path: Path) -> None:
    path = saved(tmp_path, 15)
    task = Dejpeg().of_file(path)
    measured = task.measured(read(path).x, 0.001, "auto")
    restored = Restoration(iterations=100).run(measured, TV())
    assert psnr(task.finish(restored.x).clamp(0, 1), CLEAN) > psnr(read(path).x, CLEAN) + 0.3


@pytest.mark.parametrize("quality", [10, 40])
def test_the_error_that_is_expected_is_that_of_a_file_and_not_of_dither(tmp_path: Path, quality: int) -> None:
    path = saved(tmp_path, quality)
    task = Dejpeg().of_file(path)
    measured = task.measured(read(path).x, 0.001, "auto")
    restored = Restoration(iterations=100).run(measured, TV())
    expected = measured.error_map(restored.problem, restored.result, 0).standard
    H, W = CLEAN.shape[-2:]
    true = (restored.x[..., :H, :W] - CLEAN).square().mean().sqrt()
    assert 0.6 < float(expected[..., :H, :W].square().mean().sqrt() / true) < 1.6


def test_rounding_again_keeps_the_levels(tmp_path: Path) -> None:
    (d,) = Dejpeg().of_file(saved(tmp_path, 30)).measured(CLEAN, 0.001, "auto").data
    assert isinstance(d.noise, Quantisation)
    step = torch.as_tensor(d.noise.step)
    u = d.operator(torch.rand(d.operator.in_shape))
    y = d.noise.again(u, d.y)
    assert float(((y - u) / step).abs().max()) < 0.5 + 1e-3
    assert float((((y - d.y) / step) - ((y - d.y) / step).round()).abs().max()) < 1e-2
    assert torch.equal(d.noise.again(d.y, d.y), d.y)


def test_the_pseudo_inverse_decodes_and_is_where_solvers_start(tmp_path: Path) -> None:
    measured = Dejpeg().of_file(path := saved(tmp_path, 60)).measured(CLEAN, 0.001, "auto")
    (d,) = measured.data
    assert isinstance(d.operator, JPEG)
    inverted = d.operator.pseudo_inverse(d.y)
    assert torch.allclose(d.operator(inverted), d.y, atol=1e-5)
    assert torch.equal(Problem.from_terms(measured.data, TV()).start(), inverted)
    assert torch.equal(d.operator.start(d.y), inverted)
    H, W = CLEAN.shape[-2:]
    assert psnr(inverted[..., :H, :W].clamp(0, 1), read(path).x) > 35


def test_what_the_file_says_holds_whatever_the_prior(tmp_path: Path) -> None:
    Image.fromarray(PIXELS[:80, :80]).save(path := tmp_path / "a.jpg", quality=20)
    task = Dejpeg().of_file(path)
    (d,) = task.measured(read(path).x, 0.001, "auto").data
    assert isinstance(d.noise, Quantisation)
    x = task.finish(torch.rand(d.operator.in_shape))
    off = (d.operator(x) - d.y).abs() / torch.as_tensor(d.noise.step)
    assert float(off.max()) < 0.5 + 1e-3


def test_a_turned_picture_comes_out_upright(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(PIXELS[:64, :48]).save(path, quality=60, exif=exif)
    task = Dejpeg().of_file(path)
    measured = task.measured(read(path).x, 0.001, "auto")
    decoded = task.finish(Problem.from_terms(measured.data, TV()).start())
    assert decoded.shape == read(path).x.shape
    assert psnr(decoded.clamp(0, 1), read(path).x) > 30


def test_what_is_no_jpeg_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(PIXELS).save(path)
    with pytest.raises(InvpriorError, match=r"a\.png is no JPEG file"):
        read_quantised(path)
    path = tmp_path / "b.jpg"
    buffer = BytesIO()
    Image.fromarray(PIXELS).convert("CMYK").save(buffer, "JPEG")
    path.write_bytes(buffer.getvalue())
    with pytest.raises(InvpriorError, match="colours other than gray or Y, Cb and Cr"):
        read_quantised(path)


@pytest.mark.parametrize("shape", [(2, 8, 8), (3, 10, 16), (1, 8)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match="JPEG takes pictures of"):
        JPEG(shape)
