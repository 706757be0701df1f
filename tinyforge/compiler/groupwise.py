"""Convolutions whose channels are in groups: group by group as ``tfg_conv_2d_s8`` does it, or one small kernel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.compiler.code_bytes import code_bytes
from tinyforge.compiler.convolution import PLACES, conv_weights, output_limits, packed, patch_bytes, sizes
from tinyforge.compiler.geometry import Geometry, geometry_of
from tinyforge.compiler.layout import GROUP, filled, paired
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView
from tinyforge.compiler.overlap import grouped_windows
from tinyforge.core.graph import Array, Overlap, Param

GROUPED, GROUPWISE = "tfg_conv_2d_grouped_s8", "tfg_conv_2d_groupwise_s8"
COLUMNS = 12  # outputs of a row that are computed together, about


def lower_groups(view: OpView, low: Lowering, geometry: Geometry, rows: Array) -> None:
    """Lower to ``tfg_conv_2d_groupwise_s8`` or ``tfg_conv_2d_grouped_s8``.

    Args:
        view: the operator.
        low: takes the call.
        geometry: of the convolution.
        rows: int8 [output channel, taps and channels of its group], its weights.
    """
    geometry = _in_one_row(geometry)
    group_in_ch = rows.shape[1] // (geometry.kernel_h * geometry.kernel_w)
    fewer = _grouped_instructions(geometry, group_in_ch) - groupwise_instructions(geometry, group_in_ch)
    if low.goal.takes(more_bytes=more_code(low, GROUPWISE, GROUPED), fewer_instructions=fewer):
        lower_groupwise(view, low, "conv_2d", geometry, rows)
        return
    low.layer(
        "conv_2d",
        GROUPED,
        {
            **conv_weights(view, rows, lambda found: found),
            **sizes(geometry),
            **_groups(geometry, group_in_ch),
            **output_limits(view),
        },
        inputs=(view.input(0),),
        outputs=(view.output(),),
        macs=_outputs(geometry) * rows.shape[1],
        overlaps=_overlaps(geometry, group_in_ch),
    )


def lower_groupwise(view: OpView, low: Lowering, stem: str, geometry: Geometry, rows: Array, axis: int = 0) -> None:
    """Lower to ``tfg_conv_2d_groupwise_s8``.

    Args:
        view, low, geometry: as for ``lower_groups``.
        rows: int8 [output channel, taps and channels of its group], its weights.
        stem: the call's.
        axis: dimension of output channels in the model's filter.
    """
    group_in_ch = rows.shape[1] // (geometry.kernel_h * geometry.kernel_w)
    groups = _groups(geometry, group_in_ch)
    columns = columns_of(geometry.out_w)
    low.layer(
        stem,
        GROUPWISE,
        {
            **by_group(conv_weights(view, rows, lambda found: found, axis), groups["group_out_ch"]),
            **sizes(geometry),
            **groups,
            "groups": -(-rows.shape[1] // GROUP),
            "columns": columns,
            **output_limits(view),
        },
        inputs=(view.input(0),),
        outputs=(view.output(),),
        scratch_bytes=groupwise_bytes(geometry, group_in_ch, columns),
        macs=_outputs(geometry) * rows.shape[1],
        overlaps=_overlaps(geometry, group_in_ch),
    )


def _in_one_row(geo: Geometry) -> Geometry:
    """The same bytes and products, with the places along a row where that can be: one of many places costs less."""
    if geo.in_w == geo.kernel_w == geo.out_w == 1:
        return geo.turned()
    if geo.kernel_h == geo.kernel_w == geo.stride_h == geo.stride_w == 1:
        places = geo.batches * geo.in_h * geo.in_w
        return replace(geo, batches=1, in_h=1, in_w=places, out_h=1, out_w=places)
    return geo


def _groups(geo: Geometry, group_in_ch: int) -> dict[str, int]:
    return {"group_in_ch": group_in_ch, "group_out_ch": geo.out_ch // (geo.in_ch // group_in_ch)}


def _overlaps(geo: Geometry, group_in_ch: int) -> tuple[Overlap, ...]:
    return grouped_windows(geo, **_groups(geo, group_in_ch))


def by_group(numbers: dict[str, Param], group_out_ch: int) -> dict[str, Param]:
    """What ``conv_weights`` gives, as ``tfg_conv_2d_groupwise_s8`` takes it: group by group.

    Args:
        numbers: ``filter`` int8 [output channel, weights] and the rest.
        group_out_ch: output channels of a group.
    """
    arrays = {name: np.asarray(value) for name, value in numbers.items()}
    channels = len(arrays["filter"])
    parts = []
    for first in range(0, channels, group_out_ch):
        part: dict[str, Param] = {name: value[first : first + group_out_ch] for name, value in arrays.items()}
        parts.append(packed({**part, "filter": paired(np.asarray(part["filter"]))}))
    return together(parts, ("filter", "bias", "multiplier"))


def together(parts: list[dict[str, Param]], names: tuple[str, ...]) -> dict[str, Param]:
    """What ``packed`` gives, of several convolutions one after the other: arrays ``names``, and ``rare``."""
    none = np.array([-1], np.int32)
    rare = [none if part["rare"] is None else np.asarray(part["rare"]) for part in parts]
    return {
        **{name: np.concatenate([np.asarray(part[name]).reshape(-1) for part in parts]) for name in names},
        "rare": np.concatenate(rare) if any(len(one) > 1 for one in rare) else None,
    }


def groupwise_bytes(geo: Geometry, group_in_ch: int, columns: int) -> int:
    """Scratch of ``tfg_conv_2d_groupwise_s8``: what windows see, a group's outputs, and for ``tfg_conv_2d_s8``."""
    reach = (columns - 1) * geo.stride_w + (geo.kernel_w - 1) * geo.dilation_w + 1
    width = reach + (3 if group_in_ch < 3 else 1)  # what is read behind the last word
    outputs = columns * _groups(geo, group_in_ch)["group_out_ch"]
    return filled(geo.kernel_h * width * geo.in_ch) + filled(outputs) + patch_bytes(replace(geo, in_ch=group_in_ch))


def columns_of(places: int) -> int:
    """How many outputs of a row, of so many, are computed together: whole fours, about as many each time."""
    return filled(-(-places // -(-places // COLUMNS)))


def more_code(low: Lowering, kernel: str, instead: str) -> int:
    """Flash that the code of a kernel adds, which calls ``tfg_conv_2d_s8``, where ``instead`` would not be called."""
    kernels = {layer.kernel for layer in low.layers}
    for op in low.graph.ops:  # a kernel for many channels, as far as can be seen
        if op.kind in {"CONV_1D", "CONV_2D"} and geometry_of(OpView(low.graph, op)):
            kernels.add(f"tfg_{op.kind.lower()}_s8")
    return max(code_bytes(kernels | {kernel}) - code_bytes(kernels | {instead}), 0)


def _outputs(geo: Geometry) -> int:
    return geo.batches * geo.out_h * geo.out_w * geo.out_ch


def _grouped_instructions(geo: Geometry, group_in_ch: int) -> int:
    """Of ``tfg_conv_2d_grouped_s8`` on the virtual Cortex-M4, about."""
    return _outputs(geo) * (90 + geo.kernel_h * geo.kernel_w * (26 + 5 * group_in_ch))


def groupwise_instructions(geo: Geometry, group_in_ch: int) -> int:
    """Of ``tfg_conv_2d_groupwise_s8`` on the virtual Cortex-M4, about."""
    group_out_ch = _groups(geo, group_in_ch)["group_out_ch"]
    columns = columns_of(geo.out_w)
    calls = -(-geo.out_w // columns)
    words = -(-geo.kernel_h * geo.kernel_w * group_in_ch // GROUP)
    runs = geo.kernel_h * (1 if geo.dilation_w == 1 else geo.kernel_w)
    fours = -(-geo.out_w // PLACES) * (160 + 55 * runs + 20 * words + -(-group_out_ch // 2) * (70 + 28 * words))
    taken = geo.kernel_h * (40 * calls + ((geo.out_w - 1) * geo.stride_w + 1) * (10 + 3 * group_in_ch))
    put = geo.out_w * (10 + 3 * group_out_ch)
    return geo.batches * geo.out_h * (geo.in_ch // group_in_ch) * (250 * calls + fours + taken + put)
