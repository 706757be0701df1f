"""Named, validated parameters of an architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tinyforge.core.errors import ConfigError, did_you_mean

PRESET = "preset"


class Parameter(Protocol):
    """One named knob of an architecture.

    Attributes:
        name: key in ``[model.parameters]``.
        default: value when the key is absent.
        doc: what it does, its unit and range, in one line.
    """

    @property
    def name(self) -> str:
        """Key in ``[model.parameters]``."""
        ...

    @property
    def default(self) -> Any:
        """Value when the key is absent."""
        ...

    @property
    def doc(self) -> str:
        """What it does, in one line."""
        ...

    def check(self, value: Any, place: str) -> Any:
        """The value in its canonical type, or ConfigError at ``place``."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in [low, high]."""

    name: str
    default: int
    low: int
    high: int
    doc: str

    def check(self, value: Any, place: str) -> int:
        """The number itself.

        Raises:
            ConfigError: no whole number, or out of range.
        """
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigError(place, f"{value!r} is not a whole number", f"write {self.name} = {self.default}")
        if not self.low <= value <= self.high:
            raise ConfigError(place, f"{value} is out of range", f"it must be {self.low} to {self.high}")
        return value


@dataclass(frozen=True, slots=True)
class Real:
    """A number in [low, high]."""

    name: str
    default: float
    low: float
    high: float
    doc: str

    def check(self, value: Any, place: str) -> float:
        """The number as float.

        Raises:
            ConfigError: no number, or out of range.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(place, f"{value!r} is not a number", f"write {self.name} = {self.default}")
        if not self.low <= value <= self.high:
            raise ConfigError(place, f"{value:g} is out of range", f"it must be {self.low:g} to {self.high:g}")
        return float(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """``true`` or ``false``."""

    name: str
    default: bool
    doc: str

    def check(self, value: Any, place: str) -> bool:
        """The flag itself.

        Raises:
            ConfigError: neither true nor false.
        """
        if not isinstance(value, bool):
            raise ConfigError(place, f"{value!r} is not true or false", f"write {self.name} = true")
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    name: str
    default: str
    choices: tuple[str, ...]
    doc: str

    def check(self, value: Any, place: str) -> str:
        """The word itself.

        Raises:
            ConfigError: none of the choices.
        """
        if not isinstance(value, str) or value not in self.choices:
            raise ConfigError(place, f"{value!r}: unknown {self.name}", did_you_mean(str(value), self.choices))
        return value


@dataclass(frozen=True, slots=True)
class Wholes:
    """A list of ``shortest`` to ``longest`` whole numbers, each in [low, high]; one number stands for itself alone."""

    name: str
    default: tuple[int, ...]
    low: int
    high: int
    doc: str
    shortest: int = 1
    longest: int = 6

    def check(self, value: Any, place: str) -> tuple[int, ...]:
        """The numbers as a tuple.

        Raises:
            ConfigError: no list of whole numbers, too few or many of them, or one out of range.
        """
        example = f"write {self.name} = {list(self.default)}"
        if isinstance(value, int) and not isinstance(value, bool):
            value = (value,)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ConfigError(place, f"{value!r} is not a list of whole numbers", example)
        if not self.shortest <= len(value) <= self.longest:
            raise ConfigError(
                place, f"{len(value)} numbers are out of range", f"it takes {self.shortest} to {self.longest} of them"
            )
        one = Whole(self.name, 0, self.low, self.high, "")
        if any(isinstance(item, bool) or not isinstance(item, int) for item in value):
            raise ConfigError(place, f"{list(value)!r} is not a list of whole numbers", example)
        return tuple(one.check(item, f"{place}[{index}]") for index, item in enumerate(value))


def resolve_parameters(
    known: Sequence[Parameter],
    presets: Mapping[str, Mapping[str, Any]],
    given: Mapping[str, Any],
    place: str,
) -> dict[str, Any]:
    """Every parameter with its value: the one given, else the preset's, else the default.

    Args:
        known: the architecture's parameters.
        presets: named sets of values; chosen by the key ``preset``.
        given: what the user wrote.
        place: where they wrote it, for messages: ``place.key`` names the fault.

    Raises:
        ConfigError: an unknown parameter or preset, a wrong type, a value out of range.
    """
    by_name = {parameter.name: parameter for parameter in known}
    for key in given:
        if key != PRESET and key not in by_name:
            raise ConfigError(f"{place}.{key}", "unknown parameter", did_you_mean(key, [*by_name, PRESET]))
    values: dict[str, Any] = {name: parameter.default for name, parameter in by_name.items()}
    if PRESET in given:
        preset = given[PRESET]
        if preset not in presets:
            raise ConfigError(f"{place}.{PRESET}", f"{preset!r}: unknown preset", did_you_mean(str(preset), presets))
        values.update(presets[preset])
    for key, value in given.items():
        if key != PRESET:
            values[key] = by_name[key].check(value, f"{place}.{key}")
    return values
