"""Muon: orthogonalised momentum for matrices."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.prior import Generator
from invprior.solvers.adam import adam_direction
from invprior.solvers.descent import Descent, split
from invprior.solvers.precision import Precision, rounded

# Jordan et al. 2024: the quintic with the steepest slope at 0 that still keeps [0, 1] near 1
QUINTIC = (3.4445, -4.7750, 2.0315)


@dataclass(frozen=True)
class Muon(Descent):
    """W ← W − lr·√max(1, m/n)·UVᵀ for every weight matrix W of m × n, UΣVᵀ being its momentum (Jordan et al. 2024).

    UVᵀ, the nearest orthogonal matrix, is approximated by Newton–Schulz steps. A convolution's weight is reshaped to
    the matrix out × (in·k·k). Vectors (biases, normalisation) and θ without matrices (the pixels) follow Adam with
    ``adam_lr``.

    Parameters
    ----------
    momentum
        Momentum of the matrices' gradients, in Nesterov's form.
    adam_lr
        Learning rate of everything that is not a matrix.
    newton_schulz
        Steps of the orthogonalisation.
    precision
        Precision of the orthogonalisation, which is approximate by itself.

    Cost
    ----
    That of Adam, and for a weight of m × n, m ≤ n, about 2m²n + m³ multiplications a step of the orthogonalisation.

    References
    ----------
    - Jordan, Jin, Boza, You, Cesista, Newhouse & Bernstein, "Muon: an optimizer for hidden layers in neural networks"
      (2024), kellerjordan.github.io/posts/muon.
    """

    lr: float = 0.02
    momentum: float = 0.95
    adam_lr: float = 0.01
    newton_schulz: int = 5
    precision: Precision = "float32"

    def _moments(self, theta: Tensor) -> tuple[Tensor, ...]:
        return torch.zeros_like(theta), torch.zeros_like(theta)

    def _update(
        self, generator: Generator, theta: Tensor, moments: tuple[Tensor, ...], grad: Tensor, iteration: int
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        m, v = moments
        # Adam for all of θ; the entries of matrices are overwritten below
        direction, (adam_m, v) = adam_direction(m, v, grad, iteration, self.adam_lr, (0.9, 0.999), 1e-8)
        heavy = self.momentum * m + grad
        m, d = adam_m.clone(), direction
        # the parts of a split are views: writing into them fills d and m, which are fresh tensors
        parts = zip(
            split(generator, theta).values(),
            split(generator, d).values(),
            split(generator, m).values(),
            split(generator, heavy).values(),
            split(generator, grad).values(),
            strict=True,
        )
        # matrices of one shape are orthogonalised as one batch
        groups: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = {}
        for weight, out, moment, momentum, g in parts:
            if weight.ndim >= 2:
                moment.copy_(momentum)
                shape = (weight.shape[0], weight[0].numel())
                groups.setdefault(shape, []).append((out, (g + self.momentum * momentum).reshape(shape)))
        for (rows, cols), members in groups.items():
            matrices = rounded(torch.stack([g for _, g in members]), self.precision)
            step = orthogonalise(matrices, self.newton_schulz).to(theta.dtype)
            step = step * (-self.lr * max(1.0, rows / cols) ** 0.5)
            for (out, _), s in zip(members, step, strict=True):
                out.copy_(s.reshape(out.shape))
        return d, (m, v)


def orthogonalise(G: Tensor, steps: int) -> Tensor:
    """U Vᵀ of a batch of matrices G = U S Vᵀ, approximately: its singular values are between 0.7 and 1.2."""
    a, b, c = QUINTIC
    wide = G.shape[-2] <= G.shape[-1]
    X = G if wide else G.mT  # the smaller of XXᵀ and XᵀX
    # the Frobenius norm bounds the largest singular value: all come into [0, 1]
    X = X / torch.linalg.matrix_norm(X, keepdim=True).clamp(min=torch.finfo(X.dtype).tiny)
    for _ in range(steps):
        A = X @ X.mT
        X = a * X + (b * A + c * A @ A) @ X
    out: Tensor = X if wide else X.mT
    return out
