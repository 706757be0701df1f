"""``tinyforge profile``: every number of a layer, wait states, comparison and flame graph."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "compiler"))

from small_models import conv_net

from tinyforge.cli import main
from tinyforge.pipeline import models, profiles

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


def thin(number):
    """A cell's number."""
    return 0 if number == "-" else int(number.replace("\u202f", "").replace(" ", ""))


def test_the_table_adds_up(model, capsys):
    """Instructions, cycles and flash of the rows are the totals below."""
    said = models.profile(model)
    assert run(["profile", str(model)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in re.split(r" {2,}", line) if cell.strip()] for line in lines]
    rest = next(row for row in rows if row[:1] == ["calls; code of all"])
    layers = said["layers"]
    assert thin(rest[2]) + sum(layer["instructions"] for layer in layers) == said["instructions"]
    assert thin(rest[3]) + sum(layer["cycles"] for layer in layers) == said["cycles"]
    assert thin(rest[6]) + sum(layer["flash_bytes"] for layer in layers) == said["flash_bytes"]


@pytest.mark.parametrize("key", ["name", "latency_us", "clock_hz", "cycles_low", "own_cycles", "layers"])
def test_a_profile_that_lacks_something_is_named_with_it(model, tmp_path, capsys, key):
    said = models.profile(model)
    del said[key]
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(said))
    for arguments in (["profile", str(broken)], ["profile", str(broken), "--flame", str(tmp_path / "x.svg")]):
        assert run(arguments) == 3
        assert f'broken.json: is no profile: "{key}" is missing' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "code", "fact"),
    [
        (None, 2, "no such file"),
        ("{", 3, "is no profile: it is not JSON"),
        ("[]", 3, "is no profile: it is no table"),
        ('{"name": "x", "layers": 5}', 3, 'is no profile: "layers" is 5'),
    ],
)
def test_what_is_no_profile(tmp_path, capsys, text, code, fact):
    broken = tmp_path / "broken.json"
    if text is not None:
        broken.write_text(text)
    assert run(["profile", str(broken)]) == code
    assert fact in capsys.readouterr().err


def test_a_profile_that_was_made_keeps_its_board(model, tmp_path, capsys):
    before = tmp_path / "before.json"
    before.write_text(json.dumps(models.profile(model)))
    assert run(["profile", str(before), "--board", "nano33"]) == 2
    assert "the times in before.json are of the board it was made for" in capsys.readouterr().err


def test_layers_of_one_name_are_compared_in_their_order(model):
    """A call that is no layer's can stand there twice."""
    said = models.profile(model)
    twice = {**said, "layers": [{**said["layers"][0], "name": "copy", "cycles": cycles} for cycles in (10, 20)]}
    changes = profiles.compare(twice, twice)
    assert [layer["cycles"]["before"] for layer in changes["layers"]] == [10, 20]


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
    text = capsys.readouterr().out
    assert "before.json, and before.json before" in text
    assert "microseconds" in text
    assert run(["profile", str(before), "--compare", str(before), "--json"]) == 0
    changes = json.loads(capsys.readouterr().out)
    assert {change["ratio"] for change in changes["totals"].values()} == {1.0}
    assert run(["profile", str(before), "--flame", "x.png"]) == 2
    assert 'error: --flame: "x.png" is no .svg' in capsys.readouterr().err
