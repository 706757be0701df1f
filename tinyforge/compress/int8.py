"""Full-int8 ``.tflite``: calibration, conversion, metadata, and what the reference interpreter makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.architectures.session import keras, tensorflow
from tinyforge.core.errors import ToolError
from tinyforge.core.types import Float32Array, IntArray, ModelInfo
from tinyforge.runtimes.graft import split
from tinyforge.runtimes.gru import HIDDEN_SCALE, QuantizedGru, run_gru
from tinyforge.runtimes.preprocess import preprocess

Told = Callable[[int, int], None]

_CHUNK = 64  # windows between two reports


def calibration_set(targets: IntArray, count: int, seed: int, groups: Sequence[str] = ()) -> npt.NDArray[np.int64]:
    """Indices of at most ``count`` windows, classes and people as equally often as they can be, chosen by ``seed``.

    Args:
        targets: class of each training window [n].
        groups: who gave each window [n]; empty where that is not known.

    Returns:
        Ascending indices into the training windows.
    """
    rng = np.random.default_rng([seed, 0xCA11B])
    queues = [_mixed(np.flatnonzero(targets == one), groups, rng) for one in np.unique(targets)]
    chosen: list[int] = []
    while len(chosen) < min(count, len(targets)):
        for queue in queues:
            if queue and len(chosen) < count:
                chosen.append(queue.pop())
    return np.sort(np.array(chosen, np.int64))


def _mixed(indices: npt.NDArray[np.int64], groups: Sequence[str], rng: np.random.Generator) -> list[int]:
    """Indices in an order whose every end has the groups as equally often as they can be."""
    shuffled = rng.permutation(indices)
    if not len(groups):
        return [int(index) for index in shuffled]
    turn: dict[str, int] = {}
    ranked: list[tuple[int, int, int]] = []
    for index in shuffled:
        group = str(groups[index])
        turn[group] = turn.get(group, 0) + 1
        ranked.append((turn[group], len(ranked), int(index)))
    return [index for _, _, index in sorted(ranked, reverse=True)]


def convert(model: Any, calibration: Float32Array | None, *, per_channel: bool = True) -> bytes:
    """A ``.tflite`` with a batch of one; the same network gives the same bytes.

    Args:
        model: deployed form.
        calibration: standardised windows [n, time, channel] for full int8 (inputs and outputs too); None for float32.
        per_channel: convolutions and dense layers have a scale for each output channel; otherwise one a matrix.
    """
    tf = tensorflow()
    model = _with_biases(model)

    def invoke(given: Any) -> Any:
        return model(given, training=False)

    window = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, "window")
    concrete = tf.function(invoke).get_concrete_function(window)
    holder = tf.Module()
    holder.kept = list(model.variables)  # all the converter's SavedModel needs; a Keras model takes four times as long
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], holder)
    if calibration is not None:

        def windows() -> Iterator[list[Float32Array]]:
            for index in range(len(calibration)):
                yield [calibration[index : index + 1]]

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = windows
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        converter._experimental_disable_per_channel = not per_channel  # noqa: SLF001  there is no public name
        converter._experimental_disable_per_channel_quantization_for_dense_layers = not per_channel  # noqa: SLF001
    return bytes(converter.convert())


def _with_biases(model: Any) -> Any:
    """The same network, its LSTM layers with a bias of zeros where they have none: calibration reads one regardless."""

    def bare(layer: Any) -> bool:
        return isinstance(layer, keras().layers.LSTM) and not layer.use_bias

    if not any(bare(layer) for layer in model.layers):
        return model

    def clone(layer: Any) -> Any:
        said = layer.get_config()
        return layer.__class__.from_config(said | {"use_bias": True} if bare(layer) else said)

    copy = keras().models.clone_model(model, clone_function=clone)
    for old, new in zip(model.layers, copy.layers, strict=True):
        zeros = [np.zeros(4 * new.units, np.float32)] if bare(old) else []
        new.set_weights([*old.get_weights(), *zeros])
    return copy


def constants(model: bytes) -> list[tuple[str, npt.NDArray[Any]]]:
    """Name and values, zero point subtracted, of every weight and bias of a ``.tflite``.

    These are the constant tensors that are float32, or integers with a scale; shapes and axes are left out.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    kinds = {
        schema.TensorType.FLOAT32: np.float32,
        schema.TensorType.INT8: np.int8,
        schema.TensorType.INT32: np.int32,
        schema.TensorType.INT16: np.int16,
    }
    root = schema.Model.GetRootAsModel(bytearray(model), 0)
    found = []
    for at in range(root.SubgraphsLength()):
        graph = root.Subgraphs(at)
        for index in range(graph.TensorsLength()):
            tensor = graph.Tensors(index)
            buffer = root.Buffers(tensor.Buffer())
            if buffer.DataLength() == 0 or tensor.Type() not in kinds:
                continue
            scaled = tensor.Quantization() is not None and tensor.Quantization().ScaleLength() > 0
            if tensor.Type() != schema.TensorType.FLOAT32 and not scaled:
                continue
            values = np.frombuffer(buffer.DataAsNumpy().tobytes(), kinds[tensor.Type()]).reshape(tensor.ShapeAsNumpy())
            zero = tensor.Quantization().ZeroPoint(0) if scaled and tensor.Quantization().ZeroPointLength() else 0
            found.append((tensor.Name().decode(), values - values.dtype.type(zero)))
    return found


def run(model: bytes, windows: Float32Array, info: ModelInfo, told: Told | None = None) -> Float32Array:
    """Probabilities [n, classes] from the reference kernels, variables reset before each window.

    Args:
        model: a ``.tflite`` of :func:`convert`, int8 or float32, or one with GRU layers of ours.
        windows: raw windows [n, time, channel].
        told: called as ``told(done, n)`` now and then.

    Raises:
        ToolError: the interpreter does not take the model.
    """
    parts = [_Part(part) for part in split(model)]
    taken = parts[0].taken
    if taken.kind == np.int8:
        inputs: npt.NDArray[Any] = preprocess(info, taken.scale, taken.zero_point, windows)
    else:
        mean = np.asarray(info.preprocessing.mean, np.float32)
        inputs = (windows - mean) / np.asarray(info.preprocessing.std, np.float32)
    outputs = []
    for begin in range(0, len(inputs), _CHUNK):
        if told is not None:
            told(begin, len(inputs))
        values = inputs[begin : begin + _CHUNK]
        for part in parts:
            values = part.run(values)
        outputs.append(values.astype(np.float32))
    given = parts[-1].given
    real: Float32Array = np.concatenate(outputs)
    if given.kind == np.int8:
        real = (real - np.float32(given.zero_point)) * np.float32(given.scale)
    return real


@dataclass(frozen=True, slots=True)
class _Side:
    """What one end of a model takes or gives."""

    kind: type
    shape: tuple[int, ...]
    scale: float
    zero_point: int


class _Part:
    """A part of a model that is run by one means: the interpreter, or the twin of our GRU."""

    def __init__(self, part: bytes | QuantizedGru) -> None:
        self._part = part
        if isinstance(part, QuantizedGru):
            self.taken = _Side(np.int8, (), part.input_scale, part.input_zero_point)
            self.given = _Side(np.int8, (), HIDDEN_SCALE, 0)
            return
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        try:
            self._interpreter = Interpreter(
                model_content=part, num_threads=1, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
            )
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ToolError("LiteRT interpreter", f"refuses the converted model: {error}") from error
        details = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]
        self._source, self._target = (detail["index"] for detail in details)
        self.taken, self.given = (
            _Side(detail["dtype"], tuple(map(int, detail["shape"])), *detail["quantization"]) for detail in details
        )

    def run(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Inferences [n, ...] to [n, ...]; a GRU gives every step, and what follows takes all or the last."""
        if isinstance(self._part, QuantizedGru):
            return run_gru(self._part, values)
        if values.ndim > len(self.taken.shape):
            values = values[:, -1]
        return np.concatenate([self._invoke(values[index : index + 1]) for index in range(len(values))])

    def _invoke(self, value: npt.NDArray[Any]) -> npt.NDArray[Any]:
        self._interpreter.reset_all_variables()
        self._interpreter.set_tensor(self._source, value)
        self._interpreter.invoke()
        result: npt.NDArray[Any] = self._interpreter.get_tensor(self._target)
        return result
