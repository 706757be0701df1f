"""Weights that take less flash than a byte each: rows with many zeros, and rows of at most 16 values.

Of rows with zeros only the others are kept, in one of two forms for a whole matrix; a row is an output's weights, and
rows stand one after the other:

``coded``    an entry is one byte: how many inputs to go on (4 bits) and which value of a codebook (4 bits)
``sparse``   two entries are three bytes: both distances (4 bits each), both int8 values

Distances above 15 are bridged by an entry of value 0. Of rows of few values every weight is kept, as four bits: its
value's place in a codebook; a byte of two may also be looked up in a table of all 256 pairs of values. A kernel
multiplies from these directly; nothing is unpacked into RAM. The sums are those of the plain weights, so the outputs
are equal to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyforge.core.graph import Array, Param

CODED, SPARSE = 0, 1

MOST_INPUTS = 0xFFFF
"""Of a row that :func:`pack` takes: its entries are counted in 16 bits."""

_BOOK = 16
_FARTHEST = 15
PLAIN, PACKED, PAIRS, NIBBLES = "", "packed", "pairs", "nibbles"
"""How a layer's weights lie: as the model has them, as :func:`pack` lays them, or four bits each, looked up two at a
time (``PAIRS``) or one by one."""
FEW, MANY = "few", "many"
"""Plain weights too, for the other kernel than the layer alone would take: for few channels, or for many."""
SMALLER = "smaller"
"""Plain weights too, for a slower kernel of less code."""

SLOWEST_BALANCED = 2.0
"""`balanced` packs layers that together take at most so many times the instructions of plain ones."""


@dataclass(frozen=True, eq=False, slots=True)
class Packed:
    """A packed matrix.

    Attributes:
        form: CODED or SPARSE.
        rows: uint8 [bytes], one row after the other.
        entries: uint16 [rows]: entries (CODED) or pairs of entries (SPARSE) of each row.
        book: int8 [16], or None for SPARSE.
    """

    form: int
    rows: Array
    entries: Array
    book: Array | None

    @property
    def flash_bytes(self) -> int:
        """Bytes of all its arrays."""
        return int(self.rows.nbytes + self.entries.nbytes + (0 if self.book is None else self.book.nbytes))

    def params(self) -> dict[str, Param]:
        """Members of the kernels' structures."""
        return {"rows": self.rows, "entries": self.entries, "book": self.book, "form": self.form}


def pack(weights: Array) -> Packed:
    """The smaller form of int8 weights [outputs, inputs]; one that is larger than the matrix is possible."""
    sparse = _sparse(weights)
    values = np.union1d(weights, [0])
    if len(values) > _BOOK:
        return sparse
    coded = _coded(weights, values.astype(np.int8))
    return coded if coded.flash_bytes < sparse.flash_bytes else sparse


def dense_nibbles(weights: Array, *, together: bool) -> dict[str, Param] | None:
    """Weights of a dense layer, four bits each; None for more than 16 values, or inputs that are left over.

    Args:
        weights: int8 [outputs, inputs].
        together: as ``tfg_fully_connected_pairs_s8`` reads them: inputs in fours; else as
            ``tfg_fully_connected_indexed_s8`` does: inputs in twos.

    Returns:
        ``rows``: uint8 [outputs / 4, inputs / 2, 4 outputs], in each byte places of inputs 0 2, then 1 3 of each four,
        or of 0 1; and ``pairs``: uint32 [256], both values of a byte as two int16, or ``book``: int8 [16].
    """
    outputs, inputs = weights.shape
    values, places = np.unique(weights, return_inverse=True)
    if len(values) > _BOOK or inputs % (4 if together else 2):
        return None
    padded = np.zeros((-(-outputs // 4) * 4, inputs), np.uint8)
    padded[:outputs] = places.reshape(weights.shape)
    order = [0, 2, 1, 3] if together else [0, 1]
    twos = padded.reshape(len(padded), -1, len(order))[:, :, order].reshape(-1, 4, inputs // 2, 2)
    rows = np.ascontiguousarray((twos[..., 0] | twos[..., 1] << 4).swapaxes(1, 2))
    return {"rows": rows, "pairs": _pairs(values)} if together else {"rows": rows, "book": _book(values)}


def nibbles(weights: Array, *, together: bool = False) -> dict[str, Param] | None:
    """Weights as ``tfg_conv_1d_indexed_s8`` reads them; None for more than 16 values.

    Args:
        weights: int8 [outputs, inputs].
        together: look two of them up at once.

    Returns:
        ``rows``: uint16 [outputs, inputs / 4, rounded up], places of inputs 0 2 1 3 in the book; ``book``: int8 [16],
        or ``pairs`` as of :func:`dense_nibbles`.
    """
    values, places = np.unique(weights, return_inverse=True)
    if len(values) > _BOOK:
        return None
    filled = np.pad(places.reshape(weights.shape), ((0, 0), (0, -weights.shape[1] % 4)))
    groups = filled.reshape(len(weights), -1, 4).astype(np.uint16)
    rows = groups[:, :, 0] | groups[:, :, 2] << 4 | groups[:, :, 1] << 8 | groups[:, :, 3] << 12
    return {"rows": rows, "book": None if together else _book(values), "pairs": _pairs(values) if together else None}


def _book(values: Array) -> Array:
    book = np.zeros(_BOOK, np.int8)
    book[: len(values)] = values
    return book


def _pairs(values: Array) -> Array:
    book, byte = _book(values).astype(np.uint16).astype(np.uint32), np.arange(256)
    found: Array = book[byte & 15] | book[byte >> 4] << np.uint32(16)
    return found


def can_be_smaller(weights: Array) -> bool:
    """Whether a form may be smaller than a byte a weight: few values, or a third of zeros. Only counts, so quick.

    ``weights`` are int8 of any shape.
    """
    if 3 * int(np.count_nonzero(weights)) < 2 * weights.size:
        return True
    return int(np.count_nonzero(np.bincount(weights.reshape(-1).view(np.uint8), minlength=256))) <= _BOOK


def _entries(row: Array) -> tuple[Array, Array]:
    """Distances from the entry before (the first: from input 0), and values, int64 [entries], of what a row keeps."""
    places = np.flatnonzero(row)
    steps = np.diff(places, prepend=0)
    bridges = np.maximum(steps - 1, 0) // _FARTHEST
    ends = np.cumsum(bridges + 1) - 1
    distances = np.full(int(bridges.sum()) + places.size, _FARTHEST)
    values = np.zeros_like(distances)
    distances[ends] = steps - _FARTHEST * bridges
    values[ends] = row[places]
    return distances, values


def _coded(weights: Array, book: Array) -> Packed:
    rows = []
    for row in weights:
        distances, values = _entries(row)
        rows.append(distances << 4 | np.searchsorted(book, values))
    return _packed(CODED, rows, [row.size for row in rows], book)


def _sparse(weights: Array) -> Packed:
    rows = []
    for row in weights:
        # an entry that is left over gets one of distance 0 and value 0 beside it: stays on the last input
        distances, values = (np.pad(part, (0, part.size % 2)).reshape(-1, 2) for part in _entries(row))
        rows.append(np.column_stack([distances[:, 0] << 4 | distances[:, 1], values & 255]).reshape(-1))
    return _packed(SPARSE, rows, [row.size // 3 for row in rows], None)


def _packed(form: int, rows: list[Array], entries: list[int], book: Array | None) -> Packed:
    full = None if book is None else _book(book)
    flat = np.concatenate(rows).astype(np.uint8)
    return Packed(form, flat if flat.size else np.zeros(1, np.uint8), np.array(entries, np.uint16), full)
