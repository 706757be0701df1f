"""Where a training is watched from outside: TensorBoard's event files and, if it is installed, MLflow.

Neither may stop a training: what goes wrong with them is said in the log.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from tinyforge.architectures.loop import Epoch
from tinyforge.architectures.session import tensorflow
from tinyforge.core.types import ModelSpec

_MEASURED = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


class Logs:
    """Both, or those that are there.

    MLflow is told where to write by its own variables (``MLFLOW_TRACKING_URI``, ``MLFLOW_EXPERIMENT_NAME``).

    Args:
        spec: what is trained.
        folder: takes TensorBoard's events; empty for none.
    """

    def __init__(self, spec: ModelSpec, folder: str) -> None:
        self._events: Any = None
        self._mlflow: Any = None
        if folder:
            self._events = tensorflow().summary.create_file_writer(os.path.join(folder, spec.name))
        if folder and find_spec("mlflow"):
            self._try_mlflow(lambda: self._start(spec))

    def _start(self, spec: ModelSpec) -> None:
        import mlflow

        mlflow.start_run(run_name=spec.name)
        self._mlflow = mlflow
        plain = {key: value for key in spec.__slots__ if not isinstance(value := getattr(spec, key), Mapping)}
        mlflow.log_params(plain | dict(spec.parameters) | dict(spec.augmentation))

    def epoch(self, row: Epoch) -> None:
        """Note an epoch."""
        values = {key: float(getattr(row, key)) for key in _MEASURED}
        self._scalars(values, row.epoch)

    def result(self, metrics: Mapping[str, Any]) -> None:
        """Note what the network measures in the end, by side of the split, and finish."""
        values = {
            f"{side}/{key}": float(said[key]) for side, said in metrics.items() for key in ("accuracy", "macro_f1")
        }
        self._scalars(values, 0)
        if self._events is not None:
            self._events.close()
        if self._mlflow is not None:
            self._try_mlflow(self._mlflow.end_run)

    def _scalars(self, values: Mapping[str, float], step: int) -> None:
        if self._events is not None:
            tf = tensorflow()
            with self._events.as_default():
                for key, value in values.items():
                    tf.summary.write(key, tf.constant(value, tf.float32), step, metadata=_scalar())
            self._events.flush()
        if self._mlflow is not None:
            self._try_mlflow(lambda: self._mlflow.log_metrics(dict(values), step=step))

    def _try_mlflow(self, work: Callable[[], object]) -> None:
        """Somebody else's server: whatever it raises is said once, and MLflow is left alone from then on."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - see above
            sys.stderr.write(f"MLflow: {type(error).__name__}: {error}\n")
            self._mlflow = None


def _scalar() -> Any:
    """What tells TensorBoard to draw a value as a curve; ``tf.summary.scalar`` would need TensorBoard installed."""
    summary = tensorflow().compat.v1.SummaryMetadata()
    summary.plugin_data.plugin_name = "scalars"
    summary.data_class = 1  # DATA_CLASS_SCALAR of tensorboard/compat/proto/summary.proto
    return summary
