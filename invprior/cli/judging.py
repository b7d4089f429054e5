"""The commands that show, compare and check; nothing here imports torch, so ``--help`` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from invprior.cli.options import LARGEST_SEED, Seed


def help_(
    topic: Annotated[list[str] | None, typer.Argument(metavar="[TOPIC]", help="Such as: still noisy.")] = None,
) -> None:
    """Say what to do: my picture is too large, too smooth, still noisy …"""
    from invprior.cli.topics import topic as said

    print(said(topic or []))


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
            help="none, tv, tv:0.05, dip, dip:preset=paper, dip+tv, …; dip:lr=0.02,0.04 tries both. Repeatable.",
            show_default="none, tv and dip",
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]SPEC",
            help="Somebody else's: module:function, or 'program: ./denoise {input} {output} {sigma}'. Repeatable.",
            show_default=False,
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
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC", help="The prior that the others are judged against.", show_default="tv, or none without tv"
        ),
    ] = None,
    oracle: Annotated[
        bool, typer.Option("--oracle", help="Show what the best iterate would score; only the truth tells which it is.")
    ] = False,
    threads: Annotated[
        int | None, typer.Option(help="Threads of every cell.", min=1, max=1024, show_default="1")
    ] = None,
    time_limit: Annotated[
        float, typer.Option("--time-limit", help="Seconds that a program may take in a cell.", metavar="SECONDS")
    ] = 3600.0,
    jobs: Annotated[
        int | None,
        typer.Option(help="Cells solved at a time.", min=1, max=1024, show_default="as many as processors or GPUs"),
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

    lists = (operator or [], noise or [], prior or [], method or [])
    study = plan_study(
        clean, degraded or [], data, *lists, seeds, crop, iterations, baseline, oracle, threads, time_limit
    )
    if not run_compare(study, output, jobs, device, cluster, quiet):
        raise typer.Exit(1)


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


def serve(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where results are written.", show_default="invprior-page")
    ] = Path("invprior-page"),
    port: Annotated[int, typer.Option(help="Port; 0 for a free one.", min=0, max=65535)] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Any other than this lets other machines in, and needs --token.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(metavar="SECRET", help="The secret in the page's address.", show_default="drawn anew"),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> None:
    """Open a page on this machine: drop a picture, mark what is wrong, watch it come right; needs the extra page."""
    import invprior.cli.serve as page

    page.serve(folder, port, host, token, browser)


def info() -> None:
    """Print versions, device, threads, and what is available on this machine."""
    from invprior.cli.info import print_info

    print_info()
