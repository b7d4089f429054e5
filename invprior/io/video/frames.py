"""The frames of a film, a window at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from av.video.reformatter import VideoReformatter
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.io.video.clip import Clip
from invprior.io.video.pixels import to_opacity, to_tensor
from invprior.io.video.source import decoded, opened


class Reader:
    """Reads a clip forwards and holds only the frames of the last request.

    It decodes from the start of the file, since seeking is not exact in every format, and turns only the requested
    frames into tensors.

    Parameters
    ----------
    convert
        What is taken of a frame: its colours, or for an :func:`alpha_reader` its alpha channel.
    """

    def __init__(self, clip: Clip, convert: Callable[[Any, Clip, VideoReformatter], Tensor] = to_tensor) -> None:
        self.clip, self._convert = clip, convert
        self._reformatter = VideoReformatter()
        self._held: deque[Tensor] = deque()
        self._from = 0  # the number of the first frame held
        self._next = -clip.first  # the number of the frame that the decoder gives next
        self._container = opened(clip.path)
        self._frames: Any = decoded(self._container, clip.path)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *exception: object) -> None:
        self._container.close()

    def read(self, start: int, stop: int) -> Tensor:
        """Frames ``start`` to ``stop`` of the clip in [0, 1], (T, 3, H, W), or (T, 1, H, W) of the alpha channel.

        ``start`` must not decrease.

        Raises
        ------
        InvpriorError
            If the file has changed since the clip was read.
        """
        while self._held and self._from < start:
            self._held.popleft()
            self._from += 1
        if not self._held:
            self._from = start
        while self._next < stop:
            frame = next(self._frames, None)
            if frame is None:
                raise InvpriorError(f"{self.clip.path} has become shorter while it was read")
            if self._next >= start:
                self._held.append(self._convert(frame, self.clip, self._reformatter))
            self._next += 1
        return torch.stack([self._held[n - self._from] for n in range(start, stop)])


def alpha_reader(clip: Clip) -> Reader:
    """A reader of the alpha channel of a clip."""
    return Reader(clip, to_opacity)
