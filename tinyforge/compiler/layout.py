"""How weights lie in flash: rows interleaved four inputs at a time, so that one load serves several outputs.

A kernel that computes ``lanes`` outputs together reads ``lanes`` words of four weights each, one after the other.
Missing inputs and outputs are zeros: they add nothing, and no kernel needs a special case for odd sizes.
"""

from __future__ import annotations

import numpy as np

from tinyforge.core.graph import Array

GROUP = 4


def filled(count: int) -> int:
    """``count`` rounded up to a multiple of ``GROUP``."""
    return -(-count // GROUP) * GROUP


def interleaved(rows: Array, lanes: int) -> Array:
    """int8 [outputs, inputs] as [blocks, groups, lanes, 4].

    Args:
        rows: weights, one row an output.
        lanes: outputs a kernel computes together.

    Returns:
        int8 [ceil(outputs / lanes), ceil(inputs / 4), lanes, 4]; element [b, g, l, i] is
        ``rows[b * lanes + l, g * 4 + i]``, or 0 beyond the edge.
    """
    outputs, inputs = rows.shape
    blocks, groups = -(-outputs // lanes), -(-inputs // GROUP)
    padded = np.zeros((blocks * lanes, groups * GROUP), np.int8)
    padded[:outputs, :inputs] = rows
    return np.ascontiguousarray(padded.reshape(blocks, lanes, groups, GROUP).transpose(0, 2, 1, 3))


def blocked(rows: Array) -> Array:
    """int8 [outputs, inputs] as a dense layer reads them: four outputs a block.

    Args:
        rows: weights, one row an output.

    Returns:
        int8 [ceil(outputs / 4), inputs, 4]: in each block whole groups of four inputs as ``interleaved`` has them, then
        for each input left the weights of the four outputs; 0 beyond the last output.
    """
    outputs, inputs = rows.shape
    whole = inputs - inputs % GROUP
    padded = np.zeros((filled(outputs), inputs), np.int8)
    padded[:outputs] = rows
    groups = interleaved(padded[:, :whole], GROUP).reshape(filled(outputs) // GROUP, whole, GROUP)
    rest = padded[:, whole:].reshape(filled(outputs) // GROUP, GROUP, inputs - whole).transpose(0, 2, 1)
    return np.concatenate([groups, rest], axis=1)


def one_row(row: Array) -> Array:
    """Weights of one output, int8 [inputs], as int16: whole groups of four in the order 0 2 1 3, then the rest."""
    whole = row.size - row.size % GROUP
    groups = row[:whole].reshape(-1, 2, 2).swapaxes(1, 2).reshape(-1)
    return np.concatenate([groups, row[whole:]]).astype(np.int16)


def paired(rows: Array) -> Array:
    """int8 [channels, inputs] as a convolution reads them: words of two inputs and two channels.

    A word's even bytes are the two inputs' weights of one channel, its odd bytes those of the next; inputs 0 and 2 of
    a group share the first word, 1 and 3 the second, as SXTB16 takes four bytes of input apart.

    Args:
        rows: weights, one row an output channel.

    Returns:
        int8 [ceil(channels / 2), ceil(inputs / 4), 2, 2, 2]; element [b, g, o, h, l] is
        ``rows[b * 2 + l, g * 4 + h * 2 + o]``, or 0 beyond the edge.
    """
    blocks = interleaved(rows, 2)
    count, groups, lanes, _ = blocks.shape
    return np.ascontiguousarray(blocks.reshape(count, groups, lanes, 2, 2).transpose(0, 1, 4, 3, 2))


def widened(blocks: Array) -> Array:
    """What ``interleaved`` gives, as int16 with inputs 0 and 2, 1 and 3 of a group side by side.

    Args:
        blocks: int8 [blocks, groups, lanes, 4].

    Returns:
        int16 [blocks, groups, 2, lanes, 2]: a word is what a kernel would make of two bytes of a narrow word.
    """
    count, groups, lanes, _ = blocks.shape
    pairs = blocks.reshape(count, groups, lanes, 2, 2).transpose(0, 1, 4, 2, 3)
    return np.ascontiguousarray(pairs).astype(np.int16)
