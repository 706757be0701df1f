"""`tinyforge update` on the virtual board: what is sent stays there, and what cannot be is said."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

pytest.importorskip("cryptography")

from typer.testing import CliRunner

from tinyforge import api
from tinyforge.boards import load_board
from tinyforge.cli.app import app
from tinyforge.core.errors import DeviceError, UsageError
from tinyforge.firmware import build, read_manifest
from tinyforge.firmware.update import public_key, read_key
from tinyforge.link import Link, SerialPort
from tinyforge.pipeline.stages import export as export_stage

pytestmark = pytest.mark.emulator

PROJECT = '[project]\nname = "tiny"\n[[model]]\nname = "tiny"\narchitecture = "cnn1d"\n'


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "update.key"
    said = api.update_keygen(path)
    assert said == {"key": str(path), "public": public_key(read_key(path)).hex()}
    return path


@pytest.fixture(scope="module")
def image(tiny_model, key, tmp_path_factory):
    public = public_key(read_key(key)).hex()
    return build(load_board("virtual"), tmp_path_factory.mktemp("fw"), model_dir=tiny_model, update_key=public).elf


@pytest.fixture
def project(tmp_path, tiny_model, image, monkeypatch):
    """A project whose model is the tiny one, exported already, and whose board holds it."""
    (tmp_path / "tinyforge.toml").write_text(PROJECT)
    target = tmp_path / ".tinyforge" / "virtual" / "tiny.elf"
    target.parent.mkdir(parents=True)
    shutil.copy(image, target)
    monkeypatch.setattr("tinyforge.pipeline.road.Road.each", lambda _self, _stage, _model: {})
    monkeypatch.setattr(export_stage, "folder", lambda _road, _spec: tiny_model)
    monkeypatch.setattr(export_stage, "manifest", lambda _road, _spec: read_manifest(tiny_model))
    return tmp_path


def test_what_was_sent_is_there_the_next_time(project, key, tiny_model):
    assert api.update_show(project)["version"] == 0
    for version in (1, 2):
        sent = api.update_send(project, key)
        assert sent["version"] == version
        assert sent["model_sha256"] == read_manifest(tiny_model)["model_sha256"]
        shown = api.update_show(project)
        assert (shown["version"], shown["takes_updates"], shown["model"]) == (version, True, sent["model"])
    assert api.update_send(project, key, version=9)["version"] == 9
    with pytest.raises(DeviceError, match="not newer"):
        api.update_send(project, key, version=9)


def test_other_firmware_runs_its_own_model(project, key, tiny_model, tmp_path_factory):
    api.update_send(project, key)
    folder = tmp_path_factory.mktemp("other")
    public = public_key(read_key(key)).hex()
    other = shutil.copytree(tiny_model, folder / "model")
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["model_sha256"] = "ab" * 32
    (other / "manifest.json").write_text(json.dumps(manifest))
    elf = build(load_board("virtual"), folder / "fw", model_dir=other, update_key=public).elf
    shutil.copy(elf, project / ".tinyforge" / "virtual" / "tiny.elf")
    shown = api.update_show(project)
    assert (shown["version"], shown["model_sha256"]) == (0, "ab" * 32)


def test_firmware_without_a_key_and_a_wrong_key(project, virtual_firmware, tmp_path, key):
    other = tmp_path / "other.key"
    api.update_keygen(other)
    with pytest.raises(DeviceError, match="its firmware was built for another key"):
        api.update_send(project, other)
    shutil.copy(virtual_firmware, project / ".tinyforge" / "virtual" / "tiny.elf")
    assert api.update_show(project)["takes_updates"] is False
    with pytest.raises(DeviceError, match="takes no model updates; `tinyforge update keygen` makes a key to build it"):
        api.update_send(project, key)


def test_another_abi_and_too_little_room(project, key, monkeypatch):
    state = Link.update_state
    for change, said in (
        (
            {"abi": 3},
            "its firmware takes models of ABI 3, this tinyforge makes ABI 1 and 2; build and flash",
        ),
        (
            {"slot_bytes": 256},
            r"has no room for this model as an update: \d+ bytes of flash too many; compress it",
        ),
        ({"ram_bytes": 16}, r"has no room for this model as an update: \d+ bytes of RAM too many; compress it"),
    ):
        monkeypatch.setattr(Link, "update_state", lambda link, change=change: replace(state(link), **change))
        with pytest.raises(DeviceError, match=said):
            api.update_send(project, key)
    monkeypatch.setattr(Link, "update_state", state)
    assert api.update_show(project)["version"] == 0


def test_a_cable_that_is_pulled_out(project, key, monkeypatch):
    """Wherever it happens, the board runs a whole model, and the next try succeeds."""
    write, left = SerialPort.write, 0

    def cut(port, data):
        nonlocal left
        left -= 1
        if left < 0:
            raise DeviceError(port.name, "the device went away: unplugged", "plug it in again")
        write(port, data)

    monkeypatch.setattr(SerialPort, "write", cut)
    for writes in range(2, 8):
        left = writes
        with pytest.raises(DeviceError, match="the device went away: unplugged"):
            api.update_send(project, key)
        left = 100
        assert api.update_show(project)["version"] == 0
    left = 100
    assert api.update_send(project, key)["version"] == 1


def test_keys_that_are_none(project, tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file or directory; `tinyforge update keygen` makes"):
        api.update_send(project, tmp_path / "missing.key")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(UsageError, match="holds no key; a key is 64 hex digits"):
        api.update_send(project, tmp_path / "text")
    with pytest.raises(UsageError, match="cannot be written: No such file or directory; name another file"):
        api.update_keygen(tmp_path / "no" / "folder" / "key")


def test_the_commands(project, key):
    run = CliRunner().invoke
    shown = run(app, ["update", "show", "--project", str(project)])
    assert "virtual runs tiny" in shown.output
    assert "the firmware's own" in shown.output
    sent = run(app, ["update", "send", "--key", str(key), "--project", str(project), "--quiet"])
    assert sent.exit_code == 0, sent.output
    assert "version 1:" in sent.output
    assert "version 1, by update" in run(app, ["update", "show", "--project", str(project)]).output
    made = run(app, ["update", "keygen", str(project / "new.key")])
    assert 'update_key = "' in made.output
