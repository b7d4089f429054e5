"""Outputs in the place of an input, in places that cannot be written, and on disks that are full."""

from __future__ import annotations

import numpy as np

from tests.faults.case import FAILED, REFUSED, RESULT, Case, Surroundings, typed
from tests.faults.cases_films import FILM
from tests.faults.cases_pictures import TV
from tests.faults.files import EMPTY, PICTURE, array, content, folder, hard_link, link, picture, pixels, rights

MASK = array("a mask", lambda: np.pad(np.full((4, 4, 1), 255, np.uint8), ((6, 6), (6, 6), (0, 0))), "png")
PSF = array("a PSF", lambda: np.full((3, 3, 1), 9, np.uint8), "png")
FILES = {
    "p.png": PICTURE,
    "t.png": picture(seed=3),
    "m.png": MASK,
    "k.png": PSF,
    "f.png": picture(seed=4),
    "v.mkv": FILM,
    "d/a.png": PICTURE,
    "d/b.png": picture(seed=2),
    "soft.png": link("p.png"),
    "hard.png": hard_link("p.png"),
    "soft.mkv": link("v.mkv"),
    "there": folder(),
    "shut": folder(0o555),
    "dangling.png": link("nowhere/o.png"),
    "loop.png": link("loop.png"),
    "fixed.png": rights(picture(seed=9), 0o444),
}
DENOISE, VIDEO = f"denoise p.png {TV}", "video v.mkv --prior tv:0.05 --iterations 2"

OVER = [
    Case(f"OUT over a file that is read: {line}", typed(f"{line} {TV}"), FILES, (REFUSED,), slow="hard" not in line)
    for line in (
        "denoise p.png -o p.png",
        "denoise p.png -o ./there/../p.png",
        "denoise p.png -o soft.png",
        "denoise p.png -o hard.png",
        "denoise soft.png -o p.png",
        "denoise p.png -o t.png --truth t.png",
        "denoise p.png -o o.png --record p.png",
        "denoise p.png -o o.png --record hard.png",
        "denoise p.png -o o.png --record t.png --truth t.png",
        "denoise p.png -o o.png --preview p.png",
        "denoise p.png -o o.png --preview soft.png",
        "denoise p.png -o o.png --record o.png",
        "denoise p.png -o o.png --preview o.png",
        "denoise p.png -o o.png --preview x.png --record x.png",
        "inpaint p.png -o m.png --mask m.png",
        "inpaint p.png -o o.png --mask m.png --record m.png",
        "inpaint d -o d --mask m.png --overwrite",
        "deblur p.png -o k.png --psf k.png",
        "deblur p.png -o o.png --psf k.png --record k.png",
        "flash p.png f.png -o f.png",
        "flash p.png f.png -o p.png",
        "flash p.png f.png -o o.png --record f.png",
        "denoise d -o d",
        "denoise d -o d --overwrite",
        "denoise d/a.png d/b.png -o d --overwrite",
        "denoise d -o o --record d/a.png",
        "denoise d -o o --record o/a.png",
        "denoise d -o o --record o/manifest.jsonl",
        "denoise d -o there --truth there --overwrite",
        "video v.mkv -o v.mkv",
        "video v.mkv -o soft.mkv",
        "video v.mkv -o o.mkv --record v.mkv",
        "video v.mkv -o o.mkv --record o.mkv",
        "video v.mkv -o m.png --task inpaint --mask m.png",
        "video v.mkv -o o.mkv --record k.png --task deblur --psf k.png",
    )
]

ANYWHERE = (
    *(
        "there",
        "nowhere/o.png",
        "shut/o.png",
        "dangling.png",
        "loop.png",
        "p.png/o.png",
        "/nowhere/o.png",
        "o",
        "o.xyz",
    ),
    *("/dev/full", "/dev/null", "/proc/o.png", "/sys/o.png", "there/", "~/o.png"),
)
PLACES = [
    *(
        Case(
            f"OUT at {place}",
            (*typed(DENOISE), "-o", place),
            FILES,
            (REFUSED,) if place not in ("there", "there/") else (RESULT,),
            outputs=("there/p.png",),
        )
        for place in ANYWHERE
    ),
    Case("OUT without right to write", typed(f"{DENOISE} -o fixed.png"), FILES, (REFUSED,)),
    *(
        Case(f"{option} at {place}", (*typed(DENOISE), "-o", "o.png", option, place), FILES, (REFUSED,))
        for option in ("--record", "--preview")
        for place in (
            "there",
            "nowhere/o.png",
            "shut/o.png",
            "loop.png",
            "p.png/o.png",
            "n" * 300 + ".png",
            "fixed.png",
        )
    ),
    *(
        Case(f"a batch into {place}", ("denoise", "d", *typed(TV), "-o", place), FILES, (REFUSED,))
        for place in ("p.png", "shut", "shut/o", "loop.png", "/proc/o", "n" * 300)
    ),
    *(
        Case(f"a film at {place}", (*typed(VIDEO), "-o", place), FILES, (REFUSED,))
        for place in ("there", "nowhere/o.mkv", "shut/o.mkv", "o.xyz", "p.png/o.mkv", "n" * 300 + ".mkv", "/proc/o.mkv")
    ),
    *(
        Case(f"a study into {place}", typed(f"compare p.png --prior none --seeds 1 -o {place}"), FILES, (REFUSED,))
        for place in ("p.png", "shut", "shut/o", "d", "loop.png", "/proc/o", "p.png/o", "n" * 300, ".", "''")
    ),
    *(
        Case(f"the demo into {place}", typed(f"demo --task denoise --quiet -o {place}"), FILES, (REFUSED,))
        for place in ("p.png", "shut", "shut/o", "loop.png", "/proc/o", "p.png/o", "n" * 300)
    ),
]

LARGE = array("noise of 64x64", lambda: (pixels(64, 64) * 255).astype(np.uint8), "png")
FULL = Surroundings(file_bytes=2000)
FULL_DISKS = [
    Case("a full disk for OUT", typed(f"denoise l.png -o o.png {TV}"), {"l.png": LARGE}, (REFUSED,), around=FULL),
    Case("a full disk for a TIFF", typed(f"denoise l.png -o o.tif {TV}"), {"l.png": LARGE}, (REFUSED,), around=FULL),
    Case("a full disk for a JPEG", typed(f"denoise l.png -o o.jpg {TV}"), {"l.png": LARGE}, (REFUSED,), around=FULL),
    Case(
        "a full disk over an old OUT",
        typed(f"denoise l.png -o o.png {TV}"),
        {"l.png": LARGE, "o.png": PICTURE},
        (REFUSED,),
        around=FULL,
    ),
    Case(
        "a full disk for --record",
        typed("denoise p.png -o o.png --prior tv:0.05 --iterations 200 --record r.json"),
        {"p.png": PICTURE},
        (REFUSED,),
        around=Surroundings(file_bytes=1300),
        begun=("o.png",),
    ),
    Case(
        "a full disk for --preview",
        typed(f"denoise p.png -o o.png --preview l.tif {TV}"),
        {"p.png": array("black", lambda: np.zeros((16, 16, 3), np.uint8), "png")},
        (RESULT,),
        {"o.png": (16, 16)},
        around=Surroundings(file_bytes=700),
    ),
    Case(
        "a full disk for a batch",
        typed(f"denoise d -o o {TV}"),
        {"d/a.png": PICTURE, "d/l.png": LARGE},
        (FAILED,),
        {"o/a.png": (16, 16)},
        outputs=("o", "o/manifest.jsonl"),
        around=Surroundings(file_bytes=5000),
    ),
    Case(
        "a full disk for a manifest",
        typed(f"denoise d -o o {TV}"),
        {"d/a.png": PICTURE},
        (FAILED, REFUSED),
        begun=("o", "o/*"),
        around=Surroundings(file_bytes=50),
    ),
    Case(
        "a full disk for a film",
        typed("video v.mkv -o o.mkv --prior tv:0.05 --iterations 2"),
        {"v.mkv": FILM},
        (REFUSED,),
        begun=("o.mkv.parts", "o.mkv.parts/*"),
        around=Surroundings(file_bytes=500),
    ),
    Case(
        "a full disk for a film's OUT",
        typed("video v.mkv -o disk/o.mkv --prior tv:0.05 --iterations 2"),
        {"v.mkv": FILM},
        (REFUSED,),
        begun=("disk/o.mkv.parts", "disk/o.mkv.parts/*"),
        around=Surroundings(disk_bytes=4096 * 2),
    ),
    *(
        Case(
            f"a disk of {pages} pages for {what}",
            typed(line),
            {"p.png": PICTURE, "l.png": LARGE},
            (REFUSED, FAILED, RESULT),
            begun=outputs,
            around=Surroundings(disk_bytes=4096 * pages),
            seconds=60,
        )
        for pages in (1, 3)
        for what, line, outputs in (
            ("OUT", f"denoise l.png -o disk/o.png {TV}", ("disk/o.png",) if pages > 2 else ()),
            (
                "--record",
                "denoise p.png -o o.png --prior tv:0.05 --iterations 200 --record disk/r.json",
                ("o.png", "disk/r.json"),
            ),
            (
                "a study",
                "compare p.png --prior none --iterations 3 --seeds 1 --jobs 1 -o disk/s",
                ("disk/s", "disk/s/*"),
            ),
        )
    ),
    *(
        Case(
            f"a study, files of {size} bytes at most",
            typed("compare p.png --prior none --iterations 3 --seeds 1 --jobs 1 -o s"),
            {"p.png": PICTURE},
            (REFUSED, FAILED),
            begun=("s", "s/*"),
            around=Surroundings(file_bytes=size),
            seconds=60,
        )
        for size in (10, 300, 1500, 6000)
    ),
    Case(
        "a full disk for the demo",
        typed("demo --task denoise --quiet -o o"),
        {"x": EMPTY},
        (REFUSED,),
        begun=("o", "o/*.json"),
        around=Surroundings(file_bytes=1000),
        seconds=90,
    ),
]

SURROUNDED: dict[str, tuple[str, Surroundings, tuple[str, ...]]] = {
    "stdout closed": (f"{DENOISE} -o o.png", Surroundings(stdout="closed"), (RESULT,)),
    "stdout left by its reader": (f"{DENOISE} -o o.png", Surroundings(stdout="head"), (RESULT,)),
    "info, stdout closed": ("info", Surroundings(stdout="closed"), (RESULT,)),
    "info, stdout left": ("info", Surroundings(stdout="head"), (RESULT, REFUSED)),
    "help, stdout left": ("--help", Surroundings(stdout="head"), (RESULT, REFUSED)),
    "stdout in ASCII": (f"{DENOISE} -o 写真.png", Surroundings(environment={"PYTHONIOENCODING": "ascii"}), (RESULT,)),
    "help in ASCII": ("denoise --help", Surroundings(environment={"PYTHONIOENCODING": "ascii"}), (RESULT,)),
    "a refusal in ASCII": (
        "denoise 写真.png -o o.png",
        Surroundings(environment={"PYTHONIOENCODING": "ascii"}),
        (REFUSED,),
    ),
    "check in ASCII": (
        "check own:Own --examples 2",
        Surroundings(environment={"PYTHONIOENCODING": "ascii"}),
        (RESULT, FAILED),
    ),
    "locale C": (
        f"{DENOISE} -o 写真.png",
        Surroundings(environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
        (RESULT, REFUSED),
    ),
    "no HOME": (f"{DENOISE} -o o.png", Surroundings(environment={"HOME": None, "XDG_CACHE_HOME": None}), (RESULT,)),
    "a HOME that is not there": (f"{DENOISE} -o o.png", Surroundings(environment={"HOME": "/nowhere"}), (RESULT,)),
    "a HOME without right to write": ("info", Surroundings(environment={"HOME": "/proc"}), (RESULT,)),
    "no TMPDIR": (f"{DENOISE} -o o.png", Surroundings(environment={"TMPDIR": "/nowhere"}), (RESULT,)),
    "no PATH": (f"{DENOISE} -o o.png", Surroundings(environment={"PATH": ""}), (RESULT,)),
    "no terminal's width": (f"{DENOISE} -o o.png", Surroundings(environment={"COLUMNS": "0", "LINES": "0"}), (RESULT,)),
    "TERM dumb": (f"{DENOISE} -o o.png", Surroundings(environment={"TERM": "dumb", "FORCE_COLOR": "1"}), (RESULT,)),
    "OMP_NUM_THREADS nonsense": (
        f"{DENOISE} -o o.png",
        Surroundings(environment={"OMP_NUM_THREADS": "nonsense"}),
        (RESULT,),
    ),
    "a study without TMPDIR": (
        "compare p.png --prior none --seeds 1 --jobs 1 --iterations 3 -o o.png",
        Surroundings(environment={"TMPDIR": "/nowhere", "JOBLIB_TEMP_FOLDER": "/nowhere"}),
        (RESULT, FAILED, REFUSED),
    ),
    **{
        f"{gigabytes} GB of addresses for {what}": (
            line,
            Surroundings(memory_bytes=int(gigabytes * 2**30)),
            (RESULT, REFUSED),
        )
        for gigabytes in (0.3, 1.5, 4)
        for what, line in (
            ("tv", f"{DENOISE} -o o.png"),
            ("dip", "denoise big.png -o o.png --prior dip --iterations 2"),
            ("a large factor", f"upscale big.png -o o.png --factor 16 {TV}"),
        )
    },
}
AROUND = [
    Case(
        f"{what}{' in its own process' if fresh else ''}",
        typed(line),
        {
            "p.png": PICTURE,
            "big.png": picture(256, 256),
            "own.py": content("from invprior.operators import Identity as Own\n"),
        },
        allowed,
        outputs=("o.png", "o.png/*", "写真.png"),
        around=around,
        fresh=fresh,
        seconds=90,
    )
    for what, (line, around, allowed) in SURROUNDED.items()
    for fresh in (False, True)
    if fresh or "addresses" not in what  # a fork has the addresses of its parent already
]
AROUND += [
    Case(
        "a batch, stdout left by its reader",
        typed(f"denoise d -o o {TV}"),
        FILES,
        (RESULT,),
        {"o/a.png": (16, 16), "o/b.png": (16, 16)},
        outputs=("o", "o/manifest.jsonl"),
        around=Surroundings(stdout="head", environment={"PYTHONUNBUFFERED": "1"}),
        fresh=True,
        seconds=90,
    ),
    Case(
        "a record, stdout left by its reader",
        typed(f"{DENOISE} -o o.png --record r.json"),
        FILES,
        (RESULT,),
        {"o.png": (16, 16), "r.json": None},
        around=Surroundings(stdout="head", environment={"PYTHONUNBUFFERED": "1"}),
        fresh=True,
        seconds=90,
    ),
    Case(
        "a working folder without right to write",
        typed("denoise shut/../p.png -o there/o.png " + TV),
        FILES,
        (RESULT,),
        {"there/o.png": (16, 16)},
    ),
    Case("a gigapixel by its factor", typed(f"upscale p.png -o o.png --factor 1000000 {TV}"), FILES, (REFUSED,)),
    Case("a factor of 4,000", typed(f"upscale p.png -o o.png --factor 4000 {TV}"), FILES, (REFUSED,)),
    Case(
        "a gigapixel film",
        typed("video v.mkv -o o.mkv --task upscale --factor 5000 --prior tv:0.05"),
        FILES,
        (REFUSED,),
    ),
    Case("a memory of 0", typed(f"{VIDEO} -o o.mkv --memory 0"), FILES, (REFUSED,)),
    Case(
        "a sigma of 1e-20",
        typed("denoise p.png -o o.png --prior tv --iterations 3 --sigma 1e-20"),
        FILES,
        (RESULT, REFUSED),
        {"o.png": (16, 16)},
    ),
    Case(
        "a sigma in 8-bit units",
        typed("denoise p.png -o o.png --prior tv --iterations 3 --sigma 25"),
        FILES,
        (REFUSED, RESULT),
        {"o.png": (16, 16)},
    ),
    Case(
        "a weight of 1e18",
        typed("denoise p.png -o o.png --prior tv --iterations 3 --weight 1e18"),
        FILES,
        (RESULT, REFUSED),
        {"o.png": (16, 16)},
    ),
]

CASES: list[Case] = [*OVER, *PLACES, *FULL_DISKS, *AROUND]
