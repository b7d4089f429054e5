"""How often chance makes a blend worse than its best member.

    python -m tests.benchmarks.blend_chance DATA [--pictures N] [--crop 240] [--draws 200] [--blends "nonlocal,tv" …]

The pictures, the noise and the size of docs/studies/twelve.toml, σ = 25/255. Each member is fitted to the first part of
the noisy picture, and members without a network to all of it, once. What the second part says of their risks is then
drawn many times: the true risks, with errors of the covariance that the judgement says they have (that it is right is a
test, tests/solvers/test_judgement.py). A line is a blend: its PSNR less that of its best member, the mean over pictures
and draws, the twentieth that is worst, and the share that is more than 0.05 dB below; then the mean with the weights
that are best for the truth, which only this table sees.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import invprior as ip
from invprior import noise, operators
from invprior.data_term import DataTerm
from invprior.io import read
from invprior.problem import Problem
from invprior.solvers.judgement import Judgement
from invprior.solvers.simplex import least_combination
from invprior.solvers.splitting import split
from tests.benchmarks.blend import SIGMA, middle, weighted
from tests.benchmarks.results import ROOT

BLENDS = ("dip(nonlocal),nonlocal", "dip(nonlocal),nonlocal,tv", "dip,nonlocal", "dip,nonlocal,tv", "nonlocal,tv")
BELOW = 0.05


class Fitted:
    """The members of one picture: their images of the first part and of all data."""

    def __init__(self, clean: Tensor, names: Sequence[str]) -> None:
        model, A = noise.Gaussian(SIGMA), operators.Identity(clean.shape)
        whole = DataTerm(A, model.sample(clean, torch.Generator().manual_seed(0)), model)
        (first,), (self.watched,) = split([whole], seed=0)
        self.clean = clean
        self.judged: dict[str, Tensor] = {}
        self.whole: dict[str, Tensor] = {}
        for name in names:
            prior = weighted(name, (whole,))
            self.judged[name] = ip.solve(Problem.from_terms([first], prior)).x
            if not prior.fits_network:
                self.whole[name] = ip.solve(Problem.from_terms([whole], prior)).x

    def judgement(self, members: Sequence[str]) -> Judgement:
        """What the second part says, with the true risks."""
        images = [self.judged[name] for name in members]
        known = [self.watched.measured(self.whole[name]) for name in members if name in self.whole]
        found = Judgement.of_part(self.watched, [self.watched.judged(x) for x in images], known)
        return replace(found, risk=self._errors(images).diagonal())

    def blended(self, members: Sequence[str]) -> NDArray[np.float64]:
        """The mean products of the errors of the images that are blended."""
        return self._errors([self.whole.get(name, self.judged[name]) for name in members])

    def _errors(self, images: Sequence[Tensor]) -> NDArray[np.float64]:
        errors = torch.stack([(x - self.clean).flatten().double() for x in images])
        return np.asarray((errors @ errors.T).numpy() / errors.shape[1])


def line(fitted: Sequence[Fitted], members: Sequence[str], draws: int) -> str:
    """One line of the table."""
    rng, gains, best = np.random.default_rng(0), [], []
    for one in fitted:
        G, judged = one.blended(members), one.judgement(members)

        def gain(w: NDArray[np.float64], G: NDArray[np.float64] = G) -> float:
            return float(10 * np.log10(G.diagonal().min() / (w @ G @ w)))

        best.append(gain(least_combination(G)))
        errors = rng.multivariate_normal(np.zeros(len(members)), judged.chance, draws)
        gains += [gain(replace(judged, risk=judged.risk + error).weights()) for error in errors]
    found = np.array(gains)
    cells = [f"{found.mean():+.3f}", f"{np.quantile(found, 0.05):+.3f}", f"{100 * (found < -BELOW).mean():.1f}"]
    return f"| {', '.join(f'`{m}`' for m in members)} | {' | '.join(cells)} | {np.mean(best):+.3f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, help="as many of the twelve")
    parser.add_argument("--crop", type=int, default=240)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--blends", nargs="+", default=list(BLENDS))
    given = parser.parse_args()
    blends = [text.split(",") for text in given.blends]
    study = tomllib.loads((ROOT / "docs" / "studies" / "twelve.toml").read_text(encoding="utf-8"))
    names = sorted({name for members in blends for name in members})
    clean = [middle(read(given.folder / path).x, given.crop) for path in study["pictures"][: given.pictures]]
    fitted = [Fitted(x, names) for x in clean]
    print(
        "| members | mean gain | worst twentieth | % below −0.05 dB | best weights |\n|---|---|---|---|---|", flush=True
    )
    for members in blends:
        print(line(fitted, members, given.draws), flush=True)


if __name__ == "__main__":
    main()
