"""The operators of other libraries on docs/foreign.md: the laws, and a small picture restored with every kind of prior.

    python -m tests.benchmarks.foreign [LIBRARY ...]

Runs the code of the page for what is installed, says what is not, and prints a row for each operator.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import time
import warnings
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

import invprior as ip
from invprior.metrics import psnr
from invprior.testing import operator_outcomes
from tests.helpers import photograph

PAGE = Path(__file__).parents[2] / "docs" / "foreign.md"
SIGMA = 0.02
PRIORS = {
    "Tikhonov": ip.priors.Tikhonov(),
    "TV": ip.priors.TV(),
    "DIP": ip.priors.DIP(task="upscale", iterations=300),
}


@dataclass(frozen=True)
class Example:
    """A block of the page: the library whose distribution it needs, what it shows, and its code."""

    library: str
    what: str
    code: str

    def installed(self) -> str | None:
        """The version of the library; None if it is not there."""
        try:
            return version(self.library)
        except PackageNotFoundError:
            return None

    def make(self) -> ip.LinearOperator:
        """The operator ``A`` of the block."""
        names: dict[str, Any] = {}
        with contextlib.redirect_stdout(io.StringIO()):
            for code in (_blocks()[0], self.code):
                exec(compile(code, f"<{self.library} on {PAGE.name}>", "exec"), names)
        operator: ip.LinearOperator = names["A"]
        return operator


def _blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def examples() -> list[Example]:
    """Those of the page; the first line of a block names library and operator, ``# pylops: Convolve2D``."""
    heads = [(re.match(r"# ([\w-]+): (.*)\n", code), code) for code in _blocks()[1:]]
    return [Example(head[1], head[2], code) for head, code in heads if head is not None]


def row(example: Example) -> str:
    """The laws that are broken, and PSNR and seconds of each prior."""
    A = example.make()
    outcomes = operator_outcomes(A, examples=10)
    broken = ", ".join(o.law for o in outcomes if not o.holds) or "none"
    held = sum(o.holds and o.worst is not None for o in outcomes)
    x = photograph(size=A.in_shape[-1]).float().mean(0)
    y = ip.noise.Gaussian(SIGMA).sample(A(x), torch.Generator().manual_seed(0))
    scores = [f"{psnr(A.start(y), x):.1f}"]
    for prior in PRIORS.values():
        begin, problem = time.perf_counter(), ip.Problem(A, y, noise=ip.noise.Gaussian(SIGMA), prior=prior)
        if not prior.parametrised:
            weighted = ip.weight.auto(problem).weight * prior
            problem = ip.Problem(A, y, noise=ip.noise.Gaussian(SIGMA), prior=weighted)
        scores.append(f"{psnr(ip.solve(problem).x, x):.1f} ({time.perf_counter() - begin:.0f} s)")
    single = " (float32)" if A.precision == torch.float32 else ""
    said = f"{example.library} {example.installed()} | {example.what}{single} | {held} | {broken}"
    return f"| {said} | {' | '.join(scores)} |"


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    print(f"torch {torch.__version__}, numpy {version('numpy')}\n")
    print(f"| library | operator | laws held | laws broken | Aᴴy, scaled | {' | '.join(PRIORS)} |")
    print("|---|---|---|---|---|" + "---|" * len(PRIORS))
    for example in examples():
        if sys.argv[1:] and example.library not in sys.argv[1:]:
            continue
        if example.installed() is None:
            print(f"{example.library} is not installed; pip install -e '.[foreign]' brings it", file=sys.stderr)
            continue
        print(row(example), flush=True)


if __name__ == "__main__":
    main()
