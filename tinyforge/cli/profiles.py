"""``tinyforge profile``: a table, a comparison, a flame graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyforge.cli import render
from tinyforge.core.errors import UsageError

_COUNTS = ("macs", "instructions", "cycles")
_SIZES = ("flash_bytes", "ram_bytes", "stack_bytes")


def profile(
    file: Path, board: str, optimize: str, port: str, other: Path | None, flame: Path | None, *, json: bool
) -> None:
    """Cost of one inference of a lone model."""
    from tinyforge.pipeline import profiles

    if board and file.suffix == ".json" and (other is None or other.suffix == ".json"):
        raise UsageError("--board", f"the times in {file.name} are of the board it was made for", "give a .tflite")
    if port and (file.suffix == ".json" or other is not None):
        raise UsageError("--port", "a board measures the model it holds, beside nothing", "give that .tflite alone")
    if flame is not None and flame.suffix != ".svg":
        raise UsageError("--flame", f'"{flame}" is no .svg', f"for instance --flame {file.stem}.svg")
    if port:
        from tinyforge.pipeline import board_profile

        result = board_profile.profile_on_board(file, port, board_id=board, optimize=optimize)
    else:
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
        _compared(file.name, other.name, changes)
    elif json:
        render.say_json(result)
        return
    elif port:
        _measured(file, result)
    else:
        _table(file, result)
    if flame is not None:
        render.say(f"flame graph: {flame}")


def _text(value: float | None) -> str:
    return "-" if value is None else render.thousands(round(value))


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
    own_us = result["latency_us"] - sum(layer["latency_us"] for layer in result["layers"])
    own = (render.thousands(result["own_instructions"]), render.thousands(result["own_cycles"]))
    code = result["flash_bytes"] - sum(layer["flash_bytes"] or 0 for layer in result["layers"])
    rest = (f"{max(own_us, 0) / 1000:.3f}", render.thousands(code), "-", "-")
    rows.append(("", "calls; code of all", "", "-", *own, "-", *rest))
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


def _measured(file: Path, result: Mapping[str, Any]) -> None:
    """The table of a board's own cycle counter."""
    columns = ("#", "layer", "shape", "MAC", "cycles", "/MAC", "ms", "estimated", "x")
    measured, clock_hz = result["measured"], result["clock_hz"]

    def cells(cycles: int, macs: int, latency_us: float) -> tuple[str, ...]:
        estimated = round(latency_us * clock_hz / 1e6)
        per_mac = f"{cycles / macs:.2f}" if macs else "-"
        ratio = f"{cycles / estimated:.2f}" if estimated else "-"
        return (render.thousands(cycles), per_mac, f"{1e3 * cycles / clock_hz:.3f}", _text(estimated), ratio)

    rows = []
    for i, layer in enumerate(result["layers"]):
        if layer["measured_cycles"] is not None:
            name = (str(i), layer["name"], layer["shape"], render.thousands(layer["macs"]))
            rows.append((*name, *cells(layer["measured_cycles"], layer["macs"], layer["latency_us"])))
    whole = cells(measured["cycles"], result["macs"], result["latency_us"])
    rows.append(("", "whole inference", "", render.thousands(result["macs"]), *whole))
    where = f"{measured['board']} at {measured['port']}, {clock_hz / 1e6:g} MHz"
    render.table(f"{file.name}: one inference by the cycle counter of {where}", columns, rows, numeric=columns[3:])
    render.say(
        f"the shortest of {measured['runs']} runs, outputs as the host's; estimated with "
        f"{result['flash_wait_cycles']} flash wait states"
    )


def _compared(after: str, before: str, changes: Mapping[str, Any]) -> None:
    columns = ("layer", "MAC", "was", "instructions", "was", "x", "cycles", "was", "x")

    def cells(change: Mapping[str, Any]) -> tuple[str, str, str]:
        ratio = "-" if change["ratio"] is None else f"{change['ratio']:.2f}"
        return _text(change["after"]), _text(change["before"]), ratio

    rows = []
    for layer in changes["layers"]:
        macs, instructions, cycles = (cells(layer[key]) for key in _COUNTS)
        rows.append((layer["name"], *macs[:2], *instructions, *cycles))
    render.table(f"{after}, and {before} before", columns, rows, numeric=columns[1:])
    totals = [
        (key.replace("_bytes", ", bytes").replace("latency_us", "microseconds"), *cells(change))
        for key, change in changes["totals"].items()
    ]
    render.table("", ("what", "now", "was", "x"), totals, numeric=("now", "was", "x"))
