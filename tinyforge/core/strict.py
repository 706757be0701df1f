"""Tables from TOML or JSON, read key by key; what nobody asked for is an error.

Every message starts with the place: ``file: path.to.key``.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tinyforge.core.errors import ConfigError, did_you_mean

T = TypeVar("T")
_MISSING: Any = object()


def load_toml(path: Path, missing: str = "check the path") -> Table:
    """Read a TOML file; ``missing`` is what to do where there is none.

    Raises:
        ConfigError: the file is missing, is not UTF-8 or is not TOML; the message has the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors on Windows begin files with a byte order mark
    except FileNotFoundError:
        raise ConfigError(str(path), "no such file", missing) from None
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), f"byte {error.start} is not UTF-8", "save the file as UTF-8") from error
    except OSError as error:
        raise ConfigError(
            str(path), f"cannot be read: {error.strerror}", "check the path and its permissions"
        ) from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            str(path), f"not valid TOML: {error}", "strings need quotes, tables need [brackets]"
        ) from error
    return Table(values, str(path))


class Table:
    """A mapping that knows where it stands and which of its keys were read."""

    def __init__(self, values: Mapping[str, Any], file: str, prefix: str = "") -> None:
        self._values = values
        self._file = file
        self._prefix = prefix
        self._known: set[str] = set()

    def place(self, key: str = "") -> str:
        """``file: path.to.key``, for messages."""
        path = f"{self._prefix}{key}".rstrip(".")
        return f"{self._file}: {path}" if path else self._file

    def fail(self, key: str, fact: str, way_out: str = "") -> ConfigError:
        """An error at one of this table's keys; raise what it returns."""
        return ConfigError(self.place(key), fact, way_out)

    def __contains__(self, key: str) -> bool:
        self._known.add(key)
        return key in self._values

    def _take(self, key: str, default: T, kind: str, accept: Callable[[Any], bool]) -> Any | T:
        self._known.add(key)
        if key not in self._values:
            if default is _MISSING:
                misspelt = difflib.get_close_matches(key, self._values.keys() - self._known, n=1, cutoff=0.85)
                if misspelt:
                    raise self.fail(misspelt[0], "unknown key", did_you_mean(misspelt[0], [key]))
                raise self.fail(key, "is missing", f"it takes {kind}")
            return default
        value = self._values[key]
        if not accept(value):
            raise self.fail(key, f"{value!r} is not {kind}", f"write {key} = {_example(kind, default)}")
        return value

    def text(self, key: str, default: str = _MISSING, choices: Iterable[str] | None = None, what: str = "") -> str:
        """A string; with ``choices``, one of them (``what`` names them in the message)."""
        value: str = self._take(key, default, "a string", lambda v: isinstance(v, str))
        if choices is not None and key in self._values:
            known = list(choices)
            if value not in known:
                raise self.fail(key, f'"{value}": unknown {what or key}', did_you_mean(value, known))
        return value

    def integer(self, key: str, default: int = _MISSING, low: int | None = None, high: int | None = None) -> int:
        """A whole number in [low, high]."""
        value: int = self._take(
            key, default, "a whole number", lambda v: isinstance(v, int) and not isinstance(v, bool)
        )
        self._range(key, value, low, high)
        return value

    def number(self, key: str, default: float = _MISSING, low: float | None = None, high: float | None = None) -> float:
        """A number in [low, high]."""
        value = self._take(key, default, "a number", lambda v: type(v) in {int, float} and math.isfinite(v))
        self._range(key, value, low, high)
        return float(value)

    def boolean(self, key: str, default: bool = _MISSING) -> bool:
        """``true`` or ``false``."""
        value: bool = self._take(key, default, "true or false", lambda v: isinstance(v, bool))
        return value

    def texts(self, key: str, default: tuple[str, ...] = _MISSING) -> tuple[str, ...]:
        """A list of strings."""
        value = self._take(
            key, default, "a list of strings", lambda v: isinstance(v, list) and all(isinstance(i, str) for i in v)
        )
        return tuple(value)

    def items(self, key: str, default: list[Any] = _MISSING) -> list[Any]:
        """A list of anything; the caller checks what is in it."""
        value: list[Any] = self._take(key, default, "a list", lambda v: isinstance(v, list))
        return value

    def table(self, key: str) -> Table:
        """A sub-table; empty when it is not there."""
        value: Mapping[str, Any] = self._take(key, {}, "a table", lambda v: isinstance(v, Mapping))
        return Table(value, self._file, f"{self._prefix}{key}.")

    def tables(self, key: str) -> list[Table]:
        """An array of tables; empty when it is not there."""
        value: list[Mapping[str, Any]] = self._take(
            key, [], "an array of tables", lambda v: isinstance(v, list) and all(isinstance(i, Mapping) for i in v)
        )
        return [Table(item, self._file, f"{self._prefix}{key}[{i}].") for i, item in enumerate(value)]

    def is_text(self, key: str) -> bool:
        """Whether a string stands at a key that may also hold something else."""
        return isinstance(self._values.get(key), str)

    def raw(self) -> dict[str, Any]:
        """All keys and values as they are; counts as having read every key."""
        self._known.update(self._values)
        return dict(self._values)

    def _range(self, key: str, value: float, low: float | None, high: float | None) -> None:
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = " and ".join([f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None))
            raise self.fail(key, f"{value} is out of range", f"it must be {bounds}")

    def finish(self) -> None:
        """Refuse keys that nobody read.

        Raises:
            ConfigError: naming the first unknown key and the nearest known one.
        """
        for key in self._values:
            if key not in self._known:
                raise self.fail(key, "unknown key", did_you_mean(key, self._known))


def _example(kind: str, default: Any) -> str:
    """What may stand there: the default where that is a number, a word or a switch; else something of the kind."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, int | float) or (isinstance(default, str) and default):
        return f'"{default}"' if isinstance(default, str) else str(default)
    return _EXAMPLES[kind]


_EXAMPLES = {
    "a string": '"text"',
    "a whole number": "3",
    "a number": "0.5",
    "true or false": "true",
    "a list": "[...]",
    "a list of strings": '["a", "b"]',
    "a table": "{ ... }",
    "an array of tables": "[{ ... }]",
}
