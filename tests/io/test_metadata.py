"""What came with a picture goes out with it, as other readers see it: Pillow and tifffile."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image, PngImagePlugin

from invprior.io import Picture, read, write
from invprior.io.written import left_out

RGB = np.random.default_rng(0).integers(0, 255, (12, 10, 3), np.uint8)
DEEP = np.random.default_rng(0).integers(0, 65535, (12, 10), np.uint16)
MICRONS = (1 / 0.103, 1 / 0.103)
# How the pixels are stored, which is the writer's business.
STORED = {
    *("ImageWidth", "ImageLength", "StripOffsets", "StripByteCounts", "RowsPerStrip", "PlanarConfiguration"),
    *("SampleFormat", "Compression", "Predictor", "TileWidth", "TileLength", "TileOffsets", "TileByteCounts"),
}


def enlarged(picture: Picture, factor: int = 2) -> Picture:
    x = picture.x.repeat_interleave(factor, 1).repeat_interleave(factor, 2)
    return picture.with_pixels(x, None, float(factor))


def tags(path: Path) -> dict[str, Any]:
    with tifffile.TiffFile(path) as tiff:
        return {tag.name: tag.value for tag in tiff.pages.first.tags if tag.name not in STORED}


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_tags_of_imagej_come_back_as_they_were(tmp_path: Path, order: Any) -> None:
    extra = [(65000, "s", 0, "kept", True), (65001, "d", 2, (0.1, 0.2), True), (65002, "q", 1, 7, True)]
    tifffile.imwrite(
        tmp_path / "in.tif",
        DEEP,
        imagej=True,
        byteorder=order,
        resolution=MICRONS,
        metadata={"unit": "um", "Info": "notes"},
        extratags=extra if order == "<" else extra[:2],
    )
    picture = read(tmp_path / "in.tif")
    assert left_out(tmp_path / "out.tif", picture) == ()
    write(tmp_path / "out.tif", picture)
    given, got = tags(tmp_path / "in.tif"), tags(tmp_path / "out.tif")
    assert given == got
    assert (got["XResolution"], got["ResolutionUnit"]) == ((1000, 103), 1)
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), DEEP)
    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert tiff.imagej_metadata is not None
        assert tiff.imagej_metadata["unit"] == "um"
    write(tmp_path / "large.tif", enlarged(picture))
    assert tags(tmp_path / "large.tif")["XResolution"] == (2000, 103)
    assert left_out(tmp_path / "large.tif", enlarged(picture)) == ("the overlays of ImageJ",)


def test_a_big_tiff_and_a_multi_band_one_keep_theirs(tmp_path: Path) -> None:
    bands = np.random.default_rng(0).integers(0, 255, (12, 10, 5), np.uint8)
    tifffile.imwrite(
        tmp_path / "in.tif",
        bands,
        bigtiff=True,
        photometric="minisblack",
        planarconfig="contig",
        software="microscope",
        resolution=(3, 3),
        resolutionunit="CENTIMETER",
        extratags=[(65002, "Q", 1, 7, True), (65003, "Q", 1, 2**40, True)],
    )
    picture = read(tmp_path / "in.tif")
    assert picture.x.shape[0] == 5
    write(tmp_path / "out.tif", picture)
    given, got = tags(tmp_path / "in.tif"), tags(tmp_path / "out.tif")
    assert given.pop("65003") == 2**40  # TIFF has no such numbers
    assert given == got
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), bands)


def ome(path: Path, values: np.ndarray[Any, Any] = RGB, **more: Any) -> Path:
    metadata = {"PhysicalSizeX": 0.103, "PhysicalSizeY": 0.2, "PhysicalSizeXUnit": "µm", **more}
    photometric: Any = "rgb" if values.ndim == 3 else "minisblack"
    tifffile.imwrite(path, values, ome=True, photometric=photometric, metadata=metadata)
    return path


def pixels(path: Path) -> dict[str, str]:
    with tifffile.TiffFile(path) as tiff:
        found = tiff.ome_metadata
    assert found is not None
    parsed: dict[str, Any] = tifffile.xml2dict(found)
    return {k: str(v) for k, v in parsed["OME"]["Image"]["Pixels"].items()}


def test_ome_xml_stays_true(tmp_path: Path) -> None:
    picture = read(ome(tmp_path / "in.ome.tif"))
    write(tmp_path / "out.ome.tif", picture)
    given, got = pixels(tmp_path / "in.ome.tif"), pixels(tmp_path / "out.ome.tif")
    assert {k: v for k, v in given.items() if k != "TiffData"} == {k: v for k, v in got.items() if k != "TiffData"}
    write(tmp_path / "large.ome.tif", enlarged(picture))
    got = pixels(tmp_path / "large.ome.tif")
    assert (got["SizeX"], got["SizeY"], got["SizeC"], got["Type"]) == ("20", "24", "3", "uint8")
    assert (got["PhysicalSizeX"], got["PhysicalSizeY"], got["PhysicalSizeXUnit"]) == ("0.0515", "0.1", "µm")
    with tifffile.TiffFile(tmp_path / "large.ome.tif") as tiff:
        assert tiff.series[0].shape == (24, 20, 3)
        assert "UUID" not in (tiff.ome_metadata or "")  # that of another file
    write(tmp_path / "double.ome.tif", read(ome(tmp_path / "in64.ome.tif", RGB[:, :, 0] / 7)))
    assert pixels(tmp_path / "double.ome.tif")["Type"] == "float"


def test_ome_xml_of_a_set_is_dropped_and_that_is_said(tmp_path: Path) -> None:
    ome(tmp_path / "in.ome.tif")
    text = str(tags(tmp_path / "in.ome.tif")["ImageDescription"])
    for wrong in (text.replace('SizeZ="1"', 'SizeZ="7"'), text.replace("</OME>", ""), text.replace('"10"', '"11"')):
        tifffile.imwrite(tmp_path / "set.tif", RGB, photometric="rgb", description=wrong.encode(), metadata=None)
        picture = read(tmp_path / "set.tif")
        assert left_out(tmp_path / "out.tif", picture) == ("the OME-XML, which does not describe this one picture",)
        write(tmp_path / "out.tif", picture)
        assert "ImageDescription" not in tags(tmp_path / "out.tif")


def test_the_shape_that_tifffile_notes_is_that_of_the_picture(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "in.tif", RGB, photometric="rgb", metadata={"axes": "YXS", "note": "kept"})
    write(tmp_path / "out.tif", enlarged(read(tmp_path / "in.tif")))
    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert tiff.shaped_metadata == ({"shape": [24, 20, 3], "axes": "YXS", "note": "kept"},)


def test_places_on_earth_stay_where_they_are(tmp_path: Path) -> None:
    extra = [(33550, "d", 3, (10.0, 20.0, 0.0), True), (33922, "d", 6, (3.0, 4.0, 0.0, 500.0, 600.0, 0.0), True)]
    tifffile.imwrite(tmp_path / "in.tif", RGB, photometric="rgb", extratags=extra)
    write(tmp_path / "out.tif", enlarged(read(tmp_path / "in.tif")))
    got = tags(tmp_path / "out.tif")
    assert got["ModelPixelScaleTag"] == (5.0, 10.0, 0.0)
    assert got["ModelTiepointTag"] == (6.0, 8.0, 0.0, 500.0, 600.0, 0.0)


def exif() -> Image.Exif:
    found = Image.Exif()
    found[271], found[305] = "Maker", "program"
    found.get_ifd(34665).update({33434: 0.01, 37510: b"ASCII\0\0\0hi", 40962: 10, 40963: 12})
    found.get_ifd(34853).update({1: "N", 2: (1.0, 2.0, 3.5)})
    return found


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("to", ["png", "jpg", "tif"])
def test_exif_goes_into_every_format_with_its_sizes(tmp_path: Path, suffix: str, to: str) -> None:
    Image.fromarray(RGB).save(tmp_path / f"in.{suffix}", exif=exif(), dpi=(300, 300))
    for factor in (1, 2):
        picture = read(tmp_path / f"in.{suffix}")
        write(tmp_path / f"out.{to}", picture if factor == 1 else enlarged(picture))
        with Image.open(tmp_path / f"out.{to}") as out:
            found = out.getexif()
            assert (found[271], found[305]) == ("Maker", "program")
            below = found.get_ifd(34665)
            assert (below[40962], below[40963]) == (10 * factor, 12 * factor)
            assert float(below[33434]) == pytest.approx(0.01)
            assert below[37510].rstrip(b"\0") == b"ASCII\0\0\0hi"
            assert tuple(map(float, found.get_ifd(34853)[2])) == (1.0, 2.0, 3.5)
            assert float(out.info["dpi"][0]) == pytest.approx(300 * factor, abs=0.1)


def test_exif_of_a_tiff_goes_out_too(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "in.jpg", exif=exif())
    write(tmp_path / "in.tif", read(tmp_path / "in.jpg"))
    for suffix in ("tif", "png", "jpg"):
        picture = read(tmp_path / "in.tif")
        assert left_out(tmp_path / f"out.{suffix}", picture) == ()
        write(tmp_path / f"out.{suffix}", picture)
        with Image.open(tmp_path / f"out.{suffix}") as out:
            assert out.getexif()[271] == "Maker"
            assert float(out.getexif().get_ifd(34665)[33434]) == pytest.approx(0.01)


def text_png(path: Path) -> Path:
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "Tïtle")
    info.add_itxt("Author", "写真", "ja", "x")
    info.add_text("Long", "x" * 3000, zip=True)
    info.add(b"gAMA", struct.pack(">I", 45455))
    info.add(b"tIME", bytes(7))
    Image.fromarray(RGB).save(path, pnginfo=info, dpi=(300, 300))
    return path


def test_the_texts_of_a_png_go_out_as_they_came(tmp_path: Path) -> None:
    picture = read(text_png(tmp_path / "in.png"))
    write(tmp_path / "out.png", picture)
    with Image.open(tmp_path / "in.png") as given, Image.open(tmp_path / "out.png") as out:
        assert given.info == out.info
        assert out.info["Author"].lang == "ja"
        assert np.array_equal(np.asarray(out), RGB)
    assert left_out(tmp_path / "out.png", picture) == ()
    assert left_out(tmp_path / "out.jpg", picture) == (
        "the text 'Title'",
        "the text 'Author'",
        "the text 'Long'",
        "the chunk gAMA",
    )
    Image.fromarray(RGB).save(tmp_path / "bare.png")
    write(tmp_path / "out.png", read(tmp_path / "bare.png"))
    with Image.open(tmp_path / "out.png") as out:
        assert out.info == {}  # no resolution that nobody measured


def test_a_comment_of_a_jpeg_goes_out(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "in.jpg", comment="grüße".encode())
    picture = read(tmp_path / "in.jpg")
    write(tmp_path / "out.jpg", picture)
    with Image.open(tmp_path / "in.jpg") as given, Image.open(tmp_path / "out.jpg") as out:
        assert out.info["comment"] == "grüße".encode()
        assert out.info["jfif_unit"] == given.info["jfif_unit"] == 0
    assert left_out(tmp_path / "out.png", picture) == ("the comment of a JPEG",)


def test_what_only_tiff_holds_is_named(tmp_path: Path) -> None:
    picture = read(ome(tmp_path / "in.ome.tif"))
    for suffix in ("png", "jpg"):
        assert left_out(tmp_path / f"out.{suffix}", picture) == ("the OME-XML",)
        write(tmp_path / f"out.{suffix}", picture)
        with Image.open(tmp_path / f"out.{suffix}") as out:
            assert 270 not in out.getexif()
            assert out.info.get("jfif_unit", 0) == 0
            assert 282 not in out.getexif()
            assert suffix == "jpg" or "dpi" not in out.info
    tifffile.imwrite(tmp_path / "ij.tif", DEEP, imagej=True, resolution=MICRONS, extratags=[(65000, "s", 0, "x", True)])
    assert left_out(tmp_path / "out.png", read(tmp_path / "ij.tif")) == (
        "the description of ImageJ",
        "the resolution in a unit of its own",
        "the tag 65000",
    )


def test_a_damaged_directory_costs_the_tags_and_no_more(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "in.tif", RGB, photometric="rgb", description="x" * 100, metadata=None)
    data = bytearray((tmp_path / "in.tif").read_bytes())
    at = data.index(struct.pack("<HHI", 270, 2, 101))
    data[at + 8 : at + 12] = struct.pack("<I", 2**31)  # beyond the end
    (tmp_path / "cut.tif").write_bytes(data)
    picture = read(tmp_path / "cut.tif")
    write(tmp_path / "out.tif", picture)
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), RGB)
    assert torch.equal(picture.x, read(tmp_path / "in.tif").x)
