"""The command line of what the page asks for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from invprior.errors import InvpriorError
from invprior.page.commands import Choice, Files
from invprior.page.form import Form

# Starts the command line in a process of its own, as the console script does.
PROGRAM = (sys.executable, "-c", "from invprior.cli.start import start; start()")
# The options that a form fills in as they are.
SAME = {
    "prior": "--prior",
    "preset": "--preset",
    "time": "--time",
    "sigma": "--sigma",
    "noise": "--noise",
    "weight": "--weight",
    "iterations": "--iterations",
    "depth": "--depth",
}
# And those of some tasks.
OF_TASKS = {"upscale": {"factor": "--factor"}, "inpaint": {"grow": "--grow"}, "flash": {"mode": "--mode"}}
# Tasks that solve in tiles.
TILED = ("denoise", "upscale", "inpaint", "deblur")


class CommandLine:
    """Makes command lines of forms, see :class:`~invprior.page.commands.Commands`."""

    def typed(self, form: Form, files: Files) -> list[str]:
        words = ["invprior", form.task, str(files.picture)]
        needs = {"inpaint": ("--mask", files.mask), "deblur": ("--psf", files.psf), "flash": ("", files.flash)}
        if form.task in needs:
            option, path = needs[form.task]
            if path is None:
                what = {"inpaint": "mark the holes first", "deblur": "give the picture of one bright point"}
                raise InvpriorError(what.get(form.task, "give the picture with flash"))
            words += [option, str(path)] if option else [str(path)]
        words += ["-o", str(files.out)]
        for name, option in {**SAME, **OF_TASKS.get(form.task, {})}.items():
            value = getattr(form, name)
            if value and (name, value) not in (("prior", "auto"), ("grow", "0")):
                words.append(f"{option}={value}")
        if form.tile and form.task in TILED:
            words.append(f"--tile={form.tile}")
        if form.task == "flash" and form.align:
            words.append("--align")
        if form.task == "inpaint":
            words.append("--no-invert-mask")
        if form.strength != 1:
            words.append(f"--strength={form.strength:g}")
        if form.seed not in ("", "0"):
            words.append(f"--seed={form.seed}")
        if form.error_map:
            words.append(f"--error-map={files.out.with_name(f'{files.out.stem}-error.png')}")
        return words

    def watched(self, typed: Sequence[str], moments: Path, checkpoint: Path, record: Path) -> list[str]:
        words = [*PROGRAM, *typed[1:], "--overwrite", f"--moments={moments}", f"--record={record}"]
        return words if _tiled(typed) else [*words, f"--checkpoint={checkpoint}"]

    def planned(self, typed: Sequence[str]) -> list[str]:
        return [*PROGRAM, *typed[1:], "--plan"]

    def exported(self, typed: Sequence[str], chosen: Choice, out: Path, checkpoint: Path) -> list[str]:
        kept = [word for word in typed[1:] if not word.startswith(REPLACED)]
        kept[kept.index("-o") + 1] = str(out)
        words = [
            *PROGRAM,
            *kept,
            f"--strength={chosen.strength:g}",
            *([f"--depth={chosen.depth}"] if chosen.depth else []),
        ]
        # no solve takes fewer iterations than one, so none goes on
        return [*words, "--iterations=1", f"--checkpoint={checkpoint}", "--overwrite", "--quiet"]


# The options that a result written once more has of its own.
REPLACED = ("--strength", "--depth", "--iterations", "--error-map")


def _tiled(typed: Sequence[str]) -> bool:
    return any(word.startswith("--tile") for word in typed)
