"""``tinyforge train --cv``: how good networks are on people they have never seen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyforge.cli import render
from tinyforge.cli.stages import road_of

_WORST = 3
_FEW = 50  # groups: more are single recordings, each right or wrong


def show(scheme: str, model: str, project: Path, run: str, jobs: int, *, json: bool, quiet: bool) -> None:
    """Cross-validate and show accuracy, macro-F1 and the F1 of each class, with intervals."""
    from tinyforge.pipeline.crossval import RUNGS, cross_validate

    watcher = render.Watcher(quiet=quiet or json)
    with watcher.live():
        road = road_of(project, run, watcher)
        with road.locked():
            models = cross_validate(road, scheme, model, jobs)
            folder = str(road.run.folder)
    if json:
        render.say_json({"run": folder, "models": models})
        return
    for name, said in models.items():
        groups = said["int8"]["by_group"]
        columns = ("figure", *RUNGS)
        rows = [("accuracy", *[_with_interval(said[rung], "accuracy") for rung in RUNGS])]
        rows.append(("macro-F1", *[_with_interval(said[rung], "macro_f1") for rung in RUNGS]))
        rows += [
            (f"F1 {label}", *[_of_class(said[rung], label) for rung in RUNGS]) for label in said["int8"]["per_class"]
        ]
        rows.append(("calibration error", *[render.percent(said[rung]["calibration"]["error"]) for rung in RUNGS]))
        kind = "" if scheme.isdigit() else f"{scheme}, "  # of `--cv 5` the number of folds says all
        render.table(
            f"{name}: {kind}{len(said['folds'])} folds, {said['int8']['windows']} windows of {len(groups)} groups, "
            "each tested by a network that has not seen its group",
            columns,
            rows,
            numeric=columns[1:],
        )
        if len(groups) <= _FEW:
            worst = sorted(groups, key=lambda group: groups[group]["macro_f1"])[:_WORST]
            told = ", ".join(f"{group} {groups[group]['macro_f1']:.3f}" for group in worst)
            render.say(f"int8 macro-F1 by group: lowest {told}")
        _say_still(said["int8"])
        if cost := said["cost"]:
            render.say(
                f"int8 network: {render.thousands(said['parameters'])} parameters, "
                f"{render.thousands(cost['flash_bytes'])} B flash linked, {render.thousands(cost['ram_bytes'])} B RAM, "
                f"{render.thousands(cost['instructions'])} instructions an inference"
            )
        render.say(f"more: {said['folder']}")


def _say_still(said: Mapping[str, Any]) -> None:
    """What takes without a gesture have to do with the accuracy."""
    still = said["hardly_move"]
    if still["windows"]:
        windows, right = said["windows"] - still["windows"], said["correct"] - still["correct"]
        share = render.percent(right / max(1, windows))
        render.say(
            f"int8: right are {still['correct']} of {still['windows']} windows of takes that hardly move (`tinyforge "
            f"dataset check` names them) and {right} of the {windows} others, {share}",
            "yellow",
        )


def _with_interval(said: Mapping[str, Any], key: str) -> str:
    return _share(said[key], (said["intervals"] or {}).get(key))


def _of_class(said: Mapping[str, Any], label: str) -> str:
    intervals = (said["intervals"] or {"per_class": {}})["per_class"]
    return _share(said["per_class"][label]["f1"], intervals.get(label))


def _share(value: float, interval: list[float] | None) -> str:
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else f"{value:.3f}"
