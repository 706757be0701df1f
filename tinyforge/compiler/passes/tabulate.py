"""DEQUANTIZE, functions in float32, QUANTIZE: 256 values are all there are, so they become a table.

The converter has no int8 form of ELU, NEG, SQUARE, FLOOR and others; it computes them in float32 between two
conversions.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.compiler.float_functions import EXACT, NEAR, spread
from tinyforge.compiler.lookup import Levels, levels
from tinyforge.compiler.operators import OpView
from tinyforge.core.graph import DType, Graph, Op, Tensor
from tinyforge.core.types import Float32Array

_BYTES = (DType.INT8, DType.UINT8)


def tabulate(graph: Graph) -> tuple[Graph, list[str]]:
    """Replace a QUANTIZE by a TABLE of the 8-bit tensor its input is computed from; what then is dead goes later."""
    known: dict[int, tuple[int, str, Float32Array]] = {}  # tensor: the 8-bit one, functions so far, float32 [3, 256]
    ops: list[Op] = []
    lines: list[str] = []
    for op in graph.ops:
        if len(op.inputs) != 1 or len(op.outputs) != 1 or op.inputs[0] < 0:
            ops.append(op)
            continue
        input_, output = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
        found = known.get(input_.index)
        if input_.shape != output.shape:
            found = None
        elif op.kind == "DEQUANTIZE" and _is_source(input_) and output.dtype is DType.FLOAT32:
            known[output.index] = (input_.index, "", np.tile(_real(OpView(graph, op), input_), (3, 1)))
        elif found and op.kind in {*EXACT, *NEAR} and output.dtype is DType.FLOAT32:
            source, functions, rows = found
            known[output.index] = (source, f"{functions} {op.kind}", spread(op.kind, rows))
        elif found and op.kind == "QUANTIZE" and found[1] and output.dtype in _BYTES:
            source, functions, rows = found
            table = _quantized(OpView(graph, op), output, rows)
            if table is not None:
                options = {"outputs": table, "stem": functions.split()[-1].lower()}
                op = replace(op, kind="TABLE", inputs=(source,), options=options)  # noqa: PLW2901  # is appended
                lines.append(f"op #{op.index} QUANTIZE and{functions.lower()} before it are a table of 256 bytes")
        ops.append(op)
    return replace(graph, ops=tuple(ops)), lines


def _is_source(tensor: Tensor) -> bool:
    return tensor.dtype in _BYTES and tensor.data is None and not tensor.variable and tensor.elements > 0


def _real(view: OpView, tensor: Tensor) -> Float32Array:
    """What the reference's DEQUANTIZE gives for each value, float32 [256]."""
    scale, zero = view.quantized(tensor)
    with np.errstate(over="ignore"):
        return np.asarray(scale * (levels(tensor.dtype) - zero), np.float32)


def _quantized(view: OpView, tensor: Tensor, rows: Float32Array) -> Levels | None:
    """What QUANTIZE gives of each, int64 [256]; None where it is not certain or not defined."""
    scale, zero = view.quantized(tensor)
    with np.errstate(all="ignore"):
        steps = (rows / np.float32(scale)).astype(np.float64)
        if not bool(np.all(np.abs(steps) < 1 << 30)):
            return None
        whole = np.trunc(steps + np.copysign(0.5, steps)).astype(np.int64) + zero
    info = np.iinfo(tensor.dtype.numpy)
    cut = np.clip(whole, info.min, info.max)
    return cut[1] if bool(np.all(cut == cut[1])) else None
