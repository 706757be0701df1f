"""``tinyforge live``: a session of LIVE on a board, recorded with what really happened, and judged."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.files import atomic_open, write_json, write_text
from tinyforge.core.project import Project
from tinyforge.evaluate.intervals import wilson
from tinyforge.evaluate.live import UNKNOWN, Judged, Span, read_script, tally, truth_of
from tinyforge.pipeline import devices, sessions, trained
from tinyforge.pipeline.trained import Trained

if TYPE_CHECKING:
    from tinyforge.core.types import ModelSpec
    from tinyforge.evaluate.felt import Felt
    from tinyforge.evaluate.ladder import Finding
    from tinyforge.link import Link, Prediction
    from tinyforge.link.messages import LiveStarted

SETTLE_S = 0.3
_CLOCK_US = 1 << 32
_LEAST_TIMED_US = 10_000_000  # that tell a rate: up to 32 samples wait in a sensor's queue

Typed = Callable[[], Sequence[tuple[float, str]]]
Shown = Callable[[Judged, str], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What is to be recorded.

    Attributes:
        script: CSV of ``start_s,end_s,label``; None where somebody types.
        typed: gives what was typed since it was last asked: seconds of ``time.monotonic`` and a label (empty: none).
        duration_s: of the session, by the board's clock; 0 for as long as the script, or until the typing
            ends it.
        settle_s: after a change of the label a window does not count for so long: hands need time.
        board_id, port, model, motion: as of ``tinyforge monitor``.
    """

    script: Path | None = None
    typed: Typed | None = None
    duration_s: float = 0.0
    settle_s: float = SETTLE_S
    board_id: str = ""
    port: str = ""
    model: str = ""
    motion: str = ""


class Ended(Exception):
    """Raised by ``typed`` to end the session."""


class _Truth:
    """Labels over the board's time, from a script or from what somebody types."""

    def __init__(self, request: Request, labels: Sequence[str]) -> None:
        self.spans: list[Span] = read_script(request.script, labels) if request.script is not None else []
        self._typed = request.typed
        self._since: tuple[float, str] = (0.0, "")

    def listen(self, now_s: float) -> None:
        """Take what was typed; ``now_s`` is the board's time at this moment."""
        if self._typed is None:
            return
        host_s = time.monotonic()
        for at, label in self._typed():
            then_s = max(now_s - (host_s - at), self._since[0])
            self.close(then_s)
            self._since = (then_s, label)

    def close(self, now_s: float) -> None:
        """End the label that holds."""
        begun_s, label = self._since
        if label and now_s > begun_s:
            self.spans.append(Span(begun_s, now_s, label))
        self._since = (now_s, "")

    def at(self, now_s: float) -> str:
        """The label that holds, for the person to see; empty for none."""
        if self._typed is not None:
            return self._since[1]
        return next((span.label for span in self.spans if span.start_s <= now_s < span.end_s), "")


def record(project: Project, request: Request, shown: Shown) -> dict[str, Any]:
    """Run LIVE, keep every prediction with its raw window, and judge them.

    Args:
        project: whose board it is.
        request: what is wanted.
        shown: called with each prediction (its truth still open) and the label that holds now.

    Returns:
        ``folder`` (``session.json``, ``predictions.csv``, ``truth.csv``, ``windows.npz``), ``windows``, ``judged``,
        ``right``, ``unknown``, ``accuracy`` with ``low`` and ``high`` (None without a judged window), ``confusion``,
        ``latency`` (``p50_us``, ``p95_us``, ``max_us`` by the board's clock), ``memory``, ``samples_lost``,
        ``windows_lost``, ``host`` (``windows`` computed again here, ``differing``; None where no run has
        the model that the board has) and ``findings`` (what is wrong with the windows, see
        ``tinyforge.evaluate.senses``: ``code``, ``severity``, ``fact``, ``way_out``, ``evidence``).

    Raises:
        UsageError: neither script nor typing, or both.
        DataError: the script.
        DeviceError: no board, no model on it, or it goes away.
    """
    if (request.script is None) == (request.typed is None):
        raise UsageError("live", "needs what really happens, from one place", "give --script truth.csv, or --type")
    board = devices.board_of(project, request.board_id)
    spec = project.model(request.model) if request.model else project.models[0]
    image = devices.virtual_flash(project, spec.name)
    with devices.linked(board, request.port or project.port, image=image, motion=request.motion) as link:
        labels = link.labels()
        if not labels:
            raise UsageError(board.name, "holds no model with labels", f"`tinyforge flash --model {spec.name}`")
        truth = _Truth(request, labels)
        duration_s = request.duration_s or (truth.spans[-1].end_s if truth.spans else math.inf)
        predictions, judged, started = _listen(link, labels, truth, duration_s, shown)
        stats = link.stats()
        digest = link.hello().model_sha256.hex()
    judged = [
        dataclasses.replace(one, truth=truth_of(truth.spans, one.start_s, one.end_s, request.settle_s))
        for one in judged
    ]
    if not judged:
        raise DataError("live", "no window came", "record longer than one window")
    counted = tally(judged)
    share = wilson(counted.right, counted.judged) if counted.judged else None
    times = np.array([one.latency_us for one in judged])
    said: dict[str, Any] = {
        "board": board.id,
        "model": spec.name,
        "model_sha256": digest,
        **dataclasses.asdict(counted),
        "accuracy": None if share is None else share.value,
        "low": None if share is None else share.low,
        "high": None if share is None else share.high,
        "latency": {
            "p50_us": float(np.percentile(times, 50)),
            "p95_us": float(np.percentile(times, 95)),
            "max_us": float(times.max()),
        },
        "memory": {"arena_bytes": stats.arena_bytes, "stack_bytes": stats.stack_bytes},
        "samples_lost": stats.samples_lost,
        "windows_lost": predictions[-1].sequence + 1 - len(predictions),
        "host": None,
    }
    folder = sessions.new_folder(project, board.id, spec.name)
    _keep(folder, said, truth.spans, predictions, judged)  # before what needs a compiler and the training's windows
    made = trained.find(project, spec, digest)
    said["host"] = None if made is None else _host(made, predictions)
    said["findings"] = [
        {key: value for key, value in dataclasses.asdict(one).items() if key != "rung"}
        for one in (
            *_differing(said["host"], spec),
            *_findings(made, spec, digest, labels, predictions, judged, started),
        )
    ]
    write_json(folder / sessions.FILE, said)
    return {"folder": str(folder), **said}


def _listen(
    link: Link, labels: Sequence[str], truth: _Truth, duration_s: float, shown: Shown
) -> tuple[list[Prediction], list[Judged], LiveStarted]:
    predictions: list[Prediction] = []
    judged: list[Judged] = []
    started = link.start_live(send_windows=True)
    rate_hz = started.rate_mhz / 1000
    window_s = link.device.window_length / rate_hz
    end_s, last_us = 0.0, 0
    try:
        for one in link.predictions():
            if predictions:
                end_s += ((one.time_us - last_us) % _CLOCK_US) / 1e6
            else:
                end_s = one.first_index / rate_hz + window_s
            last_us = one.time_us
            predictions.append(one)
            answer = UNKNOWN if one.answer is None else labels[one.answer]
            best = labels[one.inference.label]
            judged.append(Judged(end_s - window_s, end_s, None, answer, best, one.inference.duration_us))
            try:
                truth.listen(end_s)
            except Ended:
                break
            shown(judged[-1], truth.at(end_s))
            if end_s >= duration_s:
                break
    finally:
        link.stop_stream()
    truth.close(end_s)
    return predictions, judged, started


def _host(made: Trained, predictions: Sequence[Prediction]) -> dict[str, int] | None:
    """The raw windows through the same model's C on this machine: scores must be those of the board."""
    whole = [one for one in predictions if one.window is not None]
    if not whole:
        return None
    scores = made.scores(np.stack([one.window for one in whole if one.window is not None]))
    theirs = np.stack([one.inference.scores for one in whole])
    return {"windows": len(whole), "differing": int((scores != theirs).any(axis=1).sum())}


def _differing(host: Mapping[str, int] | None, spec: ModelSpec) -> Iterator[Finding]:
    """Scores that the same windows do not give here."""
    from tinyforge.evaluate.ladder import Finding

    if host is not None and host["differing"]:
        fact = f"the board's scores of {host['differing']} of {host['windows']} windows are not those of its C here"
        way_out = f"`tinyforge evaluate --model {spec.name}` on this board names the layer"
        yield Finding("outputs_differ", "live", "error", fact, way_out, {"windows": host["differing"]})


def _findings(
    made: Trained | None,
    spec: ModelSpec,
    digest: str,
    labels: Sequence[str],
    predictions: Sequence[Prediction],
    judged: Sequence[Judged],
    started: LiveStarted,
) -> tuple[Finding, ...]:
    """What is wrong with the windows that the board fed its network."""
    from tinyforge.evaluate.ladder import Finding
    from tinyforge.evaluate.senses import examine

    if made is None:
        fact = f"no run of this project has the model that the board holds, {digest[:12]}"
        way_out = f"`tinyforge flash --model {spec.name}` puts on it what was trained here"
        return (Finding("other_model", "live", "warning", fact, way_out, {"model_sha256": digest}),)
    felt = _felt(labels, predictions, judged, started)
    return () if felt is None else examine(made.known(), felt)


def _felt(
    labels: Sequence[str], predictions: Sequence[Prediction], judged: Sequence[Judged], started: LiveStarted
) -> Felt | None:
    """The windows that came whole; None without any."""
    from tinyforge.evaluate.felt import Felt

    whole = [(one, said) for one, said in zip(predictions, judged, strict=True) if one.window is not None]
    if not whole:
        return None
    windows = np.stack([one.window for one, _ in whole if one.window is not None])
    index = {label: k for k, label in enumerate(labels)}  # the project's may be more than those of an older model
    first, last = predictions[0], predictions[-1]
    passed_us, at = 0, first.time_us
    for one in predictions[1:]:
        passed_us, at = passed_us + (one.time_us - at) % _CLOCK_US, one.time_us
    long_enough = passed_us >= _LEAST_TIMED_US
    return Felt(
        windows,
        np.array([one.inference.label for one, _ in whole], np.int64),
        np.array([index.get(said.truth or "", -1) for _, said in whole], np.int64),
        starts=np.array([one.first_index for one, _ in whole], np.int64),
        overlap=max(1, -(-windows.shape[1] // started.hop)),
        stated_hz=started.rate_mhz / 1000,
        measured_hz=1e6 * (last.first_index - first.first_index) / passed_us if long_enough else 0.0,
    )


def _keep(
    folder: Path,
    said: dict[str, Any],
    spans: Sequence[Span],
    predictions: Sequence[Prediction],
    judged: Sequence[Judged],
) -> None:
    folder.mkdir(parents=True)
    write_json(folder / sessions.FILE, said)
    write_text(folder / "truth.csv", _csv(("start_s", "end_s", "label"), [dataclasses.astuple(s) for s in spans]))
    rows = [
        (p.sequence, f"{j.start_s:.4f}", f"{j.end_s:.4f}", j.truth or "", j.answer, j.best, j.latency_us)
        for p, j in zip(predictions, judged, strict=True)
    ]
    columns = ("sequence", "start_s", "end_s", "truth", "answer", "best", "latency_us")
    write_text(folder / "predictions.csv", _csv(columns, rows))
    kept = [one for one in predictions if one.window is not None]
    if kept:
        with atomic_open(folder / "windows.npz", "wb") as stream:
            np.savez_compressed(
                stream,
                sequence=np.array([one.sequence for one in kept]),
                windows=np.stack([one.window for one in kept if one.window is not None]),
                scores=np.stack([one.inference.scores for one in kept]),
            )


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
