"""Full-int8 ``.tflite``: calibration, conversion, metadata, and what the reference interpreter makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.architectures.session import tensorflow
from tinyforge.core.errors import ToolError
from tinyforge.core.model_info import METADATA_NAME
from tinyforge.core.types import Float32Array, IntArray, ModelInfo
from tinyforge.runtimes.preprocess import preprocess

Told = Callable[[int, int], None]


def calibration_set(targets: IntArray, count: int, seed: int) -> npt.NDArray[np.int64]:
    """Indices of at most ``count`` windows, the classes as equally often as they can be, chosen by ``seed``.

    Args:
        targets: class of each training window [n].

    Returns:
        Ascending indices into the training windows.
    """
    rng = np.random.default_rng([seed, 0xCA11B])
    queues = [list(rng.permutation(np.flatnonzero(targets == one))) for one in np.unique(targets)]
    chosen: list[int] = []
    while len(chosen) < min(count, len(targets)):
        for queue in queues:
            if queue and len(chosen) < count:
                chosen.append(int(queue.pop()))
    return np.sort(np.array(chosen, np.int64))


def convert(model: Any, calibration: Float32Array | None) -> bytes:
    """A ``.tflite`` with a batch of one; the same network gives the same bytes.

    Args:
        model: deployed form.
        calibration: standardised windows [n, time, channel] for full int8 (inputs and outputs too); None for float32.
    """
    tf = tensorflow()

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
    return bytes(converter.convert())


def with_metadata(model: bytes, content: bytes) -> bytes:
    """The same model with the metadata entry ``TINYFORGE``; one that is there is replaced."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(model), 0))
    entries = tree.metadata or []
    place = next((entry.buffer for entry in entries if entry.name == METADATA_NAME.encode()), None)
    if place is None:
        buffer = schema.BufferT()
        tree.buffers.append(buffer)
        entry = schema.MetadataT()
        entry.name = METADATA_NAME.encode()
        entry.buffer = len(tree.buffers) - 1
        entries.append(entry)
    else:
        buffer = tree.buffers[place]
    buffer.data = np.frombuffer(content, np.uint8)
    tree.metadata = entries
    return bytes(flatbuffer_utils.convert_object_to_bytearray(tree))


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
        model: a ``.tflite`` of :func:`convert`: int8, or float32.
        windows: raw windows [n, time, channel].
        told: called as ``told(done, n)`` now and then.

    Raises:
        ToolError: the interpreter does not take the model.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    try:
        interpreter = Interpreter(
            model_content=model, num_threads=1, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ToolError("LiteRT interpreter", f"refuses the converted model: {error}") from error
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    if taken["dtype"] == np.int8:
        scale, zero_point = taken["quantization"]
        inputs: npt.NDArray[Any] = preprocess(info, scale, zero_point, windows)
    else:
        mean = np.asarray(info.preprocessing.mean, np.float32)
        inputs = (windows - mean) / np.asarray(info.preprocessing.std, np.float32)
    outputs = np.empty((len(windows), int(given["shape"][-1])), np.float32)
    scale, zero_point = given["quantization"] if given["dtype"] == np.int8 else (1.0, 0)
    for index in range(len(inputs)):
        interpreter.reset_all_variables()
        interpreter.set_tensor(taken["index"], inputs[index : index + 1])
        interpreter.invoke()
        raw = interpreter.get_tensor(given["index"])[0].astype(np.float32)
        outputs[index] = (raw - zero_point) * np.float32(scale)
        if told is not None and index % 64 == 0:
            told(index, len(inputs))
    return outputs
