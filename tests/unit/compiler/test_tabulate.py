"""Float functions between two conversions: tables where that is certain, refused where it is not."""

import numpy as np
import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError


def island(kind, in_scale=0.1, out_scale=0.1, *, twice=False, floats_out=False):
    """int8 -> float32 -> kind -> int8; with ``twice`` the float is also an output."""
    model = Writer()
    x = model.tensor("x", (2, 3), scale=in_scale, zero_point=4)
    a, b = model.tensor("a", (2, 3), "float32"), model.tensor("b", (2, 3), "float32")
    y = model.tensor("y", (2, 3), scale=out_scale, zero_point=-9)
    model.op("DEQUANTIZE", [x], [a])
    model.op(kind, [a], [b])
    model.op("QUANTIZE", [b], [y])
    return model.build([x], [b] if floats_out else [y, b] if twice else [y])


def test_three_operators_become_one_call():
    compiled = compile_model(island("ELU"), name="m", place="m.tflite")
    assert [(layer.name, layer.kernel) for layer in compiled.layers] == [("elu_0", "tfg_lookup_s8")]
    assert compiled.log[0] == "tabulate: op #2 QUANTIZE and elu before it are a table of 256 bytes"
    table = compiled.layers[0].params["table"].view(np.int8)
    assert table[4] == -9  # the real 0
    assert table[14] == 1  # 1.0
    assert table[-60 & 0xFF] == -19  # exp(-6.4) - 1 is -0.998


def test_negated_in_float_is_not_negated_in_int8():
    compiled = compile_model(island("NEG"), name="m", place="m.tflite")
    assert compiled.layers[0].params["table"].view(np.int8)[14] == -19


@pytest.mark.parametrize("changed", [{"floats_out": True}, {"twice": True}])
def test_what_leaves_the_model_as_float_is_refused(changed):
    with pytest.raises(UnsupportedModelError) as caught:
        compile_model(island("SQUARE", **changed), name="m", place="m.tflite")
    assert str(caught.value) == (
        'm.tflite: op #1 SQUARE: tensor "a": computes in float32, which is done only from one 8-bit tensor to another; '
        "convert it to int8 with a representative data set"
    )


def test_a_tie_that_a_rounding_error_decides_is_refused():
    """cos(0) is 1, two and a half steps of 0.4: a cosine a little below or above gives another step."""
    with pytest.raises(UnsupportedModelError, match="op #1 COS"):
        compile_model(island("COS", out_scale=0.4), name="m", place="m.tflite")
    assert compile_model(island("COS", out_scale=0.3), name="m", place="m.tflite").layers[0].stem == "cos"


def test_scales_that_leave_32_bits_are_refused():
    with pytest.raises(UnsupportedModelError, match="op #1 SQUARE"):
        compile_model(island("SQUARE", in_scale=1e18, out_scale=1e-6), name="m", place="m.tflite")


def test_a_logarithm_near_a_tie_is_refused():
    """log(1) is 0, log of 5e-4 above is half a step of 1e-3: a table is refused when a value is that near to a tie."""
    model = Writer()
    x = model.tensor("x", (4,), scale=1.0, zero_point=-128)
    y = model.tensor("y", (4,), scale=float(np.float32(np.log(2.0) / 0.5)), zero_point=0)
    model.op("LOG", [x], [y])
    with pytest.raises(UnsupportedModelError) as caught:
        compile_model(model.build([x], [y]), name="m", place="m.tflite")
    assert str(caught.value) == (
        'm.tflite: op #0 LOG: tensor "y": has a value within a rounding error of the middle between two outputs, where '
        "C libraries differ; calibrate and quantize the model again with other windows"
    )
