"""The point spread function of a blurred picture, from its strong edges."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from invprior.arguments import checked
from invprior.blind.constraint import Simplex
from invprior.blind.edges import sharp_edges
from invprior.errors import InvpriorError

LEVELS = (0.35, 0.5, 0.7, 1.0)  # sizes of the pyramid, over that of the picture
DECAY, FLOOR = 0.93, 0.1  # of the weight from round to round, and its end over its beginning
SMOOTH = 0.02  # weight of the squared differences of h, over the mean energy of the image's differences
NEGLIGIBLE = 0.05  # values of h below this share of the largest are noise
ITERATIONS = 200


@checked
def estimate_psf(y: Tensor, size: int, *, weight: float = 0.02, rounds: int = 8) -> Tensor:
    """The point spread function h ≥ 0, Σh = 1 of a blurred picture, which need not be known to anyone.

    On a pyramid, from coarse to fine, two steps alternate. An image x of few strong edges explains the picture,

        min_x  ‖h ∗ x − y‖² + λ Σ_i [(Dx)_i ≠ 0],

    which counts edges and does not weigh them: a blurred edge of many small steps costs more than a sharp one, whereas
    total variation prefers the picture as it is and no blur (Levin et al. 2009). Then h explains the differences of y
    by those of x, on the simplex and with a little smoothness. λ falls from round to round. The picture serves to find
    h alone: restore with :func:`~invprior.solve` and :class:`~invprior.operators.Blur`.

    What is shifted in h is shifted back in x: h is centred on its mean, to whole pixels.

    Parameters
    ----------
    y
        The blurred picture of shape ``(..., H, W)``, in [0, 1], with sides of at least six times ``size``; channels
        are averaged.
    size
        Odd side of h, at least as large as the blur.
    weight
        λ in the first round. Lower it for pictures of low contrast.
    rounds
        Rounds on each level.

    Returns
    -------
    Tensor
        h, of shape ``(size, size)``.

    Raises
    ------
    InvpriorError
        If the size is even, or too large for the picture.

    References
    ----------
    - Levin, Weiss, Durand & Freeman, "Understanding and evaluating blind deconvolution algorithms", CVPR 2009.
    - Xu & Jia, "Two-phase kernel estimation for robust motion deblurring", ECCV 2010.
    - Xu, Lu, Xu & Jia, "Image smoothing via L0 gradient minimization", ACM TOG 30 (2011).
    - Pan, Hu, Su & Yang, "Deblurring text images via L0-regularized intensity and gradient prior", CVPR 2014.
    """
    if size < 3 or size % 2 == 0:
        raise InvpriorError(f"the size of a point spread function is odd and at least 3, got {size}")
    if y.ndim < 2 or not y.is_floating_point() or min(y.shape[-2:]) < 6 * size:
        raise InvpriorError(
            f"a PSF of {size} pixels is found in a real picture of at least {6 * size} pixels a side, got "
            f"{y.dtype} of shape {tuple(y.shape)}"
        )
    if not weight > 0 or rounds < 1:
        raise InvpriorError(f"estimate_psf takes a positive weight and one round or more, got {weight} and {rounds}")
    picture = y.detach().reshape(-1, *y.shape[-2:]).mean(0)
    with torch.no_grad(), torch.autocast(y.device.type, enabled=False):
        h: Tensor | None = None
        now = weight
        for level in LEVELS:
            side = size if level == 1 else max(3, 2 * round(size * level / 2) + 1)
            seen = picture if level == 1 else resized(picture, [round(level * n) for n in picture.shape])
            h = _blob(side, picture) if h is None else _normalised(resized(h, [side, side]))
            for _ in range(rounds):
                x = sharp_edges(seen, h, now)
                h = explained(x, seen, h)
                now = max(DECAY * now, FLOOR * weight)
    assert h is not None
    return h


def explained(x: Tensor, y: Tensor, h: Tensor) -> Tensor:
    """The h on the simplex with ‖h ∗ Dx − Dy‖² + smoothness least, by FISTA on its normal equations, and centred.

    The border of the picture, where y depends on what is not in it, is left out.
    """
    k = h.shape[0]
    r = (k - 1) // 2
    M, b = torch.zeros(k * k, k * k).to(y), torch.zeros(k * k).to(y)
    for dx, dy in zip(_differences(x[k - r : r - k, k - r : r - k]), _differences(y[k:-k, k:-k]), strict=True):
        patches = F.unfold(dx[None, None], k)[0]  # h ∗ x reads x against the order of h
        M += (patches @ patches.T).flip(0, 1)
        b += (patches @ dy.flatten()).flip(0)
    energy = M.diagonal().mean()
    if energy == 0:
        raise InvpriorError("the picture shows no edge to find a point spread function by; take another part of it")
    M += SMOOTH * energy * _roughness(k).to(M)
    M, b = M.double(), b.double()
    L = torch.linalg.eigvalsh(M)[-1]
    v = z = h.flatten().double()
    t = 1.0
    for _ in range(ITERATIONS):
        new = Simplex().project(z - (M @ z - b) / L)
        ahead = (1 + math.sqrt(1 + 4 * t * t)) / 2
        v, z, t = new, new + (t - 1) / ahead * (new - v), ahead
    found = v.reshape(k, k).to(h)
    return _centred(_normalised(torch.where(found < NEGLIGIBLE * found.max(), 0, found)))


def resized(picture: Tensor, size: list[int]) -> Tensor:
    out: Tensor = F.interpolate(picture[None, None], size=size, mode="bicubic", antialias=True, align_corners=False)
    return out[0, 0]


def _differences(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[1:, :-1] - x[:-1, :-1], x[:-1, 1:] - x[:-1, :-1]


def _roughness(k: int) -> Tensor:
    """The matrix of Σ of squared differences of neighbours in a k × k picture with zeros around."""
    one = torch.eye(k + 2, dtype=torch.float64)[1:] - torch.eye(k + 2, dtype=torch.float64)[:-1]
    laplacian = (one.T @ one)[1:-1, 1:-1]
    eye = torch.eye(k, dtype=torch.float64)
    return torch.kron(laplacian, eye) + torch.kron(eye, laplacian)


def _blob(k: int, like: Tensor) -> Tensor:
    t = torch.arange(k).to(like) - (k - 1) / 2
    return _normalised(torch.exp(-(t[:, None].square() + t.square()) / (2 * max(k / 6, 0.5) ** 2)))


def _normalised(h: Tensor) -> Tensor:
    h = h.clamp(min=0)
    return h / h.sum()


def _centred(h: Tensor) -> Tensor:
    t = torch.arange(h.shape[0]).to(h) - (h.shape[0] - 1) / 2
    down, across = round(float((h.sum(1) * t).sum())), round(float((h.sum(0) * t).sum()))
    return h.roll((-down, -across), (0, 1))
