"""Figures of a comparison, with matplotlib: bars, differences from the baseline, curves, and strips of pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invprior.errors import InvpriorError
from invprior.study.scores import Figure
from invprior.study.statistics import mean_interval
from invprior.study.table import Group, Mean, Row
from invprior.study.verdict import Verdict

# As on the page; they differ also to eyes that do not tell red from green (Okabe & Ito 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#7f7f7f")
MOST = 8  # pictures that have bars of their own; of more, the means alone are drawn


def pyplot(what: str) -> Any:
    """Matplotlib's pyplot.

    Raises
    ------
    InvpriorError
        If it is not installed.
    """
    try:
        from matplotlib import pyplot as plots
    except ImportError as error:
        raise InvpriorError(f"{what} needs matplotlib; pip install matplotlib") from error
    return plots


def colour(methods: Sequence[str], method: str) -> str:
    """The colour of a method, the same in all figures of a study."""
    return COLOURS[methods.index(method) % len(COLOURS)]


def bars(methods: Sequence[str], averages: Sequence[Mean], found: Sequence[Row], figure: Figure) -> Any:
    """Means over the pictures with their 95 % interval, then each picture with the spread of its seeds."""
    groups = list(dict.fromkeys(mean.group for mean in averages))
    scenes = list(dict.fromkeys(row.scene for row in found))
    several = [group for group in groups if len({s.source for s in scenes if Group.of(s) == group}) > 1]
    alone = scenes if len(scenes) <= MOST or not several else []
    blocks: list[tuple[str, dict[str, tuple[float, float, float]]]] = []
    for group in several:
        own = [mean for mean in averages if mean.group == group and figure.key in mean.figures]
        name = f"mean of {len(own[0].pictures) if own else 0}\n{group.operator}\n{group.noise}"
        blocks.append((name, {mean.prior: _over_pictures(mean, found, figure) for mean in own}))
    for scene in alone:
        rows = [row for row in found if row.scene == scene and figure.key in row.figures]
        blocks.append((str(scene).replace(" · ", "\n"), {row.prior: _over_seeds(row, figure) for row in rows}))
    canvas, axes = pyplot("plot()").subplots(figsize=(max(5.0, 1.6 * len(blocks)), 4.0), layout="constrained")
    width = 0.8 / len(methods)
    for k, method in enumerate(methods):
        held = [(place, block[method]) for place, (_, block) in enumerate(blocks) if method in block]
        places = [place + (k + 0.5) * width - 0.4 for place, _ in held]
        reach = [[mean - low for _, (mean, low, _) in held], [high - mean for _, (mean, _, high) in held]]
        heights = [mean for _, (mean, _, _) in held]
        axes.bar(places, heights, width, yerr=reach, label=method, color=colour(methods, method), ecolor="#333333")
    axes.set_xticks(range(len(blocks)), [name for name, _ in blocks], fontsize="small")
    axes.set_ylabel(f"{figure.title} {figure.unit}".strip())
    if several and alone:
        axes.axvline(len(several) - 0.5, color="#999999", linewidth=0.8)
    canvas.legend(loc="outside upper center", ncols=min(len(methods), 4), frameon=False)
    return canvas


def differences(given: Sequence[Verdict]) -> Any:
    """A dot for each picture's difference from the baseline, and the mean with its 95 % interval."""
    groups = list(dict.fromkeys(v.group for v in given))
    methods = list(dict.fromkeys(v.method for v in given))
    height = 0.9 + 0.45 * len(methods)
    canvas, grid = pyplot("plot()").subplots(
        len(groups), 1, figsize=(6.0, height * len(groups) + 0.3), squeeze=False, layout="constrained"
    )
    for axes, group in zip(grid[:, 0], groups, strict=True):
        own = [v for v in given if v.group == group]
        for place, v in enumerate(own):
            dots = list(v.paired.differences.values())
            shift = 0.18 * np.random.default_rng(0).uniform(-1, 1, len(dots))  # so that equal dots are told apart
            axes.scatter(dots, place + shift, s=14, color=COLOURS[0], alpha=0.55, linewidths=0)
            low, high = v.paired.interval
            if not math.isnan(low):
                axes.plot([low, high], [place, place], color="black", linewidth=1.6, solid_capstyle="butt")
            axes.plot([v.paired.mean], [place], "D", color="black", markersize=5)
        axes.axvline(0, color="#999999", linewidth=0.8, zorder=0)
        axes.set_yticks(range(len(own)), [v.method for v in own])
        axes.set_ylim(len(own) - 0.5, -0.5)
        axes.set_xlabel(f"{own[0].figure.title} minus that of {own[0].baseline} {own[0].figure.unit}".strip())
        axes.set_title(str(group), fontsize="medium", loc="left")
    return canvas


def curves(methods: Sequence[str], found: Sequence[Row]) -> Any:
    """PSNR over the seconds of the solve, of the first seed of each picture; a ring marks what was kept."""
    scenes = list(dict.fromkeys(row.scene for row in found))[:MOST]
    across = min(3, len(scenes))
    down = -(-len(scenes) // across)
    canvas, grid = pyplot("plot()").subplots(
        down, across, figsize=(3.4 * across + 0.4, 2.7 * down + 0.5), squeeze=False, layout="constrained"
    )
    named: dict[str, Any] = {}
    for axes in grid.flat[len(scenes) :]:
        axes.set_axis_off()
    for axes, scene in zip(grid.flat, scenes, strict=False):
        for row in (r for r in found if r.scene == scene):
            record = row.records[0]
            points = [(t, p) for _, t, p in record["curve"] if p is not None and t > 0]
            ink = colour(methods, row.prior)
            (named[row.prior],) = axes.plot(
                *zip(*points, strict=True) if points else ([], []), color=ink, linewidth=1.5
            )
            if record.get("psnr") is not None and (record.get("kept_seconds") or 0) > 0:
                axes.plot([record["kept_seconds"]], [record["psnr"]], "o", color=ink, fillstyle="none", markersize=7)
        axes.set_xscale("log")
        axes.set_title(str(scene), fontsize="small")
        axes.set_xlabel("seconds")
        axes.set_ylabel("PSNR dB")
    canvas.legend(named.values(), named, loc="outside upper center", ncols=min(len(named), 4), frameon=False)
    return canvas


def strip(pictures: Mapping[str, NDArray[np.uint8]], part: tuple[slice, slice]) -> Any:
    """Pictures (H, W, C) of one size side by side, the same part of each enlarged below it and framed in it."""
    rows, columns = part
    height, width = next(iter(pictures.values())).shape[:2]
    inches, ratio = 1.7, height / width
    zoomed = (rows.stop - rows.start) / (columns.stop - columns.start)
    plots = pyplot("draw()")
    canvas, grid = plots.subplots(
        2,
        len(pictures),
        figsize=(inches * len(pictures), inches * (ratio + zoomed) + 0.35),
        squeeze=False,
        layout="constrained",
        gridspec_kw={"height_ratios": [ratio, zoomed]},
    )
    for (name, picture), (above, below) in zip(pictures.items(), grid.T, strict=True):
        for axes, pixels in ((above, picture), (below, picture[part])):
            axes.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
        above.set_title(name, fontsize="small")
        frame = plots.Rectangle(
            (columns.start - 0.5, rows.start - 0.5),
            columns.stop - columns.start,
            rows.stop - rows.start,
            fill=False,
            edgecolor="#ffcc00",
            linewidth=1.2,
        )
        above.add_patch(frame)
        for spine in below.spines.values():
            spine.set_edgecolor("#ffcc00")
            spine.set_linewidth(1.2)
    return canvas


def telling_part(pictures: Sequence[NDArray[np.uint8]], truth: NDArray[np.uint8]) -> tuple[slice, slice]:
    """The square, a quarter of the shorter side, in which the better half of the pictures differ most.

    The worse half, such as the measurement itself, would only show where it is worst. A single picture is compared with
    the truth.
    """
    from scipy.ndimage import uniform_filter

    exact = truth.astype(np.float64)
    order = sorted((p.astype(np.float64) for p in pictures), key=lambda p: float(np.square(p - exact).mean()))
    better = order[: max(2, -(-len(order) // 2))]
    stack = np.stack(better if len(better) > 1 else [*better, exact])
    height, width = truth.shape[:2]
    side = max(4, min(height, width) // 4)
    side = min(side, height, width)
    spread = uniform_filter(stack.var(axis=0).mean(axis=-1), side, mode="constant")
    # uniform_filter puts the window of a pixel at pixel − side // 2; only windows inside the picture are looked at
    inside = spread[side // 2 : height - side + side // 2 + 1, side // 2 : width - side + side // 2 + 1]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return slice(int(top), int(top) + side), slice(int(left), int(left) + side)


def _over_pictures(mean: Mean, found: Sequence[Row], figure: Figure) -> tuple[float, float, float]:
    own = [r for r in found if r.prior == mean.prior and Group.of(r.scene) == mean.group]
    numbers = [
        r.figures[figure.key].mean for r in own if r.scene.source.name in mean.pictures and figure.key in r.figures
    ]
    return mean.figures[figure.key], *mean_interval(numbers)


def _over_seeds(row: Row, figure: Figure) -> tuple[float, float, float]:
    spread = row.figures[figure.key]
    return spread.mean, spread.mean - spread.deviation, spread.mean + spread.deviation
