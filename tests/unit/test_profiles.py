"""Two profiles side by side."""

from __future__ import annotations

import copy
import json

import pytest

from tinyforge.core.errors import DataError
from tinyforge.pipeline import profiles


def profile(name="net", *layers):
    sizes = {"flash_bytes": 9, "ram_bytes": 8, "stack_bytes": None, "shape": "", "functions": []}
    found = [
        {"name": one, "macs": macs, "instructions": 2 * macs, "cycles": 3 * macs, "latency_us": 0.1 * macs, **sizes}
        for one, macs in layers
    ]
    totals = {key: sum(layer[key] for layer in found) for key in ("macs", "instructions", "cycles", "latency_us")}
    totals |= {"cycles_low": 1, "cycles_high": 9, "own_instructions": 0, "own_cycles": 0}
    board = {"clock_hz": 25_000_000, "flash_wait_cycles": 0}
    return {"name": name, "layers": found, **totals, **board, "flash_bytes": 1000, "ram_bytes": 200, "stack_bytes": 50}


def test_what_changed():
    before = profile("old", ("conv", 100), ("dense", 10), ("gone", 5))
    after = profile("new", ("conv", 50), ("fresh", 7), ("dense", 10))
    after["flash_bytes"] = 1500
    said = profiles.compare(before, after)
    assert (said["before"], said["after"]) == ("old", "new")
    assert [layer["name"] for layer in said["layers"]] == ["conv", "fresh", "dense", "gone"]
    assert said["layers"][0]["cycles"] == {"before": 300, "after": 150, "ratio": 0.5}
    assert said["layers"][1]["macs"] == {"before": None, "after": 7, "ratio": None}
    assert said["layers"][3]["instructions"] == {"before": 10, "after": None, "ratio": None}
    assert said["totals"]["flash_bytes"] == {"before": 1000, "after": 1500, "ratio": 1.5}
    assert list(said["totals"]) == [
        *("macs", "instructions", "cycles", "latency_us"),
        *("flash_bytes", "ram_bytes", "stack_bytes"),
    ]


def test_nothing_before_has_no_ratio():
    before, after = profile("a", ("relu", 0)), profile("b", ("relu", 4))
    assert profiles.compare(before, after)["totals"]["macs"] == {"before": 0, "after": 4, "ratio": None}


def test_a_profile_from_before(tmp_path):
    path = tmp_path / "before.json"
    path.write_text(json.dumps(profile("old", ("conv", 3))))
    assert profiles.load_or_measure(path, board_id="virtual", optimize="balanced") == profile("old", ("conv", 3))


@pytest.mark.parametrize("damage", ["no json", "no cycles", "a text", "a layer without"])
def test_what_is_no_profile(damage, tmp_path):
    path = tmp_path / "before.json"
    said = copy.deepcopy(profile("old", ("conv", 3)))
    if damage == "no cycles":
        del said["cycles"]
    elif damage == "a text":
        said["ram_bytes"] = "200"
    elif damage == "a layer without":
        del said["layers"][0]["macs"]
    path.write_text("{" if damage == "no json" else json.dumps(said))
    with pytest.raises(DataError, match=r"before.json: is no profile: .*; make it with `tinyforge profile --json`"):
        profiles.load_or_measure(path, board_id="virtual", optimize="balanced")
