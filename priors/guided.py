"""A deep image prior that is shown what another prior makes of the data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.prior import Prior
from invprior.priors.dip import DIP
from invprior.purpose import Memory
from invprior.solvers.guiding import Guiding
from invprior.solvers.part import Expected
from invprior.solvers.recipe import Recipe
from invprior.stop import AnyOf


@dataclass(frozen=True)
class Guided(Prior):
    """x = f_θ(x̂) where x̂ is the solution of the same problem with the prior ``guide``.

    The network starts with the edges of x̂ and fits to the data what x̂ lacks. A few noisy values are left out of the
    fit, which ends where they are predicted best: no noise level could end it, since x̂ fits already. On large pictures
    it gains on its guide, see docs/blend.md.

    Parameters
    ----------
    network
        The deep image prior; its preset, ``fast`` or ``best``, has settings for the task ``guided``, which it takes.
    guide
        The other prior, with its own weight.

    Raises
    ------
    InvpriorError
        If the network has an input already, another network than the preset's, other axes, or its preset none for such
        an input.

    Cost
    ----
    That of both, one after the other; the network's settings for an input take half the time of those for noise.

    References
    ----------
    - Ulyanov, Vedaldi & Lempitsky, "Deep image prior", CVPR 2018, section 3.5: a flash picture as the input.
    """

    network: DIP
    guide: Prior

    def __post_init__(self) -> None:
        if not isinstance(self.network, DIP) or not isinstance(self.guide, Prior):
            raise InvpriorError(f"Guided takes a DIP and a prior, got {self.network!r:.40} and {self.guide!r:.40}")
        if self.network.input is not None or self.network.network is not None:
            raise InvpriorError("Guided gives the network of a preset its input; take a DIP without input and network")
        self._settings()

    def recipe(self) -> Recipe:
        limit = self._settings().recipe().stop.most
        return Recipe(Guiding(), AnyOf(()) if limit is None else Expected(limit))

    @property
    def parts(self) -> tuple[Prior, ...]:
        return (self.guide,)

    def with_parts(self, parts: tuple[Prior, ...]) -> Prior:
        return replace(self, guide=parts[0])

    @property
    def fits_network(self) -> bool:
        return True

    def following(self, image: Tensor) -> Prior:
        return self.network.guided_by(image)

    @property
    def penalty(self) -> None:
        """None: its members have the weights."""
        return None

    @property
    def any_size(self) -> bool:
        return self.guide.any_size

    @property
    def memory(self) -> Memory:
        network, guide = self._settings().memory, self.guide.memory
        return Memory(max(network.step, guide.step), max(network.held, guide.held))

    def _settings(self) -> DIP:
        """The network with its settings, whatever the picture; raises if there are none."""
        return replace(self.network, task="guided")
