"""What is done with a network besides training it: folding, storing, counting, asking."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.architectures.session import keras, tensorflow
from tinyforge.core.errors import DataError
from tinyforge.core.types import Float32Array, Preprocessing, array_digest
from tinyforge.core.windows import Windows

_CHUNK = 512
KERNELS = ("kernel", "recurrent_kernel", "depthwise_kernel", "pointwise_kernel")


def standardise(windows: Float32Array, preprocessing: Preprocessing) -> Float32Array:
    """``(raw - mean) / std`` per channel in float32.

    Args:
        windows: float32 [n, time, channel] in physical units.
    """
    mean = np.asarray(preprocessing.mean, np.float32)
    std = np.asarray(preprocessing.std, np.float32)
    result: Float32Array = (windows - mean) / std
    return result


def deploy(trained: Any, deployed: Any) -> Any:
    """Carry weights from a network as trained to the same network as deployed, folding batch normalisation.

    For a layer followed by ``<name>_bn``:  kernel' = kernel * s,  bias' = (bias - mean) * s + beta,
    s = gamma / sqrt(variance + epsilon)  (Jacob et al. 2018, "Quantization and Training of Neural Networks", 3.2).

    Args:
        trained, deployed: both built by one architecture, with and without ``training``.

    Returns:
        ``deployed``, with the weights set.
    """
    names = {layer.name for layer in trained.layers}
    for layer in deployed.layers:
        if not layer.weights:
            continue
        weights = trained.get_layer(layer.name).get_weights()
        if f"{layer.name}_bn" in names:
            norm = trained.get_layer(f"{layer.name}_bn")
            gamma, beta, mean, variance = (np.asarray(one, np.float64) for one in norm.get_weights())
            scale = gamma / np.sqrt(variance + norm.epsilon)
            kernel, bias = (np.asarray(one, np.float64) for one in weights)
            by_channel = scale if kernel.shape[-1] == scale.size else scale.reshape(kernel.shape[-2:])
            weights = [
                (kernel * by_channel).astype(np.float32),
                ((bias - mean) * scale + beta).astype(np.float32),
            ]
        layer.set_weights(weights)
    return deployed


class Predictor:
    """Asks a network for probabilities; its graph is traced once."""

    def __init__(self, model: Any) -> None:
        tf = tensorflow()
        length, channels = model.input_shape[1:]
        self._call = tf.function(
            lambda x: model(x, training=False), input_signature=[tf.TensorSpec((None, length, channels), tf.float32)]
        )
        self._classes = int(model.output_shape[-1])

    def __call__(self, windows: Float32Array) -> Float32Array:
        """Probabilities float32 [n, classes] for standardised windows [n, time, channel]."""
        parts = [self._call(windows[i : i + _CHUNK]).numpy() for i in range(0, len(windows), _CHUNK)]
        return np.concatenate(parts) if parts else np.zeros((0, self._classes), np.float32)

    def raw(self, windows: Windows, preprocessing: Preprocessing) -> Float32Array:
        """As a call, scores [window, class], for windows in physical units, cut as they are answered."""
        parts = [self(standardise(part, preprocessing)) for part in windows.chunks(_CHUNK)]
        return np.concatenate(parts) if parts else np.zeros((0, self._classes), np.float32)


def weights_digest(model: Any) -> str:
    """SHA-256 of all weights in the order of the model."""
    return array_digest(*model.get_weights())


def kernels(model: Any) -> list[tuple[str, npt.NDArray[np.float32]]]:
    """``layer/weight`` and value [..., out] of every weight matrix: what pruning and clustering work on; no biases."""
    found = []
    for layer in model.layers:
        for variable in layer.weights:
            stem = variable.name.rsplit("/", 1)[-1].split(":")[0]
            if stem in KERNELS:
                found.append((f"{layer.name}/{stem}", variable.numpy()))
    return found


def count(model: Any) -> tuple[int, int]:
    """Number of parameters, and of those that are not zero."""
    weights = model.get_weights()
    return sum(one.size for one in weights), sum(int(np.count_nonzero(one)) for one in weights)


def save(model: Any, path: Path) -> None:
    """Write a network as Keras HDF5; the file appears by rename, and the same network gives the same bytes."""
    partial = path.with_name(f".{path.stem}.partial.h5")
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(partial, save_format="h5", include_optimizer=False)
    os.replace(partial, path)


def load(path: Path) -> Any:
    """Read what :func:`save` wrote.

    Raises:
        DataError: the file is missing or no Keras model.
    """
    if not path.is_file():
        raise DataError(str(path), "no such model", "train it first: `tinyforge train`")
    try:
        return keras().models.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        raise DataError(str(path), "is no Keras HDF5 model", "train it again: `tinyforge train`") from error


def gzip_bytes(data: bytes) -> int:
    """Length of ``data`` after gzip -9, without a name or time in the header."""
    return len(gzip.compress(data, 9, mtime=0))
