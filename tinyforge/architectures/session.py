"""TensorFlow, set up once a process so that the same job gives the same bits."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from tinyforge.core.errors import ToolError

# for the worker's environment: they must stand before TensorFlow is imported
ENVIRONMENT = {
    "TF_USE_LEGACY_KERAS": "1",  # tfmot and the int8 conversion of an LSTM need Keras 2
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_DETERMINISTIC_OPS": "1",
    "CUDA_VISIBLE_DEVICES": "-1",  # these networks are too small for a GPU, and a GPU's sums do not repeat
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
}
_NEEDED = ("tensorflow", "tf_keras", "tensorflow_model_optimization", "matplotlib")


def require_tensorflow(doing: str) -> None:
    """Check that what ``tinyforge[train]`` installs is there, without importing it.

    Raises:
        ToolError: naming what is missing.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ToolError(doing, f"needs {', '.join(missing)}", "pip install 'tinyforge[train]'")


def tensorflow() -> Any:
    """The TensorFlow module; sets legacy Keras before the first import.

    No method of ``os.environ`` is called: this also runs while TensorFlow traces a function, and AutoGraph, which
    cannot convert such a method, would print the whole environment into the log.
    """
    if "TF_USE_LEGACY_KERAS" not in os.environ:
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf

    return tf


def keras() -> Any:
    """Legacy Keras (Keras 2)."""
    return tensorflow().keras


def set_up(seed: int) -> None:
    """Make everything that follows in this process repeat: seeds, deterministic operators, one thread.

    One thread also is the fastest for networks of this size, and leaves the other cores to other models.
    """
    tf = tensorflow()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras().utils.set_random_seed(seed)
