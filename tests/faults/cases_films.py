"""Films that are broken, empty or no films, and their masks."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.faults.case import REFUSED, RESULT, Case, File, typed
from tests.faults.files import EMPTY, NOISE, PICTURE, TEXT, cut, fifo, flipped, folder, link, picture, rights

RUN = "--prior tv:0.05 --iterations 2"


@cache
def _encoded(frames: int, width: int, height: int, suffix: str, audio: bool) -> bytes:
    """A film of moving noise. Encoded in another process, since threads of a decoder do not outlive a fork."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / f"film.{suffix}"
        words = [sys.executable, "-c", ENCODE, str(path), str(frames), str(width), str(height), str(int(audio))]
        subprocess.run(words, check=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})
        return path.read_bytes()


ENCODE = """
import sys
from pathlib import Path
from tests.films import make_film, moving
path, frames, width, height, audio = sys.argv[1:]
codec = "ffv1" if path.endswith("mkv") else "libx264"
pixel = "yuv444p" if path.endswith("mkv") else "yuv420p"
make_film(Path(path), moving(int(frames), int(height), int(width)), codec, pixel, audio="aac" if int(audio) else None)
"""


def film(frames: int = 3, width: int = 16, height: int = 16, suffix: str = "mkv", audio: bool = False) -> File:
    """A sound film."""
    what = f"a film of {frames} frames of {width}x{height} ({suffix})"
    return File(what, lambda path: path.write_bytes(_encoded(frames, width, height, suffix, audio)))


def sound_only() -> File:
    """A film that holds audio and no pictures."""

    def make(path: Path) -> None:
        import av
        import numpy as np

        with av.open(str(path), "w") as out:
            stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
            frame.sample_rate = 8000
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))

    return File("a film with audio only", make)


FILM = film()
OUTPUTS = ("o.*",)


def restored(
    name: str,
    source: str,
    file: File,
    allowed: tuple[str, ...] = (RESULT, REFUSED),
    out: str = "o.mkv",
    options: str = "",
    slow: bool = True,
) -> Case:
    """``video`` of one file."""
    words = ("video", source, "-o", out, *typed(f"{RUN} {options}"))
    return Case(name, words, {source: file, "m.png": PICTURE}, allowed, outputs=OUTPUTS, slow=slow)


CASES = [
    restored("a sound film", "v.mkv", FILM, (RESULT,)),
    *(
        restored(f"a film cut at {share:.0%}, {suffix}", f"v.{suffix}", cut(film(8, 16, 16, suffix), share), (REFUSED,))
        for suffix in ("mkv", "mp4")
        for share in (0.02, 0.3, 0.6, 0.9)
    ),
    *(restored(f"a film with flipped bytes, seed {seed}", "v.mkv", flipped(film(8), seed)) for seed in range(3)),
    *(
        restored(f"{what} as a film", "v.mkv", file, (REFUSED,), slow=what != "nothing")
        for what, file in (
            ("nothing", EMPTY),
            ("random bytes", NOISE),
            ("a text", TEXT),
            ("audio only", sound_only()),
            ("a folder", folder()),
            ("a broken link", link("x.mkv")),
        )
    ),
    restored("a pipe as a film", "v.mkv", fifo(), (REFUSED,)),
    restored("a film without permission", "v.mkv", rights(FILM, 0), (REFUSED,)),
    restored("a picture as a film", "v.png", PICTURE),
    restored("a film of one frame", "v.mkv", film(1), (RESULT,)),
    restored("a film of 2x2", "v.mkv", film(2, 2, 2)),
    restored("a film of odd size to mp4", "v.mkv", film(2, 15, 13), out="o.mp4"),
    restored("a film to gif", "v.mkv", FILM, out="o.gif"),
    restored("a film to a picture", "v.mkv", FILM, (REFUSED,), out="o.png"),
    restored("a film to no suffix", "v.mkv", FILM, (REFUSED,), out="o"),
    restored("a film with a colon in its name", "2024-01-01T12:30.mkv", FILM, (RESULT,)),
    restored("a film named like a protocol", "concat:v.mkv", FILM, (RESULT,)),
    restored("a film with a byte that is not UTF-8", "v\udcff.mkv", FILM, (RESULT,)),
    restored("a film with a percent in its name", "v%03d.mkv", FILM, (RESULT,)),
    restored("a film with rich markup", "v[/b].mkv", FILM, (RESULT,)),
    restored("a film of 250 letters", "n" * 246 + ".mkv", FILM, (RESULT,)),
    *(
        Case(
            f"a film's OUT with {what}",
            ("video", "v.mkv", "-o", name, *typed(RUN)),
            {"v.mkv": FILM},
            (RESULT, REFUSED),
            outputs=(name,),
        )
        for what, name in (
            ("a byte that is not UTF-8", "o\udcff.mkv"),
            ("250 letters", "n" * 246 + ".mkv"),
            ("a percent", "o%d.mkv"),
            ("a colon", "a:b.mkv"),
            ("a protocol", "udp:o.mkv"),
        )
    ),
    Case("no film", typed(f"video v.mkv -o o.mkv {RUN}"), {}, (REFUSED,)),
    Case("a URL as a film", typed(f"video http://127.0.0.1:9/v.mkv -o o.mkv {RUN}"), {}, (REFUSED,)),
    Case(
        "a mask of another size than the film",
        typed(f"video v.mkv -o o.mkv --task inpaint --mask m.png {RUN}"),
        {"v.mkv": FILM, "m.png": picture(8, 8)},
        (REFUSED,),
    ),
    Case(
        "a mask film with too few frames",
        typed(f"video v.mkv -o o.mkv --task inpaint --mask m.mkv {RUN}"),
        {"v.mkv": FILM, "m.mkv": film(1)},
        (REFUSED,),
    ),
    Case(
        "a mask film that is cut",
        typed(f"video v.mkv -o o.mkv --task inpaint --mask m.mkv {RUN}"),
        {"v.mkv": FILM, "m.mkv": cut(film(3), 0.6)},
        (REFUSED,),
    ),
    Case(
        "a PSF larger than the film",
        typed(f"video v.mkv -o o.mkv --task deblur --psf k.png {RUN}"),
        {"v.mkv": FILM, "k.png": picture(31, 31)},
        (RESULT, REFUSED),
        outputs=OUTPUTS,
    ),
]
