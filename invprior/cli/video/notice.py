"""What the command ``video`` says before the first solve."""

from __future__ import annotations

import sys
from pathlib import Path

from invprior.io.video import Clip, Coding


def announce(made: Clip, coding: Coding, lost: list[str], damaged: Path | None, done: int) -> None:
    """Say what the new film will lack or have more than the old one, and how much of it an earlier run has made."""
    extra = coding.padding(*((made.height, made.width) if made.turn % 2 == 0 else (made.width, made.height)))
    if padded := [f"{n} {what}{'s' if n > 1 else ''}" for n, what in zip(extra, ("row", "column"), strict=True) if n]:
        print(
            f"frames are padded by {' and '.join(padded)} at the lower right, since {coding.format} takes even sizes "
            "only",
            file=sys.stderr,
        )
    if lost:
        print(f"the new film will be without {', '.join(lost)} of {made.path.name}", file=sys.stderr)
    if damaged is not None:
        print(f"{damaged} holds windows that are damaged or lack a part; they are restored again", file=sys.stderr)
    if done:
        print(f"resuming after the {done} frames that an earlier run has finished", file=sys.stderr)
