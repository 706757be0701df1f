"""From operators to kernel calls: what ``compiler/ops/*.py`` write into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

import numpy as np

from tinyforge.compiler.goal import Goal
from tinyforge.compiler.instructions import counted
from tinyforge.compiler.operators import OpView, find_operator
from tinyforge.compiler.packing import PLAIN
from tinyforge.core.graph import Array, DType, Graph, Layer, Op, Overlap, Param, State, Tensor

Found = TypeVar("Found")
Packs = dict[int, object]
"""What was packed, by operator."""


class Lowering:
    """Collects the kernel calls of a graph.

    Args:
        graph: after the passes.
        goal: what a faster form of a kernel may cost.
        forms: of operators' weights, by index; of others, plain ones.
        packs: what was packed before, to which more is added.

    Attributes:
        layers: the calls so far.
        states: memory between inferences so far.
        tensors: the graph's tensors, with those that lowerings added.
        offers: forms that operators' weights may take instead of the plain one, by index.
    """

    def __init__(
        self,
        graph: Graph,
        goal: Goal = Goal.BALANCED,
        forms: Mapping[int, str] | None = None,
        packs: Packs | None = None,
    ) -> None:
        self.graph = graph
        self.goal = goal
        self.offers: dict[int, tuple[str, ...]] = {}
        self._forms = forms or {}
        self._packs = {} if packs is None else packs
        self.layers: list[Layer] = []
        self.states: list[State] = []
        self.tensors: list[Tensor] = list(graph.tensors)
        self._op: Op | None = None
        self._counts: dict[str, int] = {}

    def run(self) -> None:
        """Lower every operator in order.

        Raises:
            UnsupportedModelError: by the first operator that cannot be lowered.
            ValueError: a pass made an operator that has no file.
        """
        for op in self.graph.ops:
            found = find_operator(op.kind)
            if found is None:
                raise ValueError(f"no lowering for {op.kind}: a pass produced an operator without a file")
            self._op = op
            found.lower(OpView(self.graph, op), self)

    def layer(
        self,
        stem: str,
        kernel: str,
        params: Mapping[str, Param],
        *,
        inputs: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        states: tuple[State, ...] = (),
        scratch_bytes: int = 0,
        macs: int = 0,
        inplace: tuple[tuple[int, int], ...] = (),
        overlaps: tuple[Overlap, ...] = (),
    ) -> None:
        """Add one kernel call; the arguments are those of ``Layer`` and ``inplace``.

        Args:
            inplace: pairs (input position, output position) of a kernel that reads all it needs of a byte before it
                writes a byte at or beyond that place: overlaps of distance 0.

        Raises:
            UnsupportedModelError: a constant is not finite, or a variable is kept by nothing.
            ValueError: no operator is being lowered.
        """
        if self._op is None:
            raise ValueError("a layer outside of an operator")
        number = self._counts.get(stem, 0)
        self._counts[stem] = number + 1
        checked = {name: _checked(stem, name, value) for name, value in params.items()}
        for tensor in inputs:
            if tensor.data is not None and tensor.data.dtype.kind == "f" and not np.all(np.isfinite(tensor.data)):
                OpView(self.graph, self._op).refuse("holds numbers that are not finite", "replace them", tensor)
        for tensor in (*inputs, *outputs):
            root = self.tensors[self.graph.root(tensor.index)]
            if root.variable and all(state.tensor != root.index for state in self.states):
                OpView(self.graph, self._op).refuse("is a variable that nothing keeps", "convert it again", tensor)
        layer = Layer(
            index=len(self.layers),
            op=self._op.index,
            stem=stem,
            kernel=kernel,
            name=f"{stem}_{number}",
            inputs=tuple(tensor.index for tensor in inputs),
            outputs=tuple(tensor.index for tensor in outputs),
            params=checked,
            states=tuple(state.name for state in states),
            scratch_bytes=scratch_bytes,
            macs=macs,
            overlaps=(*overlaps, *(Overlap(source, target) for source, target in inplace)),
        )
        self.layers.append(counted(layer))

    def form(self, view: OpView, *offered: str) -> str:
        """The form of the operator's weights: one of ``offered``, beside what was offered before, or ``PLAIN``."""
        self.offers[view.op.index] = (*self.offers.get(view.op.index, ()), *offered)
        form = self._forms.get(view.op.index, PLAIN)
        return form if form in offered else PLAIN

    def once(self, view: OpView, make: Callable[[], Found]) -> Found:
        """What ``make`` finds of the operator's weights, once for all lowerings; an operator has one such thing."""
        if view.op.index not in self._packs:
            self._packs[view.op.index] = make()
        return cast("Found", self._packs[view.op.index])

    def has_kernel(self, kernel: str) -> bool:
        """Whether a call before this one takes the same kernel: its code is there already."""
        return any(layer.kernel == kernel for layer in self.layers)

    def stored(self, member: str) -> bool:
        """Whether a call before this one has brought an array of this name."""
        return any(isinstance(layer.params.get(member), np.ndarray) for layer in self.layers)

    def temporary(self, like: Tensor, shape: tuple[int, ...], dtype: DType | None = None) -> Tensor:
        """A new activation between two calls of the same operator, quantized as ``like``."""
        tensor = Tensor(len(self.tensors), f"{like.name} (temporary)", shape, dtype or like.dtype, like.quant)
        self.tensors.append(tensor)
        return tensor

    def constant(self, name: str, data: Array) -> Tensor:
        """A new constant, of the shape of ``data`` [...], that a call reads beside the model's own."""
        tensor = Tensor(len(self.tensors), name, data.shape, DType(data.dtype.name), None, data)
        self.tensors.append(tensor)
        return tensor

    def state(self, tensor: Tensor, *, reset_value: int, per_window: bool) -> State:
        """Memory that lives between inferences; the same tensor always gives the same state."""
        for state in self.states:
            if state.tensor == tensor.index:
                return state
        state = State(tensor.index, f"state_{len(self.states)}", tensor.dtype, tensor.elements, reset_value, per_window)
        self.states.append(state)
        return state


def _checked(stem: str, name: str, value: Param) -> Param:
    """Parameters as Python int or float, or contiguous arrays of a type C can hold."""
    if value is None or isinstance(value, bool | int | np.integer):
        return None if value is None else int(value)
    if isinstance(value, float | np.floating):
        return float(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf" and value.size:
        return np.ascontiguousarray(value)
    raise ValueError(f"{stem}.{name}: cannot print {value!r}")
