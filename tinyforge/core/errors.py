"""The one tree of errors. Each class owns an exit code.

    TinyforgeError                 (abstract)
    |-- CheckFailed            1   a budget or a check is not met
    |-- UsageError             2   the command line or a configuration file is wrong
    |   `-- ConfigError        2   a key of a file: place, fact, way out
    |-- DataError              3   recordings, datasets, arrays
    |-- DeviceError            4   a link or a board
    |   `-- BoardFault         4   the board itself stopped: bad access, watchdog, ...
    |-- UnsupportedModelError  5   a model that is well formed but not supported
    |   `-- ModelFormatError   5   a file that is no (valid) model
    |-- ToolError              6   an external program is missing or failed
    `-- Interrupted          130   Ctrl-C

A message is a place, a fact and a way out:
``tinyforge.toml: board.id: "nano3": unknown board; did you mean "nano33"?``
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class TinyforgeError(Exception):
    """Base of every error a user may meet.

    Args:
        place: where it happened: a file (with line or key), a port, a tensor.
        fact: what is wrong there, with the value that was found.
        way_out: what to do about it; may be empty where there is nothing to advise.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, place: str, fact: str, way_out: str = "") -> None:
        self.place = place
        self.fact = fact
        self.way_out = way_out
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.place}: {self.fact}" if self.place else self.fact
        return f"{head}; {self.way_out}" if self.way_out else head

    def __reduce__(self) -> tuple[type[TinyforgeError], tuple[str, str, str]]:
        return type(self), (self.place, self.fact, self.way_out)


class CheckFailed(TinyforgeError):
    """A budget or a check is not met."""

    exit_code = 1


class UsageError(TinyforgeError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file has a wrong key or value; ``place`` is ``file: key``."""


class DataError(TinyforgeError):
    """A recording, a dataset or an array is not what it must be."""

    exit_code = 3


class DeviceError(TinyforgeError):
    """A port, a link or a board does not do what it must."""

    exit_code = 4


class BoardFault(DeviceError):
    """The board stopped; ``place`` names the function, ``fact`` the address."""


class UnsupportedModelError(TinyforgeError):
    """A model that is valid but holds something the compiler does not do (yet)."""

    exit_code = 5


class ModelFormatError(UnsupportedModelError):
    """A file that is not a model, or a damaged one."""


class ToolError(TinyforgeError):
    """An external program is missing or failed."""

    exit_code = 6


class Interrupted(TinyforgeError):
    """The user pressed Ctrl-C; what was written so far is whole."""

    exit_code = 130


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Advice for an unknown name: the nearest known one, or the list of all.

    Returns:
        ``did you mean "nano33"?`` or ``known: a, b, c``; empty when ``known`` is empty.
    """
    import difflib  # only when something is wrong: the command line starts without it

    names = sorted(known)
    by_case = {name.casefold(): name for name in reversed(names)}
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6) or [
        by_case[found] for found in difflib.get_close_matches(word.casefold(), by_case, n=1, cutoff=0.6)
    ]
    if near:
        return f'did you mean "{near[0]}"?'
    return f"known: {', '.join(names)}" if names else ""
