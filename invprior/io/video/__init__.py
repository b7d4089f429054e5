"""Reading and writing films, a few frames at a time."""

from invprior.io.video.clip import Clip, read_clip
from invprior.io.video.encode import Coding, check_coding, encode, resized
from invprior.io.video.frames import Reader, alpha_reader
from invprior.io.video.join import join
from invprior.io.video.losses import left_out

__all__ = [
    "Clip",
    "Coding",
    "Reader",
    "alpha_reader",
    "check_coding",
    "encode",
    "join",
    "left_out",
    "read_clip",
    "resized",
]
