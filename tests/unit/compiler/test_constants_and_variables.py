"""What is folded into constants, and how variables become state: which copies are spared and which are not."""

from __future__ import annotations

import numpy as np
import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError

S = {"scale": 0.1, "zero_point": -3}


def compiled(data):
    return compile_model(data, name="m", place="m.tflite")


def kernels(model):
    return [layer.kernel for layer in model.layers]


def test_a_computed_shape_costs_nothing():
    model = Writer()
    x = model.tensor("x", (1, 2, 3), **S)
    shape = model.tensor("shape", (3,), "int32")
    model.op("SHAPE", [x], [shape], "ShapeOptions", out_type=2)
    first = model.tensor("first", (), "int32")
    row = [model.constant(name, [value]) for name, value in (("b", 0), ("e", 1), ("s", 1))]
    model.op("STRIDED_SLICE", [shape, *row], [first], "StridedSliceOptions", shrink_axis_mask=1)
    packed = model.tensor("packed", (2,), "int32")
    model.op("PACK", [first, model.constant("rest", 6)], [packed], "PackOptions", values_count=2, axis=0)
    y, z = model.tensor("y", (1, 6), **S), model.tensor("z", (1, 6), scale=1 / 256, zero_point=-128)
    model.op("RESHAPE", [x, packed], [y], "ReshapeOptions")
    model.op("SOFTMAX", [y], [z], "SoftmaxOptions", beta=1.0)
    found = compiled(model.build([x], [z]))
    assert kernels(found) == ["tfg_softmax_s8"]
    assert found.arena_bytes == 0
    assert found.log[:3] == (
        "fold_constants: op #0 SHAPE is known: its output is a constant",
        "fold_constants: op #1 STRIDED_SLICE is known: its output is a constant",
        "fold_constants: op #2 PACK is known: its output is a constant",
    )


def test_a_large_constant_is_not_made():
    model = Writer()
    x = model.tensor("x", (1, 1 << 17), **S)
    filled = model.tensor("filled", (1, 1 << 17), **S)
    model.op(
        "FILL", [model.constant("dims", [1, 1 << 17]), model.constant("v", 3, "int8", **S)], [filled], "FillOptions"
    )
    y = model.tensor("y", (2, 1 << 17), **S)
    model.op("CONCATENATION", [x, filled], [y], "ConcatenationOptions", axis=0)
    with pytest.raises(UnsupportedModelError, match=r'op #0 FILL: tensor "filled": fills a computed shape, or too'):
        compiled(model.build([x], [y]))


def stream(*, last=("kept",), after=False, start=-3):
    """A variable of 2 steps, joined with 1 new one; ``last`` names what is given out, ``after`` reads again."""
    model = Writer()
    inner = model.subgraph()
    handle = inner.tensor("h", (), "resource")
    inner.op("VAR_HANDLE", [], [handle], "VarHandleOptions", container="", shared_name="past")
    content = inner.constant("start", np.full((1, 2, 4), start), "int8", **S)
    inner.op("ASSIGN_VARIABLE", [handle, content], [], "AssignVariableOptions")
    model.op("CALL_ONCE", [], [], "CallOnceOptions", init_subgraph_index=1)
    handle = model.tensor("h", (), "resource")
    model.op("VAR_HANDLE", [], [handle], "VarHandleOptions", container="", shared_name="past")
    names = {"x": model.tensor("x", (1, 1, 4), **S), "old": model.tensor("old", (1, 2, 4), **S)}
    model.op("READ_VARIABLE", [handle], [names["old"]], "ReadVariableOptions")
    names["joined"] = model.tensor("joined", (1, 3, 4), **S)
    model.op("CONCATENATION", [names["old"], names["x"]], [names["joined"]], "ConcatenationOptions", axis=1)
    names["kept"] = model.tensor("kept", (1, 2, 4), **S)
    bounds = [model.constant(name, value) for name, value in (("b", [0, 1, 0]), ("s", [1, 2, 4]))]
    model.op("SLICE", [names["joined"], *bounds], [names["kept"]], "SliceOptions")
    model.op("ASSIGN_VARIABLE", [handle, names["kept"]], [], "AssignVariableOptions")
    if after:
        names["again"] = model.tensor("again", (1, 2, 4), **S)
        model.op("READ_VARIABLE", [handle], [names["again"]], "ReadVariableOptions")
    return model.build([names["x"]], [names[name] for name in last])


def test_a_stream_reads_and_writes_its_state_in_place():
    found = compiled(stream(last=("joined",)))
    assert kernels(found) == ["tfg_concatenation", "tfg_concatenation", "tfg_strided_copy"]
    (state,) = found.states
    assert (state.elements, state.reset_value, state.per_window) == (8, -3, False)
    assert found.graph.root(found.layers[0].inputs[0]) == state.tensor
    assert found.graph.root(found.layers[2].outputs[0]) == state.tensor
    assert 'resolve_variables: variable "past" is 8 B of state' in found.log


def test_the_old_content_survives_an_assignment():
    found = compiled(stream(last=("joined", "old")))
    assert kernels(found)[0] == "tfg_copy"  # what the caller gets must not change when the state does
    assert kernels(found).count("tfg_copy") == 1


def test_a_value_that_is_given_out_is_copied_into_the_state():
    assert kernels(compiled(stream(last=("kept",))))[-1] == "tfg_copy"


def test_reading_again_sees_the_new_content():
    found = compiled(stream(last=("again",), after=True))
    assert found.graph.root(found.layers[-1].inputs[0]) == found.states[0].tensor
    assert kernels(found)[-1] == "tfg_copy"


def test_a_state_of_different_values_is_refused():
    with pytest.raises(UnsupportedModelError, match="starts from different values; start from a constant"):
        compiled(stream(start=np.arange(8).reshape(1, 2, 4)))


def test_reading_what_nothing_assigned_is_refused():
    model = Writer()
    handle, x = model.tensor("h", (), "resource"), model.tensor("x", (1, 4), **S)
    model.op("VAR_HANDLE", [], [handle], "VarHandleOptions", container="", shared_name="past")
    old, y = model.tensor("old", (1, 4), **S), model.tensor("y", (2, 4), **S)
    model.op("READ_VARIABLE", [handle], [old], "ReadVariableOptions")
    model.op("CONCATENATION", [x, old], [y], "ConcatenationOptions", axis=0)
    with pytest.raises(UnsupportedModelError, match=r'op #1 READ_VARIABLE: tensor "old": reads a variable that'):
        compiled(model.build([x], [y]))


def test_a_variable_keeps_its_shape():
    model = Writer()
    handle, x = model.tensor("h", (), "resource"), model.tensor("x", (1, 4), **S)
    model.op("VAR_HANDLE", [], [handle], "VarHandleOptions", container="", shared_name="past")
    model.op("ASSIGN_VARIABLE", [handle, x], [], "AssignVariableOptions")
    y = model.tensor("y", (4,), **S)
    model.op("READ_VARIABLE", [handle], [y], "ReadVariableOptions")
    with pytest.raises(UnsupportedModelError, match=r'op #2 READ_VARIABLE: tensor "y": has shape \[4\] where \[1, 4\]'):
        compiled(model.build([x], [y]))
