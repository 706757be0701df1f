"""Dropout whose masks depend on a counter only, so that a training taken up again continues with the same masks."""

from __future__ import annotations

import zlib
from typing import Any

from tinyforge.architectures.session import keras, tensorflow


def repeatable_dropout(rate: float, name: str) -> Any:
    """A layer that drops ``rate`` of its inputs while training and scales the rest by 1 / (1 - rate).

    The mask of step n is drawn from (name, n); n is a weight of the layer and so is part of every checkpoint.
    """
    tf = tensorflow()

    class RepeatableDropout(keras().layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name=name)
            self.step = self.add_weight("step", shape=(), dtype=tf.int32, initializer="zeros", trainable=False)

        def call(self, inputs: Any, training: Any = None) -> Any:
            if not training:
                return inputs
            seed = tf.stack([tf.constant(zlib.crc32(name.encode()) & 0x7FFFFFFF, tf.int32), self.step])
            self.step.assign_add(1)
            return tf.nn.experimental.stateless_dropout(inputs, rate, seed=seed)

    return RepeatableDropout()
