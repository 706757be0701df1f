"""Two profiles side by side: of two models, or of one model before and after a change."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinyforge.core.errors import DataError, UsageError
from tinyforge.pipeline import models

TOTALS = ("macs", "instructions", "cycles", "latency_us", "flash_bytes", "ram_bytes", "stack_bytes")
_LAYER = ("macs", "instructions", "cycles")
_MAKE = "make it with `tinyforge profile --json`"
# What is drawn of a profile that was written before, with its types.
_NUMBER = (int, float)
_PROFILE: Mapping[str, tuple[type, ...]] = {
    "name": (str,),
    "layers": (list,),
    **dict.fromkeys((*TOTALS, "clock_hz", "flash_wait_cycles", "cycles_low", "cycles_high"), _NUMBER),
    **dict.fromkeys(("own_instructions", "own_cycles"), _NUMBER),
}
_OF_LAYER: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "shape"), (str,)),
    **dict.fromkeys((*_LAYER, "latency_us"), _NUMBER),
    **dict.fromkeys(("flash_bytes", "ram_bytes", "stack_bytes"), (*_NUMBER, type(None))),
    "functions": (list,),
}
_OF_FUNCTION: Mapping[str, tuple[type, ...]] = {"name": (str,), "instructions": _NUMBER, "cycles": _NUMBER}


def load_or_measure(path: Path, *, board_id: str, optimize: str) -> dict[str, Any]:
    """A profile: measured now of a ``.tflite``, or what ``tinyforge profile --json`` said before.

    Args:
        path: either.
        board_id: whose times are wanted; empty for the virtual board's, or those of the profile.
        optimize: as :func:`tinyforge.pipeline.models.profile` takes it.

    Raises:
        DataError: a ``.json`` that is no profile, or an incomplete one.
        UsageError: there is no such file.
    """
    if path.suffix != ".json":
        return models.profile(path, board_id=board_id or "virtual", optimize=optimize)
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(str(path), "no such file", f"{_MAKE}, or give a .tflite") from None
    except OSError as error:
        raise UsageError(str(path), f"cannot be read: {error.strerror}", "check path and permissions") from error
    except ValueError as error:
        raise DataError(str(path), "is no profile: it is not JSON", _MAKE) from error
    _check(path, said, _PROFILE, "")
    for i, layer in enumerate(said["layers"]):
        _check(path, layer, _OF_LAYER, f" of layer {i}")
        for function in layer["functions"]:
            _check(path, function, _OF_FUNCTION, f" of a function of layer {i}")
    return said


def _check(path: Path, said: object, wanted: Mapping[str, tuple[type, ...]], of: str) -> None:
    if not isinstance(said, dict):
        raise DataError(str(path), f"is no profile: {'it' if not of else of.removeprefix(' of ')} is no table", _MAKE)
    for key, kinds in wanted.items():
        if not isinstance(said.get(key), kinds) or isinstance(said.get(key), bool) or (key not in said):
            fact = "is missing" if key not in said else f"is {said[key]!r}"
            raise DataError(str(path), f'is no profile: "{key}"{of} {fact}', _MAKE)


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What changed.

    Layers are matched by their names, those of one name in their order.

    Returns:
        ``totals``: for each of ``TOTALS`` ``before``, ``after`` and ``ratio`` (None where before is 0); ``layers``: in
        the order of ``after``, then those only ``before`` has: ``name`` and the same for each count; None for a
        profile that has no such layer.
    """
    earlier, later = _numbered(before["layers"]), _numbered(after["layers"])
    names = [*later, *(name for name in earlier if name not in later)]
    return {
        "before": before["name"],
        "after": after["name"],
        "totals": {key: _change(before[key], after[key]) for key in TOTALS},
        "layers": [
            {"name": name[0]}
            | {key: _change(earlier.get(name, {}).get(key), later.get(name, {}).get(key)) for key in _LAYER}
            for name in names
        ],
    }


def _numbered(layers: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], Mapping[str, Any]]:
    """By name, and which of that name it is."""
    seen: Counter[str] = Counter()
    found = {}
    for layer in layers:
        found[layer["name"], seen[layer["name"]]] = layer
        seen[layer["name"]] += 1
    return found


def _change(before: float | None, after: float | None) -> dict[str, Any]:
    return {"before": before, "after": after, "ratio": after / before if before and after is not None else None}
