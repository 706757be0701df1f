"""Ties an exported model to the firmware: renders ``tfw_model.c``, the constant of ``firmware/common/tfw_model.h``."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.names import c_comment, c_string, is_c_identifier
from tinyforge.core.templates import templates
from tinyforge.core.types import IMU_CHANNELS, Channel, ModelInfo
from tinyforge.link.messages import Hello, Inference

# What 1 of the sensor's unit is in another unit of the same quantity; the firmware multiplies in float32.
# Standard gravity: 9.80665 m/s^2 exactly (3rd CGPM, 1901).
_FACTORS: Mapping[tuple[str, str], float] = {
    ("g", "m/s^2"): 9.80665,
    ("g", "mg"): 1000.0,
    ("dps", "rad/s"): math.pi / 180.0,
    ("dps", "mdps"): 1000.0,
}
_NO_COLUMN = 255
_NO_LABEL = 0xFFFF
_MOST_FLOATS = 4096  # input values of a model that says nothing of windows: 16 KiB of RAM


def column_of(channel: Channel) -> tuple[int, float]:
    """Which column of the sensor a model's channel is, and the factor from the sensor's unit to the channel's.

    Returns:
        (column, factor); (255, 1.0) when the sensor has no such channel or the unit is of another kind.
    """
    for column, sensor in enumerate(IMU_CHANNELS):
        if sensor.name == channel.name:
            factor = 1.0 if sensor.unit == channel.unit else _FACTORS.get((sensor.unit, channel.unit))
            return (_NO_COLUMN, 1.0) if factor is None else (column, factor)
    return _NO_COLUMN, 1.0


def _check(manifest: Mapping[str, Any], info: ModelInfo) -> None:
    place = f'model "{info.name}"'
    if not is_c_identifier(manifest["name"]):
        raise UnsupportedModelError(place, f"{manifest['name']!r} is no C identifier", "export the model again")
    values = info.window.length * len(info.channels)
    if values != manifest["input_bytes"]:
        raise UnsupportedModelError(
            place,
            f"windows of {info.window.length} x {len(info.channels)} values, but an input of "
            f"{manifest['input_bytes']} bytes",
            "the metadata and the network do not belong together: train and compress again",
        )
    if not 1 <= info.window.length <= 0xFFFF or not 1 <= info.window.hop <= 0xFFFF:
        raise UnsupportedModelError(
            place, f"a window of {info.window.length} samples, hop {info.window.hop}", "the link takes 1 to 65535"
        )
    if not 1 <= manifest["output_bytes"] <= Inference.MAX_SCORES:
        raise UnsupportedModelError(
            place, f"{manifest['output_bytes']} outputs", f"the link takes up to {Inference.MAX_SCORES} scores"
        )
    if len(info.labels) not in (0, manifest["output_bytes"]):
        raise UnsupportedModelError(
            place, f"{len(info.labels)} labels for {manifest['output_bytes']} outputs", "give one label an output"
        )
    most = Hello.MAX_WINDOW_CHANNELS
    if len(info.channels) > most:
        raise UnsupportedModelError(place, f"{len(info.channels)} channels", f"the link takes up to {most}")
    sliding = manifest.get("sliding")
    if sliding is not None and not 1 <= sliding["hop"] < info.window.length:
        raise UnsupportedModelError(
            place, f"{sliding['hop']} new samples of a window of {info.window.length}", "export the model again"
        )
    if not re.fullmatch("[0-9a-f]{64}", manifest["model_sha256"]):
        raise UnsupportedModelError(place, f"{manifest['model_sha256']!r} is no SHA-256", "export the model again")


def _c_float(value: float) -> str:
    """A float constant that gives the nearest float32 back."""
    return f"{value!r}f" if any(mark in repr(value) for mark in ".en") else f"{value!r}.0f"


def _tensor(manifest: Mapping[str, Any], which: str, scale: float, zero_point: int) -> tuple[str, int]:
    """Scale, as C, and zero point of the network's input or output; those given where the manifest is silent."""
    said = manifest.get(which) or {}
    scale = said.get("scale", scale)
    return _c_float(struct.unpack("<f", struct.pack("<f", scale))[0]), int(said.get("zero_point", zero_point))


def _runner(
    manifest: Mapping[str, Any], *, takes_floats: bool, is_image: bool = False, is_autoencoder: bool = False
) -> dict[str, Any]:
    """What ``firmware/common/tfw_eembc.h`` asks of a model."""
    input_scale, input_zero = _tensor(manifest, "input", 1.0, 0)
    output_scale, output_zero = _tensor(manifest, "output", 1.0 / 256.0, -128)
    return {
        "room_bytes": (4 if takes_floats else 1) * manifest["input_bytes"],
        "is_image": is_image,
        "is_autoencoder": is_autoencoder,
        "input_scale": input_scale,
        "input_zero_point": input_zero,
        "output_scale": output_scale,
        "output_zero_point": output_zero,
    }


def _print(template: str, manifest: Mapping[str, Any], **more: Any) -> str:
    """A template; it gets what every model says of itself, and ``more``."""
    return (
        templates(Path(__file__).with_name("templates"))
        .get_template(template)
        .render(
            name=manifest["name"],
            header=manifest["header"],
            function=manifest["function"],
            reset=manifest.get("reset") or "",
            input_bytes=manifest["input_bytes"],
            output_bytes=manifest["output_bytes"],
            arena_bytes=manifest["arena_bytes"],
            digest=manifest["model_sha256"],
            digest_rows=_digest_rows(manifest),
            layers=max(1, len(manifest.get("layers", ()))),
            **more,
        )
    )


def render_plain_binding(manifest: Mapping[str, Any]) -> str:
    """``tfw_model.c`` of a model that says nothing of windows: only MLPerf Tiny's runner (``TFW_EEMBC``) can ask it.

    Args:
        manifest: see ``render_model_binding``.

    Raises:
        UnsupportedModelError: its inputs and outputs are not int8, or more than one of each.
    """
    for which in ("input", "output"):
        kinds = [tensor["dtype"] for tensor in manifest[f"{which}s"]]
        if kinds != ["int8"]:
            raise UnsupportedModelError(
                f'model "{manifest["name"]}"',
                f"{which}s of {', '.join(kinds)}",
                "the text protocol takes models of one int8 input and one int8 output",
            )
    shape, zero_point = manifest["input"]["shape"], manifest["input"]["zero_point"]
    runner = _runner(
        manifest,
        takes_floats=manifest["input_bytes"] <= _MOST_FLOATS,
        # Pictures have no values below 0; MLPerf Tiny's data sets hold them as bytes of 0 to 255.
        is_image=len(shape) == 4 and shape[-1] in (1, 3) and zero_point == -128,
        is_autoencoder=manifest["input_bytes"] > 1 and shape == manifest["output"]["shape"],
    )
    return _print("tfw_model_plain.c.j2", manifest, runner=runner)


def _digest_rows(manifest: Mapping[str, Any]) -> list[list[str]]:
    digest = bytes.fromhex(manifest["model_sha256"])
    return [[f"0x{byte:02x}" for byte in digest[row : row + 16]] for row in (0, 16)]


def render_model_binding(manifest: Mapping[str, Any], info: ModelInfo) -> str:
    """The text of ``tfw_model.c``; compile it with ``-DTFW_WITH_MODEL`` beside the exported model.

    Args:
        manifest: ``manifest.json`` of the export: ``name``, ``header``, ``function``, ``input_bytes``,
            ``output_bytes``, ``arena_bytes``, ``model_sha256``, ``reset``, the name of the function that clears
            recurrent state, where there is one, and ``sliding``, the functions for the new samples of a sliding window
            (``hop``, ``function``, ``reset``, ``preprocess``), where the export has them.
        info: what the model says of itself.

    Raises:
        UnsupportedModelError: the model has more outputs or channels than the link carries, or `info` is of another.
    """
    _check(manifest, info)
    columns = [column_of(channel) for channel in info.channels]
    return _print(
        "tfw_model.c.j2",
        manifest,
        labels=[c_string(label) for label in info.labels],
        said_labels=[c_comment(label) for label in info.labels],
        channels=[c_comment(f"{channel.name} [{channel.unit}]") for channel in info.channels],
        columns=[str(column) for column, _ in columns],
        factors=[_c_float(factor) for _, factor in columns],
        window=info.window,
        decision=info.decision,
        rest=info.labels.index(info.decision.rest) if info.decision.rest in info.labels else _NO_LABEL,
        rate_mhz=round(info.window.rate_hz * 1000),
        runner=_runner(manifest, takes_floats=True),
        sliding=manifest.get("sliding"),
    )
