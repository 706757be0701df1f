"""What does not depend on the input is computed now: shapes, slices of shapes, filled tensors, moved constants."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tinyforge.compiler.axes import normalized_axes
from tinyforge.compiler.operators import OpView
from tinyforge.compiler.ops.concatenation import joined
from tinyforge.compiler.ops.dequantize import dequantized
from tinyforge.compiler.ops.gather import gather_axes
from tinyforge.compiler.ops.reshape import check_reshape
from tinyforge.compiler.ops.slice import block_of
from tinyforge.compiler.ops.split import parts_of
from tinyforge.compiler.ops.strided_slice import slice_of
from tinyforge.compiler.ops.transpose import permutation_of
from tinyforge.compiler.ops.unpack import unpack_axis
from tinyforge.compiler.quantized import bias_of, clamp_of
from tinyforge.core.graph import Array, DType, Graph, Op, Tensor

MOST_BYTES = 1 << 16  # a larger constant costs more flash than what computes it
_INTEGERS = frozenset({DType.INT32, DType.INT64})


def fold_constants(graph: Graph) -> tuple[Graph, list[str]]:
    """Replace operators whose outputs are known by constants.

    Raises:
        UnsupportedModelError: such an operator's shapes or options do not fit.
    """
    lines: list[str] = []
    kept: list[Op] = []
    for op in graph.ops:
        values = _values(OpView(graph, op))
        if values is None:
            kept.append(op)
            continue
        tensors = list(graph.tensors)
        for index, value in zip(op.outputs, values, strict=True):
            tensors[index] = _filled(OpView(graph, op), tensors[index], value)
        graph = replace(graph, tensors=tuple(tensors))
        lines.append(f"op #{op.index} {op.kind} is known: its output is a constant")
    return replace(graph, ops=tuple(kept)), lines


def _filled(view: OpView, tensor: Tensor, value: Array) -> Tensor:
    view.shape_is(tensor, value.shape)
    view.require(
        DType(value.dtype.name) is tensor.dtype,
        f"is {tensor.dtype.value}, not {value.dtype}",
        "convert it again",
        tensor,
    )
    return replace(tensor, data=np.array(value, order="C"))


def _values(view: OpView) -> list[Array] | None:
    """The outputs, or None when they depend on the input or are too large."""
    op, tensors = view.op, view.graph.tensors
    evaluate = _EVALUATORS.get(op.kind)
    if evaluate is None or sum(tensors[index].bytes for index in op.outputs) > MOST_BYTES:
        return None
    if op.kind == "SHAPE":
        return _shape(view)
    present = [tensors[index] for index in op.inputs if index >= 0]
    if not present or any(tensor.data is None for tensor in present):
        return None
    return evaluate(view)


def _data(view: OpView, position: int) -> Array:
    data = view.input(position).data
    if data is None:
        view.refuse("is computed", "fold it at conversion", view.input(position))
    return data


def _shape(view: OpView) -> list[Array] | None:
    view.counts((1,))
    kind = {2: np.int32, 4: np.int64}.get(view.option("out_type"))  # TFLite's numbers of the two types
    return None if kind is None else [np.array(view.input(0).shape, kind)]


def _strided_slice(view: OpView) -> list[Array] | None:
    found = slice_of(view)
    index = []
    for start, step, count in zip(found.start, found.step, found.count, strict=True):
        stop = start + step * count
        index.append(slice(start, None if stop < 0 else stop, step))
    return [_data(view, 0)[tuple(index)].reshape(found.shape)]


def _slice(view: OpView) -> list[Array] | None:
    begin, sizes = block_of(view)
    return [_data(view, 0)[tuple(slice(at, at + size) for at, size in zip(begin, sizes, strict=True))]]


def _split(view: OpView) -> list[Array] | None:
    data, axis, sizes = parts_of(view)
    return list(np.split(_data(view, data), list(itertools.accumulate(sizes))[:-1], axis))


def _unpack(view: OpView) -> list[Array] | None:
    axis = unpack_axis(view)
    return [np.take(_data(view, 0), number, axis) for number in range(len(view.op.outputs))]


def _join(view: OpView) -> list[Array] | None:
    axis, inputs = joined(view)
    arrays = [_data(view, number) for number in range(len(inputs))]
    if len({array.dtype for array in arrays}) != 1 or view.op.options.get("fused_activation_function", 0):
        return None
    return [np.stack(arrays, axis) if view.op.kind == "PACK" else np.concatenate(arrays, axis)]


def _gather(view: OpView) -> list[Array] | None:
    axis, batch = gather_axes(view)
    data, indices = _data(view, 0), _data(view, 1)
    if batch or indices.dtype.kind != "i" or indices.min(initial=0) < 0 or indices.max(initial=0) >= data.shape[axis]:
        return None
    return [np.take(data, indices, axis)]


def _transpose(view: OpView) -> list[Array] | None:
    return [_data(view, 0).transpose(permutation_of(view))]


def _reshape(view: OpView) -> list[Array] | None:
    check_reshape(view)
    return [_data(view, 0).reshape(view.output().shape)]


def _fill(view: OpView) -> list[Array] | None:
    view.counts((2,))
    value = view.input(1)
    view.require(value.shape == () and len(view.input(0).shape) == 1, "fills no scalar", "convert it again", value)
    view.shape_is(view.output(), view.integers(0))
    return [np.full(view.output().shape, _data(view, 1))]


def _arithmetic(view: OpView) -> list[Array] | None:
    """Sums and products of shapes, modulo 2**32."""
    if any(view.input(number).dtype not in _INTEGERS for number in (0, 1)) or view.option("fused_activation_function"):
        return None
    left, right = _data(view, 0), _data(view, 1)
    function: Callable[[Array, Array], Array] = {"ADD": np.add, "SUB": np.subtract, "MUL": np.multiply}[view.op.kind]
    try:
        return [np.asarray(function(left, right))]
    except ValueError:
        view.refuse(f"has shapes {list(left.shape)} and {list(right.shape)}", "convert the model again")


def _product(view: OpView) -> list[Array] | None:
    """Products of sizes, modulo 2**32, as a dense layer over more than two dimensions computes its shapes."""
    view.counts((2,))
    data = _data(view, 0)
    if view.input(0).dtype not in _INTEGERS:
        return None
    axes = normalized_axes(view, view.integers(1), data.ndim)
    return [np.asarray(np.prod(data, axis=axes, dtype=data.dtype, keepdims=bool(view.option("keep_dims"))))]


def _fully_connected(view: OpView) -> list[Array] | None:
    """A dense layer whose input is known (the first step of an unrolled recurrent layer), rounded as the reference."""
    view.counts((2, 3))
    input_, filter_, output = view.input(0), view.input(1), view.output()
    weights, quant = _data(view, 1), filter_.quant
    if {tensor.dtype for tensor in (input_, filter_, output)} != {DType.INT8} or quant is None or any(quant.zero_point):
        return None
    view.require(
        weights.ndim == 2 and input_.elements % max(weights.shape[-1], 1) == 0 and not view.option("weights_format"),
        f"has weights {list(weights.shape)} for {input_.elements} inputs",
        "convert the model again",
        filter_,
    )
    in_scale, in_zero = view.quantized(input_)
    out_scale, out_zero = view.quantized(output)
    rows = _data(view, 0).reshape(-1, weights.shape[1]).astype(np.int64) - in_zero
    sums = rows @ weights.astype(np.int64).T + bias_of(view, 2, weights.shape[0])
    view.require(int(np.abs(sums).max(initial=0)) < 1 << 31, "overflows its accumulator", "quantize it again", output)
    products = sums * (in_scale * np.array(quant.scale, np.float64) / out_scale)
    whole = np.floor(np.abs(products))
    rounded = np.copysign(whole + (np.abs(products) - whole >= 0.5), products) + out_zero
    least, most = clamp_of(view, output)
    view.require(output.elements == sums.size, f"has shape {list(output.shape)}", "convert the model again", output)
    return [np.clip(rounded, least, most).astype(np.int8).reshape(output.shape)]


def _dequantize(view: OpView) -> list[Array] | None:
    real = dequantized(view)
    return None if real is None else [real]


_EVALUATORS: dict[str, Callable[[OpView], list[Array] | None]] = {
    "SHAPE": _shape,
    "STRIDED_SLICE": _strided_slice,
    "SLICE": _slice,
    "SPLIT": _split,
    "SPLIT_V": _split,
    "UNPACK": _unpack,
    "PACK": _join,
    "CONCATENATION": _join,
    "GATHER": _gather,
    "TRANSPOSE": _transpose,
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "EXPAND_DIMS": _reshape,
    "FILL": _fill,
    "DEQUANTIZE": _dequantize,
    "FULLY_CONNECTED": _fully_connected,
    "REDUCE_PROD": _product,
    "ADD": _arithmetic,
    "SUB": _arithmetic,
    "MUL": _arithmetic,
}
