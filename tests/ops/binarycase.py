"""What case files of operators of two int8 inputs share: shapes that broadcast, constants, and one tensor twice."""

from __future__ import annotations

from typing import Any

import numpy as np
from opbench import Case
from opcase import pick, scale, zero_point
from tflite_writer import Writer


def broadcast_shapes(rng: np.random.Generator, most_rank: int = 4) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast; often equal, sometimes a single number on one side."""
    rank = int(rng.integers(1, most_rank + 1))
    full = [int(size) for size in rng.integers(1, 6, rank)]
    kind = int(rng.integers(4))
    if kind == 0:
        return tuple(full), tuple(full)
    if kind == 1:
        single = pick(rng, (), (1,), (1, 1))[: max(rank - 1, 0)]
        return (tuple(full), single) if rng.integers(2) else (single, tuple(full))
    left = [1 if rng.integers(4) == 0 else size for size in full]
    right = [1 if rng.integers(4) == 0 else size for size in full]
    cut = int(rng.integers(0, rank))
    return (tuple(left), tuple(right[cut:])) if rng.integers(2) else (tuple(left[cut:]), tuple(right))


def scales_of(rng: np.random.Generator) -> tuple[float, float]:
    """Scales of two operands: near each other, or up to 2**20 apart."""
    one = scale(rng)
    if rng.integers(3) == 0:
        return one, scale(rng)
    if rng.integers(4) == 0:
        return one, float(np.float32(one * 2.0 ** rng.uniform(-20, 20)))
    return one, float(np.float32(one * np.exp(rng.uniform(-1, 1))))


def binary_case(
    name: str,
    rng: np.random.Generator,
    kind: str,
    scales: tuple[float, float, float],
    options: str | None = None,
    *,
    zero_points: tuple[int, int, int] | None = None,
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None,
    **settings: Any,
) -> Case:
    """One operator over two tensors; now and then one of them constant, or both the same.

    Args:
        name: of the case.
        rng: for what is not given.
        kind: of the operator.
        scales: of the operands and the output.
        options: table and ``settings`` of its fields.
        zero_points, shapes: random when None.
    """
    left, right = shapes or broadcast_shapes(rng, 5)
    zeros = zero_points or (zero_point(rng), zero_point(rng), zero_point(rng))
    model = Writer()
    constant = pick(rng, "", "", "", "left", "right", "right")
    content = {
        side: rng.integers(-128, 128, shape).astype(np.int8) if constant == side else None
        for side, shape in (("left", left), ("right", right))
    }
    a = model.tensor("a", left, scale=scales[0], zero_point=zeros[0], data=content["left"])
    b = model.tensor("b", right, scale=scales[1], zero_point=zeros[1], data=content["right"])
    if left == right and not constant and rng.integers(4) == 0:
        b, scales, zeros = a, (scales[0], scales[0], scales[2]), (zeros[0], zeros[0], zeros[2])
    y = model.tensor("y", np.broadcast_shapes(left, right), scale=scales[2], zero_point=zeros[2])
    model.op(kind, [a, b], [y], options, **settings)
    inputs = [tensor for tensor, side in ((a, "left"), (b, "right")) if side != constant]
    about = f"{left} {right} scales {scales} zeros {zeros} {settings} constant {constant or 'none'}"
    return Case(f"{name}: {about}", model.build(list(dict.fromkeys(inputs)), [y]))


def float_case(name: str, rng: np.random.Generator, kind: str, options: str, **settings: Any) -> Case:
    """One operator over two float32 tensors, the second of them constant now and then."""
    left, right = broadcast_shapes(rng)
    content = rng.normal(0, 3, right).astype(np.float32) if rng.integers(3) == 0 else None
    model = Writer()
    a, b = model.tensor("a", left, "float32"), model.tensor("b", right, "float32", data=content)
    y = model.tensor("y", np.broadcast_shapes(left, right), "float32")
    model.op(kind, [a, b], [y], options, **settings)
    about = f"float {left} {right} {settings} constant {content is not None}"
    return Case(f"{name}: {about}", model.build([a] if content is not None else [a, b], [y]))
