"""Why a solve ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Status:
    """A reason to stop: a short ``name`` for programs and a sentence for people.

    The names: ``converged``, ``max_iterations``, ``diverged``, ``interrupted``, and what a user's rule adds.
    """

    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


DIVERGED = Status("diverged", "the objective is no longer finite; take a smaller step or another solver")
