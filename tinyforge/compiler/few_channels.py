"""Convolutions of few channels: kernels of their own, where those for many would mostly wait for one channel.

``tfg_conv_2d_one_s8`` has one output channel: what is gathered for it would serve nobody else, so nothing is gathered.
``tfg_conv_2d_narrow_s8`` has windows of so few values that their products are the least of it, and
``tfg_conv_2d_narrow_bytes_s8`` such windows whose values lie apart. ``tfg_conv_2d_gather_s8`` takes four such windows
of an image at once wherever they lie.
``tfg_conv_2d_3x3_one_s8`` goes from one channel to one as the depthwise convolution of many channels does, and so does
``tfg_depthwise_conv_2d_planes_s8`` from one channel to few with any other window. ``tfg_conv_2d_single_s8`` goes from
one channel to one with any window, ``tfg_conv_2d_single_apart_s8`` with any stride, and ``tfg_conv_1d_point_s8`` has
windows of one value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyforge.compiler.convolution import conv_weights, output_limits, packed, sizes
from tinyforge.compiler.gather import gather_bytes, gather_cost, gather_pairs, gather_params, gather_plan
from tinyforge.compiler.geometry import Geometry, geometry_of
from tinyforge.compiler.goal import Goal
from tinyforge.compiler.layout import GROUP, filled
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView
from tinyforge.compiler.overlap import fours_of_windows, whole_windows
from tinyforge.compiler.packing import FEW, MANY, SMALLER
from tinyforge.compiler.planes import planes_bytes, planes_fit, planes_instructions, planes_overlaps
from tinyforge.compiler.single import single_bytes, single_fits, single_params
from tinyforge.core.graph import Array, Param

_ONE, _NARROW, _THREE = "tfg_conv_2d_one_s8", "tfg_conv_2d_narrow_s8", "tfg_conv_2d_3x3_one_s8"
_PLANES, _POINT, _BYTES = "tfg_depthwise_conv_2d_planes_s8", "tfg_conv_1d_point_s8", "tfg_conv_2d_narrow_bytes_s8"
_GATHER = "tfg_conv_2d_gather_s8"
_SINGLE, _APART = "tfg_conv_2d_single_s8", "tfg_conv_2d_single_apart_s8"
_CODE_BYTES = {  # GCC 12, -O2
    _ONE: 1890, _NARROW: 1780, _BYTES: 1890, _THREE: 1260, _PLANES: 2020, _POINT: 470, _SINGLE: 2110,
    _APART: 1440, _GATHER: 1440,
}  # fmt: skip
_FORMED = ("conv_1d", "conv_2d")  # stems of operators that take either kernel
_SAVED_PER_MAC = 1.2  # instructions at least, of what a kernel for many channels takes
_NEAR_BIAS = 1 << 22  # a bias that is nearer leaves room for products and shift
_MOST_PAIRS = 8  # of values of a window that the narrow kernel takes
_MOST_PAIRS_OF_ONE = 6  # that it takes sooner than the kernel of one output channel
_MOST_PAIRS_OF_FEW = 16  # that it takes where at most two channels come in
_MOST_IN_OF_GATHER = 2  # channels, where it takes more pairs than those
_MOST_BYTES_OF_GATHER = 1024  # more of weights, there
_MOST_PAIRS_OF_ODD = 40  # that it takes where an odd number of channels goes out


def lower_few_channels(view: OpView, low: Lowering, stem: str, geometry: Geometry, rows: Array, axis: int = 0) -> bool:
    """Lower a convolution to a kernel for few channels; whether there is one that fits it.

    Args:
        view: the operator.
        low: takes the call.
        stem: the call's.
        geometry: of the convolution.
        rows: int8 [output channel, taps and input channels], its weights.
        axis: dimension of output channels in the model's filter.
    """
    kernel = _kernel(geometry, stem)
    if kernel == _APART and low.goal is Goal.SIZE and _is_three(geometry, 2) and low.form(view, SMALLER) == SMALLER:
        kernel = _THREE
    macs = geometry.batches * geometry.out_h * geometry.out_w * rows.size
    if kernel is None or not _is_taken(view, low, kernel, geometry, stem):
        return False
    lines = geometry.kernel_h  # of weights that lie side by side
    if kernel == _ONE and geometry.dilation_w > 1:
        lines *= geometry.kernel_w
    numbers = conv_weights(view, rows, lambda found: found.reshape(geometry.out_ch, lines, -1), axis)
    if kernel != _ONE and int(np.asarray(numbers["shift"]).min()) < 0:
        return False
    size = {name: value for name, value in sizes(geometry).items() if name not in _FIXED[kernel]}
    if kernel == _THREE:
        size["stride"] = geometry.stride_w
    if kernel == _PLANES:
        size["depth_multiplier"] = geometry.out_ch
    if kernel == _GATHER:
        numbers["filter"] = gather_pairs(
            gather_plan(geometry), np.asarray(numbers["filter"]).reshape(geometry.out_ch, -1)
        )
    params = {**_PARAMS[kernel](view, numbers), **size, **output_limits(view)}
    if kernel == _ONE:
        sums = np.asarray(numbers["filter"]).reshape(geometry.kernel_h, -1).sum(axis=1, dtype=np.int64)
        params["pads"] = (view.quantized(view.input(0))[1] * sums).astype(np.int32)
    if kernel in {_SINGLE, _APART}:
        bias, multiplier, shift = (_scalar(numbers, name) for name in ("bias", "multiplier", "shift"))
        zero_point = view.quantized(view.output())[1]
        params |= single_params(geometry, np.asarray(numbers["filter"]), bias, multiplier, shift, zero_point)
    if kernel == _GATHER:
        params |= gather_params(geometry, gather_plan(geometry))
    if kernel == _POINT:
        params = {name: params[name] for name in ("channels", "out_ch", "zero_point", "min", "max")}
        params["places"] = geometry.batches * geometry.out_h * geometry.out_w
    low.layer(
        stem,
        kernel,
        params,
        inputs=(view.input(0),),
        outputs=(view.output(),),
        scratch_bytes=_scratch_bytes(kernel, geometry),
        macs=macs,
        overlaps=_OVERLAPS.get(kernel, whole_windows)(geometry),
    )
    return True


def _is_taken(view: OpView, low: Lowering, kernel: str, geo: Geometry, stem: str) -> bool:
    """Whether the kernel pays, unless the network has another view of it: only a kernel for many channels pools.

    ``balanced`` gives no speed for the few bytes that either kernel may be smaller by.
    """
    pays = _pays(view, low, kernel, geo, stem)
    if stem not in _FORMED or kernel == _PLANES:
        return pays
    if pays and low.goal is Goal.BALANCED and not _is_pooled(view):
        return True
    form = low.form(view, MANY if pays else FEW)
    return form == FEW or (pays and form != MANY)


def _is_pooled(view: OpView) -> bool:
    """Whether a max pooling reads the output."""
    graph, output = view.graph, view.graph.root(view.op.outputs[0])
    return any(op.kind == "MAX_POOL_2D" and graph.root(op.inputs[0]) == output for op in graph.ops)


def _pays(view: OpView, low: Lowering, kernel: str, geo: Geometry, stem: str) -> bool:
    """Whether the kernel's code is worth it, to all layers that may take it: alone it stands for the others' code."""
    convolutions = [op for op in low.graph.ops if op.kind in {"CONV_1D", "CONV_2D"}]
    others = any(op.index != view.op.index for op in convolutions)
    more_bytes, fewer = _gain(kernel, geo, one_dimension=stem == "conv_1d")
    if not low.goal.takes(more_bytes=max(more_bytes, 0), fewer_instructions=fewer):
        return False
    if not others or low.has_kernel(kernel):
        return True
    for op in convolutions:
        there = geometry_of(OpView(low.graph, op)) if op.index != view.op.index else None
        if there is not None and _kernel(there, op.kind.lower()) == kernel:
            found = _gain(kernel, there, one_dimension=op.kind == "CONV_1D")
            if low.goal.takes(more_bytes=max(found[0], 0), fewer_instructions=found[1]):
                more_bytes, fewer = more_bytes + found[0], fewer + found[1]
    return low.goal.takes(more_bytes=max(more_bytes + _CODE_BYTES[kernel], 0), fewer_instructions=fewer)


def _gain(kernel: str, geo: Geometry, *, one_dimension: bool) -> tuple[int, int]:
    """Bytes of constants more than in a kernel for many channels, and instructions less."""
    places = geo.batches * geo.out_h * geo.out_w
    if kernel not in {_NARROW, _BYTES, _POINT, _GATHER}:
        return 0, int(_SAVED_PER_MAC * places * geo.out_ch * geo.kernel_h * geo.kernel_w * geo.in_ch)
    narrow = (16 * geo.out_ch, 35 + 22 * geo.out_ch) if kernel == _POINT else _narrow_cost(kernel, geo)
    many = _many_cost(geo, one_dimension=one_dimension)
    return narrow[0] - many[0], places * (many[1] - narrow[1]) // 4


def _narrow_cost(kernel: str, geo: Geometry) -> tuple[int, int]:
    """Bytes of constants of a kernel for narrow windows, and its instructions for four places, measured, about."""
    if kernel == _GATHER:
        return gather_cost(geo)
    pairs = _pairs(kernel, geo)
    channel = 28 + 6 * pairs if pairs <= _MOST_PAIRS else 34 + 27 * pairs // 4
    words = -(-geo.kernel_w * geo.in_ch // GROUP)
    row = 45 + 18 * words if kernel == _NARROW else 50 + 16 * (pairs // geo.kernel_h)
    return 4 * geo.out_ch * (pairs + 3), 40 + geo.out_ch * channel + geo.kernel_h * row


def _many_cost(geo: Geometry, *, one_dimension: bool) -> tuple[int, int]:
    """The same of ``tfg_conv_1d_s8`` and ``tfg_conv_2d_s8``, about."""
    run = geo.kernel_w * geo.in_ch
    groups, twos = -(-geo.kernel_h * run // GROUP), -(-geo.out_ch // 2)
    gathered = 0 if one_dimension else 50 + geo.kernel_h * (40 if run % GROUP == 0 else 70 + 10 * -(-run // GROUP))
    return 8 * twos * (groups + 2), 80 + 18 * groups + twos * (130 + 28 * groups) + gathered


def _kernel(geo: Geometry, stem: str) -> str | None:
    """Which of them fits, if one does."""
    if stem == "conv_1d" and geo.in_ch == geo.kernel_w == geo.stride_w == 1 and geo.in_w == geo.out_w:
        return _POINT
    if geo.in_ch == geo.out_ch == 1:
        if _is_three(geo):
            return _THREE
        if single_fits(geo):
            return _SINGLE if geo.stride_w == 1 else _APART
    narrow: str | None = _narrow_kernel(geo)
    pairs = _pairs(str(narrow), geo)
    most = _MOST_PAIRS_OF_FEW if geo.in_ch <= 2 else _MOST_PAIRS
    if geo.out_ch % 2:  # kernels for many channels take two at a time
        most = _MOST_PAIRS_OF_ODD
    if geo.in_ch % GROUP == 0 or pairs > (_MOST_PAIRS_OF_ONE if geo.out_ch == 1 else most):
        narrow = _ONE if geo.out_ch == 1 else None
    if narrow in {None, _NARROW, _BYTES} and _gather_pays(narrow, geo):
        narrow = _GATHER
    if geo.in_ch == 1 < geo.out_ch and planes_fit(geo):
        cost = _narrow_cost(narrow, geo) if narrow else _many_cost(geo, one_dimension=stem == "conv_1d")
        if 4 * planes_instructions(geo) < geo.batches * geo.out_h * geo.out_w * cost[1]:
            return _PLANES
    return narrow


def _gather_pays(narrow: str | None, geo: Geometry) -> bool:
    """Whether windows of an image are gathered in several rows at once: sooner than row by row, and with more pairs."""
    if min(geo.out_h, geo.out_w) == 1:
        return False
    if narrow:
        return True
    if geo.in_ch > _MOST_IN_OF_GATHER or len(gather_plan(geo).values) > _MOST_PAIRS_OF_ODD:
        return False
    found, many = gather_cost(geo), _many_cost(geo, one_dimension=False)
    return found[1] < many[1] and found[0] <= many[0] + _MOST_BYTES_OF_GATHER


def _narrow_kernel(geo: Geometry) -> str:
    """The kernel for narrow windows: words are taken where they lie side by side, if bytes are not less work."""
    if 1 not in {geo.dilation_w, geo.kernel_w}:
        return _BYTES
    return min((_NARROW, _BYTES), key=lambda kernel: _narrow_cost(kernel, geo)[1])


def _is_three(geo: Geometry, stride: int = 1) -> bool:
    squares = geo.kernel_h == geo.kernel_w == 3 and geo.stride_h == geo.stride_w == stride
    return squares and geo.dilation_h == geo.dilation_w == 1 and geo.out_w > 1


def _pairs(kernel: str, geo: Geometry) -> int:
    """Pairs of values of a window.

    A row's values are taken two by two, or two of each four, the last pair left out where nothing is in it.
    """
    width = geo.kernel_w * geo.in_ch
    row = -(-width // 2) if kernel == _BYTES else 2 * -(-width // GROUP) - (width % GROUP == 1)
    return row * geo.kernel_h


def _scratch_bytes(kernel: str, geo: Geometry) -> int:
    """Two pairs of rows as words of four channels; or pairs of four windows, and what those reach of a row."""
    if kernel == _PLANES:
        return planes_bytes(geo)
    if kernel in {_SINGLE, _APART}:
        return single_bytes(geo)
    if kernel == _GATHER:
        return gather_bytes(geo)
    if kernel == _THREE:
        return 32 * ((geo.out_w - 1) * geo.stride_w + 3)
    if kernel not in {_NARROW, _BYTES}:
        return 0
    pairs = _pairs(kernel, geo)
    reach = (3 * geo.stride_w + (geo.kernel_w - 1) * geo.dilation_w + 1) * geo.in_ch
    return 16 * pairs + (8 * pairs // geo.kernel_h if kernel == _BYTES else 16) + filled(reach) + GROUP


def _scalar(numbers: dict[str, Param], name: str) -> int:
    return int(np.asarray(numbers[name])[0])


def _three(_view: OpView, numbers: dict[str, Param]) -> dict[str, Param]:
    scalars = {name: _scalar(numbers, name) for name in ("bias", "multiplier", "shift")}
    return {"filter": np.asarray(numbers["filter"])[0], **scalars}


def _planes(_view: OpView, numbers: dict[str, Param]) -> dict[str, Param]:
    return packed({**numbers, "filter": np.moveaxis(np.asarray(numbers["filter"]), 0, 2)})


def _one(view: OpView, numbers: dict[str, Param]) -> dict[str, Param]:
    filter_ = np.asarray(numbers["filter"])[0]
    folded = _scalar(numbers, "bias")
    return {
        "filter": np.pad(filter_, ((0, 0), (0, -filter_.shape[1] % GROUP))),
        "bias": folded + view.quantized(view.input(0))[1] * int(filter_.sum(dtype=np.int64)),
        "folded_bias": folded,
        "multiplier": _scalar(numbers, "multiplier"),
        "shift": _scalar(numbers, "shift"),
    }


def _narrow(view: OpView, numbers: dict[str, Param]) -> dict[str, Param]:
    return _channels(view, numbers, narrow_pairs(np.asarray(numbers["filter"])))


def _bytes(view: OpView, numbers: dict[str, Param]) -> dict[str, Param]:
    return _channels(view, numbers, byte_pairs(np.asarray(numbers["filter"])))


def _channels(view: OpView, numbers: dict[str, Param], pairs: Array) -> dict[str, Param]:
    bias, multiplier, shift = (np.asarray(numbers[name], np.int64) for name in ("bias", "multiplier", "shift"))
    channels = narrow_channels(pairs, bias, multiplier, shift, view.quantized(view.output())[1])
    return {"channels": channels, "pairs": pairs.shape[1]}


def _gather(view: OpView, numbers: dict[str, Param]) -> dict[str, Param]:
    return {"channels": _channels(view, numbers, np.asarray(numbers["filter"]))["channels"]}


_OVERLAPS = {_PLANES: planes_overlaps, _GATHER: fours_of_windows}
_PARAMS: dict[str, Callable[[OpView, dict[str, Param]], dict[str, Param]]] = {
    _ONE: _one,
    _NARROW: _narrow,
    _BYTES: _bytes,
    _THREE: _three,
    _PLANES: _planes,
    _POINT: _narrow,
    _GATHER: _gather,
    _SINGLE: lambda _view, _numbers: {},
    _APART: lambda _view, _numbers: {},
}
#: Sizes that a kernel fixes, or does without.
_FIXED = {
    _ONE: {"out_ch"},
    _NARROW: {"dilation_w"},
    _BYTES: set(),
    _PLANES: {"in_ch"},
    _SINGLE: {"in_ch", "out_ch"},
    _APART: {"in_ch", "out_ch"},
    _POINT: set(),
    _GATHER: {"kernel_w", "dilation_w"},
    _THREE: {"in_ch", "out_ch", "kernel_h", "kernel_w", "stride_h", "stride_w", "dilation_h", "dilation_w"},
}


def narrow_pairs(filter_: Array) -> Array:
    """Weights int8 [channel, row, value] as int64 [channel, pair, 2]: values 0 and 2 of each four, then 1 and 3."""
    channels, rows, width = filter_.shape
    fours = np.zeros((channels, rows, filled(width)), np.int64)
    fours[:, :, :width] = filter_
    pairs = fours.reshape(channels, rows, -1, 2, 2).swapaxes(3, 4).reshape(channels, rows, -1, 2)
    return pairs[:, :, : pairs.shape[2] - (width % GROUP == 1)].reshape(channels, -1, 2)


def byte_pairs(filter_: Array) -> Array:
    """Weights int8 [channel, row, value] as int64 [channel, pair, 2]: values of a row two by two, 0 beyond its end."""
    channels, rows, width = filter_.shape
    twos = np.zeros((channels, rows, width + width % 2), np.int64)
    twos[:, :, :width] = filter_
    return twos.reshape(channels, -1, 2)


def narrow_channels(pairs: Array, bias: Array, multiplier: Array, shift: Array, zero_point: int) -> Array:
    """Channels as ``tfg_conv_2d_narrow_s8`` reads them.

    Behind a ReLU (zero point -128) both roundings and the zero point are one addition, and a shift of 2..8 goes into
    the weights: what is negative saturates however its halves are rounded.

    Args:
        pairs: int64 [channel, pair, 2].
        bias, multiplier, shift: int64 [channel]; shifts 0..21.
        zero_point: of the output.

    Returns:
        int32 [channel, pairs + 3].
    """
    near = np.abs(bias) < _NEAR_BIAS
    merged = (shift >= 2) & (shift <= 8) & near & (zero_point == -128)
    factor = np.where(merged, 1 << np.where(merged, 10 - shift, 1), 2)
    scaled = pairs * factor[:, None, None]
    words = (scaled[:, :, 0] & 0xFFFF) | (scaled[:, :, 1] & 0xFFFF) << 16
    final = np.where(merged, 512 + (256 >> np.where(merged, shift, 0)) - (128 << 10), shift)
    numbers = [words[:, :1], (bias * factor)[:, None], words[:, 1:], (multiplier | ~merged * (1 << 31))[:, None]]
    return np.concatenate([*numbers, final[:, None]], axis=1).astype(np.uint64).astype(np.uint32).view(np.int32)
