"""A finding: what is wrong, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING, NOTE = "error", "warning", "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know.

    Attributes:
        code: identifier, for instance ``wrong-unit``.
        severity: ``error``: it spoils a training; ``warning``: it may; ``note``: worth knowing.
        where: recordings, subjects or classes, each once.
        fact: what was found, with numbers.
        way_out: what to do.
        count: of the places in all.
    """

    code: str
    severity: str
    where: tuple[str, ...]
    fact: str
    way_out: str
    count: int


def finding(code: str, severity: str, where: list[str], fact: str, way_out: str) -> Finding:
    """A finding about places."""
    places = list(dict.fromkeys(where))
    return Finding(code, severity, tuple(places), fact, way_out, len(places))
