"""The laws of a network for the deep image prior, alone and in the generator of :class:`invprior.priors.DIP`."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import torch
from hypothesis import reject
from hypothesis import strategies as st
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.operator import Operator
from invprior.prior import Generator
from invprior.priors import DIP
from invprior.shapes import Shape
from invprior.testing.law import Law, Measurement, Outcome
from invprior.testing.search import Search, raise_first, survey
from invprior.testing.strategies import Shapes, as_strategy, seeds

Target = nn.Module | type[nn.Module]
INPUTS = DIP().settings.input_channels


@dataclass(frozen=True, eq=False)
class NetworkCase:
    """A network with an input z on a canvas for an image of a shape."""

    network: nn.Module
    shape: Shape
    seed: int

    def __repr__(self) -> str:
        return f"{type(self.network).__name__}, image {self.shape}, z {tuple(self.z.shape)} (seed {self.seed})"

    @property
    def subject(self) -> nn.Module:
        return self.network

    @property
    def given(self) -> Tensor:
        return self.z

    @property
    def z(self) -> Tensor:
        canvas = (max(64, -(-n // 32) * 32) for n in self.shape[-2:])
        return 0.1 * torch.rand(1, INPUTS, *canvas, generator=torch.Generator().manual_seed(self.seed))

    @property
    def lines(self) -> tuple[str, ...]:
        return (
            "import torch",
            "from invprior.priors import DIP",
            f"network = …  # {type(self.network).__name__}",
            f"z = torch.rand{tuple(self.z.shape)}",
            "print(network(z).shape)",
            f"print(DIP(network=network).generator({self.shape}, torch.Generator().manual_seed({self.seed}))().shape)",
        )

    def fresh(self) -> NetworkCase:
        return NetworkCase(deepcopy(self.network), self.shape, self.seed)

    def generator(self) -> Generator:
        return DIP(network=self.network).generator(self.shape, torch.Generator().manual_seed(self.seed))

    def exactly(self, wrong: str) -> Measurement:
        return Measurement(float(bool(wrong)), 0.0, f"{self!r}: {wrong}" if wrong else repr(self))


def _shape(case: NetworkCase) -> Measurement:
    z = case.z
    out, want = case.network(z), (1, case.shape[0], *z.shape[-2:])
    if not isinstance(out, Tensor):
        return case.exactly(f"it gave {type(out).__name__}, not a tensor")
    return case.exactly("" if tuple(out.shape) == want else f"it gave {tuple(out.shape)}, the image needs {want}")


def _generator(case: NetworkCase) -> Measurement:
    with torch.no_grad():
        x = case.generator()()
    return case.exactly("" if tuple(x.shape) == case.shape else f"its generator gives an image {tuple(x.shape)}")


def _finite(case: NetworkCase) -> Measurement:
    with torch.no_grad():
        sound = bool(case.network(case.z).isfinite().all())
    return case.exactly("" if sound else "its output is not finite")


def _dtype(case: NetworkCase) -> Measurement:
    wrong = [d for d in (torch.float32, torch.float64) if deepcopy(case.network).to(d)(case.z.to(d)).dtype != d]
    return case.exactly(f"a {wrong[0]} input gives another dtype" if wrong else "")


def _purity(case: NetworkCase) -> Measurement:
    z = case.z
    with torch.no_grad():
        first, again = case.network(z).clone(), case.network(z)
    if not torch.equal(z, case.z):
        return case.exactly("its input was modified")
    same = torch.equal(first, again)
    return case.exactly("" if same else "two passes give other images; take dropout out, and what runs along")


def _fits(case: NetworkCase) -> Measurement:
    made = case.generator()
    parameters = dict(made.named_parameters())
    if not any(p.requires_grad for p in parameters.values()):
        return case.exactly("it has no parameter to fit")
    made(torch.Generator().manual_seed(0)).square().sum().backward()
    unused = [n.removeprefix("network.") for n, p in parameters.items() if p.requires_grad and p.grad is None]
    if unused:
        return case.exactly(f"the image does not depend on {', '.join(unused[:3])}")
    broken = [n for n, p in parameters.items() if p.grad is not None and not bool(p.grad.isfinite().all())]
    return case.exactly(f"the gradient of {broken[0]} is not finite" if broken else "")


def _copies(case: NetworkCase) -> Measurement:
    """Two generators of one network share no weights."""
    first, second = case.generator(), case.generator()
    with torch.no_grad():
        before = second().clone()
        for p in first.parameters():
            p.add_(1.0)
        same = torch.equal(before, second())
    return case.exactly("" if same else "copies of the network share their weights")


LAWS: tuple[Law[NetworkCase], ...] = (
    Law("shape", "an input (1, c, H, W) gives (1, C, H, W), H and W multiples of 32 and at least 64", _shape),
    Law("generator", "DIP makes images of the wanted shape with it", _generator),
    Law("finite", "the output is finite", _finite),
    Law("dtype", "float32 stays float32 and float64 float64", _dtype),
    Law("purity", "the same input gives the same bits, and is not modified", _purity),
    Law("fits", "every weight has a gradient, which is finite", _fits),
    Law("copies", "copies share no weights", _copies),
)


class NetworkMaker:
    """Tries a network on images, and remembers why it failed."""

    def __init__(self, target: Target, shapes: Shapes | None) -> None:
        is_class = isinstance(target, type) and issubclass(target, nn.Module)
        if not (is_class or isinstance(target, nn.Module)) or isinstance(target, Operator | Generator):
            raise InvpriorError(f"there is nothing to check in {target!r}; give a network, a torch.nn.Module")
        make: Callable[[], nn.Module] = target if isinstance(target, type) else lambda: target
        name = target.__name__ if isinstance(target, type) else type(target).__name__
        self.network = called(f"make {name}, which is checked with its defaults", make)
        self.failure = ""
        channels = self._channels()
        usual: list[Shape] = [(channels, 64, 64), (channels, 40, 70)]
        self.shapes = as_strategy(usual if shapes is None else shapes)

    def _channels(self) -> int:
        """The channels of the images that the network gives; notes why it cannot be applied."""
        try:
            with torch.no_grad():
                out = deepcopy(self.network)(torch.zeros(1, INPUTS, 64, 64))
        except Exception as error:
            self.failure = f"{type(error).__name__}: {' '.join(str(error).split())}"
            return 3
        return int(out.shape[1]) if isinstance(out, Tensor) and out.ndim == 4 else 3  # the law of shapes says so

    def no_case(self) -> InvpriorError:
        return InvpriorError(
            f"there was no case to check: {type(self.network).__name__} takes no input (1, {INPUTS}, 64, 64), the "
            f"preset's z ({self.failure}); its first layer takes {INPUTS} channels"
        )


@st.composite
def cases(draw: st.DrawFn, maker: NetworkMaker) -> NetworkCase:
    """The network with an input for an image."""
    shape, seed = draw(maker.shapes), draw(seeds())
    if len(shape) != 3:
        raise InvpriorError(f"a network is checked on images (C, H, W), got shape {shape}")
    if maker.failure:
        reject()
    return NetworkCase(maker.network, shape, seed)


def network_outcomes(
    target: Target,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 4,
    seed: int = 0,
) -> list[Outcome]:
    """Measure every law of :func:`check_network` and return the outcomes."""
    maker = called("check a network", partial(NetworkMaker, target, shapes))
    return survey(LAWS, cases(maker), Search(examples, seed, laws, tol), maker.no_case)


def check_network(
    target: Target,
    *,
    shapes: Shapes | None = None,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 4,
    seed: int = 0,
) -> None:
    """Check that ``DIP(network=...)`` can fit a network.

    Parameters
    ----------
    target
        A ``torch.nn.Module`` from (1, c, H, W) to (1, C, H, W), or a class that is built without arguments; c is the
        number of channels of the preset's input, 16 for ``fast``.
    shapes
        Shapes (C, H, W) of images to fit; by default two of 64×64 and 40×70 with the network's channels.
    laws
        Names of the laws to measure; None for all.
    tol
        Factor on every bound that is not zero; all of these are.
    examples, seed
        Cases drawn, and the seed of the search.

    Raises
    ------
    LawError
        With the broken law and the case.
    InvpriorError
        If the network cannot be applied to the preset's input.
    """
    raise_first(network_outcomes(target, shapes=shapes, laws=laws, tol=tol, examples=examples, seed=seed))
