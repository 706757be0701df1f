"""What the compiler goes by when it chooses forms and streaming, beside the virtual board; wide: ``tests/bench``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("unicorn", reason="the virtual board needs `pip install tinyforge[virtual]`")

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from costs import Costs
from form_regret import choices
from forms_layers import KINDS, programs
from sliding import Net, cnn

from tinyforge.compiler import Goal, compile_model
from tinyforge.compiler.instructions import instructions_of
from tinyforge.compiler.streaming import stream
from tinyforge.toolchain import find_arm_toolchain

pytestmark = pytest.mark.emulator

SIGMOID = ("lstm", "gru")  # what their activations take depends on the values

FEW_CHANNELS = {  # small calls, about
    *("tfg_conv_2d_one_s8", "tfg_conv_2d_single_s8", "tfg_conv_2d_single_apart_s8", "tfg_conv_1d_point_s8"),
    "tfg_depthwise_conv_2d_planes_s8",
}


@pytest.fixture(scope="module")
def costs(tmp_path_factory):
    if find_arm_toolchain().kind != "gcc":
        pytest.skip("no arm-none-eabi-gcc")
    return Costs(tmp_path_factory.mktemp("costs"))


@pytest.mark.parametrize("kind", KINDS)
def test_instructions_of_calls(kind, costs):
    """Of every form: what is said of a call, and what it takes."""
    rng = np.random.default_rng(31)
    models = list(programs(KINDS[kind](rng)[1], rng))[:8]
    for model, cost in zip(models, costs.calls_of(models), strict=True):
        for layer, measured in zip(model.layers, cost.layers(model), strict=True):
            about = instructions_of(layer)
            assert about is not None, layer.kernel
            rel = 0.06 if kind in SIGMOID else 0.1 if layer.kernel in FEW_CHANNELS else 0.03
            assert about == pytest.approx(measured, rel=rel), layer.kernel


@pytest.mark.parametrize("kind", ["conv_1d", "conv_1d_pool", "conv_2d", "conv_2d_few", "dense", "gru"])
def test_no_other_form_is_better(kind, costs):
    for choice in choices(kind, range(2), 5, costs):
        assert choice.regret <= {Goal.SPEED: 0.5, Goal.SIZE: 0, Goal.BALANCED: 0.5}[choice.goal], choice.said
        if choice.goal is not Goal.SPEED:
            assert choice.more_than_plain <= 0, choice.said


@pytest.mark.parametrize(
    ("data", "hop"),
    [(cnn(), 10), (cnn(), 8), (Net(100, 6).conv(16, 5).conv(32, 5).head(), 10)],
    ids=["10", "8", "plain"],
)
def test_what_streaming_says(data, hop, costs):
    """RAM exactly; instructions to 2 %, flash to 150 B and a tenth."""
    whole = compile_model(data, name="net", place="net.tflite")
    found = stream(whole, hop)
    said = re.search(
        r"about (\d+) instructions .* of the (\d+) of .*; (\d+) B .* instead of (\d+), about (\d+) B of flash (\w+)",
        found.log[-1],
    )
    assert said is not None, found.log[-1]
    window = costs.of([whole])[0]
    hops = costs.of([found], calls=2 * found.stream.phases)[0]
    instructions, window_instructions, ram, window_ram, flash = (int(number) for number in said.groups()[:5])
    assert instructions == pytest.approx(hops.instructions, rel=0.02)
    assert window_instructions == pytest.approx(window.instructions, rel=0.02)
    assert ram - window_ram == pytest.approx(hops.ram_bytes - window.ram_bytes, abs=8)
    assert flash * (1 if said[6] == "more" else -1) == pytest.approx(
        hops.flash_bytes - window.flash_bytes, abs=150, rel=0.1
    )
