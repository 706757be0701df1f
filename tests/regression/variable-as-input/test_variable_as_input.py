"""A variable tensor that is no operator's state, read like any other, has no place in memory."""

import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError


def test_is_refused():
    model = Writer()
    x, y = (model.tensor(name, (1, 4), scale=0.5) for name in "xy")
    kept = model.tensor("kept", (1, 4), scale=0.5, variable=True)
    model.op("MAXIMUM", [x, kept], [y])
    with pytest.raises(UnsupportedModelError) as caught:
        compile_model(model.build([x], [y]), name="m", place="m.tflite")
    assert caught.value.place == 'm.tflite: op #0 MAXIMUM: tensor "kept"'
    assert caught.value.fact == "is a variable that nothing keeps"
