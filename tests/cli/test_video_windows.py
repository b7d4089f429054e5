"""How a film is cut into windows, and the time that is left."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from invprior import InvpriorError
from invprior.cli.video.progress import Pace, clock_time
from invprior.cli.video.run import frame_range
from invprior.cli.video.windows import CONTEXT, fitting, frames_of_step, plan
from invprior.runs.tasks import Denoise
from invprior.specs import parse_prior


@pytest.mark.parametrize(("frames", "size"), [(1, 4), (12, 5), (16, 16), (33, 16)])
def test_windows_keep_each_frame_once(frames: int, size: int) -> None:
    windows = plan(frames, size, CONTEXT)
    kept = [n for w in windows for n in range(frames)[w.start : w.stop][w.kept]]
    assert kept == list(range(frames))
    assert all(w.first - w.start == min(CONTEXT, w.first) for w in windows)
    assert all(w.stop - w.last == min(CONTEXT, frames - w.last) for w in windows)


def test_windows_fit_into_memory() -> None:
    assert fitting(None, 4.0, 0.01, 0.0) == (16, 2)
    assert fitting(None, 4.6, 0.4, 0.0) == (5, 2)
    assert fitting(3, 4.6, 0.4, 0.0) == (3, 2)
    assert fitting(None, 4.0, 0.4, 0.0) == (6, 1)  # of eight frames four would be thrown away
    assert fitting(None, 5.0, 0.9, 1.0) == (1, 1)
    with pytest.raises(InvpriorError, match="keeps 6 frames of this film; give more --memory"):
        fitting(7, 4.0, 0.4, 0.0)


def test_frames_are_a_slice() -> None:
    assert (frame_range("0:"), frame_range(":8"), frame_range("3:9")) == ((0, None), (0, 8), (3, 9))


def test_the_time_left_comes_from_the_window_before() -> None:
    now = 0.0
    pace = Pace(50, 0, lambda: now)
    assert pace.left is None
    pace.window(10)
    now = 30.0
    pace.within(0.5)
    assert pace.left == pytest.approx(270)  # 6 s a frame, 50 frames, 30 s gone
    assert pace.position == 5
    now = 60.0
    pace.finished()
    assert pace.left == pytest.approx(240)
    pace.window(10)
    now = 70.0
    pace.finished()  # a warm start: 1 s a frame
    assert pace.left == pytest.approx(30)
    assert pace.done == 20
    assert [clock_time(s) for s in (None, 59.6, 3725.0)] == ["-", "0:01:00", "1:02:05"]


@pytest.mark.parametrize(
    ("size", "gigabytes", "batch"),
    [((640, 360), 4.0, None), ((1280, 720), 6.0, 2), ((1280, 720), 4.0, 1), ((1920, 1080), 7.5, 1)],
)
def test_a_network_steps_with_as_many_frames_as_the_memory_holds(
    size: tuple[int, int], gigabytes: float, batch: int | None
) -> None:
    clip = SimpleNamespace(width=size[0], height=size[1])
    found, needs = frames_of_step(parse_prior("dip"), Denoise(), clip, gigabytes)  # type: ignore[arg-type]
    assert found == batch
    assert fitting(None, gigabytes, *needs)[0] >= 1


def test_where_not_one_frame_fits_the_memory_of_one_is_named() -> None:
    clip = SimpleNamespace(width=1920, height=1080)
    found, needs = frames_of_step(parse_prior("dip"), Denoise(), clip, 4.0)  # type: ignore[arg-type]
    assert found == 1
    with pytest.raises(InvpriorError, match=r"give --memory 7\.\d"):
        fitting(None, 4.0, *needs)


def test_priors_without_a_network_have_no_steps() -> None:
    clip = SimpleNamespace(width=1920, height=1080)
    assert frames_of_step(parse_prior("motion-tv"), Denoise(), clip, 4.0)[0] is None  # type: ignore[arg-type]
