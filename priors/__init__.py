"""Priors, one per file: a penalty R(x), a parametrisation x = f_θ(z), both or neither.

``DIP() + 2 * TV()`` is a prior too. Weights are relative to the negative log-likelihood, so that one weight (about 10
for TV of photographs) suits every noise level.
"""

from numbers import Real

from invprior.arguments import check_all
from invprior.priors.blend import Blend
from invprior.priors.box import Box
from invprior.priors.dip import DIP
from invprior.priors.guided import Guided
from invprior.priors.guided_tv import GuidedTV
from invprior.priors.joint import Joint
from invprior.priors.nlm import NLM
from invprior.priors.non_local import NonLocal
from invprior.priors.none import NoPrior
from invprior.priors.pnp import PnP
from invprior.priors.tgv import TGV
from invprior.priors.tikhonov import Tikhonov
from invprior.priors.tv import TV
from invprior.priors.video_dip import VideoDIP
from invprior.priors.video_tv import VideoTV
from invprior.priors.wavelet import Wavelet

__all__ = [
    "DIP",
    "NLM",
    "TGV",
    "TV",
    "Blend",
    "Box",
    "Guided",
    "GuidedTV",
    "Joint",
    "NoPrior",
    "NonLocal",
    "PnP",
    "Tikhonov",
    "VideoDIP",
    "VideoTV",
    "Wavelet",
]


def _weight_in_front(name: str, value: object) -> str:
    return f"; a weight is a factor in front, as in {value} * priors.{name}()" if isinstance(value, Real) else ""


check_all(globals(), __all__, _weight_in_front)
