"""What a film holds besides its pictures: languages, titles, marks, chapters and tags come through or are named."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from invprior import InvpriorError
from invprior.io.video import Clip, Reader, check_coding, encode, join, left_out, read_clip
from tests.films import make_film, moving, rich_film


def copy(clip: Clip, target: Path) -> list[str]:
    """Write a clip again; return what was said to be lost."""
    coding = check_coding(target, clip)
    lost = left_out(target, clip, coding)
    with Reader(clip) as reader:
        encode(target.parent / "piece.mkv", reader.read(0, len(clip)), clip, coding)
    join(target, [target.parent / "piece.mkv"], clip)
    return lost


def inside(path: Path) -> dict[str, Any]:
    with av.open(str(path)) as file:
        return {
            "tags": {k.lower(): v for k, v in file.metadata.items()},
            "tracks": [
                (s.metadata.get("language"), s.metadata.get("title") or s.metadata.get("name"), s.disposition.name)
                for s in file.streams.audio
            ],
            "picture": file.streams.video[0].metadata.get("language"),
            "chapters": [
                (c["metadata"].get("title"), float(c["start"] * base), float(c["end"] * base))
                for c in file.chapters()
                if (base := c["time_base"]) is not None
            ],
        }


def test_everything_comes_through_matroska(tmp_path: Path) -> None:
    clip = read_clip(rich_film(tmp_path / "a.mkv"))
    assert copy(clip, tmp_path / "b.mkv") == []
    found = inside(tmp_path / "b.mkv")
    assert found["tracks"] == [("eng", "Speech", "default"), ("deu", "Remarks", "comment")]
    assert found["picture"] == "fra"
    assert found["chapters"] == [("one", 0.0, 0.4), ("two", 0.4, 1.0)]
    assert {k: found["tags"][k] for k in ("title", "creation_time", "shot")} == {
        "title": "A film",
        "creation_time": "2020-01-02T03:04:05.000000Z",
        "shot": "7",
    }


def test_an_mp4_names_what_it_cannot_hold(tmp_path: Path) -> None:
    clip = read_clip(rich_film(tmp_path / "a.mkv"))
    assert copy(clip, tmp_path / "b.mp4") == ["the tag SHOT"]
    found = inside(tmp_path / "b.mp4")
    assert [(language, title) for language, title, _ in found["tracks"]] == [("eng", "Speech"), ("deu", "Remarks")]
    assert "comment" in found["tracks"][1][2]
    assert found["chapters"] == [("one", 0.0, 0.4), ("two", 0.4, 1.0)]
    assert found["tags"]["title"] == "A film"


def test_titles_of_an_mp4_are_titles_of_a_matroska_file(tmp_path: Path) -> None:
    clip = read_clip(rich_film(tmp_path / "a.mp4", "aac"))
    assert copy(clip, tmp_path / "b.mkv") == []
    found = inside(tmp_path / "b.mkv")
    assert [(language, title) for language, title, _ in found["tracks"]] == [("eng", "Speech"), ("deu", "Remarks")]


def test_a_webm_loses_a_mark(tmp_path: Path) -> None:
    clip = read_clip(rich_film(tmp_path / "a.mkv", "libopus"))
    assert "the mark 'comment' of a track of audio" in copy(clip, tmp_path / "b.webm")


def test_chapters_of_a_part_are_cut_with_it(tmp_path: Path) -> None:
    clip = read_clip(rich_film(tmp_path / "a.mkv"), (5, 15))
    assert copy(clip, tmp_path / "b.mkv") == []
    assert inside(tmp_path / "b.mkv")["chapters"] == [("one", 0.0, 0.2), ("two", 0.2, 0.4)]


def subtitled(path: Path) -> Path:
    """A film with subtitles."""
    text = path.with_suffix(".srt")
    text.write_text("1\n00:00:00,100 --> 00:00:00,300\nHello\n\n2\n00:00:00,320 --> 00:00:00,400\nAgain\n")
    film = make_film(path.with_name("plain.mkv"), moving(12))
    with av.open(str(film)) as pictures, av.open(str(text)) as words, av.open(str(path), "w") as out:
        new = [out.add_stream_from_template(f.streams[0]) for f in (pictures, words)]
        new[1].metadata["language"] = "deu"
        for source, stream in zip((pictures, words), new, strict=True):
            for packet in source.demux(source.streams[0]):
                if packet.pts is not None:
                    packet.stream = stream
                    out.mux(packet)
    return path


def test_subtitles_are_copied_where_the_file_holds_them(tmp_path: Path) -> None:
    clip = read_clip(subtitled(tmp_path / "a.mkv"))
    assert copy(clip, tmp_path / "b.mkv") == []
    with av.open(str(tmp_path / "b.mkv")) as file:
        assert file.streams.subtitles[0].metadata["language"] == "deu"
        found: list[Any] = [p for p in file.demux(file.streams.subtitles[0]) if p.size]
        packets = [(float(p.pts * p.time_base), bytes(p)) for p in found]
    assert packets == [(0.1, b"Hello"), (0.32, b"Again")]
    assert copy(clip, tmp_path / "b.mp4") == ["subtitles (subrip)"]


def test_a_second_video_track_is_named(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as out:
        streams: list[Any] = [out.add_stream("ffv1", rate=25) for _ in range(2)]
        for n, stream in enumerate(streams):
            stream.width, stream.height, stream.pix_fmt = 64 >> n, 48 >> n, "yuv420p"
        for k in range(4):
            for n, stream in enumerate(streams):
                frame = av.VideoFrame(64 >> n, 48 >> n, "yuv420p")
                frame.pts, frame.time_base = k, Fraction(1, 25)
                out.mux(stream.encode(frame))
        for stream in streams:
            out.mux(stream.encode(None))
    clip = read_clip(path)
    assert clip.shape == (3, 48, 64)
    assert copy(clip, tmp_path / "b.mkv") == ["another video track"]


def test_a_track_that_cannot_be_written_is_said_before_any_work(tmp_path: Path) -> None:
    clip = read_clip(rich_film(tmp_path / "a.mkv"))
    with pytest.raises(InvpriorError, match="cannot hold the flac audio"):
        copy(clip, tmp_path / "b.webm")
    assert not (tmp_path / "b.webm").exists()
