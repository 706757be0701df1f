"""``tinyforge live``: a session on the board against what really happens."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinyforge.cli.options import HERE, BoardName, Debug, Json, Port, ProjectDir
from tinyforge.core.errors import UsageError

if TYPE_CHECKING:
    from tinyforge.core.project import Project
    from tinyforge.evaluate.live import Judged

_KEYS = "123456789abcdefghijklmnoprstuvwxyz"  # without q


def live(
    script: Annotated[
        Path | None, typer.Option("--script", help="What really happens: a CSV of start_s,end_s,label.")
    ] = None,
    type_labels: Annotated[
        bool, typer.Option("--type", help="You say it: a key for each label, space for none, q to end.")
    ] = False,
    log: Annotated[
        list[str] | None,
        typer.Option("--log", help="No board: LABEL=FILE, what a sketch of your own printed of that movement; repeat."),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.0, help="Of the session; default: the script's.")] = 0.0,
    settle: Annotated[
        float, typer.Option("--settle", min=0.0, help="Seconds after a change in which no window counts.")
    ] = 0.3,
    board: BoardName = "",
    port: Port = "",
    model: Annotated[str, typer.Option("--model", help="The model on the board; default: the first.")] = "",
    motion: Annotated[str, typer.Option("--motion", help="What moves the virtual board's IMU (a motion spec).")] = "",
    project: ProjectDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Record what a board answers live, with its raw windows and what was true, and judge it.

    Example: tinyforge live --script truth.csv --board nano33
    """
    from tinyforge.cli import render
    from tinyforge.cli.keys import key_by_key
    from tinyforge.pipeline import live as recording
    from tinyforge.pipeline import projects

    loaded = projects.load(project)
    if log:
        if script is not None or type_labels or port or board or motion:
            raise UsageError("--log", "is of a session that is over", "leave out --script, --type, --board and --port")
        _judge_logs(loaded, model, log, json=json)
        return
    labels: Sequence[str] = loaded.dataset.labels
    if type_labels and not sys.stdin.isatty():
        raise UsageError("--type", "needs a terminal for the keys", "give --script truth.csv")
    if type_labels and not labels:
        raise UsageError("--type", "the project names no labels", "write them into dataset.labels of tinyforge.toml")
    request = recording.Request(
        script=script,
        typed=_Keys(labels) if type_labels else None,
        duration_s=seconds,
        settle_s=settle,
        board_id=board,
        port=port,
        model=model,
        motion=motion,
    )
    if type_labels:
        render.say(
            "  ".join(f"{key} {label}" for key, label in zip(_KEYS, labels, strict=False)) + "  space none  q end"
        )
    view = _View(quiet=json)
    with key_by_key() if type_labels else contextlib.nullcontext():
        said = recording.record(loaded, request, view.show)
    if json:
        render.say_json(said)
    else:
        _say(said)
    if any(one["severity"] == "error" for one in said["findings"]):
        raise typer.Exit(1)


class _Keys:
    """Labels that are typed, with the moment."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = dict(zip(_KEYS, labels, strict=False)) | {" ": ""}

    def __call__(self) -> list[tuple[float, str]]:
        from tinyforge.cli.keys import pressed
        from tinyforge.pipeline.live import Ended

        typed = pressed()
        if "q" in typed:
            raise Ended
        return [(time.monotonic(), self._labels[key]) for key in typed if key in self._labels]


class _View:
    """A line when the label or the answer changes."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._last = ("", "")

    def show(self, judged: Judged, label: str) -> None:
        from tinyforge.cli import render

        if not self._quiet and (label, judged.answer) != self._last:
            self._last = (label, judged.answer)
            render.say(f"{judged.end_s:9.2f} s  now {label or '-'}: {judged.answer}  {judged.latency_us / 1000:.2f} ms")


def _judge_logs(loaded: Project, model: str, log: Sequence[str], *, json: bool) -> None:
    from tinyforge.cli import render
    from tinyforge.pipeline import sketches

    logs = []
    for text in log:
        label, equals, file = text.partition("=")
        if not equals or not label or not file:
            raise UsageError("--log", f'"{text}" is not LABEL=FILE', "--log stop=stop.txt --log rest=rest.txt")
        logs.append((label, Path(file)))
    said = sketches.judge(loaded, model, logs)
    if json:
        render.say_json(said)
    else:
        _say_confusion(said)
        share = {key: said[key] for key in ("accuracy", "low", "high")}
        what = "int8 input" if said["quantized"] else "raw samples"
        render.say(
            f"{render.interval(share)} of {said['windows']} windows right ({what}; other lines: {said['others']})"
        )
        if said["host"]["windows"]:
            host = said["host"]
            render.say(f"scores computed again here: {host['differing']} of {host['windows']} windows differ")
        _say_findings(said)
        render.say(f"session: {said['folder']}")
    if any(one["severity"] == "error" for one in said["findings"]):
        raise typer.Exit(1)


def _say_findings(said: dict[str, Any]) -> None:
    from tinyforge.cli import render

    for one in said["findings"]:
        render.say(f"{one['severity']}: {one['fact']} [{one['code']}]\n  -> {one['way_out']}")


def _say_confusion(said: dict[str, Any]) -> None:
    from tinyforge.cli import render

    answers = sorted({answer for row in said["confusion"].values() for answer in row})
    rows = [(truth, *(str(row.get(a, 0)) for a in answers)) for truth, row in sorted(said["confusion"].items())]
    if rows:
        render.table("true (rows) and answered", ("", *answers), rows, numeric=answers)


def _say(said: dict[str, Any]) -> None:
    from tinyforge.cli import render

    _say_confusion(said)
    if said["accuracy"] is not None:
        share = {key: said[key] for key in ("accuracy", "low", "high")}
        render.say(
            f"{render.interval(share)} of {said['judged']} windows of one label right, {said['unknown']} unknown"
        )
    times = said["latency"]
    render.say(
        f"{said['windows']} windows, {said['windows_lost']} lost on the way, {said['samples_lost']} samples lost; "
        f"{times['p50_us'] / 1000:.3f} ms (median), {times['p95_us'] / 1000:.3f} (95 %), "
        f"{times['max_us'] / 1000:.3f} (longest)"
    )
    if said["host"] is not None:
        host = said["host"]
        render.say(f"scores computed again here: {host['differing']} of {host['windows']} windows differ")
    _say_findings(said)
    render.say(f"session: {said['folder']}")
