"""How far from the truth an image is expected to be, without the truth."""

from invprior.arguments import check_all
from invprior.uncertainty.expected import ErrorMap, error_map

__all__ = ["ErrorMap", "error_map"]

check_all(globals(), __all__)
