"""What a parent is told of its worker, and that neither outlives the other."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tinyforge.core.errors import ConfigError, Interrupted, ToolError
from tinyforge.core.worker import end_workers, run_worker

HERE = Path(__file__).resolve().parent


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))

    def run(do, on_progress=None, **job):
        return run_worker(
            "stand_in_worker",
            {"do": do, **job},
            job_file=tmp_path / "job.json",
            log_file=tmp_path / "worker.log",
            on_progress=on_progress,
        )

    return run


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # a zombie is gone too: its parent has not asked yet
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def wait_until(condition, seconds=120.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_the_result_and_the_progress_come_back(start, tmp_path):
    seen = []
    assert start("finish", seen.append, number=41) == {"answer": 42}
    assert [(one.step, one.done, one.total, one.text) for one in seen] == [
        ("count", 1, 3, "1 of 3"),
        ("count", 2, 3, "2 of 3"),
        ("count", 3, 3, "3 of 3"),
    ]
    assert [one.values["loss"] for one in seen] == [1.0, 0.5, 1 / 3]
    log = (tmp_path / "worker.log").read_text()
    assert sorted(log.splitlines()) == ["stray output", '{"result": "forged"}']


def test_an_error_of_ours_is_raised_as_it_is(start):
    with pytest.raises(ConfigError) as caught:
        start("refuse")
    assert str(caught.value) == "job: number: is 13; take 12"


def test_a_crash_shows_the_workers_last_words(start, tmp_path):
    with pytest.raises(ToolError) as caught:
        start("crash")
    assert caught.value.place == "worker stand_in_worker"
    assert caught.value.fact.startswith("ended with exit code 1 and without a result; its last words:\nTraceback")
    assert caught.value.fact.endswith("ZeroDivisionError: the worker's own fault\n")
    assert caught.value.way_out == f"the whole log is {tmp_path / 'worker.log'}"


def test_an_exit_without_a_result_is_an_error(start):
    with pytest.raises(ToolError, match=r"ended with exit code 7 and without a result; its last words:\nleaving early"):
        start("leave")


def test_a_signal_is_named(start):
    with pytest.raises(ToolError, match=r"was ended by signal SIGKILL \(out of memory\?\); its last words:"):
        start("die")


def test_a_module_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(ToolError, match="No module named no_such_worker"):
        run_worker("no_such_worker", {}, job_file=tmp_path / "job.json", log_file=tmp_path / "worker.log")


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_parent_leaves_no_worker(start, tmp_path, interrupt):
    def on_progress(progress):
        if progress.done == 3:
            assert wait_until(lambda: (tmp_path / "worker.log").read_text().strip())
            raise interrupt

    with pytest.raises(interrupt):
        start("linger", on_progress)
    assert gone(int((tmp_path / "worker.log").read_text()))


def test_ctrl_c_in_the_worker_is_an_interrupt(start, tmp_path):
    def on_progress(progress):
        if progress.done == 3:
            assert wait_until(lambda: (tmp_path / "worker.log").read_text().strip())
            os.kill(int((tmp_path / "worker.log").read_text()), signal.SIGINT)

    with pytest.raises(Interrupted):
        start("linger", on_progress)


def test_workers_on_threads_are_ended_together(start, tmp_path):
    def end_when_running():
        if wait_until(lambda: (tmp_path / "worker.log").is_file() and (tmp_path / "worker.log").read_text().strip()):
            end_workers()

    ender = threading.Thread(target=end_when_running)
    ender.start()
    with pytest.raises(Interrupted):
        start("linger")
    ender.join()
    assert gone(int((tmp_path / "worker.log").read_text()))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="asks /proc")
def test_a_killed_parent_takes_its_worker_along(tmp_path):
    program = (
        "import sys; from pathlib import Path; from tinyforge.core.worker import run_worker\n"
        f"sys.path.insert(0, {str(HERE)!r}); folder = Path({str(tmp_path)!r})\n"
        "run_worker('stand_in_worker', {'do': 'linger'}, job_file=folder / 'job.json', log_file=folder / 'worker.log')"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    log = tmp_path / "worker.log"
    assert wait_until(lambda: log.is_file() and log.read_text().endswith("\n"))
    pid = int(log.read_text())
    assert not gone(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert wait_until(lambda: gone(pid))
