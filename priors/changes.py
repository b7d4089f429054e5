"""Changes of single settings of a preset of the deep image prior; everything else stays as it was tuned."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from invprior.errors import InvpriorError
from invprior.priors.networks import DeepDecoderSpec, NetworkSpec, SkipSpec
from invprior.priors.networks.conv_decoder import ConvDecoderSpec
from invprior.priors.presets import Preset

# Settings of the solver, of the network, and of the preset itself.
OF_SOLVER = ("lr", "momentum", "average")
OF_NETWORK = ("channels", "skip")
OF_PRESET = ("jitter", "restarts")


@dataclass(frozen=True)
class Changes:
    """The settings that replace those of a preset, None for those that stay; see :class:`~invprior.priors.DIP`.

    Raises
    ------
    InvpriorError
        If a value is none that the setting can have.
    """

    lr: float | None = None
    momentum: float | None = None
    average: float | None = None
    channels: tuple[int, ...] | None = None
    skip: tuple[int, ...] | None = None
    jitter: float | None = None
    restarts: int | None = None

    def __post_init__(self) -> None:
        _check("lr", self.lr, "above 0", lambda x: 0 < x < float("inf"))
        _check("momentum", self.momentum, "from 0 to below 1", lambda x: 0 <= x < 1)
        _check("average", self.average, "from 0 to below 1", lambda x: 0 <= x < 1)
        _check("jitter", self.jitter, "of 0 or more", lambda x: 0 <= x < float("inf"))
        if self.restarts is not None and (type(self.restarts) is not int or self.restarts < 1):
            raise InvpriorError(f"the restarts of a DIP are a whole number of 1 or more, got {self.restarts!r}")
        for name, least in (("channels", 1), ("skip", 0)):
            values = getattr(self, name)
            whole = isinstance(values, tuple) and all(type(n) is int and n >= least for n in values)
            if values is not None and not (whole and 1 <= len(values) <= 8):
                raise InvpriorError(
                    f"the {name} of a DIP are one to eight whole numbers of {least} or more, from the finest level to "
                    f"the coarsest, such as 32/64/64, got {values!r}"
                )

    @property
    def given(self) -> dict[str, Any]:
        """The settings that are given, by name."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def of(self, preset: Preset) -> Preset:
        """The preset with these changes.

        Raises
        ------
        InvpriorError
            If its solver or network has no such setting.
        """
        given = self.given
        solver = {name: given[name] for name in OF_SOLVER if name in given}
        missing = [name for name in solver if not hasattr(preset.solver, name)]
        if missing:
            raise InvpriorError(f"{type(preset.solver).__name__}, the preset's solver, has no {missing[0]}; drop it")
        network = _network(preset.network, self.channels, self.skip)
        return replace(
            preset,
            solver=replace(preset.solver, **solver),
            network=network,
            memory=preset.memory * max(1.0, _activations(network) / _activations(preset.network)),
            **{name: given[name] for name in OF_PRESET if name in given},
        )


def _network(spec: NetworkSpec, channels: tuple[int, ...] | None, skip: tuple[int, ...] | None) -> NetworkSpec:
    if channels is None and skip is None:
        return spec
    if isinstance(spec, SkipSpec):
        levels = spec.channels if channels is None else channels
        # with other levels than the preset has, the coarsest skip connection stands for those below
        sides = skip or tuple(spec.skip[min(k, len(spec.skip) - 1)] for k in range(len(levels)))
        if len(sides) != len(levels):
            raise InvpriorError(
                f"a network of {len(levels)} levels has {len(levels)} skip connections, got {len(sides)}; give one "
                "number for each level"
            )
        return replace(spec, channels=levels, skip=sides)
    if isinstance(spec, DeepDecoderSpec | ConvDecoderSpec) and skip is None and channels is not None:
        return replace(spec, channels=channels)
    raise InvpriorError(f"the network {type(spec).__name__.removesuffix('Spec')} has no skip connections; drop skip")


def _activations(spec: NetworkSpec) -> float:
    """Values per pixel that the levels of a network hold, to compare two of them."""
    channels: tuple[int, ...] = getattr(spec, "channels", (1,))
    skip: tuple[int, ...] = getattr(spec, "skip", (0,) * len(channels))
    return sum((c + s) / float(4**level) for level, (c, s) in enumerate(zip(channels, skip, strict=True)))


def _check(name: str, value: float | None, what: str, holds: Any) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not holds(value)):
        raise InvpriorError(f"the {name} of a DIP is a number {what}, got {value!r}")
