"""Which kernel an operator of 256 possible results becomes."""

from __future__ import annotations

import numpy as np
import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model


def lowered(kind, source, target, options=None, *, constant=None, twice=False, size=64, **values):
    """The only kernel call of one operator; ``source`` and ``target`` are (type, scale, zero point)."""
    model = Writer()
    x = model.tensor("x", (1, size), source[0], scale=source[1], zero_point=source[2])
    inputs = [x, x] if twice else [x]
    if constant is not None:
        inputs.append(model.tensor("c", (), scale=0.3, zero_point=1, data=constant))
    y = model.tensor("y", (1, size), target[0], scale=target[1], zero_point=target[2])
    model.op(kind, inputs, [y], options, **values)
    compiled = compile_model(model.build([x], [y]), name="m", place="m.tflite")
    return compiled.layers[0]


ONE = ("int8", 0.1, 3)


@pytest.mark.parametrize(
    ("kernel", "layer"),
    [
        ("tfg_limit_s8", lambda: lowered("RELU", ONE, ONE)),
        ("tfg_lookup_s8", lambda: lowered("RELU", ONE, ("int8", 0.09, 3))),
        ("tfg_flip_s8", lambda: lowered("QUANTIZE", ("uint8", 0.1, 131), ONE)),
        ("tfg_flip_s8", lambda: lowered("QUANTIZE", ONE, ("uint8", 0.1, 131))),
        ("tfg_lookup_s8", lambda: lowered("QUANTIZE", ("uint8", 0.1, 130), ONE)),
        ("tfg_copy", lambda: lowered("QUANTIZE", ONE, ONE)),
        ("tfg_lookup_s8", lambda: lowered("MUL", ONE, ONE, "MulOptions", constant=7)),
        ("tfg_mul_s8", lambda: lowered("MUL", ONE, ONE, "MulOptions", constant=7, size=31)),
        ("tfg_lookup_s8", lambda: lowered("MUL", ONE, ONE, "MulOptions", twice=True)),
        ("tfg_mul_s8", lambda: lowered("MUL", ONE, ONE, "MulOptions", twice=True, size=31)),
        ("tfg_limit_s8", lambda: lowered("MAXIMUM", ONE, ONE, "MaximumMinimumOptions", constant=-5)),
        ("tfg_copy", lambda: lowered("MINIMUM", ONE, ONE, "MaximumMinimumOptions", twice=True)),
    ],
)
def test_the_simplest_kernel_is_taken(kernel, layer):
    assert layer().kernel == kernel


def test_a_table_stands_in_the_order_of_the_bytes():
    layer = lowered("NEG", ONE, ONE, "NegOptions")
    table = layer.params["table"]
    inputs = np.arange(256).astype(np.uint8).view(np.int8)
    assert table.dtype == np.int8
    assert table.tolist() == [-128 if value == -128 else -value for value in inputs.tolist()]


def test_a_limit_knows_its_ends():
    layer = lowered("RELU6", ("int8", 0.1, -50), ("int8", 0.1, -50))
    assert (layer.params["min"], layer.params["max"]) == (-50, 10)
