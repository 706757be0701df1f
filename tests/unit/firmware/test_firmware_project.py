"""The parts of a rendered project that need no compiler."""

from __future__ import annotations

import re
import socket
from dataclasses import replace

import pytest

from tinyforge.boards import load_board
from tinyforge.core.errors import ConfigError, DataError, ToolError
from tinyforge.core.resources import firmware_dir
from tinyforge.firmware import pio, read_manifest, render, sources_digest
from tinyforge.firmware.linker_script import render_linker_script


def test_linker_script_has_the_sizes_of_the_boards_description():
    text = (firmware_dir() / "virtual_m4" / "virtual_m4.ld").read_text()
    board = load_board("virtual")
    assert render_linker_script(text, flash_bytes=board.flash_bytes, ram_bytes=board.ram_bytes) == text
    other = render_linker_script(text, flash_bytes=1, ram_bytes=2, stack_bytes=3)
    assert re.findall(r"LENGTH = (\d+)", other) == ["1", "2"]
    assert "__stack_bytes = 3;" in other
    with pytest.raises(DataError, match="0 lines look like"):
        render_linker_script("", flash_bytes=1, ram_bytes=2)


def test_board_json_has_the_sizes_of_the_boards_description():
    import json

    said = json.loads((firmware_dir() / "platform" / "boards" / "virtual_m4.json").read_text())
    board = load_board("virtual")
    assert said["upload"] == {"maximum_size": board.flash_bytes, "maximum_ram_size": board.ram_bytes}
    assert said["build"]["f_cpu"] == f"{board.clock_hz}L"


def test_rendered_project_stands_alone(tmp_path):
    render(load_board("virtual"), tmp_path / "p")
    ini = (tmp_path / "p" / "platformio.ini").read_text()
    assert "../" not in "".join(line for line in ini.splitlines() if not line.startswith(";"))
    for name in ("src/hal.c", "common/tfw_app.c", "platform/platform.json", "virtual_m4.ld", "libc/string.h"):
        assert (tmp_path / "p" / name).is_file(), name
    assert not (tmp_path / "p" / "bench").exists()


def test_board_without_firmware(tmp_path):
    board = replace(load_board("virtual"), firmware="toaster")
    with pytest.raises(ConfigError, match=r"virtual\.toml: firmware: there is no project .*toaster"):
        render(board, tmp_path / "p")


def test_digest_follows_the_sources_and_the_compiler(monkeypatch, tmp_path):
    import shutil

    from tinyforge.firmware import project

    copy = tmp_path / "firmware"
    shutil.copytree(firmware_dir(), copy, ignore=shutil.ignore_patterns(".pio", "__pycache__"))
    board = load_board("virtual")
    before = sources_digest(board)
    monkeypatch.setattr(project, "firmware_dir", lambda: copy)
    assert sources_digest(board) == before
    (copy / "common" / "tfw_app.c").write_text("changed")
    assert sources_digest(board) != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file or directory; run `tinyforge export` first"),
        ("{", "not JSON"),
        ("[]", "lacks everything"),
        ('{"name": "x"}', "lacks function, header, include_dirs, sources, input_bytes, output_bytes"),
    ],
)
def test_broken_manifest(tmp_path, text, message):
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=re.escape(message)):
        read_manifest(tmp_path)


def registry_board(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "platformio.ini").write_text(
        "[env:nano33]\nplatform = platformio/nordicnrf52@^10.11.0\nboard = nano33ble\nframework = arduino\n"
    )
    return replace(load_board("nano33"), pio_env="nano33"), project


def test_platform_that_is_missing_without_a_network(tmp_path, monkeypatch):
    """Said in seconds, and with what to do; PlatformIO itself would try for minutes."""

    def offline(*_args, **_kwargs):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    board, project = registry_board(tmp_path)
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path / "core"))
    monkeypatch.setattr(socket, "create_connection", offline)
    with pytest.raises(
        ToolError, match=r'platform "nordicnrf52" for Arduino Nano 33 BLE Sense .*is not installed'
    ) as caught:
        pio.run_pio(board, project, (), log=tmp_path / "log")
    assert "pio pkg install -g -p nordicnrf52" in str(caught.value)
    assert "--board virtual" in str(caught.value)
    assert caught.value.exit_code == 6


def test_platform_that_is_installed_needs_no_network(tmp_path, monkeypatch):
    board, project = registry_board(tmp_path)
    (tmp_path / "core" / "platforms" / "nordicnrf52@10.11.0").mkdir(parents=True)
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path / "core"))
    monkeypatch.setattr(socket, "create_connection", lambda *_a, **_k: pytest.fail("the network was asked"))
    pio._check_registry(board, project)


@pytest.mark.parametrize("package", ["platformio", "SCons"])
def test_missing_python_package(tmp_path, monkeypatch, package):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == package else found(name, *a))
    board = load_board("virtual")
    render(board, tmp_path / "p")
    with pytest.raises(ToolError, match=f"the Python package {package} is missing; pip install"):
        pio.run_pio(board, tmp_path / "p", (), log=tmp_path / "log")
