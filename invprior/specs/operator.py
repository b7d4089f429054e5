"""Operators by name: ``lanczos:4``, ``mask:0.5``, ``lanczos:2@blur:psf.png``, ``mymodule:make_operator``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import invprior.operators as operators
from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.io import read_mask, read_psf
from invprior.operator import Operator
from invprior.shapes import Shape
from invprior.specs.call import Call, convert, literal, parse_call
from invprior.specs.target import load_target

# Annotations of the parameters that a spec can set.
PLAIN = ("str", "int", "float", "int | Fraction")


@dataclass(frozen=True, eq=False)
class Frame:
    """The picture that an operator is built for, and where it lies in its file.

    Attributes
    ----------
    shape
        Event shape (C, H, W) of the picture that the study uses.
    full, top, left
        Height and width of the file, and the row and column where the picture was cut from it.
    degraded
        The measurement if it came from a file, else None.
    """

    shape: Shape
    full: tuple[int, int]
    top: int = 0
    left: int = 0
    degraded: Tensor | None = None

    def cut(self, whole: Tensor) -> Tensor:
        """Cut the picture's part out of a tensor (..., H, W) of the file's size."""
        H, W = self.shape[-2:]
        return whole[..., self.top : self.top + H, self.left : self.left + W]


# Builds an operator from the event shape of its input, the frame and a random generator.
Build = Callable[[Shape, Frame, torch.Generator], Operator]


@dataclass(frozen=True, eq=False)
class OperatorSpec:
    """A parsed spec; ``files`` are the files that the operator reads, or that its code is in."""

    text: str
    factors: tuple[Build, ...]
    files: tuple[Path, ...]

    def build(self, frame: Frame, rng: torch.Generator) -> Operator:
        """Build the operator for one picture; its random parts are drawn from ``rng``."""
        A: Operator | None = None
        for factor in reversed(self.factors):  # A @ B: B acts first
            left = factor(frame.shape if A is None else A.out_shape, frame, rng)
            A = left if A is None else left @ A
        assert A is not None
        if A.in_shape != frame.shape:
            raise InvpriorError(
                f"operator {self.text!r} is for pictures of shape {A.in_shape} and this one is {frame.shape}"
            )
        return A


def known_operators() -> list[str]:
    """The names of the operators that a spec can build."""
    return sorted({"mask", "blur", *_plain()})


def parse_operator(text: str, base: Path) -> OperatorSpec:
    """Parse an operator or a product ``A@B``, in which B acts first; file names are relative to the folder ``base``.

    Raises
    ------
    InvpriorError
        If a name is unknown, a file is missing, or the operator has no such setting.
    """
    factors, files = zip(*(_factor(part, base) for part in text.split("@")), strict=True)
    return OperatorSpec(text, factors, tuple(path for path in files if path is not None))


def _factor(text: str, base: Path) -> tuple[Build, Path | None]:
    call = parse_call(text)
    if call.name == "mask":
        return _mask(call, base)
    if call.name == "blur":
        return _blur(call, base)
    if call.name in _plain():
        return _constructor(call, _plain()[call.name]), None
    if len(call.values) == 1 and call.values[0].isidentifier() and not call.settings:
        return _own(call), _source(call)
    raise InvpriorError(
        f"there is no operator {call.name!r}; choose among {', '.join(known_operators())}, or MODULE:NAME"
    )


def _plain() -> dict[str, type[Operator]]:
    """The exported operators that need only a shape, numbers and words."""
    kinds = {}
    for name in operators.__all__:
        kind = getattr(operators, name)
        if not (inspect.isclass(kind) and issubclass(kind, Operator)):
            continue
        shape, *settings = inspect.signature(kind).parameters.values()
        needed = [s.annotation for s in settings if s.default is s.empty]
        if shape.name == "shape" and all(annotation in PLAIN for annotation in needed):
            kinds[name.lower()] = kind
    return kinds


# Every operator with sensible settings takes a picture of this shape.
ROOMY = (3, 4096, 4096)


def _constructor(call: Call, kind: type[Operator]) -> Build:
    signature = inspect.signature(kind)
    try:
        bound = signature.bind(None, *call.values, **call.settings).arguments
    except TypeError as error:
        takes = ", ".join(list(signature.parameters)[1:]) or "nothing"
        raise InvpriorError(f"{call.text!r}: {error}; {call.name} takes {takes}") from error
    _, *texts = bound.items()  # the shape comes first
    settings: dict[str, Any] = {
        key: convert(call, key, text, str(signature.parameters[key].annotation)) for key, text in texts
    }
    kind(ROOMY, **settings)  # raises now if a setting is wrong
    return lambda shape, frame, rng: kind(shape, **settings)


def _mask(call: Call, base: Path) -> tuple[Build, Path | None]:
    """``mask:0.5`` (random), ``mask:text``, ``mask:zeros`` (zeros of the degraded file), ``mask:hole.png[,invert]``."""
    call.only()
    first, *rest = call.values or ("",)
    value = literal(first)
    if isinstance(value, float | int) and not isinstance(value, bool) and not rest:
        if not 0 < value <= 1:
            raise InvpriorError(f"{call.text!r}: the known share of a mask is above 0 and at most 1")
        return lambda shape, frame, rng: operators.Mask.random(shape, float(value), rng), None
    if first == "text" and not rest:
        return lambda shape, frame, rng: operators.Mask.text(shape), None
    if first == "zeros" and not rest:
        return _zeros, None
    if not first or rest not in ([], ["invert"]):
        raise InvpriorError(
            f"{call.text!r} is not a mask; write mask:0.5 (known share), mask:text, mask:zeros, mask:HOLE.png or "
            "mask:KNOWN.png,invert"
        )
    path = _existing(call, base / first)

    def build(shape: Shape, frame: Frame, rng: torch.Generator) -> Operator:
        known = read_mask(path, invert=bool(rest))
        if tuple(known.shape) != frame.full:
            (H, W), (h, w) = known.shape, frame.full
            raise InvpriorError(f"the mask {path} is {W}×{H} pixels and the picture {w}×{h}; they must agree")
        return operators.Mask(shape, frame.cut(known))

    return build, path


def _zeros(shape: Shape, frame: Frame, rng: torch.Generator) -> Operator:
    if frame.degraded is None:
        raise InvpriorError("mask:zeros takes the holes from a degraded picture; give one, or take mask:0.5")
    return operators.Mask(shape, (frame.degraded != 0).any(dim=-3))


def _blur(call: Call, base: Path) -> tuple[Build, Path | None]:
    call.only("boundary")
    if len(call.values) != 1:
        raise InvpriorError(f"{call.text!r} is not a blur; write blur:PSF.png, a picture of one blurred bright point")
    path = _existing(call, base / call.values[0])
    psf = read_psf(path)
    settings: dict[str, Any] = dict(call.settings)
    operators.Blur((3, 64, 64), psf, **settings)  # raises now if the boundary is unknown
    return lambda shape, frame, rng: operators.Blur(shape, psf, **settings), path


def _existing(call: Call, path: Path) -> Path:
    if not path.is_file():
        raise InvpriorError(f"{call.text!r}: there is no file {path}")
    return path


def _source(call: Call) -> Path | None:
    """The file of a user's module, if it is one of Python's."""
    name = getattr(sys.modules.get(call.name), "__file__", None)
    return Path(name) if name is not None and name.endswith(".py") and Path(name).is_file() else None


def _own(call: Call) -> Build:
    """A user's operator, its class, or a factory that takes the shape."""
    target = load_target(f"{call.name}:{call.values[0]}")

    def build(shape: Shape, frame: Frame, rng: torch.Generator) -> Operator:
        A = target if isinstance(target, Operator) else called(f"make {call.text} for {shape}", lambda: target(shape))
        if not isinstance(A, Operator):
            raise InvpriorError(f"{call.text} gives {type(A).__name__}, which is not an Operator")
        return A

    if not (isinstance(target, Operator) or callable(target)):
        raise InvpriorError(f"{call.text} is {type(target).__name__}, which is neither an operator nor makes one")
    return build
