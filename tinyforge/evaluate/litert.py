"""The LiteRT interpreter with its reference kernels: what every int8 output is compared with.

``BUILTIN_REF`` is used throughout: the default (XNNPACK) and the optimised kernels round differently, by up to
12 steps on a ResNet. Variable tensors (the state of an LSTM) and resource variables (``VAR_HANDLE``) survive from
one invocation to the next, so :func:`run` brings both back to their start before each window.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError, ModelFormatError, ToolError, UnsupportedModelError
from tinyforge.core.types import Int8Array
from tinyforge.evaluate.grafted import has_own_operator, run_by_turns

Progress = Callable[[int, int], None]

_FILE_IDENTIFIER = b"TFL3"
_NO_KERNEL = re.compile(r"Didn't find op for builtin opcode '(\w+)' version '(\d+)'")


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a model.

    Attributes:
        tensor: index of the tensor.
        name: its name; may be empty.
        shape: with the batch first, as the model has it.
        scale, zero_point: ``real = (q - zero_point) * scale``; scale 0 when the tensor is not quantized.
        elements: how many numbers one inference has there.
        dtype: their type by numpy's name.
    """

    tensor: int
    name: str
    shape: tuple[int, ...]
    scale: float
    zero_point: int
    elements: int
    dtype: str = "int8"

    @property
    def bytes(self) -> int:
        """Bytes of one inference's numbers."""
        return self.elements * np.dtype(self.dtype).itemsize


@dataclass(frozen=True, slots=True)
class Ports:
    """What goes into a model and what comes out, in the model's order."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    @property
    def input_elements(self) -> int:
        """Numbers all inputs take together."""
        return sum(port.elements for port in self.inputs)

    @property
    def output_elements(self) -> int:
        """Numbers all outputs give together."""
        return sum(port.elements for port in self.outputs)

    @property
    def input_bytes(self) -> int:
        """Bytes all inputs take together; the elements of an int8 model."""
        return sum(port.bytes for port in self.inputs)

    @property
    def output_bytes(self) -> int:
        """Bytes all outputs give together; the elements of an int8 model."""
        return sum(port.bytes for port in self.outputs)

    @property
    def int8(self) -> bool:
        """Every input and output is int8."""
        return all(port.dtype == "int8" for port in (*self.inputs, *self.outputs))


@dataclass(frozen=True, slots=True)
class OpOutput:
    """A tensor an operator writes.

    Attributes:
        op: position of the operator in the order of execution.
        op_name: as TFLite calls it, for instance ``CONV_2D``.
        tensor: index of the tensor.
        tensor_name: its name; may be empty.
    """

    op: int
    op_name: str
    tensor: int
    tensor_name: str


@dataclass(frozen=True, slots=True)
class LayerDifference:
    """The first operator whose output is not what the reference says.

    Attributes:
        op, op_name, tensor, tensor_name: which, as in :class:`OpOutput`.
        elements: numbers in that tensor.
        differing: how many of them differ.
        max_abs_diff: the largest difference: steps of an integer, or a real number.
        first_element: flat index of the first number that differs.
    """

    op: int
    op_name: str
    tensor: int
    tensor_name: str
    elements: int
    differing: int
    max_abs_diff: float
    first_element: int


_STDERR = threading.Lock()


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Send file descriptor 2 to nowhere: the interpreter's C++ logs to it, past ``sys.stderr``."""
    with _STDERR:
        try:
            saved = os.dup(2)
        except OSError:  # closed already: nothing to silence
            yield
            return
        try:
            with contextlib.suppress(AttributeError, ValueError, OSError):
                sys.stderr.flush()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _open(model: bytes, place: str, *, keep_tensors: bool) -> Any:
    """An allocated interpreter; a model it refuses is a ModelFormatError."""
    if len(model) < 8 or model[4:8] != _FILE_IDENTIFIER:
        raise ModelFormatError(
            place, f"no TFLite model: bytes 4 to 7 are {bytes(model[4:8])!r}, not b'TFL3'", "give a .tflite file"
        )
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError as error:
        raise ToolError(
            "ai_edge_litert", f"cannot be imported: {error}", "install it: pip install ai-edge-litert"
        ) from error
    try:
        with _quiet_stderr():
            interpreter = Interpreter(
                model_content=bytes(model),
                num_threads=1,
                experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
                experimental_preserve_all_tensors=keep_tensors,
            )
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        missing = _NO_KERNEL.search(str(error))
        if missing:
            raise UnsupportedModelError(
                place,
                f"LiteRT has no reference kernel of {missing[1]} (version {missing[2]}): nothing to compare with",
                "compare the exported C with the network it was converted from",
            ) from error
        raise ModelFormatError(
            place,
            f"the LiteRT interpreter refuses it: {_one_line(error)}",
            "give an int8 .tflite of built-in operators, such as `tinyforge compress` writes",
        ) from error
    return interpreter


def _ports(interpreter: Any, place: str) -> Ports:
    def port(detail: Mapping[str, Any], what: str) -> Port:
        kind = np.dtype(detail["dtype"])
        if kind.kind not in "iufb":
            raise UnsupportedModelError(
                f"{place}: {what} tensor {detail['index']} ({detail['name']})",
                f"is {kind.name}, not a number",
                "convert the model with int8 inputs and outputs (`tinyforge compress` does)",
            )
        scale, zero_point = detail["quantization"]
        shape = tuple(int(side) for side in detail["shape"])
        elements = int(np.prod(shape))
        return Port(
            int(detail["index"]), str(detail["name"]), shape, float(scale), int(zero_point), elements, kind.name
        )

    return Ports(
        tuple(port(detail, "input") for detail in interpreter.get_input_details()),
        tuple(port(detail, "output") for detail in interpreter.get_output_details()),
    )


def _allocated(interpreter: Any, known: Ports) -> Ports:
    """With the shapes of outputs that the model leaves open, which the interpreter knows once it has run."""
    shapes = [interpreter.get_tensor(port.tensor).shape for port in known.outputs]
    outputs = [
        replace(port, shape=tuple(shape), elements=int(np.prod(shape)))
        for port, shape in zip(known.outputs, shapes, strict=True)
    ]
    return replace(known, outputs=tuple(outputs))


def _stored_ports(model: bytes) -> Ports:
    """As the file says, of a model that the interpreter cannot open; it is int8 throughout."""
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.Model.GetRootAs(model, 0).Subgraphs(0)

    def port(index: int) -> Port:
        tensor = graph.Tensors(index)
        shape = tuple(int(size) for size in tensor.ShapeAsNumpy())
        quant = tensor.Quantization()
        return Port(
            index, tensor.Name().decode(), shape, float(quant.Scale(0)), int(quant.ZeroPoint(0)), int(np.prod(shape))
        )

    return Ports((port(int(graph.Inputs(0))),), (port(int(graph.Outputs(0))),))


def ports(model: bytes, place: str = "model", *, any_type: bool = False) -> Ports:
    """Shapes, types and quantization of the inputs and outputs of a model.

    Args:
        model: content of a ``.tflite``.
        place: what to call the model in an error.
        any_type: also take models whose inputs or outputs are other numbers than int8.

    Raises:
        ModelFormatError: the interpreter refuses the model.
        UnsupportedModelError: an input or output is not int8, or with ``any_type`` no number.
    """
    known = _stored_ports(model) if has_own_operator(model) else _ports(_open(model, place, keep_tensors=False), place)
    for what, side in (("input", known.inputs), ("output", known.outputs)):
        for port in side:
            if port.dtype != "int8" and not any_type:
                raise UnsupportedModelError(
                    f"{place}: {what} tensor {port.tensor} ({port.name})",
                    f"is {port.dtype}, not int8",
                    "convert the model with int8 inputs and outputs (`tinyforge compress` does)",
                )
    return known


def _rows(inputs: npt.NDArray[Any], known: Ports, place: str) -> npt.NDArray[np.uint8]:
    """Inputs as uint8 [n, bytes of all inputs], or DataError."""
    if inputs.dtype != np.int8:
        raise DataError(place, f"inputs are {inputs.dtype}, not int8", "quantize them first")
    wanted = known.input_bytes
    given = int(np.prod(inputs.shape[1:])) if inputs.ndim else 0
    if inputs.ndim < 2 or given != wanted:
        raise DataError(
            place,
            f"inputs of shape {tuple(inputs.shape)} do not fit the model's "
            + " + ".join(f"{port.dtype} {list(port.shape)}" for port in known.inputs),
            f"give int8 [n, ...] with {wanted} numbers a window"
            if known.int8
            else f"give the {wanted} bytes of each window as int8 [n, {wanted}]",
        )
    return np.ascontiguousarray(inputs).reshape(len(inputs), wanted).view(np.uint8)


def _set_inputs(interpreter: Any, known: Ports, row: npt.NDArray[np.uint8]) -> None:
    start = 0
    for port in known.inputs:
        piece = row[start : start + port.bytes].copy()
        interpreter.set_tensor(port.tensor, piece.view(port.dtype).reshape(port.shape))
        start += port.bytes


def _invoke(interpreter: Any, place: str) -> None:
    try:
        interpreter.invoke()
    except (ValueError, RuntimeError) as error:
        raise ModelFormatError(
            place,
            f"the LiteRT interpreter stopped: {_one_line(error)}",
            "it is damaged, or uses an operator in a way the interpreter does not do: convert it again",
        ) from error


def output_shape(known: Ports) -> tuple[int, ...]:
    """Shape of one inference's output: without the batch of 1; flat bytes when there are several or other types."""
    if len(known.outputs) == 1 and known.outputs[0].dtype == "int8":
        shape = known.outputs[0].shape
        return shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    return (known.output_bytes,)


def run(
    model: bytes,
    inputs: Int8Array,
    *,
    keep_state: bool = False,
    place: str = "model",
    on_progress: Progress | None = None,
) -> Int8Array:
    """Outputs of the reference kernels.

    Args:
        model: content of a ``.tflite``.
        inputs: int8 [n, ...]; the sides after the first may be flattened. Several inputs of one model are laid
            one after the other in a flat row. Where a model takes another type, its little-endian bytes, as int8.
        keep_state: leave variable tensors as the window before left them; otherwise each window starts from reset.
        place: what to call the model in an error.
        on_progress: called as ``on_progress(done, n)`` after each window.

    Returns:
        int8 [n, ...] in the shape of the output without its batch; flat when the model has several outputs; the
        bytes, as int8 [n, bytes], when one is of another type.

    Raises:
        ModelFormatError: the interpreter refuses the model.
        UnsupportedModelError: an input or output holds no numbers.
        DataError: the inputs do not fit.
    """
    if has_own_operator(model):
        return run_by_turns(model, inputs, lambda part: _open(part, place, keep_tensors=False), keep_state=keep_state)
    interpreter = _open(model, place, keep_tensors=False)
    known = _ports(interpreter, place)
    rows = _rows(inputs, known, place)
    resources = any(op["op_name"] == "VAR_HANDLE" for op in interpreter._get_ops_details())  # noqa: SLF001
    outputs: list[bytes] = []
    for index, row in enumerate(rows):
        if index and not keep_state:
            if resources:  # these are not reset with the variable tensors: begin with another interpreter
                interpreter = _open(model, place, keep_tensors=False)
            else:
                interpreter.reset_all_variables()
        _set_inputs(interpreter, known, row)
        _invoke(interpreter, place)
        outputs.append(b"".join(interpreter.get_tensor(port.tensor).tobytes() for port in known.outputs))
        if on_progress is not None:
            on_progress(index + 1, len(rows))
    if outputs and len(outputs[0]) != known.output_bytes:
        known = _allocated(interpreter, known)
    return np.frombuffer(b"".join(outputs), np.int8).reshape(len(rows), *output_shape(known))


def run_isolated(
    model: bytes, inputs: Int8Array, *, keep_state: bool = False, place: str = "model", timeout_s: float = 600.0
) -> Int8Array:
    """The same as :func:`run` in a process of its own, for models that come from elsewhere.

    The interpreter aborts the whole process on some damaged models; here that is a ModelFormatError.

    Raises:
        ModelFormatError, UnsupportedModelError, DataError: as :func:`run`.
        ToolError: it took longer than ``timeout_s`` seconds.
    """
    parcel = io.BytesIO()
    np.savez(parcel, model=np.frombuffer(bytes(model), np.uint8), inputs=inputs, keep_state=np.array(keep_state))
    command = [sys.executable, "-m", "tinyforge.evaluate.litert_worker"]
    try:
        worker = subprocess.run(command, input=parcel.getvalue(), capture_output=True, check=False, timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise ToolError(
            place, f"the LiteRT interpreter did not finish within {timeout_s:g} s", "give fewer windows"
        ) from error
    if worker.returncode != 0:
        last = worker.stderr.decode(errors="replace").strip().splitlines()
        raise ModelFormatError(
            place,
            f"the LiteRT interpreter crashed on it (exit status {worker.returncode}: {last[-1] if last else 'silent'})",
            "the model is damaged or uses an operator the interpreter cannot run",
        )
    with np.load(io.BytesIO(worker.stdout), allow_pickle=False) as answer:
        if "error" in answer:
            kind, where, fact, way_out = (str(part) for part in answer["error"])
            where = where.replace("model", place, 1) if where.startswith("model") else where
            known = {error.__name__: error for error in (ModelFormatError, UnsupportedModelError, DataError, ToolError)}
            raise known[kind](where, fact, way_out)
        outputs: Int8Array = answer["outputs"]
    return outputs


def run_all_tensors(model: bytes, window: Int8Array, *, place: str = "model") -> dict[int, npt.NDArray[Any]]:
    """Every tensor that one inference computes, by tensor index.

    Variables are reset first. Constants and the inner buffers of operators are left out; the inputs are in.

    Args:
        model: content of a ``.tflite``.
        window: int8, one window: the input's shape, with or without the batch, or flat; bytes for other types.
        place: what to call the model in an error.

    Raises:
        ModelFormatError, UnsupportedModelError, DataError: as :func:`run`.
    """
    interpreter = _open(model, place, keep_tensors=True)
    known = _ports(interpreter, place)
    row = _rows(np.asarray(window).reshape(1, -1), known, place)[0]
    interpreter.reset_all_variables()
    _set_inputs(interpreter, known, row)
    _invoke(interpreter, place)
    wanted = [port.tensor for port in known.inputs]
    # the content of a variable's handle is a pointer of the interpreter's: to read it as numbers ends the process
    wanted += [output.tensor for output in _op_outputs(interpreter) if output.op_name != "VAR_HANDLE"]
    tensors: dict[int, npt.NDArray[Any]] = {}
    for tensor in wanted:
        # a tensor the interpreter has not allocated has no content to give
        with contextlib.suppress(ValueError):
            tensors[tensor] = np.array(interpreter.get_tensor(tensor))
    return tensors


def _op_outputs(interpreter: Any) -> tuple[OpOutput, ...]:
    names = {int(detail["index"]): str(detail["name"]) for detail in interpreter.get_tensor_details()}
    return tuple(
        OpOutput(int(op["index"]), str(op["op_name"]), int(tensor), names.get(int(tensor), ""))
        for op in interpreter._get_ops_details()  # noqa: SLF001 - the only listing of operators the wheel has
        for tensor in op["outputs"]
        if int(tensor) >= 0
    )


def op_outputs(model: bytes, place: str = "model") -> tuple[OpOutput, ...]:
    """The tensors operators write, in the order of execution.

    Raises:
        ModelFormatError: the interpreter refuses the model.
    """
    return _op_outputs(_open(model, place, keep_tensors=False))


def differences(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Distance of each element, int64 for integers and float64 for floats, any shape; not 0 wherever the bits differ.

    Floats that differ in their bits only (NaN, signed zero) count as infinitely far apart.
    """
    if left.dtype.kind == "f":
        same = left.view(f"u{left.dtype.itemsize}") == right.view(f"u{left.dtype.itemsize}")
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.abs(left.astype(np.float64) - right.astype(np.float64))
        return np.where(same, 0.0, np.where(np.isfinite(apart) & (apart > 0), apart, np.inf))
    return np.abs(left.astype(np.int64) - right.astype(np.int64))


def first_differing_layer(
    order: tuple[OpOutput, ...], expected: Mapping[int, npt.NDArray[Any]], actual: Mapping[int, npt.NDArray[Any]]
) -> LayerDifference | None:
    """Which operator's output is the first that differs.

    Args:
        order: of :func:`op_outputs`.
        expected: tensors of :func:`run_all_tensors`.
        actual: the same tensors from elsewhere, flat [n] or shaped; those that are missing are passed over. Tensors of
            other types than int8 may come as their bytes.

    Returns:
        The first difference, or None when all tensors that both have are equal, bit by bit.

    Raises:
        DataError: a tensor has another number of elements.
    """
    for output in order:
        if output.tensor not in expected or output.tensor not in actual:
            continue
        left, right = np.asarray(expected[output.tensor]).ravel(), np.ascontiguousarray(actual[output.tensor]).ravel()
        if right.dtype != left.dtype and right.dtype.itemsize == 1 and right.nbytes == left.nbytes:
            right = right.view(left.dtype)
        if left.shape != right.shape:
            raise DataError(
                f"tensor {output.tensor} ({output.tensor_name})",
                f"{right.size} elements where the reference has {left.size}",
                "compare tensors of the same model",
            )
        apart = differences(left, right)
        if apart.any():
            return LayerDifference(
                output.op,
                output.op_name,
                output.tensor,
                output.tensor_name,
                int(left.size),
                int(np.count_nonzero(apart)),
                apart.max().item(),
                int(np.argmax(apart != 0)),
            )
    return None
