"""Paired differences between two methods: seeds are averaged within a picture, and pictures are what is sampled."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, norm, wilcoxon
from scipy.stats import t as student

LEVEL = 0.05  # of the tests; intervals cover 1 − LEVEL
FEWEST = 6  # pictures for a test: with five, even five wins have p = 2/2⁵ > LEVEL
RESAMPLES = 9999
DIGITS = 9  # differences that agree in so many decimals are equal; what is beyond them is rounding


@dataclass(frozen=True)
class Paired:
    """Differences of two methods over pictures, and what they tell.

    Attributes
    ----------
    differences
        For each picture the mean over its seeds of method minus baseline.
    seeds
        Number of seeds of a picture that both methods have; the median, if pictures differ.
    interval
        Of the mean, at 95 %, by a bootstrap over the pictures; NaN for fewer than :data:`FEWEST` pictures.
    p, test
        Two-sided p-value, and the name of its test; NaN for fewer than :data:`FEWEST` pictures.
    """

    differences: Mapping[str, float]
    seeds: int
    interval: tuple[float, float]
    p: float
    test: str

    @property
    def mean(self) -> float:
        """The size of the effect: the mean difference over the pictures, NaN without any."""
        return statistics.fmean(self.differences.values()) if self.differences else math.nan

    @property
    def above(self) -> int:
        """Number of pictures on which the method has the larger value."""
        return sum(d > 0 for d in self.differences.values())

    @property
    def below(self) -> int:
        """Number of pictures on which the baseline has the larger value."""
        return sum(d < 0 for d in self.differences.values())


def paired(method: Mapping[tuple[str, int], float], baseline: Mapping[tuple[str, int], float]) -> Paired:
    """Compare two methods by their numbers for each picture and seed; what one lacks, or is NaN, is left out."""
    found: dict[str, list[float]] = {}
    for place, number in method.items():
        difference = number - baseline.get(place, math.nan)
        if math.isfinite(difference):
            found.setdefault(place[0], []).append(difference)
    means = {picture: round(statistics.fmean(own), DIGITS) for picture, own in found.items()}
    seeds = statistics.median_low([len(own) for own in found.values()]) if found else 0
    values = list(means.values())
    return Paired(means, seeds, mean_interval(values), *_tested(values))


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """The interval of a mean at 95 %, by a seeded bootstrap; NaN for fewer than :data:`FEWEST` values.

    It is the percentile interval with quantiles expanded for small samples, which alone would be too narrow
    (Hesterberg 2015, The American Statistician 69, section 5.3).
    """
    n = len(values)
    if n < FEWEST:
        return math.nan, math.nan
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    tail = norm.cdf(math.sqrt(n / (n - 1)) * student.ppf(LEVEL / 2, n - 1))
    low, high = np.quantile(drawn @ np.asarray(values) / n, (tail, 1 - tail))
    return float(low), float(high)


def _tested(values: Sequence[float]) -> tuple[float, str]:
    """Wilcoxon's signed-rank test, or the sign test if differences are zero or tied, which ranks cannot order."""
    if len(values) < FEWEST:
        return math.nan, ""
    sizes = [abs(v) for v in values]
    if 0.0 not in sizes and len(set(sizes)) == len(sizes):
        return float(wilcoxon(values).pvalue), "Wilcoxon"
    above, below = sum(v > 0 for v in values), sum(v < 0 for v in values)
    return float(binomtest(above, above + below).pvalue) if above + below else 1.0, "sign test"


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for several comparisons (Holm 1979); those that are NaN are no comparison and stay."""
    tested = sorted((k for k, p in enumerate(p_values) if not math.isnan(p)), key=lambda k: p_values[k])
    corrected, largest = list(p_values), 0.0
    for rank, k in enumerate(tested):
        largest = max(largest, min(1.0, (len(tested) - rank) * p_values[k]))
        corrected[k] = largest
    return corrected
