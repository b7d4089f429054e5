"""Values that are not finite, found without arrays of the size of the image."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior.shapes import all_finite


@given(
    st.lists(st.floats(width=32), max_size=8),
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.complex64, torch.complex128]),
)
def test_finite_is_what_torch_says(values: list[float], dtype: torch.dtype) -> None:
    x = torch.tensor(values, dtype=torch.float64).to(dtype)
    assert all_finite(x) == bool(x.isfinite().all())
    if dtype.is_complex:
        turned = (1j * x).conj()
        assert all_finite(turned) == bool(turned.isfinite().all())


def test_whole_numbers_are_finite() -> None:
    assert all_finite(torch.tensor([[2**31, -(2**31)]]))
    assert all_finite(torch.tensor([True, False]))


def test_tensors_with_gradients_are_asked_too() -> None:
    assert not all_finite(torch.tensor([1.0, torch.inf], requires_grad=True))
