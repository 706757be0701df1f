"""``report.json``: a report's data as JSON, and back, by the types of its fields."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from tinyforge.core.errors import DataError
from tinyforge.report.data import ReportData

REPORT_VERSION = 1

T = TypeVar("T")


def to_json(data: ReportData) -> dict[str, Any]:
    """The data as JSON-able values; numbers that are no numbers (NaN, infinity) become null."""
    return {"version": REPORT_VERSION, "report": _plain(dataclasses.asdict(data))}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def from_json(document: Any, place: str = "report.json") -> ReportData:
    """Read what :func:`to_json` gave.

    Raises:
        DataError: another version, an unknown or missing key, or a value of another type.
    """
    if not isinstance(document, dict) or document.get("version") != REPORT_VERSION or "report" not in document:
        found = document.get("version") if isinstance(document, dict) else None
        raise DataError(place, f"version {found!r} of a report, not {REPORT_VERSION}", "write the report again")
    return _read(ReportData, document["report"], place)


def _read(cls: type[T], value: Any, place: str) -> T:
    """A dataclass from a mapping, by the types of its fields."""
    if not isinstance(value, dict):
        raise DataError(place, f"is {type(value).__name__}, not an object", "write the report again")
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(value) - set(hints))
    if unknown:
        raise DataError(place, f'unknown key "{unknown[0]}"', "write the report again")
    read = {name: _value(hints[name], part, f"{place}: {name}") for name, part in value.items()}
    try:
        return cls(**read)
    except TypeError as error:
        raise DataError(place, str(error).partition("() ")[2] or str(error), "write the report again") from error


def _value(hint: Any, value: Any, place: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        if value is None and type(None) in arguments:
            return None
        (hint,) = [argument for argument in arguments if argument is not type(None)]
        return _value(hint, value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise DataError(place, f"is {type(value).__name__}, not a list", "write the report again")
        if arguments[-1] is Ellipsis:
            return tuple(_value(arguments[0], part, f"{place}[{i}]") for i, part in enumerate(value))
        if len(value) != len(arguments):
            raise DataError(place, f"has {len(value)} parts, not {len(arguments)}", "write the report again")
        return tuple(_value(argument, part, place) for argument, part in zip(arguments, value, strict=True))
    if dataclasses.is_dataclass(hint):
        return _read(typing.cast("type[Any]", hint), value, place)
    if hint is float:
        if value is None:
            return math.nan
        if isinstance(value, int) and not isinstance(value, bool):
            return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise DataError(place, f"is {type(value).__name__}, not {hint.__name__}", "write the report again")
    return value
