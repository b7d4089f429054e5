"""Pictures, masks and point spread functions that are broken, extreme or strangely named."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.faults.case import FAILED, REFUSED, RESULT, Case, File, typed
from tests.faults.files import (
    EMPTY,
    NOISE,
    PICTURE,
    TEXT,
    Pixels,
    array,
    content,
    cut,
    fifo,
    flipped,
    folder,
    link,
    picture,
    pixels,
    rights,
)

TV = "--prior tv:0.05 --iterations 3"


def denoised(
    name: str,
    source: str,
    file: File,
    out: str = "o.tif",
    size: tuple[int, int] = (16, 16),
    allowed: tuple[str, ...] = (RESULT, REFUSED),
    options: str = TV,
    slow: bool = True,
) -> Case:
    """``denoise`` of one file."""
    words = ("denoise", source, "-o", out, *typed(options))
    return Case(name, words, {source: file}, allowed, {out: size}, slow=slow)


def _values(change: float) -> Pixels:
    values = pixels(16, 16).astype(np.float32)
    values[3, 4, 0] = change
    return values


def _typed(dtype: type, bands: int) -> Pixels:
    return (pixels(16, 16, bands) * (1 if np.dtype(dtype).kind in "fc" else 100)).astype(dtype)


def _eight_bits(bands: int) -> Pixels:
    return (pixels(16, 16, bands) * 255).astype(np.uint8)


JPEG, TIFF, WEBP, GIF = (picture(kind=kind) for kind in ("JPEG", "TIFF", "WEBP", "GIF"))
SOUND = {"png": PICTURE, "jpg": JPEG, "tif": TIFF, "webp": WEBP, "gif": GIF}

BROKEN = [
    *(
        denoised(
            f"{kind} cut at {share:.0%}", f"p.{kind}", cut(of, share), slow=share != 0.5 or kind in ("tif", "webp")
        )
        for kind, of in SOUND.items()
        for share in (0.02, 0.5, 0.95)
    ),
    *(
        denoised(f"{kind} with flipped bytes, seed {seed}", f"p.{kind}", flipped(of, seed))
        for kind, of in SOUND.items()
        for seed in range(4)
    ),
    *(
        denoised(f"{what} named .{kind}", f"p.{kind}", file, allowed=(REFUSED,), slow=kind != "png")
        for kind in ("png", "jpg", "tif", "webp")
        for what, file in (("nothing", EMPTY), ("a text", TEXT), ("random bytes", NOISE))
    ),
    denoised("a PNG named .jpg", "p.jpg", PICTURE, allowed=(RESULT,)),
    denoised("a JPEG named .png", "p.png", JPEG, allowed=(RESULT,)),
    denoised("a picture without a suffix", "p", PICTURE),
    denoised("a Python source named .png", "p.png", content("import os\n" * 50)),
    denoised("an SVG", "p.svg", content("<svg xmlns='http://www.w3.org/2000/svg' width='16' height='16'/>")),
    denoised(
        "an SVG that names a file",
        "p.svg",
        content(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:x='http://www.w3.org/1999/xlink' width='16' height='16'>"
            "<image x:href='file:///etc/hostname' width='9' height='9'/></svg>"
        ),
    ),
    denoised(
        "a PNG that claims 4 gigapixels",
        "p.png",
        File(
            "a PNG header of 65000x65000",
            lambda p: p.write_bytes(
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xfd\xe8\0\0\xfd\xe8\x08\x02\0\0\0\x00\x00\x00\x00" + b"\0" * 40
            ),
        ),
    ),
    denoised("a PPM that claims 4 gigapixels", "p.ppm", content("P6 65000 65000 255\n" + "x" * 99), allowed=(REFUSED,)),
]

SIZES = [
    *(
        denoised(
            f"{w}x{h} {mode} {prior}",
            "p.png",
            picture(w, h, mode),
            size=(w, h),
            options=f"--prior {prior} --iterations 3",
        )
        for w, h in ((1, 1), (1, 16), (16, 1), (2, 2), (3, 1))
        for mode in ("L", "RGB")
        for prior in ("tv", "dip", "none")
    ),
    denoised("1x1 by tgv", "p.png", picture(1, 1), size=(1, 1), options="--prior tgv --iterations 3"),
    denoised("1x1 by wavelet", "p.png", picture(1, 1), size=(1, 1), options="--prior wavelet --iterations 3"),
    denoised("1x300", "p.png", picture(1, 300), size=(1, 300)),
    Case(
        "1x1 upscaled",
        typed(f"upscale p.png -o o.png --factor 4 {TV}"),
        {"p.png": picture(1, 1)},
        gives={"o.png": (4, 4)},
    ),
]

VALUES = [
    *(
        denoised(
            f"{what} by {prior}",
            "p.tif",
            array(what, make),
            options=f"--prior {prior} --iterations 3",
            allowed=(RESULT,),
            slow=what != "black" or prior != "tv",
        )
        for what, make in (
            ("black", lambda: np.zeros((16, 16, 3), np.uint8)),
            ("white", lambda: np.full((16, 16, 3), 255, np.uint8)),
            ("constant gray", lambda: np.full((16, 16, 1), 77, np.uint8)),
            ("one channel zero", lambda: (pixels(16, 16) * [1, 0, 1] * 255).astype(np.uint8)),
            ("constant float", lambda: np.full((16, 16, 1), 0.5, np.float32)),
        )
        for prior in ("tv", "dip", "none")
    ),
    *(
        denoised(
            f"float TIFF with a pixel {value}",
            "p.tif",
            array(f"{value}", partial(_values, value)),
            allowed=(REFUSED,),
        )
        for value in (np.nan, np.inf, -np.inf)
    ),
    *(
        denoised(f"float TIFF with a pixel {value}", "p.tif", array(f"{value}", partial(_values, value)))
        for value in (1e30, -1e30, 3e38, 1e-40)
    ),
    denoised("all NaN", "p.tif", array("NaN", lambda: np.full((16, 16, 1), np.nan, np.float32)), allowed=(REFUSED,)),
    denoised("NaN as a PNG's name only", "nan.png", PICTURE, allowed=(RESULT,)),
]

DEPTHS = [
    *(
        denoised(
            f"{np.dtype(kind).name}, {bands} bands",
            "p.tif",
            array(
                np.dtype(kind).name,
                partial(_typed, kind, bands),
            ),
        )
        for kind in (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.float32, np.float64, np.complex64)
        for bands in (1, 3)
    ),
    *(
        denoised(
            f"{bands} bands",
            "p.tif",
            array(f"{bands} bands", partial(_eight_bits, bands)),
        )
        for bands in (2, 4, 5, 12)
    ),
    *(
        denoised(f"5 bands to {out}", "p.tif", array("5 bands", partial(_eight_bits, 5)), out=out)
        for out in ("o.png", "o.jpg")
    ),
    *(
        denoised(f"{mode} {kind}", f"p.{kind.lower()}", picture(mode=mode, kind=kind))
        for mode, kind in (
            ("RGBA", "PNG"),
            ("LA", "PNG"),
            ("P", "PNG"),
            ("1", "PNG"),
            ("I;16", "PNG"),
            ("CMYK", "TIFF"),
            ("CMYK", "JPEG"),
            ("YCbCr", "JPEG"),
            ("LAB", "TIFF"),
            ("PA", "TIFF"),
            ("P", "GIF"),
            ("F", "TIFF"),
            ("I", "TIFF"),
        )
        if (mode, kind) not in (("I;16", "PNG"), ("PA", "TIFF"))
    ),
    *(
        denoised(
            f"16 bits to {out}", "p.tif", array("16 bits", lambda: (pixels(16, 16) * 65535).astype(np.uint16)), out=out
        )
        for out in ("o.jpg", "o.png", "o.webp", "o.gif", "o.bmp", "o.xyz", "o")
    ),
    *(
        denoised(f"float to {out}", "p.tif", array("float", lambda: pixels(16, 16).astype(np.float32)), out=out)
        for out in ("o.jpg", "o.png", "o.tiff")
    ),
    denoised("alpha to JPEG", "p.png", picture(mode="RGBA"), out="o.jpg"),
]

LONG = {n: "n" * (n - 4) + ".png" for n in (245, 250, 255)}
NAMES = {
    "a byte that is not UTF-8": "p\udcff\udc80.png",
    "rich markup": "a[/b].png",
    "rich markup that opens": "[red]a.png",
    "a newline": "a\nb.png",
    "U+2028": "a\u2028b.png",
    "a tab and an escape": "a\t\x1b[31m.png",
    "a percent": "a%s%d.png",
    "libvips options": "a.png[access=sequential]",
    "a colon": "2024-01-01T12:30.png",
    "only dots": "...png",
    "a blank": " .png",
    "emoji": "😀写真.png",
    "right-to-left": "\u202egnp.a.png",
    "braces": "{0}{name}.png",
    **{f"{n} letters": name for n, name in LONG.items()},
}

NAMED = [
    *(
        denoised(
            f"a name with {what}",
            name,
            PICTURE,
            out="o.png",
            allowed=(RESULT,) if not name.endswith("]") else (RESULT, REFUSED),
            slow=what not in ("rich markup", "a byte that is not UTF-8"),
        )
        for what, name in NAMES.items()
    ),
    *(
        Case(
            f"OUT with {what}", ("denoise", "p.png", "-o", name, *typed(TV)), {"p.png": PICTURE}, gives={name: (16, 16)}
        )
        for what, name in NAMES.items()
    ),
    *(
        Case(
            f"a folder's picture with {what}",
            typed(f"denoise in -o out {TV}"),
            {f"in/{name}": PICTURE, "in/z.png": PICTURE},
            (RESULT, FAILED),
            {"out/z.png": (16, 16)},
            outputs=("out", "out/*"),
        )
        for what, name in NAMES.items()
        if name.endswith(".png")
    ),
    Case(
        "an option as a name",
        ("denoise", "-o", "o.png", *typed(TV), "--", "--mask.png"),
        {"--mask.png": PICTURE},
        (RESULT,),
        {"o.png": (16, 16)},
    ),
    Case("an option as a name, no --", ("denoise", "--mask.png", "-o", "o.png"), {"--mask.png": PICTURE}, (REFUSED,)),
    Case("a name of 300 letters", ("denoise", "n" * 300 + ".png", "-o", "o.png", *typed(TV)), {}, (REFUSED,)),
    Case(
        "OUT of 300 letters",
        ("denoise", "p.png", "-o", "n" * 300 + ".png", *typed(TV)),
        {"p.png": PICTURE},
        (REFUSED,),
        slow=False,
    ),
    Case("a path of 5,000 letters", ("denoise", "/".join(["d" * 99] * 50) + "/p.png", "-o", "o.png"), {}, (REFUSED,)),
    Case("an empty name", ("denoise", "", "-o", "o.png"), {}, (REFUSED,)),
    Case("an empty OUT", ("denoise", "p.png", "-o", ""), {"p.png": PICTURE}, (REFUSED,)),
    Case("- as a name", typed("denoise - -o o.png"), {}, (REFUSED,)),
    Case("a URL", typed("denoise http://127.0.0.1:9/p.png -o o.png"), {}, (REFUSED,)),
    Case("/dev/zero", typed("denoise /dev/zero -o o.png"), {}, (REFUSED,)),
    Case("/dev/null", typed("denoise /dev/null -o o.png"), {}, (REFUSED,)),
    Case("/proc/self/mem", typed("denoise /proc/self/mem -o o.png"), {}, (REFUSED,)),
]

PLACES = [
    denoised("a folder named like a picture", "p.png", folder(), allowed=(REFUSED,)),
    denoised("a picture without permission", "p.png", rights(PICTURE, 0), allowed=(REFUSED,)),
    denoised("a broken link", "p.png", link("nowhere.png"), allowed=(REFUSED,)),
    denoised("a link to itself", "p.png", link("p.png"), allowed=(REFUSED,)),
    denoised("a named pipe", "p.png", fifo(), allowed=(REFUSED,), slow=False),
    Case("no such picture", typed("denoise p.png -o o.png"), {}, (REFUSED,), slow=False),
    Case(
        "a picture in a folder without permission",
        typed("denoise d/p.png -o o.png"),
        {"d/p.png": PICTURE, "d": rights(File("", lambda p: None), 0)},
        (REFUSED,),
    ),
    Case(
        "a folder without permission",
        typed("denoise d -o out"),
        {"d/p.png": PICTURE, "d": rights(File("", lambda p: None), 0)},
        (REFUSED,),
    ),
    Case(
        "a loop of links in a folder",
        typed(f"denoise d -o out {TV}"),
        {"d/p.png": PICTURE, "d/again": link("../d"), "d/self.png": link("self.png")},
        (RESULT, FAILED, REFUSED),
        {"out/p.png": (16, 16)},
        outputs=("out", "out/*"),
    ),
    Case(
        "a folder with a pipe",
        typed(f"denoise d -o out {TV}"),
        {"d/p.png": PICTURE, "d/q.png": fifo()},
        (RESULT, FAILED),
        {"out/p.png": (16, 16)},
        outputs=("out", "out/*"),
    ),
    Case(
        "a folder with a picture without permission",
        typed(f"denoise d -o out {TV}"),
        {"d/p.png": PICTURE, "d/q.png": rights(PICTURE, 0)},
        (FAILED,),
        {"out/p.png": (16, 16)},
        outputs=("out", "out/*"),
    ),
    Case(
        "a folder with a subfolder without permission",
        typed(f"denoise d -o out {TV}"),
        {"d/p.png": PICTURE, "d/sub/q.png": PICTURE, "d/sub": rights(File("", lambda p: None), 0)},
        (RESULT, FAILED, REFUSED),
        {"out/p.png": (16, 16)},
        outputs=("out", "out/*"),
    ),
    Case("an empty folder", typed("denoise d -o out"), {"d": folder()}, (REFUSED,)),
    Case("a folder of texts", typed("denoise d -o out"), {"d/a.txt": TEXT}, (REFUSED,)),
    Case(
        "a folder with one broken picture of three",
        typed(f"denoise d -o out {TV}"),
        {"d/a.png": PICTURE, "d/b.png": cut(PICTURE, 0.5), "d/c.png": PICTURE},
        (FAILED,),
        {"out/a.png": (16, 16), "out/c.png": (16, 16)},
        outputs=("out", "out/*"),
    ),
    Case(
        "a folder with a 1x1",
        typed("denoise d -o out --prior tv --iterations 3"),
        {"d/a.png": picture(1, 1, "L"), "d/c.png": PICTURE},
        (RESULT, FAILED),
        {"out/c.png": (16, 16)},
        outputs=("out", "out/*"),
    ),
    Case(
        "many broken pictures",
        typed(f"denoise d -o out {TV}"),
        {f"d/{k}.png": flipped(PICTURE, k) for k in range(20)},
        (RESULT, FAILED),
        outputs=("out", "out/*"),
    ),
]

CASES = [*BROKEN, *SIZES, *VALUES, *DEPTHS, *NAMED, *PLACES]
