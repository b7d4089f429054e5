"""Output whose reader may have left."""

from __future__ import annotations

import os
from typing import Any, TextIO, cast


class Forgiving:
    """A stream that is written to nobody once it is closed or its reader has left: that must not cost a result."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._nobody()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._nobody()

    def _nobody(self) -> None:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), self._stream.fileno())


def forgiving(stream: TextIO | None) -> TextIO:
    """The stream, or nobody if there is none, as after ``>&-``."""
    return cast(TextIO, Forgiving(open(os.devnull, "w") if stream is None else stream))
