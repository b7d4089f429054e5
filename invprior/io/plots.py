"""Pictures side by side, for scripts and notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from invprior.arguments import checked, shown
from invprior.errors import InvpriorError

if TYPE_CHECKING:
    from torch import Tensor

INCHES = 3.0  # width of a picture on the page


@checked
def show(pictures: Mapping[str, Tensor], *, columns: int | None = None, part: tuple[slice, slice] | None = None) -> Any:
    """Draw pictures side by side on one fixed scale, 0 black and 1 white, without smoothing.

    Parameters
    ----------
    pictures
        Pictures by caption, each (C, H, W) with one or three channels or (H, W); values are clipped to [0, 1].
    columns
        Pictures per row; None for all in one row.
    part
        Rows and columns to show; None for all.

    Returns
    -------
    matplotlib.figure.Figure
        A notebook shows it; ``figure.savefig("a.png")`` writes it.

    Raises
    ------
    InvpriorError
        If there is no picture, one has another shape, or matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise InvpriorError("show() needs matplotlib; pip install matplotlib") from error
    if not isinstance(pictures, dict) or not all(hasattr(x, "ndim") for x in pictures.values()):
        raise InvpriorError(f"show() takes a dict of captions and pictures, got {shown(pictures)}")
    if not pictures:
        raise InvpriorError("show() was given no picture")
    if columns is not None and columns < 1:
        raise InvpriorError(f"show() takes columns from 1, got {columns}")
    images = {caption: _image(caption, x, part) for caption, x in pictures.items()}
    across = min(columns or len(images), len(images))
    down = -(-len(images) // across)
    height, width = next(iter(images.values())).shape[:2]
    size = (across * INCHES, down * (INCHES * height / width + 0.35))
    figure, grid = pyplot.subplots(down, across, figsize=size, squeeze=False, layout="constrained")
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (caption, image) in zip(grid.flat, images.items(), strict=False):
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(caption, fontsize="medium")
    return figure


def _image(caption: str, x: Tensor, part: tuple[slice, slice] | None) -> Any:
    values = x if x.ndim == 3 else x[None]
    if values.ndim != 3 or values.shape[0] not in (1, 3):
        raise InvpriorError(
            f"show() draws pictures of shape (1, H, W), (3, H, W) or (H, W), and {caption!r} is {tuple(x.shape)}"
        )
    rows, columns = part or (slice(None), slice(None))
    values = values[:, rows, columns].detach().float().cpu().clamp(0, 1)
    return (values[0] if len(values) == 1 else values.movedim(0, -1)).numpy()
