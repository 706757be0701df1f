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

_RATE = 0.25  # of the learning rate of training

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

    The epoch with the best validation loss *of the int8 emulation* is kept; the start, which is plain quantization
    after training, takes part in the comparison.

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
    network = fake_quant_network(model, keep)
    network.calibrate(calibration)
    start = network.model.get_weights()
    x_val = standardise(validation[0], examples.preprocessing)
    loss_before, _ = measure_losses(Predictor(network.model)(x_val), validation[1])
    course = run_epochs(
        Stepper(network.model, min(spec.batch_size, examples.per_epoch)),
        network.model,
        lambda: network.calibrate(calibration),
        examples,
        validation,
        epochs=plan.qat_epochs,
        learning_rate=_RATE * spec.learning_rate,
        patience=plan.qat_epochs,
        on_epoch=on_epoch,
    )
    kept, loss_after = course.best_epoch, course.rows[course.best_epoch].val_loss
    if loss_after >= loss_before:
        network.model.set_weights(start)
        kept, loss_after = -1, loss_before
    network.give_weights(model)
    _check(model, before, keep)
    return Awareness(kept, loss_before, loss_after)


def _check(model: Any, before: Sequence[tuple[str, Any]], keep: Keep) -> None:
    """Refuse what lost its zeros or its codebook; a gate's matrix has a grid, and so a codebook, of its own."""
    for (name, old), (_, new) in zip(before, kernels(model), strict=True):
        if keep.zeros and np.any(new[old == 0]):
            raise ToolError("quantization-aware training", f"{name} lost zeros", "report this")
        groups = scale_groups(model.get_layer(name.split("/")[0]), new.shape, per_channel=False)
        values = max(np.unique(new.reshape(groups)[:, group]).size for group in range(groups[1]))
        if np.unique(old).size <= keep.clusters.get(name, 0) < values:
            raise ToolError("quantization-aware training", f"{name} has {values} values", "report this")
