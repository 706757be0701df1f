"""What other packages add: objects behind their entry points."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from importlib import metadata


@dataclass(frozen=True, slots=True)
class Offer:
    """An entry point that was followed.

    Attributes:
        name: of the entry point.
        value: ``module:object``, where it leads.
        loaded: the object; None when it failed to load.
        reason: why it failed, in one line; empty when it did not.
    """

    name: str
    value: str
    loaded: object
    reason: str = ""


def offers(group: str, without: Container[str] = ()) -> Iterator[Offer]:
    """The entry points of a group, by name; those whose names are in ``without`` are not even loaded."""
    for point in sorted(metadata.entry_points(group=group), key=lambda point: point.name):
        if point.name in without:
            continue
        try:
            yield Offer(point.name, point.value, point.load())
        except Exception as error:  # noqa: BLE001 - anything may go wrong in somebody else's package
            yield Offer(point.name, point.value, None, f"{type(error).__name__}: {error}".split("\n", 1)[0])
