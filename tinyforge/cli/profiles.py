"""``tinyforge profile``: a table, a comparison, a flame graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyforge.cli import render
from tinyforge.core.errors import UsageError

_COUNTS = ("macs", "instructions", "cycles")
_SIZES = ("flash_bytes", "ram_bytes", "stack_bytes")


def profile(file: Path, board: str, optimize: str, other: Path | None, flame: Path | None, *, json: bool) -> None:
    """Cost of one inference of a lone model."""
    from tinyforge.pipeline import profiles

    if flame is not None and flame.suffix != ".svg":
        raise UsageError("--flame", f'"{flame}" is no .svg', f"for instance --flame {file.stem}.svg")
    result = profiles.load_or_measure(file, board_id=board, optimize=optimize)
    if flame is not None:
        from tinyforge.core.files import write_text
        from tinyforge.report.flame import flame_graph

        write_text(flame, flame_graph(result))
    if other is not None:
        before = profiles.load_or_measure(other, board_id=board, optimize=optimize)
        changes = profiles.compare(before, result)
        if json:
            render.say_json(changes)
            return
        _compared(changes)
    elif json:
        render.say_json(result)
        return
    else:
        _table(file, result)
    if flame is not None:
        render.say(f"flame graph: {flame}")


def _text(value: int | None) -> str:
    return "-" if value is None else render.thousands(value)


def _table(file: Path, result: Mapping[str, Any]) -> None:
    columns = ("#", "layer", "shape", "MAC", "instructions", "cycles", "/MAC", "ms", "flash", "RAM", "stack")
    rows = []
    for i, layer in enumerate(result["layers"]):
        per_mac = f"{layer['instructions'] / layer['macs']:.2f}" if layer["macs"] else "-"
        counts = [render.thousands(layer[key]) for key in _COUNTS]
        sizes = [_text(layer[key]) for key in _SIZES]
        rows.append(
            (str(i), layer["name"], layer["shape"], *counts, per_mac, f"{layer['latency_us'] / 1000:.3f}", *sizes)
        )
    render.table(f"{file.name}: one inference", columns, rows, numeric=columns[3:])
    low, high = (render.thousands(result[key]) for key in ("cycles_low", "cycles_high"))
    clock = f"{result['clock_hz'] / 1e6:g} MHz, {result['flash_wait_cycles']} flash wait states"
    rows = [
        ("MAC", render.thousands(result["macs"])),
        ("instructions (exact)", render.thousands(result["instructions"])),
        (f"cycles (estimated, {low} to {high})", render.thousands(result["cycles"])),
        (f"ms at {clock}", f"{result['latency_us'] / 1000:.2f}"),
        ("flash, bytes", render.thousands(result["flash_bytes"])),
        ("RAM, bytes (arena, state, stack)", render.thousands(result["ram_bytes"])),
        ("of that stack, bytes", render.thousands(result["stack_bytes"])),
    ]
    render.table("", ("what", "value"), rows, numeric=("value",))


def _compared(changes: Mapping[str, Any]) -> None:
    columns = ("layer", "MAC", "was", "instructions", "was", "x", "cycles", "was", "x")

    def cells(change: Mapping[str, Any]) -> tuple[str, str, str]:
        ratio = "-" if change["ratio"] is None else f"{change['ratio']:.2f}"
        return _text(change["after"]), _text(change["before"]), ratio

    rows = []
    for layer in changes["layers"]:
        macs, instructions, cycles = (cells(layer[key]) for key in _COUNTS)
        rows.append((layer["name"], *macs[:2], *instructions, *cycles))
    render.table(f"{changes['after']}, and {changes['before']} before", columns, rows, numeric=columns[1:])
    totals = [(key.replace("_bytes", ", bytes"), *cells(change)) for key, change in changes["totals"].items()]
    render.table("", ("what", "now", "was", "x"), totals, numeric=("now", "was", "x"))
