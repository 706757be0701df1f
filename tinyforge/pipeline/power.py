"""``tinyforge power`` and ``evaluate --power``: energy of one inference from a meter."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.files import sha256_file, write_json
from tinyforge.core.types import TEST, ModelSpec
from tinyforge.pipeline import devices
from tinyforge.pipeline.runs import Run, Step, utc_now
from tinyforge.pipeline.stages import build as build_stage

if TYPE_CHECKING:
    from tinyforge.core.types import Float32Array
    from tinyforge.evaluate.board import InferenceLink
    from tinyforge.evaluate.power import PowerTrace, Span
    from tinyforge.link.ports import Port
    from tinyforge.pipeline.road import Road

FILE = "energy.json"
IDLE_S = 3.0
_POLL_S = 0.05
_MOST_INFERENCES = 2000
_SPAN = re.compile(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)")


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """How a recording is to be read.

    Attributes:
        volts: supply voltage, where the meter does not measure it.
        meter: kind of meter, where its header does not say.
        marker: digital input that is high while the board infers.
        busy, idle: times in seconds, ``2:12`` each; without them the marker or the current decides.
    """

    volts: float | None = None
    meter: str = ""
    marker: str = ""
    busy: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()


def spans(texts: Sequence[str]) -> list[Span]:
    """``2:12`` as (2.0, 12.0).

    Raises:
        UsageError: it is none.
    """
    found = []
    for text in texts:
        match = _SPAN.fullmatch(text)
        if match is None or float(match[1]) >= float(match[2]):
            raise UsageError(text, "is no stretch of time", "write the seconds from and to: 2:12")
        found.append((float(match[1]), float(match[2])))
    return found


def from_file(path: Path, inferences: int, reading: Reading) -> dict[str, Any]:
    """Energy of one inference, from a recording of so many.

    Returns:
        ``energy_j``, ``uncertainty_j`` (U, about 95 %), ``inferences``, ``busy_s``, ``idle_s``, ``busy_w``, ``idle_w``,
        ``meter``, ``source``.

    Raises:
        DataError: the file, or an energy below what the meter tells apart.
        UsageError: times that are none.
    """
    from tinyforge.evaluate.power import energy_per_inference, read_trace

    busy, idle = spans(reading.busy), spans(reading.idle)
    trace = read_trace(path, volts=reading.volts, meter=reading.meter)
    found = energy_per_inference(trace, inferences, busy=busy, idle=idle, marker=reading.marker)
    return dataclasses.asdict(found) | {"source": str(path)}


def evaluate(road: Road, model: str, source: str, reading: Reading) -> dict[str, Any]:
    """Evaluate, and measure; see :func:`of_evaluation`.

    Returns:
        As the stage ``evaluate`` by model, with ``energy``.

    Raises:
        UsageError: one recording for several models, or the virtual board.
    """
    names = [model] if model else [spec.name for spec in road.project.models]
    if len(names) > 1:
        raise UsageError("--power", f"is of one model, not of {', '.join(names)}", f"choose: --model {names[0]}")
    if devices.is_virtual(road.board):
        raise UsageError("--power", "the virtual board takes none", "measure a real board, or leave it out")
    result = road.each("evaluate", names[0])
    result[names[0]]["energy"] = of_evaluation(road, road.project.model(names[0]), source, reading)
    return result


def of_evaluation(road: Road, spec: ModelSpec, source: str, reading: Reading) -> dict[str, Any]:
    """Energy of one window of the test set on the road's board, its transfer included.

    Args:
        road: whose board it is.
        spec: the model, which the board holds.
        source: a CSV that was recorded while `evaluate` sent every test window, or the port of a sketch that prints
            readings of an INA219 or INA226; then the windows are sent again.
        reading: how the recording is read.

    Returns:
        As :func:`from_file`. It is a step of the run, ``power/<board>/<model>``: manifest, report and card have it.

    Raises:
        DataError, DeviceError: the recording, the meter, the board.
    """
    folder = road.do(step(road, spec, source, reading))
    return _read(folder / FILE)


def name(board_id: str, model: str) -> str:
    """The step's name: one measurement for each board and model, the newest."""
    return f"power/{board_id}/{model}"


def step(road: Road, spec: ModelSpec, source: str, reading: Reading) -> Step:
    """Measure the energy of one model on the road's board; see :func:`of_evaluation`."""
    from tinyforge.pipeline.stages import dataset as dataset_stage

    recorded = Path(source).is_file()
    windows, _ = dataset_stage.load(road).part(TEST)
    inputs = {
        "image": sha256_file(build_stage.elf(road, spec)),
        "windows": len(windows),
        "reading": dataclasses.asdict(reading),
        # what is measured now is another measurement than any before
        "recording": sha256_file(Path(source)) if recorded else f"{source} {utc_now()}",
    }

    def make(folder: Path) -> dict[str, Any]:
        if recorded:
            found = from_file(Path(source), len(windows), reading)
        else:
            found = _over_serial(road, source, windows, reading)
        write_json(folder / FILE, found)
        return {key: found[key] for key in ("energy_j", "uncertainty_j", "meter")}

    return Step(name(road.board.id, spec.name), 1, inputs, make)


def measured(run: Run, model: str) -> dict[str, dict[str, Any]]:
    """Energies of a model that stand in a run and are those of its images.

    Args:
        run: of which.
        model: its name.

    Returns:
        By board: as :func:`from_file`.
    """
    found = {}
    for built in sorted(run.manifest["stages"]):
        kind, _, rest = built.partition("/")
        board_id, _, of = rest.rpartition("/")
        entry = run.done(name(board_id, model))
        if kind != "build" or of != model or entry is None:
            continue
        images = {artifact.sha256 for artifact in run.artifacts(built)}
        if entry["inputs"]["image"] in images:
            found[board_id] = _read(run.path(name(board_id, model), FILE))
    return found


def _read(path: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return said


def _over_serial(road: Road, source: str, windows: Float32Array, reading: Reading) -> dict[str, Any]:
    from tinyforge.evaluate.power import energy_per_inference
    from tinyforge.link.ports import open_port

    port = open_port(source)
    try:
        with devices.linked(road.board, road.port) as link:
            count = min(len(windows), _MOST_INFERENCES)
            trace, busy = record_burst(link, windows[:count], port, reading.meter or "ina219")
    finally:
        port.close()
    return dataclasses.asdict(energy_per_inference(trace, count, busy=[busy])) | {"source": source}


def record_burst(
    link: InferenceLink,
    windows: Float32Array,
    meter_port: Port,
    meter: str,
    *,
    idle_s: float = IDLE_S,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[PowerTrace, Span]:
    """Let the board rest, infer every window, and rest again, while a meter's sketch prints what it reads.

    Args:
        link: to the board.
        windows: float32 [n, time, channel].
        meter_port: gives lines ``time_ms,voltage_V,current_mA``.
        meter: kind of meter.
        idle_s: rest before and after.
        clock: of the host.

    Returns:
        The trace in seconds of ``clock``, and the time from the first window to the last answer.

    Raises:
        DataError: the meter prints something else, or too little.
        DeviceError: the board or the meter goes away.
    """
    from tinyforge.evaluate.power import trace_of

    waiting = b""
    lines: list[tuple[float, bytes]] = []

    def drain(timeout_s: float) -> None:
        nonlocal waiting
        *whole, waiting = (waiting + meter_port.read_some(timeout_s)).split(b"\n")
        lines.extend((clock(), line) for line in whole)

    def rest() -> None:
        until = clock() + idle_s
        while clock() < until:
            drain(_POLL_S)

    rest()
    begun = clock()
    for window in windows:
        link.infer(window)
        drain(0.0)
    ended = clock()
    rest()
    readings = _readings(lines)
    # A line may wait in a buffer, but never comes before its time: the earliest of all tells the meter's clock.
    offset = min((arrived - at for arrived, (at, _, _) in readings), default=0.0)
    values = [(at + offset, volts, amperes) for _, (at, volts, amperes) in readings]
    return trace_of(meter_port.name, meter, values), (begun, ended)


def _readings(lines: Sequence[tuple[float, bytes]]) -> list[tuple[float, tuple[float, float, float]]]:
    """Arrival and reading (seconds, volts, amperes) of the lines that are three numbers; the first may be torn."""
    found = []
    for arrived, line in lines:
        try:
            time_ms, volts, milliamperes = (float(part) for part in line.split(b","))
        except ValueError:
            continue
        found.append((arrived, (time_ms / 1e3, volts, milliamperes / 1e3)))
    if any(later[1][0] < earlier[1][0] for earlier, later in itertools.pairwise(found)):
        raise DataError("meter", "its clock went backwards: it restarted", "measure again")
    return found
