"""A sliding window: the same outputs as the whole window, for less."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from sliding import SAME, Net, cnn, differences, differences_beside, random_net
from small_models import dense, info, lstm
from tflite_writer import Writer

from tinyforge.compiler import Goal, compile_model
from tinyforge.compiler.stream_gain import Gain
from tinyforge.compiler.streaming import Rows, stream, stream_beside
from tinyforge.core.errors import UsageError
from tinyforge.pipeline import models
from tinyforge.pipeline.eject import eject
from tinyforge.runtimes import Manifest, get_runtime


@pytest.mark.parametrize(("flat", "hops"), [(False, 10_000), (True, 1000)], ids=["mean", "flat"])
def test_many_hops(flat, hops, tmp_path):
    sliding, seen, wrong = differences(cnn(flat=flat), 10, hops, tmp_path)
    assert (seen, wrong) == (hops - 9, 0)
    assert sliding.macs < 0.2 * sliding.stream.window_macs


@pytest.mark.parametrize("seed", range(10))
def test_random_networks(seed, tmp_path):
    hop = int(np.random.default_rng(seed).integers(1, 12))
    _, seen, wrong = differences(random_net(seed), hop, 60 + 70 // hop, tmp_path, force=True)
    assert seen > 50
    assert wrong == 0


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(10, 300))
def test_many_random_networks(seed, tmp_path):
    hop = int(np.random.default_rng(seed).integers(1, 20))
    _, seen, wrong = differences(random_net(seed), hop, 200 + 70 // hop, tmp_path, force=True)
    assert seen > 150
    assert wrong == 0


def test_borders_are_computed_each_time(tmp_path):
    data = Net(60, 3).conv(8, 7, padding=SAME).conv(8, 5, padding=SAME).head(flat=True)
    sliding, seen, wrong = differences(data, 4, 200, tmp_path)
    assert seen > 100
    assert wrong == 0
    names = [layer.name for layer in sliding.layers if layer.stem == "conv_1d"]
    assert names == ["conv_1d_0_first", "conv_1d_0", "conv_1d_1_first", "conv_1d_1"]
    rows = [layer.params["out_len"] for layer in sliding.layers if layer.stem == "conv_1d"]
    assert rows == [3, 4 + 3, 5, 4 + 5]


def test_packed_weights(tmp_path):
    data = Net(60, 4).conv(16, 5, zeros=0.9).pool(2).conv(24, 5, padding=SAME, zeros=0.9).head()
    sliding, seen, wrong = differences(data, 4, 100, tmp_path, goal=Goal.SIZE)
    assert [layer.kernel for layer in sliding.layers].count(
        "tfg_conv_1d_packed_s8"
    ) == 3  # of the second, border and end
    assert seen > 80
    assert wrong == 0


def test_rows_repeat_after_phases():
    rows = Rows(0, 25, 32, step=4, left=0, right=0, hop=10, first=0)
    assert (rows.phases, rows.shift, rows.fresh) == (2, 5, 20)
    assert rows.ranges() == ((20, 25),)
    sliding = stream(compile_model(cnn(), name="m", place="m.tflite"), 10)
    assert sliding.stream.phases == 4  # three pools of two: a row stands for 8 samples
    assert sliding.states[-1].name == "phase"
    assert sliding.log[-1].endswith(
        "; a hop that is a multiple of 8 keeps one copy of each row and computes less a sample"
    )
    eight = stream(compile_model(cnn(), name="m", place="m.tflite"), 8)
    assert "multiple" not in eight.log[-1]
    assert eight.macs / 8 < sliding.macs / 10


def test_what_is_not_kept_takes_no_state():
    sliding = stream(compile_model(Net(40, 4).conv(8, 4).pool(2).head(), name="m", place="m.tflite"), 4)
    # the window's last samples, from those on that two rows of the convolution need; the pool's rows for the mean
    assert [state.elements for state in sliding.states] == [(4 + 4) * 4, 18 * 8]
    sliding = stream(compile_model(Net(40, 4).conv(8, 4).pool(2).head(), name="m", place="m.tflite"), 5)
    # by five, a pair of rows is the same after two hops: one call for both would convolve the rows of both anew
    assert [state.elements for state in sliding.states] == [8 * 4, 11 * 8, 2 * 18 * 8, 1]
    sliding = stream(compile_model(Net(40, 4).conv(8, 3).pool(2).head(), name="m", place="m.tflite"), 4)
    assert [state.elements for state in sliding.states] == [(4 + 2) * 4, 19 * 8]


def test_where_it_does_not_pay():
    compiled = compile_model(cnn(), name="m", place="m.tflite")
    same = stream(compiled, 90)
    assert same.stream is None
    assert same.layers == compiled.layers
    assert same.log[-1].startswith("stream: does not pay: ")
    assert "instructions a hop where the whole window takes" in same.log[-1]


def test_each_cost_may_be_too_much():
    gain = Gain(50_000, 100_000, 2000, 1500, 300, 20_000, 40_000)
    assert [gain.why_not(goal) for goal in Goal] == [""] * 3
    slower = replace(gain, instructions=81_000)
    assert [bool(slower.why_not(goal)) for goal in Goal] == [False, True, True]  # speed, size, balanced
    assert all(replace(gain, instructions=99_000).why_not(goal) for goal in Goal)
    large = replace(gain, ram_bytes=16_385)
    assert all(large.why_not(goal) == "16385 B of arena and state where the whole window takes 1500" for goal in Goal)
    assert not replace(large, window_ram_bytes=5000).why_not(Goal.SPEED)
    code = replace(gain, more_flash_bytes=12_301)  # and 500 B of RAM: 256.02 for each thousand instructions
    assert [bool(code.why_not(goal)) for goal in Goal] == [False, True, False]
    assert code.why_not(Goal.SIZE) == "about 12801 B more of RAM and flash for 50000 instructions of 100000"
    assert not replace(gain, more_flash_bytes=-900).why_not(Goal.SIZE)


def test_it_says_what_it_saves():
    sliding = stream(compile_model(cnn(), name="m", place="m.tflite"), 10)
    assert re.match(
        r"stream: about \d+ instructions a hop of 10, 2\d % of the \d+ of the whole window of 100; "
        r"3688 B of arena and state instead of 1504, about \d+ B of flash more; "
        rf"{sliding.macs} MAC instead of {sliding.stream.window_macs}; ",
        sliding.log[-1],
    )


@pytest.mark.parametrize("hop", [0, 100, -3])
def test_a_hop_that_does_not_fit(hop):
    with pytest.raises(UsageError, match=r"--hop: .* samples of a window of 100; give 1 to 99"):
        stream(compile_model(cnn(), name="m", place="m.tflite"), hop)


def test_several_windows_at_once(tmp_path):
    """Their samples do not lie side by side."""
    model = Writer()
    x, y = (model.tensor(name, (2, 20, 1, 4), scale=0.05, zero_point=-3) for name in "xy")
    model.op("RELU", [x], [y])
    data = model.build([x], [y])
    with pytest.raises(UsageError, match="--stream: the model takes 2 windows at once; export it without --stream"):
        stream(compile_model(data, name="m", place="m.tflite"), 4)


def test_metadata_describes_the_samples_of_a_call():
    compiled = compile_model(cnn(), name="m", place="m.tflite")
    said = replace(info(), window=replace(info().window, length=100))
    assert stream(replace(compiled, info=said), 10).info.window.length == 10


def test_export(tmp_path):
    path = tmp_path / "cnn.tflite"
    path.write_bytes(cnn())
    said = models.export(path, tmp_path / "out", stream=True, hop=10)
    assert said["stream"] == {"hop": 10, "length": 100, "window_macs": 220_256}
    assert "; 33056 MAC instead of 220256; " in said["stream_says"]
    assert models.export(path, tmp_path / "close", stream=True, hop=99)["stream_says"].startswith("does not pay: ")
    assert models.export(path, tmp_path / "whole")["stream_says"] == ""
    header = (tmp_path / "out" / "cnn.h").read_text()
    assert "#define CNN_HOP 10" in header
    assert "#define CNN_FILLING_CALLS 10" in header
    with pytest.raises(UsageError, match=r"--stream: .*; add --hop N"):
        models.export(path, tmp_path / "other", stream=True)
    with pytest.raises(UsageError, match=r"--stream: .*; leave it out"):
        eject(tmp_path / "project", model=path, stream=True)
    with pytest.raises(UsageError, match="the runtime tflm takes whole windows"):
        models.export(path, tmp_path / "other", runtime="tflm", hop=10)


def test_layers_that_see_all_stay_as_they_are():
    compiled = compile_model(lstm(last=True), name="m", place="m.tflite")
    assert stream(compiled, 2).stream is None
    with pytest.raises(UsageError, match="samples of a window of 4"):
        stream(compile_model(dense(), name="m", place="m.tflite"), 9)


@pytest.mark.parametrize("seed", range(6))
def test_both_forms_in_turn(seed, tmp_path):
    hop = int(np.random.default_rng(seed).integers(1, 12))
    _, seen, wrong = differences_beside(random_net(seed), hop, 40 + 70 // hop, tmp_path)
    assert seen > 30
    assert wrong == 0


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(10, 200))
def test_both_forms_of_many_random_networks(seed, tmp_path):
    hop = int(np.random.default_rng(seed).integers(1, 20))
    _, seen, wrong = differences_beside(random_net(seed), hop, 200 + 70 // hop, tmp_path)
    assert seen > 150
    assert wrong == 0


def test_both_forms_of_a_recurrent_network(tmp_path):
    """Its state is that of one window in either form, and there once."""
    both, seen, wrong = differences_beside(lstm(last=True), 2, 60, tmp_path)
    assert (seen, wrong) == (58, 0)
    assert [state.name for state in both.all_states] == ["state_0", "state_1", "rows_0"]
    assert both.state_bytes == both.states[0].bytes + both.states[1].bytes + 5 * 2


def test_both_forms_share_what_they_can(tmp_path):
    whole = compile_model(cnn(), name="m", place="m.tflite")
    both, alone = stream_beside(whole, 8), stream(whole, 8)
    assert both.weight_bytes == whole.weight_bytes
    assert both.arena_bytes == max(whole.arena_bytes, alone.arena_bytes)
    assert both.state_bytes == alone.state_bytes
    assert (both.macs, both.sliding.macs) == (whole.macs, alone.macs)
    assert both.log[-1].split(";")[-1] == alone.log[-1].split(";")[-1]
    assert f"; {both.arena_bytes + both.state_bytes} B of arena and state instead of " in both.log[-1]
    get_runtime("aot").generate(both, tmp_path)
    said = Manifest.load(tmp_path)
    assert (said.function, said.reset) == ("m_invoke", None)
    assert (said.sliding.hop, said.sliding.function, said.sliding.reset) == (8, "m_slide", "m_slide_reset")
    text = (tmp_path / "m.c").read_text()
    for name in ("conv_1d_0_filter", "mean_0", "fully_connected_0"):
        assert text.count(f" {name}[") + text.count(f" {name} =") == 1  # printed once, for both
    get_runtime("aot").generate(whole, tmp_path / "whole")
    assert "sliding" not in (tmp_path / "whole" / "manifest.json").read_text()


def test_where_it_does_not_pay_there_is_one_form():
    compiled = compile_model(cnn(), name="m", place="m.tflite")
    same = stream_beside(compiled, 90)
    assert same.sliding is None
    assert same.log[-1].startswith("stream: does not pay: ")
