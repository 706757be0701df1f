"""Which kernel a MEAN gets: four numbers at once where they lie so, and where that is worth the code."""

from __future__ import annotations

import pytest
from tflite_writer import Writer

from tinyforge.compiler import Goal, compile_model

FOURS, PLAIN = "tfg_mean_fours_s8", "tfg_mean_s8"


def mean(shape: tuple[int, ...], axes: list[int]) -> bytes:
    model = Writer()
    x = model.tensor("x", shape, scale=0.1, zero_point=3)
    after = tuple(size for axis, size in enumerate(shape) if axis not in axes)
    y = model.tensor("y", after, scale=0.05, zero_point=-3)
    model.op("MEAN", [x, model.constant("axes", axes)], [y], "ReducerOptions")
    return bytes(model.build([x], [y]))


@pytest.mark.parametrize(
    ("shape", "axes", "goal", "kernel"),
    [
        ((1, 200, 16), [1], Goal.BALANCED, FOURS),  # four channels
        ((1, 200, 16), [1], Goal.SIZE, PLAIN),
        ((1, 10, 4), [1], Goal.BALANCED, PLAIN),  # too few
        ((1, 10, 4), [1], Goal.SPEED, FOURS),
        ((1, 100, 3), [1], Goal.SPEED, PLAIN),  # they lie apart
        ((100, 64), [1], Goal.BALANCED, FOURS),  # four numbers of one mean
        ((100, 3), [1], Goal.SPEED, PLAIN),
    ],
)
def test_kernel(shape, axes, goal, kernel):
    (call,) = compile_model(mean(shape, axes), name="net", place="net.tflite", goal=goal).layers
    assert call.kernel == kernel
