"""A VAR_HANDLE with inputs, or whose output is no handle, was dropped: what it should have written stayed unwritten."""

import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError


@pytest.mark.parametrize(("inputs", "fact"), [(1, "has 1 inputs and 1 outputs"), (0, "is no handle")])
def test_is_refused(inputs, fact):
    model = Writer()
    x, y = (model.tensor(name, (1, 4), scale=0.5) for name in "xy")
    model.op("VAR_HANDLE", [x] * inputs, [y], "VarHandleOptions", container="", shared_name="")
    with pytest.raises(UnsupportedModelError) as caught:
        compile_model(model.build([x], [y]), name="m", place="m.tflite")
    assert (caught.value.place, caught.value.fact) == ('m.tflite: op #0 VAR_HANDLE: tensor "y"', fact)
