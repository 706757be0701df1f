"""From 4096 classes on the sum of exponentials left its 32 bits, and the kernel shifted by more than 31."""

import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError


def softmax(classes):
    model = Writer()
    x = model.tensor("x", (1, classes), scale=0.1)
    y = model.tensor("y", (1, classes), scale=1 / 256, zero_point=-128)
    model.op("SOFTMAX", [x], [y], "SoftmaxOptions", beta=1.0)
    return compile_model(model.build([x], [y]), name="m", place="m.tflite")


def test_is_refused():
    assert softmax(4095).layers[0].params["depth"] == 4095
    with pytest.raises(UnsupportedModelError, match='op #0 SOFTMAX: tensor "x": has 4096 classes, more than 4095'):
        softmax(4096)
