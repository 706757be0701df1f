"""How often the kernels of packed gates (``gate_packing.py``) turn for a row of weights, and what a turn takes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from tinyforge.compiler.turn_table import TURNS
from tinyforge.core.graph import Array

LISTED, MASKED, CODED, INDEXED = 0, 1, 2, 3
_WORD_BITS = 32  # of a mask, that a kernel takes at once


def gate_instructions(form: int, rows: Array, count: int, length: int) -> float:
    """Instructions of one pass over the packed weights of a source, of LSTM and GRU alike.

    ``rows`` are uint8 [bytes]; other arguments as :func:`gate_turns` takes them.
    """
    turns = gate_turns(form, rows.tobytes(), count, length)
    return sum(TURNS.get("tfg_lstm_packed_s8", {}).get(name, 0) * turn for name, turn in turns.items())


@lru_cache(maxsize=64)
def gate_turns(form: int, rows: bytes, count: int, length: int) -> Mapping[str, int]:
    """Turns of one pass over the packed weights of a source.

    Args:
        form: of the rows.
        rows: as ``PackedGates.rows`` has them.
        count: of rows, of all gates and units.
        length: inputs of a row.
    """
    if form == LISTED:
        return {"listed": len(rows) // 4, "listed rows": count}
    if form == INDEXED:
        return {"indexed rows": count, "indexed pairs": count * (length // 2), "indexed odd": count * (length % 2)}
    mask, kept, empty, at = -(-length // 8), 0, 0, 0
    for _ in range(count):
        bits = np.unpackbits(np.frombuffer(rows[at : at + mask], np.uint8))[:length]
        own = int(bits.sum())
        kept += own
        empty += sum(not bits[start : start + _WORD_BITS].any() for start in range(0, length, _WORD_BITS))
        at += mask + (own if form == MASKED else -(-own // 2))
    name = "masked" if form == MASKED else "coded"
    found = {f"{name} rows": count, f"{name} words": count * -(-length // _WORD_BITS), f"{name} kept": kept}
    return found | {f"{name} empty words": empty}
