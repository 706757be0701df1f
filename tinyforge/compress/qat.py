"""Quantization-aware training: the network goes on training while it computes as its int8 form will."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.architectures.loop import Epoch, Examples, Stepper, run_epochs
from tinyforge.architectures.network import Predictor, kernels, standardise
from tinyforge.compress.fake_quant import Keep, fake_quant_network, scale_groups
from tinyforge.core.errors import ToolError
from tinyforge.core.metrics import measure_losses, window_losses
from tinyforge.core.types import CompressionPlan, Float32Array, IntArray, ModelSpec

_RATE = 1.0  # of the learning rate of training; half of it left LSTM and GRU a greater loss on the validation windows
_CODEBOOK_RATE = 0.25  # likewise, where weights share values: a step moves all weights of one value
_AVERAGING = 0.9  # share of the past in the average of the weights, as in training
_SURE = 2.0  # standard errors by which the loss must be less: the best of several epochs is a little better by chance

OnEpoch = Callable[[Epoch, int], None]
Side = tuple[Float32Array, IntArray]


@dataclass(frozen=True, slots=True)
class Awareness:
    """What quantization-aware training did.

    Attributes:
        kept_epoch: whose weights were kept; -1 when none was surely better than the start.
        loss_before, loss_after: cross-entropy of the int8 emulation on the validation windows, in nats.
    """

    kept_epoch: int
    loss_before: float
    loss_after: float


def quantization_aware(
    model: Any,
    examples: Examples,
    validation: Side,
    takes: npt.NDArray[np.str_],
    calibration: Float32Array,
    plan: CompressionPlan,
    spec: ModelSpec,
    keep: Keep,
    on_epoch: OnEpoch,
) -> Awareness:
    """Train on with int8 rounding in every place where the int8 model has it; leave on-grid weights in ``model``.

    What is measured and kept are the weights averaged over the epochs, rounded anew. The epoch with the best validation
    loss *of the int8 emulation* is compared with the start, which is plain quantization after training: it is kept
    where it is surely better (:func:`surely_less`) and no more windows are wrong; else ``model`` stays as it is.

    Args:
        model: deployed form; takes the new weights.
        validation: raw windows [n, time, channel] and targets [n].
        takes: the recording of each of them [n].
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
    start = Predictor(network.model)(x_val)
    loss_before, right_before = measure_losses(start, validation[1])
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
    best = course.rows[course.best_epoch]
    gains = window_losses(Predictor(network.model)(x_val), validation[1]) - window_losses(start, validation[1])
    if best.val_accuracy < right_before or not surely_less(gains, takes, validation[1]):
        return Awareness(-1, loss_before, loss_before)  # not even rounded: the converter finds what training left
    network.give_weights(model)
    _check(model, before, keep)
    return Awareness(course.best_epoch, loss_before, best.val_loss)


def surely_less(differences: npt.NDArray[np.float64], takes: npt.NDArray[np.str_], targets: IntArray) -> bool:
    """Whether paired differences are below zero by more than chance.

    Windows of one recording overlap and err together: what counts is the mean of each recording's windows of one class,
    and how much these means differ among each other.

    Args:
        differences: of each window [n].
        takes: its recording [n].
        targets: its class [n].
    """
    pairs = [f"{take}\n{target}" for take, target in zip(takes, targets, strict=True)]
    _, index = np.unique(pairs, return_inverse=True)
    means = np.bincount(index, weights=differences) / np.bincount(index)
    if len(means) < 2:
        return False
    return bool(means.mean() + _SURE * means.std(ddof=1) / np.sqrt(len(means)) < 0)


def _check(model: Any, before: Sequence[tuple[str, Any]], keep: Keep) -> None:
    """Refuse what lost its zeros or its codebook; a gate's matrix has a grid, and so a codebook, of its own."""
    for (name, old), (_, new) in zip(before, kernels(model), strict=True):
        if keep.zeros and np.any(new[old == 0]):
            raise ToolError("quantization-aware training", f"{name} lost zeros", "report this")
        groups = scale_groups(model.get_layer(name.split("/")[0]), new.shape, per_channel=False)
        values = max(np.unique(new.reshape(groups)[:, group]).size for group in range(groups[1]))
        if np.unique(old).size <= keep.clusters.get(name, 0) < values:
            raise ToolError("quantization-aware training", f"{name} has {values} values", "report this")
