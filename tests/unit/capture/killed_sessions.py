"""Capture sessions that are killed with SIGKILL at random moments; run by test_killed.py, by hand as

    python tests/unit/capture/killed_sessions.py FOLDER 200 [SEED]

Each session is a child of its own, which records take after take of a board on a TCP port through the same functions as
`tinyforge capture`, and says each recording's id on a pipe once it is kept. After each kill everything that was said
must be whole, the manifest readable, and what had arrived of the cut take there to be recovered.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "link"))
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from desk import ScriptedDesk
from fake_device import FakeBoard, Served

from tinyforge.capture.session import Plan
from tinyforge.dataset import RecordingStore
from tinyforge.pipeline import captures, projects

SAMPLES = 50


class Telling(ScriptedDesk):
    """Says on a pipe what was kept."""

    def __init__(self, pipe):
        super().__init__(live=False)
        self.pipe = pipe

    def say(self, text):
        if f": {SAMPLES} samples" in text:
            os.write(self.pipe, text.split(":")[0].encode() + b"\n")


def child(project, port, pipe, number):
    plan = Plan(("stop",), f"s{number:03d}", count=100_000, duration_s=0.5, reconnect_s=0.0)
    captures.capture(project, captures.Request(plan, port=port), Telling(pipe), None)


def follows(samples):
    """Whether these are consecutive samples of one run of the board."""
    first = samples[0, 0]
    wanted = first + np.arange(len(samples))[:, None] + np.arange(6)[None, :] / 8
    return np.array_equal(samples, wanted.astype(np.float32))


def main(folder, kills, seed):
    chance = random.Random(seed)
    (folder / "tinyforge.toml").write_text(
        '[project]\nname = "killed"\n[[model]]\nname = "cnn"\narchitecture = "cnn1d"\n[window]\nlength = 50\n'
    )
    project = projects.load(folder)
    said_all, recovered, cut = [], 0, 0
    with Served(lambda: FakeBoard(rows_a_frame=5), speed=40.0) as board:
        for number in range(kills):
            ours, theirs = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(ours)
                try:
                    child(project, board.port, theirs, number)
                finally:
                    os._exit(3)
            os.close(theirs)
            with os.fdopen(ours, "rb") as pipe:
                # by what was done, then by time: a busy machine gets as far as an idle one
                heard = b"".join(pipe.readline() for _ in range(chance.randrange(8)))
                time.sleep(chance.uniform(0.0, 0.3))
                os.kill(pid, signal.SIGKILL)
                _, status = os.waitpid(pid, 0)
                assert os.WTERMSIG(status) == signal.SIGKILL, f"session {number} ended by itself"
                said = [line.decode() for line in (heard + pipe.read()).split(b"\n")[:-1]]
            said_all += said
            store = RecordingStore(project.dataset_dir)
            mine = [entry for entry in store.entries() if entry.subject == f"s{number:03d}"]
            assert set(said) <= {entry.id for entry in mine}, number
            assert len(mine) <= len(said) + 1, number  # at most the one that was just being said
            for entry in mine:
                one = store.load(entry.id)
                assert (len(one.samples), one.dropped, one.facts.gaps) == (SAMPLES, 0, ())
                assert follows(one.samples)
            for left in captures.left_over(project):
                assert left["subject"] == f"s{number:03d}"
                assert 0 < left["samples"] <= SAMPLES
                cut += 1
            for entry in captures.recover(project):
                assert follows(store.load(entry["id"]).samples)
                recovered += 1
            assert captures.left_over(project) == []
    whole = RecordingStore(project.dataset_dir)
    assert set(said_all) <= {entry.id for entry in whole.entries()}
    for entry in whole.entries():
        whole.load(entry.id)
    print(f"{kills} kills: {len(said_all)} recordings kept, 0 lost; {cut} cut takes, {recovered} recovered")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
