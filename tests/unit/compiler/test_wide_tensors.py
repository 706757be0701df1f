"""Tensors of 8-byte numbers lie at multiples of 8."""

from __future__ import annotations

from tflite_writer import Writer

from tinyforge.compiler import compile_model


def test_an_int64_between_two_calls_is_aligned():
    model = Writer()
    x = model.tensor("x", (1, 3, 3), scale=0.1)
    larger = model.tensor("larger", (1, 3, 12), scale=0.1)  # 36 bytes: what follows it would start at 36
    places = model.tensor("places", (1, 3), "int64")
    y = model.tensor("y", (1, 3), "int32")
    model.op("PAD", [x, model.constant("around", [[0, 0], [0, 0], [4, 5]])], [larger], "PadOptions")
    model.op("ARG_MAX", [larger, model.constant("axis", [2])], [places], "ArgMaxOptions", output_type=4)
    model.op("CAST", [places], [y], "CastOptions")
    compiled = compile_model(model.build([x], [y]), name="wide", place="wide.tflite")
    slots = {slot.tensor: slot for slot in compiled.plan.slots}
    assert (slots[larger].offset, slots[larger].bytes) == (0, 36)
    assert (slots[places].offset, slots[places].bytes) == (40, 24)
