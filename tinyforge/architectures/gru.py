"""A recurrent network: one GRU layer over the window, the mean of its outputs scored by a dense layer.

A GRU has three quarters of the weights of an LSTM of the same size. Deployed it is tinyforge's own int8 operator, see
:mod:`tinyforge.runtimes.gru`.
"""

from __future__ import annotations

from typing import Any

from tinyforge.architectures.recurrent_family import recurrent_architecture


def _layer(units: int, every: bool, training: bool) -> Any:  # noqa: ARG001 - see recurrent_architecture
    from tinyforge.architectures.session import keras

    return keras().layers.GRU(units, return_sequences=every, name="gru")


ARCHITECTURE = recurrent_architecture("gru", _layer)
