"""The flame graph: well-formed, as wide as the cycles say, safe against names."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tinyforge.report.flame import flame_graph

SVG = "{http://www.w3.org/2000/svg}"
PROFILE = {
    "name": "net",
    "instructions": 800,
    "cycles": 1000,
    "latency_us": 40.0,
    "clock_hz": 25_000_000,
    "flash_wait_cycles": 0,
    "own_instructions": 60,
    "own_cycles": 100,
    "layers": [
        {
            "name": "conv_1d_0",
            "instructions": 500,
            "cycles": 600,
            "functions": [
                {"name": "tfg_tiles_2x2", "instructions": 400, "cycles": 480},
                {"name": "tfg_conv_1d_s8", "instructions": 100, "cycles": 120},
            ],
        },
        {
            "name": "softmax_0",
            "instructions": 240,
            "cycles": 300,
            "functions": [{"name": "tfg_<softmax>&_s8", "instructions": 240, "cycles": 300}],
        },
    ],
}


def boxes(text):
    found = {}
    for group in ET.fromstring(text).iter(f"{SVG}g"):  # noqa: S314  # our own text
        rect = group.find(f"{SVG}rect")
        name = group.find(f"{SVG}title").text.split(":")[0]
        found[name] = (float(rect.get("x")), float(rect.get("y")), float(rect.get("width")))
    return found


def test_widths_are_shares_of_the_cycles():
    found = boxes(flame_graph(PROFILE))
    whole = found["net"][2]
    assert found["conv_1d_0"][2] == whole * 0.6
    assert found["tfg_tiles_2x2"][2] == whole * 0.48
    assert found["calls"][2] == whole * 0.1
    assert found["softmax_0"][0] == found["conv_1d_0"][0] + whole * 0.6
    assert found["tfg_conv_1d_s8"][0] == found["tfg_tiles_2x2"][0] + whole * 0.48
    assert found["net"][1] < found["conv_1d_0"][1] < found["tfg_tiles_2x2"][1]


def test_a_tooltip_says_the_numbers():
    text = flame_graph(PROFILE)
    assert "conv_1d_0: 600 cycles (60.0 %), 500 instructions" in text
    assert "net: 800 instructions, about 1 000 cycles, 0.04 ms at 25 MHz, 0 flash wait states" in text


def test_names_are_escaped_and_nothing_is_fetched():
    text = flame_graph(PROFILE)
    assert "tfg_<softmax>&_s8" in boxes(text)
    assert "<softmax>" not in text
    assert "href" not in text
    assert "<script" not in text
