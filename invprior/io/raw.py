"""A camera's raw file: the values of its sensor, and what the camera says of them; needs the extra ``raw``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
import tifffile
import torch
from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.io.ifd import Directory, read_tiff
from invprior.io.image import FULL, Picture
from invprior.io.metadata import IN_EXIF, Origin
from invprior.io.paths import as_path, check_regular
from invprior.io.room import check_room

NOISE_PROFILE = 51041
# How LibRaw says that a picture is to be turned, in the numbers of EXIF.
TURNS = {0: 1, 3: 3, 5: 8, 6: 6}
COLOURS = "RGB"
UNKNOWN = "does not say how its camera sees colours, nor does LibRaw know it; they are taken for those of sRGB"


@dataclass(frozen=True, eq=False)
class Raw:
    """The values of a sensor behind a colour filter array.

    Attributes
    ----------
    values
        (1, H, W), 0 for black and 1 for the largest value; noise makes black negative at times.
    pattern
        The filters, as :class:`~invprior.operators.Bayer` takes them.
    balance
        (3,): what red, green and blue are multiplied by to make the light of the scene white, the least of them 1.
    matrix
        (3, 3): from balanced colours of the camera to linear sRGB; it keeps white. None if neither the file nor LibRaw
        knows it: then the colours of the camera are taken for those of sRGB.
    orientation
        How the picture is stored, 1 to 8 as in EXIF.
    profile
        Gain and read noise if the file states them: the variance of a value u is gain·u + read².
    tags
        What the file says of the exposure, as tags of EXIF.
    span
        The values of the file from black to white, the mean over the filters.
    """

    values: Tensor
    pattern: str
    balance: Tensor
    matrix: Tensor | None
    orientation: int
    profile: tuple[float, float] | None
    tags: Directory
    span: float


@checked
def read_raw(path: str | Path) -> Raw:
    """Read the raw file of a camera: DNG, and what else LibRaw reads.

    Raises
    ------
    InvpriorError
        If rawpy is not installed, the file cannot be read, does not fit into memory, or its sensor has no filters of
        red, green and blue.
    """
    path = as_path(path)
    check_regular(path)
    rawpy = _rawpy(path)
    try:
        with path.open("rb") as file, rawpy.imread(file) as found:
            return _raw(path, found)
    except (rawpy.LibRawError, OSError) as error:
        said = error.args[0] if error.args else error
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise InvpriorError(f"{path} is not a raw file that can be read: {' '.join(text.split())}") from error


def _rawpy(path: Path) -> Any:
    try:
        import rawpy
    except ModuleNotFoundError as error:
        raise InvpriorError(
            f"{path} is a raw file, which needs rawpy; install it with pip install -e '.[raw]' in the clone"
        ) from error
    return rawpy


def _raw(path: Path, found: Any) -> Raw:
    pattern, names = found.raw_pattern, found.color_desc.decode()
    if pattern is None or found.num_colors != len(COLOURS) or not set(names) <= set(COLOURS):
        raise InvpriorError(f"{path} holds no values behind filters of red, green and blue; develop it elsewhere")
    stored = found.raw_image_visible
    H, W = stored.shape
    check_room(path, W, H, 1, 4)
    black = np.asarray(found.black_level_per_channel, np.float32)
    values = (stored - _tiled(black[pattern], H, W)) / (found.white_level - _tiled(black[pattern], H, W))
    rows = ["".join(names[k] for k in row) for row in pattern]
    return Raw(
        torch.from_numpy(values.astype(np.float32))[None],
        "/".join(rows),
        _balance(found),
        _matrix(found),
        TURNS.get(found.sizes.flip, 1),
        _profile(path, set("".join(rows))),
        {number: tag for number, tag in (read_tiff(path) or {}).items() if number in IN_EXIF},
        float(found.white_level - black[pattern].mean()),
    )


def _tiled(cells: np.ndarray[Any, Any], H: int, W: int) -> np.ndarray[Any, Any]:
    """The cells of a filter pattern, repeated over a sensor."""
    h, w = cells.shape
    return np.tile(cells, (-(-H // h), -(-W // w)))[:H, :W]


def _balance(found: Any) -> Tensor:
    """The camera's white balance, or that of daylight where it states none."""
    for given in (found.camera_whitebalance, found.daylight_whitebalance):
        factors = np.asarray(given[:3], np.float64)
        if np.isfinite(factors).all() and (factors > 0).all():
            return torch.from_numpy(factors / factors.min()).float()
    return torch.ones(3)


def _matrix(found: Any) -> Tensor | None:
    matrix = np.asarray(found.color_matrix, np.float64)[:, :3]
    sums = matrix.sum(1, keepdims=True)
    if not np.isfinite(matrix).all() or not (sums > 0.5).all():
        return None
    return torch.from_numpy(matrix / sums).float()


def _profile(path: Path, colours: set[str]) -> tuple[float, float] | None:
    """Gain and read noise that a DNG states: one pair, or one for each colour, of which the mean is taken."""
    try:
        with tifffile.TiffFile(path) as tiff:  # the tag is among those of the first picture, or of the sensor's own
            first = tiff.pages.first
            tags = [page.tags for page in (first, *(first.pages or ())) if NOISE_PROFILE in page.tags]
            values = np.asarray(tags[0][NOISE_PROFILE].value, np.float64) if tags else np.empty(0)
    except Exception:  # no TIFF, or damaged: it has no exception of its own, and LibRaw has read the rest
        return None
    if values.size not in (2, 2 * len(colours)):
        return None
    pairs = values.reshape(-1, 2)
    gain, variance = pairs.mean(0)
    return (float(gain), float(max(variance, 0) ** 0.5)) if gain > 0 and np.isfinite(pairs).all() else None


def as_picture(raw: Raw) -> Picture:
    """The values as a picture of one channel; one that is made of it takes over what the file says of the exposure."""
    H, W = raw.values.shape[-2:]
    header = pyvips.Image.new_from_array(np.zeros((1, 1, len(COLOURS)), np.uint16)).copy(interpretation="rgb16")
    source = Origin("RAW", (W, H), header, raw.tags, (), (), None, True)
    notice = "" if raw.matrix is not None else UNKNOWN
    return Picture(raw.values, None, "ushort", 0.0, FULL["ushort"], source, notice=notice)
