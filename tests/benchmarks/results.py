"""Stored results: the figures of README and docs, each with its command, date, machine and commit.

A file of ``docs/results`` holds what one command printed, and what the pages say of it: sentences with the figures left
out (``said``) and lines of tables (``printed``). A test compares the pages with it, so that text and result change
together. A benchmark with ``--keep`` writes its file anew by :func:`keep`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "results"


@dataclass(frozen=True)
class Stored:
    """What a file of results holds.

    Attributes
    ----------
    command
        What printed the figures.
    date, machine, commit
        When and on what they were measured, and the commit of the code.
    code
        Files and folders whose change makes the figures older than the code.
    figures
        The figures by name.
    said
        Per page, the sentences that hold them, as templates such as ``{tv:.2f} dB``.
    pages
        The pages that show the lines of ``printed``.
    printed
        Lines of the table, as in the pages.
    """

    command: str
    date: str
    machine: str
    commit: str
    code: tuple[str, ...]
    figures: Mapping[str, float] = field(default_factory=dict)
    said: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pages: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()

    def sentences(self, page: str) -> list[str]:
        """What this result says on a page, with its figures."""
        return [template.format(**self.figures) for template in self.said.get(page, ())]


def load(path: Path) -> Stored:
    held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    whole: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in held.items()}
    return Stored(**whole)


def stored() -> dict[str, Stored]:
    """All results by name."""
    return {path.stem: load(path) for path in sorted(FOLDER.glob("*.json"))}


def save(name: str, result: Stored) -> None:
    text = json.dumps(asdict(result), ensure_ascii=False, indent=1)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def add_keep(parser: argparse.ArgumentParser, name: str) -> None:
    """The option ``--keep`` of a benchmark, with the name of its file of results."""
    parser.add_argument("--keep", nargs="?", const=name, metavar="NAME", help="store the result in docs/results")


def keep(
    name: str | None, code: Sequence[str], figures: Mapping[str, float] | None = None, printed: Sequence[str] = ()
) -> None:
    """Store a result measured now; what the pages say of it stays. Without a name nothing is stored."""
    if name is None:
        return
    path = FOLDER / f"{name}.json"
    before = load(path) if path.exists() else Stored("", "", "", "", ())
    new = replace(
        before,
        command=command(),
        date=datetime.now(UTC).date().isoformat(),
        machine=machine(),
        commit=git("rev-parse", "--short", "HEAD"),
        code=tuple(code),
        figures={**before.figures, **(figures or {})},
        printed=tuple(printed) or before.printed,
    )
    FOLDER.mkdir(exist_ok=True)
    save(name, new)


def command() -> str:
    """The command that runs now, without the option that keeps it."""
    module = Path(sys.argv[0]).resolve()
    inside = module.is_relative_to(ROOT)
    start = f"python -m {'.'.join(module.relative_to(ROOT).with_suffix('').parts)}" if inside else sys.argv[0]
    return " ".join([start, *(Path(a).name if os.path.isabs(a) else a for a in sys.argv[1:] if a != "--keep")])


def machine() -> str:
    """Processor, cores and the versions that matter."""
    import torch

    names = [s.split(":", 1)[1].strip() for s in _lines(Path("/proc/cpuinfo")) if s.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    threads = torch.get_num_threads()
    return (
        f"{processor}, {os.cpu_count()} cores, {threads} thread{'s' * (threads > 1)}; "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def git(*arguments: str) -> str:
    """What git says of this repository; nothing where there is none."""
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
