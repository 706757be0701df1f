"""What an operator is to the compiler, and the registry that ``compiler/ops/*.py`` fill when they are imported.

One file an operator, ``ops/<stem>.py``::

    @operator("SOFTMAX", beta=Option(0, "float32", 0.0))
    def softmax(view: OpView, low: Lowering) -> None:
        \"\"\"Check, then hand the kernel call to ``low``.\"\"\"

The options named in the decorator are read from the operator's options table: field number, type, default, as in
``schema.fbs``. ``view`` gives typed and checked access to tensors and options; whatever is not supported is refused
through ``view.refuse`` before anything is written.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.graph import Array, DType, Graph, Op, Tensor

if TYPE_CHECKING:
    from tinyforge.compiler.lowering import Lowering

_QUANTIZED = (DType.INT8, DType.UINT8, DType.INT16, DType.INT32)
QUANTIZE_COMMAND = "convert it to int8 with a representative data set"


@dataclass(frozen=True, slots=True)
class Option:
    """One field of an options table.

    Attributes:
        field: its number in the schema.
        kind: scalar type, ``string``, or ``[int32]`` for a vector.
        default: what an absent field means.
    """

    field: int
    kind: str
    default: Any = 0


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator the compiler knows.

    Attributes:
        kind: TFLite's name, or one that a pass gives.
        options: fields of its options table.
        lower: checks an ``OpView`` and adds kernel calls to a ``Lowering``.
        options2: whether its options are in ``builtin_options_2`` (StableHLO and later ones).
    """

    kind: str
    options: Mapping[str, Option]
    lower: Callable[[OpView, Lowering], None]
    options2: bool = False


_REGISTRY: dict[str, Operator] = {}

LowerFunction = Callable[["OpView", "Lowering"], None]


def operator(*kinds: str, **options: Option) -> Callable[[LowerFunction], LowerFunction]:
    """Register a lowering for one or more operators that share their options.

    Raises:
        ValueError: another file lowers one of them already.
    """

    def register(lower: LowerFunction) -> LowerFunction:
        for kind in kinds:
            if kind in _REGISTRY and _REGISTRY[kind].lower.__module__ != lower.__module__:
                raise ValueError(f"{kind} is lowered by {_REGISTRY[kind].lower.__module__} already")
            _REGISTRY[kind] = Operator(kind, dict(options), lower)
        return lower

    return register


@cache
def _load() -> None:
    package = importlib.import_module("tinyforge.compiler.ops")
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{package.__name__}.{module}")


def find_operator(kind: str) -> Operator | None:
    """The operator called ``kind``, or None when there is no file for it in ``compiler/ops``."""
    _load()
    return _REGISTRY.get(kind)


def known_operators() -> list[str]:
    """Names of all operators, sorted."""
    _load()
    return sorted(_REGISTRY)


def tensor_named(op: Op, tensors: Sequence[Tensor]) -> str:
    """The tensor by which a message tells an operator from others of its kind: its first output, else input."""
    near = next((index for index in (*op.outputs, *op.inputs) if index >= 0), None)
    return "no tensor" if near is None else f'tensor "{tensors[near].name}"'


class OpenShapeError(UnsupportedModelError):
    """A shape that the model leaves open is not the one its converter guessed; ``settle_shapes`` puts it right.

    Attributes:
        tensor: its index.
        shape: what follows from the operator and its inputs.
    """

    def __init__(self, place: str, fact: str, way_out: str, *, tensor: int, shape: tuple[int, ...]) -> None:
        super().__init__(place, fact, way_out)
        self.tensor = tensor
        self.shape = shape


class OpView:
    """One operator with checked access to what it uses.

    Args:
        graph: the graph it belongs to.
        op: the operator.
    """

    __slots__ = ("graph", "op")

    def __init__(self, graph: Graph, op: Op) -> None:
        self.graph = graph
        self.op = op

    @property
    def place(self) -> str:
        """``model.tflite: op #3 CONV_2D``."""
        return f"{self.graph.place}: op #{self.op.index} {self.op.kind}"

    def refuse(self, fact: str, way_out: str, tensor: Tensor | None = None) -> NoReturn:
        """Say no.

        Raises:
            UnsupportedModelError: always; its place names the operator and the tensor, the first one the operator
                writes (or, when it writes none, reads) unless another is given.
        """
        name = tensor_named(self.op, self.graph.tensors) if tensor is None else f'tensor "{tensor.name}"'
        raise UnsupportedModelError(f"{self.place}: {name}", fact, way_out)

    def require(self, holds: bool, fact: str, way_out: str, tensor: Tensor | None = None) -> None:
        """Refuse with ``fact`` unless ``holds``."""
        if not holds:
            self.refuse(fact, way_out, tensor)

    def counts(self, inputs: tuple[int, ...], outputs: int = 1) -> None:
        """Refuse unless the number of inputs is one of ``inputs`` and there are ``outputs`` outputs."""
        found_in, found_out = len(self.op.inputs), len(self.op.outputs)
        if found_in not in inputs or found_out != outputs:
            self.refuse(f"has {found_in} inputs and {found_out} outputs", "convert the model again")

    def input(self, position: int) -> Tensor:
        """The tensor at an input position; refuses when it is absent."""
        tensor = self.optional(position)
        if tensor is None:
            self.refuse(f"lacks its input {position}", "convert the model again")
        return tensor

    def optional(self, position: int) -> Tensor | None:
        """The tensor at an input position, or None."""
        if position >= len(self.op.inputs) or self.op.inputs[position] < 0:
            return None
        return self.graph.tensors[self.op.inputs[position]]

    def output(self, position: int = 0) -> Tensor:
        """The tensor at an output position."""
        if position >= len(self.op.outputs):
            self.refuse(f"lacks its output {position}", "convert the model again")
        return self.graph.tensors[self.op.outputs[position]]

    def option(self, name: str) -> Any:
        """The value of an option named in the decorator."""
        return self.op.options[name]

    def activation(self, position: int = 0) -> Tensor:
        """An input that is computed, not constant."""
        tensor = self.input(position)
        if tensor.data is not None:
            self.refuse("is a constant where only computed tensors are supported", "fold it at conversion", tensor)
        return tensor

    def constant(self, position: int, dtype: DType) -> Array:
        """The content of an input that must be a constant of ``dtype``, in its shape."""
        tensor = self.input(position)
        if tensor.data is None:
            self.refuse(
                "is computed while the model runs", "only constants are supported here: fold it at conversion", tensor
            )
        self.is_dtype(tensor, dtype)
        return tensor.data

    def integers(self, position: int) -> tuple[int, ...]:
        """A constant int32 or int64 input (an axis, a shape), flattened."""
        tensor = self.input(position)
        if not tensor.elements:  # nothing is stored of an empty list
            return ()
        if tensor.data is None or tensor.dtype not in (DType.INT32, DType.INT64):
            self.refuse("must be constant integers", "fold it at conversion", tensor)
        if tensor.elements > 64:
            self.refuse(f"holds {tensor.elements} numbers", "shapes and axes have at most 64", tensor)
        return tuple(int(value) for value in np.ravel(tensor.data))

    def is_dtype(self, tensor: Tensor, *dtypes: DType) -> None:
        """Refuse unless the tensor has one of the element types; float and int16 get the command that quantizes."""
        if tensor.dtype in dtypes:
            return
        wanted = " or ".join(dtype.value for dtype in dtypes)
        self.refuse(f"is {tensor.dtype.value}, not {wanted}", QUANTIZE_COMMAND, tensor)

    def quantized(self, tensor: Tensor) -> tuple[float, int]:
        """Scale and zero point of a per-tensor quantized int8 (int16, uint8) tensor.

        Raises:
            UnsupportedModelError: no integer type, no scale, more than one, or a zero point out of the type's range.
        """
        quant = tensor.quant
        if tensor.dtype not in _QUANTIZED:
            self.refuse(f"is {tensor.dtype.value}, not quantized", QUANTIZE_COMMAND, tensor)
        if quant is None or not quant.per_tensor:
            found = "has no quantization" if quant is None else f"has {len(quant.scale)} scales"
            self.refuse(f"{found}; one scale and zero point are needed", QUANTIZE_COMMAND, tensor)
        low, high = np.iinfo(tensor.dtype.numpy).min, np.iinfo(tensor.dtype.numpy).max
        zero = quant.zero_point[0]
        if not low <= zero <= high:
            self.refuse(f"has zero point {zero}, outside {low}..{high}", "convert the model again", tensor)
        return quant.scale[0], zero

    def same_quantization(self, left: Tensor, right: Tensor) -> None:
        """Refuse unless both have equal scale and zero point (an operator that only moves or selects values)."""
        if self.quantized(left) != self.quantized(right):
            self.refuse(
                f'is quantized otherwise than "{left.name}"',
                "convert the model again with a current converter",
                right,
            )

    def closes(self, tensor: Tensor, shape: tuple[int, ...]) -> None:
        """Say the shape that follows for a tensor whose shape the model leaves open.

        Raises:
            OpenShapeError: the model's guess is another.
        """
        if tensor.open_shape and tensor.shape != shape:
            raise OpenShapeError(
                f'{self.place}: tensor "{tensor.name}"',
                f"has shape {list(tensor.shape)} where {list(shape)} follows",
                "convert the model again, with a batch of 1",
                tensor=tensor.index,
                shape=shape,
            )

    def shape_is(self, tensor: Tensor, shape: tuple[int, ...]) -> None:
        """Refuse unless the tensor has this shape."""
        self.closes(tensor, shape)
        if tensor.shape != shape:
            self.refuse(
                f"has shape {list(tensor.shape)} where {list(shape)} follows", "convert the model again", tensor
            )
