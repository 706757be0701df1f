"""A float constant with a NaN in it went as far as the printer, which found no literal for it."""

import numpy as np
import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_is_refused(value):
    model = Writer()
    x = model.tensor("x", (1, 2), "float32")
    constant = model.constant("limits", [[0.0, value]], "float32")
    y = model.tensor("y", (2, 2), "float32")
    model.op("CONCATENATION", [x, constant], [y], "ConcatenationOptions", axis=0)
    with pytest.raises(UnsupportedModelError) as caught:
        compile_model(model.build([x], [y]), name="m", place="m.tflite")
    assert caught.value.place == 'm.tflite: op #0 CONCATENATION: tensor "limits"'
    assert caught.value.fact == "holds numbers that are not finite"
