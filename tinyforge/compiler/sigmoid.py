"""The reference's int16 logistic and tanh (gemmlowp's), tabulated without losing a bit.

Both are one function, S(k) = 2 / (1 + exp(-k / 4096)) in Q2.13: logistic(a) is 2 S(|a|) or its complement, tanh(a) is
4 (S(2 |a|) - 2^13) with the sign of a. gemmlowp computes S by a Taylor series, up to six roundings and three Newton
steps, so it strays from the smooth curve by up to three units, without any rule that is shorter than itself. The table
holds a chord of S for every 512 arguments, and what S adds to it, in four bits. From 2^15 on S takes four values.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from tinyforge.compiler.goal import Goal
from tinyforge.core.graph import Array, Param

SEGMENT = 512
LAST = 1 << 15  # the greatest argument in the table
_FACTORS = (25520, 19875, 12055, 4435, 600, 11)  # exp(-2^i / 4) in Q0.15
Int64Array = npt.NDArray[np.int64]
SAVED = 50  # instructions an activation on a Cortex-M4


def _high_mul(a: Int64Array | int, b: Int64Array | int) -> Int64Array:
    return np.asarray((a * b + (1 << 14)) >> 15, np.int64)


def exponential(k: Int64Array) -> Int64Array:
    """Gemmlowp's ``exp_on_negative_values`` of ``-k / 4096`` in Q0.15, int16 arithmetic; k >= 0, any shape."""
    rest = (-k & 1023) - 1024
    x = rest * 8 + (1 << 12)
    x2 = _high_mul(x, x)
    x3, x4 = _high_mul(x2, x), _high_mul(x2, x2)
    cubic = _high_mul(((x4 + 2) >> 2) + x3, 10923) + x2
    result = np.minimum(28918 + _high_mul(28918, x + ((cubic + 1) >> 1)), 32767)
    quarters = (rest + k) >> 10
    for bit, factor in enumerate(_FACTORS):
        result = np.where(quarters & (1 << bit), _high_mul(result, factor), result)
    return np.where(k == 0, 32767, np.where(quarters >> len(_FACTORS), 0, result))


def sigmoid(k: Int64Array) -> Int64Array:
    """S(k), Q2.13: gemmlowp's ``one_over_one_plus_x_for_x_in_0_1`` of that exponential, undoubled; any shape."""
    half = (exponential(k) + (1 << 15)) >> 1
    x = 23130 + _high_mul(half, -15420)
    for _ in range(3):
        x = x + _high_mul(x, (1 << 13) - _high_mul(half, x)) * 4
    return x


@cache
def sigmoid_table() -> tuple[Array, Array]:
    """Chords and what is added to them; the members ``sigmoid_lines`` and ``sigmoid_residues`` of LSTM and GRU.

    Returns:
        int32 [65], base in the upper and slope in the lower half of a word, and uint8 [16385], two residues a byte:
        ``S(k) = k // 2 + (line + slope * (k % 512)) // 65536 + residue`` for k in 0..32768, with S(0) = 2^13.

    Raises:
        ValueError: a residue does not fit its four bits.
    """
    k = np.arange(LAST + SEGMENT, dtype=np.int64)
    curve = sigmoid(k) - (k >> 1)
    curve[0] = 1 << 13  # logistic(0) and tanh(0) are set, not computed
    curve = curve.reshape(-1, SEGMENT)
    along = np.arange(SEGMENT, dtype=np.int64)
    slope = np.rint([np.polyfit(along, row, 1)[0] * 65536 for row in curve]).astype(np.int64)
    chord = (slope[:, None] * along + (slope[:, None] & 0xFFFF)) >> 16
    base = (curve - chord).min(axis=1)
    residues = (curve - chord - base[:, None]).reshape(-1)
    residues[LAST + 1 :] = 0
    if residues.min() < 0 or residues.max() > 15:
        raise ValueError("a residue of the sigmoid does not fit four bits")
    lines = (base << 16) + (slope & 0xFFFF)
    pairs = residues.reshape(-1, 2)[: LAST // 2 + 1]
    return lines.astype(np.int32), (pairs[:, 0] + 16 * pairs[:, 1]).astype(np.uint8)


def sigmoid_params(goal: Goal, activations: int, *, stored: bool) -> dict[str, Param]:
    """The members of a recurrent kernel's structure: the table, or NULL where it does not pay.

    Args:
        goal: the user's.
        activations: logistic and tanh in one inference.
        stored: whether another layer of the model has brought the table already.
    """
    lines, residues = sigmoid_table()
    more = 0 if stored else lines.nbytes + residues.nbytes
    if not goal.takes(more_bytes=more, fewer_instructions=SAVED * activations):
        return {"sigmoid_lines": None, "sigmoid_residues": None}
    return {"sigmoid_lines": lines, "sigmoid_residues": residues}
