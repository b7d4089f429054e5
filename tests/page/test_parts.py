"""What the page is made of, without a server: names, forms, commands, tiles, pages to share."""

from __future__ import annotations

import asyncio
import io
import json
import re
import struct
import zlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import invprior.page.store as stores
from invprior.cli.asking import CommandLine
from invprior.errors import InvpriorError
from invprior.io import read
from invprior.page.commands import Choice, Files
from invprior.page.form import Form
from invprior.page.job import Desk
from invprior.page.layers import SIDE, Layers, displayed
from invprior.page.share import before_and_after
from invprior.page.store import Store, Upload, plain
from invprior.page.work import Work
from tests.helpers import photograph

X = np.rint(photograph(size=64).numpy() * 255).astype(np.uint8).transpose(1, 2, 0)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["picture", "task", "prior"]), inner),
    max_leaves=8,
)


async def _sent(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


def add(store: Store, data: bytes, name: str = "cat.png", kind: str = "picture") -> Upload:
    return asyncio.run(store.add(name, kind, _sent(data)))


def encoded(x: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(x).save(file, kind)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels, and holds none."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    data = b"IDAT" + zlib.compress(b"")
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


@given(st.text())
def test_a_name_holds_nothing_that_a_path_is_made_of(name: str) -> None:
    found = plain(name)
    assert re.fullmatch(r"[\w-]{1,60}", found)
    assert not set(found) & set("/\\.\0")


@given(JSON)
def test_a_form_is_read_or_refused_in_a_sentence(value: object) -> None:
    with suppress(InvpriorError):
        Form.read(value)


def test_a_form_knows_its_fields() -> None:
    assert Form.read({"picture": "a", "task": "denoise", "strength": 1}).strength == 1
    for wrong in (
        {"picture": "a"},
        {"picture": "a", "task": "delete"},
        {"picture": "a", "task": "denoise", "output": "/etc/passwd"},
        {"picture": "a", "task": "denoise", "seed": True},
        {"picture": "a", "task": "denoise", "seed": "-1"},
        {"picture": "a", "task": "denoise", "iterations": "0"},
        {"picture": "a", "task": "denoise", "iterations": "1.5"},
        {"picture": "a", "task": "denoise", "iterations": "²"},
        {"picture": "a", "task": "denoise", "tile": "8"},
        {"picture": "a", "task": "denoise", "strength": 2},
        {"picture": "a", "task": "denoise", "strength": float("nan")},
        {"picture": "a", "task": "denoise", "prior": "tv\n--overwrite"},
        {"picture": "a", "task": "denoise", "format": ".exe"},
    ):
        with pytest.raises(InvpriorError):
            Form.read(wrong)


def test_no_value_becomes_an_option() -> None:
    form = Form(picture="a", task="inpaint", prior="--overwrite", sigma="-o", weight="--quiet")
    words = CommandLine().typed(form, Files(Path("/f/p.png"), Path("/f/o.png"), Path("/f/m.png"), None, None))
    assert words == [
        *("invprior", "inpaint", "/f/p.png", "--mask", "/f/m.png", "-o", "/f/o.png", "--prior=--overwrite"),
        *("--sigma=-o", "--weight=--quiet", "--no-invert-mask"),
    ]


@pytest.mark.parametrize(("task", "said"), [("inpaint", "mark the holes"), ("deblur", "bright"), ("flash", "flash")])
def test_what_a_task_lacks_is_said(task: str, said: str) -> None:
    with pytest.raises(InvpriorError, match=said):
        CommandLine().typed(Form(picture="a", task=task), Files(Path("p.png"), Path("o.png"), None, None, None))


def test_a_result_written_once_more_has_its_own_strength_and_depth() -> None:
    line = CommandLine()
    form = Form(picture="a", task="denoise", prior="tv", strength=0.5, iterations="9", depth="8", error_map=True)
    typed = line.typed(form, Files(Path("/f/p.png"), Path("/f/o.png"), None, None, None))
    words = line.exported(typed, Choice("16", 0.25), Path("/f/o.tif"), Path("/f/c"))
    joined = " ".join(words)
    assert "/f/o.png" not in joined
    assert [joined.count(option) for option in ("--strength", "--depth", "--iterations", "--error-map")] == [1, 1, 1, 0]
    assert "--strength=0.25" in words
    assert "-o /f/o.tif" in joined


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no PNG"),
        (b"GIF89a" + bytes(100), "is no PNG"),
        (bomb(100_000, 100_000), "has 100000×100000 pixels"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "not a picture"),
    ],
    ids=["nothing", "a GIF", "a bomb", "a head alone"],
)
def test_what_is_no_picture_is_refused_and_nothing_is_kept(data: bytes, said: str, tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(InvpriorError, match=said) as error:
        add(store, data)
    assert str(tmp_path) not in str(error.value)
    assert list((store.hidden / "pictures").iterdir()) == []
    assert store.uploads == []


def test_a_file_that_is_too_large_is_refused_while_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "BYTES", 2000)
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(500)

    with pytest.raises(InvpriorError, match="this page takes"):
        asyncio.run(Store(tmp_path).add("x.png", "picture", endless()))
    assert taken == 5


def test_a_name_that_climbs_stays_inside(tmp_path: Path) -> None:
    store = Store(tmp_path / "in")
    upload = add(store, encoded(X), "../../../etc/passwd")
    assert store.path(upload).resolve().is_relative_to((tmp_path / "in").resolve())
    assert upload.name == "passwd"
    assert store.target("cat", ".png", set()) == tmp_path / "in" / "cat.png"


def test_uploads_are_found_again(tmp_path: Path) -> None:
    first = add(Store(tmp_path), encoded(X), "größe mit.leer zeichen.png")
    again = Store(tmp_path)
    assert again.uploads == [first]
    assert again.path(first).read_bytes() == encoded(X)
    again.remove(first.id)
    assert Store(tmp_path).uploads == []


def assembled(layers: Layers, key: str, source: Path) -> np.ndarray:
    """The picture of the last level, put together from its tiles."""
    layer = layers.layer(key, source)
    whole = np.zeros((layer.height, layer.width, 3), np.uint8)
    for row in range(-(-layer.height // SIDE)):
        for column in range(-(-layer.width // SIDE)):
            path = layers.tile(key, layer.levels - 1, column, row)
            assert path is not None
            with Image.open(path) as tile:
                values = np.asarray(tile.convert("RGB"))
            whole[row * SIDE : row * SIDE + len(values), column * SIDE : column * SIDE + values.shape[1]] = values
    return whole


def test_tiles_are_the_pixels_of_the_picture(tmp_path: Path) -> None:
    large = np.random.default_rng(0).integers(0, 256, (700, 1300, 3), dtype=np.uint8)
    Image.fromarray(large).save(tmp_path / "large.png")
    layers = Layers(tmp_path / "tiles")
    (tmp_path / "tiles").mkdir()
    assert np.array_equal(assembled(layers, "large", tmp_path / "large.png"), large)
    layer = layers.layer("large", tmp_path / "large.png")
    assert (layer.width, layer.height, layer.levels) == (1300, 700, 3)
    assert layers.tile("large", 0, 0, 0) is not None
    assert layers.tile("large", 0, 1, 0) is None
    assert layers.tile("large", 7, 0, 0) is None


def test_the_screen_shows_16_bits_floats_gray_and_turned_pictures(tmp_path: Path) -> None:
    import tifffile

    gray = X[..., 0]
    tifffile.imwrite(tmp_path / "deep.tif", gray.astype(np.uint16) * 257)
    tifffile.imwrite(tmp_path / "float.tif", gray.astype(np.float32) / 255)
    turned = Image.fromarray(X[:32])
    exif = turned.getexif()
    exif[274] = 6
    turned.save(tmp_path / "turned.png", exif=exif)
    for name in ("deep.tif", "float.tif"):
        assert np.abs(displayed(tmp_path / name).numpy().reshape(64, 64, -1)[..., 0].astype(int) - gray).max() <= 1
    seen = displayed(tmp_path / "turned.png").numpy()
    assert np.array_equal(
        seen, (read(tmp_path / "turned.png").x.numpy() * 255).round().astype(np.uint8).transpose(1, 2, 0)
    )


def test_a_damaged_picture_is_a_sentence_when_it_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "half.png").write_bytes(encoded(X)[:4000])
    (tmp_path / "tiles").mkdir()
    with pytest.raises(InvpriorError, match="cannot be shown"):
        Layers(tmp_path / "tiles").layer("half", tmp_path / "half.png")


def test_a_page_to_share_is_one_file_that_needs_nothing(tmp_path: Path) -> None:
    Image.fromarray(X).save(tmp_path / "before.png")
    Image.fromarray(255 - X).save(tmp_path / "after.png")
    text = before_and_after(
        tmp_path / "before.png", tmp_path / "after.png", ["invprior", "denoise", "/home/me/</b>.png"]
    )
    assert text.count("data:image/jpeg;base64,") == 2
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert "/home/me" not in text
    assert "</b>.png" not in text
    assert "import " not in text.split("<script")[1].split("// The viewer")[0]


def test_a_journal_that_is_being_written_is_read_up_to_its_last_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.journal() == []
    assert desk.outcome() == "failed"
    (tmp_path / "moments").mkdir()
    (tmp_path / "moments" / "journal.jsonl").write_text(json.dumps({"iteration": 1}) + '\n{"iterat')
    assert desk.last() == {"iteration": 1}
    (tmp_path / "moments" / "0000001.50-12.jpg").touch()
    (tmp_path / "moments" / ".invprior-x-1-abc.jpg").touch()
    assert desk.moments() == [{"name": "0000001.50-12.jpg", "seconds": 1.5, "iteration": 12}]
    (tmp_path / "checkpoint").touch()
    assert desk.outcome() == "stopped"


def test_jobs_come_and_go_in_threads_while_the_queue_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    work = Work(store, CommandLine())
    monkeypatch.setattr(Work, "_start", lambda self, job: None)
    form = Form(picture=add(store, encoded(X)).id, task="denoise")

    def comes_and_goes(number: int) -> None:
        job = work.add(form)
        work.everything()
        work.remove(job.id)

    def watches(number: int) -> None:
        work.tick()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(act, n) for n in range(60) for act in (comes_and_goes, watches)]:
            done.result()
    assert work.jobs == []
    assert list((store.hidden / "jobs").iterdir()) == []
