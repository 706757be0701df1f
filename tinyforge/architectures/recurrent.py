"""A Keras LSTM that trains several times as fast: all time steps are one operator, forwards and backwards.

``BlockLSTM`` computes what the Keras layer computes, equal up to the order of sums. (``BlockLSTMV2`` does so only
forwards: its registered gradient reads the gates in the order of version 1.) The layer stays a Keras LSTM in every
other respect, so that tfmot prunes and clusters it.
"""

from __future__ import annotations

from typing import Any

from tinyforge.architectures.session import keras, tensorflow


def fuse(layer: Any) -> Any:
    """Let ``layer`` compute itself by the fused operator if it is a plain LSTM.

    Returns:
        The same layer; others than such an LSTM are left alone.
    """
    if type(layer) is not keras().layers.LSTM or not _plain(layer):
        return layer
    tf = tensorflow()
    units = layer.units

    def gates(value: Any) -> Any:
        i, f, c, o = tf.split(value, 4, axis=-1)  # Keras' order
        return tf.concat([i, c, f, o], axis=-1)  # the operator's order

    def call(inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None) -> Any:
        del mask, training, initial_state
        x = tf.transpose(inputs, (1, 0, 2))
        zeros = tf.zeros((tf.shape(inputs)[0], units), inputs.dtype)
        none = tf.zeros((units,), inputs.dtype)
        cell = layer.cell
        outputs = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.cast(tf.shape(x)[0], tf.int64),
            x=x,
            cs_prev=zeros,
            h_prev=zeros,
            w=gates(tf.concat([cell.kernel, cell.recurrent_kernel], axis=0)),
            wci=none,
            wcf=none,
            wco=none,
            b=gates(cell.bias),
            forget_bias=0.0,
            cell_clip=-1.0,
            use_peephole=False,
        )
        return tf.transpose(outputs.h, (1, 0, 2)) if layer.return_sequences else outputs.h[-1]

    layer.call = call
    return layer


def _plain(layer: Any) -> bool:
    said = layer.get_config()
    return (
        said["activation"] == "tanh"
        and said["recurrent_activation"] == "sigmoid"
        and said["use_bias"]
        and not any(said[key] for key in ("return_state", "go_backwards", "stateful", "dropout", "recurrent_dropout"))
    )
