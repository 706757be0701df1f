"""Names of tensors and operators reached messages with their control characters, line ends and megabytes."""

import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model, read_model
from tinyforge.core.errors import ModelFormatError, UnsupportedModelError


def named(tensor="y", custom=None):
    model = Writer()
    x, y = model.tensor("x", (1, 4), scale=0.5), model.tensor(tensor, (1, 4), scale=0.5)
    model.op("CUSTOM" if custom else "FLOOR", [x], [y], custom=custom)
    return model.build([x], [y])


@pytest.mark.parametrize("name", ["\x1b[2J\x1b[31mred", "two\nlines", "a\x00b", "x" * 5000, "\u202etxet"])
def test_messages_stay_one_printable_line(name):
    for data in (named(tensor=name), named(custom=name)):
        with pytest.raises(UnsupportedModelError) as caught:
            compile_model(data, name="m", place="m.tflite")
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 2000


def test_names_that_print_stay_as_they_are():
    model = Writer()
    x, y = model.tensor("größe/τ:0", (1, 4), scale=0.5), model.tensor("y", (1, 4), scale=0.5)
    model.op("NEG", [x], [y])
    assert read_model(model.build([x], [y]), "m.tflite").tensors[x].name == "größe/τ:0"


def test_variables_are_not_confused_because_their_names_look_alike():
    model = Writer()
    x, y = (model.tensor(name, (1, 4), scale=0.5) for name in "xy")
    handle = model.tensor("handle", (), "resource")
    model.op("VAR_HANDLE", [], [handle], "VarHandleOptions", container="", shared_name="state\x01")
    model.op("NEG", [x], [y])
    with pytest.raises(ModelFormatError, match="option shared_name of op #0 VAR_HANDLE is no printable text"):
        read_model(model.build([x], [y]), "m.tflite")
