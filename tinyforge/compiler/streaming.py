"""A sliding window: of each layer only what the new samples change is computed, the rest is kept from hop to hop.

A layer that looks at a stretch of time gives, for a window that has moved on, the same rows as before, moved: row
``j`` is what row ``j + hop / step`` was, where ``step`` is how many samples a row stands for. Where a hop is no
multiple of the step, that holds for the window some hops ago, and as many copies of the rows are kept (phases). Rows
that the window's borders reach, through the padding of this layer or of those before it, belong to one window only:
they are computed each time. What reads the whole window at once (a mean over time, a dense layer) reads the kept rows
and is computed each time.

Everything is a call of the same kernels as for the whole window, on fewer rows: outputs are the same to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tinyforge.compiler.fuse import apart
from tinyforge.compiler.goal import Goal
from tinyforge.compiler.instructions import counted
from tinyforge.compiler.memory_plan import plan_memory
from tinyforge.compiler.stream_gain import gain_of
from tinyforge.compiler.stretch import Stretch, stretch_of
from tinyforge.core.errors import UsageError
from tinyforge.core.graph import Compiled, DType, Layer, Param, Place, State, Stream, Tensor

SAYS = "stream: "  # begins the line of the log that says what streaming saves
_MOST_PHASES = 16


@dataclass(slots=True)
class Rows:
    """A tensor as rows along time.

    Attributes:
        tensor: its index.
        count: rows of a window.
        row_bytes: bytes of a row.
        step: samples a row stands for.
        left, right: rows at the borders that belong to one window only.
        hop: samples that the window moves.
        first: first row that anybody reads; set from the end of the network to its begin.
    """

    tensor: int
    count: int
    row_bytes: int
    step: int
    left: int
    right: int
    hop: int
    first: int = -1

    @property
    def phases(self) -> int:
        """Hops after which rows repeat."""
        return self.step // math.gcd(self.step, self.hop)

    @property
    def shift(self) -> int:
        """Rows that the window moves in that many hops."""
        return self.phases * self.hop // self.step

    @property
    def fresh(self) -> int:
        """First of the rows at the end that are computed."""
        return max(self.count - self.right - self.shift, self.first)

    @property
    def kept(self) -> int:
        """First of the rows that are kept, up to ``fresh``."""
        return max(self.first, self.left)

    @property
    def keeps(self) -> bool:
        """Whether any rows are kept."""
        return self.kept < self.fresh

    def ranges(self) -> tuple[tuple[int, int], ...]:
        """Rows that are computed for each window."""
        if not self.keeps:
            return ((self.first, self.count),)
        return tuple((a, b) for a, b in ((self.first, self.left), (self.fresh, self.count)) if a < b)


def stream(compiled: Compiled, hop: int, *, goal: Goal = Goal.BALANCED, force: bool = False) -> Compiled:
    """The model for a window that moves on by ``hop`` samples a call: its input are the new samples alone.

    Args:
        compiled: the model for whole windows.
        hop: samples (rows of the input), 1 to less than the window's length.
        goal: what a faster form may cost.
        force: stream even where it does not pay.

    Returns:
        The streaming model, or ``compiled`` with a line in its log where streaming does not pay: it saves few
        instructions, or not enough for the RAM and flash that it takes.

    Raises:
        UsageError: a model with several inputs, or of several windows, or a hop that does not fit its window.
    """
    length = _checked(compiled, hop)
    found, note = _sliding(compiled, hop, length, goal)
    return _judged(compiled, found, note, goal, force=force)


def _checked(compiled: Compiled, hop: int) -> int:
    """Samples of the window.

    Raises:
        UsageError: as :func:`stream`.
    """
    graph = compiled.graph
    if len(graph.inputs) != 1:
        raise UsageError("--stream", f"the model has {len(graph.inputs)} inputs", "export it without --stream")
    if any(not state.per_window for state in compiled.states):
        raise UsageError("--stream", "the model keeps a state of its own", "export it without --stream")
    source = graph.tensors[graph.inputs[0]]
    if source.shape[:1] > (1,):
        raise UsageError("--stream", f"the model takes {source.shape[0]} windows at once", "export it without --stream")
    length = _length(source)
    if not 1 <= hop < length:
        raise UsageError("--hop", f"{hop} samples of a window of {length}", f"give 1 to {length - 1}")
    return length


def stream_beside(compiled: Compiled, hop: int, *, goal: Goal = Goal.BALANCED, force: bool = False) -> Compiled:
    """The model for whole windows with the one for a sliding window beside it (``Compiled.sliding``).

    Args:
        compiled, hop, goal, force: as :func:`stream` takes them.

    Returns:
        ``compiled`` with both, or, where streaming does not pay, with a line in its log.

    Raises:
        UsageError: as :func:`stream`.
    """
    found, note = _sliding(compiled, hop, _checked(compiled, hop), goal)
    slots = tuple(replace(slot, name=f"hop_{slot.name}") for slot in found.plan.slots)
    layers = tuple(replace(layer, name=f"hop_{layer.name}") for layer in found.layers)
    sliding = replace(found, layers=layers, plan=replace(found.plan, slots=slots))
    return _judged(compiled, replace(compiled, sliding=sliding), note, goal, force=force)


def _judged(whole: Compiled, found: Compiled, note: str, goal: Goal, *, force: bool) -> Compiled:
    """The streaming model, or the one for whole windows where that does not pay; a line says what, or why not."""
    gain, sliding = gain_of(whole, found), found.sliding or found
    if not force and (reason := gain.why_not(goal)):
        return replace(whole, log=(*whole.log, f"{SAYS}does not pay: {reason}"))
    stream_ = sliding.stream
    if stream_ is None:
        raise ValueError("a model for whole windows")
    return replace(found, log=(*whole.log, f"{SAYS}{gain.says(stream_.hop, stream_.length)}{note}"))


def _sliding(compiled: Compiled, hop: int, length: int, goal: Goal) -> tuple[Compiled, str]:
    """The model for new samples alone, and what is to be said of its hop."""
    parted = _parted(compiled, hop, length, goal)
    return _Builder(parted, _streamed(parted, hop, length), hop, length).build()


def said_of(compiled: Compiled) -> str:
    """What streaming saves, or why it does not pay; empty where it was not asked for."""
    return next((line.removeprefix(SAYS) for line in compiled.log if line.startswith(SAYS)), "")


def _parted(compiled: Compiled, hop: int, length: int, goal: Goal) -> Compiled:
    """The model without those fused calls that would compute more than their parts.

    A pooled row stands for more samples than a row of the convolution, so there may be more hops between rows that
    repeat, and a convolution in one call with it is computed for all of these. Kernels of both kinds are a kilobyte
    more than those of one kind: for size all are taken apart.
    """
    graph = compiled.graph
    fused_rows = _streamed(compiled, hop, length)
    rows = _streamed(replace(compiled, layers=tuple(apart(compiled.layers))), hop, length)

    def computes_more(layer: Layer) -> bool:
        first = rows.get(graph.root(layer.parts[0].outputs[0]))
        last = fused_rows.get(graph.root(layer.outputs[0]))
        return first is not None and (last is None or last.phases > first.phases)

    fused = [layer for layer in compiled.layers if layer.parts]
    more = {layer.index for layer in fused if computes_more(layer)}
    if more and goal is Goal.SIZE:
        more = {layer.index for layer in fused}
    return replace(compiled, layers=tuple(apart(compiled.layers, more)))


def _length(tensor: Tensor) -> int:
    """Samples of a window: the first size that is not 1."""
    return next((size for size in tensor.shape[1:] if size > 1), 1)


def _streamed(compiled: Compiled, hop: int, length: int) -> dict[int, Rows]:
    """The tensors that are rows along time, by index."""
    graph = compiled.graph
    source = graph.tensors[graph.inputs[0]]
    outputs = {graph.root(index) for index in graph.outputs}
    rows = {source.index: Rows(source.index, length, source.bytes // length, 1, 0, 0, hop)}
    stretches: dict[int, Stretch] = {}
    for layer in compiled.layers:
        inputs = [graph.root(index) for index in layer.inputs]
        target = graph.root(layer.outputs[0])
        read = [rows.get(index) for index in inputs]
        known = [one for one in read if one is not None]
        if len(known) != len(read) or not known or len(layer.outputs) != 1 or target in outputs:
            continue
        one = known[0]
        stretch = stretch_of(layer, graph, one.count)
        if stretch is None or any((two.count, two.step) != (one.count, one.step) for two in known):
            continue
        found = _rows_after(stretch, known, graph.tensors[target])
        if found is not None:
            rows[target] = found
            stretches[layer.index] = stretch
    _needed(compiled, rows, stretches)
    return rows


def _rows_after(stretch: Stretch, read: Sequence[Rows], tensor: Tensor) -> Rows | None:
    one = read[0]
    left = right = 0
    for number in range(stretch.count):
        start = number * stretch.stride - stretch.pad
        if start < max(two.left for two in read):
            left = number + 1
        if start + stretch.extent > one.count - max(two.right for two in read):
            right = stretch.count - number
            break
    found = Rows(
        tensor.index, stretch.count, tensor.bytes // stretch.count, one.step * stretch.stride, left, right, one.hop
    )
    return found if found.phases <= _MOST_PHASES else None


def _needed(compiled: Compiled, rows: Mapping[int, Rows], stretches: Mapping[int, Stretch]) -> None:
    """Set the first row that is read of each tensor."""
    graph = compiled.graph
    for one in rows.values():
        one.first = one.count
    for layer in reversed(compiled.layers):
        target = rows.get(graph.root(layer.outputs[0]))
        for index in {graph.root(index) for index in layer.inputs} & set(rows):
            stretch = stretches.get(layer.index)
            if stretch is None or target is None:
                rows[index].first = 0
                continue
            for first, last in target.ranges() if target.first < target.count else ():
                rows[index].first = min(rows[index].first, stretch.reads(first, last, rows[index].count)[0])


class _Builder:
    """Writes the calls of the streaming model."""

    def __init__(self, compiled: Compiled, rows: dict[int, Rows], hop: int, length: int) -> None:
        self._compiled = compiled
        self._rows = rows
        self._hop = hop
        self._length = length
        self._tensors = list(compiled.graph.tensors)
        self._aliases = dict(compiled.graph.aliases)
        self._places: dict[int, Place] = {}
        self._states = list(compiled.states)
        self._layers: list[Layer] = []
        self._stored: dict[int, tuple[int, int]] = {}  # tensor -> what stores it, its first row there

    def build(self) -> tuple[Compiled, str]:
        """The model, and what is to be said of its hop."""
        graph = self._compiled.graph
        source = self._rows[graph.inputs[0]]
        samples = self._new("samples", self._hop * source.row_bytes, graph.inputs[0])
        self._take_samples(source, samples)
        for layer in self._compiled.layers:
            target = self._rows.get(graph.root(layer.outputs[0]))
            if target is None:
                self._add(layer, layer.name, layer.inputs, layer.outputs)
            elif target.first < target.count:
                self._stretches(layer, target)
        phases = math.lcm(*(rows.phases for rows in self._rows.values() if rows.keeps)) if self._stored else 1
        counter = ""
        if phases > 1:
            counter = "phase"
            tensor = self._new("number of the hop, modulo the phases", 1, variable=True, dtype=DType.INT32)
            self._states.append(State(tensor, counter, DType.INT32, 1, 0, per_window=False))
        return self._compiled_of(samples, phases, counter)

    def _compiled_of(self, samples: int, phases: int, counter: str) -> tuple[Compiled, str]:
        whole = self._compiled
        graph = replace(
            whole.graph, tensors=tuple(self._tensors), aliases=self._aliases, inputs=(samples,), subgraphs=()
        )
        plan = plan_memory(graph, self._layers, graph.tensors)
        info = whole.info
        if info is not None:
            info = replace(info, window=replace(info.window, length=self._hop))
        note = ""
        step = max(rows.step for rows in self._rows.values())
        if phases > 1 and step < self._length:
            note = f"; a hop that is a multiple of {step} keeps one copy of each row and computes less a sample"
        found = replace(
            whole,
            graph=graph,
            layers=tuple(self._layers),
            plan=plan,
            states=tuple(self._states),
            info=info,
            stream=Stream(self._hop, self._length, phases, counter, self._places, whole.macs),
        )
        return found, note

    def _new(
        self, name: str, elements: int, like: int = -1, *, variable: bool = False, dtype: DType | None = None
    ) -> int:
        """A new tensor; with the type and quantization of ``like`` where that is given."""
        quant, kind = None, dtype or DType.INT8
        shape: tuple[int, ...] = (1, elements)
        if like >= 0:
            quant, kind = self._tensors[like].quant, self._tensors[like].dtype
            row = elements // self._hop // kind.bytes
            shape = (1, self._hop, row) if name == "samples" else (1, elements // kind.bytes)
            name = self._tensors[like].name
        self._tensors.append(Tensor(len(self._tensors), name, shape, kind, quant, None, variable))
        return len(self._tensors) - 1

    def _store(self, rows: Rows) -> int:
        """Where a tensor's rows lie from ``first`` on: a state with a copy a phase, or the arena; -1 for none yet."""
        size = (rows.count - rows.first) * rows.row_bytes
        if rows.keeps:
            stored = self._new("", rows.phases * size, rows.tensor, variable=True)
            tensor = self._tensors[stored]
            zero = tensor.quant.zero_point[0] if tensor.quant is not None else 0
            name = f"rows_{len(self._stored)}"
            self._states.append(State(stored, name, tensor.dtype, tensor.elements, zero, per_window=False))
        else:
            stored = self._new("", size, rows.tensor)
        self._stored[rows.tensor] = (stored, rows.first)
        self._alias(rows.tensor, stored, rows, 0)
        return stored

    def _alias(self, tensor: int, stored: int, rows: Rows, offset: int) -> None:
        self._aliases[tensor] = stored
        phases = rows.phases if rows.keeps else 1
        size = (rows.count - rows.first) * rows.row_bytes
        element = self._tensors[tensor].dtype.bytes
        if offset or phases > 1:
            self._places[tensor] = Place(offset // element, phases, size // element)

    def _view(self, tensor: int, first: int, last: int) -> int:
        """A tensor that is rows ``first`` to ``last`` of another."""
        rows = self._rows[tensor]
        stored, begin = self._stored[tensor]
        view = self._new("", (last - first) * rows.row_bytes, tensor)
        self._alias(view, stored, rows, (first - begin) * rows.row_bytes)
        return view

    def _add(
        self,
        layer: Layer,
        name: str,
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        params: Mapping[str, Param] | None = None,
        share: float = 1.0,
    ) -> None:
        whole = params is None
        part = replace(
            layer,
            index=len(self._layers),
            name=name,
            inputs=inputs,
            outputs=outputs,
            params=layer.params if params is None else params,
            macs=layer.macs if whole else round(layer.macs * share),
            overlaps=layer.overlaps if whole else (),
        )
        self._layers.append(counted(part))

    def _copy(self, layer: Layer, name: str, source: int, target: int) -> None:
        size = self._tensors[target].bytes
        self._add(
            replace(layer, stem="copy", kernel="tfg_copy", states=(), scratch_bytes=0, macs=0),
            name, (source,), (target,), {"bytes": size},
        )  # fmt: skip

    def _take_samples(self, rows: Rows, samples: int) -> None:
        """The window of the input: the samples themselves where no older ones are read."""
        if not rows.keeps:
            self._stored[rows.tensor] = (samples, rows.count - self._hop)
            self._aliases[rows.tensor] = samples
            return
        self._store(rows)
        like = self._compiled.layers[0]
        self._shift(like, "samples", rows)
        self._copy(like, "samples_new", samples, self._view(rows.tensor, rows.count - self._hop, rows.count))

    def _shift(self, layer: Layer, name: str, rows: Rows) -> None:
        """Move what is kept to where it lies in this window."""
        source = self._view(rows.tensor, rows.kept + rows.shift, rows.fresh + rows.shift)
        self._copy(layer, f"{name}_kept", source, self._view(rows.tensor, rows.kept, rows.fresh))

    def _stretches(self, layer: Layer, target: Rows) -> None:
        """The calls of one layer."""
        graph = self._compiled.graph
        sources = [self._rows[graph.root(index)] for index in layer.inputs]
        stretch = stretch_of(layer, graph, sources[0].count)
        if stretch is None:
            raise ValueError(f"{layer.name} was a stretch before")
        self._store(target)
        if target.keeps:
            self._shift(layer, layer.name, target)
        ranges = target.ranges()
        for number, (first, last) in enumerate(ranges):
            low, high = stretch.reads(first, last, sources[0].count)
            inputs = tuple(self._view(rows.tensor, low, high) for rows in sources)
            name = layer.name if number == len(ranges) - 1 else f"{layer.name}_first"
            self._add(
                layer, name, inputs, (self._view(target.tensor, first, last),),
                {**layer.params, **stretch.part(first, last, low, high)}, (last - first) / target.count,
            )  # fmt: skip
