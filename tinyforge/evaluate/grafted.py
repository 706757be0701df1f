"""Models with a GRU of ours inside: the interpreter and the layer's twin run their parts by turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.types import Int8Array
from tinyforge.runtimes.graft import split
from tinyforge.runtimes.gru import OPERATOR, GruState, QuantizedGru, run_gru

Open = Callable[[bytes], Any]


def has_own_operator(model: bytes) -> bool:
    """Whether the interpreter alone cannot run the model because it holds a layer of ours."""
    return OPERATOR.encode() in model


def run_by_turns(model: bytes, inputs: Int8Array, open_part: Open, *, keep_state: bool) -> Int8Array:
    """Outputs of an int8 model with one input and one output.

    Args:
        model: content of a ``.tflite``.
        inputs: int8 [n, ...], windows.
        open_part: an allocated interpreter of a part that has only operators the interpreter knows.
        keep_state: leave the states of recurrent layers as the window before left them.

    Returns:
        int8 [n, ...], the output without its batch.
    """
    parts = [_Gru(part) if isinstance(part, QuantizedGru) else _Interpreted(open_part(part)) for part in split(model)]
    shape = _output_shape(model)
    outputs = []
    for window in inputs:
        value: npt.NDArray[Any] = window
        for part in parts:
            if not keep_state:
                part.reset()
            value = part.run(value)
        outputs.append(value.reshape(-1)[-int(np.prod(shape)) :].reshape(shape))  # a last GRU may give its end only
    return np.stack(outputs)


def _output_shape(model: bytes) -> tuple[int, ...]:
    """Of the only output, without its batch."""
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.Model.GetRootAs(model, 0).Subgraphs(0)
    return tuple(int(size) for size in graph.Tensors(graph.Outputs(0)).ShapeAsNumpy())[1:]


class _Gru:
    """The twin; its state goes on until it is reset."""

    def __init__(self, layer: QuantizedGru) -> None:
        self._layer = layer
        self._state = GruState(layer.units)

    def reset(self) -> None:
        self._state = GruState(self._layer.units)

    def run(self, value: npt.NDArray[Any]) -> Int8Array:
        """int8 [time, units] of [time, features]."""
        return run_gru(self._layer, value.reshape(-1, self._layer.features), self._state)


class _Interpreted:
    """The reference kernels."""

    def __init__(self, interpreter: Any) -> None:
        self._interpreter = interpreter
        self._source = interpreter.get_input_details()[0]
        self._target = interpreter.get_output_details()[0]["index"]

    def reset(self) -> None:
        self._interpreter.reset_all_variables()

    def run(self, value: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The output without its batch; of a sequence that is longer than what is taken, the end is taken."""
        shape = tuple(int(size) for size in self._source["shape"])
        wanted = int(np.prod(shape))
        self._interpreter.set_tensor(self._source["index"], value.reshape(-1)[-wanted:].reshape(shape))
        self._interpreter.invoke()
        result: npt.NDArray[Any] = self._interpreter.get_tensor(self._target)[0]
        return result
