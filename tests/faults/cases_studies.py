"""Study files, and the folders of studies, batches and films with broken content."""

from __future__ import annotations

from pathlib import Path

from invprior.runs.record import VERSION
from tests.faults.case import FAILED, REFUSED, RESULT, Case, File, typed
from tests.faults.cases_films import FILM
from tests.faults.cases_pictures import TV
from tests.faults.files import EMPTY, NOISE, PICTURE, content, fifo, folder, link, picture, rights

DEEP = 5000


def published(metric: str, columns: str) -> str:
    """A study file with figures of a publication."""
    return (
        "pictures = ['p.png']\npriors = ['none']\nseeds = 1\n"
        f"[published]\nfigure = 'x'\nmetric = '{metric}'\ncolumns = {columns}\n[published.figures]\np = [1.0]"
    )


FILE_CASES: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "empty": ("", (REFUSED,)),
    "no TOML": ("pictures = [", (REFUSED,)),
    "not UTF-8": (b"title = '\xff'", (REFUSED,)),
    "a null byte": (b"title = '\0'", (REFUSED,)),
    "a byte order mark": ("\ufeffpictures = ['p.png']", (REFUSED, RESULT)),
    "nested lists": ("pictures = " + "[" * DEEP + "]" * DEEP, (REFUSED,)),
    "nested tables": ("pictures = " + "{clean=" * DEEP + "1" + "}" * DEEP, (REFUSED,)),
    "a dotted key of 5,000 parts": (".".join(["a"] * DEEP) + " = 1", (REFUSED,)),
    "an unknown key": ("pictures = ['p.png']\nnonsense = 1", (REFUSED,)),
    "an unknown key of markup": ("pictures = ['p.png']\n'a[/b]' = 1", (REFUSED,)),
    "pictures that are a text": ("pictures = 'p.png'", (REFUSED,)),
    "pictures that are numbers": ("pictures = [1, 2]", (REFUSED,)),
    "pictures that are lists": ("pictures = [['p.png']]", (REFUSED,)),
    "no pictures": ("pictures = []", (REFUSED,)),
    "a picture that is not there": ("pictures = ['q.png']", (REFUSED,)),
    "a picture of an absolute path": ("pictures = ['/etc/hostname']", (REFUSED, FAILED)),
    "a picture outside": ("pictures = ['../../../../../../etc/hostname']", (REFUSED, FAILED)),
    "a picture of 300 letters": (f"pictures = ['{'n' * 300}.png']", (REFUSED,)),
    "a picture with a null": ('pictures = ["p\\u0000.png"]', (REFUSED,)),
    "an empty picture": ("pictures = ['']", (REFUSED,)),
    "a name that is a number": ("pictures = [{clean='p.png', name=3}]", (REFUSED,)),
    "an empty name": ("pictures = [{clean='p.png', name=''}]\npriors = ['none']\nseeds = 1", (REFUSED, RESULT)),
    "a name that is a path": (
        "pictures = [{clean='p.png', name='../../x'}]\npriors = ['none']\nseeds = 1",
        (REFUSED, RESULT),
    ),
    "a name of markup": ("pictures = [{clean='p.png', name='a[/b]'}]\npriors = ['none']\nseeds = 1", (RESULT,)),
    "a name of 3,000 letters": (
        f"pictures = [{{clean='p.png', name='{'n' * 3000}'}}]\npriors = ['none']\nseeds = 1",
        (REFUSED, RESULT),
    ),
    "a title that is a script": (
        "pictures = ['p.png']\npriors = ['none']\nseeds = 1\ntitle = '</title><script>x</script>'",
        (RESULT,),
    ),
    "two pictures of one name": ("pictures = ['p.png', {clean='p.png'}]", (REFUSED,)),
    "operators that are a text": ("pictures = ['p.png']\noperators = 'identity'", (REFUSED,)),
    "operators that are numbers": ("pictures = ['p.png']\noperators = [1]", (REFUSED,)),
    "no operators": ("pictures = ['p.png']\noperators = []", (REFUSED,)),
    "no priors": ("pictures = ['p.png']\npriors = []", (REFUSED,)),
    "an operator lanczos:0": ("pictures = ['p.png']\noperators = ['lanczos:0']", (REFUSED,)),
    "one operator twice": ("pictures = ['p.png']\npriors = ['none', 'none']\nseeds = 1", (REFUSED, RESULT)),
    "a date as seeds": ("pictures = ['p.png']\nseeds = 2024-01-01", (REFUSED,)),
    **{
        f"{key} = {value}": (f"pictures = ['p.png']\npriors = ['none']\n{key} = {value}", (REFUSED,))
        for key in ("seeds", "crop", "iterations")
        for value in ("-1", "1.5", "nan", "inf", "true", "'3'", "[3]", "{}", str(2**70))
    },
    "published that is a text": ("pictures = ['p.png']\npublished = 'x'", (REFUSED,)),
    "published without figures": ("pictures = ['p.png']\n[published]\nfigure = 'x'", (REFUSED,)),
    "published figures of texts": (
        "pictures = ['p.png']\n[published]\nfigure='x'\nmetric='psnr'\ncolumns=['none']\n[published.figures]\np=['x']",
        (REFUSED,),
    ),
    "published of a metric that is none": (
        published("nonsense", "['none']"),
        (REFUSED, RESULT),
    ),
    "published with too few columns": (
        published("psnr", "['none', 'x', 'y']"),
        (REFUSED, RESULT),
    ),
    "100,000 pictures that are not there": (
        "pictures = [" + ",".join(f"'q{k}.png'" for k in range(100_000)) + "]",
        (REFUSED,),
    ),
    "10 MB of comment": ("#" + "x" * 10_000_000 + "\npictures = ['q.png']", (REFUSED,)),
}
FILE = [
    Case(
        f"a study file: {what}",
        typed("compare s.toml -o s --jobs 1"),
        {"s.toml": content(text), "p.png": PICTURE},
        allowed,
        outputs=("s", "s/*"),
        slow=what not in ("no TOML", "nested lists", "an unknown key"),
    )
    for what, (text, allowed) in FILE_CASES.items()
]
FILE += [
    Case(f"a study file that is {what}", typed("compare s.toml -o s"), {"s.toml": file}, (REFUSED,))
    for what, file in (
        ("a folder", folder()),
        ("a pipe", fifo()),
        ("a broken link", link("x")),
        ("without permission", rights(EMPTY, 0)),
    )
]

STUDY = "compare p.png --prior none --iterations 3 --seeds 1 --jobs 1 -o s"


def _study(change: str) -> File:
    """A finished study, changed by a line of Python on ``s``, its folder, and ``c``, that of its cell."""

    def make(path: Path) -> None:
        import shutil

        shutil.copytree(finished_study(), path, dirs_exist_ok=True)
        cell = next((path / "cells").iterdir())
        exec(change, {"s": path, "c": cell})

    return File(f"a finished study, then {change}", make)


def finished_study() -> Path:
    """The folder of a study that was run once; made at the first call."""
    import atexit
    import os
    import shutil
    import subprocess
    import sys
    import tempfile

    global _FINISHED
    if _FINISHED is None:
        place = Path(tempfile.mkdtemp(prefix="faults-study-"))
        atexit.register(shutil.rmtree, place, True)
        PICTURE.make(place / "p.png")
        words = [sys.executable, "-c", "from invprior.cli.main import run; run()", *typed(STUDY), "--quiet"]
        subprocess.run(words, cwd=place, check=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})
        _FINISHED = place / "s"
    return _FINISHED


_FINISHED: Path | None = None

CHANGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "as it was": ("pass", (RESULT,)),
    "an empty run.json": ("(c / 'run.json').write_bytes(b'')", (RESULT,)),
    "a cut run.json": ("r = (c / 'run.json'); r.write_bytes(r.read_bytes()[:99])", (RESULT,)),
    "run.json {}": ("(c / 'run.json').write_text('{}')", (RESULT,)),
    "run.json []": ("(c / 'run.json').write_text('[]')", (RESULT,)),
    "run.json null": ("(c / 'run.json').write_text('null')", (RESULT,)),
    "run.json of bytes": ("(c / 'run.json').write_bytes(bytes(range(256)))", (RESULT,)),
    "run.json nested": ("(c / 'run.json').write_text('[' * 99999)", (RESULT,)),
    "run.json with the key alone": (
        "import json; r = c / 'run.json'; k = json.loads(r.read_text())['key']; r.write_text(json.dumps({'key': k}))",
        (RESULT,),
    ),
    "run.json with texts for numbers": (
        "import json; r = c / 'run.json'; d = json.loads(r.read_text()); "  # noqa: ISC004
        "d.update(psnr='x', seconds='y', curve=3, history=None); r.write_text(json.dumps(d))",
        (RESULT,),
    ),
    "run.json of another study": (
        "import re; r = c / 'run.json'; r.write_text(re.sub('\"key\": \"..', '\"key\": \"zz', r.read_text()))",
        (RESULT,),
    ),
    "run.json that is a folder": ("(c / 'run.json').unlink(); (c / 'run.json').mkdir()", (RESULT, REFUSED)),
    "no restored.png": ("(c / 'restored.png').unlink()", (RESULT,)),
    "an empty restored.png": ("(c / 'restored.png').write_bytes(b'')", (RESULT,)),
    "a cut restored.png": ("r = c / 'restored.png'; r.write_bytes(r.read_bytes()[:60])", (RESULT,)),
    "a restored.png that is none": ("(c / 'restored.png').write_text('hello')", (RESULT,)),
    "a cell that is a file": ("import shutil; shutil.rmtree(c); c.write_text('x')", (RESULT, REFUSED)),
    "cells that are a file": ("import shutil; shutil.rmtree(s / 'cells'); (s / 'cells').write_text('x')", (REFUSED,)),
    "pictures that are a file": (
        "import shutil; shutil.rmtree(s / 'pictures'); (s / 'pictures').write_text('x')",
        (REFUSED,),
    ),
    "no study.json": ("(s / 'study.json').unlink()", (REFUSED, RESULT)),
    "a foreign study.json": ("(s / 'study.json').write_text('{}')", (REFUSED,)),
    "an empty results.csv": ("(s / 'results.csv').write_text('')", (RESULT,)),
    "results.csv that is a folder": ("(s / 'results.csv').unlink(); (s / 'results.csv').mkdir()", (REFUSED,)),
    "report.html that is a folder": ("(s / 'report.html').unlink(); (s / 'report.html').mkdir()", (REFUSED, FAILED)),
    "a lock that is a folder": ("(s / '.lock').unlink(missing_ok=True); (s / '.lock').mkdir()", (REFUSED,)),
    "no right to write": ("c.chmod(0o555); (s / 'cells').chmod(0o555); s.chmod(0o555)", (REFUSED,)),
    "a file of somebody else": ("(s / 'thesis.txt').write_text('x')", (RESULT,)),
}
STORES = [
    Case(
        f"a study's folder: {what}",
        typed(STUDY),
        {"p.png": PICTURE, "s": _study(change)},
        allowed,
        outputs=(
            "s/cells",
            "s/cells/*",
            "s/pictures",
            "s/pictures/*",
            "s/results.csv",
            "s/report.html",
            "s/study.json",
            "s/contents.json",
            "s/.lock",
        ),
        seconds=60,
    )
    for what, (change, allowed) in CHANGES.items()
]
FOREIGN = [
    Case(f"a study into {what}", typed(STUDY), {"p.png": PICTURE, **files}, (REFUSED,), outputs=())
    for what, files in (
        ("a folder of pictures", {"s/p.png": PICTURE}),
        ("a folder with a hidden file", {"s/.git/config": EMPTY}),
        ("a file", {"s": EMPTY}),
        ("a broken link", {"s": link("nowhere/at/all")}),
        ("a folder without right to write", {"s": folder(0o555)}),
        ("a folder without any right", {"s": folder(0)}),
        ("its own folder", {"s": link(".")}),
    )
]

LINE = f'{{"version": {VERSION}, "output": "a.png", "key": "x", "record": null}}\n'
MANIFESTS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "of bytes": (bytes(range(256)), (RESULT,)),
    "with one bad byte": (LINE.encode() + b"\xff\n", (RESULT,)),
    "cut": (LINE.encode()[:30], (RESULT,)),
    "of lists": (b"[]\n[1]\n3\nnull\n", (RESULT,)),
    "of wrong types": (
        b'{"output": [], "key": {}, "record": 3}\n{"output": {}, "key": 1, "record": "x"}\n',
        (RESULT, REFUSED),
    ),
    "of another version": (LINE.replace(str(VERSION), "1").encode(), (REFUSED,)),
    "of a version that is a text": (LINE.replace(str(VERSION), '"x"').encode(), (REFUSED,)),
    "nested": (b"[" * 99999 + b"\n", (RESULT,)),
    "with U+2028": (LINE.replace("a.png", "a\u2028b.png").encode(), (RESULT,)),
    "of a record that is a text": (LINE.replace("null", '"x"').replace("a.png", "p.png").encode(), (RESULT, REFUSED)),
    "of nulls": (b"\0" * 4096, (RESULT,)),
    "with a path out": (LINE.replace("a.png", "../../a.png").encode(), (RESULT,)),
}
BATCHES = [
    Case(
        f"a manifest {what}",
        typed(f"denoise d -o out {TV}"),
        {"d/p.png": PICTURE, "out/manifest.jsonl": content(data)},
        allowed,
        {"out/p.png": (16, 16)},
        outputs=("out/manifest.jsonl",),
        slow=what != "with one bad byte",
    )
    for what, (data, allowed) in MANIFESTS.items()
]
BATCHES += [
    Case(
        "a manifest that is a folder",
        typed(f"denoise d -o out {TV}"),
        {"d/p.png": PICTURE, "out/manifest.jsonl": folder()},
        (REFUSED,),
    ),
    Case(
        "a manifest that is a pipe",
        typed(f"denoise d -o out {TV}"),
        {"d/p.png": PICTURE, "out/manifest.jsonl": fifo()},
        (REFUSED, RESULT),
        {"out/p.png": (16, 16)},
    ),
    Case(
        "a file in a batch's place",
        typed(f"denoise d -o out {TV}"),
        {"d/p.png": PICTURE, "out/p.png": picture(seed=5)},
        (REFUSED,),
    ),
    Case(
        "a folder in a picture's place",
        typed(f"denoise d -o out {TV}"),
        {"d/p.png": PICTURE, "out/p.png": folder()},
        (REFUSED, FAILED),
        outputs=("out/manifest.jsonl",),
    ),
]

PARTS: dict[str, dict[str, File]] = {
    "an empty request": {"request.json": EMPTY, "00000.json": content("{}"), "00000.mkv": FILM},
    "a request of bytes": {"request.json": NOISE, "00000.json": content("{}"), "00000.mkv": FILM},
    "a request {}": {"request.json": content("{}"), "00000.json": content("{}"), "00000.mkv": FILM},
    "a request []": {"request.json": content("[]"), "00000.json": content("[1]"), "00000.mkv": FILM},
    "a request of texts": {
        "request.json": content('{"request": "x", "chosen": 3}'),
        "00000.json": content('{"a": 1}'),
        "00000.mkv": FILM,
    },
    "no request": {"00000.json": content('{"a": 1}'), "00000.mkv": FILM},
    "a cut record": {"00000.json": content("{"), "00000.mkv": FILM},
    "a file of somebody else": {"thesis.txt": content("x")},
}
FILMS = [
    Case(
        f"a film's parts: {what}",
        typed("video v.mkv -o o.mkv --prior tv:0.05 --iterations 2"),
        {"v.mkv": FILM, **{f"o.mkv.parts/{name}": file for name, file in files.items()}},
        (RESULT, REFUSED),
        outputs=("o.mkv", "o.mkv.parts", *(f"o.mkv.parts/{n}" for n in ("request.json", "0*", ".lock"))),
    )
    for what, files in PARTS.items()
]
FILMS += [
    Case(
        "a film's parts are a file",
        typed("video v.mkv -o o.mkv --prior tv:0.05 --iterations 2"),
        {"v.mkv": FILM, "o.mkv.parts": content("x")},
        (REFUSED,),
    ),
    Case(
        "a film's parts are a link",
        typed("video v.mkv -o o.mkv --prior tv:0.05 --iterations 2"),
        {"v.mkv": FILM, "x/thesis.txt": content("x"), "o.mkv.parts": link("x")},
        (REFUSED, RESULT),
        outputs=("o.mkv",),
    ),
]

CASES = [*FILE, *STORES, *FOREIGN, *BATCHES, *FILMS]
