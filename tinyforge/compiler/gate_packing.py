"""Packed weights of recurrent layers: rows with many zeros, and gates of at most 16 values.

A row is what one gate of one unit multiplies with the input, or with the hidden state. The rows of a unit's gates stand
one after the other, then come those of the next unit; no row says how long it is. Four forms, one for each of the two
sources:

``listed``   two weights that are not zero are a word: value and input, value and input, and whether the row ends
``masked``   a bit for each input, then a byte for each weight that is not zero
``coded``    the same bits, then four bits for each of those weights: its value's place in the gate's codebook
``indexed``  every weight is four bits

The kernels multiply from these directly, and every sum is that of the plain weights, so the outputs are equal to the
last bit. ``listed`` is fast: it takes fewer instructions than narrow plain weights where four of five are zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tinyforge.compiler.goal import BALANCED_BYTES_PER_1000, Goal
from tinyforge.core.graph import Array, Param

LISTED, MASKED, CODED, INDEXED = 0, 1, 2, 3

MOST_LISTED = 128  # inputs: an entry has seven bits for the second one
_BOOK = 16
_BEHIND = 3  # bytes that a kernel reads behind the last row's bits

# instructions on the virtual Cortex-M4: of an entry (a word where listed, a weight where all are stored), of a row
_PER_ENTRY = {LISTED: 9.0, MASKED: 7.0, CODED: 14.0, INDEXED: 6.5}
_PER_ROW = {LISTED: -3.0, MASKED: 30.0, CODED: 26.0, INDEXED: 14.0}  # less than 0: plain inputs are made int16 first


@dataclass(frozen=True, eq=False, slots=True)
class PackedGates:
    """The packed weights of one source.

    Attributes:
        form: LISTED, MASKED, CODED or INDEXED.
        rows: uint8 [bytes].
        book: int8 [gates, 16], or None for LISTED and MASKED.
        instructions: of one pass over all rows, about.
    """

    form: int
    rows: Array
    book: Array | None
    instructions: int

    @property
    def flash_bytes(self) -> int:
        """Bytes of its arrays."""
        return int(self.rows.nbytes + (0 if self.book is None else self.book.nbytes))


def gate_forms(weights: Array) -> list[PackedGates]:
    """All packed forms of int8 weights [gates, units, inputs]; ``masked`` is always one of them."""
    gates, units, _ = weights.shape
    rows = weights.transpose(1, 0, 2).reshape(gates * units, -1)  # a unit's gates side by side
    found = [_masked(rows)]
    if rows.shape[1] <= MOST_LISTED:
        found.append(_listed(rows))
    values = [np.unique(gate) for gate in weights]
    if all(len(own) <= _BOOK for own in values):
        found.append(_indexed(rows, values))
    values = [own[own != 0] for own in values]
    if all(len(own) <= _BOOK for own in values):
        found.append(_coded(rows, values))
    return found


def packed_gates(sources: Mapping[str, Array], *, passes: int, goal: Goal) -> tuple[dict[str, Param], int]:
    """The members of a packed kernel's structure that hold its weights, and instructions of all products, about.

    Args:
        sources: int8 [gates, units, inputs] by the prefix of their members: ``input`` and ``recurrent``.
        passes: of an inference over all weights.
        goal: which form is best for a source.
    """
    found: dict[str, Param] = {}
    instructions = 0
    for name, weights in sources.items():
        form = min(gate_forms(weights), key=_cost(goal, passes))
        found |= {f"{name}_rows": form.rows, f"{name}_book": form.book, f"{name}_form": form.form}
        instructions += passes * form.instructions
    return found, instructions


def gates_can_be_smaller(sources: Iterable[Array]) -> bool:
    """Whether packed forms may be smaller than a byte a weight. Only counts, so quick.

    ``sources`` are int8 [gates, units, inputs].
    """
    return any(map(_few_or_zeros, sources))


def _few_or_zeros(weights: Array) -> bool:
    """Whether a third are zeros, or no gate has more than 16 values beside zero."""
    if 3 * int(np.count_nonzero(weights)) < 2 * weights.size:
        return True
    counts = [np.count_nonzero(np.bincount(gate.reshape(-1).view(np.uint8), minlength=256)[1:]) for gate in weights]
    return int(max(counts)) <= _BOOK


def _cost(goal: Goal, passes: int) -> Callable[[PackedGates], tuple[int, int]]:
    """What the goal wants least of."""

    def cost(form: PackedGates) -> tuple[int, int]:
        if goal is Goal.SIZE:
            return form.flash_bytes, form.instructions
        if goal is Goal.SPEED:
            return form.instructions, form.flash_bytes
        return 1000 * form.flash_bytes + BALANCED_BYTES_PER_1000 * passes * form.instructions, 0

    return cost


def _listed(rows: Array) -> PackedGates:
    words, count = [], 0
    for row in rows:
        places = np.flatnonzero(row)
        pairs = max(-(-places.size // 2), 1)
        packed = np.zeros((pairs, 2, 2), np.uint8)  # [word][entry][value, input]
        entries = packed.reshape(-1, 2)
        entries[: places.size, 0] = row[places].view(np.uint8)
        entries[: places.size, 1] = places
        packed[:, 1, 1] *= 2
        packed[-1, 1, 1] += 1
        words.append(packed.reshape(-1))
        count += pairs
    return _packed(LISTED, words, None, count, len(rows))


def _masked(rows: Array) -> PackedGates:
    parts = []
    for row in rows:
        parts += [np.packbits(row != 0), row[row != 0].view(np.uint8)]
    parts.append(np.zeros(_BEHIND, np.uint8))
    return _packed(MASKED, parts, None, int(np.count_nonzero(rows)), len(rows))


def _coded(rows: Array, values: list[Array]) -> PackedGates:
    parts = []
    for number, row in enumerate(rows):
        parts += [np.packbits(row != 0), _nibbles(row[row != 0], values[number % len(values)])]
    parts.append(np.zeros(_BEHIND, np.uint8))
    return _packed(CODED, parts, values, int(np.count_nonzero(rows)), len(rows))


def _indexed(rows: Array, values: list[Array]) -> PackedGates:
    parts = [_nibbles(row, values[number % len(values)]) for number, row in enumerate(rows)]
    return _packed(INDEXED, parts, values, rows.size, len(rows))


def _nibbles(row: Array, values: Array) -> Array:
    """Places in the codebook, uint8 [ceil(weights / 2)], the first one in the lower half of a byte."""
    places = np.searchsorted(values, row).astype(np.uint8)
    places = np.pad(places, (0, places.size % 2))
    return np.asarray(places[::2] | places[1::2] << 4, np.uint8)


def _packed(form: int, parts: list[Array], values: list[Array] | None, entries: int, rows: int) -> PackedGates:
    book = None
    if values is not None:
        book = np.zeros((len(values), _BOOK), np.int8)
        for own, into in zip(values, book, strict=True):
            into[: own.size] = own
    instructions = int(_PER_ENTRY[form] * entries + _PER_ROW[form] * rows)
    return PackedGates(form, np.concatenate(parts), book, instructions)
