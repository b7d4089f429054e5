"""Masks of holes: for pictures from a picture, for films from a picture or a film."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.io import Picture, read, read_mask, write
from invprior.io.kinds import SUFFIXES
from invprior.io.mask import grown
from invprior.io.missing import MARKS
from invprior.io.video import Clip, Reader, read_clip
from invprior.io.whole import check_apart
from invprior.io.written import check_writable
from invprior.marks import PROPOSALS
from invprior.runs.holes import far
from invprior.runs.tasks import Inpaint, InpaintMissing, Task

# What asks for a proposal.
AUTO = "auto:"


@dataclass(frozen=True)
class Marking:
    """How the holes of a mask are read.

    Attributes
    ----------
    invert
        True if white is known, False if black is; None if nothing was said, so that black is, unless that leaves almost
        nothing known.
    grow
        Pixels by which the holes are made larger.
    """

    invert: bool | None = None
    grow: int = 0

    def known(self, mask: Path) -> Tensor:
        """The known pixels (H, W) of a mask.

        Raises
        ------
        InvpriorError
            If there is none, or most of the picture is one hole and nothing was said.
        """
        known = read_mask(mask, bool(self.invert), self.grow)
        if not bool(known.any()):
            raise InvpriorError(f"the mask {mask} leaves no pixel known; white = hole, invert it with --invert-mask")
        share = 1 - float(known.mean(dtype=torch.float32))
        if self.invert is None and share > 0.5 and far(known):
            raise InvpriorError(
                f"the mask {mask} makes {share:.0%} of the picture a hole, since white = hole; add --invert-mask if "
                "its black parts are the holes, or --no-invert-mask if this is meant"
            )
        return known


def inpainting(mask: Path, marking: Marking) -> tuple[Task, dict[str, Path]]:
    """The task of a mask in a file, or in the pictures themselves (``nan``, ``alpha``), and the files it was read from.

    Raises
    ------
    InvpriorError
        If the mask cannot be read, or what is no file is to be inverted or grown.
    """
    if str(mask) not in MARKS:
        return Inpaint(marking.known(mask)), {"--mask": mask}
    if marking.invert:
        raise InvpriorError(
            f"--invert-mask inverts a mask in a file, and {mask} stands for the missing pixels; drop it"
        )
    if marking.grow:
        raise InvpriorError(f"--grow takes a mask in a file, and {mask} stands for the missing pixels; drop it")
    return InpaintMissing(str(mask)), {}


def proposed(mask: str, inputs: list[Path], output: Path, quiet: bool) -> Path | None:
    """The file of a mask that ``auto:`` asks for, written beside the output; None if it asks for none.

    Raises
    ------
    InvpriorError
        If there is no such proposal, nothing is found, or there are several pictures.
    """
    if not mask.startswith(AUTO):
        return None
    kind = mask.removeprefix(AUTO)
    if kind not in PROPOSALS:
        raise InvpriorError(f"--mask {AUTO} proposes {' or '.join(PROPOSALS)}, got {kind!r}")
    if len(inputs) != 1 or inputs[0].is_dir():
        raise InvpriorError(f"--mask {mask} proposes a mask for one picture; restore them one by one, and look at each")
    source = inputs[0]
    place = output / f"{source.stem}-mask.png" if output.is_dir() else output.with_name(f"{output.stem}-mask.png")
    check_apart({"IN": source}, {"the mask": place})
    check_writable(place)
    hole = PROPOSALS[kind](read(source).x)
    if not bool(hole.any()):
        raise InvpriorError(f"no {kind} found in {source}; paint the holes white into a mask")
    write(place, Picture(hole[None].float(), None, "uchar", 0.0, 255.0, None))
    if not quiet:
        share = float(hole.mean(dtype=torch.float32))
        print(f"{place}: a proposal, {share:.1%} of the picture; look at it, and give it corrected", file=sys.stderr)
    return place


class Masks(Protocol):
    """The masks of a film's frames."""

    def read(self, start: int, stop: int) -> Tensor:
        """The known pixels of frames ``start`` to ``stop``, boolean (T, H, W)."""


@dataclass(frozen=True, eq=False)
class FixedMask:
    """One mask for all frames, such as a logo."""

    known: Tensor

    def read(self, start: int, stop: int) -> Tensor:
        return self.known.expand(stop - start, -1, -1)


class MaskFilm:
    """A film of masks, one per frame, white = hole."""

    def __init__(self, clip: Clip, marking: Marking) -> None:
        self._reader, self._marking = Reader(clip), marking

    def read(self, start: int, stop: int) -> Tensor:
        marks = self._reader.read(start, stop).amax(1) > 0.5  # white or coloured
        holes = ~marks if self._marking.invert else marks
        return ~torch.stack([grown(hole, self._marking.grow) for hole in holes])


def film_masks(mask: Path, marking: Marking, clip: Clip) -> Masks:
    """The masks of a film, from one picture for all frames or a film with one mask per frame.

    Raises
    ------
    InvpriorError
        If the mask has another size than the film, or too few frames.
    """
    masks: Masks
    if mask.suffix.lower() in SUFFIXES:
        known = marking.known(mask)
        masks, size = FixedMask(known), tuple(known.shape)
    else:
        film = read_clip(mask, (clip.first, clip.first + len(clip)))
        if len(film) < len(clip):
            raise InvpriorError(
                f"the mask {mask} holds {clip.first + len(film)} frames, and the film needs {clip.first + len(clip)}; "
                "give a longer one, or a picture for all frames"
            )
        masks, size = MaskFilm(film, marking), (film.height, film.width)
    if size != (clip.height, clip.width):
        raise InvpriorError(
            f"the mask {mask} is {size[1]}×{size[0]} pixels and the film {clip.width}×{clip.height}; they must agree"
        )
    return masks
