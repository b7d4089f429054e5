"""The options of every restoring command, declared once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

# The panel of the help for options that few need.
EXPERT = "For experts"
LARGEST_SEED = 2**62 - 1
Seed = Annotated[int, typer.Option(rich_help_panel=EXPERT, help="Seed of all random numbers.", min=0, max=LARGEST_SEED)]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Values of the options of every restoring command."""

    prior: Annotated[
        str,
        typer.Option(
            help="auto: the best that --time is enough for. Or none, tv, tgv, wavelet, tikhonov, nlm, nonlocal, dip, "
            "or a sum such as tv+box; with a weight or settings: tv:0.05, tgv:ratio=3, dip:preset=best,iterations=300. "
            "blend(dip,nonlocal,tv): several, weighed by data that none has fitted; dip(nonlocal): a network that is "
            "given the picture of another prior."
        ),
    ] = "auto"
    time: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="For --prior auto: what a picture or a film may take, such as 30s, 5m or 1h.",
            show_default="2m, a film 1h",
        ),
    ] = None
    sigma: Annotated[
        str,
        typer.Option(
            help="Short for --noise gaussian:SIGMA, data in [0, 1]; 12dn: in the values of the file. auto: upscale and "
            "inpaint take the rounding of the file, the others estimate the noise."
        ),
    ] = "auto"
    noise: Annotated[
        str,
        typer.Option(
            rich_help_panel=EXPERT,
            metavar="MODEL",
            help="auto (see --sigma), rounding, gaussian:SIGMA, poisson:GAIN, poisson-gaussian:GAIN,READ or laplace:B. "
            "Noise that is soft or blotchy (demosaiced, resized): flat:LEFT,TOP,WIDTH,HEIGHT, pixels of an even "
            "part in which it is measured, or coloured:SIGMA,BLUR, of a Gaussian blur in pixels.",
        ),
    ] = "auto"
    weight: Annotated[
        str,
        typer.Option(
            rich_help_panel=EXPERT,
            metavar="auto|discrepancy|NUMBER",
            help="λ of the penalty beside ½‖Ax − y‖², data in [0, 1]; larger is smoother. auto: minimises SURE; "
            "of nlm and nonlocal, σ².",
        ),
    ] = "auto"
    preset: Annotated[
        str | None,
        typer.Option(
            help="DIP preset: fast, best, steady or paper; paper:text, paper:vase … name the task too. Short for "
            "--prior dip:preset=PRESET,task=TASK.",
            show_default="fast",
        ),
    ] = None
    iterations: Annotated[
        int | None, typer.Option(rich_help_panel=EXPERT, help="Limit of iterations.", min=1, show_default="preset")
    ] = None
    strength: Annotated[
        float,
        typer.Option(help="Share of the restored picture in OUT; the rest is the picture as it was.", min=0, max=1),
    ] = 1.0
    quality: Annotated[
        int | None,
        typer.Option(help="Quality of a JPEG that is written.", min=1, max=100, show_default="that of IN, else 95"),
    ] = None
    depth: Annotated[
        str | None,
        typer.Option(metavar="8|16", help="Bits of each value of OUT.", show_default="those of IN"),
    ] = None
    seed: Seed = 0
    device: Annotated[str, typer.Option(rich_help_panel=EXPERT, help="auto, cpu or cuda.")] = "auto"
    truth: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=EXPERT,
            metavar="CLEAN",
            help="The clean picture, for scores; never used by the solve.",
            show_default=False,
        ),
    ] = None
    record: Annotated[
        Path | None,
        typer.Option(rich_help_panel=EXPERT, metavar="RUN.json", help="Write a record of the run.", show_default=False),
    ] = None
    preview: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=EXPERT,
            metavar="PICTURE",
            help="Picture of the estimate, written every few seconds.",
            show_default=False,
        ),
    ] = None
    moments: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=EXPERT,
            metavar="FOLDER",
            help="Folder for moments of the run: at most 48 pictures of the estimate, and a line of JSON twice a "
            "second.",
            show_default=False,
        ),
    ] = None
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=EXPERT,
            metavar="FILE",
            help="Write the state of the run, and go on from it if it is there; what has ended is written again, for "
            "instance with another --strength or --depth. Take files of your own only: opening one runs what is in it.",
            show_default=False,
        ),
    ] = None
    members: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=EXPERT,
            metavar="FOLDER",
            help="Folder for the picture of each member of a blend.",
            show_default=False,
        ),
    ] = None
    error_map: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=EXPERT,
            metavar="ERR.tif",
            help="Write the standard error that each pixel is expected to have; five or six more solves, three or four "
            "with a network. A TIFF holds it in the values of the picture; a PNG or JPEG brightens it.",
            show_default=False,
        ),
    ] = None
    verbose: Annotated[
        bool,
        typer.Option("-v", "--verbose", rich_help_panel=EXPERT, help="Say how the solve ended, and with what weight."),
    ] = False
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would be done, the time and the memory that it takes, and stop.")
    ] = False
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing.")] = False


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Replace a command's parameter ``settings`` by one option for each field of :class:`Settings`."""
    hints = get_type_hints(Settings, include_extras=True)
    options = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(Settings)
    ]
    own_hints = get_type_hints(command, include_extras=True)
    own = [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=own_hints[p.name])
        for p in inspect.signature(command).parameters.values()
        if p.name != "settings"
    ]

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        settings = Settings(**{f.name: given.pop(f.name) for f in fields(Settings)})
        command(settings=settings, **given)

    wrapped.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in (*own, *options)}
    return wrapped
