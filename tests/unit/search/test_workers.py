"""Two workers on one study; one is killed in the middle of its trial, and the other takes that trial up again."""

import json
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.train, pytest.mark.emulator]

TRIALS = 2


def start(folder, log, *arguments):
    """A worker in a session of its own, so that a kill ends exactly it."""
    command = [sys.executable, "-m", "tinyforge", "search", "--project", str(folder), "--trials", str(TRIALS)]
    with log.open("w") as stream:
        return subprocess.Popen([*command, "--heartbeat", "2", *arguments], stdout=stream, stderr=stream)


def states(folder):
    with sqlite3.connect(folder / "search" / "search" / "study.db") as database:
        return [state for (state,) in database.execute("SELECT state FROM trials ORDER BY number")]


def until(true, seconds=900):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.1)


def test_a_killed_workers_trial_is_taken_up_by_another(shapes_project, tmp_path):
    first = start(shapes_project, tmp_path / "first.log")
    training = shapes_project / "search" / "search" / "trial_0000" / "train"
    until(lambda: training.exists() or first.poll() is not None)
    assert training.exists(), (tmp_path / "first.log").read_text()
    second = start(shapes_project, tmp_path / "second.log", "--json")
    first.send_signal(signal.SIGKILL)  # at once: on a busy machine it could be done before the second has begun
    first.wait()
    assert states(shapes_project)[0] == "RUNNING"
    assert second.wait(1800) == 0, (tmp_path / "second.log").read_text()
    found = json.loads((tmp_path / "second.log").read_text())
    assert states(shapes_project)[0] == "FAIL"
    assert states(shapes_project).count("COMPLETE") + states(shapes_project).count("PRUNED") >= TRIALS
    # the same candidate, in the same folder: what was done in there was not done again
    assert found["retried"] == 1
    assert (training / "train.json").is_file()
    assert found["front"][0]["macro_f1"] > 0.9
    assert all(one["instructions"] <= 30_000 for one in found["front"])
    assert (shapes_project / "search" / "search" / "front.png").read_bytes().startswith(b"\x89PNG")
