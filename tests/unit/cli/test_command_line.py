"""The command line: exit codes, the text of errors, JSON, start-up without TensorFlow."""

import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tinyforge.cli import main
from tinyforge.core.types import IMU_CHANNELS, Recording
from tinyforge.dataset import RecordingStore
from tinyforge.link import PortInfo

PROJECT = """
[project]
name = "demo"
[dataset]
split_by = "recording"
[[model]]
name = "cnn"
architecture = "cnn1d"
"""


def run(*arguments):
    """Exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    return ended.value.code


@pytest.fixture
def project(tmp_path):
    (tmp_path / "tinyforge.toml").write_text(PROJECT)
    return tmp_path


def short_recording(samples, label="stop"):
    noise = np.random.default_rng(samples).normal(size=(samples, 6)).astype(np.float32)
    return Recording(noise, IMU_CHANNELS, 100.0, label=label, subject="anna", session="1")


def said(capfd):
    """stderr with its lines joined: errors wrap at the terminal's width."""
    return capfd.readouterr().err


def test_help_is_quick_to_import_and_needs_no_heavy_library():
    code = (
        "import sys; from tinyforge.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'numpy', 'serial', 'jinja2', 'platformio', 'unicorn', 'rich.console', 'asyncio'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "LOADED []" in out
    for command in (
        "init",
        "capture",
        "dataset",
        "train",
        "compress",
        "export",
        "build",
        "flash",
        "evaluate",
        "report",
    ):
        assert f"\n  {command} " in out


def test_every_command_has_an_example(capsys):
    from tinyforge.cli.app import app

    for command in app.registered_commands:
        name = command.name or command.callback.__name__
        assert run(name, "--help") == 0
        assert f"Example: tinyforge {name}" in " ".join(capsys.readouterr().out.split()), name


def test_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out.startswith("tinyforge 0.")


def test_unknown_board_in_the_file(project, capfd):
    (project / "tinyforge.toml").write_text(PROJECT + '[board]\nid = "nano3"\n')
    assert run("train", "--project", project) == 2
    err = said(capfd)
    assert 'tinyforge.toml: board.id: "nano3": unknown board\n  -> did you mean "nano33"?' in err
    assert "Traceback" not in err


def test_unknown_board_on_the_command_line(project, capfd):
    assert run("build", "--board", "nano3", "--project", project) == 2
    assert 'board: "nano3": unknown board\n  -> did you mean "nano33"?' in said(capfd)


def test_broken_project_file(project, capfd):
    (project / "tinyforge.toml").write_text("[project\n")
    assert run("run", "--project", project) == 2
    assert "tinyforge.toml: not valid TOML: Expected ']' at the end of a table declaration (at line 1" in said(capfd)


def test_no_project(tmp_path, capfd):
    assert run("train", "--project", tmp_path) == 2
    assert "no such file, here or above\n  -> `tinyforge init` makes one" in said(capfd)


def test_error_as_json(project, capfd):
    (project / "tinyforge.toml").write_text(PROJECT + "[windw]\n")
    assert run("train", "--json", "--project", project) == 2
    error = json.loads(capfd.readouterr().out)["error"]
    assert error["exit_code"] == 2
    assert error["kind"] == "ConfigError"
    assert error["place"].endswith("tinyforge.toml: windw")
    assert error["way_out"] == 'did you mean "window"?'


def test_no_recordings(project, capfd):
    assert run("train", "--project", project) == 3
    assert "dataset: no recordings\n  -> `tinyforge capture` records some" in said(capfd)


def test_no_recordings_where_the_project_says_how_to_make_them(tmp_path, capfd):
    assert run("init", tmp_path / "signals", "--template", "police") == 0
    assert run("train", "--project", tmp_path / "signals") == 3
    assert "dataset: no recordings\n  -> `tinyforge run` makes those that [capture] asks for" in said(capfd)


def test_an_unknown_model_is_said_before_anything_is_recorded(tmp_path, capfd):
    assert run("init", tmp_path / "signals", "--template", "police") == 0
    for command in ("run", "train", "evaluate", "compress"):
        assert run(command, "--model", "cnnn", "--project", tmp_path / "signals") == 2
        assert 'did you mean "cnn"?' in said(capfd)
    assert not list(tmp_path.rglob("*.csv"))
    assert not list(tmp_path.rglob("manifest.json"))  # and no empty run is left


def test_recording_shorter_than_a_window(project, capfd):
    store = RecordingStore(project / "dataset")
    store.add_all([short_recording(30), *(short_recording(200 + k, label="go") for k in range(8))])
    assert run("train", "--project", project) == 3
    err = said(capfd)
    assert "has 30 samples; a window needs 50" in err
    assert "Traceback" not in err


def test_wrong_port(project, capfd):
    assert run("capture", "--label", "stop", "--subject", "p1", "--port", "/dev/nothing", "--project", project) == 4
    assert "/dev/nothing: no such device" in said(capfd)


@pytest.mark.parametrize("command", ["flash", "monitor", "capture"])
def test_a_port_named_by_usb_numbers_that_nobody_has(project, capfd, monkeypatch, command):
    here = [PortInfo("/dev/ttyS0", None, "", ""), PortInfo("/dev/ttyACM7", (0x2341, 0x0043), "Uno", "")]
    for module in ("tinyforge.link.ports", "tinyforge.firmware.upload"):
        monkeypatch.setattr(f"{module}.list_ports", lambda: here)
    who = ("--label", "stop", "--subject", "p1") if command == "capture" else ()
    assert run(command, *who, "--board", "nano33", "--port", "2341:805a", "--project", project) == 4
    assert "2341:805a: no device with these USB numbers" in said(capfd)


def test_flash_to_usb_numbers_of_another_board(project, capfd, monkeypatch):
    here = [PortInfo("/dev/ttyACM7", (0x0483, 0x5740), "ST", "")]
    monkeypatch.setattr("tinyforge.firmware.upload.list_ports", lambda: here)
    assert run("flash", "--board", "nano33", "--port", "0483:5740", "--project", project) == 4
    assert "/dev/ttyACM7: is ST SensorTile (STEVAL-STLKT01V1), not Arduino Nano 33 BLE Sense" in said(capfd)


def test_real_board_that_is_not_there(project, capfd, monkeypatch):
    monkeypatch.setattr("tinyforge.link.ports.list_ports", list)
    assert run("capture", "--label", "stop", "--subject", "p1", "--board", "nano33", "--project", project) == 4
    err = said(capfd)
    assert "Arduino Nano 33 BLE Sense: no such board on any port" in err
    assert "Without a board: --board virtual" in err


def test_duration_shorter_than_a_window(project, capfd):
    code = run(
        "capture", "--label", "stop", "--subject", "p1", "--duration", "0.1", "--port", "x", "--project", project
    )
    assert code == 2
    assert "--duration: 0.1 s are shorter than a window, which has 50 samples at 100 Hz" in said(capfd)


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(500), 'lacks the mark "TFL3"'),
        (b"", "is not a .tflite model"),
        (b"TFL3", "is not a .tflite model"),
    ],
    ids=["jpeg", "empty", "four bytes"],
)
@pytest.mark.parametrize("command", ["verify", "profile", "export"])
def test_a_tflite_that_is_none(tmp_path, capfd, command, content, fact):
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    more = ["--out", tmp_path / "out"] if command == "export" else []
    assert run(command, path, *more) == 5
    err = said(capfd)
    assert fact in err or "is not a .tflite model" in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_model_that_is_not_there(tmp_path, capfd):
    assert run("verify", tmp_path / "nothing.tflite") == 2
    assert "nothing.tflite: no such file\n  -> give the path of a .tflite" in said(capfd)


def test_export_without_a_folder(tmp_path, capfd):
    assert run("export", tmp_path / "model.tflite") == 2
    assert "no folder to write to\n  -> add --out, for instance --out model_c" in said(capfd)


def test_missing_stage(project, capfd):
    for k in range(8):
        RecordingStore(project / "dataset").add(short_recording(200 + k, label=("stop", "go")[k % 2]))
    assert run("evaluate", "--run", "nope", "--project", project) == 2
    assert "nope: no such run\n  -> there are: none yet" in said(capfd)


def test_unknown_option_and_missing_option(capfd):
    assert run("run", "--bord", "x") == 2
    assert "No such option: --bord" in said(capfd)
    assert run("capture", "--label", "stop") == 2
    assert "--subject: is missing\n  -> for instance: tinyforge capture --label stop --subject anna" in said(capfd)


def test_missing_compiler(project, capfd, monkeypatch, models_dir):
    monkeypatch.setenv("TINYFORGE_ARM_CC", str(project / "no-such-gcc"))
    assert run("profile", models_dir / "hello.tflite") == 6
    err = said(capfd)
    assert "no-such-gcc" in err
    assert "Traceback" not in err


def test_a_bug_is_said_as_one(project, capfd, monkeypatch):
    def broken(_folder):
        raise RuntimeError("boom")

    monkeypatch.setattr("tinyforge.pipeline.projects.load", broken)
    assert run("train", "--project", project) == 70
    err = said(capfd)
    assert "internal error: RuntimeError: boom" in err
    assert "--debug" in err


def test_a_disk_without_room_for_the_lock_is_no_bug(monkeypatch, project, capfd):
    RecordingStore(project / "dataset").add(short_recording(200))
    write = os.write

    def full(handle, data):
        if data.startswith(b"process "):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, data)

    monkeypatch.setattr(os, "write", full)
    assert run("train", "--project", project, "--quiet") == 2
    text = said(capfd)
    assert "lock: cannot write: No space left on device" in text
    assert "free some space and run the command again" in text


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_what_the_system_refuses_anywhere_is_no_bug(monkeypatch, project, capsys):
    from tinyforge.pipeline import projects

    def full(folder):
        with open("/dev/full", "w") as stream:
            stream.write("x")

    def elsewhere(folder):
        raise OSError(errno.EIO, "Input/output error", "/x")

    monkeypatch.setattr(projects, "load", full)
    assert run("dataset", "list", "--project", project, "--json") == 2
    assert "No space left on device" in json.loads(capsys.readouterr().out)["error"]["fact"]
    monkeypatch.setattr(projects, "load", elsewhere)
    assert run("dataset", "list", "--project", project, "--json") == 70
    said = json.loads(capsys.readouterr().out)["error"]
    assert (said["kind"], said["exit_code"]) == ("InternalError", 70)
    assert said["fact"] == "OSError: [Errno 5] Input/output error: '/x'"


def test_ctrl_c(project, capfd, monkeypatch):
    def interrupted(_folder):
        raise KeyboardInterrupt

    monkeypatch.setattr("tinyforge.pipeline.projects.load", interrupted)
    assert run("train", "--project", project) == 130
    assert "interrupted\n  -> what was finished is kept; the same command goes on" in said(capfd)


def test_init_says_what_to_type_next(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("init", "my gestures", "--template", "police") == 0
    assert "next: `cd 'my gestures'`, then `tinyforge run`\n" in capfd.readouterr().out
    assert run("init", ".", "--template", "activities") == 0
    assert "next: `tinyforge dataset import FOLDER`, then `tinyforge train --cv loso`\n" in capfd.readouterr().out


def test_init(tmp_path, capfd):
    assert run("init", tmp_path / "My Gestures") == 0
    assert (tmp_path / "My Gestures" / "dataset").is_dir()
    assert 'name = "my_gestures"' in (tmp_path / "My Gestures" / "tinyforge.toml").read_text()
    assert run("init", tmp_path / "My Gestures") == 2
    assert "exists already\n  -> --force overwrites it" in said(capfd)
    assert run("init", tmp_path / "other", "--template", "polise") == 2
    assert 'did you mean "police"?' in said(capfd)


@pytest.mark.parametrize("template", ["police", "activities", "gestures", "empty"])
def test_templates_load(tmp_path, template):
    from tinyforge.pipeline import projects

    projects.init(tmp_path, template)
    assert projects.load(tmp_path).models


def test_boards(capsys):
    assert run("boards", "--json") == 0
    boards = {board["id"]: board for board in json.loads(capsys.readouterr().out)["boards"]}
    assert boards["nano33"]["flash_bytes"] == 983_040
    assert boards["sensortile"]["ram_bytes"] == 131_072
    assert "virtual" in boards


def test_colour_only_where_wanted(project):
    """No escape sequences where stdout is no terminal, and none with NO_COLOR."""
    for more in ({}, {"NO_COLOR": "1"}):
        result = subprocess.run(
            [sys.executable, "-m", "tinyforge", "boards"],
            capture_output=True,
            check=True,
            cwd=project,
            env=os.environ | more,
        )
        assert b"\x1b" not in result.stdout + result.stderr


def test_verify_and_export_a_lone_model(tmp_path, capsys, models_dir):
    out = tmp_path / "generated"
    assert run("export", models_dir / "g_cnn.tflite", "--out", out, "--json") == 0
    exported = json.loads(capsys.readouterr().out)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["function"] == exported["function"] == "g_cnn_invoke"
    assert (out / manifest["header"]).is_file()
    assert all((out / folder).is_dir() for folder in manifest["include_dirs"])
    assert all((out / source).is_file() for source in manifest["sources"] + manifest["sources_dsp"])
    golden = models_dir / "g_cnn.golden.npz"
    assert run("verify", models_dir / "g_cnn.tflite", "--inputs", golden, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["exact"] is True
    assert result["inferences"] == 64
    assert result["mismatches"] == 0
    assert result["max_abs_diff"] == 0


def test_verify_fails_when_an_output_differs(tmp_path, capsys, models_dir):
    golden = dict(np.load(models_dir / "g_cnn.golden.npz"))
    golden["outputs"][3, 1] ^= 1
    np.savez(tmp_path / "wrong.npz", **golden)
    assert run("verify", models_dir / "g_cnn.tflite", "--inputs", tmp_path / "wrong.npz", "--json") == 1
    result = json.loads(capsys.readouterr().out)
    assert result["exact"] is False
    assert result["mismatches"] == 1
    assert result["max_abs_diff"] == 1


def test_a_hop_of_nothing(tmp_path, capsys):
    """It is no hop that was left out."""
    assert run("export", tmp_path / "net.tflite", "--out", tmp_path / "c", "--stream", "--hop", 0) == 2
    assert "--hop: 0 new samples a call" in capsys.readouterr().err
