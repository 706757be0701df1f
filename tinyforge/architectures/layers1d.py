"""What the convolutional networks share: convolutions over time, each with the batch normalisation that training adds.

A convolution over time is a Conv2D with a (k, 1) kernel over [time, 1, channels]: the same arithmetic as Conv1D, and
accepted by tfmot's quantization-aware training, which refuses Conv1D. A layer ``<name>`` that has a batch normalisation
while training is followed by ``<name>_bn``; :func:`tinyforge.architectures.network.deploy` folds it.
"""

from __future__ import annotations

from typing import Any

from tinyforge.architectures.session import keras

HEADS = ("mean", "flatten", "mean_max")
HEAD_DOC = (
    "what is scored: the mean over time; flatten: every moment (more weights); mean_max: mean and largest value over "
    "time"
)


class Stack:
    """Layers one after the other over [time, 1, channels].

    Args:
        x: the Keras tensor to begin with, [batch, time, channels].
        training: whether batch normalisations are put in.
        batch_norm: whether there are any at all.
        padding: ``valid`` or ``same``.
    """

    def __init__(self, x: Any, *, training: bool, batch_norm: bool, padding: str) -> None:
        self._layers = keras().layers
        _, length, channels = x.shape
        self.x = self._layers.Reshape((length, 1, channels), name="column")(x)
        self._norm = training and batch_norm
        self._padding = padding

    def conv(
        self,
        name: str,
        filters: int,
        kernel: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        relu: bool = True,
        padding: str = "",
    ) -> None:
        """A convolution over time; ``padding`` where it is to be other than the stack's."""
        layer = self._layers.Conv2D(
            filters,
            (kernel, 1),
            strides=(stride, 1),
            dilation_rate=(dilation, 1),
            padding=padding or self._padding,
            name=name,
        )
        self._finish(layer, name, relu=relu)

    def depthwise(self, name: str, kernel: int, *, stride: int = 1) -> None:
        """A convolution over time of each channel by itself."""
        layer = self._layers.DepthwiseConv2D((kernel, 1), strides=(stride, stride), padding=self._padding, name=name)
        self._finish(layer, name, relu=True)

    def max_pool(self, name: str, samples: int) -> None:
        """The largest of every ``samples`` values."""
        if samples > 1:
            self.x = self._layers.MaxPooling2D((samples, 1), name=name)(self.x)

    def add(self, name: str, other: Any) -> None:
        """The sum with an earlier tensor of the same shape, rectified."""
        self.x = self._layers.Add(name=name)([other, self.x])
        self.x = self._layers.ReLU(name=f"{name}_relu")(self.x)

    def _finish(self, layer: Any, name: str, *, relu: bool) -> None:
        x = layer(self.x)
        if self._norm:
            x = self._layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
        self.x = self._layers.ReLU(name=f"{name}_relu")(x) if relu else x

    def head(self, kind: str) -> Any:
        """Features [batch, n]: ``kind`` is one of :data:`HEADS`."""
        if kind == "flatten":
            return self._layers.Flatten(name="flatten")(self.x)
        mean = self._layers.GlobalAveragePooling2D(name="mean")(self.x)
        if kind == "mean":
            return mean
        largest = self._layers.GlobalMaxPooling2D(name="largest")(self.x)
        return self._layers.Concatenate(name="mean_max")([mean, largest])


def scores(x: Any, classes: int, *, hidden: int, dropout: float) -> Any:
    """Features to probabilities: dropout while training, a dense layer or none, softmax.

    Args:
        x: features [batch, n].
        hidden: units of the dense layer before the scores; 0 for none.
        dropout: fraction of the features dropped; 0 for none, as when deployed.
    """
    layers = keras().layers
    if dropout:
        from tinyforge.architectures.dropout import repeatable_dropout

        x = repeatable_dropout(dropout, "dropout")(x)
    if hidden:
        x = layers.Dense(hidden, activation="relu", name="hidden")(x)
    return layers.Dense(classes, activation="softmax", name="scores")(x)
