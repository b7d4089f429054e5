"""Networks of the deep image prior, one per file."""

from invprior.errors import InvpriorError
from invprior.priors.networks.conv_decoder import ConvDecoderSpec
from invprior.priors.networks.deep_decoder import DeepDecoderSpec
from invprior.priors.networks.skip import SkipSpec
from invprior.priors.networks.spec import NetworkSpec

NETWORKS: dict[str, NetworkSpec] = {
    "skip": SkipSpec(channels=(64,) * 5),
    "hourglass": SkipSpec(channels=(64,) * 5, skip=(0,) * 5),
    "deep_decoder": DeepDecoderSpec(),
    "conv_decoder": ConvDecoderSpec(),
}

__all__ = ["NETWORKS", "ConvDecoderSpec", "DeepDecoderSpec", "NetworkSpec", "SkipSpec", "check_network"]


def check_network(name: str | None) -> None:
    """Raise unless this is the name of a network, or None."""
    if name is not None and name not in NETWORKS:
        raise InvpriorError(f"there is no network {name!r}; choose one of {', '.join(NETWORKS)}")
