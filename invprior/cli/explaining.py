"""The command that restores a picture and says what of it is in the data; nothing here imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from invprior.cli.options import Settings, with_settings
from invprior.cli.restoring import Grow, InvertMask


@with_settings
def explain(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A picture.", show_default=False)],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FOLDER", help="The folder to write pictures into.", show_default=False),
    ],
    settings: Settings,
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="MASK|nan|alpha", help="Inpaint: the holes of IN, as of invprior inpaint.", show_default=False
        ),
    ] = None,
    invert_mask: InvertMask = None,
    grow: Grow = 0,
    psf: Annotated[
        Path | None, typer.Option(metavar="PSF", help="Deblur: a picture of the blur.", show_default=False)
    ] = None,
    factor: Annotated[
        int | None, typer.Option(help="Upscale: how many times larger.", min=1, show_default=False)
    ] = None,
    region: Annotated[
        Path | None,
        typer.Option(
            metavar="MARKED",
            help="A picture of the size of what is restored, white or coloured = a structure: is it in the data? For "
            "convex priors such as tv, tgv and wavelet.",
            show_default=False,
        ),
    ] = None,
    alpha: Annotated[
        float, typer.Option(help="The credible region misses the true image with at most this probability.")
    ] = 0.05,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over pictures in FOLDER.")] = False,
) -> None:
    """Restore a picture, and say what of it the data determine and what the prior added.

    IN is denoised, or with one of --mask, --psf and --factor inpainted, deblurred or enlarged. FOLDER gets restored,
    determined, added and with --region without, pictures of the kind of IN.
    """
    from invprior.cli.explain import Asked, run_explain

    run_explain(source, output, Asked(mask, invert_mask, grow, psf, factor, region, alpha), settings, overwrite)
