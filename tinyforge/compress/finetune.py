"""Pruning and clustering with tfmot: wrap the layers, go on training, carry the weights back to the plain network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.architectures.loop import Epoch, Examples, Stepper, past_share, run_epochs
from tinyforge.architectures.network import kernels
from tinyforge.architectures.recurrent import fuse
from tinyforge.architectures.session import keras
from tinyforge.compress.patterns import UNSTRUCTURED, Pattern, fits, kept, mask_in_tensorflow, parse_pattern
from tinyforge.core.errors import ToolError
from tinyforge.core.types import CompressionPlan, Float32Array, IntArray, ModelSpec

_PRUNING_RATE = 2.0  # of the learning rate of training: measured on a GRU of 80 % zeros, 97.6 % instead of 94.2
_PRUNING_RATE_MOST = 4e-3  # or that of training, if it is more
_CLUSTERING_RATE = 0.2  # a repair: at 0.5 and more an LSTM went elsewhere and lost a point
_RAMP = 0.4  # of the steps, during which sparsity grows
_MASK_UPDATES = 20
_AVERAGING = 0.9  # share of the past in the average of the weights, once all zeros are in place

OnEpoch = Callable[[Epoch, int], None]
Side = tuple[Float32Array, IntArray]


def compressible(model: Any) -> list[tuple[str, npt.NDArray[np.float32]]]:
    """``layer/weight`` and value [..., out] of what is pruned and clustered: all matrices but depthwise kernels."""
    return [(name, value) for name, value in kernels(model) if not name.endswith("/depthwise_kernel")]


def fused_copy(model: Any) -> Any:
    """The same network with weights of its own, its LSTM layers quick to compute."""

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


class _Average:
    """A running average of a network's weights over its epochs, as training has one; zeros that stay, stay in it.

    Args:
        start: the first epoch that counts.
    """

    def __init__(self, start: int) -> None:
        self._epoch = -start
        self._weights: list[npt.NDArray[Any]] = []

    def take(self, model: Any) -> None:
        """Count the weights of one more epoch in, and leave the average in their place."""
        if self._epoch >= 0:
            share = np.float32(past_share(_AVERAGING, self._epoch))
            now = model.get_weights()
            pairs = zip(self._weights or now, now, strict=True)
            self._weights = [share * past + (np.float32(1) - share) * one for past, one in pairs]
            model.set_weights(self._weights)
        self._epoch += 1


def prune(
    model: Any, examples: Examples, validation: Side, plan: CompressionPlan, spec: ModelSpec, on_epoch: OnEpoch
) -> Any:
    """Magnitude pruning while training goes on (Zhu and Gupta 2017, "To prune, or not to prune": cubic schedule).

    Args:
        model: deployed form; takes the new weights.

    Returns:
        The model, with ``round(size * (1 - sparsity))`` weights left in every kernel, in the plan's pattern. Depthwise
        kernels stay whole: they are small, and every weight is a channel's only one for its sample.

    Raises:
        ToolError: tfmot left another sparsity.
    """
    import tensorflow_model_optimization as tfmot

    wanted = {name: plan.sparsity_of(name.split("/")[0]) for name, _ in compressible(model)}
    wanted = {name: sparsity for name, sparsity in wanted.items() if sparsity > 0}
    if not wanted:
        return model

    batch = min(spec.batch_size, examples.per_epoch)
    per_epoch = examples.per_epoch // batch
    ramp = max(1, int(_RAMP * per_epoch * plan.prune_epochs))
    frequency = max(1, ramp // _MASK_UPDATES)
    ramp = ramp // frequency * frequency  # the last update of the masks must meet the end of the schedule
    pruned_layers = {name.split("/")[0] for name in wanted}
    pattern_of = {layer: _pattern_of(plan, layer) for layer in pruned_layers}

    def wrap(layer: Any) -> Any:
        if layer.name not in pruned_layers:
            return layer
        schedule = tfmot.sparsity.keras.PolynomialDecay(
            0.0, plan.sparsity_of(layer.name), 0, ramp, power=3, frequency=frequency
        )
        return tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule)

    wrapped = keras().models.clone_model(fused_copy(model), clone_function=wrap)
    wrappers = [layer for layer in wrapped.layers if hasattr(layer, "pruning_obj")]
    for wrapper in wrappers:
        wrapper.pruning_step.assign(0)
        _use_pattern(wrapper, pattern_of[wrapper.layer.name])

    whole_from = min(-(-ramp // per_epoch), plan.prune_epochs - 1)  # the first epoch that ends with all zeros in place
    average = _Average(whole_from)

    def settle() -> None:
        for wrapper in wrappers:
            wrapper.pruning_obj.weight_mask_op()
        _carry(wrapped, model)
        average.take(model)

    run_epochs(
        Stepper(wrapped, batch),
        model,
        settle,
        examples,
        validation,
        epochs=plan.prune_epochs,
        learning_rate=max(spec.learning_rate, min(_PRUNING_RATE * spec.learning_rate, _PRUNING_RATE_MOST)),
        patience=plan.prune_epochs,
        eligible_from=whole_from,
        on_epoch=on_epoch,
    )
    for name, value in compressible(model):
        if name not in wanted:
            continue
        pattern = pattern_of[name.split("/")[0]]
        if not fits(value, pattern, wanted[name]):
            low, high = kept(value.shape, pattern, wanted[name])
            raise ToolError(
                "pruning",
                f"{name} keeps {int(np.count_nonzero(value))} of {value.size} weights instead of {low} to {high}, or"
                f" not in the pattern {pattern.name}",
                "take more prune_epochs",
            )
    return model


def _pattern_of(plan: CompressionPlan, layer: str) -> Pattern:
    """The plan's pattern; a layer with a sparsity of its own, which an N:M pattern has not, is pruned without one."""
    own = "sparsity" in plan.layers.get(layer, {})
    if own and ":" in plan.pattern:
        return Pattern(UNSTRUCTURED)
    return parse_pattern(plan.pattern, plan.sparsity_of(layer))


def _use_pattern(wrapper: Any, pattern: Pattern) -> None:
    """Let tfmot's wrapper choose weights by our pattern; its own block and M-by-N masks know no convolution."""
    if pattern.width == 1:
        return
    pruning = wrapper.pruning_obj
    schedule = wrapper.pruning_schedule

    def choose(weights: Any) -> tuple[float, Any]:
        return 0.0, mask_in_tensorflow(weights, pattern, schedule(wrapper.pruning_step)[1])

    pruning._maybe_update_block_mask = choose  # noqa: SLF001  the one place where tfmot decides


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
    for name, value in compressible(model):
        layer_name = name.split("/")[0]
        if clusters := plan.clusters_of(layer_name):
            many[layer_name] = many.get(layer_name, False) or int(np.unique(value).size) > clusters
        sparse |= int(np.count_nonzero(value)) < value.size

    def wrap(layer: Any) -> Any:
        if many.get(layer.name, False):
            return tfmot_cluster.cluster_weights(
                layer,
                plan.clusters_of(layer.name),
                tfmot_cluster.CentroidInitialization.KMEANS_PLUS_PLUS,
                preserve_sparsity=sparse,
            )
        layer.trainable = layer.name not in many  # a kernel that is small enough must not grow values again
        return layer

    wrapped = keras().models.clone_model(fused_copy(model), clone_function=wrap)
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
            learning_rate=_CLUSTERING_RATE * spec.learning_rate,
            patience=max(1, plan.cluster_epochs),
            on_epoch=on_epoch,
        )
    for name, value in compressible(model):
        values, clusters = np.unique(value).size, plan.clusters_of(name.split("/")[0])
        if clusters and values > clusters:
            raise ToolError("clustering", f"{name} has {values} values instead of {clusters}")
    return model
