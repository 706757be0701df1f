"""Pruning and clustering with tfmot: wrap the layers, go on training, carry the weights back to the plain network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinyforge.architectures.loop import Epoch, Examples, Stepper, run_epochs
from tinyforge.architectures.network import kernels
from tinyforge.architectures.recurrent import fuse
from tinyforge.architectures.session import keras
from tinyforge.core.errors import ToolError
from tinyforge.core.types import CompressionPlan, Float32Array, IntArray, ModelSpec

_RATE = 0.5  # of the learning rate of training
_RAMP = 0.6  # of the steps, during which sparsity grows
_MASK_UPDATES = 20

OnEpoch = Callable[[Epoch, int], None]
Side = tuple[Float32Array, IntArray]


def _fused_copy(model: Any) -> Any:
    """The same network, its LSTM layers quick to train."""

    def clone(layer: Any) -> Any:
        return fuse(layer.__class__.from_config(layer.get_config()))

    copy = keras().models.clone_model(model, clone_function=clone)
    copy.set_weights(model.get_weights())
    return copy


def _carry(wrapped: Any, plain: Any) -> None:
    """Weights of the layers inside tfmot's wrappers to the plain network's layers of the same names."""
    inner = {}
    for layer in wrapped.layers:
        inside = getattr(layer, "layer", layer)
        inner[inside.name] = inside
    for layer in plain.layers:
        if not layer.weights:
            continue
        values = []
        for variable in layer.weights:
            stem = variable.name.rsplit("/", 1)[-1].split(":")[0]
            holder = inner[layer.name]
            holder = getattr(holder, "cell", holder)
            values.append(np.asarray(getattr(holder, stem)))
        layer.set_weights(values)


def prune(
    model: Any, examples: Examples, validation: Side, plan: CompressionPlan, spec: ModelSpec, on_epoch: OnEpoch
) -> Any:
    """Magnitude pruning while training goes on (Zhu and Gupta 2017, "To prune, or not to prune": cubic schedule).

    Args:
        model: deployed form; takes the new weights.

    Returns:
        The model, with ``round(size * (1 - plan.sparsity))`` weights left in every kernel.

    Raises:
        ToolError: tfmot left another sparsity.
    """
    import tensorflow_model_optimization as tfmot

    batch = min(spec.batch_size, examples.per_epoch)
    per_epoch = examples.per_epoch // batch
    ramp = max(1, int(_RAMP * per_epoch * plan.prune_epochs))
    frequency = max(1, ramp // _MASK_UPDATES)
    ramp = ramp // frequency * frequency  # the last update of the masks must meet the end of the schedule
    schedule = tfmot.sparsity.keras.PolynomialDecay(0.0, plan.sparsity, 0, ramp, power=3, frequency=frequency)
    names = {name.split("/")[0] for name, _ in kernels(model)}

    def wrap(layer: Any) -> Any:
        if layer.name in names:
            return tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule)
        return layer

    wrapped = keras().models.clone_model(_fused_copy(model), clone_function=wrap)
    wrappers = [layer for layer in wrapped.layers if hasattr(layer, "pruning_obj")]
    for wrapper in wrappers:
        wrapper.pruning_step.assign(0)

    def settle() -> None:
        for wrapper in wrappers:
            wrapper.pruning_obj.weight_mask_op()
        _carry(wrapped, model)

    run_epochs(
        Stepper(wrapped, batch),
        model,
        settle,
        examples,
        validation,
        epochs=plan.prune_epochs,
        learning_rate=_RATE * spec.learning_rate,
        patience=plan.prune_epochs,
        eligible_from=min(-(-ramp // per_epoch), plan.prune_epochs - 1),
        on_epoch=on_epoch,
    )
    for name, value in kernels(model):
        left = int(np.count_nonzero(value))
        wanted = max(1, round(value.size * (1 - plan.sparsity)))
        if abs(left - wanted) > 1:
            raise ToolError(
                "pruning", f"{name} keeps {left} of {value.size} weights instead of {wanted}", "take more prune_epochs"
            )
    return model


def cluster(
    model: Any, examples: Examples, validation: Side, plan: CompressionPlan, spec: ModelSpec, on_epoch: OnEpoch
) -> Any:
    """Weight sharing while training goes on: every kernel takes at most ``plan.clusters`` values; zeros stay zero.

    Args:
        model: deployed form; takes the new weights. Layers that have no more values as it is stay as they are.

    Raises:
        ToolError: tfmot left more values.
    """
    from tensorflow_model_optimization.python.core.clustering.keras.experimental import cluster as tfmot_cluster

    many: dict[str, bool] = {}
    sparse = False
    for name, value in kernels(model):
        layer_name = name.split("/")[0]
        many[layer_name] = many.get(layer_name, False) or int(np.unique(value).size) > plan.clusters
        sparse |= int(np.count_nonzero(value)) < value.size

    def wrap(layer: Any) -> Any:
        if many.get(layer.name, False):
            return tfmot_cluster.cluster_weights(
                layer,
                plan.clusters,
                tfmot_cluster.CentroidInitialization.KMEANS_PLUS_PLUS,
                preserve_sparsity=sparse,
            )
        layer.trainable = layer.name not in many  # a kernel that is small enough must not grow values again
        return layer

    wrapped = keras().models.clone_model(_fused_copy(model), clone_function=wrap)
    wrappers = [layer for layer in wrapped.layers if hasattr(layer, "cluster_centroids")]

    def settle() -> None:
        for wrapper in wrappers:
            wrapper.update_clustered_weights_associations()
        _carry(wrapped, model)

    if wrappers:
        run_epochs(
            Stepper(wrapped, min(spec.batch_size, examples.per_epoch)),
            model,
            settle,
            examples,
            validation,
            epochs=plan.cluster_epochs,
            learning_rate=_RATE * spec.learning_rate,
            patience=max(1, plan.cluster_epochs),
            on_epoch=on_epoch,
        )
    for name, value in kernels(model):
        values = np.unique(value).size
        if values > plan.clusters:
            raise ToolError("clustering", f"{name} has {values} values instead of {plan.clusters}")
    return model
