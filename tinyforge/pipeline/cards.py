"""The model card: what a network was made from, how good it is, what it costs, what it is for and what it is not.

After Mitchell, M. et al. (2019), "Model Cards for Model Reporting", FAT* '19: 220-229.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyforge.core.files import write_text
from tinyforge.core.quantities import joules
from tinyforge.core.types import SPLIT_NAMES, TEST, ModelSpec
from tinyforge.pipeline import model_folders

if TYPE_CHECKING:
    from tinyforge.pipeline.road import Road

COST = "## What it costs"
_RUNGS = {
    "float": "float, as trained",
    "compressed": "float, pruned and clustered",
    "int8": "int8 (LiteRT reference kernels)",
    "host_c": "C on the host",
    "board": "C on the board",
}


def card(road: Road, spec: ModelSpec, title: str = "") -> str:
    """The card of one model of a run.

    Args:
        road: its run has trained, compressed, profiled and evaluated the model.
        spec: which model.
        title: heading; empty for the model's name.

    Returns:
        Markdown. It holds no time: the same run gives the same text.
    """
    from tinyforge.pipeline import power
    from tinyforge.pipeline.stages import compress as compress_stage
    from tinyforge.pipeline.stages import evaluate as evaluate_stage
    from tinyforge.pipeline.stages import profile as profile_stage
    from tinyforge.pipeline.stages import train as train_stage

    project, config = road.project, road.project.card
    summary = evaluate_stage.summary(road, spec)
    cost = profile_stage.result(road, spec)
    trained = train_stage.result(road, spec)
    compressed = compress_stage.result(road, spec)
    window = project.window
    seconds = window.length / window.rate_hz
    lines = [f"# {title or config.title or spec.name}", ""]
    if config.intended_use:
        lines += ["## Intended use", "", config.intended_use, ""]
    if config.limits:
        lines += ["## Limits", "", *(f"- {limit}" for limit in config.limits), ""]
    lines += ["## Network", ""]
    lines += _table(
        ("what", "value"),
        [
            ("architecture", f"`{spec.architecture}` {_parameters(spec)}".rstrip()),
            ("parameters", f"{trained['parameters']:,}".replace(",", " ")),
            (
                "input",
                f"{window.length} samples ({seconds:g} s at {window.rate_hz:g} Hz) of {' '.join(window.channels)}",
            ),
            ("compression", _steps(compressed["steps"])),
            ("SHA-256 of the int8 model", f"`{cost['model_sha256']}`"),
        ],
    )
    lines += ["", "## Data", "", *_data(road), ""]
    lines += [
        "## How good",
        "",
        "On the test windows, with 95 % intervals; no group of the test stands on another side.",
        "",
    ]
    rungs = evaluate_stage.result(road, spec)["rungs"]
    lines += _table(
        ("form", "accuracy", "interval", "answers as the form above"),
        [
            (
                _RUNGS.get(rung["name"], rung["name"]),
                _percent(rung["accuracy"]),
                f"{_percent(rung['low'])} to {_percent(rung['high'])}",
                "" if rung["agreement"] is None else _percent(rung["agreement"]),
            )
            for rung in rungs
        ],
    )
    same = "equals" if summary["exact"] else "**does not equal**"
    lines += ["", f"Every output bit of the C, on the host and on {road.board.name}, {same} the int8 reference's.", ""]
    lines += [*_by_class(road, spec), ""]
    lines += [*cost_section(cost, road.board.name), ""]
    lines += ["## Energy", "", *_energy(power.measured(road.run, spec.name)), ""]
    return "\n".join(lines)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    head = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return head + [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _parameters(spec: ModelSpec) -> str:
    return ", ".join(f"{key} = {value}" for key, value in sorted(spec.parameters.items()))


def _steps(steps: Sequence[Mapping[str, Any]]) -> str:
    last = steps[-1]
    names = " -> ".join(step["name"] for step in steps)
    return f"{names}; {100 * last['sparsity']:.0f} % of the weights are zero" if last.get("sparsity") else names


def _data(road: Road) -> list[str]:
    from tinyforge.pipeline.stages import dataset as dataset_stage

    facts = (road.run.done(dataset_stage.NAME) or {})["facts"]
    config = road.project
    groups = {name: len(facts["groups"][name]) for name in SPLIT_NAMES}
    rows = [(name, str(facts["windows"][name]), str(groups[name])) for name in SPLIT_NAMES]
    source = config.card.data or (
        f"Synthetic: the motion generator `{config.capture.motion}`, {config.capture.subjects} people, "
        f"{config.capture.takes} takes of {config.capture.duration_s:g} s for each class."
        if config.capture
        else "See the dataset's own description."
    )
    return [
        source,
        "",
        f"Classes: {', '.join(facts['labels'])}. Split by {config.dataset.split_by}.",
        "",
        *_table(("side", "windows", f"{config.dataset.split_by}s"), rows),
    ]


def _by_class(road: Road, spec: ModelSpec) -> list[str]:
    """Recall with Wilson's interval, class by class, of what the board answered."""
    from tinyforge.evaluate.board import BoardPredictions
    from tinyforge.evaluate.intervals import wilson
    from tinyforge.pipeline.stages import dataset as dataset_stage
    from tinyforge.pipeline.stages import evaluate as evaluate_stage

    dataset = dataset_stage.load(road)
    _, targets = dataset.part(TEST)
    path = road.run.path(evaluate_stage.name(road, spec), evaluate_stage.PREDICTIONS)
    answers = BoardPredictions.load(path).labels
    rows = []
    for index, label in enumerate(dataset.labels):
        mine = targets == index
        if not mine.any():
            continue
        hits = int(np.count_nonzero(answers[mine] == index))
        share = wilson(hits, int(mine.sum()))
        named = int(np.count_nonzero(answers == index))
        precision = _percent(hits / named) if named else "-"
        interval = f"{_percent(share.low)} to {_percent(share.high)}"
        rows.append((label, str(int(mine.sum())), _percent(share.value), interval, precision))
    return _table(("class", "windows", "recall", "interval", "precision"), rows)


def cost_section(cost: Mapping[str, Any], place: str) -> list[str]:
    """What one inference takes, and how long on each board that there is.

    Args:
        cost: of :func:`tinyforge.pipeline.models.profile_export`.
        place: name of the machine that counted.

    Returns:
        Lines of Markdown, the heading among them.
    """
    rows = [
        ("flash (weights, parameters, code)", f"{cost['flash_bytes']} B"),
        ("RAM (arena, state, stack)", f"{cost['ram_bytes']} B"),
        ("of that stack", f"{cost['stack_bytes']} B"),
        ("MAC", str(cost["macs"])),
        ("instructions, counted", str(cost["instructions"])),
        ("cycles, estimated, memory without wait states", str(cost["cycles"])),
    ]
    said = f"One inference on a Cortex-M4 ({place}), linked by {cost['compiler']}."
    times = "With the wait states of each board's flash, once for each jump; estimated (docs/explanation/cycles.md):"
    return [COST, "", said, "", *_table(("what", "value"), rows), "", times, "", *_times(cost)]


def _times(cost: Mapping[str, Any]) -> list[str]:
    from tinyforge.boards import board_ids, load_board

    rows = []
    jumps = cost["cycles"] - cost["cycles_low"]
    for board in map(load_board, board_ids()):
        cycles = board.cycles_on(cost["cycles"], jumps)
        time_ms = f"{1e3 * cycles / board.clock_hz:.2f} ms"
        rows.append((board.name, f"{board.clock_hz / 1e6:g} MHz", str(board.flash_wait_cycles), str(cycles), time_ms))
    return _table(("board", "clock", "wait states", "cycles", "time"), rows)


def _energy(measured: Mapping[str, Mapping[str, Any]]) -> list[str]:
    from tinyforge.boards import load_board

    if not measured:
        return ["Not measured: `tinyforge evaluate --power` takes a meter's recording of a real board."]
    rows = []
    for board_id, found in sorted(measured.items()):
        energy, uncertainty, unit = joules(found["energy_j"], found["uncertainty_j"])
        name = load_board(board_id).name
        rows.append((name, f"{energy} {unit}", f"{uncertainty} {unit}", found["meter"], str(found["inferences"])))
    columns = ("board", "energy", "uncertainty (k = 2)", "meter", "inferences")
    return ["One window with its transfer, above idling.", "", *_table(columns, rows)]


def renew(folder: Path) -> None:
    """Write the costs in a model's card anew; everything else stays, and so does a card without that section.

    Args:
        folder: of a published model.

    Raises:
        UnsupportedModelError, ToolError: as :func:`tinyforge.pipeline.models.profile`.
    """
    from tinyforge.boards import load_board
    from tinyforge.pipeline import models

    path = folder / model_folders.CARD
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    before, heading, rest = text.partition(f"\n{COST}\n")
    if not heading:
        return
    section = "\n".join(cost_section(models.profile(model_folders.model_file(folder)), load_board("virtual").name))
    _, following, after = rest.partition("\n## ")
    write_text(path, f"{before}\n{section}\n{following}{after}")
