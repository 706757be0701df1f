"""Which architectures there are: those in this folder, and those that other packages bring as entry points.

A plug-in is an :class:`Architecture` object named in the entry-point group ``tinyforge.architectures``; one that fails
to load is listed with the reason and hurts nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from tinyforge.architectures.parameters import Parameter, resolve_parameters
from tinyforge.core.errors import ConfigError, did_you_mean
from tinyforge.core.plugins import offers
from tinyforge.core.types import ModelSpec

ENTRY_POINTS = "tinyforge.architectures"
_BUILT_IN = ("cnn1d", "dense", "gru", "lstm", "tcn")

Build = Callable[[Mapping[str, Any], tuple[int, int], int, bool], Any]


@dataclass(frozen=True, slots=True)
class Architecture:
    """A family of networks.

    Attributes:
        name: how configurations call it.
        summary: one line for lists.
        parameters: its knobs.
        presets: named sets of parameter values.
        choices: what a search tries, by parameter; a parameter that is not named keeps its default. Empty: the presets.
        build: ``build(values, (window_length, channels), classes, training) -> keras.Model``, legacy Keras, from
            standardised float32 [batch, window_length, channels] to probabilities [batch, classes].
            With ``training`` the network may hold what only training needs: batch normalisation in a layer called
            ``<layer>_bn`` right after ``<layer>``, dropout, unrolled loops. Without, it holds what is deployed. Layers
            of one name have weights of one shape in both.
        check: ``check(values, (window_length, channels), place)`` raises ConfigError where values do not fit together
            or do not fit the window; needs no TensorFlow.
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    build: Build
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    choices: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    check: Callable[[Mapping[str, Any], tuple[int, int], str], None] = lambda *_: None


@dataclass(frozen=True, slots=True)
class Broken:
    """A plug-in that did not load.

    Attributes:
        name: of the entry point.
        reason: why, in one line.
    """

    name: str
    reason: str


@cache
def _load() -> tuple[dict[str, Architecture], dict[str, Broken]]:
    found: dict[str, Architecture] = {}
    broken: dict[str, Broken] = {}
    for name in _BUILT_IN:
        found[name] = import_module(f"tinyforge.architectures.{name}").ARCHITECTURE
    for offer in offers(ENTRY_POINTS):
        loaded = offer.loaded
        if not isinstance(loaded, Architecture):
            reason = offer.reason or f"{offer.value} is no tinyforge.architectures.Architecture"
            broken[offer.name] = Broken(offer.name, reason)
        elif loaded.name in found:
            broken[offer.name] = Broken(offer.name, f'an architecture "{loaded.name}" is there already')
        else:
            found[loaded.name] = loaded
    return found, broken


def reload_architectures() -> None:
    """Forget what was loaded; the next call looks again."""
    _load.cache_clear()


def list_architectures() -> tuple[Architecture, ...]:
    """All that loaded, by name."""
    found, _ = _load()
    return tuple(found[name] for name in sorted(found))


def broken_architectures() -> tuple[Broken, ...]:
    """Plug-ins that did not load, each with its reason."""
    _, broken = _load()
    return tuple(broken[name] for name in sorted(broken))


def get_architecture(name: str, place: str = "architecture") -> Architecture:
    """The architecture of that name.

    Raises:
        ConfigError: there is none, or its plug-in did not load.
    """
    found, broken = _load()
    if name in found:
        return found[name]
    if name in broken:
        raise ConfigError(
            place, f'"{name}": the plug-in did not load: {broken[name].reason}', "repair or uninstall that package"
        )
    raise ConfigError(place, f'"{name}": unknown architecture', did_you_mean(name, found))


def resolve(spec: ModelSpec, input_shape: tuple[int, int], place: str | None = None) -> dict[str, Any]:
    """Every parameter of the spec's architecture with its value, checked against the window. Needs no TensorFlow.

    Args:
        input_shape: (window_length, channels).
        place: what to call the spec in an error; ``model "<name>"`` when absent.

    Raises:
        ConfigError: an unknown architecture or parameter, or values that do not fit.
    """
    place = place or f'model "{spec.name}"'
    architecture = get_architecture(spec.architecture, f"{place}: architecture")
    inside = f"{place}: parameters"
    values = resolve_parameters(architecture.parameters, architecture.presets, spec.parameters, inside)
    architecture.check(values, input_shape, inside)
    return values


def build(spec: ModelSpec, input_shape: tuple[int, int], classes: int, *, training: bool = False) -> Any:
    """A fresh network with the spec's parameters; imports TensorFlow.

    Args:
        input_shape: (window_length, channels) of standardised windows.
        classes: number of outputs, >= 2.
        training: with what only training needs; see :class:`Architecture`.

    Returns:
        A legacy ``keras.Model``: float32 [batch, window_length, channels] -> probabilities float32 [batch, classes].

    Raises:
        ConfigError: as :func:`resolve`.
    """
    values = resolve(spec, input_shape)
    return get_architecture(spec.architecture).build(values, input_shape, classes, training)
