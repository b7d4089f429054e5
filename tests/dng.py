"""A camera's file made of a known picture: mosaic, noise and all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rawpy
import tifffile

# XYZ of D65 to linear sRGB, IEC 61966-2-1.
FROM_XYZ = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
# Of XYZ to the colours of a camera, much like those of cameras that are sold, and the neutral that it saw.
CAMERA = np.array([[0.75, -0.20, -0.08], [-0.45, 1.25, 0.22], [-0.08, 0.20, 0.60]])
NEUTRAL = np.array([0.5, 1.0, 0.65])
BLACK, WHITE = 512, 15871
GAIN, READ = 2e-3, 2e-3
COLOURS = {"R": 0, "G": 1, "B": 2}


def linear(srgb: np.ndarray) -> np.ndarray:
    """Linear light of sRGB values."""
    light: np.ndarray = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return light


def to_camera(light: np.ndarray) -> np.ndarray:
    """White-balanced colours of the camera, of linear sRGB (H, W, 3); white stays (1, 1, 1)."""
    matrix = CAMERA @ np.linalg.inv(FROM_XYZ)
    balanced: np.ndarray = light @ (matrix / matrix.sum(1, keepdims=True)).T
    return balanced


def mosaic(camera: np.ndarray, pattern: str) -> np.ndarray:
    """The values behind a 2×2 filter, of white-balanced colours (H, W, 3)."""
    seen = camera * NEUTRAL
    y = np.empty(seen.shape[:2])
    for k, colour in enumerate(pattern):
        y[k // 2 :: 2, k % 2 :: 2] = seen[k // 2 :: 2, k % 2 :: 2, COLOURS[colour]]
    return y


def noisy(y: np.ndarray, seed: int = 0, gain: float = GAIN, read: float = READ) -> np.ndarray:
    rng = np.random.default_rng(seed)
    spoiled: np.ndarray = gain * rng.poisson(np.maximum(y, 0) / gain) + read * rng.standard_normal(y.shape)
    return spoiled


def write_dng(
    path: Path,
    y: np.ndarray,
    pattern: str = "RGGB",
    orientation: int = 1,
    profile: tuple[float, ...] | None = (GAIN, READ**2),
    coloured: bool = True,
) -> None:
    """Write values in [0, 1] as a DNG of 14 bits, with what a camera says of itself."""
    stored = np.clip(np.rint(BLACK + y * (WHITE - BLACK)), 0, 16383).astype(np.uint16)
    matrix = [v for x in CAMERA.ravel() for v in (round(10000 * x), 10000)]
    neutral = [v for x in NEUTRAL for v in (round(10000 * x), 10000)]
    tags: list[Any] = [
        (274, "H", 1, orientation, True),
        (271, "s", 0, "Maker", True),
        (272, "s", 0, "Model 1", True),
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, bytes(COLOURS[c] for c in pattern), True),
        (50706, "B", 4, (1, 4, 0, 0), True),
        (50707, "B", 4, (1, 1, 0, 0), True),
        (50708, "s", 0, "Maker Model 1", True),
        (50714, "H", 1, BLACK, True),
        (50717, "H", 1, WHITE, True),
        (50728, "2I", 3, neutral, True),
        (50778, "H", 1, 21, True),
    ]
    if coloured:
        tags.append((50721, "2i", 9, matrix, True))
    if profile is not None:
        tags.append((51041, "d", len(profile), profile, True))
    tifffile.imwrite(path, stored, photometric=32803, extratags=tags, metadata=None)


def libraw(path: Path, algorithm: str) -> np.ndarray:
    """The sRGB picture (H, W, 3) that LibRaw makes, at the brightness that the file states."""
    with rawpy.imread(str(path)) as raw:
        x: np.ndarray = raw.postprocess(
            use_camera_wb=True,
            no_auto_bright=True,
            adjust_maximum_thr=0.0,
            output_bps=16,
            gamma=(2.4, 12.92),
            demosaic_algorithm=getattr(rawpy.DemosaicAlgorithm, algorithm),
        )
    return x / 65535
