"""Quantization-aware training: the network goes on training while it computes as its int8 form will."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyforge.architectures.loop import Epoch, Examples, Stepper, run_epochs
from tinyforge.architectures.network import Predictor, kernels, standardise
from tinyforge.compress.fake_quant import Keep, fake_quant_network, scale_groups
from tinyforge.core.errors import ToolError
from tinyforge.core.metrics import measure_losses
from tinyforge.core.types import CompressionPlan, Float32Array, IntArray, ModelSpec

_RATE = 1.0  # of the learning rate of training; half of it left LSTM and GRU a greater loss on the validation windows
_CODEBOOK_RATE = 0.25  # likewise, where weights share values: a step moves all weights of one value
_AVERAGING = 0.9  # share of the past in the average of the weights, as in training

OnEpoch = Callable[[Epoch, int], None]
Side = tuple[Float32Array, IntArray]


@dataclass(frozen=True, slots=True)
class Awareness:
    """What quantization-aware training did.

    Attributes:
        kept_epoch: whose weights were kept; -1 when none was better than the start.
        loss_before, loss_after: cross-entropy of the int8 emulation on the validation windows, in nats.
    """

    kept_epoch: int
    loss_before: float
    loss_after: float


def quantization_aware(
    model: Any,
    examples: Examples,
    validation: Side,
    calibration: Float32Array,
    plan: CompressionPlan,
    spec: ModelSpec,
    keep: Keep,
    on_epoch: OnEpoch,
) -> Awareness:
    """Train on with int8 rounding in every place where the int8 model has it; leave on-grid weights in ``model``.

    What is measured and kept are the weights averaged over the epochs, rounded anew. The epoch with the best validation
    loss *of the int8 emulation* is kept; the start, which is plain quantization after training, takes part in the
    comparison, and where it is the best ``model`` stays as it is.

    Args:
        model: deployed form; takes the new weights.
        validation: raw windows [n, time, channel] and targets [n].
        calibration: standardised windows [n, time, channel] that set the ranges, here and in the converter.
        keep: zeros and codebooks that must stay.

    Raises:
        UnsupportedModelError: a layer that cannot be emulated.
        ToolError: zeros or codebooks were lost.
    """
    before = kernels(model)
    network, trained = fake_quant_network(model, keep), fake_quant_network(model, keep)
    network.calibrate(calibration)
    trained.calibrate(calibration)
    x_val = standardise(validation[0], examples.preprocessing)
    loss_before, _ = measure_losses(Predictor(network.model)(x_val), validation[1])
    stepper = Stepper(trained.model, min(spec.batch_size, examples.per_epoch), _AVERAGING)

    def settle() -> None:
        with stepper.averaged():
            network.model.set_weights(trained.model.get_weights())
        network.calibrate(calibration)
        trained.calibrate(calibration)

    rate = _CODEBOOK_RATE if any(keep.clusters.values()) else _RATE
    course = run_epochs(
        stepper,
        network.model,
        settle,
        examples,
        validation,
        epochs=plan.qat_epochs,
        learning_rate=rate * spec.learning_rate,
        patience=plan.qat_epochs,
        on_epoch=on_epoch,
    )
    loss_after = course.rows[course.best_epoch].val_loss
    if loss_after >= loss_before:  # not even rounded: the converter shall find what it finds after plain training
        return Awareness(-1, loss_before, loss_before)
    network.give_weights(model)
    _check(model, before, keep)
    return Awareness(course.best_epoch, loss_before, loss_after)


def _check(model: Any, before: Sequence[tuple[str, Any]], keep: Keep) -> None:
    """Refuse what lost its zeros or its codebook; a gate's matrix has a grid, and so a codebook, of its own."""
    for (name, old), (_, new) in zip(before, kernels(model), strict=True):
        if keep.zeros and np.any(new[old == 0]):
            raise ToolError("quantization-aware training", f"{name} lost zeros", "report this")
        groups = scale_groups(model.get_layer(name.split("/")[0]), new.shape, per_channel=False)
        values = max(np.unique(new.reshape(groups)[:, group]).size for group in range(groups[1]))
        if np.unique(old).size <= keep.clusters.get(name, 0) < values:
            raise ToolError("quantization-aware training", f"{name} has {values} values", "report this")
