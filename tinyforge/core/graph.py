"""The compiler's nouns: what a ``.tflite`` says, what it is lowered to, and where its tensors lie in RAM.

``Graph`` is the model as read and as the passes rewrite it. ``Layer`` is one kernel call with every
parameter computed; ``MemoryPlan`` places the tensors between the calls; ``Compiled`` is all of it
together and is what a runtime prints.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.types import ModelInfo

Array = npt.NDArray[Any]


class DType(enum.Enum):
    """Element type of a tensor: numpy's name for it."""

    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT16 = "float16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BOOL = "bool"
    RESOURCE = "resource"

    @property
    def bytes(self) -> int:
        """Bytes an element; 0 for a resource handle, which has no run-time storage."""
        return 0 if self is DType.RESOURCE else int(self.numpy.itemsize)

    @property
    def numpy(self) -> np.dtype[Any]:
        """The numpy dtype, little-endian."""
        return np.dtype("uint8") if self is DType.RESOURCE else np.dtype(self.value).newbyteorder("<")

    @property
    def c_type(self) -> str:
        """The C99 type that holds an element."""
        return {"float32": "float", "float64": "double", "bool": "uint8_t", "float16": "uint16_t"}.get(
            self.value, f"{self.value}_t"
        )


@dataclass(frozen=True, slots=True)
class Quant:
    """Affine quantization: ``real = scale * (q - zero_point)``.

    Attributes:
        scale: one number, or one a slice of ``axis``; float32 values, finite, > 0.
        zero_point: as many as ``scale``.
        axis: dimension the slices count along; 0 when there is one scale.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int = 0

    @property
    def per_tensor(self) -> bool:
        """Whether one scale holds for the whole tensor."""
        return len(self.scale) == 1


@dataclass(frozen=True, eq=False, slots=True)
class Tensor:
    """One tensor of a graph.

    Attributes:
        index: its position in ``Graph.tensors``.
        name: as the model says it; never printed into code unencoded.
        shape: sizes, each >= 0; () for a scalar.
        dtype: element type.
        quant: None where the model gives none.
        data: the constant's content, a view onto the file, of ``shape``; None for what is computed.
        variable: whether it keeps its content between inferences.
        open_shape: the model leaves sizes open (a batch of any size), and ``shape`` is a guess of its converter.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None = None
    data: Array | None = None
    variable: bool = False
    open_shape: bool = False

    @property
    def elements(self) -> int:
        """Number of elements, >= 0."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes of storage."""
        return self.elements * self.dtype.bytes


@dataclass(frozen=True, slots=True)
class Op:
    """One operator of a graph.

    Attributes:
        index: its position in the model's file, kept through the passes: messages name it.
        kind: TFLite's name (``CONV_2D``), or one a pass gave (``CONV_1D``).
        inputs: tensor indices; -1 for an optional input that is absent.
        outputs: tensor indices.
        options: the operator's own options by name, defaults filled in.
        intermediates: tensors that carry only a quantization (LSTM).
    """

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    intermediates: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Graph:
    """A model as read, or as the passes left it.

    Attributes:
        place: the file, for messages.
        tensors: all tensors; ``tensors[i].index == i``.
        ops: in an order in which each finds its inputs computed.
        inputs, outputs: tensor indices, in the model's order.
        aliases: tensor -> tensor whose bytes it shares (a dropped RESHAPE); chains are allowed.
        subgraphs: further subgraphs of the file (CALL_ONCE), empty for most.
        metadata: metadata buffers by name.
    """

    place: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    aliases: Mapping[int, int] = field(default_factory=dict)
    subgraphs: tuple[Graph, ...] = ()
    metadata: Mapping[str, bytes] = field(default_factory=dict)

    def root(self, tensor: int) -> int:
        """The tensor whose storage ``tensor`` uses: itself, or the end of its chain of aliases."""
        while tensor in self.aliases:
            tensor = self.aliases[tensor]
        return tensor


@dataclass(frozen=True, slots=True)
class State:
    """Memory that lives between inferences.

    Attributes:
        tensor: index of the variable tensor, or of the resource's content.
        name: C identifier.
        dtype, elements: what it holds.
        reset_value: the value every element has after a reset.
        per_window: whether ``<name>_invoke`` starts from the reset value (a recurrent layer over a whole window),
            or goes on where the last inference ended (a streaming layer).
    """

    tensor: int
    name: str
    dtype: DType
    elements: int
    reset_value: int
    per_window: bool

    @property
    def bytes(self) -> int:
        """Bytes of RAM."""
        return self.elements * self.dtype.bytes


Param = int | float | Array | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """How near a call's output may lie to one of its inputs that nobody reads afterwards.

    The kernel computes the same when the input's begin is ``distance_bytes`` or more behind the output's begin, and a
    multiple of ``multiple_bytes`` away from it; less than 0: the output may even begin behind the input's begin.

    Attributes:
        input, output: positions among the call's inputs and outputs.
        distance_bytes: the least distance.
        multiple_bytes: what the distance is a multiple of, > 0.
    """

    input: int
    output: int
    distance_bytes: int = 0
    multiple_bytes: int = 1


@dataclass(frozen=True, eq=False, slots=True)
class Layer:
    """One kernel call.

    Attributes:
        index: position in the list of calls.
        op: index of the operator it came from.
        stem: names the printer ``runtimes/aot/ops/<stem>.py``.
        kernel: C function and, with ``_t`` added, type of its parameters; the source file's name.
        name: C identifier of this layer (``conv_1d_0``).
        inputs, outputs: tensor indices in the order of the kernel's arguments; an input may be a constant.
        params: the members of the kernel's parameter structure, in order: int, float, or an array that becomes a
            constant in flash; None prints as NULL.
        states: names of the ``State`` the kernel gets after its outputs.
        scratch_bytes: arena bytes the kernel gets as its last argument; 0 for none.
        macs: multiply-accumulates of one inference.
        overlaps: inputs and outputs that may share bytes, and how; all others must lie apart.
        parts: the calls that this one stands for, if it does the work of several.
        instructions: of an inference on a Cortex-M4, about; 0 where that is not known.
    """

    index: int
    op: int
    stem: str
    kernel: str
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    params: Mapping[str, Param]
    states: tuple[str, ...] = ()
    scratch_bytes: int = 0
    macs: int = 0
    overlaps: tuple[Overlap, ...] = ()
    parts: tuple[Layer, ...] = ()
    instructions: int = 0

    @property
    def const_bytes(self) -> int:
        """Flash bytes of the constant arrays, before equal ones are shared."""
        return sum(value.nbytes for value in self.params.values() if isinstance(value, np.ndarray))


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of the arena.

    Attributes:
        name: C identifier, the tensor's or the scratch buffer's.
        tensor: tensor index; -1 for scratch.
        offset, bytes: where in the arena.
        first, last: layers between which it is in use, inclusive.
    """

    name: str
    tensor: int
    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Where every activation lies.

    Attributes:
        slots: by offset, then by first use.
        arena_bytes: the arena's size.
        lower_bound_bytes: proven: no plan for these calls and these overlaps can be smaller.
        peak_op: the call that needs most bytes.
        optimal: whether ``arena_bytes == lower_bound_bytes``.
    """

    slots: tuple[Slot, ...]
    arena_bytes: int
    lower_bound_bytes: int
    peak_op: int

    @property
    def optimal(self) -> bool:
        """Whether the plan reaches its lower bound."""
        return self.arena_bytes == self.lower_bound_bytes

    def slot_of(self, tensor: int) -> Slot | None:
        """The slot of a tensor, or None when it is the caller's, a constant or a state."""
        return next((slot for slot in self.slots if slot.tensor == tensor), None)


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the storage that a tensor shares (``Graph.aliases``).

    Attributes:
        offset: elements from the storage's begin.
        phases: copies of the part, taken in turn from call to call; 1 for the same always.
        phase_elements: elements from one copy to the next.
    """

    offset: int
    phases: int
    phase_elements: int


@dataclass(frozen=True, eq=False, slots=True)
class Stream:
    """How a model for a sliding window goes on from call to call.

    Attributes:
        hop: samples a call takes.
        length: samples of the whole window that each output belongs to.
        phases: calls after which the same storage is used again.
        counter: name of the state that counts them; empty when there is one phase.
        places: tensors that are parts of a storage, by index.
        window_macs: multiply-accumulates of the whole window.
    """

    hop: int
    length: int
    phases: int
    counter: str
    places: Mapping[int, Place]
    window_macs: int


@dataclass(frozen=True, eq=False, slots=True)
class Compiled:
    """A model ready to be printed.

    Attributes:
        name: C identifier.
        graph: after the passes.
        layers: the calls.
        plan: where activations lie.
        states: what lives between inferences.
        info: what tinyforge wrote into the model, or None.
        digest: SHA-256 of the ``.tflite``, 64 hex digits.
        model: the ``.tflite`` itself.
        operators: TFLite's name of each operator of the model, in order, before the passes.
        log: what each pass did, one line each, for ``--explain``.
        stream: for a model that takes the new samples of a sliding window; None for whole windows.
        sliding: beside a model for whole windows, the same one for the new samples of a sliding window. Both use the
            same constants and, never at once, the same arena; the costs below are of both, but ``macs``.
    """

    name: str
    graph: Graph
    layers: tuple[Layer, ...]
    plan: MemoryPlan
    states: tuple[State, ...]
    info: ModelInfo | None
    digest: str
    model: bytes
    operators: tuple[str, ...]
    log: tuple[str, ...] = ()
    stream: Stream | None = None
    sliding: Compiled | None = None

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, of a whole window where there are both."""
        return sum(layer.macs for layer in self.layers)

    @property
    def arena_bytes(self) -> int:
        """RAM of the arena."""
        return max(self.plan.arena_bytes, self.sliding.arena_bytes if self.sliding else 0)

    @property
    def all_states(self) -> tuple[State, ...]:
        """The states of both forms; those of recurrent layers are the same ones."""
        own = {state.name for state in self.states}
        more = self.sliding.states if self.sliding else ()
        return (*self.states, *(state for state in more if state.name not in own))

    @property
    def state_bytes(self) -> int:
        """RAM that lives between inferences."""
        return sum(state.bytes for state in self.all_states)

    @property
    def weight_bytes(self) -> int:
        """Flash of all constant arrays, equal ones counted once."""
        arrays = [*self.constants(), *(self.sliding.constants() if self.sliding else ())]
        return sum({(array.dtype.str, array.tobytes()): array.nbytes for array in arrays}.values())

    def constants(self) -> list[Array]:
        """The arrays in flash of this form alone, one for each use, each of its own shape and type."""
        arrays = [value for layer in self.layers for value in layer.params.values() if isinstance(value, np.ndarray)]
        used = {index for layer in self.layers for index in layer.inputs}
        arrays.extend(tensor.data for tensor in self.graph.tensors if tensor.data is not None and tensor.index in used)
        return arrays
