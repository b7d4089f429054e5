"""Reading and writing films, a few frames at a time."""

from invprior.io.video.clip import Clip, read_clip
from invprior.io.video.encode import Coding, check_coding, encode, resized
from invprior.io.video.frames import Reader
from invprior.io.video.join import join

__all__ = ["Clip", "Coding", "Reader", "check_coding", "encode", "join", "read_clip", "resized"]
