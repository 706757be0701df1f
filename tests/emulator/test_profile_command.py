"""``tinyforge profile``: every number of a layer, wait states, comparison and flame graph."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "compiler"))

from small_models import conv_net

from tinyforge.cli import main
from tinyforge.pipeline import models

pytestmark = pytest.mark.emulator


def run(arguments):
    """Exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(conv_net())
    return path


def test_numbers_of_a_layer_add_up(model):
    said = models.profile(model)
    assert sum(layer["macs"] for layer in said["layers"]) == said["macs"]
    for key in ("instructions", "cycles"):
        assert sum(layer[key] for layer in said["layers"]) + said[f"own_{key}"] == said[key]
        for layer in said["layers"]:
            assert sum(function[key] for function in layer["functions"]) == layer[key]
    assert max(layer["ram_bytes"] for layer in said["layers"]) <= said["arena_bytes"]
    assert max(layer["stack_bytes"] for layer in said["layers"]) < said["stack_bytes"]
    assert sum(layer["flash_bytes"] for layer in said["layers"]) < said["flash_bytes"]
    assert said["cycles_low"] < said["cycles"] < said["cycles_high"]
    assert said["latency_us"] == pytest.approx(1e6 * said["cycles"] / 25e6)


def test_a_board_waits_for_its_flash(model):
    plain, waiting = models.profile(model), models.profile(model, board_id="nano33")
    assert waiting["flash_wait_cycles"] == 2
    assert waiting["cycles"] == plain["cycles"]  # of memories without wait states, to be compared
    jumps = plain["cycles"] - plain["cycles_low"]
    assert waiting["latency_us"] == pytest.approx(1e6 * (plain["cycles"] + 2 * jumps) / 64e6)
    assert waiting["cycles_high"] == plain["cycles"] + 3 * jumps


def test_the_command(model, tmp_path, capsys):
    flame, before = tmp_path / "net.svg", tmp_path / "before.json"
    assert run(["profile", str(model), "--flame", str(flame)]) == 0
    text = capsys.readouterr().out
    for word in ("conv_1d_0", "instructions (exact)", "cycles (estimated, ", "0 flash wait states", "flame graph: "):
        assert word in text
    assert flame.read_text().startswith("<svg ")
    assert run(["profile", str(model), "--json"]) == 0
    before.write_text(capsys.readouterr().out)
    assert run(["profile", str(before), "--compare", str(before)]) == 0
    assert "net, and net before" in capsys.readouterr().out
    assert run(["profile", str(before), "--compare", str(before), "--json"]) == 0
    changes = json.loads(capsys.readouterr().out)
    assert {change["ratio"] for change in changes["totals"].values()} == {1.0}
    assert run(["profile", str(before), "--flame", "x.png"]) == 2
    assert 'error: --flame: "x.png" is no .svg' in capsys.readouterr().err
