"""PAD and SPACE_TO_BATCH_ND wrote 0 around int16 values whatever their zero point; LiteRT writes the zero point."""

import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError


@pytest.mark.parametrize("kind", ["PAD", "SPACE_TO_BATCH_ND"])
def test_another_zero_point_is_refused(kind):
    def built(zero_point):
        model = Writer()
        quantized = {"dtype": "int16", "scale": 0.5, "zero_point": zero_point}
        x = model.tensor("x", (1, 3, 1), **quantized)
        if kind == "PAD":
            y = model.tensor("y", (1, 4, 1), **quantized)
            model.op(kind, [x, model.constant("edges", [[0, 0], [1, 0], [0, 0]])], [y], "PadOptions")
        else:
            y = model.tensor("y", (2, 2, 1), **quantized)
            blocks, edges = model.constant("blocks", [2]), model.constant("edges", [[1, 0]])
            model.op(kind, [x, blocks, edges], [y], "SpaceToBatchNDOptions")
        return compile_model(model.build([x], [y]), name="m", place="m.tflite")

    assert built(0).layers[0].params["value"] == 0
    with pytest.raises(UnsupportedModelError, match=f'op #0 {kind}: tensor "y": is quantized asymmetrically'):
        built(3)
