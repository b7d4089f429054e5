"""The logger of the page on stopping writes to TensorBoard too, where that is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import invprior as ip

PAGE = Path(__file__).parents[2] / "docs" / "stopping.md"


def test_the_logger_writes_tensorboard_files(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter  # type: ignore[attr-defined, unused-ignore]

    found = re.search(r"^def log_to.*?return log$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found
    namespace: dict[str, object] = {"ip": ip}
    exec(found[0], namespace)
    y = torch.rand(1, 8, 8)
    problem = ip.Problem(ip.operators.Identity(y.shape), y, noise=ip.noise.Gaussian(0.1), prior=ip.priors.TV())
    with SummaryWriter(str(tmp_path)) as writer:  # type: ignore[no-untyped-call, unused-ignore]
        log = namespace["log_to"](writer)  # type: ignore[operator]
        ip.solve(problem, stop=ip.stop.MaxIterations(10), callbacks=[log])
    assert list(tmp_path.glob("events.out.tfevents.*"))
