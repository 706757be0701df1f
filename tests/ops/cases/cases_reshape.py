"""RESHAPE, SQUEEZE, EXPAND_DIMS in every form, between other operators, at the start, at the end, and alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from movecase import element, shape_of
from opbench import Case
from opcase import pick
from tflite_writer import Writer


def reshape(rng: np.random.Generator, model: Writer, x: int, shape: tuple[int, ...], kind: dict) -> tuple[int, str]:
    """Add one of the three to ``x`` of ``shape``; the output and what it is."""
    what = pick(rng, "RESHAPE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS")
    if what == "EXPAND_DIMS":
        axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
        at = axis % (len(shape) + 1)
        y = model.tensor("y", (*shape[:at], 1, *shape[at:]), **kind)
        named = model.constant("axis", pick(rng, axis, [axis]), pick(rng, "int32", "int64"))
        model.op(what, [x, named], [y], "ExpandDimsOptions")
        return y, f"{what} at {axis}"
    if what == "SQUEEZE":
        ones = [axis for axis, size in enumerate(shape) if size == 1]
        drop = [axis for axis in ones if rng.integers(2)]
        y = model.tensor("y", [size for axis, size in enumerate(shape) if axis not in (drop or ones)], **kind)
        said = [axis - len(shape) if rng.integers(2) else axis for axis in drop]
        model.op(what, [x], [y], "SqueezeOptions", **({"squeeze_dims": said} if said or rng.integers(2) else {}))
        return y, f"{what} of {said}"
    cut = int(rng.integers(len(shape) + 1))
    target = [int(np.prod(shape[:cut])), *shape[cut:]] if rng.integers(2) else [*shape[:cut], int(np.prod(shape[cut:]))]
    said = list(target)
    if rng.integers(2):
        said[int(rng.integers(len(said)))] = -1
    y = model.tensor("y", target, **kind)
    form = pick(rng, "input", "both", "options")
    inputs = [x] if form == "options" else [x, model.constant("shape", said)]
    model.op(what, inputs, [y], "ReshapeOptions", **({} if form == "input" else {"new_shape": said}))
    return y, f"{what} to {said} by {form}"


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        shape, kind = shape_of(rng, 1, 4, 4), element(rng, "float32", "int16", "int32")
        model = Writer()
        x = model.tensor("x", shape, **kind)
        y, what = reshape(rng, model, x, shape, kind)
        target = tuple(model.tensors[y].shape)
        outputs = [y]
        if kind["dtype"] == "int8" and target and rng.integers(2):
            soft = model.tensor("soft", target, scale=1 / 256, zero_point=-128)
            model.op("SOFTMAX", [y], [soft], "SoftmaxOptions", beta=1.0)
            outputs = [soft] if rng.integers(2) else [soft, y]
        name = f"{number}: {kind['dtype']} {shape} {what}, {len(outputs)} outputs"
        yield Case(name, model.build([x], outputs), inputs=2)
