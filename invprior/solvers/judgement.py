"""What the data that nobody has fitted say of a few images, and the weights that follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import null_space
from torch import Tensor

from invprior.shapes import all_finite
from invprior.solvers.simplex import least_combination, subsets
from invprior.solvers.splitting import Watched

# Before the data are looked at: the probability that the best combination uses a member, so that of two it uses both or
# one with even odds, and the standard deviation of a weight, that of a number which is uniform in [0, 1].
USED, SPREAD = 2 / 3, 12**-0.5
# Weights below this are none: a network would be fitted to all data once more for next to nothing.
LEAST = 0.01
# Groups that tell too little of how they vary.
FEW = 6
# Sites at a time, in double precision.
BLOCK = 2**18
# Relative to the mean variance, above what rounding leaves: images that are equal have the same error for sure.
FLOOR = 1e-9


def weighed(
    watched: Sequence[Watched], images: Sequence[Tensor], controls: Sequence[Tensor | None]
) -> tuple[float, ...]:
    """The weights of images that were fitted to the first part of the data; one that is not finite has none.

    Parameters
    ----------
    watched
        The second part.
    images
        What each member makes of the first part.
    controls
        What it makes of all data, which the way they were split does not change; None where that is not known.
    """
    seen = [[w.judged(x) for x in images] for w in watched]
    sound = [k for k in range(len(images)) if all(all_finite(part[k][0]) for part in seen)]
    w = np.full(len(images), 0.0 if sound else 1 / len(images))
    if sound:
        known = [h for h in controls if h is not None and all_finite(h)]
        parts = [
            Judgement.of_part(one, [part[k] for k in sound], [one.measured(h) for h in known if one.whole is not None])
            for one, part in zip(watched, seen, strict=True)
        ]
        w[sound] = reduce(add, parts).weights()
    return tuple(map(float, w))


@dataclass(frozen=True, eq=False)
class Judgement:
    """The mean squared errors of a few images, as estimated, and how far these are told from chance.

    The combination Σ w_k x_k has the risk Σ w_k (r_k − C_kk) + wᵀCw, where r are the risks of the images and C their
    products around their mean: averaging takes nothing off what all of them miss alike. C is known, r is not.

    Attributes
    ----------
    risk
        Unbiased estimates of r, up to one constant.
    products
        C, the mean products of the images after their common mean is taken off.
    chance
        The covariance of the errors of ``risk``, but for a common one.
    """

    risk: NDArray[np.float64]
    products: NDArray[np.float64]
    chance: NDArray[np.float64]

    @classmethod
    def of_part(cls, watched: Watched, images: Sequence[tuple[Tensor, float]], controls: Sequence[Tensor]) -> Judgement:
        """What one part says of images, of which it judges these values; ``controls`` are such values too.

        The second measurement is y + a, with noise a that was added: it is known, and has mean 0 given y. So an image
        h that depends on y alone is a control variate: ⟨h, a⟩ has mean 0 too, and ⟨x, a⟩ − ⟨h, a⟩ varies with x − h
        alone. Each image has the control that is nearest to it. How far the means are told from chance follows from how
        they vary from site to site, or from group to group of them.
        """
        target = _sites(watched.chosen(watched.target))
        whole = target if watched.whole is None else _sites(watched.chosen(watched.whole))
        x = [_sites(values) for values, _ in images]
        near = [_nearest(one, [_sites(h) for h in controls]) for one in x]
        K, count = len(x), target.shape[1]
        risks, products = np.zeros((K, count)), np.zeros((K, K))
        for start in range(0, count, BLOCK):
            at = slice(start, start + BLOCK)
            X = torch.stack([one[:, at] for one in x]).double()
            y2, y = target[:, at].double(), whole[:, at].double()
            H = torch.stack([torch.zeros_like(y2) if h is None else h[:, at] for h in near])
            each = ((X - y2).square() + 2 * H * (y2 - y)).mean(1)
            risks[:, at] = (each - each.mean(0)).cpu().numpy()  # at each site; what all have in common tells nothing
            rest = (X - X.mean(0)).flatten(1)
            products += (rest @ rest.T).cpu().numpy() / len(y)
        risk = risks.mean(1)
        chance = scatter(risks - risk[:, None], watched.groups)
        added = np.array([more for _, more in images])
        share = watched.share / count
        return cls(watched.share * (risk + added), share * products, watched.share**2 * chance)

    def __add__(self, other: Judgement) -> Judgement:
        """What two parts say, each of its share of the unknowns; their errors are taken for independent."""
        return Judgement(self.risk + other.risk, self.products + other.products, self.chance + other.chance)

    def weights(self) -> NDArray[np.float64]:
        """The convex combination of the least expected risk, without members that hardly count."""
        w = least_combination(self.products, self.expected_risk() - self.products.diagonal())
        w[w < LEAST] = 0
        w /= w.sum()
        return w

    def expected_risk(self) -> NDArray[np.float64]:
        """The expectation of r, up to a constant, given its estimates: Bayesian model averaging.

        The best weights w, of any sign, tell the risks: r_k = C_kk − 2 (C w)_k + const. A model says which members w
        uses, each with a probability of ``USED``: those of a subset S, with 1/|S| ± ``SPREAD``. The estimates have a
        normal distribution in each model, and r an expectation; the models are averaged by how likely they make the
        estimates (Hoeting, Madigan, Raftery & Volinsky 1999). So members of like strength that cannot be told apart
        are averaged, and one that is clearly weaker has no weight.
        """
        K = len(self.risk)
        if K == 1:
            return self.risk
        Q = null_space(np.ones((1, K)))  # what tells members apart: all but the common constant
        C, c = self.products, self.products.diagonal()
        found, chance = Q.T @ self.risk, Q.T @ self.chance @ Q
        least = max((FLOOR * float(np.abs(self.risk).max())) ** 2, 1e-300)  # rounding: members may be the same
        likely, risks = [], []
        for S in subsets(K):
            each, m = np.zeros(K), len(S)
            each[S] = 1 / m
            apart = np.diag(m * each) - m * np.outer(each, each)  # the weights of S, whose sum is 1
            mean = Q.T @ (c - 2 * C @ each)
            spread = 4 * SPREAD**2 * Q.T @ C @ apart @ C @ Q
            values, axes = np.linalg.eigh(spread + chance)
            values = np.maximum(values, max(FLOOR * float(values.max()), least))
            off = axes.T @ (found - mean)
            prior = m * math.log(USED / (1 - USED))
            likely.append(prior - 0.5 * float(off**2 @ (1 / values)) - 0.5 * float(np.log(values).sum()))
            risks.append(Q @ (mean + spread @ axes @ (off / values)))
        share = np.exp(np.array(likely) - max(likely))
        average: NDArray[np.float64] = share @ np.array(risks) / share.sum()
        return average


def scatter(off: NDArray[np.float64], groups: Tensor | None) -> NDArray[np.float64]:
    """The covariance of the means of values (K, sites), given as what they are off their mean.

    Sites of a group, if there are groups, err alike: it is told by the sums over groups. A few tell little of how they
    vary, and each is then taken for one site.
    """
    count = off.shape[1]
    if groups is None:
        return np.asarray(off @ off.T / count**2)
    of_groups = np.stack([np.bincount(groups.cpu().numpy(), row) for row in off])
    number = of_groups.shape[1]
    if number < FEW:
        return np.asarray(off @ off.T / (count * number))
    return np.asarray(number / (number - 1) * of_groups @ of_groups.T / count**2)


def _sites(values: Tensor) -> Tensor:
    """The values as (channels, sites); of complex ones both parts are channels."""
    real = torch.view_as_real(values).movedim(-1, 0) if values.is_complex() else values
    return real.reshape(-1, values.shape[-1])


def _nearest(x: Tensor, controls: Sequence[Tensor]) -> Tensor | None:
    return min(controls, key=lambda h: float((x - h).square().mean()), default=None)
