"""What the data say: what of an image they determine, and whether a structure in it is theirs.

:func:`determined` splits an image into the part that the measurements determine and the part that the prior added.
:func:`structure` tests, for convex priors, whether a marked structure is in the data.
"""

from invprior.arguments import check_all
from invprior.explain.credible import Structure, structure
from invprior.explain.parts import Parts, determined

__all__ = ["Parts", "Structure", "determined", "structure"]

check_all(globals(), __all__)
