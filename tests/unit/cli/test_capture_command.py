"""``tinyforge capture`` and ``tinyforge devices`` as a user meets them, with devices on a TCP port and a terminal."""

import json
import os
import pty
import re
import subprocess
import sys
import time

import numpy as np
import pytest
from fake_device import FakeBoard, Served, TextSketch, rows

from tinyforge.capture.spool import About, Spool
from tinyforge.cli import main
from tinyforge.core.types import IMU_CHANNELS
from tinyforge.dataset import RecordingStore
from tinyforge.link import PortInfo, SampleBlock
from tinyforge.pipeline import devices as pipeline_devices

PROJECT = """
[project]
name = "demo"
[[model]]
name = "cnn"
architecture = "cnn1d"
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "tinyforge.toml").write_text(PROJECT)
    return tmp_path


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    return ended.value.code


def capture(project, *arguments, as_json=True):
    base = ("capture", "--label", "stop", "--subject", "anna", "--project", project)
    return run(*base, *arguments, *(["--json"] if as_json else []))


def test_recordings_over_a_socket_as_json(project, capfd):
    with Served(lambda: FakeBoard(board="nano33"), speed=10.0) as board:
        options = ("--count", 2, "--duration", 1, "--session", "1", "--placement", "wrist", "--note", "windy")
        assert capture(project, "--port", board.port, *options) == 0
    made = json.loads(capfd.readouterr().out)["recordings"]
    store = RecordingStore(project / "dataset")
    assert [one["id"] for one in made] == [entry.id for entry in store.entries()]
    one = store.load(made[0]["id"])
    assert (one.session, one.placement, one.note, one.board) == ("1", "wrist", "windy", "nano33")
    assert made[0]["capture"]["ranges"] == [4.0, 4.0, 4.0, 2000.0, 2000.0, 2000.0]  # of the nano33's sensor
    assert one.facts.clipped == 96  # of 0 .. 99: ax, ay and az are above 4 g from the fifth on


def test_a_sketch_over_a_socket_says_what_was_assumed(project, capfd):
    def line(k):
        return f"0.1\t0.2\t{9.7 + 0.01 * (k % 3):.2f}\t1\t2\t3\n"

    with Served(lambda: TextSketch(line), speed=1.0) as sketch:
        assert capture(project, "--port", sketch.port, "--duration", 1, "--ranges", "m/s^2=20", as_json=False) == 0
    said = capfd.readouterr()
    assert "columns without names are taken for ax, ay, az, gx, gy, gz; --channels says otherwise" in said.err
    assert "units are not said; taken for ax [m/s^2], ay [m/s^2], az [m/s^2], gx [dps], gy [dps], gz [dps]" in said.err
    (entry,) = RecordingStore(project / "dataset").entries()
    assert [channel.unit for channel in entry.channels] == ["m/s^2"] * 3 + ["dps"] * 3
    assert entry.facts.ranges == (20.0, 20.0, 20.0, 0.0, 0.0, 0.0)
    assert entry.id in said.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--mode", "trigered"), '--mode: "trigered": no such mode\n  -> did you mean "triggered"?'),
        (("--label", "go"), "--label: 2 of them in mode fixed\n  -> give one, or --mode continuous"),
        (("--ranges", "g4"), "--ranges: 'g4' is no unit and number\n  -> for instance: --ranges g=4,dps=2000"),
        (("--undo", "--redo"), "tinyforge capture: --undo and --redo exclude each other"),
        (("--count", "0"), "--count: 0 takes of the fixed mode"),
        (("--mode", "triggered"), "--mode: triggered without a terminal has no end\n  -> give --count"),
        (("--mode", "continuous"), "--mode: continuous without a terminal has no end\n  -> give --duration"),
        (("--port", "/dev/nothing"), "/dev/nothing: no such device"),
        (("--port", "2341:ffff"), "2341:ffff: no device with these USB numbers\n  -> `tinyforge devices` lists"),
        (("--board", "nano33"), "Arduino Nano 33 BLE Sense: no such board on any port"),
        (("--motion", "file:x.csv", "--port", "socket://h:1"), "--motion: moves the virtual board's IMU"),
    ],
)
def test_what_cannot_be_is_said_with_a_way_out(project, capfd, arguments, message):
    assert capture(project, *arguments, as_json=False) in (2, 4)
    err = capfd.readouterr().err
    assert message in err
    assert "Traceback" not in err


def test_undo_redo_and_notes_afterwards(project, capfd):
    with Served(FakeBoard, speed=20.0) as board:
        assert capture(project, "--port", board.port, "--count", 2, "--duration", 0.5) == 0
    ids = [one["id"] for one in json.loads(capfd.readouterr().out)["recordings"]]
    store = RecordingStore(project / "dataset")
    options = ("--project", project, "--json")
    assert run("capture", "--undo", *options) == 0
    assert json.loads(capfd.readouterr().out)["recordings"][0]["id"] == ids[1]
    assert [entry.id for entry in store.entries()] == ids[:1]
    assert run("capture", "--redo", *options) == 0
    assert run("capture", "--annotate", "left hand", *options) == 0
    assert {entry.id: entry.note for entry in store.entries()}[ids[1]] == "left hand"
    capfd.readouterr()
    assert run("capture", "--redo", "--project", project) == 3
    assert "no recording was taken out" in capfd.readouterr().err


def test_what_a_crash_left_is_offered_kept_or_dropped(project, capfd):
    about = About("stop", "anna", "", "fake", "1", IMU_CHANNELS, 100.0, samples=200)
    for count in (60, 70):
        spool = Spool(project / "dataset", about)
        spool.write(0, SampleBlock(0, 0, rows(0, count), 0))
        spool.leave()
    with Served(FakeBoard, speed=20.0) as board:
        assert capture(project, "--port", board.port, "--duration", 0.5, as_json=False) == 0
    assert (
        "was cut after 60 of 200 samples: `tinyforge capture --recover` keeps it, --discard" in capfd.readouterr().err
    )
    assert run("capture", "--recover", "--project", project, "--json") == 0
    made = json.loads(capfd.readouterr().out)["recordings"]
    assert [one["samples"] for one in made] == [60, 70]
    assert made[0]["capture"]["cut"] == "its recorder was killed"
    assert run("capture", "--recover", "--project", project) == 0
    assert "no take was left by a crash" in capfd.readouterr().out
    assert run("capture", "--discard", "--project", project) == 0
    assert "0 takes dropped" in capfd.readouterr().out


def test_devices_lists_ports_and_asks_what_runs_there(capfd, monkeypatch):
    here = [PortInfo("/dev/ttyACM9", (0x2341, 0x805A), "Nano", "A1"), PortInfo("/dev/ttyUSB9", (1, 2), "modem", "")]
    monkeypatch.setattr(pipeline_devices, "ports", lambda: here)
    with Served(FakeBoard) as board, Served(TextSketch) as sketch:
        assert run("devices", "--json", "--port", board.port, "--port", sketch.port) == 0
        found = {one["port"]: one for one in json.loads(capfd.readouterr().out)["devices"]}
    nano = found["/dev/ttyACM9"]
    assert (nano["usb_id"], nano["serial_number"]) == ("2341:805a", "A1")
    assert any("Nano 33" in board for board in nano["boards"])
    assert nano["problem"].startswith("no such device")
    assert (found["/dev/ttyUSB9"]["boards"], found["/dev/ttyUSB9"]["problem"]) == ([], "")  # not ours: not opened
    assert found[board.port]["firmware"] == "tinyforge 1.2.3 ab12cd34 on fake, no model"
    assert found[board.port]["channels"][0] == ["ax", "g"]
    assert found[sketch.port]["firmware"] == "text: 6 columns"
    assert run("devices", "--no-ask") == 0
    assert "/dev/ttyACM9" in capfd.readouterr().out


def test_without_a_port_devices_says_what_to_do(capfd, monkeypatch):
    monkeypatch.setattr(pipeline_devices, "ports", list)
    assert run("devices") == 0
    assert "`tinyforge capture --board virtual`" in capfd.readouterr().out


def test_in_a_terminal_signals_are_drawn_and_keys_work(project):
    """On a pseudo-terminal: a take, then u in the question at the end, then the take again."""
    with Served(FakeBoard, speed=1.0) as board:
        master, slave = pty.openpty()
        command = [sys.executable, "-m", "tinyforge", "capture", "--label", "stop", "--subject", "anna", "--project"]
        options = [str(project), "--port", board.port, "--duration", "1", "--countdown", "0.2"]
        process = subprocess.Popen(
            [*command, *options],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "120", "NO_COLOR": "1"},
        )
        os.close(slave)
        screen, pressed = b"", []
        deadline = time.monotonic() + 600
        while process.poll() is None and time.monotonic() < deadline:
            try:
                screen += os.read(master, 65536)
            except OSError:
                break
            words = screen.count(b"all recorded: u takes the last one out")
            if words > len(pressed):
                pressed.append(words)
                os.write(master, b"u" if words == 1 else b"q")
        assert process.wait(timeout=120) == 0
        os.close(master)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.decode("utf-8", "replace"))
    for part in ("get ready", "recording", "rate ", " Hz   lost 0", "clipped 0", "ax g", "taken out; r brings it back"):
        assert part in text, part
    assert any(level in text for level in "▁▂▃▄▅▆▇█")
    (entry,) = RecordingStore(project / "dataset").entries()
    assert entry.samples == 100
    assert np.isfinite(RecordingStore(project / "dataset").load(entry.id).samples).all()
