"""Debug builds: every tensor that an operator writes equals LiteRT's, kept by ``preserve_all_tensors``.

    python -m pytest -m heavy tests/ops/test_zoo_intermediates.py      every model; otherwise a fixed sample

Tensors that a pass has taken away (reshapes, what is fused or computed beforehand) have no counterpart in the C.
"""

from __future__ import annotations

import numpy as np
import pytest
from opbench import random_inputs
from test_zoo_sanitizers import all_names, path_of

from tinyforge.compiler import compile_model
from tinyforge.core.errors import TinyforgeError
from tinyforge.evaluate import litert
from tinyforge.evaluate.host_c import load_invoke
from tinyforge.evaluate.mend import mend
from tinyforge.runtimes.aot.generate import AotRuntime

MOST_MACS = 30_000_000

#: Models and how many of their tensors are compared at least.
SAMPLE = {
    "bench/g_cnn": 6,  # two convolutions are one call with the pooling behind them
    "bench/g_lstm": 3,
    "int8/mww__vad__7aa4db6d": 17,
    "int8/tinymaix__mnist_resnet_q__b8619232": 7,
    "int8/mltk__keyword_spotting_pacman__4696519f": 8,  # four convolutions with their poolings
}


def compared(name, folder):
    """How many tensors are the same; one that differs is an error."""
    path = path_of(name)
    if not path.is_file():
        pytest.skip(f"no {path}")
    try:
        compiled = compile_model(path.read_bytes(), name="net", place=name)
        if compiled.macs > MOST_MACS:
            pytest.skip("an inference takes too long here")
        AotRuntime().generate(compiled, folder)
        model, inputs = mend(compiled.model), random_inputs(compiled, 2, np.random.default_rng(3))[1]
        row = np.concatenate([array.reshape(-1).view(np.uint8) for array in inputs])
        expected = litert.run_all_tensors(model, row.view(np.int8))
    except TinyforgeError as refused:
        pytest.skip(str(refused))
    actual = load_invoke(folder, trace=True).trace(row)
    order = litert.op_outputs(model)
    assert litert.first_differing_layer(order, expected, actual) is None
    return len({output.tensor for output in order} & set(expected) & set(actual))


@pytest.mark.parametrize("name", SAMPLE)
def test_sample(name, tmp_path):
    assert compared(name, tmp_path) >= SAMPLE[name]


@pytest.mark.heavy
@pytest.mark.parametrize("name", all_names())
def test_zoo(name, tmp_path):
    if not compared(name, tmp_path):
        pytest.skip("passes have taken all of its operators away")
