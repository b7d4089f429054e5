"""Stills, batches, studies and films, killed at random moments or raced against themselves."""

from __future__ import annotations

import random
import signal

from tests.faults.case import typed
from tests.faults.cases_films import film
from tests.faults.files import PICTURE, picture
from tests.faults.story import Story

STILL = ("a still", typed("denoise p.png -o o.png --prior tv:0.05"), {"p.png": picture(48, 48)}, ("o.png",))
DIP = (
    "a still by dip",
    typed("denoise p.png -o o.png --prior dip --iterations 40"),
    {"p.png": picture(32, 32)},
    ("o.png",),
)
BATCH = (
    "a batch",
    typed("denoise d -o o --prior tv:0.05"),
    {f"d/{k}.png": picture(32, 32, seed=k) for k in range(3)},
    ("o/*.png",),
)
FILM = (
    "a film",
    typed("video v.mkv -o o.mkv --prior tv:0.05 --window 2"),
    {"v.mkv": film(8, 32, 32)},
    ("o.mkv",),
)
STUDY = (
    "a study",
    typed("compare p.png q.png --prior none --prior tikhonov:0.1 --iterations 5 --seeds 2 --jobs 1 --quiet -o s"),
    {"p.png": PICTURE, "q.png": picture(seed=1)},
    ("restored.png", "s/pictures/*.png"),
)
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_MOMENTS = random.Random(0)

KILLS = [
    Story(
        f"{name}, {number.name} at {moment:.0%}{' of its own process' if fresh else ''}",
        words,
        files,
        results,
        kill=(number, moment),
        fresh=fresh,
        slow=name != "a batch" or number != signal.SIGKILL or k > 0 or fresh,
    )
    for (name, words, files, results), times, fresh in (
        (STILL, 3, False),
        (STILL, 2, True),
        (DIP, 2, False),
        (BATCH, 4, False),
        (FILM, 4, False),
        (FILM, 1, True),
        (STUDY, 2, False),
    )
    for number in SIGNALS
    for k in range(times)
    for moment in [round(_MOMENTS.uniform(0.02, 0.98), 2)]
]
RACES = [
    Story(f"{name} twice, {gap:.0%} apart", words, files, results, gap=gap, slow=name != "a batch" or gap > 0)
    for name, words, files, results in (STILL, BATCH, FILM, STUDY)
    for gap in (0.0, 0.1, 0.3, 0.6, 0.9)
]
STORIES = [*KILLS, *RACES]
