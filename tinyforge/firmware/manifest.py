"""What a runtime says of the C it generated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinyforge.core.errors import DataError
from tinyforge.core.model_info import INFO_NAME, info_from_json
from tinyforge.core.types import ModelInfo

_KEYS = ("name", "function", "header", "include_dirs", "sources", "input_bytes", "output_bytes")
_AGAIN = "run `tinyforge export` again"


def read_manifest(model_dir: Path) -> dict[str, Any]:
    """The ``manifest.json`` of a generated model.

    Raises:
        DataError: there is none, or it is not that of a model that can be called.
    """
    place = model_dir / "manifest.json"
    try:
        manifest = json.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(str(place), f"cannot be read: {error.strerror}", "run `tinyforge export` first") from error
    except ValueError as error:
        raise DataError(str(place), f"not JSON: {error}", _AGAIN) from error
    missing = [key for key in _KEYS if key not in manifest] if isinstance(manifest, dict) else ["everything"]
    if missing:
        raise DataError(str(place), f"lacks {', '.join(missing)}", _AGAIN)
    return dict(manifest)


def read_info(model_dir: Path) -> ModelInfo:
    """What the model says of its windows and labels.

    Raises:
        DataError: the model does not say.
    """
    place = model_dir / INFO_NAME
    try:
        data = place.read_bytes()
    except OSError as error:
        raise DataError(
            str(place),
            "there is none: the model does not say how its windows are made",
            "firmware needs a model that `tinyforge compress` made; others can be exported, verified and profiled",
        ) from error
    return info_from_json(data, str(place))


def model_sources(model_dir: Path, manifest: Mapping[str, Any], variant: str = "dsp") -> list[Path]:
    """C files of a generated model: ``dsp`` for the Cortex-M4's DSP instructions, or ``portable``."""
    names: Sequence[str] = (manifest.get("sources_dsp") if variant == "dsp" else None) or manifest["sources"]
    return [model_dir / name for name in names]
