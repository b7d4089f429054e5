"""The random numbers of a study: the measurement's and the solve's, from the picture and the seed."""

from __future__ import annotations

import hashlib

# torch's generator uses 32 bits of a seed. Measurements take the upper half and solves the lower one: from the same
# seed as the noise, a network's input would contain the noise.
DATA = 2**31
# Solves count on from their seed, one for every iteration.
SOLVES = 2**30


def data_seed(picture: str, seed: int) -> int:
    """The seed of mask and noise; ``picture`` is the hash of its bytes, so that no two pictures share a noise field."""
    return DATA + _number("data", picture, seed) % DATA


def solve_seed(picture: str, seed: int) -> int:
    """The seed of everything random in a solve, the same for all methods of a picture."""
    return _number("solve", picture, seed) % SOLVES


def _number(what: str, picture: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{what} {picture} {seed}".encode()).digest()[:8], "big")
