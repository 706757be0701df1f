"""``ModelInfo`` as the JSON that travels inside a ``.tflite`` (metadata entry ``TINYFORGE``)."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from tinyforge.core.errors import ModelFormatError
from tinyforge.core.types import Channel, Decision, ModelInfo, Preprocessing, WindowSpec

METADATA_NAME = "TINYFORGE"
INFO_NAME = "model_info.json"  # the same, beside the ``manifest.json`` of generated C
_VERSION = 1
_LONGEST = (1 << 31) - 1  # samples of a window, as C counts them
LONGEST_SMOOTHING = 32  # windows; the firmware keeps the scores of so many
WHOLE_SCORE = 256  # a probability of 1, in the unit of ``Decision.least_score``
_WAY_OUT = "compress the model again with tinyforge, or remove the TINYFORGE metadata entry"


def info_to_json(info: ModelInfo) -> bytes:
    """The metadata buffer of ``info``: UTF-8 JSON, keys sorted, no spaces: the same info gives the same bytes."""
    said: dict[str, Any] = {
        "version": _VERSION,
        "name": info.name,
        "labels": list(info.labels),
        "window": {
            "length": info.window.length,
            "hop": info.window.hop,
            "channels": list(info.window.channels),
            "rate_hz": info.window.rate_hz,
        },
        "channels": [[channel.name, channel.unit] for channel in info.channels],
        "preprocessing": {"mean": list(info.preprocessing.mean), "std": list(info.preprocessing.std)},
    }
    if info.decision != Decision():  # a model that answers every window by its largest score says nothing of it
        said["decision"] = asdict(info.decision)
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def info_from_json(data: bytes, place: str) -> ModelInfo:
    """Read what ``info_to_json`` wrote.

    Args:
        data: the metadata buffer; untrusted.
        place: the file, for messages.

    Raises:
        ModelFormatError: not JSON, another version, or a value out of range.
    """
    place = f"{place}: metadata {METADATA_NAME}"
    try:
        said = json.loads(data.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ModelFormatError(place, "is not valid JSON", _WAY_OUT) from error
    if not isinstance(said, dict) or said.get("version") != _VERSION:
        raise ModelFormatError(place, f"is not of version {_VERSION}", _WAY_OUT)
    try:
        window = _a(said["window"], dict)
        preprocessing = _a(said["preprocessing"], dict)
        info = ModelInfo(
            name=_a(said["name"], str),
            labels=tuple(_a(label, str) for label in _a(said["labels"], list)),
            window=WindowSpec(
                length=_a(window["length"], int),
                hop=_a(window["hop"], int),
                channels=tuple(_a(name, str) for name in _a(window["channels"], list)),
                rate_hz=_number(window["rate_hz"]),
            ),
            channels=tuple(Channel(_a(name, str), _a(unit, str)) for name, unit in _a(said["channels"], list)),
            preprocessing=Preprocessing(
                mean=tuple(_number(value) for value in _a(preprocessing["mean"], list)),
                std=tuple(_number(value) for value in _a(preprocessing["std"], list)),
            ),
            decision=_decision(said["decision"]) if "decision" in said else Decision(),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelFormatError(place, f"has a missing or wrong value ({ascii(str(error))[1:-1]})", _WAY_OUT) from error
    columns = len(info.channels)
    samples = min(info.window.length, info.window.hop), max(info.window.length, info.window.hop)
    if samples[0] < 1 or samples[1] > _LONGEST or not info.window.rate_hz > 0 or not columns:
        raise ModelFormatError(place, "has a window without samples, hop, rate or channels", _WAY_OUT)
    if len(info.preprocessing.mean) != columns or len(info.preprocessing.std) != columns:
        raise ModelFormatError(place, f"has preprocessing for another number of channels than {columns}", _WAY_OUT)
    decision = info.decision
    if not (0 <= decision.least_score <= WHOLE_SCORE and 1 <= decision.smoothing <= LONGEST_SMOOTHING):
        raise ModelFormatError(
            place,
            f"has a decision outside least_score 0 to {WHOLE_SCORE}, smoothing 1 to {LONGEST_SMOOTHING}",
            _WAY_OUT,
        )
    if decision.rest and decision.rest not in info.labels:
        raise ModelFormatError(place, "has a decision whose rest is none of its labels", _WAY_OUT)
    texts = (
        info.name,
        *info.labels,
        *info.window.channels,
        *(part for c in info.channels for part in (c.name, c.unit)),
    )
    if any(0xD800 <= ord(char) < 0xE000 for text in texts for char in text):
        raise ModelFormatError(place, "has a text with half a surrogate pair, which is no Unicode character", _WAY_OUT)
    if len(info.window.channels) != columns or not all(value > 0 for value in info.preprocessing.std):
        raise ModelFormatError(place, "has channels that disagree, or a std that is not above 0", _WAY_OUT)
    return info


def _decision(said: Any) -> Decision:
    said = _a(said, dict)
    return Decision(_a(said["least_score"], int), _a(said["smoothing"], int), _a(said["rest"], str))


def _a(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("expected a finite number")
    return float(value)
