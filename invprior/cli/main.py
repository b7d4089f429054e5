"""``invprior``: the command line and its ends."""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType
from typing import Any

import typer
from typer.core import TyperGroup

from invprior.cli.explaining import explain
from invprior.cli.judging import check, compare, demo, help_, info, serve
from invprior.cli.listener import forgiving
from invprior.cli.restoring import deblur, dejpeg, denoise, develop, flash, inpaint, upscale, video


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

RESTORING = (denoise, upscale, inpaint, deblur, dejpeg, develop, flash, video, explain)
for command in (*RESTORING, demo, serve, compare, check, info):
    app.command()(command)
app.command("help")(help_)


def run() -> None:
    """The console script; a user's mistake prints one sentence and exits with code 2, a fault of ours with 70."""
    # names of files may hold bytes that the terminal's encoding lacks
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = forgiving(sys.stdout), forgiving(sys.stderr)
    # a scheduler's request to end is Ctrl-C: a batch keeps what is finished, a solve its best so far
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    try:
        app()
    except CtrlCError:
        _leave("interrupted; what was not named as done is as it was", 130)
    except Exception as error:
        from invprior.cli.report import told
        from invprior.failure import sentence

        _leave(told(error), 70 if sentence(error) is None else 2)


def _as_ctrl_c(number: int, frame: FrameType | None) -> None:
    """Do what Ctrl-C does now; in a job of the background, which ignores Ctrl-C, end as by one."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        raise KeyboardInterrupt
    handler(signal.SIGINT, frame)


def _leave(sentence: str, code: int) -> None:
    print(f"invprior: {sentence}", file=sys.stderr)
    sys.exit(code)
