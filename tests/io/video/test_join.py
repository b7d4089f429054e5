"""Writing films: what came with the pictures goes back with them, and a failure leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from invprior import InvpriorError
from invprior.io.video import Clip, Reader, check_coding, encode, join, read_clip, resized
from tests.films import audio_packets, make_film, moving

FILM = moving()


def copy(clip: Clip, target: Path, size: int = 5, done: int | None = None) -> Clip:
    """Write the frames of a film in pieces of ``size``, the first ``done`` of them."""
    coding = check_coding(target, clip)
    count = len(clip) if done is None else done
    pieces = []
    with Reader(clip) as reader:
        for start in range(0, count, size):
            pieces.append(target.parent / f"piece-{start}.mkv")
            encode(pieces[-1], reader.read(start, min(start + size, count)), clip, coding)
    assert join(target, pieces, clip) == count
    return read_clip(target)


def seconds(clip: Clip) -> list[float]:
    return [float((t - clip.times[0]) * clip.time_base) for t in (*clip.times, clip.end)]


def pixels(clip: Clip) -> torch.Tensor:
    with Reader(clip) as reader:
        return reader.read(0, len(clip))


@pytest.mark.parametrize(
    ("source", "target", "codec", "pixel", "audio"),
    [
        ("a.mp4", "b.mp4", "libx264", "yuv420p", "aac"),
        ("a.mkv", "b.mkv", "ffv1", "yuv444p", "flac"),
        ("a.webm", "b.webm", "libvpx-vp9", "yuv420p", "libopus"),
        ("a.mov", "b.mkv", "libx265", "yuv420p10le", "aac"),
    ],
)
def test_times_colours_and_audio_come_through(
    tmp_path: Path, source: str, target: str, codec: str, pixel: str, audio: str
) -> None:
    times = [0, 40, 70, 200, 210, 300, 340, 380, 420, 460, 500, 540]
    before = read_clip(make_film(tmp_path / source, FILM, codec, pixel, times=times, audio=audio))
    after = copy(before, tmp_path / target)
    assert seconds(after) == pytest.approx(seconds(before), abs=0.0011)  # Matroska counts milliseconds
    assert (after.colour, after.format, after.shape) == (before.colour, before.format, before.shape)
    assert (pixels(after) - pixels(before)).abs().mean() < 0.01
    old, new = audio_packets(before.path), audio_packets(after.path)
    assert [data for _, data in new] == [data for _, data in old]
    lag = {new[k][0] - old[k][0] - round(1000 * (after.times[0] * after.time_base)) for k in range(len(old))}
    assert lag <= {-1, 0, 1}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_turn_comes_through(tmp_path: Path, suffix: str) -> None:
    before = read_clip(make_film(tmp_path / "a.mp4", FILM[:4], "libx264", turn=90))
    after = copy(before, tmp_path / f"b{suffix}")
    assert (after.turn, after.shape) == (before.turn, before.shape) == (1, (3, 64, 48))
    assert (pixels(after) - pixels(before)).abs().mean() < 0.01


def test_the_shape_of_a_pixel_comes_through(tmp_path: Path) -> None:
    from dataclasses import replace
    from fractions import Fraction

    clip = replace(read_clip(make_film(tmp_path / "a.mkv", FILM[:4])), aspect=Fraction(4, 3))
    assert copy(clip, tmp_path / "b.mp4").aspect == Fraction(4, 3)


def test_a_part_begins_at_zero_with_its_own_audio(tmp_path: Path) -> None:
    source = make_film(tmp_path / "a.mp4", moving(25), "libx264", "yuv420p", audio="aac")
    after = copy(read_clip(source, (10, 20)), tmp_path / "b.mp4")
    assert seconds(after) == pytest.approx([0.04 * n for n in range(11)])
    old, new = dict(audio_packets(source)), dict(audio_packets(tmp_path / "b.mp4"))
    assert 0 <= min(new) < 25
    assert max(new) < 400
    assert all(any(old.get(t + 400 + d) == data for d in (-1, 0, 1)) for t, data in new.items())


def test_what_is_finished_is_a_film(tmp_path: Path) -> None:
    source = make_film(tmp_path / "a.mp4", moving(25), "libx264", "yuv420p", audio="aac")
    after = copy(read_clip(source), tmp_path / "b.mp4", done=10)
    assert len(after) == 10
    assert max(t for t, _ in audio_packets(tmp_path / "b.mp4")) < 400


def test_the_same_pieces_make_the_same_film(tmp_path: Path) -> None:
    clip = read_clip(make_film(tmp_path / "a.mkv", FILM))
    for name in ("b.mp4", "c.mp4"):
        copy(clip, tmp_path / name)
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "c.mp4").read_bytes()


@pytest.mark.parametrize(("pixel", "size"), [("yuv420p", (48, 64)), ("yuv444p", (47, 63)), ("yuv422p", (47, 64))])
def test_odd_sizes_are_padded_where_the_chroma_needs_it(tmp_path: Path, pixel: str, size: tuple[int, int]) -> None:
    film = FILM[:2, :, :47, :63]
    clip = read_clip(make_film(tmp_path / "a.mkv", film, "ffv1", pixel))
    coding = check_coding(tmp_path / "b.mp4", clip)
    assert coding.format == pixel
    after = copy(clip, tmp_path / "b.mp4")
    assert after.shape == (3, *size)
    assert coding.padding(47, 63) == (size[0] - 47, size[1] - 63)
    assert (pixels(after)[..., :47, :63] - film).abs().mean() < 0.02


def test_larger_pictures_in_the_same_film(tmp_path: Path) -> None:
    clip = resized(read_clip(make_film(tmp_path / "a.mkv", FILM[:3])), 2)
    coding = check_coding(tmp_path / "b.mp4", clip)
    encode(tmp_path / "piece.mkv", FILM[:3].repeat_interleave(2, -1).repeat_interleave(2, -2), clip, coding)
    join(tmp_path / "b.mp4", [tmp_path / "piece.mkv"], clip)
    assert read_clip(tmp_path / "b.mp4").shape == (3, 96, 128)


@pytest.mark.parametrize(
    ("target", "codec", "message"),
    [
        ("b.gif", None, "must end in one of .mp4"),
        ("b.mp4", "nothing", "this build of FFmpeg has no encoder 'nothing'; leave the codec out for libx264"),
        ("b.mp4", "aac", "aac encodes audio, not pictures"),
        ("b.webm", "libx264", "a .webm file cannot hold libx264; leave the codec out for libvpx-vp9"),
        ("b.webm", None, "cannot hold the flac audio of .*; take .mkv"),
        ("b.mkv", "rv20", "rv20 cannot encode 62×46 .*; take another codec, such as libx264"),
    ],
)
def test_what_cannot_be_written_is_said_before_any_work(
    tmp_path: Path, target: str, codec: str | None, message: str
) -> None:
    clip = read_clip(make_film(tmp_path / "a.mkv", FILM[:3, :, :46, :62], audio="flac"))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InvpriorError, match=message):
        check_coding(tmp_path / target, clip, codec)
    assert sorted(tmp_path.iterdir()) == before


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    clip = read_clip(make_film(tmp_path / "a.mkv", FILM[:3]))
    target, bad = tmp_path / "b.mp4", tmp_path / "bad.mkv"
    target.write_text("before")
    bad.write_text("no film")
    with pytest.raises(InvpriorError, match="cannot write"):
        join(target, [bad], clip)
    assert target.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 3
