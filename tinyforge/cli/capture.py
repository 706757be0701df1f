"""``tinyforge capture`` and ``tinyforge devices``."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from tinyforge.cli.options import HERE, BoardName, Debug, Json, Port, ProjectDir, Quiet
from tinyforge.core.errors import UsageError, did_you_mean

_MODES = ("fixed", "continuous", "triggered")


def capture(
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="Class of the gesture; several for --mode continuous: keys 1, 2, ... choose."),
    ] = None,
    subject: Annotated[str, typer.Option("--subject", help="Who moves; people are kept apart by this name.")] = "",
    session: Annotated[str, typer.Option("--session", help="When and where.")] = "",
    placement: Annotated[str, typer.Option("--placement", help="Where the sensor is worn, for instance wrist.")] = "",
    note: Annotated[str, typer.Option("--note", help="Kept with every recording.")] = "",
    mode: Annotated[
        str,
        typer.Option(
            "--mode",
            help="fixed: takes of one length after a countdown; triggered: a take at every movement, with what was "
            "before it; continuous: labels at key presses.",
        ),
    ] = "fixed",
    count: Annotated[
        int | None, typer.Option("--count", min=0, help="How many recordings; 0: until you end it. Default: 1, or 0.")
    ] = None,
    duration: Annotated[
        float | None, typer.Option("--duration", min=0.05, help="Seconds each; continuous: of everything. Default: 4.")
    ] = None,
    countdown: Annotated[
        float | None, typer.Option("--countdown", min=0.0, max=60.0, help="Seconds before each take. Default: 3, or 0.")
    ] = None,
    pre_roll: Annotated[
        float, typer.Option("--pre-roll", min=0.0, max=60.0, help="Seconds kept from before a movement (triggered).")
    ] = 0.5,
    sensitivity: Annotated[
        float, typer.Option("--sensitivity", min=0.1, max=10.0, help="Above 1: smaller movements trigger.")
    ] = 1.0,
    rate: Annotated[float, typer.Option("--rate", min=0.0, help="Samples a second; default: the project's.")] = 0.0,
    board: BoardName = "",
    port: Port = "",
    baud: Annotated[
        int, typer.Option("--baud", min=50, max=12_000_000, help="Of a real UART; USB ignores it.")
    ] = 115200,
    channels: Annotated[
        str, typer.Option("--channels", help="Names of the columns, where a sketch sends none: ax,ay,az")
    ] = "",
    units: Annotated[
        str, typer.Option("--units", help="Units of the columns, where a sketch sends none: g,g,g,dps,dps,dps")
    ] = "",
    ranges: Annotated[
        str, typer.Option("--ranges", help="Where the sensor clips, by unit, where the board is unknown: g=4,dps=2000")
    ] = "",
    motion: Annotated[str, typer.Option("--motion", help="What moves the virtual board's IMU (a motion spec).")] = "",
    reconnect: Annotated[
        float, typer.Option("--reconnect", min=0.0, help="Seconds to wait for a board that went away; 0: give up.")
    ] = 30.0,
    undo: Annotated[bool, typer.Option("--undo", help="Take the latest recording out, and do nothing else.")] = False,
    redo: Annotated[bool, typer.Option("--redo", help="Bring back what --undo took out last.")] = False,
    annotate: Annotated[str, typer.Option("--annotate", help="Note this on the latest recording.")] = "",
    recover: Annotated[bool, typer.Option("--recover", help="Keep what a crash left of a take.")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Drop what a crash left of a take.")] = False,
    project: ProjectDir = HERE,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Record gestures from a board, from any sketch that prints lines of numbers, or from the virtual board.

    Example: tinyforge capture --label stop --subject anna --duration 4 --count 5
    """
    from tinyforge.capture.session import Plan
    from tinyforge.cli import render
    from tinyforge.cli.capture_view import LiveDesk, desk_for
    from tinyforge.pipeline import captures, projects

    chosen = [
        name
        for name, given in (
            ("undo", undo),
            ("redo", redo),
            ("annotate", annotate),
            ("recover", recover),
            ("discard", discard),
        )
        if given
    ]
    if len(chosen) > 1:
        raise UsageError("tinyforge capture", f"--{chosen[0]} and --{chosen[1]} exclude each other", "give one of them")
    if chosen:
        _afterwards(chosen[0], projects.load(project), annotate, json=json)
        return
    labels = _labels(label, subject, mode)
    loaded = projects.load(project)
    endless = mode != "fixed"
    plan = Plan(
        labels=labels,
        subject=subject,
        session=session,
        mode=mode,
        count=(0 if endless else 1) if count is None else count,
        duration_s=(0.0 if mode == "continuous" else 4.0) if duration is None else duration,
        rate_hz=rate,
        pre_roll_s=pre_roll,
        factor=4.0 / sensitivity,
        note=note,
        placement=placement,
        reconnect_s=reconnect,
    )
    if mode == "fixed" and not plan.count:
        raise UsageError("--count", "0 takes of the fixed mode", "give 1 or more")
    desk = desk_for(f"{' / '.join(labels)} by {subject}", labels if mode == "continuous" else (), quiet=quiet or json)
    if not desk.is_live and not plan.count and (mode == "triggered" or not plan.duration_s):
        way_out = "give --count" if mode == "triggered" else "give --duration"
        raise UsageError("--mode", f"{mode} without a terminal has no end", way_out)
    if mode == "fixed":
        plan = captures.with_countdown(loaded, plan, board, port, countdown, live=desk.is_live)
    request = captures.Request(
        plan,
        board_id=board,
        port=port,
        baud=baud,
        motion=motion,
        channels=_list(channels),
        units=_list(units),
        ranges=_ranges(ranges),
    )
    watcher = render.Watcher(quiet=quiet or json)
    with desk.open() if isinstance(desk, LiveDesk) else contextlib.nullcontext():
        made = captures.capture(loaded, request, desk, watcher)
    if json:
        render.say_json({"recordings": made})
    else:
        _table("recorded", made)


def _labels(label: Sequence[str] | None, subject: str, mode: str) -> tuple[str, ...]:
    if mode not in _MODES:
        raise UsageError("--mode", f'"{mode}": no such mode', did_you_mean(mode, _MODES))
    labels = tuple(label or ())
    for option, given in (("--label", labels), ("--subject", subject)):
        if not given:
            raise UsageError(option, "is missing", "for instance: tinyforge capture --label stop --subject anna")
    if len(labels) > 1 and mode != "continuous":
        raise UsageError("--label", f"{len(labels)} of them in mode {mode}", "give one, or --mode continuous")
    if len(labels) > 9 or len(set(labels)) < len(labels) or not all(labels):
        raise UsageError("--label", f"{', '.join(labels)}", "give at most nine, each once: keys 1 to 9 choose them")
    return labels


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()


def _ranges(text: str) -> dict[str, float]:
    out = {}
    for part in _list(text):
        unit, _, number = part.partition("=")
        try:
            out[unit.strip()] = float(number)
        except ValueError:
            out[unit.strip()] = 0.0
        if not 0 < out[unit.strip()] < float("inf"):
            raise UsageError("--ranges", f"{part!r} is no unit and number", "for instance: --ranges g=4,dps=2000")
    return out


def _table(title: str, made: Sequence[Mapping[str, Any]]) -> None:
    from tinyforge.cli import render

    rows = []
    for entry in made:
        facts = entry["capture"] or {}
        error = facts.get("rate_error_hz", 0.0)
        measured = f"{facts['rate_measured_hz']:g} ± {error:g} Hz ({facts['rate_clock']})" if error else "-"
        rows.append(
            (
                entry["id"],
                entry["label"],
                entry["subject"],
                str(entry["samples"]),
                f"{entry['rate_hz']:g} Hz",
                measured,
                str(entry["dropped"]),
                str(facts.get("damaged", 0)),
                str(facts.get("clipped", 0)),
            )
        )
    render.table(
        title,
        ("recording", "label", "subject", "samples", "rate", "measured", "lost", "damaged", "clipped"),
        rows,
        numeric=("samples", "rate", "lost", "damaged", "clipped"),
    )


def _afterwards(what: str, project: Any, text: str, *, json: bool) -> None:
    from tinyforge.cli import render
    from tinyforge.pipeline import captures

    if what == "discard":
        count = captures.discard(project)
        if json:
            render.say_json({"discarded": count})
        else:
            render.say(f"{count} takes dropped" if count != 1 else "1 take dropped")
        return
    if what == "recover":
        made = captures.recover(project)
        title = "recovered"
    else:
        made = [
            captures.annotate(project, text)
            if what == "annotate"
            else captures.undo(project)
            if what == "undo"
            else captures.redo(project)
        ]
        title = {"undo": "taken out; --redo brings it back", "redo": "back again", "annotate": "noted"}[what]
    if json:
        render.say_json({"recordings": made})
    elif made:
        _table(title, made)
    else:
        render.say("no take was left by a crash")


def devices(
    port: Annotated[
        list[str] | None, typer.Option("--port", help="Also ask this one: a path, socket://HOST:PORT, virtual://IMAGE.")
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Open ports with a known board and ask what runs there.")
    ] = True,
    baud: Annotated[
        int, typer.Option("--baud", min=50, max=12_000_000, help="Of a real UART; USB ignores it.")
    ] = 115200,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List serial ports and the boards recognised on them.

    Example: tinyforge devices --port socket://127.0.0.1:4000
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import ports

    found = ports.devices(port or (), ask=ask, baud=baud)
    if json:
        render.say_json({"devices": found})
        return
    if not found:
        render.say("no serial port is here: is the board plugged in, with a cable that carries data?")
        render.say("without a board: `tinyforge capture --board virtual`")
        return
    render.table(
        "",
        ("port", "usb", "board", "what runs there", "channels"),
        [
            (
                one["port"],
                one["usb_id"] or "-",
                ", ".join(one["boards"]) or one["description"] or "-",
                one["firmware"] or one["problem"] or "-",
                " ".join(f"{name} [{unit or '?'}]" for name, unit in one["channels"]) or "-",
            )
            for one in found
        ],
    )
