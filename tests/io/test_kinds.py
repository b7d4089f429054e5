"""Every kind of file is read truthfully, or refused in one true sentence."""

from __future__ import annotations

import multiprocessing
import os
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

import invprior.io
from invprior import InvpriorError
from invprior.io import Picture, read, read_mask, read_psf, write
from invprior.io import written as writing

ANY: Any = invprior.io  # arguments of wrong kinds are the point
RGB = np.random.default_rng(0).integers(0, 255, (12, 10, 3), np.uint8)


@pytest.mark.parametrize("kind", ["int8", "int16", "int32", "uint32", "float16", "float32", "float64", "int64"])
@pytest.mark.parametrize("shape", [(12, 10), (12, 10, 3)])
def test_values_of_every_kind_come_back(tmp_path: Path, kind: str, shape: tuple[int, ...]) -> None:
    values = (np.random.default_rng(0).random(shape) * 100 - (0 if kind == "uint32" else 30)).astype(kind)
    photometric: Any = "rgb" if len(shape) == 3 else "minisblack"
    tifffile.imwrite(tmp_path / "in.tif", values, photometric=photometric)
    picture = read(tmp_path / "in.tif")
    assert 0 <= float(picture.x.min()) < float(picture.x.max()) <= 1
    write(tmp_path / "out.tif", picture)
    back = tifffile.imread(tmp_path / "out.tif")
    assert back.dtype == (kind if "int" in kind and kind != "int64" else np.float32)
    assert back.shape == shape
    assert np.abs(back.astype(float) - values.astype(float)).max() < (0.5 if "int" in kind else 1e-4)
    lost = writing.left_out(tmp_path / "out.tif", picture)
    assert lost == (("the precision of 64 bits, of which 32 remain",) if kind in ("float64", "int64") else ())


def test_the_scale_of_signed_integers_is_their_largest_number(tmp_path: Path) -> None:
    values = np.array([[0, 100], [200, 32767]], np.int16)
    tifffile.imwrite(tmp_path / "a.tif", values)
    picture = read(tmp_path / "a.tif")
    assert torch.equal(picture.x[0], torch.from_numpy(values / np.float32(32767)))
    assert picture.rounding == pytest.approx(1 / 32767 / 12**0.5)
    tifffile.imwrite(tmp_path / "b.tif", values[:1] - np.int16(50))
    shifted = read(tmp_path / "b.tif")
    assert (shifted.low, shifted.high) == (-50, 32717)
    in_scale = shifted.in_scale_of(picture)
    assert in_scale[0].numpy() * 32767 == pytest.approx(values[:1] - 50, abs=1e-2)


def test_float64_in_planes_and_turned(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((3, 12, 10))
    extra = [(274, "H", 1, 6, True)]
    tifffile.imwrite(tmp_path / "in.tif", values, photometric="rgb", planarconfig="separate", extratags=extra)
    picture = read(tmp_path / "in.tif")
    assert picture.x.shape == (3, 10, 12)
    assert np.allclose(picture.x.numpy(), np.rot90(values, -1, (1, 2)), atol=1e-6)
    write(tmp_path / "out.tif", picture)
    assert np.allclose(tifffile.imread(tmp_path / "out.tif"), values.transpose(1, 2, 0), atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1)])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_of_one_row_or_column(tmp_path: Path, size: tuple[int, int], mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full(size[::-1], 900, np.uint16))
    else:
        image = Image.new("RGBA", size, (9, 90, 200, 7)).convert(mode)
    for suffix in ("png", "tif"):
        image.save(tmp_path / f"in.{suffix}")
        picture = read(tmp_path / f"in.{suffix}")
        assert picture.x.shape[-2:] == size[::-1]
        write(tmp_path / f"out.{suffix}", picture)
        with Image.open(tmp_path / f"in.{suffix}") as given, Image.open(tmp_path / f"out.{suffix}") as out:
            assert np.array_equal(np.asarray(out.convert("RGBA")), np.asarray(given.convert("RGBA")))


@pytest.mark.parametrize("bands", [2, 4, 5])
def test_bands_without_colour_are_channels_that_only_tiff_holds(tmp_path: Path, bands: int) -> None:
    values = np.random.default_rng(0).integers(0, 255, (12, 10, bands), np.uint8)
    tifffile.imwrite(tmp_path / "in.tif", values, photometric="minisblack", planarconfig="contig")
    picture = read(tmp_path / "in.tif")
    assert (picture.x.shape[0], picture.alpha) == (bands, None)
    write(tmp_path / "out.tif", picture)
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), values)
    for name, kind in (("out.png", "PNG"), ("out.jpg", "JPEG")):
        with pytest.raises(InvpriorError, match=rf"{kind} does not hold {bands} colour channels; take .tif"):
            write(tmp_path / name, picture)
    assert not (tmp_path / "out.png").exists()


def test_inks_are_not_turned_into_light(tmp_path: Path) -> None:
    Image.fromarray(RGB).convert("CMYK").save(tmp_path / "in.tif")
    picture = read(tmp_path / "in.tif")
    with pytest.raises(InvpriorError, match=r"PNG does not hold the four inks of CMYK; take .tif or .jpg"):
        write(tmp_path / "out.png", picture)
    for name in ("out.tif", "out.jpg"):
        write(tmp_path / name, picture)
        with Image.open(tmp_path / name) as out:
            assert out.mode == "CMYK"


def test_kinds_without_a_meaning_are_named(tmp_path: Path) -> None:
    for name, values, message in (
        ("complex.tif", np.ones((4, 4), np.complex64), "holds complex pixels; write their magnitude"),
        ("wide.tif", np.ones((4, 4), np.complex128), "holds complex pixels"),
        ("far.tif", np.full((4, 4), 1e300), "holds values beyond 3.4e.38, the largest 32-bit float"),
        ("nan.tif", np.full((4, 4), np.nan), "holds NaN or infinite pixels"),
    ):
        tifffile.imwrite(tmp_path / name, values)
        with pytest.raises(InvpriorError, match=f"{name} {message}"):
            read(tmp_path / name)
    tifffile.imwrite(tmp_path / "none.tif", np.ones((4, 4)))
    data = (tmp_path / "none.tif").read_bytes()
    kind = struct.pack("<HHIH", 339, 3, 1, 3)  # the sample format, a float
    assert kind in data
    (tmp_path / "none.tif").write_bytes(data.replace(kind, kind[:-2] + struct.pack("<H", 77)))
    with pytest.raises(InvpriorError, match=r"none.tif is not a picture that can be read: its tags describe no pixels"):
        read(tmp_path / "none.tif")
    tifffile.imwrite(tmp_path / "cut.tif", np.random.default_rng(0).random((40, 40)))
    (tmp_path / "cut.tif").write_bytes((tmp_path / "cut.tif").read_bytes()[:-4000])
    with pytest.raises(InvpriorError, match=r"cut.tif is not a picture that can be read"):
        read(tmp_path / "cut.tif")


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def test_a_header_that_promises_too_much_is_refused_before_decoding(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 300_000, 300_000, 8, 2, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
    (tmp_path / "bomb.png").write_bytes(data)
    with pytest.raises(InvpriorError, match=r"300000×300000 pixels, which take 2263 GB of memory, and there are \d+"):
        read(tmp_path / "bomb.png")
    tifffile.imwrite(tmp_path / "bomb.tif", shape=(4, 4), dtype=np.float64)
    tiff = bytearray((tmp_path / "bomb.tif").read_bytes())
    for number in (256, 257):  # width and height
        at = tiff.index(struct.pack("<HH", number, 4 if struct.pack("<HH", number, 4) in tiff else 3))
        tiff[at : at + 12] = struct.pack("<HHII", number, 4, 1, 400_000)
    (tmp_path / "bomb.tif").write_bytes(tiff)
    with pytest.raises(InvpriorError, match=r"400000×400000 pixels, which take \d+ GB of memory"):
        read(tmp_path / "bomb.tif")


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.png"))
        for path in (tmp_path / "pipe.png", tmp_path / "socket.png", Path("/dev/null"), Path("/dev/zero")):
            for reading in (read, read_mask, read_psf):
                with pytest.raises(InvpriorError, match=f"{path.name} is not a regular file; write what it gives"):
                    reading(path)
    with pytest.raises(InvpriorError, match="pictures are not read from standard input"):
        read("-")


def test_names_that_the_file_system_refuses(tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir()
    Image.fromarray(RGB).save(shut / "a.png")
    for name, message in {
        "n" * 300 + ".png": "File name too long",
        "a\0.png": "holds a null character",
        "\ud800.png": "holds characters that no file name can hold",
        "a.png/b.png": "(does not exist|Not a directory)",
    }.items():
        with pytest.raises(InvpriorError, match=message):
            read(tmp_path / name)
    shut.chmod(0)
    try:
        if not os.access(shut, os.X_OK):
            with pytest.raises(InvpriorError, match=r"cannot read .*a.png: Permission denied"):
                read(shut / "a.png")
            with pytest.raises(InvpriorError, match="cannot write"):
                write(shut / "b.png", Picture(torch.zeros(1, 4, 4), None, "uchar", 0.0, 255.0, None))
    finally:
        shut.chmod(0o755)


def test_names_in_any_bytes_and_with_brackets(tmp_path: Path) -> None:
    for name in ("a[1].png", "b.png[page=1]", "写真.png", os.fsdecode(b"\xff\xfe.png"), "a:b.png", " .png"):
        path = tmp_path / name
        path.write_bytes(b"")
        Image.fromarray(RGB).save(path, format="png")
        picture = read(path)
        assert picture.x.shape == (3, 12, 10)
        if path.suffix == ".png":
            write(path, picture)
            assert torch.equal(read(path).x, picture.x)
    folder = tmp_path / os.fsdecode(b"\xff")
    folder.mkdir()
    write(folder / "a.tif", picture)
    assert torch.equal(read(folder / "a.tif").x, picture.x)


def of(**changes: Any) -> Picture:
    given: dict[str, Any] = {"x": torch.zeros(3, 4, 4), "alpha": None, "format": "uchar", "low": 0.0, "high": 255.0}
    return Picture(**({"source": None} | given | changes))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: ANY.read(3), "a path is text or a pathlib.Path, got int"),
        (lambda p: ANY.read(None), "a path is text or a pathlib.Path, got NoneType"),
        (lambda p: ANY.read_mask([p]), "a path is text or a pathlib.Path, got list"),
        (lambda p: ANY.read_psf(2.5), "a path is text or a pathlib.Path, got float"),
        (lambda p: ANY.write(3, of()), "a path is text or a pathlib.Path, got int"),
        (lambda p: ANY.write(p, of().x), "got Tensor"),
        (lambda p: ANY.write(p, of(x=np.zeros((3, 4, 4)))), "the pixels of a picture are a tensor, got ndarray"),
        (lambda p: ANY.write(p, of(x=torch.zeros(4, 4))), r"have shape \(channels, height, width\), got \(4, 4\)"),
        (lambda p: ANY.write(p, of(x=torch.zeros(3, 0, 4))), r"got \(3, 0, 4\)"),
        (
            lambda p: ANY.write(p, of(x=torch.zeros(3, 4, 4, dtype=torch.int64))),
            "are floats in .0, 1., got torch.int64",
        ),
        (lambda p: ANY.write(p, of(x=torch.zeros(3, 4, 4, dtype=torch.cfloat))), "got torch.complex64"),
        (lambda p: ANY.write(p, of(x=torch.full((3, 4, 4), torch.nan))), "hold NaN or infinite values"),
        (lambda p: ANY.write(p, of(alpha=torch.zeros(1, 5, 4))), r"alpha channel .* \(1, 4, 4\), got \(1, 5, 4\)"),
        (lambda p: ANY.write(p, of(format=7)), "the format of a picture is one of char, .*, got 7"),
        (lambda p: ANY.write(p, of(low=1.0, high=1.0)), "low < high"),
        (lambda p: ANY.write(p, of(high="x")), "low < high"),
        (lambda p: ANY.write(p, of(zoom=0)), "the zoom of a picture is a positive number, got 0"),
        (
            lambda p: ANY.write(p, of(source="a.png")),
            "the source of a picture is that of one that was read, .* got str",
        ),
    ],
)
def test_wrong_arguments_are_named(tmp_path: Path, call: Callable[[Any], object], message: str) -> None:
    with pytest.raises(InvpriorError, match=message):
        call(tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def _in_child(paths: list[Path], told: Any) -> None:
    try:
        told.put([float(read(path).x.sum()) for path in paths])
        write(paths[0].with_name("child.png"), read(paths[0]))
        told.put("written")
    except InvpriorError as error:
        told.put(str(error))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_reads_and_does_not_wait_for_threads_that_it_lacks(tmp_path: Path) -> None:
    paths = [tmp_path / f"a.{suffix}" for suffix in ("png", "jpg", "tif")]
    for path in paths:
        Image.fromarray(np.tile(RGB, (30, 30, 1))).save(path)
    sums = [float(read(path).x.sum()) for path in paths]
    write(tmp_path / "b.png", read(paths[0]))  # starts the threads of libvips
    context = multiprocessing.get_context("fork")
    told = context.Queue()
    child = context.Process(target=_in_child, args=(paths, told))
    child.start()
    try:
        assert told.get(timeout=60) == sums
        assert "this process was forked from one that had written pictures" in told.get(timeout=60)
        child.join(60)
        assert child.exitcode == 0
    finally:
        child.kill()


@pytest.mark.parametrize(("kind", "offset"), [("float32", 1e6), ("float64", 1e9), ("int32", 2**30), ("int64", 2**40)])
def test_what_lies_on_a_large_pedestal_is_not_lost(tmp_path: Path, kind: str, offset: float) -> None:
    values = (offset + 1000 * np.random.default_rng(0).random((40, 40))).astype(kind)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack")
    picture = read(tmp_path / "a.tif")
    assert float(picture.x.std()) > 0.25
    write(tmp_path / "b.tif", picture)
    step = float(np.spacing(np.float32(offset)))
    assert np.abs(tifffile.imread(tmp_path / "b.tif").astype(float) - values).max() <= max(step, 1e-3)
