"""Work in a process of its own: TensorFlow stays out of the parent, and dies with it.

The parent writes ``job.json``, starts ``python -m <module> <job.json>`` and reads JSON lines from its stdout:

    {"progress": {"step": ..., "done": ..., "total": ..., "text": ..., "values": {...}}}
    {"error": {"class": ..., "place": ..., "fact": ..., "way_out": ...}}
    {"result": {...}}

Whatever else the worker (or a library in it) prints goes to the log. The worker's stdin is a pipe that nothing is ever
written to: when the parent ends, however it ends, the pipe closes and the worker ends itself. Ctrl-C in a terminal ends
both; a parent whose workers run on threads calls :func:`end_workers`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tinyforge.core import errors
from tinyforge.core.errors import Interrupted, TinyforgeError, ToolError
from tinyforge.core.files import os_error, write_json

_LOG_LINES_SHOWN = 12
_STOP_S = 5.0

_running: set[subprocess.Popen[bytes]] = set()
_ended: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a worker is.

    Attributes:
        step: what it does: ``train``, ``prune``, ``cluster``, ``quantize``.
        done, total: units of work, for instance epochs; 0 <= done <= total.
        text: the same in a few words, for a progress bar.
        values: figures of the moment: ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``, ``seconds_left``.
    """

    step: str
    done: float
    total: float
    text: str
    values: Mapping[str, float] = field(default_factory=dict)


OnProgress = Callable[[Progress], None]


# -- the parent's side ------------------------------------------------------------------------------------------------


def run_worker(
    module: str,
    job: Mapping[str, Any],
    *,
    job_file: Path,
    log_file: Path,
    on_progress: OnProgress | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run ``module`` on ``job`` in another process and give back its result.

    However this call ends, the worker has ended.

    Args:
        module: has a ``main`` that ends in :func:`serve`.
        job: plain data, written to ``job_file``.
        log_file: takes stderr and stray output of the worker; overwritten.
        on_progress: called in the calling thread.
        environment: variables set for the worker.

    Raises:
        TinyforgeError: the worker raised it.
        ToolError: the worker died; with the last lines of its log.
        Interrupted: Ctrl-C, or :func:`end_workers`.
    """
    write_json(job_file, job)
    command = [sys.executable, "-P", "-m", module, str(job_file)]
    try:
        log = log_file.open("wb")
    except OSError as error:
        raise os_error(log_file, error, "write") from error
    with log:
        worker = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "PYTHONPATH": _python_path(), **(environment or {})},
        )
        with _lock:
            _running.add(worker)
        try:
            answer = _listen(worker, on_progress)
            status = worker.wait()
        finally:
            _end(worker)
            with _lock:
                _running.discard(worker)
                stopped = worker in _ended
                _ended.discard(worker)
    if stopped or status == -signal.SIGINT:
        raise Interrupted("", "interrupted")
    if isinstance(answer, TinyforgeError):
        raise answer
    if answer is None or status != 0:
        raise ToolError(f"worker {module}", _death(status, log_file), f"the whole log is {log_file}")
    return answer


def end_workers() -> None:
    """End every worker of this process; the calls that wait for them raise Interrupted."""
    with _lock:
        for worker in _running:
            _ended.add(worker)
            worker.terminate()


def _python_path() -> str:
    """The parent's import path, so that the worker finds the same modules (plug-ins run from a folder included)."""
    return os.pathsep.join(path for path in sys.path if path)


def _listen(worker: subprocess.Popen[bytes], on_progress: OnProgress | None) -> dict[str, Any] | TinyforgeError | None:
    answer: dict[str, Any] | TinyforgeError | None = None
    if worker.stdout is None:
        return None
    for line in worker.stdout:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if "progress" in said and on_progress is not None:
            on_progress(Progress(**said["progress"]))
        elif "error" in said:
            told = said["error"]
            kind = getattr(errors, told["class"], TinyforgeError)
            answer = kind(told["place"], told["fact"], told["way_out"])
        elif "result" in said:
            answer = said["result"]
    return answer


def _end(worker: subprocess.Popen[bytes]) -> None:
    """Close the pipes and see the process off; it is dead when this returns."""
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    if worker.poll() is None:
        worker.terminate()
        try:
            worker.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def _death(status: int, log_file: Path) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        how = f"was ended by signal {name}{hint}"
    else:
        how = f"ended with exit code {status} and without a result"
    try:
        log = log_file.read_text("utf-8", "replace")
    except OSError as error:
        log = f"(its log cannot be read: {error.strerror})"
    lines = [line for line in log.splitlines() if line.strip()]
    told = "\n".join(lines[-_LOG_LINES_SHOWN:]) or "it printed nothing"
    return f"{how}; its last words:\n{told}\n"


# -- the worker's side ------------------------------------------------------------------------------------------------


class Reporter:
    """Where a worker says what it does; every line reaches the parent whole."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def progress(self, step: str, done: float, total: float, text: str, **values: float) -> None:
        """See :class:`Progress`."""
        self._say({"progress": asdict(Progress(step, done, total, text, values))})

    def error(self, error: TinyforgeError) -> None:
        """The parent raises the same error."""
        told = {"class": type(error).__name__, "place": error.place, "fact": error.fact, "way_out": error.way_out}
        self._say({"error": told})

    def result(self, result: Mapping[str, Any]) -> None:
        """What the parent's call returns; plain data."""
        self._say({"result": result})

    def _say(self, what: Mapping[str, Any]) -> None:
        self._stream.write(json.dumps(what) + "\n")
        self._stream.flush()


def serve(work: Callable[[dict[str, Any], Reporter], Mapping[str, Any]]) -> int:
    """The ``main`` of a worker: run ``work(job, reporter)`` on the job named on the command line.

    Standard output is kept for the parent alone; prints go to the log. Ctrl-C ends it at once: files appear by rename.

    Returns:
        The exit code: 0 when ``work`` returned or raised a TinyforgeError, which was passed on.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as stream:
        os.dup2(2, 1)
        reporter = Reporter(stream)
        job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
        try:
            reporter.result(work(job, reporter))
        except TinyforgeError as error:
            reporter.error(error)
    return 0


def _end_with_parent() -> None:
    """Wait until the parent's end of our stdin closes, then end at once."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(3)
