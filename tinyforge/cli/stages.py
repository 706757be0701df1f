"""Commands on a project's run: each brings one stage (and what it needs) up to date and renders the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tinyforge.cli import render

if TYPE_CHECKING:
    from tinyforge.pipeline.power import Reading
    from tinyforge.pipeline.road import Road


def road_of(project: Path, run: str, watcher: render.Watcher, board: str = "", port: str = "") -> Road:
    """The project's road; unknown names are said before any work."""
    from tinyforge.pipeline import projects
    from tinyforge.pipeline.road import Road

    road = Road(projects.load(project), watcher, run_name=run, board_id=board, port=port)
    _ = road.board  # an unknown one is said before any work
    return road


def _stage(
    stage: str, model: str, project: Path, run: str, *, json: bool, quiet: bool, board: str = "", port: str = ""
) -> dict[str, Any]:
    watcher = render.Watcher(quiet=quiet or json)
    with watcher.live():
        road = road_of(project, run, watcher, board, port)
        with road.locked():
            models = road.each(stage, model)  # before road.run: a name that is none makes no run
            result: dict[str, Any] = {"run": str(road.run.folder), "models": models}
    if json:
        render.say_json(result)
    return result


def _rows(result: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return list(result["models"].items())


def train(model: str, project: Path, run: str, *, json: bool, quiet: bool) -> None:
    """Train and show accuracies."""
    result = _stage("train", model, project, run, json=json, quiet=quiet)
    if json:
        return
    columns = ("model", "parameters", "epochs", "validation", "test", "macro-F1")
    rows = [
        (
            name,
            render.thousands(m["parameters"]),
            str(m["epochs"]),
            render.interval(m["validation"]),
            render.interval(m["test"]),
            _macro_f1(m["test"]),
        )
        for name, m in _rows(result)
    ]
    render.table("trained", columns, rows, numeric=columns[1:])
    render.say("intervals: 95 %, over people (dataset.split_by) where there are several, else over windows")
    for name, m in _rows(result):
        if decided := m["decision"]:
            render.say(f"{name}: an answer needs a score of {decided['decision']['least_score']}/256")
            _say_decided("validation windows, which chose it", decided)
            if decided["test"]:
                _say_decided("test windows, which did not", decided["test"])
    _where(result)


def _say_decided(where: str, said: Mapping[str, Any]) -> None:
    render.say(
        f"  on {where}: false alarms {render.percent(said['false_alarms'])}, gestures detected "
        f"{render.percent(said['detected'])}, no answer {render.percent(said['unknown'])}"
    )


def _macro_f1(said: Mapping[str, Any]) -> str:
    interval = f" [{said['macro_f1_low']:.3f}, {said['macro_f1_high']:.3f}]" if "macro_f1_low" in said else ""
    return f"{said['macro_f1']:.3f}{interval}"


def export(model: str, project: Path, run: str, *, json: bool, quiet: bool) -> None:
    """Write the project's models as C."""
    result = _stage("export", model, project, run, json=json, quiet=quiet)
    if json:
        return
    columns = ("model", "MAC", "weights, bytes", "arena, bytes", "folder")
    rows = [
        (
            name,
            render.thousands(m["macs"]),
            render.thousands(m["weight_bytes"]),
            render.thousands(m["arena_bytes"]),
            m["folder"],
        )
        for name, m in _rows(result)
    ]
    render.table("exported", columns, rows, numeric=columns[1:4])
    for name, m in _rows(result):
        _say_stream(name, m)


def _say_stream(name: str, said: Mapping[str, Any]) -> None:
    """What LIVE saves, or that it computes whole windows and why; nothing where the project does not ask for it."""
    if "stream_says" not in said:
        return
    if said["stream"]:
        render.say(f"{name}: LIVE computes new samples alone: {said['stream_says']}")
    else:
        render.say(f"{name}: LIVE computes whole windows: streaming {said['stream_says']}", "yellow")


def build(model: str, board: str, project: Path, run: str, *, json: bool, quiet: bool) -> None:
    """Build firmware and show its size."""
    result = _stage("build", model, project, run, json=json, quiet=quiet, board=board)
    if json:
        return
    columns = ("model", "board", "flash", "of", "RAM", "of ", "image")
    rows = [
        (
            name,
            m["board"],
            render.thousands(m["flash_bytes"]),
            render.thousands(m["board_flash_bytes"]),
            render.thousands(m["ram_bytes"]),
            render.thousands(m["board_ram_bytes"]),
            m["elf"],
        )
        for name, m in _rows(result)
    ]
    render.table("built (bytes)", columns, rows, numeric=columns[2:6])
    for name, m in _rows(result):
        _say_stream(name, m)


def flash(model: str, board: str, port: str, project: Path, run: str, *, json: bool, quiet: bool) -> None:
    """Flash and show what the board answers."""
    result = _stage("flash", model, project, run, json=json, quiet=quiet, board=board, port=port)
    if json:
        return
    columns = ("model", "board answers", "model on it", "digest", "port")
    rows = [(name, m["board"], m["model"], m["model_sha256"][:12], m["port"]) for name, m in _rows(result)]
    render.table("flashed and asked", columns, rows)


def evaluate(
    model: str,
    board: str,
    port: str,
    project: Path,
    run: str,
    source: str,
    reading: Reading,
    *,
    json: bool,
    quiet: bool,
) -> None:
    """Compare the rungs; with ``source``, a meter's recording or port, measure energy, too."""
    from tinyforge.cli.power import say_energy
    from tinyforge.pipeline import power

    watcher = render.Watcher(quiet=quiet or json)
    with watcher.live():
        road = road_of(project, run, watcher, board, port)
        with road.locked():
            models = power.evaluate(road, model, source, reading) if source else road.each("evaluate", model)
            result: dict[str, Any] = {"run": str(road.run.folder), "models": models}
    if json:
        render.say_json(result)
    else:
        for name, m in _rows(result):
            _ladder(name, m)
            if "energy" in m:
                say_energy(m["energy"], name)
        _where(result)
    _check_exact(result)


def _ladder(name: str, evaluation: Mapping[str, Any]) -> None:
    columns = ("rung", "accuracy", "agrees with the rung above", "windows that differ", "bit for bit")
    rows = []
    for rung in evaluation["rungs"]:
        exact = "-" if rung["exact"] is None else "identical" if rung["exact"] else "NO"
        differ = "-" if rung["differing"] is None else render.thousands(rung["differing"])
        rows.append((rung["name"], render.interval(rung), render.percent(rung["agreement"]), differ, exact))
    render.table(f"{name}: {evaluation['windows']} test windows", columns, rows, numeric=columns[1:4])
    render.say("accuracy with 95 % interval as if windows were independent; the report has it over people, too")
    for finding in evaluation["findings"]:
        render.say(f"  {finding}", "yellow")
    times, memory = evaluation["latency"], evaluation["memory"]
    render.say(
        f"a window takes {times['p50_us'] / 1000:.3f} ms (median), {times['p95_us'] / 1000:.3f} (95 %), "
        f"{times['max_us'] / 1000:.3f} (longest) by the board's clock; "
        f"arena {render.thousands(memory['arena_bytes'])} B, stack {render.thousands(memory['stack_bytes'] or None)} B"
    )


def _check_exact(result: Mapping[str, Any]) -> None:
    for m in result["models"].values():
        if any(rung["exact"] is False for rung in m["rungs"]):
            raise typer.Exit(1)


def report(project: Path, run: str, *, json: bool, quiet: bool) -> None:
    """Write the report of a run."""
    watcher = render.Watcher(quiet=quiet or json)
    with watcher.live():
        road = road_of(project, run, watcher)
        with road.locked():
            files = road.report()
    if json:
        render.say_json(files)
    else:
        render.say(f"report: {files['html']}")


def compare_runs(project: Path, one: str, two: str, out: Path | None, *, json: bool) -> None:
    """Write the page that compares two runs."""
    from tinyforge.pipeline import compare_runs as comparing
    from tinyforge.pipeline import projects

    result = comparing.compare(projects.load(project), one, two, out)
    if json:
        render.say_json(result)
        return
    for key, before, now in result["settings"]:
        render.say(f"  {key}: {before or '-'} -> {now or '-'}")
    render.say(f"comparison: {result['html']}")


def run(model: str, board: str, port: str, project: Path, jobs: int, *, json: bool, quiet: bool) -> None:
    """The whole road, then the table."""
    watcher = render.Watcher(quiet=quiet or json)
    with watcher.live():
        road = road_of(project, "", watcher, board, port)
        with road.locked():
            result = road.whole(model, jobs)
    _finish(result, json=json)


def demo(folder: Path, jobs: int, *, json: bool, quiet: bool) -> None:
    """Make the demo project where there is none, then go the whole road."""
    from tinyforge.core.project import PROJECT_FILE
    from tinyforge.pipeline import projects

    if not (folder / PROJECT_FILE).exists():
        projects.init(folder, "police")
        if not (json or quiet):
            render.say(
                f"made {folder / PROJECT_FILE}: three traffic-police signals and rest, from an arm that we simulate"
            )
    run("", "", "", folder, jobs, json=json, quiet=quiet)


def _finish(result: Mapping[str, Any], *, json: bool) -> None:
    if json:
        render.say_json(result)
    else:
        columns = ("network", "float", "int8", "board", "agreement", "bit for bit", "flash", "RAM", "instructions")
        render.table(
            f"{result['windows']} test windows of {result['test_groups']} {result['split_by']}s never seen in training",
            columns,
            [_summary_row(name, m) for name, m in result["models"].items()],
            numeric=("flash", "RAM", "instructions"),
        )
        render.say(
            "accuracy with 95 % interval as if windows were independent; the report has it over people, too\n"
            "agreement and bit for bit: int8 on the host against the board;\n"
            "flash and RAM in bytes: what the network adds to an image; instructions: one inference on the Cortex-M4"
        )
        for name, m in result["models"].items():
            _say_stream(name, m)
            if m["live_instructions"] != m["instructions"]:
                render.say(f"{name}: {render.thousands(m['live_instructions'])} instructions an answer in LIVE")
            for finding in m["findings"]:
                render.say(f"{name}: {finding}", "yellow")
        render.say(f"report: {result['report']}")
    broken = [line for m in result["models"].values() for line in m["broken_budgets"]]
    for line in broken if not json else ():  # the document holds them
        render.say(f"budget: {line}", "red")
    if broken or not all(m["exact"] for m in result["models"].values()):
        raise typer.Exit(1)


def _summary_row(name: str, m: Mapping[str, Any]) -> Sequence[str]:
    return (
        name,
        render.interval(m["float"]),
        render.interval(m["int8"]),
        render.interval(m["board"]),
        render.percent(m["agreement"]),
        "identical" if m["exact"] else "NO",
        render.thousands(m["flash_bytes"]),
        render.thousands(m["ram_bytes"]),
        render.thousands(m["instructions"]),
    )


def _where(result: Mapping[str, Any]) -> None:
    render.say(f"run: {result['run']}")
