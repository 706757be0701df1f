"""READ_VARIABLE and ASSIGN_VARIABLE in a model without any VAR_HANDLE reached the lowering, which expects none."""

import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError


@pytest.mark.parametrize(("kind", "named"), [("READ_VARIABLE", "read"), ("ASSIGN_VARIABLE", "handle")])
def test_is_refused(kind, named):
    model = Writer()
    handle = model.tensor("handle", (0,), "resource")  # of no elements, so that nothing has to compute it
    x, read, y = (model.tensor(name, (1, 4), scale=0.5) for name in ("x", "read", "y"))
    if kind == "READ_VARIABLE":
        model.op(kind, [handle], [read])
    else:
        model.op(kind, [handle, x], [])
    model.op("NEG", [x], [y])
    with pytest.raises(UnsupportedModelError) as caught:
        compile_model(model.build([x], [y]), name="m", place="m.tflite")
    assert caught.value.place == f'm.tflite: op #0 {kind}: tensor "{named}"'
    assert caught.value.fact == "uses a handle that no VAR_HANDLE gives"
