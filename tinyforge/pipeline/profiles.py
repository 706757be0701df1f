"""Two profiles side by side: of two models, or of one model before and after a change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyforge.core.errors import DataError
from tinyforge.pipeline import models

TOTALS = ("macs", "instructions", "cycles", "flash_bytes", "ram_bytes", "stack_bytes")
_LAYER = ("macs", "instructions", "cycles")


def load_or_measure(path: Path, *, board_id: str, optimize: str) -> dict[str, Any]:
    """A profile: measured now of a ``.tflite``, or what ``tinyforge profile --json`` said before.

    Raises:
        DataError: a ``.json`` that is no profile.
    """
    if path.suffix != ".json":
        return models.profile(path, board_id=board_id, optimize=optimize)
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        complete = all(isinstance(said[key], int) for key in TOTALS) and all(
            isinstance(layer[key], int) for layer in said["layers"] for key in _LAYER
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(str(path), f"is no profile: {error!r}", "make it with `tinyforge profile --json`") from error
    if not complete:
        raise DataError(str(path), "is no profile: a number is missing", "make it with `tinyforge profile --json`")
    return said


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What changed.

    Returns:
        ``totals``: for each of ``TOTALS`` ``before``, ``after`` and ``ratio`` (None where before is 0); ``layers``: in
        the order of ``after``, then those only ``before`` has: ``name`` and the same for each count; None for a
        profile that has no such layer.
    """
    earlier = {layer["name"]: layer for layer in before["layers"]}
    later = {layer["name"]: layer for layer in after["layers"]}
    names = [*later, *(name for name in earlier if name not in later)]
    return {
        "before": before["name"],
        "after": after["name"],
        "totals": {key: _change(before[key], after[key]) for key in TOTALS},
        "layers": [
            {"name": name}
            | {key: _change(earlier.get(name, {}).get(key), later.get(name, {}).get(key)) for key in _LAYER}
            for name in names
        ],
    }


def _change(before: int | None, after: int | None) -> dict[str, Any]:
    return {"before": before, "after": after, "ratio": after / before if before and after is not None else None}
