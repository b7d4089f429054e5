"""What the browser asks for, as a value: every field has its kind, and nothing in it is a path."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from invprior.errors import InvpriorError

TASKS = ("denoise", "upscale", "inpaint", "deblur", "dejpeg", "flash")
FORMATS = (".png", ".tif", ".jpg")
# Fields that hold whole numbers, and their ranges.
WHOLE = {"iterations": (1, 10_000_000), "seed": (0, 2**62 - 1), "tile": (64, 100_000), "grow": (0, 1000)}


@dataclass(frozen=True, kw_only=True)
class Form:
    """A task for a picture; pictures, masks, PSFs and flash pictures are named by their ids.

    Attributes
    ----------
    format, depth
        The suffix of the file that is written, and its bits a value as text; empty for those of the picture.
    """

    picture: str
    task: str
    prior: str = "auto"
    preset: str = ""
    time: str = ""
    sigma: str = ""
    noise: str = ""
    weight: str = ""
    iterations: str = ""
    factor: str = "4"
    mask: str = ""
    grow: str = ""
    psf: str = ""
    flash: str = ""
    mode: str = "guide"
    align: bool = False
    strength: float = 1.0
    seed: str = "0"
    tile: str = ""
    error_map: bool = False
    format: str = ""
    depth: str = ""

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise InvpriorError(f"a task is one of {', '.join(TASKS)}, got {self.task!r:.40}")
        if self.format not in ("", *FORMATS):
            raise InvpriorError(f"a file is written as one of {', '.join(FORMATS)}, got {self.format!r:.40}")
        for name, (least, most) in WHOLE.items():
            text = getattr(self, name)
            if text and not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
                raise InvpriorError(f"{name} takes a whole number from {least} to {most}, got {text!r:.40}")
        if not 0 <= self.strength <= 1:
            raise InvpriorError(f"strength lies between 0 and 1, got {self.strength}")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str) and (len(value) > 400 or not value.isprintable()):
                raise InvpriorError(f"the field {field.name} is too long, or holds what cannot be printed")

    @classmethod
    def read(cls, values: Any) -> Form:
        """The form of an object of JSON.

        Raises
        ------
        InvpriorError
            If a field is missing, unknown, or of another kind.
        """
        if not isinstance(values, dict):
            raise InvpriorError("the form is an object of fields")
        kinds: dict[str, tuple[type, ...]] = {"str": (str,), "bool": (bool,), "int": (int,), "float": (float, int)}
        known = {field.name: kinds[str(field.type)] for field in fields(cls)}
        for name, value in values.items():
            if name not in known:
                raise InvpriorError(f"the form has no field {name!r:.40}")
            if not isinstance(value, known[name]) or (isinstance(value, bool) and bool not in known[name]):
                raise InvpriorError(f"the field {name} takes {known[name][0].__name__}, got {value!r:.40}")
        for name in ("picture", "task"):
            if name not in values:
                raise InvpriorError(f"the form lacks the field {name}")
        return cls(**values)
