"""``tinyforge compress``: what every step of a compression weighs, how good it is, and what int8 costs each layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinyforge.cli.options import HERE, Debug, Json, ModelName, ProjectDir, Quiet, RunName

if TYPE_CHECKING:
    from tinyforge.pipeline.road import Road


def compress(
    model: ModelName = "",
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Try many plans: accuracy against linked flash, as a plot and a table.")
    ] = False,
    project: ProjectDir = HERE,
    run: RunName = "",
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Prune, cluster, train for int8 and quantize, as [compress] says.

    Example: tinyforge compress --model cnn
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import projects
    from tinyforge.pipeline.road import Road

    watcher = render.Watcher(quiet=quiet or json)
    with watcher.live():
        road = Road(projects.load(project), watcher, run_name=run)
        with road.locked():
            result = _swept(road, model) if sweep else _compressed(road, model)
    if json:
        render.say_json(result)
    elif sweep:
        _show_sweep(result)
    else:
        for name, said in result["models"].items():
            _show_steps(name, said)
        render.say(f"run: {result['run']}")


def _compressed(road: Road, model: str) -> dict[str, Any]:
    from tinyforge.core.errors import ToolError

    result: dict[str, Any] = {"run": "", "models": road.each("compress", model)}
    try:
        for name, costs in road.each("costs", model).items():
            for step in result["models"][name]["steps"]:
                step["linked"] = costs.get(step["name"])
    except ToolError as error:  # no compiler, or no Unicorn
        road.observer.note(f"flash is not known: {error}")
    return result | {"run": str(road.run.folder)}


def _swept(road: Road, model: str) -> dict[str, Any]:
    return {"models": road.each("sweep", model), "run": str(road.run.folder)}


def _show_steps(name: str, said: Mapping[str, Any]) -> None:
    from tinyforge.cli import render

    numbers = ("parameters", "non-zero", "file", "gzip", "flash", "RAM", "instructions", "accuracy (test)")
    rows = []
    for step in said["steps"]:
        counts = [render.thousands(step[key]) for key in ("parameters", "nonzeros", "file_bytes", "gzip_bytes")]
        linked = step.get("linked") or {}
        counts += [render.thousands(linked.get(key)) for key in ("flash_bytes", "ram_bytes", "instructions")]
        rows.append((step["name"], *counts, render.interval(step["test"])))
    render.table(
        f"{name} (bytes; flash, RAM and instructions: the step's network in int8, linked and run)",
        ("step", *numbers),
        rows,
        numeric=numbers,
    )
    render.say("accuracy with 95 % interval over people (dataset.split_by) where there are several, else over windows")
    _show_calibration(said["calibration"])
    if said["layers"]:
        columns = ("weights", "output", "alone", "range", "covered")
        render.table(
            f"{name}: signal over int8's noise, dB",
            ("layer", *columns),
            [_layer_row(layer) for layer in said["layers"]],
            numeric=columns,
        )
        render.say("output: everything up to the layer in int8; alone: the scores when only this layer is in int8")
    for finding in said["findings"]:
        render.say(f"{name}: {finding}", "yellow")


def _layer_row(layer: Mapping[str, Any]) -> tuple[str, ...]:
    def ratio(value: float | None, missing: str) -> str:
        return missing if value is None else f"{value:.1f}"

    return (
        layer["name"],
        ratio(layer["weights_db"], "exact" if layer["has_weights"] else "-"),
        ratio(layer["output_db"], "exact"),
        ratio(layer["alone_db"], "exact"),
        f"{layer['low']:.3g} .. {layer['high']:.3g}",
        f"{100 * layer['covered']:.2f} %",
    )


def _show_calibration(said: Mapping[str, Any]) -> None:
    from tinyforge.cli import render

    classes = ", ".join(f"{label} {count}" for label, count in said["by_class"].items())
    people, of = said["groups"]
    text = f"calibrated on {said['windows']} training windows of {people} of {of} groups ({classes})"
    if "covered" in said:
        text += (
            f"; of the validation windows' values {100 * said['covered']:.2f} % lie in the calibrated range "
            f"of the worst layer, {said['worst_layer']}"
        )
    render.say(text)


def _show_sweep(result: Mapping[str, Any]) -> None:
    from tinyforge.cli import render

    columns = ("flash", "RAM", "instructions", "gzip", "accuracy (test)")
    for name, said in result["models"].items():
        rows = [
            (
                "*" if point["best"] else "",
                point["plan"],
                *(render.thousands(point[key]) for key in ("flash_bytes", "ram_bytes", "instructions", "gzip_bytes")),
                render.interval(point["test"]),
            )
            for point in said["points"]
        ]
        render.table(f"{name} (bytes)", ("", "plan", *columns), rows, numeric=columns)
        render.say("* nothing smaller is as accurate")
        render.say(f"plot: {said['html']}")
