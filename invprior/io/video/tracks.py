"""What a film holds besides its pictures, and what of it another file takes over."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from av.stream import Disposition

from invprior.io.video.clip import Clip
from invprior.io.video.source import is_cover, pictures

# Metadata about the source file itself, or about how its packets were made, which is not copied.
OF_THE_FILE = {
    *(
        "major_brand",
        "minor_version",
        "compatible_brands",
        "encoder",
        "software",
        "duration",
        "alpha_mode",
        "vendor_id",
    ),
    *("bps", "number_of_frames", "number_of_bytes"),
    *("_statistics_writing_app", "_statistics_writing_date_utc", "_statistics_tags"),
}
# Handler names that FFmpeg and Apple write where there is no title.
NO_TITLE = {"", "videohandler", "soundhandler", "subtitlehandler", "core media video", "core media audio"}


def tags(metadata: dict[str, str]) -> dict[str, str]:
    """The metadata of a file or track that are about what it shows."""
    return {k: v for k, v in metadata.items() if k.lower().removesuffix("-eng") not in OF_THE_FILE}


def titled(stream: Any) -> dict[str, str]:
    """The metadata of a track; its title may be the name of the track or of its handler in an MP4."""
    known = {k.lower(): v for k, v in tags(stream.metadata).items()}
    handler = known.get("handler_name", "")
    name = known.pop("name", "") or (handler if handler.lower() not in NO_TITLE else "")
    if handler.lower() in NO_TITLE:
        known.pop("handler_name", None)
    return {"title": name, **known} if name else known


def others(source: Any, holds: Container[str]) -> tuple[list[Any], list[Any]]:
    """The tracks beside the pictures that are copied, and those that are left out.

    Audio is copied, and subtitles if the new file ``holds`` their codec.
    """
    copied: list[Any] = []
    left: list[Any] = []
    for stream in source.streams:
        if stream is pictures(source) or (stream.type == "data" and source.chapters()):  # an MP4's track of chapters
            continue
        takes = stream.type == "audio" or (stream.type == "subtitle" and codec(stream) in holds)
        (copied if takes else left).append(stream)
    return copied, left


def name(stream: Any) -> str:
    """A track in words."""
    if is_cover(stream):
        return "the cover picture"
    kinds = {"video": "another video track", "subtitle": "subtitles", "attachment": "an attached file"}
    kind = kinds.get(stream.type, f"a track of {stream.type}")
    return f"{kind} ({codec(stream)})" if codec(stream) and stream.type == "subtitle" else kind


def codec(stream: Any) -> str:
    """FFmpeg's name of the codec of a track; empty if this build cannot decode it."""
    return "" if stream.codec_context is None else str(stream.codec_context.codec.canonical_name)


def describe(new: Any, old: Any) -> None:
    """Give a track the language, the title and the dispositions of another."""
    new.metadata.update(titled(old))
    new.disposition = Disposition(int(old.disposition) & ~int(Disposition.attached_pic))


def chapters(source: Any, clip: Clip) -> list[dict[str, Any]]:
    """The chapters of a clip, cut to it, with times from its beginning if it is a part of a film."""
    begin = clip.times[0] * clip.time_base if clip.first else None
    end = clip.end * clip.time_base if clip.cut else None
    out = []
    for chapter in source.chapters():
        base = chapter["time_base"]
        start, stop = chapter["start"] * base, chapter["end"] * base
        start, stop = start if begin is None else max(start, begin), stop if end is None else min(stop, end)
        if start < stop:
            shift = begin or 0
            out.append({**chapter, "start": round((start - shift) / base), "end": round((stop - shift) / base)})
    return out
