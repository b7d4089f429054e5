"""``invprior``: the commands. Nothing here imports torch, so ``--help`` answers at once."""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from invprior.cli.listener import forgiving
from invprior.cli.options import LARGEST_SEED, Seed, Settings, with_settings
from invprior.runs.allocator import tune_allocator


class CtrlCError(Exception):
    """Ctrl-C outside of a solve."""


class Commands(TyperGroup):
    """The commands; Ctrl-C in one of them is an exception, where Typer would end the process without a word."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise CtrlCError from error


app = typer.Typer(
    cls=Commands,
    help="Denoise, upscale, inpaint, deblur and merge pictures with the deep image prior, total variation or none.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Inputs = Annotated[
    list[Path], typer.Argument(metavar="IN...", help="Pictures, or folders of pictures.", show_default=False)
]
Output = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="OUT",
        help="The picture to write; for several pictures a folder, filled with the tree of IN.",
        show_default=False,
    ),
]


Tile = Annotated[
    int | None,
    typer.Option(metavar="N", help="Restore in overlapping tiles of N×N pixels of OUT.", show_default="whole"),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="With several pictures: restore finished ones again, replace files.")
]


@app.command()
@with_settings
def denoise(
    inputs: Inputs, output: Output, settings: Settings, tile: Tile = None, overwrite: Overwrite = False
) -> None:
    """Remove white Gaussian noise."""
    from invprior.cli.pictures import restore
    from invprior.runs import tasks

    restore(tasks.Denoise(), inputs, output, settings, tile, overwrite)


@app.command()
@with_settings
def upscale(
    inputs: Inputs,
    output: Output,
    settings: Settings,
    factor: Annotated[int, typer.Option(help="How many times larger.", min=1)] = 4,
    tile: Tile = None,
    overwrite: Overwrite = False,
) -> None:
    """Enlarge a picture, modelled as a Lanczos decimation of the larger one."""
    from invprior.cli.pictures import restore
    from invprior.runs import tasks

    restore(tasks.Upscale(factor), inputs, output, settings, tile, overwrite)


@app.command()
@with_settings
def inpaint(
    inputs: Inputs,
    output: Output,
    settings: Settings,
    mask: Annotated[
        Path,
        typer.Option(
            metavar="MASK|nan|alpha",
            help="A picture of the same size, white or coloured = hole; nan: where IN holds NaN; alpha: where IN is "
            "transparent.",
            show_default=False,
        ),
    ],
    invert_mask: Annotated[bool, typer.Option("--invert-mask", help="In the mask, white = known.")] = False,
    tile: Tile = None,
    overwrite: Overwrite = False,
) -> None:
    """Fill holes. Without --sigma the known pixels stay unchanged."""
    from invprior.cli.masks import inpainting
    from invprior.cli.pictures import restore

    task, files = inpainting(mask, invert_mask)
    restore(task, inputs, output, settings, tile, overwrite, files)


@app.command()
@with_settings
def deblur(
    inputs: Inputs,
    output: Output,
    settings: Settings,
    psf: Annotated[
        Path,
        typer.Option(metavar="PSF", help="A picture of the blur: the image of one bright point.", show_default=False),
    ],
    tile: Tile = None,
    overwrite: Overwrite = False,
) -> None:
    """Undo a known blur. The noise level decides how far: give --sigma if you know it."""
    from invprior.cli.pictures import restore
    from invprior.io import read_psf
    from invprior.runs import tasks

    restore(tasks.Deblur(read_psf(psf)), inputs, output, settings, tile, overwrite, {"--psf": psf})


@app.command()
@with_settings
def flash(
    no_flash: Annotated[
        Path, typer.Argument(metavar="NOFLASH", help="The noisy picture, in the light you want.", show_default=False)
    ],
    with_flash: Annotated[Path, typer.Argument(metavar="FLASH", help="The same scene with flash.", show_default=False)],
    output: Output,
    settings: Settings,
    mode: Annotated[
        str,
        typer.Option(
            metavar="guide|pair", help="guide: use its edges. pair: restore ambient and flash light from both."
        ),
    ] = "guide",
    align: Annotated[bool, typer.Option("--align", help="Align FLASH with NOFLASH first.")] = False,
    exposure: Annotated[
        str,
        typer.Option(metavar="auto|NUMBER", help="For --mode pair: exposure time of NOFLASH over that of FLASH."),
    ] = "auto",
) -> None:
    """Denoise a picture taken without flash, guided by one with flash; OUT keeps the light of the first."""
    from invprior.cli.flash import restore_pair

    restore_pair(no_flash, with_flash, output, mode, align, exposure, settings)


@app.command()
@with_settings
def video(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A film.", show_default=False)],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="OUT", help="The film to write: .mp4, .mov, .mkv, .webm.", show_default=False
        ),
    ],
    settings: Settings,
    task: Annotated[str, typer.Option(help="denoise, upscale, inpaint or deblur.")] = "denoise",
    factor: Annotated[int, typer.Option(help="For upscale: how many times larger.", min=1)] = 4,
    psf: Annotated[
        Path | None,
        typer.Option(metavar="PSF", help="For deblur: the image of one bright point.", show_default=False),
    ] = None,
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="MASK",
            help="For inpaint: a picture for all frames (a logo) or a film, white = hole.",
            show_default=False,
        ),
    ] = None,
    invert_mask: Annotated[bool, typer.Option("--invert-mask", help="In the mask, white = known.")] = False,
    frames: Annotated[str, typer.Option(metavar="A:B", help="Restore frames A up to, but not including, B.")] = "0:",
    window: Annotated[
        int | None, typer.Option(help="Frames restored at a time.", min=1, show_default="as memory allows")
    ] = None,
    memory: Annotated[float, typer.Option(metavar="GB", help="Memory it may use.", min=0, max=1e6)] = 4.0,
    codec: Annotated[
        str | None, typer.Option(help="FFmpeg's name of the encoder.", show_default="that of OUT's suffix")
    ] = None,
) -> None:
    """Restore a film in windows. Priors: motion-tv, tv (in space and time), frame-tv, dip, or one for pictures.

    After an interruption, run the same command again to resume.
    """
    from invprior.cli.video.run import FilmSettings, restore_film

    film = FilmSettings(task, factor, psf, mask, invert_mask, frames, window, memory, codec)
    restore_film(source, output, film, settings)


@app.command()
def demo(
    task: Annotated[str, typer.Option(help="denoise, upscale, inpaint or all.")] = "all",
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to write.")] = Path(
        "invprior-demo"
    ),
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    seed: Seed = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Degrade a photograph and restore it with no prior, TV and DIP: under two minutes, offline."""
    from invprior.cli.demo import run_demo

    run_demo(task, output, device, seed, quiet)


@app.command()
def compare(
    clean: Annotated[
        list[Path],
        typer.Argument(metavar="CLEAN...", help="Clean pictures, or one study file (.toml).", show_default=False),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="The folder of the study.", show_default=False)
    ],
    operator: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help="identity, lanczos:4, mask:0.5, mask:hole.png, blur:psf.png, A@B, module:make_operator. Repeatable.",
            show_default="identity",
        ),
    ] = None,
    noise: Annotated[
        list[str] | None,
        typer.Option(metavar="SPEC", help="rounding, gaussian:SIGMA, … Repeatable.", show_default="rounding"),
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help="none, tv, tv:0.05, dip, dip:preset=paper, dip+tv, … Repeatable.",
            show_default="none, tv and dip",
        ),
    ] = None,
    degraded: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="The measurement of each CLEAN, in the same order.", show_default=False),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the files that a study file names.", show_default="beside it"),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Number of solves of each cell.", min=1, max=10_000, show_default="3")
    ] = None,
    crop: Annotated[
        int | None,
        typer.Option(help="Use only the middle N×N pixels; 0 for all.", min=0, metavar="N", show_default="all"),
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(help="Limit of iterations in every solve.", min=1, show_default="each prior's own")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(help="Cells solved at a time.", min=1, max=1024, show_default="one per processor or GPU"),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    cluster: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="A running Dask scheduler to solve on.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but failures.")] = False,
) -> None:
    """Compare priors on pictures whose truth is known; run the same command again to resume."""
    from invprior.cli.compare import plan_study, run_compare

    lists = (operator or [], noise or [], prior or [])
    study = plan_study(clean, degraded or [], data, *lists, seeds, crop, iterations)
    if not run_compare(study, output, jobs, device, cluster, quiet):
        raise typer.Exit(1)


@app.command()
def check(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:NAME",
            help="An operator, functional, prior, noise model, solver, stop rule or network, its class, or a factory "
            "taking a shape (C, H, W).",
            show_default=False,
        ),
    ],
    shape: Annotated[
        list[str] | None,
        typer.Option(metavar="CxHxW", help="A shape to try, such as 31x16x16; repeatable.", show_default=False),
    ] = None,
    law: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A law to measure; repeatable.", show_default=False)
    ] = None,
    tol: Annotated[float, typer.Option(help="Factor on every bound.")] = 1.0,
    examples: Annotated[
        int | None,
        typer.Option(help="Cases to draw; by default 10 to 60, as usual for the kind.", min=1, show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the search.", min=0, max=LARGEST_SEED)] = 0,
) -> None:
    """Search for a case in which what you wrote breaks a law; print the smallest one and exit with 1."""
    from invprior.cli.check import run_check

    if not run_check(target, shape or [], law or [], tol, examples, seed):
        raise typer.Exit(1)


@app.command()
def info() -> None:
    """Print versions, device, threads, and what is available on this machine."""
    from invprior.cli.info import print_info

    print_info()


def run() -> None:
    """The console script; a user's mistake prints one sentence and exits with code 2, a fault of ours with 70."""
    # names of files may hold bytes that the terminal's encoding lacks
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = forgiving(sys.stdout), forgiving(sys.stderr)
    tune_allocator()
    # a scheduler's request to end is Ctrl-C: a batch keeps what is finished, a solve its best so far
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    try:
        app()
    except CtrlCError:
        _leave("interrupted, nothing was written", 130)
    except Exception as error:
        from invprior.cli.report import told
        from invprior.failure import sentence

        _leave(told(error), 70 if sentence(error) is None else 2)


def _leave(sentence: str, code: int) -> None:
    print(f"invprior: {sentence}", file=sys.stderr)
    sys.exit(code)
