"""The console script: first the environment that libraries read when they start, then the command line."""

from __future__ import annotations

from invprior.runs.environment import settle


def start() -> None:
    """Run the command line."""
    settle()
    from invprior.cli.main import run

    run()
