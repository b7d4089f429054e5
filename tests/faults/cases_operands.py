"""Masks, point spread functions and flash pictures that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.faults.case import REFUSED, RESULT, Case, File, typed
from tests.faults.cases_pictures import TV
from tests.faults.files import (
    EMPTY,
    NOISE,
    PICTURE,
    Pixels,
    array,
    content,
    cut,
    fifo,
    folder,
    link,
    picture,
    pixels,
    rights,
)


def _mask(change: Any, dtype: type, bands: int = 1) -> Pixels:
    values: Pixels = np.zeros((16, 16, bands), dtype)
    values[4:8, 4:8] = change
    return values


MASKS: dict[str, tuple[File, tuple[str, ...]]] = {
    "of 0 and 1 in 8 bits": (array("0 and 1", lambda: _mask(1, np.uint8)), (REFUSED,)),
    "of 0 and 255": (array("0 and 255", lambda: _mask(255, np.uint8)), (RESULT,)),
    "all known": (array("zeros", lambda: _mask(0, np.uint8)), (REFUSED,)),
    "all unknown": (array("255", lambda: np.full((16, 16, 1), 255, np.uint8)), (REFUSED,)),
    "of another size": (picture(8, 8), (REFUSED,)),
    "turned": (picture(16, 8), (REFUSED,)),
    "of red marks": (array("red", lambda: _mask(np.array([255, 0, 0]), np.uint8, 3)), (REFUSED, RESULT)),
    "in the alpha channel": (picture(mode="RGBA"), (REFUSED, RESULT)),
    "of floats 0 and 1": (array("float", lambda: _mask(1.0, np.float32)), (RESULT,)),
    "of floats 0 to 255": (array("float", lambda: _mask(255.0, np.float32)), (REFUSED, RESULT)),
    "with NaN": (array("NaN", lambda: _mask(np.nan, np.float32)), (REFUSED,)),
    "negative": (array("-1", lambda: _mask(-1.0, np.float32)), (REFUSED, RESULT)),
    "of 1 bit": (picture(mode="1"), (RESULT, REFUSED)),
    "of a palette": (picture(mode="P"), (RESULT, REFUSED)),
    "of 16 bits": (array("16 bits", lambda: _mask(65535, np.uint16)), (RESULT,)),
    "of int16": (array("int16", lambda: _mask(1, np.int16)), (RESULT, REFUSED)),
    "of 5 bands": (array("5 bands", lambda: _mask(255, np.uint8, 5)), (RESULT, REFUSED)),
    "cut": (cut(picture(), 0.5), (REFUSED,)),
    "of nothing": (EMPTY, (REFUSED,)),
    "that is a pipe": (fifo(), (REFUSED,)),
    "that is a folder": (folder(), (REFUSED,)),
    "that is a broken link": (link("x"), (REFUSED,)),
    "without permission": (rights(PICTURE, 0), (REFUSED,)),
}
PSFS: dict[str, tuple[File, tuple[str, ...]]] = {
    "of zeros": (array("zeros", lambda: np.zeros((5, 5, 1), np.uint8)), (REFUSED,)),
    "of even size": (array("4x4", lambda: np.full((4, 4, 1), 9, np.uint8)), (RESULT, REFUSED)),
    "of one pixel": (array("1x1", lambda: np.full((1, 1, 1), 9, np.uint8)), (RESULT, REFUSED)),
    "of NaN": (array("NaN", lambda: np.full((3, 3, 1), np.nan, np.float32)), (REFUSED,)),
    "with one inf": (array("inf", lambda: np.array([[0, np.inf, 0]], np.float32)[:, :, None]), (REFUSED,)),
    "with negative pixels": (
        array("negative", lambda: np.array([[-1, 4, -1]], np.float32)[:, :, None]),
        (RESULT, REFUSED),
    ),
    "of sum zero": (array("sum 0", lambda: np.array([[-1, 2, -1]], np.float32)[:, :, None]), (REFUSED,)),
    "of sum 1e-30": (array("1e-30", lambda: np.array([[0, 1e-30, 0]], np.float32)[:, :, None]), (RESULT, REFUSED)),
    "of 1e38": (array("1e38", lambda: np.full((3, 3, 1), 1e38, np.float32)), (RESULT, REFUSED)),
    "larger than the picture": (array("40x40", lambda: np.full((40, 40, 1), 9, np.uint8)), (RESULT, REFUSED)),
    "of colour": (array("colour", lambda: (pixels(3, 3) * 255).astype(np.uint8)), (RESULT, REFUSED)),
    "of nothing": (EMPTY, (REFUSED,)),
    "of random bytes": (NOISE, (REFUSED,)),
    "that is a folder": (folder(), (REFUSED,)),
    "that is a pipe": (fifo(), (REFUSED,)),
    "that is a study": (content("pictures = []"), (REFUSED,)),
}
FLASHES: dict[str, File] = {
    "of another size": picture(8, 8),
    "of one band": picture(mode="L"),
    "with alpha": picture(mode="RGBA"),
    "black": array("black", lambda: np.zeros((16, 16, 3), np.uint8)),
    "that is cut": cut(PICTURE, 0.5),
    "of NaN": array("NaN", lambda: np.full((16, 16, 3), np.nan, np.float32)),
    "of nothing": EMPTY,
}

CASES = [
    *(
        Case(
            f"a mask {what}",
            typed(f"inpaint p.png -o o.png --mask m.tif {TV}"),
            {"p.png": PICTURE, "m.tif": file},
            allowed,
            {"o.png": (16, 16)},
            slow=what not in ("all known", "with NaN"),
        )
        for what, (file, allowed) in MASKS.items()
    ),
    *(
        Case(
            f"a PSF {what}",
            typed(f"deblur p.png -o o.png --psf k.tif {TV}"),
            {"p.png": PICTURE, "k.tif": file},
            allowed,
            {"o.png": (16, 16)},
            slow=what != "of NaN",
        )
        for what, (file, allowed) in PSFS.items()
    ),
    *(
        Case(
            f"a flash picture {what}, {mode}{' aligned' if align else ''}",
            typed(f"flash p.png f.tif -o o.png --mode {mode} --prior {prior}:0.05 --iterations 3{align}"),
            {"p.png": PICTURE, "f.tif": file},
            (RESULT, REFUSED),
            {"o.png": (16, 16)},
        )
        for what, file in FLASHES.items()
        for mode, prior, align in (("guide", "guidedtv", ""), ("pair", "tv", ""), ("guide", "guidedtv", " --align"))
    ),
    Case(
        "NaN exactly in the hole",
        typed(f"inpaint p.tif -o o.tif --mask m.tif {TV}"),
        {
            "p.tif": array(
                "NaN in the hole", lambda: np.where(_mask(1, np.uint8) > 0, np.nan, pixels(16, 16)).astype(np.float32)
            ),
            "m.tif": MASKS["of 0 and 255"][0],
        },
        (RESULT,),
        {"o.tif": (16, 16)},
    ),
]
