"""Total variation of a film, in space and in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.functionals import L21
from invprior.linear_operator import LinearComposition, LinearOperator
from invprior.operators.finite_difference import FiniteDifference
from invprior.operators.identity import Identity
from invprior.operators.motion_difference import MotionDifference
from invprior.prior import Prior
from invprior.purpose import Memory, Purpose
from invprior.shapes import Shape

# The time weights w behind the names ``tv`` and ``motion-tv``; docs/video.md compares others.
AT_REST = 1.5
ALONG = 3.0


class _Quickly(LinearComposition):
    """D itself, with a quick bound as its norm: the Lanczos process would cost as much as the solve."""

    def __init__(self, D: MotionDifference) -> None:
        super().__init__(Identity(D.out_shape), D)
        self._norm = D.bound()

    def norm(self) -> float:
        return self._norm


@dataclass(frozen=True, eq=False)
class VideoTV(Prior):
    """R(x) = Σ_i ‖(∇x)_i‖ + w Σ_i ‖(D_t x)_i‖, with differences ∇ in space and D_t in time; norms include the channels.

    Without a flow, D_t x[t] = x[t+1] − x[t] (Chan et al. 2011, but with separate norms for space and time). With a
    flow, D_t follows the motion, see :class:`~invprior.operators.MotionDifference`. The norm is not squared, so that
    an occlusion, a shadow or a cut costs its contrast once and is not smeared.

    Parameters
    ----------
    time
        w ≥ 0; 0 is TV frame by frame.
    flow
        Flow from each frame to the next, ``(T − 1, 2, H, W)`` in pixels, as from :func:`invprior.motion.estimate`.

    Raises
    ------
    InvpriorError
        If ``time`` is negative; from ``terms``, if the shape is not a film's ``(T, C, H, W)`` or the flow does not fit
        it.

    Cost
    ----
    Its proximal map has no closed form: ``solve`` takes PDHG, whose step is O(n). With a flow it applies a bicubic
    warp and its adjoint for every frame, which takes most of the time.

    References
    ----------
    - Chan, Khoshabeh, Gibson, Gill & Nguyen, "An augmented Lagrangian method for total variation video restoration",
      IEEE TIP 20 (2011).
    """

    time: float
    flow: Tensor | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.time < float("inf"):
            raise InvpriorError(f"the time weight must be a number that is 0 or more, got {self.time!r}")

    def __repr__(self) -> str:
        return f"VideoTV({self.time:g}{'' if self.flow is None else ', along a flow'})"

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        if len(shape) != 4:
            raise InvpriorError(f"VideoTV takes a film (T, C, H, W), got shape {shape}; TV takes pictures")
        space = Term(L21((-5, -3)), FiniteDifference(shape))
        if self.time == 0 or shape[0] == 1:
            return (space,)
        if self.flow is None:
            return (space, Term(self.time * L21((-5, -3)), FiniteDifference(shape, (-4,))))
        D: LinearOperator = _Quickly(MotionDifference(shape, self.flow))
        return (space, Term(self.time * L21((-3,)), D))

    @property
    def any_size(self) -> bool:
        return self.flow is None

    @property
    def memory(self) -> Memory:
        return Memory(0.28 if self.flow is None else 0.65)

    @classmethod
    def names(cls, purpose: Purpose) -> Mapping[str, Callable[..., Prior]]:
        """``tv`` for films, in space and time, and ``motion-tv``, in time along the motion."""
        film = purpose.film
        if film is None:
            return {}

        def at_rest(time: float = AT_REST) -> VideoTV:
            return cls(time)

        def along(time: float = ALONG) -> VideoTV:
            return cls(time, film.motion())

        return {"tv": at_rest, "motion-tv": along}
