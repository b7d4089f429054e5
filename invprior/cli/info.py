"""``invprior info``."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import torch

from invprior.priors import presets
from invprior.purpose import Purpose
from invprior.runs.record import versions
from invprior.specs import known_priors


def print_info() -> None:
    """Print versions, device, threads, and what is available on this machine."""
    rows = {**versions()}
    rows["device"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    rows["processors"] = str(os.cpu_count())
    rows["torch threads"] = str(torch.get_num_threads())
    rows["cpu bf16"] = "yes" if torch.cpu._is_avx512_bf16_supported() else "no"
    rows["C++ compiler (torch.compile)"] = shutil.which("c++") or "none"
    rows["deepinv"] = "installed" if find_spec("deepinv") else "not installed"
    rows["priors"] = ", ".join(sorted(known_priors(Purpose())))
    rows["presets of dip"] = "; ".join(f"{name}: {', '.join(presets.tasks(name))}" for name in presets.names())
    width = max(map(len, rows))
    for name, value in rows.items():
        print(f"{name:<{width}}  {value}")
