"""ARG_MAX wrote numbers of the output tensor's type; LiteRT takes the type from the options."""

import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError


@pytest.mark.parametrize(("kind", "options"), [("ARG_MAX", "ArgMaxOptions"), ("ARG_MIN", "ArgMinOptions")])
def test_types_that_disagree_are_refused(kind, options):
    def built(said):
        model = Writer()
        x, y = model.tensor("x", (3, 4), scale=0.5), model.tensor("y", (3,), "int64")
        model.op(kind, [x, model.constant("axis", 1)], [y], options, output_type=said)
        return compile_model(model.build([x], [y]), name="m", place="m.tflite")

    assert built(4).layers[0].params["wide"] == 1
    with pytest.raises(UnsupportedModelError, match='tensor "y": is int64 where the option output_type is 2'):
        built(2)
