"""Commands on a model that belongs to no project: export, verify, profile; and the list of boards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from tinyforge.cli import render
from tinyforge.core.errors import CheckFailed, UnsupportedModelError, UsageError, did_you_mean

_HOW = {
    "c": "add_subdirectory() and link tinyforge_{name}, or `make`",
    "platformio": "the folder belongs into lib/ of a project",
    "arduino": "{files[0]}: Sketch > Include Library > Add .ZIP Library",
    "zephyr": "ZEPHYR_EXTRA_MODULES names the folder",
    "cmsis-pack": "`cpackget add {files[0]}`",
}


def export(
    file: Path,
    out: Path | None,
    name: str,
    runtime: str,
    package: str,
    optimize: str,
    *,
    explain: bool,
    stream: bool,
    hop: int,
    json: bool,
) -> None:
    """Write a lone model as C."""
    from tinyforge.pipeline import models

    if out is None:
        raise UsageError("tinyforge export", "no folder to write to", f"add --out, for instance --out {file.stem}_c")
    result = models.export(
        file, out, name=name, runtime=runtime, package=package, optimize=optimize, link=explain, stream=stream, hop=hop
    )
    if json:
        render.say_json(result)
        return
    render.say(f"{result['name']}: {render.thousands(result['macs'])} MAC, {len(result['files'])} files in {out}")
    rows = [(key, render.thousands(result[key])) for key in ("weight_bytes", "arena_bytes") if result[key] is not None]
    render.table("", ("what", "bytes"), rows, numeric=("bytes",))
    if explain:
        for line in result["explain"]:
            render.say(f"  {line}")
        _linked(result)
    elif stream or hop:
        render.say(f"stream: {result['stream_says']}")
    if result["function"]:
        how = _HOW.get(package, "manifest.json lists what to compile")
        render.say(f"call {result['function']}(input, output) of {result['header']}; {how.format(**result)}")


def _linked(result: Mapping[str, Any]) -> None:
    """What an image for a Cortex-M4 holds of the model."""
    linked = result["linked"]
    if not linked:
        return
    if "reason" in linked:
        render.say(f"  code and stack are not known: {linked['reason']}")
        return
    constants = result["weight_bytes"] + result["parameter_bytes"]
    stack = linked["stack_bytes"]
    rows = [
        ("flash: weights", render.thousands(result["weight_bytes"])),
        ("flash: parameters of the kernels", render.thousands(result["parameter_bytes"])),
        ("flash: code and padding", render.thousands(linked["flash_bytes"] - constants)),
        ("flash", render.thousands(linked["flash_bytes"])),
        ("RAM: arena", render.thousands(result["arena_bytes"])),
        ("RAM: state", render.thousands(result["state_bytes"])),
        ("RAM: stack, at most", "not known (pip install capstone)" if stack is None else render.thousands(stack)),
    ]
    title = f"linked for a Cortex-M4 by {linked['compiler']} ({linked['flags']})"
    render.table(title, ("what", "bytes"), rows, numeric=("bytes",))


def verify(file: Path, inputs: Path | None, on: str, random: int, seed: int, optimize: str, *, json: bool) -> None:
    """Compare a lone model's C, or that of all models of a folder, with the reference; exit code 1 when one differs."""
    from tinyforge.pipeline import models

    places = ("host", "virtual")
    if on not in places:
        raise UsageError("--on", f'"{on}": unknown place', did_you_mean(on, places))
    if file.is_dir():
        if inputs is not None:
            raise UsageError("--inputs", "is for one model", f"name one of {file}, or put <model>.npz beside each")
        _verify_folder(file, on, random, seed, optimize, json=json)
        return
    result = models.verify(file, inputs=inputs, on=on, random=random, seed=seed, optimize=optimize)
    if json:
        render.say_json(result)
    elif result["exact"]:
        render.say(
            f"exact: {result['inferences']} inferences on {on}, every output bit equal to {result['reference']}",
            "green",
        )
    else:
        render.say(
            f"NOT exact on {on}: {result['mismatches']} of {result['elements']} outputs differ, "
            f"at most by {result['max_abs_diff']}",
            "red",
        )
        if result["first_layer"]:
            render.say(f"  first layer that differs: {result['first_layer']}")
    if not result["exact"]:
        raise typer.Exit(1)


def _verify_folder(folder: Path, on: str, random: int, seed: int, optimize: str, *, json: bool) -> None:
    """A table; exit code 1 when a model differs or could not be run, 5 when one is refused or has no reference."""
    from tinyforge.pipeline import collection

    watcher = render.Watcher(quiet=json)
    with watcher.live():
        result = collection.verify_folder(folder, on=on, random=random, seed=seed, optimize=optimize, observer=watcher)
    counts = result["counts"]
    if json:
        render.say_json(result)
    else:
        rows = [
            (entry["model"], render.thousands(entry["model_bytes"]), entry["verdict"], entry["detail"])
            for entry in result["models"]
        ]
        render.table("", ("model", "bytes", "verdict", "why"), rows, numeric=("bytes",))
        bad = "differs" in counts or "failed" in counts
        said = ", ".join(f"{count} {verdict}" for verdict, count in reversed(counts.items()))
        render.say(f"{len(result['models'])} models on {on}: {said}", "red" if bad else "green")
    if "differs" in counts or "failed" in counts:
        raise typer.Exit(CheckFailed.exit_code)
    if "refused" in counts or "accepted" in counts:
        raise typer.Exit(UnsupportedModelError.exit_code)


def boards(*, json: bool) -> None:
    """List the boards."""
    from tinyforge.pipeline import devices

    found = devices.boards()
    if json:
        render.say_json({"boards": found})
        return
    rows = [
        (
            b["id"],
            b["name"],
            f"{b['clock_hz'] / 1e6:g} MHz",
            f"{b['flash_bytes'] // 1024} KiB",
            f"{b['ram_bytes'] // 1024} KiB",
            b["sensor"],
        )
        for b in found
    ]
    render.table("boards", ("id", "board", "clock", "flash", "RAM", "IMU"), rows, numeric=("clock", "flash", "RAM"))


def operators(*, json: bool) -> None:
    """List the operators."""
    from tinyforge.pipeline import models

    known = models.operators()
    if json:
        render.say_json({"operators": known})
        return
    for i in range(0, len(known), 4):
        render.say("".join(f"{name:32}" for name in known[i : i + 4]).rstrip())
