"""A recurrent network: one LSTM layer over the window, the mean of its outputs scored by a dense layer.

Deployed, the LSTM is the looping legacy-Keras layer that the converter turns into UNIDIRECTIONAL_SEQUENCE_LSTM.
Training computes the same layer by one fused operator, see :mod:`tinyforge.architectures.recurrent`.
"""

from __future__ import annotations

from typing import Any

from tinyforge.architectures.recurrent_family import recurrent_architecture


def _layer(units: int, every: bool, training: bool) -> Any:
    from tinyforge.architectures.recurrent import fuse
    from tinyforge.architectures.session import keras

    lstm = keras().layers.LSTM(units, return_sequences=every, name="lstm")
    return fuse(lstm) if training else lstm


ARCHITECTURE = recurrent_architecture("lstm", _layer)
