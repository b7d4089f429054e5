"""The page of the command line, generated from the options."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import typer

from catalogue.pages import escaped, heading
from invprior.cli.main import app
from invprior.cli.options import Settings


def command_line() -> str:
    """Each command with its own options, then the options that all restoring commands share."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    shared = {f.name for f in fields(Settings)}
    restoring = {name for name, c in commands.items() if shared <= {p.name for p in c.params}}
    first = commands[min(restoring)]
    page = heading("Command line") + f"{escaped(str(app.info.help))}\n\n"
    for name, command in commands.items():
        page += heading(f"invprior {name}", "-") + f"{with_options(command.help)}\n\n"
        page += options(command, [p for p in command.params if name not in restoring or p.name not in shared])
        if name in restoring:
            page += "and the `options of every restoring command`_.\n\n"
    page += heading("Options of every restoring command", "-")
    return page + options(first, [p for p in first.params if p.name in shared])


def with_options(text: str) -> str:
    """A sentence with its options and specs as code; a plain ``tv:0.05`` would become a link."""
    code = re.compile(r"(?<![\w-])(--\w[\w-]*|[\w-]+:\w+(?:[.,=]\w+)*)")
    return "``".join(p if i % 2 else code.sub(r"``\1``", p) for i, p in enumerate(escaped(text).split("``")))


def options(command: Any, params: list[Any]) -> str:
    if not params:
        return ""
    context = command.make_context(command.name, [], resilient_parsing=True)
    body = ""
    for p in params:
        names, says = p.get_help_record(context)
        named = names.replace(" range>", ">") if names.startswith("-") else p.metavar
        body += f"   * - ``{named}``\n     - {with_options(says)}\n"
    return ".. list-table::\n   :widths: 35 65\n   :class: options\n\n" + body + "\n"
