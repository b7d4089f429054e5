"""What makes a picture of a batch another one: every option that changes it."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from invprior.cli.manifest import fingerprint
from invprior.cli.options import Settings
from invprior.cli.request import Request, request
from invprior.cli.restore import PictureJob
from invprior.purpose import Purpose
from invprior.runs.restoration import Restoration
from invprior.runs.tasks import Denoise
from invprior.specs import parse_noise, parse_prior

# Another value of each option that determines what is written.
OTHER: dict[str, Any] = {
    "prior": parse_prior("tgv"),
    "noise": parse_noise("gaussian:0.3"),
    "restoration": Restoration(iterations=7),
    "strength": 0.5,
    "quality": 30,
    "depth": 16,
}
# Those that do not, or go with one picture.
BESIDE = {"device", "truth", "record", "preview", "moments", "checkpoint", "members", "error_map", "plan", "verbose"}


def test_every_option_that_changes_the_picture_is_a_part_of_its_fingerprint() -> None:
    asked = request(Settings(prior="tv"), None, Purpose())
    assert {f.name for f in fields(Request)} == OTHER.keys() | BESIDE | {"quiet"}
    before = fingerprint(PictureJob(Denoise(), asked))
    for name, value in OTHER.items():
        assert fingerprint(PictureJob(Denoise(), replace(asked, **{name: value}))) != before, name
    assert fingerprint(PictureJob(Denoise(), replace(asked, record=Path("a.json"), quiet=True))) == before
