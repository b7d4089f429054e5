"""The motion between the frames of a film."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.metrics import luma

__all__ = ["estimate"]

# σ of the Gaussian that fills the flow of a hole from around it, over √(pixels of the hole).
REACH = 0.5


def estimate(frames: Tensor, known: Tensor | None = None) -> Tensor:
    """The flow from each frame to the next, (T − 1, 2, H, W) in pixels, on the frames' device and in their dtype.

    TV-L1 optical flow of the luma (Zach, Pock & Bischof 2007; Sánchez Pérez, Meinhardt-Llopis & Facciolo 2013), as
    implemented in scikit-image. It mistakes noise for motion, and what is smoothed in time for rest: restore the frames
    one by one first.

    Parameters
    ----------
    frames
        (T, C, H, W) in [0, 1].
    known
        Boolean (H, W) or (T, H, W), False in holes: the flow there is filled in from around, since the contents of a
        restored hole do not move.

    Raises
    ------
    InvpriorError
        If the frames do not have four axes.

    References
    ----------
    - Zach, Pock & Bischof, "A duality based approach for realtime TV-L1 optical flow", DAGM 2007.
    - Sánchez Pérez, Meinhardt-Llopis & Facciolo, "TV-L1 optical flow estimation", Image Processing On Line 3 (2013).
    """
    from skimage.registration import optical_flow_tvl1  # half a second to import

    if frames.ndim != 4:
        raise InvpriorError(f"motion is estimated from frames (T, C, H, W), got shape {tuple(frames.shape)}")
    gray = luma(frames).mean(1).detach().cpu().numpy()
    flows = [optical_flow_tvl1(a, b, dtype=np.float32) for a, b in pairwise(gray)]
    if known is not None:
        masks = known.detach().cpu().expand(gray.shape).numpy()
        flows = [_carried_in(f, a & b) for f, a, b in zip(flows, masks[:-1], masks[1:], strict=True)]
    flow = torch.from_numpy(np.stack(flows)) if flows else torch.zeros(0, 2, *frames.shape[-2:])
    return flow.to(frames)


def _carried_in(flow: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The flow with its holes filled by the mean of the known flow, weighted by a Gaussian as wide as the hole."""
    if known.all() or not known.any():
        return flow
    width = REACH * float(np.sqrt((~known).sum()))
    # normalised convolution: the blurred known flow over the blurred mask
    weight = gaussian_filter(known.astype(np.float64), width) + 1e-12
    around = [gaussian_filter(np.where(known, f, 0).astype(np.float64), width) / weight for f in flow]
    return np.where(known, flow, np.stack(around)).astype(flow.dtype)
