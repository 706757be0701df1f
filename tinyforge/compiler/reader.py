"""``.tflite`` -> ``Graph``: our own reader, for which a model is untrusted input.

What comes out is consistent: indices point to something, shapes fit buffers, quantizations fit shapes, and operators
stand in an order in which each finds its inputs. Constants are views onto the file. Whether an operator can be
*lowered* with its types and options is checked by its file in ``compiler/ops``.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyforge.compiler.flatbuffer import LONGEST_NAME, Flatbuffer, Table
from tinyforge.compiler.operators import (
    QUANTIZE_COMMAND,
    Operator,
    Option,
    find_operator,
    known_operators,
    tensor_named,
)
from tinyforge.compiler.schema import OPTIONS_TYPES, builtin_name, dtype_of, type_name
from tinyforge.core.errors import ModelFormatError, UnsupportedModelError
from tinyforge.core.graph import Array, DType, Graph, Op, Quant, Tensor

IDENTIFIER = b"TFL3"
MOST_BYTES = 64 * 1024 * 1024
MOST_ENTRIES = 1 << 14
MOST_OPERATORS = 1 << 12
MOST_SUBGRAPHS = 16
MOST_RANK = 8
MOST_TENSOR_BYTES = 1 << 28

_CONVERT = "convert the model again"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"\x89HDF", "a Keras HDF5 model"),
    (b"PK\x03\x04", "a zip archive (a .keras model, or a download that is still packed)"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x7fELF", "an ELF program"),
    (b"<", "text (HTML or XML)"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
)


def read_model(data: bytes, place: str) -> Graph:
    """Read and check a model.

    Args:
        data: content of the ``.tflite``; untrusted. Constants of the graph are views onto it.
        place: its path, for messages.

    Returns:
        The main subgraph; the others in ``subgraphs``.

    Raises:
        ModelFormatError: the bytes are no valid model.
        UnsupportedModelError: it holds an operator or a type that is not supported.
    """
    if len(data) < 8 or data[4:8] != IDENTIFIER:
        raise ModelFormatError(place, f"is not a .tflite model: {_what_it_is(data)}", "give a .tflite file")
    if len(data) > MOST_BYTES:
        raise ModelFormatError(
            place, f"is {len(data)} bytes long; at most {MOST_BYTES} are read", "such a model does not fit a board"
        )
    buffer = Flatbuffer(data, place)
    root = buffer.root()
    version = root.scalar(0, "uint32", 0)
    if version != 3:
        raise ModelFormatError(place, f"says schema version {version}; only 3 is known", _CONVERT)
    buffers = root.tables(4, "buffer", MOST_ENTRIES)
    codes = [_operator_code(table) for table in root.tables(1, "operator code", MOST_ENTRIES)]
    tables = root.tables(2, "subgraph", MOST_SUBGRAPHS)
    if not tables:
        raise ModelFormatError(place, "holds no subgraph", _CONVERT)
    metadata = {}
    for entry in root.tables(6, "metadata entry", MOST_ENTRIES):
        name, index = entry.string(0, f"the name of {entry.what}"), entry.scalar(1, "uint32", 0)
        if name is not None and index < len(buffers):
            content = _buffer_bytes(buffers[index])
            metadata[name] = b"" if content is None else content.tobytes()
    graphs = [_Subgraph(buffer, table, buffers, codes).graph() for table in tables]
    main = graphs[0]
    return Graph(
        place, main.tensors, main.ops, main.inputs, main.outputs, subgraphs=tuple(graphs[1:]), metadata=metadata
    )


def _what_it_is(data: bytes) -> str:
    if not data:
        return "it is empty"
    for magic, what in _MAGIC:
        if data.startswith(magic):
            return f"it looks like {what}"
    if len(data) < 8:
        return f"it is only {len(data)} bytes long"
    return f'it lacks the mark "TFL3" at byte 4 (found {data[4:8]!r})'


def _operator_code(table: Table) -> str:
    old, new = table.scalar(0, "int8", 0), table.scalar(3, "int32", 0)
    name = builtin_name(max(int(old), int(new)))
    if name == "CUSTOM":
        custom = table.string(1, f"the custom code of {table.what}") or "without a name"
        return f"CUSTOM:{custom}"
    return name


def _buffer_bytes(table: Table) -> Array | None:
    """Bytes of a buffer as a view [n], or None when it holds none."""
    offset, size = int(table.scalar(1, "uint64", 0)), int(table.scalar(2, "uint64", 0))
    if offset > 1:
        if offset + size > len(table.buffer.data):
            raise table.buffer.error(f"{table.what} ends at byte {offset + size}, outside the file")
        return np.frombuffer(table.buffer.data, np.uint8, count=size, offset=offset)
    found = table.array(0, "uint8", f"the data of {table.what}")
    return None if found is None or found.size == 0 else found


class _Subgraph:
    """Reads one subgraph; its methods share what the messages and the indices need."""

    def __init__(self, buffer: Flatbuffer, table: Table, buffers: list[Table], codes: list[str]) -> None:
        self.buffer = buffer
        self.place = buffer.place
        self.table = table
        self.buffers = buffers
        self.codes = codes
        self.tensors: list[Tensor] = []
        self.refused: dict[int, tuple[str, str]] = {}  # tensors nothing can hold: fact and way out

    def graph(self) -> Graph:
        """Read tensors, operators, inputs and outputs, and check that they fit together."""
        for number, entry in enumerate(self.table.tables(0, "tensor", MOST_ENTRIES)):
            self.tensors.append(self._tensor(number, entry))
        inputs = self._indices(self.table, 1, f"the inputs of {self.table.what}")
        outputs = self._indices(self.table, 2, f"the outputs of {self.table.what}")
        ops = tuple(
            self._op(number, entry) for number, entry in enumerate(self.table.tables(3, "operator", MOST_OPERATORS))
        )
        for index in self.refused:  # no operator has any
            self._refuse(index)
        self._check_order(ops, inputs, outputs)
        return Graph(self.place, tuple(self.tensors), ops, inputs, outputs)

    def _refuse(self, index: int, where: str = "") -> None:
        """Refuse a tensor that nothing can hold, as one of the operator ``where``; does nothing with any other."""
        if index in self.refused:
            head = f"{self.place}: {where}: " if where else f"{self.place}: "
            raise UnsupportedModelError(f'{head}tensor "{self.tensors[index].name}"', *self.refused[index])

    def _format(self, where: str, fact: str, way_out: str = _CONVERT) -> ModelFormatError:
        return ModelFormatError(f"{self.place}: {where}", fact, way_out)

    def _tensor(self, number: int, table: Table) -> Tensor:
        name = table.string(3, f"the name of tensor #{number}") or f"tensor #{number}"
        where = f'tensor "{name}"'
        shape = tuple(int(size) for size in self._array(table, 0, "int32", f"the shape of {where}"))
        if len(shape) > MOST_RANK:
            raise self._format(where, f"has {len(shape)} dimensions; at most {MOST_RANK} are known")
        if any(size < 0 for size in shape):
            raise self._format(where, f"has the negative size {min(shape)} in its shape {list(shape)}")
        code = int(table.scalar(1, "int8", 0))
        dtype = dtype_of(code)
        if dtype is None:
            way_out = "keep text out of the network" if type_name(code) == "STRING" else QUANTIZE_COMMAND
            self.refused[number] = (f"is of type {type_name(code)}, which no kernel holds", way_out)
            return Tensor(number, name, shape, DType.RESOURCE)
        if math.prod(shape) * max(dtype.bytes, 1) > MOST_TENSOR_BYTES:
            raise self._format(
                where, f"of shape {list(shape)} has {math.prod(shape)} elements", "such a tensor does not fit a board"
            )
        if table.has(6):
            self.refused[number] = ("is stored sparse", "convert the model without sparsity in the file")
            return Tensor(number, name, shape, dtype)
        variable = bool(table.scalar(5, "bool", default=False))
        data = self._data(table, where, shape, dtype, variable)
        quant = self._quant(table, number, where, shape)
        left_open = data is None and bool(np.any(self._array(table, 7, "int32", f"the shape signature of {where}") < 0))
        return Tensor(number, name, shape, dtype, quant, data, variable, left_open)

    def _data(self, table: Table, where: str, shape: tuple[int, ...], dtype: DType, variable: bool) -> Array | None:
        index = int(table.scalar(2, "uint32", 0))
        if index >= len(self.buffers):
            if index == 0:
                return None
            raise self._format(where, f"names buffer {index} of {len(self.buffers)}")
        content = None if index == 0 else _buffer_bytes(self.buffers[index])
        if content is None or dtype is DType.RESOURCE:
            return None
        if variable:
            raise self._format(where, "is variable and has a constant content")
        needed = math.prod(shape) * dtype.bytes
        if content.size != needed:
            raise self._format(where, f"of shape {list(shape)} needs {needed} bytes; its buffer holds {content.size}")
        return content.view(dtype.numpy).reshape(shape)

    def _quant(self, table: Table, number: int, where: str, shape: tuple[int, ...]) -> Quant | None:
        said = table.table(4, f"the quantization of {where}")
        if said is None:
            return None
        scale: list[float] = self._array(said, 2, "float32", f"the scales of {where}").tolist()
        zero: list[int] = self._array(said, 3, "int64", f"the zero points of {where}").tolist()
        if int(said.scalar(4, "uint8", 0)) != 0:
            self.refused[number] = ("is quantized by a custom or block-wise scheme", QUANTIZE_COMMAND)
            return None
        if not scale:
            return None
        if len(zero) not in {0, len(scale)}:
            raise self._format(where, f"has {len(scale)} scales and {len(zero)} zero points")
        if not all(0 < value < math.inf for value in scale):
            raise self._format(where, "has a scale that is not a number above 0")
        if zero and (min(zero) < -(1 << 31) or max(zero) >= 1 << 31):
            raise self._format(where, "has a zero point outside 32 bits")
        axis = int(said.scalar(6, "int32", 0))
        if len(shape) == 1:
            axis = 0  # biases of old converters say the axis of their filter
        if len(scale) > 1 and (not 0 <= axis < len(shape) or shape[axis] != len(scale)):
            raise self._format(
                where, f"has {len(scale)} scales along dimension {axis}, which its shape {list(shape)} does not have"
            )
        return Quant(tuple(scale), tuple(zero) or (0,) * len(scale), axis if len(scale) > 1 else 0)

    def _op(self, number: int, table: Table) -> Op:
        code = int(table.scalar(0, "uint32", 0))
        if code >= len(self.codes):
            raise self._format(f"op #{number}", f"names operator code {code} of {len(self.codes)}")
        kind = self.codes[code]
        where = f"op #{number} {kind}"
        inputs = self._indices(table, 1, f"the inputs of {where}", optional=True)
        outputs = self._indices(table, 2, f"the outputs of {where}")
        found = find_operator(kind)
        if found is None:
            named = tensor_named(Op(number, kind, inputs, outputs), self.tensors)
            near = difflib.get_close_matches(kind, known_operators(), n=1, cutoff=0.8)
            instead = f" such as {near[0]}" if near else ""
            raise UnsupportedModelError(
                f"{self.place}: {where}: {named}",
                "this operator is not supported",
                f"rebuild that part of the network from others{instead}: `tinyforge operators` lists them",
            )
        for index in (*outputs, *inputs):
            self._refuse(index, where)
        options = self._options(table, found, where)
        intermediates = self._indices(table, 8, f"the intermediates of {where}", optional=True)
        return Op(number, kind, inputs, outputs, _read_options(found, options, where), intermediates)

    def _options(self, table: Table, found: Operator, where: str) -> Table | None:
        """The options table of an operator, None when it has none, or none that this operator reads."""
        if not found.options:
            return None
        options = table.table(12 if found.options2 else 4, f"the options of {where}")
        if options is None or found.options2 or found.kind not in OPTIONS_TYPES:
            return options
        said, wanted = int(table.scalar(3, "uint8", 0)), OPTIONS_TYPES[found.kind]
        if said not in {0, wanted}:
            raise self._format(where, f"has options of type {said}, not {wanted}")
        return options if said == wanted else None

    def _array(self, table: Table, field: int, kind: str, what: str) -> Array:
        """A vector whose numbers are going to be copied."""
        found = table.array(field, kind, what)
        if found is None:
            return np.zeros(0, kind)
        self.buffer.count_copied(found.size)
        return found

    def _indices(self, table: Table, field: int, what: str, *, optional: bool = False) -> tuple[int, ...]:
        found = self._array(table, field, "int32", what)
        if found.size > MOST_ENTRIES:
            raise self.buffer.error(f"{what} are {found.size}; at most {MOST_ENTRIES} are read")
        least = -1 if optional else 0
        if found.size and (found.min() < least or found.max() >= len(self.tensors)):
            wrong = int(found.min()) if found.min() < least else int(found.max())
            raise self.buffer.error(f"{what} name tensor {wrong} of {len(self.tensors)}")
        return tuple(int(value) for value in found)

    def _check_order(self, ops: Sequence[Op], inputs: tuple[int, ...], outputs: tuple[int, ...]) -> None:
        """Each tensor is an input, a constant, a variable, or written once by an operator before it is read."""
        if len(set(inputs)) != len(inputs):
            raise self._format(self.table.what, "names a tensor twice among its inputs")
        ready = {tensor.index for tensor in self.tensors if tensor.data is not None or tensor.variable}
        for index in inputs:
            if index in ready:
                raise self._format(f'tensor "{self.tensors[index].name}"', "is an input with a content of its own")
        ready.update(inputs)
        for op in ops:
            where = f"op #{op.index} {op.kind}"
            for index in op.inputs:
                if index >= 0 and index not in ready and self.tensors[index].elements:
                    raise self._format(
                        f'{where}: tensor "{self.tensors[index].name}"',
                        "is read before anything computes it (a cycle, or operators out of order)",
                    )
            for index in op.outputs:
                if index in ready:
                    raise self._format(f'{where}: tensor "{self.tensors[index].name}"', "is written twice")
                ready.add(index)
        for index in outputs:
            if index not in ready:
                raise self._format(f'tensor "{self.tensors[index].name}"', "is an output that nothing computes")


def _read_options(found: Operator, table: Table | None, where: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, option in found.options.items():
        values[name] = option.default if table is None else _read_option(table, option, f"option {name} of {where}")
    return values


def _read_option(table: Table, option: Option, what: str) -> Any:
    if option.kind == "string":
        text, stored = table.string(option.field, what), table.array(option.field, "uint8", what)
        if text is not None and stored is not None and text.encode() != stored.tobytes():
            raise table.buffer.error(f"{what} is no printable text of at most {LONGEST_NAME} characters")
        return option.default if text is None else text
    if option.kind == "[int32]":
        vector = table.array(option.field, "int32", what)
        if vector is None:
            return option.default
        if vector.size > 64:
            raise table.buffer.error(f"{what} has {vector.size} entries; at most 64 are read")
        return tuple(int(value) for value in vector)
    value = table.scalar(option.field, option.kind, option.default)
    if isinstance(value, float) and not math.isfinite(value):
        raise table.buffer.error(f"{what} is {value}")
    return value
