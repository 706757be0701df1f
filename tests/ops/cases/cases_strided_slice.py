"""STRIDED_SLICE: begins, ends and steps in and out of range, negative steps, every mask, ellipses and new axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from movecase import element
from opbench import Case
from tflite_writer import Writer


def bounds_of(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[dict[str, list[int]], dict[str, int], Any]:
    """Begin, end and steps; the masks; and the index numpy takes for the same slice."""
    rank = len(shape)
    rows: dict[str, list[int]] = {"begin": [], "end": [], "strides": []}
    masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    index: list[Any] = []
    plain = rng.integers(4) == 0  # no masks at all
    whole = int(rng.integers(rank)) if not plain and rng.integers(3) == 0 else -1  # where an ellipsis stands
    covers = int(rng.integers(1, rank - whole + 1)) if whole >= 0 else 0
    given = rank if plain or whole >= 0 or rng.integers(3) else int(rng.integers(rank + 1))
    axis = 0

    def row(begin: int, end: int, step: int) -> int:
        for name, value in zip(rows, (begin, end, step), strict=True):
            rows[name].append(value)
        return 1 << (len(rows["begin"]) - 1)

    while axis < given or axis == whole:
        if axis == whole:
            masks["ellipsis_mask"] = row(0, 0, 1)
            index.append(Ellipsis)
            axis, whole = axis + covers, -1
            continue
        if not plain and rng.integers(8) == 0:
            masks["new_axis_mask"] |= row(int(rng.integers(-3, 3)), int(rng.integers(-3, 3)), 1)
            index.append(np.newaxis)
            continue
        size = shape[axis]
        begin, end = int(rng.integers(-size, size)), int(rng.integers(-size - 1, size + 2))
        step = int(rng.choice([1, 1, 2, 3] if plain else [1, 1, 1, 2, 3, -1, -2]))
        kind = 4 if plain else int(rng.integers(8))
        if kind < 2:
            masks["shrink_axis_mask"] |= row(begin, end, 1)
            index.append(begin)
        else:
            bit = row(begin, end, step)
            masks["begin_mask"] |= bit * (kind & 1)
            masks["end_mask"] |= bit * (kind >> 1 & 1)
            index.append(slice(None if kind & 1 else begin, None if kind >> 1 & 1 else end, step))
        axis += 1
    return rows, masks, tuple(index)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        shape = tuple(int(size) for size in rng.integers(1, 8, int(rng.integers(1, 5))))
        rows, masks, index = bounds_of(rng, shape)
        out = np.zeros(shape)[index].shape
        if 0 in out or not rows["begin"]:
            continue
        number += 1
        kind = element(rng, "float32", "int16", "uint8", "int32")
        positive = min(rows["strides"]) > 0 and min(rows["end"]) > 0
        offset = positive and not any(masks.values()) and len(rows["begin"]) == len(shape)
        if offset:  # the ends count from the begins
            rows["begin"] = [begin % size for begin, size in zip(rows["begin"], shape, strict=False)]
            rows["end"] = [min(end, size) for end, size in zip(rows["end"], shape, strict=False)]
            rows["end"] = [end - begin for begin, end in zip(rows["begin"], rows["end"], strict=True)]
        model = Writer()
        x, y = model.tensor("x", shape, **kind), model.tensor("y", out, **kind)
        inputs = [x, *(model.constant(name, row) for name, row in rows.items())]
        model.op("STRIDED_SLICE", inputs, [y], "StridedSliceOptions", offset=offset, **masks)
        yield Case(f"{number}: {kind['dtype']} {shape} {rows} {masks} offset {offset}", model.build([x], [y]), inputs=2)
