"""Quantities as a person says them."""

from __future__ import annotations

import re
from fractions import Fraction

from invprior.errors import InvpriorError
from invprior.noise import Gaussian
from invprior.runs.choosing import Choice
from invprior.runs.restoration import Restored
from invprior.stop.base import LIMIT

# The rule of a noise level that is that of the file's rounding.
ROUNDING = "rounding"
# The largest denominator of a factor.
MOST = 100
UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def spoken(seconds: float) -> str:
    """A duration: seconds up to two minutes, then minutes, then hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def told(restored: Restored, enough: bool) -> str:
    """How a run went, for a photographer; ``enough`` if its limit of iterations is known to be."""
    result, first = restored.result, restored.problem.data_terms[0]
    words = [
        "stopped, the best so far" if restored.interrupted else "done",
        spoken(result.seconds + restored.seconds_weight),
    ]
    if isinstance(first.noise, Gaussian) and restored.noise_rule != ROUNDING:
        words.append(f"noise {float(first.sigma):.1%} of full scale")
    if result.status.name == LIMIT and not enough and not restored.problem.prior.fits_network:
        words.append(f"not fully settled, --iterations {5 * result.iterations} helps")
    return "; ".join(words)


def why(choice: Choice) -> str:
    """What was chosen, and what more time would bring."""
    text = f"prior {choice.spec.text}"
    if choice.better is None:
        return f"{text}, the best for it"
    more = spoken(1.2 * choice.better_seconds)
    return f"{text}, the best in the time given; {choice.better.text} may be better and takes about {more} (--time)"


def parse_seconds(text: str, option: str) -> float:
    """Read a duration such as ``90``, ``90s``, ``5m`` or ``1.5h`` in seconds.

    Raises
    ------
    InvpriorError
        If it is none, or not positive.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h)?\s*", text)
    seconds = float(found[1]) * UNITS[found[2] or ""] if found else 0.0
    if seconds <= 0:
        raise InvpriorError(f"{option} takes a duration such as 90s, 5m or 1h, got {text!r}")
    return seconds


def parse_factor(text: str) -> int | Fraction:
    """Read how many times larger a picture becomes: a whole number, a decimal one or a fraction, 1 or more.

    Raises
    ------
    InvpriorError
        If it is none.
    """
    try:
        factor = Fraction(text.strip()).limit_denominator(MOST)
    except (ValueError, ZeroDivisionError):
        factor = Fraction(0)
    if factor < 1:
        raise InvpriorError(f"--factor takes a number of 1 or more such as 4, 1.5 or 4/3, got {text!r}")
    return int(factor) if factor.denominator == 1 else factor
