"""Pictures side by side."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
import torch

import invprior as ip

matplotlib.use("agg")


def test_pictures_keep_their_pixels_captions_and_scale() -> None:
    gray, colour = torch.rand(8, 12), torch.rand(3, 8, 12) + 0.5
    figure = ip.show({"gray": gray, "colour": colour, "again": gray}, columns=2)
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in drawn] == ["gray", "colour", "again"]
    assert np.array_equal(drawn[0].images[0].get_array(), gray.numpy())
    assert np.array_equal(drawn[1].images[0].get_array(), colour.clamp(0, 1).movedim(0, -1).numpy())
    assert all(axes.images[0].get_clim() == (0, 1) for axes in drawn)


def test_a_part_of_them() -> None:
    x = torch.rand(1, 8, 12)
    figure = ip.show({"x": x}, part=(slice(2, 5), slice(4, 12)))
    assert np.array_equal(figure.axes[0].images[0].get_array(), x[0, 2:5, 4:].numpy())


def test_what_cannot_be_drawn_is_named() -> None:
    with pytest.raises(ip.InvpriorError, match="'film' is \\(4, 3, 8, 8\\)"):
        ip.show({"film": torch.rand(4, 3, 8, 8)})
    with pytest.raises(ip.InvpriorError, match="no picture"):
        ip.show({})
