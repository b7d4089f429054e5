"""Opening a film and decoding its pictures; whatever is wrong with the file is said in one sentence."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from invprior.errors import InvpriorError
from invprior.io.video.fields import progressive

# FFmpeg's own decoders of these drop the transparency, which a WebM keeps beside the pictures.
WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def address(path: Path) -> str:
    """A path as FFmpeg's name of a file, since it takes what is before a colon for a protocol."""
    return f"file:{path}"


def opened(path: Path) -> Any:
    """Open a film and check that its pictures can be decoded; the caller closes it."""
    _check_file(path)
    try:
        container = av.open(address(path))
    except av.EOFError as error:
        raise InvpriorError(f"{path} holds no frames") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InvpriorError(f"{path} is not a film that can be read: {first_line(error)}") from error
    wrong = None
    stream = pictures(container)
    if stream is None:
        kinds = ["a cover" if is_cover(s) else s.type for s in container.streams]
        wrong = f"{path} holds no pictures, only {', '.join(kinds) or 'nothing'}"
    elif stream.codec_context is None:
        wrong = f"this build of FFmpeg has no decoder for the pictures of {path}; convert them first"
    if wrong is not None:
        container.close()
        raise InvpriorError(wrong)
    return container


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise InvpriorError(f"{path} does not exist") from None
    except OSError as error:
        raise InvpriorError(f"{path} cannot be read: {error.strerror}") from error
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        raise InvpriorError(f"{path} is a folder, not a film")
    if not stat.S_ISREG(mode):  # a film is read several times
        kind = KINDS.get(stat.S_IFMT(mode), "no file")
        raise InvpriorError(f"{path} is {kind}, not a film; save what comes out of it to a file first")
    if not status.st_size:
        raise InvpriorError(f"{path} is empty, not a film")


def pictures(container: Any) -> Any:
    """The video track that is restored: the first that is no cover picture."""
    return next((s for s in container.streams.video if not is_cover(s)), None)


def is_cover(stream: Any) -> bool:
    """True for a picture that is attached to the file, such as the cover of an album."""
    return bool(stream.disposition & Disposition.attached_pic)


def decoded(container: Any, path: Path) -> Iterator[Any]:
    """The frames of the restored track, progressive; raise at a damaged one."""
    return progressive(_stored(container, path), pictures(container))


def is_interlaced(path: Path) -> bool:
    """True if the first frame of a film is flagged as interlaced."""
    with opened(path) as container:
        return any(frame.interlaced_frame for frame in islice(_stored(container, path), 1))


def _stored(container: Any, path: Path) -> Iterator[Any]:
    """The frames as they are stored."""
    n = 0
    stream = pictures(container)
    decode = decoder(stream)
    try:
        for packet in container.demux(stream):
            if packet.is_corrupt:
                raise InvpriorError(damaged(path, n))
            for frame in decode(packet):
                if frame.is_corrupt:
                    raise InvpriorError(damaged(path, n))
                n += 1
                yield frame
    except av.FFmpegError as error:
        raise InvpriorError(damaged(path, n)) from error


def decoder(stream: Any) -> Callable[[Any], list[Any]]:
    """What turns the packets of a track into frames, transparency included."""
    name = WITH_ALPHA.get(stream.codec_context.codec.canonical_name) if is_transparent(stream) else None
    context: Any = stream if name is None else av.CodecContext.create(name, "r")
    decode: Callable[[Any], list[Any]] = context.decode
    return decode


def is_transparent(stream: Any) -> bool:
    """True for a track of WebM or Matroska with transparency beside its pictures."""
    return any(k.lower() == "alpha_mode" and v != "0" for k, v in stream.metadata.items())


def damaged(path: Path, n: int) -> str:
    """The sentence for a file that is whole up to frame ``n``."""
    remedy = f"take the frames 0:{n} or repair it" if n else "repair it"
    return f"{path} is damaged or breaks off after {n} frames; {remedy}"


def first_line(error: Exception) -> str:
    """FFmpeg's message, without its error number and position."""
    return str(getattr(error, "strerror", None) or error).splitlines()[0]
