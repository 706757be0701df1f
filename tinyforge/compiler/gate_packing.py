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

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tinyforge.compiler.gate_turns import CODED, INDEXED, LISTED, MASKED, gate_instructions
from tinyforge.core.graph import Array, Param

MOST_LISTED = 128  # inputs: an entry has seven bits for the second one
_BOOK = 16
_BEHIND = 3  # bytes that a kernel reads behind the last row's bits

_NAMES = {LISTED: "listed", MASKED: "masked", CODED: "coded", INDEXED: "indexed"}


@dataclass(frozen=True, eq=False, slots=True)
class PackedGates:
    """The packed weights of one source.

    Attributes:
        form: LISTED, MASKED, CODED or INDEXED.
        rows: uint8 [bytes].
        book: int8 [gates, 16], or None for LISTED and MASKED.
    """

    form: int
    rows: Array
    book: Array | None

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


def packed_gates(sources: Mapping[str, Array]) -> dict[str, dict[str, Param]]:
    """The members of a packed kernel's structure that hold its weights, for all that some goal may want.

    Args:
        sources: int8 [gates, units, inputs] by the prefix of their members: ``input`` and ``recurrent``.

    Returns:
        By the names of both forms; only where no other pair takes fewer bytes and fewer instructions.
    """
    best = [_best(gate_forms(weights), weights) for weights in sources.values()]
    pairs = sorted(
        itertools.product(*best), key=lambda pair: (sum(size for size, *_ in pair), sum(each[1] for each in pair))
    )
    found: dict[str, dict[str, Param]] = {}
    least = math.inf
    for pair in pairs:
        instructions = sum(each[1] for each in pair)
        if instructions < least:
            least = instructions
            forms = [form for *_, form in pair]
            found[" ".join(_NAMES[form.form] for form in forms)] = {
                f"{name}_{member}": value
                for name, form in zip(sources, forms, strict=True)
                for member, value in (("rows", form.rows), ("book", form.book), ("form", form.form))
            }
    return found


def _best(forms: list[PackedGates], weights: Array) -> list[tuple[int, float, PackedGates]]:
    """Bytes and instructions of those of which no other takes less of both."""
    gates, units, length = weights.shape
    costs = sorted(
        ((form.flash_bytes, gate_instructions(form.form, form.rows, gates * units, length), form) for form in forms),
        key=lambda cost: cost[:2],
    )
    return [cost for number, cost in enumerate(costs) if all(cost[1] < other[1] for other in costs[:number])]


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


def _listed(rows: Array) -> PackedGates:
    words = []
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
    return _packed(LISTED, words, None)


def _masked(rows: Array) -> PackedGates:
    parts = []
    for row in rows:
        parts += [np.packbits(row != 0), row[row != 0].view(np.uint8)]
    parts.append(np.zeros(_BEHIND, np.uint8))
    return _packed(MASKED, parts, None)


def _coded(rows: Array, values: list[Array]) -> PackedGates:
    parts = []
    for number, row in enumerate(rows):
        parts += [np.packbits(row != 0), _nibbles(row[row != 0], values[number % len(values)])]
    parts.append(np.zeros(_BEHIND, np.uint8))
    return _packed(CODED, parts, values)


def _indexed(rows: Array, values: list[Array]) -> PackedGates:
    parts = [_nibbles(row, values[number % len(values)]) for number, row in enumerate(rows)]
    return _packed(INDEXED, parts, values)


def _nibbles(row: Array, values: Array) -> Array:
    """Places in the codebook, uint8 [ceil(weights / 2)], the first one in the lower half of a byte."""
    places = np.searchsorted(values, row).astype(np.uint8)
    places = np.pad(places, (0, places.size % 2))
    return np.asarray(places[::2] | places[1::2] << 4, np.uint8)


def _packed(form: int, parts: list[Array], values: list[Array] | None) -> PackedGates:
    book = None
    if values is not None:
        book = np.zeros((len(values), _BOOK), np.int8)
        for own, into in zip(values, book, strict=True):
            into[: own.size] = own
    return PackedGates(form, np.concatenate(parts), book)
