"""Measurements split in two: one part to fit, the other to judge images by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.noise import Gaussian
from invprior.operator import Operator
from invprior.operators.mask import Mask
from invprior.shapes import Window
from invprior.solvers.clipped import left_by_clipping, unclipped
from invprior.solvers.likeness import like_missing

# Added to the seed: with the seed of simulated noise the noise that is added would be the same.
SPLIT_SEED = 1_618_033_988  # below 2³²: the rest is lost in the generator
# A second part with a share s of what the data tell costs the networks 3.2 s dB, and chance in the weights costs
# (members − 1) σ²/(s·values) of mean squared error, of which an estimate has a twentieth of σ² or so: about
# 200/(s·values) dB. The sum is least at s² = this number over the values.
BALANCE, LARGEST_NOISE = 70.0, 0.2
# Below this share of sites those that are left do not stand for the picture, which costs more than the correlation of
# clipped noise: of kodim12 a quarter is left, where TV is less behind than elsewhere; its weight of 0.4 lost 0.5 dB.
ENOUGH_SITES = 0.5
# Values to hold out, and the least and the largest share of them.
ENOUGH_HELD, LEAST_HELD, LARGEST_HELD = 12000.0, 0.005, 0.1


@dataclass(frozen=True, eq=False)
class Watched:
    """What an image is judged by: the mean squared error of A x on the values of ``target`` that ``counts`` marks.

    It is an unbiased estimate of the error, up to a constant, and stands for ``share`` of the unknowns.

    Attributes
    ----------
    groups
        Of each of these sites the number, from 0, of its group, whose errors are alike; None if each is by itself.
    whole
        The measurement before it was split, around which ``target`` has noise that was added; None of values that are
        held out.
    limit
        The error above which the measured values themselves are about as close to the truth as the image is, or closer.
    fitted, variance
        The sites that are fitted and the variance of their noise, if the values that are held out stand for those: see
        :meth:`judged`.
    """

    operator: Operator
    target: Tensor
    counts: Tensor
    share: float
    groups: Tensor | None = None
    whole: Tensor | None = None
    limit: float = math.inf
    fitted: Tensor | None = None
    variance: float = 0.0

    @property
    def limited(self) -> bool:
        return self.limit < math.inf

    def chosen(self, values: Tensor) -> Tensor:
        """Those values of a measurement by which images are judged."""
        return values[..., self.counts]

    def measured(self, x: Tensor) -> Tensor:
        return self.chosen(self.operator(x))

    def judged(self, x: Tensor) -> tuple[Tensor, float]:
        """The values by which an image is judged, and what to add to their mean squared error.

        They are A x. A value that is fitted moves the image towards itself, and one that is held out does not: where it
        stands for fitted ones, it is moved by the share h of the residual that the fit takes off these, and its noise,
        which the image follows then, costs 2 h σ² (Stein's unbiased risk estimate, with h for the divergence).
        """
        measured = self.operator(x)
        values = self.chosen(measured)
        if self.fitted is None:
            return values, 0.0
        target = self.chosen(self.target)
        left = (measured - self.target)[..., self.fitted].abs().square().mean()
        ratio = (left / (values - target).abs().square().mean()).sqrt().nan_to_num(1.0).clamp(max=1.0)
        return ratio * values + (1 - ratio) * target, 2 * (1 - float(ratio)) * self.variance

    def error(self, x: Tensor) -> float:
        return float((self.measured(x) - self.chosen(self.target)).abs().square().mean())


def split(data: Sequence[DataTerm], seed: int) -> tuple[tuple[DataTerm, ...], tuple[Watched, ...]]:
    """The data terms to fit, and what the images are judged by.

    Two measurements with independent noise are made of one (:meth:`Noise.split <invprior.noise.Noise.split>`): the
    second tells of what A measures. Where A measures less than there is, as in inpainting and upscaling, a few measured
    pixels are held out as well, and tell of what it does not; each counts for its share of the unknowns. Pixels are
    held out too if the noise cannot be split.

    Raises
    ------
    InvpriorError
        If there is too little to hold out, or the noise is correlated, so that a value tells of those around it.
    """
    rng = torch.Generator().manual_seed(SPLIT_SEED + seed)
    parts = [_parted(d, rng) for d in data]
    return tuple(fitted for fitted, _ in parts), tuple(one for _, watched in parts for one in watched)


def _parted(d: DataTerm, rng: torch.Generator) -> tuple[DataTerm, list[Watched]]:
    values, unknowns = int(d.observed.count_nonzero()), math.prod(d.operator.in_shape)
    measured = min(values / unknowns, 1.0) if isinstance(d.operator, LinearOperator) else 1.0
    part = min(math.sqrt(BALANCE / max(values, 1)), LARGEST_NOISE)
    halves = d.noise.split(d.y, part, rng)
    if halves is None:
        fitted, held = held_out(d, d, rng)
        variance = float((d.variance * torch.ones_like(d.y.real))[d.observed].mean())
        around = replace(held, share=measured, fitted=_sites(d) & ~held.counts, variance=variance)
        return fitted, [around, replace(held, share=1 - measured)] if measured < 1.0 else [around]
    seen, left = _sites(d), left_by_clipping(d)
    if left is None:  # the noise is what its model says where next to nothing is clipped
        sound = unclipped(d.y, d.observed, d.operator.out_shape[-2:])
    else:  # the parts are made by what clipping has left of it
        halves = replace(Gaussian(left.deviation).split(d.y, part, rng), noise=halves.noise)
        sound = torch.ones_like(seen)
    fitted = replace(d, y=halves.first, noise=halves.noise)
    if measured == 1.0:
        return fitted, [_split_judge(d, halves.second, seen, sound, 1.0)]
    fitted, held = held_out(d, fitted, rng)
    judge = _split_judge(d, halves.second, seen & ~held.counts, sound, measured)
    if isinstance(d.operator, Mask) and d.operator.known.dtype == torch.bool:
        # y₂ has the variance E|y₂ − y|² + σ²; an image that errs by less than 0.9 σ² there is better than y
        limit = (halves.second - d.noise.signal(d.y)).abs().square() + 1.9 * d.variance
        judge = replace(judge, limit=float(limit[..., judge.counts].mean()))
    return fitted, [judge, replace(held, share=1 - measured)]


def _split_judge(d: DataTerm, second: Tensor, seen: Tensor, sound: Tensor, share: float) -> Watched:
    """What the second measurement says, on the sites where it is independent of the first, if they are enough."""
    counts = seen & sound
    counts = counts if int(counts.count_nonzero()) > ENOUGH_SITES * int(seen.count_nonzero()) else seen
    return Watched(d.operator, second, counts, share, whole=d.noise.signal(d.y))


def held_out(d: DataTerm, fitted: DataTerm, rng: torch.Generator) -> tuple[DataTerm, Watched]:
    """The term ``fitted`` without some of the pixels that d measures, and what d says of these."""
    if d.noise.correlation is not None:
        raise InvpriorError(
            "a blend chooses its weights on values that it holds out, which correlated noise gives away; take "
            "noise.Gaussian, or one prior alone"
        )
    A, seen = d.operator, _sites(d)
    count = int(seen.count_nonzero()) * (d.y.numel() // seen.numel())
    share = min(max(ENOUGH_HELD / max(count, 1), LEAST_HELD), LARGEST_HELD)
    held = seen & (torch.rand(seen.shape, generator=rng) < share).to(seen.device)
    groups: Tensor | None = None
    if _local(A):
        pieces = like_missing(seen, held, rng)
        held = pieces > 0
        groups = pieces[held] - 1
    if not bool(held.any()) or bool((held == seen).all()):
        raise InvpriorError(
            f"{d!r} has too few values to hold some out for the weights of a blend; take one prior alone"
        )
    thinned = Mask(A.in_shape, A.known * ~held) if isinstance(A, Mask) else Mask(A.out_shape, ~held) @ A
    kept = replace(fitted, operator=thinned, y=torch.where(held, 0, fitted.y))
    return kept, Watched(A, d.noise.signal(d.y), held, 1.0, groups)


def _local(A: Operator) -> bool:
    """True if a pixel of A x is made of those around it in x, so that holes in y are holes in x."""
    whole = Window(0, A.in_shape[-2], 0, A.in_shape[-1]) if len(A.in_shape) > 1 else None
    return whole is not None and isinstance(A, LinearOperator) and A.on_window(whole) is not None


def _sites(d: DataTerm) -> Tensor:
    """The pixels, over the last two axes of y, at which anything is observed."""
    return d.observed.reshape(-1, *d.operator.out_shape[-2:]).any(0)
