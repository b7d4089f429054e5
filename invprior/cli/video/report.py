"""Reports of the command ``video``: scores, records, and the summary on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from invprior.cli.video.window import FilmJob, Settled
from invprior.cli.video.windows import Span
from invprior.metrics import psnr, psnr_luma, ssim
from invprior.runs.restoration import Restored
from invprior.stop.base import INTERRUPTED, Status


def window_record(span: Span, job: FilmJob, restored: Restored, scores: dict[str, list[float]]) -> dict[str, Any]:
    """The record of one window, for the folder of finished windows."""
    asked = job.request
    return {
        "frames": [span.first, span.last],
        **restored.record(job.prior, asked.restoration.seed),
        "scores": scores,
    }


def frame_scores(x: Tensor, truth: Tensor) -> dict[str, list[float]]:
    """Scores of every frame before encoding."""
    pairs = list(zip(x, truth, strict=True))
    return {
        "psnr": [psnr(a, b) for a, b in pairs],
        "ssim": [ssim(a, b) for a, b in pairs],
        "psnr_y": [psnr_luma(a, b) for a, b in pairs],
    }


def film_record(
    source: Path, target: Path, job: FilmJob, settled: Settled, windows: Sequence[dict[str, Any]], total: int
) -> dict[str, Any]:
    """The record of the whole film: what its windows share, sums, mean scores, and the windows."""
    frames = windows[-1]["frames"][1]
    ended = sorted({w["status"] for w in windows})
    status = Status(INTERRUPTED, f"stopped by Ctrl-C; the first {frames} of {total} frames were kept")
    if frames == total:
        status = Status(", ".join(ended), "; ".join(sorted({w["status_message"] for w in windows})))
    shared = ("prior", "solver", "stop", "preset", "seed", "operator", "noise", "device", "threads", "versions")
    scores = {k: [v for w in windows for v in w["scores"][k]] for k in windows[0]["scores"]}
    return {
        "input": str(source),
        "output": str(target),
        "task": job.task.name,
        "status": status.name,
        "status_message": status.message,
        "frames": frames,
        "kept": sum(w["kept"] for w in windows),
        "iterations": sum(w["iterations"] for w in windows),
        "seconds": sum(w["seconds"] for w in windows),
        **{k: windows[0][k] for k in shared},
        **{k: v for k, v in asdict(settled).items() if k != "scale"},
        **{k: sum(v) / len(v) for k, v in scores.items()},
        "history": [{"frames": w["frames"], **row} for w in windows for row in w["history"][-1:]],
        "windows": [
            {k: w[k] for k in ("frames", "status", "kept", "iterations", "seconds", "scores")} for w in windows
        ],
    }


def print_report(record: dict[str, Any]) -> None:
    """Print the summary."""
    frames = record["frames"]
    print(f"{record['output']}: {frames} frame{'s' if frames > 1 else ''}, {record['status_message']}")
    windows = len(record["windows"])
    weight = "" if record["weight"] is None else f", weight {record['weight']:.3g} ({record['weight_rule']})"
    noise = f"sigma {record['sigma']:.4g}" if record["noise"].startswith("Gaussian") else record["noise"]
    print(
        f"  {noise} ({record['noise_rule']}){weight}, {record['iterations']} iterations in "
        f"{windows} window{'s' if windows > 1 else ''}, {record['seconds']:.1f} s"
    )
    if "psnr" in record and math.isfinite(record["psnr"]):
        print(
            f"  PSNR {record['psnr']:.2f} dB, SSIM {record['ssim']:.3f}, PSNR of Y {record['psnr_y']:.2f} dB, "
            "means over the frames"
        )
