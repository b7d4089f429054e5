"""The viewer of the page in a notebook; needs the extra ``notebook``."""

from __future__ import annotations

from importlib.resources import files

import anywidget
import traitlets
from torch import Tensor

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.io.embedded import data_url
from invprior.runs.pacing import Pace
from invprior.solvers.iterate import Iterate
from invprior.solvers.result import Result

# Seconds between two pictures of a running solve, which take a twentieth of its time at most.
PAUSE = 1.0


def _static(name: str) -> str:
    return files("invprior.page").joinpath("static", name).read_text(encoding="utf-8")


class Viewer(anywidget.AnyWidget):
    """Shows an image beside another: divider, zoom and pan; a callback too, which shows a solve while it runs.

    ::

        viewer = Viewer(before=y)
        display(viewer)
        result = ip.solve(problem, callbacks=[viewer])
        viewer.look(result)

    Parameters
    ----------
    after
        An image (C, H, W) in [0, 1] or a :class:`~invprior.Result`; None if a solve will show itself.
    before
        The image to compare it with, of any size; None shows one image alone.

    Raises
    ------
    InvpriorError
        If an image is none.
    """

    _esm = _static("viewer.js") + _static("widget.js")
    _css = _static("viewer.css") + ".stage.invprior { height: 420px } .invprior + input { width: 100% }"
    before = traitlets.Unicode("").tag(sync=True)
    after = traitlets.Unicode("").tag(sync=True)
    caption = traitlets.Unicode("").tag(sync=True)

    def __init__(self, after: Tensor | Result | None = None, before: Tensor | None = None) -> None:
        super().__init__()
        self._pace = Pace(PAUSE)
        if before is not None:
            self.before = data_url(_image(before))
        if after is not None:
            self.look(after)

    def look(self, after: Tensor | Result) -> None:
        """Show another image or result on the right."""
        if isinstance(after, Result):
            self.caption = f"{after.status.message}; iterate {after.kept} of {after.iterations} kept"
            after = after.x
        self.after = data_url(_image(after))

    def __call__(self, iterate: Iterate) -> None:
        self._pace.run(lambda: self._follow(iterate))

    def _follow(self, iterate: Iterate) -> None:
        self.after = data_url(_image(iterate.x))
        self.caption = f"iteration {iterate.iteration}, {iterate.seconds:.0f} s"


def _image(x: object) -> Tensor:
    if not isinstance(x, Tensor) or x.ndim != 3:
        raise InvpriorError(f"the viewer shows an image of shape (C, H, W), got {shown(x)}")
    return x
