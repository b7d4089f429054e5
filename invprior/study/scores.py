"""The figures of the table, and what each of them means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from invprior.metrics import psnr, psnr_luma, ssim

# torchvision's file of the features of LPIPS; it is never downloaded.
ALEXNET = "alexnet-owt-7be5be79.pth"


@dataclass(frozen=True)
class Figure:
    """A column of the table: its format, which way is better (None for neither), and its definition."""

    key: str
    title: str
    unit: str
    digits: int
    better: str | None
    says: str


FIGURES = (
    Figure("psnr", "PSNR", "dB", 2, "higher", "10 log₁₀(1/MSE) over all values of the picture clipped to [0, 1]."),
    Figure(
        "psnr_y",
        "PSNR of Y",
        "dB",
        2,
        "higher",
        "PSNR of Y = (65.481 R + 128.553 G + 24.966 B + 16)/255, 4 pixels cut on each side; gray is used as it is.",
    ),
    Figure(
        "ssim",
        "SSIM",
        "",
        3,
        "higher",
        "Mean structural similarity, Gaussian window of σ = 1.5, K = (0.01, 0.03), over channels "
        "(Wang et al. 2004; scikit-image).",
    ),
    Figure(
        "lpips",
        "LPIPS",
        "",
        3,
        "lower",
        "Learned perceptual distance, AlexNet features, version 0.1 (Zhang et al. 2018; torchmetrics); shown if its "
        f"weights, {ALEXNET}, are in torch's hub folder.",
    ),
    Figure("seconds", "time", "s", 1, None, "Wall time of choosing the weight and of the solve, without scoring."),
    Figure("seconds_weight", "weight time", "s", 1, None, "The part of it that the search for the weight took."),
    Figure("seconds_solve", "solve time", "s", 1, None, "The part of it that the solve took."),
    Figure(
        "memory_mb",
        "memory",
        "MB",
        0,
        None,
        "Peak memory of the process (on a GPU: of torch's allocations) above that before the cell.",
    ),
    Figure("iterations", "iterations", "", 0, None, "Iterations of the solver until its stop rule ended it."),
    Figure("kept", "kept", "", 0, None, "The iteration whose estimate is the result, chosen without the truth."),
    Figure("weight", "weight λ", "", 5, None, "λ of the penalty beside ½‖Ax − y‖²; automatic unless the spec has one."),
)


# Shown on request: the truth chooses the iterate, which no prior can.
ORACLE = (
    Figure(
        "oracle",
        "oracle PSNR",
        "dB",
        2,
        None,
        "Sees the truth: the PSNR of the best of the iterates that were scored on the way, or of the result if that is "
        "better. No stop rule can choose so.",
    ),
    Figure("stopping", "cost of stopping", "dB", 2, None, "Sees the truth: oracle PSNR minus PSNR."),
)


def scores(x: Tensor, truth: Tensor) -> dict[str, float]:
    """PSNR, PSNR of Y, SSIM, and LPIPS if its weights are installed, of pictures (C, H, W) in [0, 1]."""
    values = {"psnr": psnr(x, truth), "psnr_y": psnr_luma(x, truth), "ssim": ssim(x, truth)}
    metric = _lpips()
    if metric is None or x.shape[-3] not in (1, 3) or min(x.shape[-2:]) < 32:
        return values
    pair = (t.detach().cpu().float().expand(3, -1, -1)[None] for t in (x, truth))
    with torch.no_grad():
        return values | {"lpips": float(metric(*pair))}


def figures(records: Sequence[dict[str, Any]]) -> list[Figure]:
    """The columns that at least one record has a number for."""
    return [f for f in (*FIGURES, *ORACLE) if any(isinstance(r.get(f.key), int | float) for r in records)]


def number(record: dict[str, Any], key: str) -> float:
    """A figure of a record; NaN if it has none."""
    value = record.get(key)
    return math.nan if value is None else float(value)


def with_oracle(record: dict[str, Any]) -> dict[str, Any]:
    """The record with the figures of :data:`ORACLE`, from the curve of its solve."""
    kept = record.get("psnr")
    if kept is None:
        return record
    best = max([kept, *(point[2] for point in record["curve"] if point[2] is not None)])
    return record | {"oracle": best, "stopping": best - kept}


@cache
def _lpips() -> Any | None:
    checkpoint = Path(torch.hub.get_dir()) / "checkpoints" / ALEXNET
    if not checkpoint.is_file() or find_spec("torchmetrics") is None or find_spec("torchvision") is None:
        return None
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    return LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True).eval()
