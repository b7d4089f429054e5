"""Reading films: when frames are shown, their colours, their turn, and one sentence for what cannot be read."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
import torch

from invprior import InvpriorError
from invprior.io.video import Reader, read_clip
from tests.films import make_film, moving

FILM = moving()


def frames(path: Path, start: int = 0, stop: int | None = None) -> torch.Tensor:
    clip = read_clip(path)
    with Reader(clip) as reader:
        return reader.read(start, len(clip) if stop is None else stop)


@pytest.mark.parametrize("tags", [True, False])
def test_colours_come_out_as_they_went_in(tmp_path: Path, tags: bool) -> None:
    path = make_film(tmp_path / "a.mkv", FILM[:3], tags=tags)
    assert (frames(path) - FILM[:3]).abs().max() < 2.5 / 255
    assert (read_clip(path).colour.space == 1) is tags


def test_a_variable_rate(tmp_path: Path) -> None:
    times = [0, 40, 70, 200, 210, 500]
    clip = read_clip(make_film(tmp_path / "a.mkv", FILM[:6], times=times))
    assert [1000 * t * clip.time_base for t in clip.times] == times
    assert [d * clip.time_base * 1000 for d in clip.durations[:-1]] == [40, 30, 130, 10, 290]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_frames_are_upright(tmp_path: Path, turn: int) -> None:
    path = make_film(tmp_path / "a.mp4", FILM[:2], "libx264", turn=turn)
    shown = torch.rot90(FILM[:2], turn // 90, (-2, -1))
    assert read_clip(path).shape == tuple(shown.shape[1:])
    assert (frames(path) - shown).abs().mean() < 0.02


def test_windows_overlap_and_hold_no_more_than_asked_for(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", FILM)
    whole = frames(path)
    with Reader(read_clip(path)) as reader:
        for start, stop in ((0, 4), (2, 7), (9, 11)):
            assert torch.equal(reader.read(start, stop), whole[start:stop])
            assert len(reader._held) == stop - start


def test_a_part(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", FILM)
    clip = read_clip(path, (3, 7))
    assert (len(clip), clip.first, clip.times[0]) == (4, 3, 120)
    with Reader(clip) as reader:
        assert torch.equal(reader.read(1, 3), frames(path)[4:6])


def broken(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return path


def test_a_file_that_breaks_off_says_after_which_frame(tmp_path: Path) -> None:
    noise = torch.rand(40, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    for name, codec, pixel in (("a.mkv", "ffv1", "yuv444p"), ("a.avi", "mpeg4", "yuv420p")):
        path = broken(make_film(tmp_path / name, noise, codec, pixel), 0.6)
        with pytest.raises(InvpriorError, match=r"breaks off after \d+ frames; take the frames 0:\d+") as error:
            read_clip(path)
        n = int(str(error.value).rsplit(":", 1)[1].split()[0])
        assert 5 < n < 38
        assert len(read_clip(path, (0, n))) == n  # the remedy works
    with pytest.raises(InvpriorError, match="is not a film that can be read"):
        read_clip(broken(make_film(tmp_path / "a.mp4", noise, "libx264", "yuv420p"), 0.6))


def test_one_sentence_for_what_is_no_film(tmp_path: Path) -> None:
    text = tmp_path / "a.mp4"
    text.write_text("not a film")
    sound = tmp_path / "b.mkv"
    with av.open(str(sound), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=80)
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
    empty = tmp_path / "c.mkv"
    with av.open(str(empty), "w") as out:
        out.add_stream("ffv1", rate=25, width=64, height=48, pix_fmt="yuv420p")
        out.start_encoding()
    for path, message in (
        (text, "is not a film that can be read"),
        (tmp_path / "none.mp4", "does not exist"),
        (tmp_path, "is a folder"),
        (sound, "holds no pictures, only audio"),
        (empty, "holds no frames"),
    ):
        with pytest.raises(InvpriorError, match=message):
            read_clip(path)
    film = make_film(tmp_path / "d.mkv", FILM[:5])
    with pytest.raises(InvpriorError, match="holds 5 frames, and none from number 7 on"):
        read_clip(film, (7, None))


def test_a_change_of_size_is_said(tmp_path: Path) -> None:
    parts = (FILM[:2], FILM[:2, :, :32, :32])
    pieces = [make_film(tmp_path / f"{n}.mjpeg", x, "mjpeg", "yuvj420p") for n, x in enumerate(parts)]
    both = tmp_path / "both.mjpeg"
    both.write_bytes(b"".join(p.read_bytes() for p in pieces))
    with pytest.raises(InvpriorError, match=r"changes from yuvj420p \(64, 48\) to .* \(32, 32\) at frame 2; cut it"):
        read_clip(both)
    assert len(read_clip(both, (0, 2))) == 2
    assert read_clip(both, (0, 2)).durations == (48000, 48000)  # no times in the file: 25 frames a second
