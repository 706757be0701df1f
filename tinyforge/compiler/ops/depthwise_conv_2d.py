"""DEPTHWISE_CONV_2D: every input channel with its own filters; two roundings (gemmlowp) an output."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.compiler.convolution import conv_weights, output_limits, packed, sizes
from tinyforge.compiler.few_channels import lower_few_channels
from tinyforge.compiler.geometry import Geometry, taps_inside, window_geometry
from tinyforge.compiler.groupwise import GROUPWISE, groupwise_instructions, lower_groupwise, more_code
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.ops.conv_2d import MANY, lower_many_channels
from tinyforge.compiler.overlap import LANES, depthwise_windows, few_channel_windows, grouped_windows
from tinyforge.compiler.planes import planes_bytes, planes_fit, planes_instructions, planes_overlaps
from tinyforge.core.graph import Array, DType, Overlap, Param, Tensor


@operator(
    "DEPTHWISE_CONV_2D",
    padding=Option(0, "int8", 0),
    stride_w=Option(1, "int32", 0),
    stride_h=Option(2, "int32", 0),
    depth_multiplier=Option(3, "int32", 0),
    fused_activation_function=Option(4, "int8", 0),
    dilation_w_factor=Option(5, "int32", 1),
    dilation_h_factor=Option(6, "int32", 1),
)
def depthwise_conv_2d(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_depthwise_conv_2d_s8``, or to one of its fast forms."""
    view.counts((2, 3))
    input_, filter_, output = view.activation(0), view.input(1), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    weights = view.constant(1, DType.INT8)
    view.require(
        weights.ndim == 4 and weights.size > 0 and weights.shape[0] == 1,
        f"has shape {list(weights.shape)}, not [1, height, width, channel]",
        "convert the model again",
        filter_,
    )
    geometry = window_geometry(view, input_, output, (weights.shape[1], weights.shape[2]))
    channels = int(weights.shape[3])
    view.require(
        channels == geometry.out_ch and channels % geometry.in_ch == 0,
        f"has {channels} channels for {geometry.in_ch} in and {geometry.out_ch} out",
        "convert the model again",
        filter_,
    )
    if geometry.in_w == geometry.kernel_w == geometry.out_w == 1:
        # the same bytes lie in one row: the kernel's inner loop runs along it
        geometry, weights = geometry.turned(), np.swapaxes(weights, 1, 2)
    rows = np.moveaxis(weights[0], 2, 0)
    if geometry.in_ch == 1 and lower_few_channels(
        view, low, "depthwise_conv_2d", geometry, rows.reshape(channels, -1), axis=3
    ):
        return  # one channel in: all of them see the same window
    if geometry.in_ch == 1 and _as_convolution(low, geometry):
        lower_many_channels(view, low, "depthwise_conv_2d", geometry, rows.reshape(channels, -1), axis=3)
        return
    numbers = conv_weights(view, rows, lambda given: np.moveaxis(given, 0, 2), 3)
    rare = np.flatnonzero(np.asarray(numbers["shift"]) < 0)
    if rare.size and _pays_apart(low, geometry, rare.size):
        others = low.temporary(output, output.shape)
        _one_call(view, low, geometry, _without(numbers, rare), others)
        _rare_call(view, low, geometry, numbers, rare, others)
    elif _pays_by_groups(low, geometry, np.asarray(numbers["shift"])):
        lower_groupwise(view, low, "depthwise_conv_2d", geometry, rows.reshape(channels, -1), axis=3)
    else:
        _one_call(view, low, geometry, numbers, output)


def _one_call(view: OpView, low: Lowering, geometry: Geometry, numbers: dict[str, Param], output: Tensor) -> None:
    """All channels, those that are rare in the form for any."""
    form = _form(geometry, np.asarray(numbers["shift"]), low)
    size = {name: value for name, value in sizes(geometry).items() if not name.startswith(_FIXED[form])}
    if form == "_3x3":
        size["stride"] = geometry.stride_w
    if form == _FEW:
        numbers = {name: _to_lanes(np.asarray(value)) for name, value in numbers.items()}
    if form in {"", _PLANES}:
        size["depth_multiplier"] = geometry.out_ch // geometry.in_ch
    low.layer(
        "depthwise_conv_2d",
        f"tfg_depthwise_conv_2d{form}_s8",
        {**packed(numbers), **size, **output_limits(view)},
        inputs=(view.input(0),),
        outputs=(output,),
        scratch_bytes=_scratch_bytes(form, geometry),
        macs=_outputs(geometry) * geometry.kernel_h * geometry.kernel_w,
        overlaps=_overlaps(form, geometry),
    )


def _rare_call(
    view: OpView, low: Lowering, geometry: Geometry, numbers: dict[str, Param], rare: Array, others: Tensor
) -> None:
    """Channels ``rare`` [n] come to the others: their multiplications are counted with those."""
    filter_ = np.moveaxis(np.asarray(numbers["filter"]), 2, 0)[rare]
    sums = filter_.sum((1, 2), dtype=np.int64) * view.quantized(view.input(0))[1]
    bias, multiplier, shift = (np.asarray(numbers[name], np.int64)[rare] for name in ("bias", "multiplier", "shift"))
    size = {name: value for name, value in sizes(geometry).items() if name != "in_ch"}
    low.layer(
        "depthwise_conv_2d",
        _RARE,
        {
            "filter": filter_,
            "rare": np.stack([rare, bias + sums, multiplier, shift], axis=1).astype(np.int32),
            "channels": rare.size,
            **size,
            "depth_multiplier": geometry.out_ch // geometry.in_ch,
            **output_limits(view),
        },
        inputs=(view.input(0), others),
        outputs=(view.output(),),
        inplace=((1, 0),),
    )


def _without(numbers: dict[str, Param], rare: Array) -> dict[str, Param]:
    """The numbers with channels that come to nothing instead of those of ``rare`` [n]."""
    kept = {name: np.asarray(value).copy() for name, value in numbers.items()}
    kept["filter"][:, :, rare] = 0
    for name, value in (("bias", 0), ("multiplier", 1 << 30), ("shift", 0)):
        kept[name][rare] = value
    return {**kept}


def _pays_apart(low: Lowering, geo: Geometry, count: int) -> bool:
    """Whether the others go to a fast form. Not along time: windows that slide know one call for a layer's rows."""
    if not planes_fit(geo) or min(geo.in_h, geo.in_w) == 1:
        return False
    more_bytes = _CODE_BYTES[_FOURS] + (0 if low.has_kernel(_RARE) else _RARE_BYTES)
    plain = _plain_instructions(geo)
    alone = plain // 2 * count // geo.out_ch + planes_instructions(geo)
    return low.goal.takes(more_bytes=more_bytes, fewer_instructions=plain - alone)


def _pays_by_groups(low: Lowering, geo: Geometry, shift: Array) -> bool:
    """Whether each channel is a group of its own to the kernel for groups: where nothing but the plain kernel fits."""
    return _form(geo, shift, low) == "" and low.goal.takes(
        more_bytes=more_code(low, GROUPWISE, "tfg_depthwise_conv_2d_s8"),
        fewer_instructions=_plain_instructions(geo) - groupwise_instructions(geo, 1),
    )


def _to_lanes(numbers: Array) -> Array:
    """Zeros up to four channels, the last dimension."""
    return np.pad(numbers, [(0, 0)] * (numbers.ndim - 1) + [(0, LANES - numbers.shape[-1])])


def _overlaps(form: str, geo: Geometry) -> tuple[Overlap, ...]:
    if form == "":
        return grouped_windows(geo, 1, geo.out_ch // geo.in_ch)
    if form == _FEW:
        return few_channel_windows(geo)
    return planes_overlaps(geo) if form == _PLANES else depthwise_windows(geo)


#: Sizes that a kernel's form fixes, by how their names begin.
_FIXED: dict[str, tuple[str, ...]] = {
    "": (),
    "_fours": ("in_ch",),
    "_few": ("in_ch",),
    "_planes": ("in_ch",),
    "_3x3": ("dilation", "in_ch", "kernel", "stride"),
}


_FOURS, _FEW, _PLANES = "_fours", "_few", "_planes"
_CODE_BYTES = {"": 560, _FEW: 1560, _FOURS: 1240, _PLANES: 2020}  # GCC 12, -O2
_RARE, _RARE_BYTES = "tfg_depthwise_conv_2d_rare_s8", 560
_CONVOLUTION_BYTES = 2080  # of tfg_conv_2d_s8 and what it calls


def _as_convolution(low: Lowering, geo: Geometry) -> bool:
    """Whether a layer of one channel in, all of whose channels see the same window, is one for many channels."""
    others = low.has_kernel(MANY) or any(op.kind == "CONV_2D" for op in low.graph.ops)
    more_bytes = 0 if others else _CONVOLUTION_BYTES - _code_bytes(low, "")
    fewer = _plain_instructions(geo) - 3 * _outputs(geo) * geo.kernel_h * geo.kernel_w
    return low.goal.takes(more_bytes=more_bytes, fewer_instructions=fewer)


def _code_bytes(low: Lowering, form: str) -> int:
    """Of a kernel that is not there yet."""
    return 0 if low.has_kernel(f"tfg_depthwise_conv_2d{form}_s8") else _CODE_BYTES[form]


def _outputs(geo: Geometry) -> int:
    return geo.batches * geo.out_h * geo.out_w * geo.out_ch


def _plain_instructions(geo: Geometry) -> int:
    """Of ``tfg_depthwise_conv_2d_s8`` on the virtual Cortex-M4, about."""
    return _outputs(geo) * (80 + geo.kernel_h * (15 + 24 * geo.kernel_w))


def _form(geo: Geometry, shift: npt.NDArray[np.generic], low: Lowering) -> str:
    """Which kernel: each is linked only into models that go its way, so code and stack are those of what runs."""
    if np.min(shift) < 0:
        return ""
    if geo.out_ch != geo.in_ch or max(geo.dilation_h, geo.dilation_w) > 1:
        return _uncommon_form(geo, low)
    if geo.kernel_h == geo.kernel_w == 3 and geo.stride_h == geo.stride_w <= 2 and geo.out_w > 1:
        return "_3x3"
    saved = _fours_instructions(geo) - planes_instructions(geo)
    if geo.out_ch < LANES:
        return _PLANES if geo.out_ch == 1 or saved > 0 else _FEW
    if geo.out_ch == LANES + 1 and saved > 0:  # two times four channels for five
        return _PLANES
    more_bytes = max(_code_bytes(low, _PLANES) - _code_bytes(low, _FOURS), 0)
    return _PLANES if low.goal.takes(more_bytes=more_bytes, fewer_instructions=saved) else _FOURS


def _uncommon_form(geo: Geometry, low: Lowering) -> str:
    """The kernel where taps lie apart, or channels have several outputs: the plain one where the others do not pay."""
    costs = {"": _plain_instructions(geo)}
    if planes_fit(geo):
        costs[_PLANES] = planes_instructions(geo)
    if geo.out_ch == geo.in_ch > 1 and taps_inside(geo):
        costs[_FOURS if geo.out_ch >= LANES else _FEW] = _fours_instructions(geo)
    best = ""
    for form in sorted(costs, key=lambda form: _CODE_BYTES[form]):
        more_bytes = max(_code_bytes(low, form) - _code_bytes(low, best), 0)
        if low.goal.takes(more_bytes=more_bytes, fewer_instructions=costs[best] - costs[form]):
            best = form
    return best


def _fours_instructions(geo: Geometry) -> int:
    """Of ``tfg_depthwise_conv_2d_fours_s8``, or of ``_few_s8``, on the virtual Cortex-M4, about."""
    rows = _inside(geo.out_h, geo.stride_h, geo.pad_h, geo.kernel_h, geo.dilation_h, geo.in_h)
    columns = _inside(geo.out_w, geo.stride_w, geo.pad_w, geo.kernel_w, geo.dilation_w, geo.in_w)
    edges = sum(taps < geo.kernel_w for taps in columns)  # which come one by one
    places = geo.out_h * (65 * geo.out_w + 60 * edges) + sum(rows) * (7 * geo.out_w + 11 * sum(columns))
    return geo.batches * -(-geo.out_ch // LANES) * places


def _inside(places: int, stride: int, pad: int, kernel: int, dilation: int, size: int) -> list[int]:
    """How many taps of each window lie inside, along one dimension."""
    starts = [place * stride - pad for place in range(places)]
    return [max(min((size - 1 - start) // dilation + 1, kernel) - max(-(start // dilation), 0), 0) for start in starts]


def _scratch_bytes(form: str, geo: Geometry) -> int:
    """Weights of some channels as int16, and rows of their input: of four in the 3x3 form, else of one."""
    if form == "_3x3":
        return 160 + 32 * ((geo.out_w - 1) * geo.stride_w + 3)
    each = {_FOURS: 8, _FEW: 12}
    if form in each:
        return 64 + each[form] * geo.kernel_h * geo.kernel_w
    return planes_bytes(geo) if form else 0
