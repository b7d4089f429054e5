"""``invprior demo``: one photograph, three degradations, three priors, one solve."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import invprior.metrics as metrics
import invprior.noise as noise
import invprior.operators as operators
from invprior.cli.progress import watched
from invprior.cli.sheet import Panel, contact_sheet
from invprior.errors import InvpriorError
from invprior.io import read
from invprior.io.image import rounding
from invprior.purpose import Purpose
from invprior.runs.device import pick_device
from invprior.runs.record import save_record
from invprior.runs.restoration import Measured, Restoration
from invprior.runs.tasks import Denoise, Inpaint, Task, Upscale
from invprior.runs.threads import take_threads
from invprior.specs import parse_prior

PRIORS = ("none", "tv", "dip")
TASKS = ("denoise", "inpaint", "upscale")
SIZE = 128
# Enough for a picture of this size, and the whole demo stays under two minutes on two cores.
ITERATIONS = 300


def photograph() -> Tensor:
    """The face of scikit-image's cat, 256×256 pixels halved by a Lanczos decimation; (3, 128, 128) in [0, 1]."""
    spec = find_spec("skimage")
    folder = None if spec is None or spec.origin is None else Path(spec.origin).parent / "data"
    if folder is None or not (folder / "chelsea.png").exists():
        raise InvpriorError(
            "the demo's photograph, chelsea.png, is not in this installation of scikit-image; reinstall it"
        )
    cat = read(folder / "chelsea.png").x[:, 20 : 20 + 2 * SIZE, 100 : 100 + 2 * SIZE]
    return operators.Lanczos(cat.shape, factor=2)(cat).clamp(0, 1)


def degrade(name: str, clean: Tensor, rng: torch.Generator) -> Measured:
    """Measure the photograph for the task ``name``: noisy, with text across it, or four times smaller."""
    C, H, W = clean.shape
    text = operators.Mask.text(clean.shape).known
    task: Task = {"denoise": Denoise(), "inpaint": Inpaint(text), "upscale": Upscale(4)}[name]
    A = task.operator((C, H // 4, W // 4) if name == "upscale" else (C, H, W))
    model = noise.Gaussian(0.1 if name == "denoise" else rounding(8))
    y = model.sample(A(clean), rng)
    return task.measured(y, rounding(8), model if name == "denoise" else "rounding")


def run_demo(task: str, output: Path, device: str, seed: int, quiet: bool) -> None:
    """Run the demo and write its picture and records into ``output``."""
    if task != "all" and task not in TASKS:
        raise InvpriorError(f"--task takes {', '.join(TASKS)} or all, got {task!r}")
    where = pick_device(device)
    take_threads()
    if output.exists() and not output.is_dir():
        raise InvpriorError(f"cannot write into {output}: it is a file; give a folder")
    clean = photograph()
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvpriorError(f"cannot make the folder {output}: {error.strerror}") from error
    rows, records = [], []
    for name in TASKS if task == "all" else (task,):
        measured = degrade(name, clean, torch.Generator().manual_seed(seed))
        panels = [
            Panel("truth", clean),
            Panel({"denoise": "noisy", "inpaint": "with text", "upscale": "4 x smaller"}[name], measured.data[0].y),
        ]
        for prior in PRIORS:
            x, record = _restore(name, prior, measured, where, clean, seed, quiet)
            panels.append(Panel(f"{prior} {record['psnr']:.1f} dB", x))
            records.append(record)
            save_record(output / f"{name}-{prior}.json", record)
        rows.append((name, panels))
    contact_sheet(output / "demo.png", rows, SIZE)
    _table(records)
    print(f"{output / 'demo.png'} shows them side by side; the run records are in {output}/")


def _restore(
    task: str,
    name: str,
    measured: Measured,
    device: str,
    clean: Tensor,
    seed: int,
    quiet: bool,
) -> tuple[Tensor, dict[str, Any]]:
    spec = parse_prior(name)
    prior = spec.made(Purpose(task))
    how = Restoration(iterations=ITERATIONS if prior.parametrised else None, seed=seed)
    restored = how.run(measured.to(device), prior, watch=watched(f"{task} {name}", quiet))
    x = restored.x.cpu().clamp(0, 1)
    scores = {"psnr": metrics.psnr(x, clean), "ssim": metrics.ssim(x, clean)}
    return x, {"task": task, **restored.record(spec, seed), **scores}


def _table(records: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("task", "prior", "PSNR dB", "SSIM", "seconds", "why it stopped")
    for r in records:
        table.add_row(
            r["task"],
            r["prior"],
            f"{r['psnr']:.2f}",
            f"{r['ssim']:.3f}",
            f"{r['seconds']:.1f}",
            r["status_message"],
            end_section=r["prior"] == PRIORS[-1],
        )
    Console().print(table)
