"""The families of the reference: one module each, with members found by introspection."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType


@dataclass(frozen=True)
class Family:
    """A module and the page it has in the reference.

    Attributes
    ----------
    path
        Path of the page.
    title
        Heading of the page.
    name
        Name of the module.
    apart
        Exported names that another family documents.
    shows
        What the members' pictures show.
    first
        Members listed first.
    """

    path: str
    title: str
    name: str
    apart: tuple[str, ...] = ()
    shows: str = ""
    first: tuple[str, ...] = ()

    @property
    def module(self) -> ModuleType:
        return import_module(self.name)

    @property
    def members(self) -> list[str]:
        """The exported classes and functions, abstract classes last."""
        names = [n for n in self.module.__all__ if n not in self.apart and callable(self.member(n))]
        rest = [n for n in names if n not in self.first]
        by_kind = sorted(rest, key=lambda n: (inspect.isabstract(self.member(n)), inspect.isfunction(self.member(n))))
        return [*self.first, *by_kind]

    def member(self, name: str) -> object:
        return getattr(self.module, name)

    def concrete(self, name: str) -> bool:
        """True for a class with instances, which a picture can show."""
        return inspect.isclass(self.member(name)) and not inspect.isabstract(self.member(name))


DENOISED = "Pictures: x, y with Gaussian noise of σ = 0.1, and the estimate; for a film or a pair, its first picture."

# A page and a picture for each member.
PICTURED = (
    Family("operators", "Operators", "invprior.operators", shows="Pictures: x, Ax, and AᴴAx over ‖A‖²."),
    Family("priors", "Priors", "invprior.priors", shows=DENOISED),
    Family("noise", "Noise", "invprior.noise", shows="Pictures: u, a sample y, and −log p(y | u) for two y."),
    Family("solvers", "Solvers", "invprior.solvers", shows="Pictures: the objective over the iterations."),
)
CORE = (
    "Problem",
    "DataTerm",
    "solve",
    "error_map",
    "Result",
    "Iterate",
    "Operator",
    "LinearOperator",
    "Functional",
    "Term",
    "Prior",
    "Generator",
)

# One page for all members.
FAMILIES = (
    Family("core", "Problems and solutions", "invprior", apart=("Noise", "Solver"), first=CORE),
    Family("stop", "Stop rules", "invprior.stop"),
    Family("weight", "Automatic weights", "invprior.weight"),
    Family("blind", "Unknown operators", "invprior.blind"),
    Family("explain", "What the data say", "invprior.explain"),
    Family("functionals", "Functionals", "invprior.functionals"),
    Family("testing", "Laws", "invprior.testing"),
    Family("metrics", "Figures of merit", "invprior.metrics"),
    Family("motion", "Motion", "invprior.motion"),
    Family("io", "Pictures in files", "invprior.io"),
    Family("film-io", "Films in files", "invprior.io.video"),
    Family("interop", "Operators of other libraries", "invprior.interop"),
    Family("deepinv", "deepinv", "invprior.interop.deepinv"),
)
