"""A flame graph of one inference: the model, its layers, the functions that ran in each; one SVG that needs nothing."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from html import escape
from typing import Any

WIDTH, ROW, TOP, PAD = 1200, 22, 34, 10
_NARROWEST = 0.3  # pixels; what is narrower is not drawn
_LETTER = 6.6


def flame_graph(profile: Mapping[str, Any]) -> str:
    """SVG text; a width is a share of the estimated cycles, and a tooltip says the numbers.

    Args:
        profile: as ``tinyforge profile --json`` prints it.
    """
    total = max(int(profile["cycles"]), 1)
    scale = (WIDTH - 2 * PAD) / total
    boxes = [_box(profile["name"], 0, total, profile["instructions"], 0, scale, total)]
    at = 0
    for layer in profile["layers"]:
        boxes.append(_box(layer["name"], at, layer["cycles"], layer["instructions"], 1, scale, total))
        inner = at
        for function in layer["functions"]:
            boxes.append(_box(function["name"], inner, function["cycles"], function["instructions"], 2, scale, total))
            inner += function["cycles"]
        at += layer["cycles"]
    boxes.append(_box("calls", at, profile["own_cycles"], profile["own_instructions"], 1, scale, total))
    height = TOP + 3 * ROW + PAD
    head = (
        f"{profile['name']}: {_number(profile['instructions'])} instructions, about {_number(total)} cycles, "
        f"{profile['latency_us'] / 1000:.2f} ms at {profile['clock_hz'] / 1e6:g} MHz, "
        f"{profile['flash_wait_cycles']} flash wait states"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="ui-monospace, monospace" font-size="11">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#fffdf8"/>\n'
        f'<text x="{PAD}" y="20" font-size="13" fill="#222">{escape(head)}</text>\n'
        + "\n".join(box for box in boxes if box)
        + "\n</svg>\n"
    )


def _number(value: int) -> str:
    return f"{value:,}".replace(",", " ")


def _box(name: str, start: int, cycles: int, instructions: int, depth: int, scale: float, total: int) -> str:
    width = cycles * scale
    if width < _NARROWEST:
        return ""
    x, y = PAD + start * scale, TOP + depth * ROW
    hue = 18 + zlib.crc32(name.rstrip("0123456789_").encode()) % 40  # one colour a kind of layer
    letters = int((width - 6) / _LETTER)
    label = name if len(name) <= letters else f"{name[: letters - 1]}\u2026" if letters > 2 else ""
    tip = f"{name}: {_number(cycles)} cycles ({100 * cycles / total:.1f} %), {_number(instructions)} instructions"
    text = f'<text x="{x + 3:.2f}" y="{y + 15}" fill="#222">{escape(label)}</text>' if label else ""
    return (
        f'<g><title>{escape(tip)}</title><rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{ROW - 1}" '
        f'fill="hsl({hue} 80% {70 + 6 * (depth == 0)}%)" stroke="#fffdf8" stroke-width="0.5"/>{text}</g>'
    )
