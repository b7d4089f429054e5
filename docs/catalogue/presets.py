"""The page of presets: every value of every preset of the deep image prior."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from catalogue.pages import heading
from invprior.priors.presets import load, names, tasks

INTRO = """The values of ``DIP(preset, task)`` and ``VideoDIP``, generated from ``presets.toml``. On the command line:
``--preset best`` or ``--prior dip:preset=best,task=upscale``. A learning rate of your own, or a longer fit:

.. code-block:: python

   import torch
   import invprior as ip

   y = torch.rand(3, 64, 64)
   prior = ip.priors.DIP(lr=0.02, iterations=20)  # the preset with another learning rate and limit
   problem = ip.Problem(ip.operators.Identity(y.shape), y, noise=ip.noise.Gaussian(0.1), prior=prior)
   result = ip.solve(problem)  # stops early, as the preset says
   result = ip.solve(problem, stop=ip.stop.Discrepancy() | ip.stop.MaxIterations(10))  # or as you say

:doc:`Stopping and callbacks </stopping>` says what the rules do.

"""
LEARNING = "The learning rate is that of the network's weights, ``lr`` of the solver.\n\n"
# What a field is called where its name does not say it.
WORDS = {
    "iterations": "iterations, at most, of one fit",
    "solver lr": "learning rate (``lr``)",
    "restarts": "fits that are averaged",
    "memory": "memory, GB a megapixel",
    "held_back": "share of values held back",
    "solver": "solver",
    "stop": "early stopping",
    "again": "iterations of later windows",
}
FILMS = ("batch", "period", "again")


def presets() -> str:
    """A table for each preset with a column for each task; the learning rates once more, side by side."""
    page = (
        ".. index:: ! learning rate, ! preset, ! iterations\n\n"
        + heading("Presets")
        + INTRO
        + heading("Learning rate", "-")
        + LEARNING
        + learning_rates()
    )
    for name in names():
        page += heading(name, "-")
        for group in (False, True):
            wanted = [task for task in tasks(name) if task.startswith("video-") == group]
            if wanted:
                page += table(["", *wanted], settings(name, wanted))
    return page


def learning_rates() -> str:
    rows = []
    for name in names():
        for task in tasks(name):
            solver = load(name, task).solver
            rows.append([f"``{name}``", task, type(solver).__name__, text(solver.lr)])
    return table(["preset", "task", "solver", "learning rate"], rows)


def settings(name: str, wanted: list[str]) -> list[list[str]]:
    """A row for each field of the preset, its solver and its network, with a value for each task."""
    columns = [flat(load(name, task)) for task in wanted]
    keys = dict.fromkeys(key for column in columns for key in column)
    films = wanted[0].startswith("video-")
    shown = [key for key in keys if films or key not in FILMS]
    return [[WORDS.get(key, key.replace("_", " ")), *(column.get(key, "") for column in columns)] for key in shown]


def flat(values: Any, prefix: str = "") -> dict[str, str]:
    """The fields of a dataclass, and of those in it, by name."""
    out: dict[str, str] = {}
    for f in fields(values):
        value = getattr(values, f.name)
        if is_dataclass(value) and not isinstance(value, type):
            out[prefix + f.name] = type(value).__name__
            out |= flat(value, f"{f.name} ")
        else:
            out[prefix + f.name] = text(value)
    return out


def text(value: object) -> str:
    if isinstance(value, tuple):
        return (" or " if any(map(is_dataclass, value)) else " ").join(map(text, value)) or "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def table(header: list[str], rows: list[list[str]]) -> str:
    def line(cells: list[str]) -> str:
        return "".join(f"   {'* ' if i == 0 else '  '}- {cell}\n" for i, cell in enumerate(cells))

    return ".. list-table::\n   :header-rows: 1\n   :class: presets\n\n" + "".join(map(line, [header, *rows])) + "\n"
