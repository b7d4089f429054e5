"""One picture of several, and the same values in another shape."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.operators import Reshape, Take
from tests.helpers import adjoint_error, randn


@given(st.integers(1, 4), st.data())
def test_takes_one_and_puts_it_back(frames: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, frames - 1))
    A = Take((frames, 2, 3), k)
    x, y = randn(5, frames, 2, 3), randn(2, 3)
    assert torch.equal(A(x), x[:, k])
    back = torch.zeros(frames, 2, 3, dtype=y.dtype)
    back[k] = y
    assert torch.equal(A.H(y), back)
    assert adjoint_error(A) < 10
    assert A.norm() == pytest.approx(float(torch.linalg.matrix_norm(A.to_dense(), 2)))


@pytest.mark.parametrize(("shape", "index"), [((2, 3, 4), 2), ((2, 3, 4), -1), ((3,), 0)])
def test_a_picture_that_is_not_there(shape: tuple[int, ...], index: int) -> None:
    with pytest.raises(InvpriorError, match="there is no picture number"):
        Take(shape, index)


def test_a_shape_changes_and_comes_back() -> None:
    A = Reshape((2, 3, 4, 5), (6, 4, 5))
    x = randn(7, 2, 3, 4, 5)
    assert torch.equal(A(x), x.reshape(7, 6, 4, 5))
    assert torch.equal(A.H(A(x)), x)
    assert torch.equal(A.to_dense(), torch.eye(120, dtype=torch.float64))
    with pytest.raises(InvpriorError, match=r"values of shape \(2, 3\) cannot take the shape \(5,\)"):
        Reshape((2, 3), (5,))
