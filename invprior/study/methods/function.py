"""A method of somebody else's, as a function."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from invprior.arguments import shown
from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.moving import brief
from invprior.runs.record import outside_record
from invprior.specs import load_target
from invprior.study.methods.base import Answer, Asked, Compared
from invprior.study.methods.image import image
from invprior.study.methods.sent import Sent, bare, code_mark
from invprior.study.watch import EVERY

# What a study gives a function, each by its name; it takes those that its signature names.
GIVES = ("y", "A", "noise", "seed", "callback")


@dataclass(frozen=True, eq=False)
class Function(Compared):
    """x = method(y, A, noise, seed), by ``module:name`` or as an object.

    Attributes
    ----------
    target
        The name, which a worker imports, or the object, which it is sent.
    code
        Marks of code and values.
    """

    text: str
    target: str | Sent
    code: tuple[str, ...]

    @classmethod
    def of(cls, target: str | Callable[..., Any], text: str) -> Function:
        """Check a function and its signature.

        Raises
        ------
        InvpriorError
            If it cannot be imported, takes what a study does not give, or cannot be sent to other processes.
        """
        if isinstance(target, str):
            function = _imported(target)
            _taken(function, text)
            return cls(text, target, (target, *code_mark(function)))
        _taken(target, text)
        sent = Sent.of(f"method {text!r}", target)
        code = code_mark(target)
        # what a function holds is part of it, and the whole of one whose code is in no file
        values = [] if bare(target) and code else [sent.mark]
        return cls(text, sent, (_named(target), *code, *values))

    @property
    def mark(self) -> list[str]:
        return list(self.code)

    def answer(self, asked: Asked) -> Answer:
        function = self.target.loaded() if isinstance(self.target, Sent) else _imported(self.target)
        data = asked.measured.data[0]
        shape, device = data.operator.in_shape, data.y.device
        begin = time.perf_counter()

        def callback(x: object) -> None:
            estimate = partial(image, x, shape, device, f"method {self.text!r} showed its callback")
            asked.watch.note(time.perf_counter() - begin, EVERY, estimate)

        given = {"y": data.y, "A": data.operator, "noise": data.noise, "seed": asked.seed, "callback": callback}
        with _seeded(asked.seed):
            out = function(**{name: given[name] for name in _taken(function, self.text)})
        seconds = time.perf_counter() - begin - asked.watch.spent
        x = image(out, shape, device, f"method {self.text!r} returned")
        return Answer(x, answered(self.text, asked, seconds) | {"solver": _named(function)})


def answered(text: str, asked: Asked, seconds: float) -> dict[str, Any]:
    """The record of a method that is no prior of ours."""
    data, n = asked.measured.data[0], asked.watch.iterations
    return {
        **outside_record(text, asked.seed),
        "iterations": n or None,
        "seconds_weight": None,
        "seconds_solve": seconds,
        "operator": repr(data.operator),
        "noise": brief(data.noise),
        "sigma": data.sigma,
        "noise_rule": asked.measured.noise_rule,
        "device": str(data.y.device),
    }


def _imported(spec: str) -> Callable[..., Any]:
    function = load_target(spec)
    if not callable(function):
        raise InvpriorError(f"method {spec!r} is {shown(function)}, which is no function")
    found: Callable[..., Any] = function
    return found


def _named(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    kind = function if hasattr(function, "__qualname__") else type(function)
    return f"{kind.__module__}.{kind.__qualname__}"


def _taken(function: Callable[..., Any], text: str) -> list[str]:
    """The names of what the function takes of what a study gives."""
    signature = called(f"read the parameters of method {text!r}", lambda: inspect.signature(function))
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = [p for p in signature.parameters.values() if p.kind not in several]
    unknown = [p.name for p in parameters if p.default is p.empty and (p.name not in GIVES or p.kind not in named)]
    taken = [p.name for p in parameters if p.name in GIVES and p.kind in named]
    if unknown or "y" not in taken:
        what = f"takes {', '.join(unknown)}, which a study does not give" if unknown else "does not take y"
        raise InvpriorError(
            f"method {text!r} {what}; write it as method(y, A, noise, seed), with a parameter callback for a curve; "
            "those that it does not need may be left out"
        )
    return taken


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The process-wide random numbers, which many methods draw from, follow the seed within the block."""
    python, numbers = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numbers)
