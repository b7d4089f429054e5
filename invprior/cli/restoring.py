"""The commands that restore pictures and films; nothing here imports torch, so ``--help`` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from invprior.cli.options import Settings, with_settings

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
InvertMask = Annotated[
    bool | None,
    typer.Option("--invert-mask/--no-invert-mask", help="In the mask, white = known.", show_default="white = hole"),
]
Grow = Annotated[int, typer.Option(metavar="N", help="Make the holes of the mask N pixels larger.", min=0, max=1000)]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Write over OUT; of several pictures restore finished ones again."),
]


@with_settings
def denoise(
    inputs: Inputs,
    output: Output,
    settings: Settings,
    volume: Annotated[
        bool, typer.Option("--volume", help="The pages of a gray TIFF are slices of a volume, restored at once.")
    ] = False,
    tile: Tile = None,
    overwrite: Overwrite = False,
) -> None:
    """Remove white Gaussian noise."""
    from invprior.cli.pictures import restore
    from invprior.cli.stack import denoising

    restore(denoising(volume, settings, tile), inputs, output, settings, tile, overwrite)


@with_settings
def upscale(
    inputs: Inputs,
    output: Output,
    settings: Settings,
    factor: Annotated[str, typer.Option(help="How many times larger: 4, 1.5, 4/3.")] = "4",
    tile: Tile = None,
    overwrite: Overwrite = False,
) -> None:
    """Enlarge a picture, modelled as a Lanczos decimation of the larger one."""
    from invprior.cli.pictures import restore
    from invprior.cli.words import parse_factor
    from invprior.runs import tasks

    restore(tasks.Upscale(parse_factor(factor)), inputs, output, settings, tile, overwrite)


@with_settings
def inpaint(
    inputs: Inputs,
    output: Output,
    settings: Settings,
    mask: Annotated[
        Path,
        typer.Option(
            metavar="MASK|nan|alpha|auto:scratches|auto:text",
            help="A picture of the same size, white or coloured = hole; nan: where IN holds NaN; alpha: where IN is "
            "transparent; auto: a proposal, written beside OUT to look at and to correct.",
            show_default=False,
        ),
    ],
    invert_mask: InvertMask = None,
    grow: Grow = 0,
    tile: Tile = None,
    overwrite: Overwrite = False,
) -> None:
    """Fill holes. Without --sigma the known pixels stay unchanged."""
    from invprior.cli.masks import Marking, inpainting, proposed
    from invprior.cli.pictures import restore

    mask = proposed(str(mask), inputs, output, settings.quiet) or mask
    task, files = inpainting(mask, Marking(invert_mask, grow))
    restore(task, inputs, output, settings, tile, overwrite, files)


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


@with_settings
def dejpeg(inputs: Inputs, output: Output, settings: Settings, overwrite: Overwrite = False) -> None:
    """Undo JPEG compression, within the intervals that the file states; needs the extra jpeg."""
    from invprior.cli.pictures import restore
    from invprior.runs.dejpeg import Dejpeg

    restore(Dejpeg(), inputs, output, settings, None, overwrite)


@with_settings
def develop(
    inputs: Inputs, output: Output, settings: Settings, tile: Tile = None, overwrite: Overwrite = False
) -> None:
    """Develop raw files of a camera: mosaic and noise are undone at once; needs the extra raw."""
    from invprior.cli import developing

    developing.develop(inputs, output, settings, tile, overwrite)


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
    overwrite: Overwrite = False,
) -> None:
    """Denoise a picture taken without flash, guided by one with flash; OUT keeps the light of the first."""
    from invprior.cli.flash import restore_pair

    restore_pair(no_flash, with_flash, output, mode, align, exposure, settings, overwrite)


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
    invert_mask: InvertMask = None,
    grow: Grow = 0,
    frames: Annotated[str, typer.Option(metavar="A:B", help="Restore frames A up to, but not including, B.")] = "0:",
    window: Annotated[
        int | None, typer.Option(help="Frames restored at a time.", min=1, show_default="as memory allows")
    ] = None,
    memory: Annotated[float, typer.Option(metavar="GB", help="Memory it may use.", min=0, max=1e6)] = 4.0,
    codec: Annotated[
        str | None, typer.Option(help="FFmpeg's name of the encoder.", show_default="that of OUT's suffix")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Restore a film in windows. Priors: nonlocal, motion-tv, tv (space and time), frame-tv, dip, or one for pictures.

    After an interruption, run the same command again to resume.
    """
    from invprior.cli.video.run import FilmSettings, restore_film

    film = FilmSettings(task, factor, psf, mask, invert_mask, grow, frames, window, memory, codec)
    restore_film(source, output, film, settings, overwrite)
