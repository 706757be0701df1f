"""`pio run` builds the virtual board's firmware without any network, anywhere, with any of the compilers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinyforge.boards import load_board
from tinyforge.core.errors import DataError, ToolError, UsageError
from tinyforge.core.resources import firmware_dir
from tinyforge.firmware import build, flash, render
from tinyforge.link import open_link
from tinyforge.virtual import virtual_url

pytestmark = pytest.mark.emulator


@pytest.fixture
def board():
    return load_board("virtual")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whoever tries the network fails at once instead of getting something."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def test_build_flash_and_ask(board, virtual_firmware, tmp_path):
    target = tmp_path / "flash of a board" / "tiny.elf"
    url = flash(board, virtual_firmware, target=target)
    with open_link(url) as link:
        hello = link.hello()
        scores = link.infer(np.zeros((4, 6), np.float32)).scores
    assert (hello.board, hello.model_name, hello.window_length) == ("virtual", "tiny", 4)
    assert len(hello.firmware_digest) == 64
    assert scores.shape == (3,)


def test_second_build_changes_nothing_and_the_third_only_what_is_new(board, tiny_model, tmp_path):
    first = build(board, tmp_path / "p", model_dir=tiny_model)
    stamp = first.elf.stat().st_mtime_ns
    second = build(board, tmp_path / "p", model_dir=tiny_model)
    assert second.elf.stat().st_mtime_ns == stamp
    assert "Compiling" not in second.log.read_text()
    changed = tmp_path / "model"
    shutil.copytree(tiny_model, changed)
    text = (changed / "kernels.c").read_text()
    (changed / "kernels.c").write_text(text.replace("sum >>= 5", "sum >>= 4"))
    third = build(board, tmp_path / "p", model_dir=changed)
    compiled = [line for line in third.log.read_text().splitlines() if line.startswith("Compiling")]
    assert len(compiled) == 1
    assert "kernels" in compiled[0]


def test_without_a_model_it_records(board, tmp_path):
    built = build(board, tmp_path / "p")
    with open_link(virtual_url(built.elf)) as link:
        assert link.hello().model_name == ""
    assert 2_000 < built.footprint.flash_bytes < 20_000


def test_zig_builds_it_too(board, tiny_model, tmp_path, monkeypatch):
    pytest.importorskip("ziglang")
    monkeypatch.setenv("TINYFORGE_ARM_CC", f"{sys.executable} -m ziglang cc")
    built = build(board, tmp_path / "with space", model_dir=tiny_model)
    with open_link(virtual_url(built.elf)) as link:
        assert link.hello().model_name == "tiny"


def test_board_of_other_sizes(board, tmp_path):
    from dataclasses import replace

    other = replace(board, flash_bytes=65_536, ram_bytes=32_768, clock_hz=64_000_000)
    built = build(other, tmp_path / "p")
    assert "64MHz" in built.log.read_text()
    assert "LENGTH = 65536" in (tmp_path / "p" / "virtual_m4.ld").read_text()
    small = replace(board, flash_bytes=4096)
    with pytest.raises(ToolError, match=r"(?s)FLASH.*overflowed by|will not fit in region"):
        build(small, tmp_path / "q")


def test_installed_wheel_has_no_checkout_around_it(board, tmp_path, monkeypatch):
    """As from site-packages: the firmware folder lies alone, in a folder nobody may write to."""
    from tinyforge.core import resources
    from tinyforge.firmware import bench, project
    from tinyforge.toolchain import arm

    installed = tmp_path / "site packages" / "_data" / "firmware"
    shutil.copytree(firmware_dir(), installed, ignore=shutil.ignore_patterns(".pio", "__pycache__"))
    for module in (resources, project, bench, arm):
        monkeypatch.setattr(module, "firmware_dir", lambda: installed)
    before = sorted(installed.rglob("*"))
    built = build(board, tmp_path / "p")
    assert built.elf.is_file()
    assert sorted(installed.rglob("*")) == before


def test_compile_error_is_told(board, tiny_model, tmp_path):
    broken = tmp_path / "model"
    shutil.copytree(tiny_model, broken)
    (broken / "kernels.c").write_text('#include "kernels.h"\nint x = nonsense;\n')
    with pytest.raises(
        ToolError, match=r"(?s)`pio run -e virtual` failed.*kernels\.c:2.*nonsense.*build\.log"
    ) as caught:
        build(board, tmp_path / "p", model_dir=broken)
    assert caught.value.exit_code == 6
    assert "nonsense" in (tmp_path / "p" / "build.log").read_text()


def test_pio_run_in_the_folder_by_hand(board, tiny_model, tmp_path):
    """What was rendered is a project of its own: moved elsewhere, `pio run` builds it without tinyforge."""
    render(board, tmp_path / "p", model_dir=tiny_model)
    shutil.move(tmp_path / "p", tmp_path / "else where")
    core = tmp_path / "core"
    core.mkdir()
    (core / "tinyforge-core").touch()
    environment = os.environ | {
        "PLATFORMIO_CORE_DIR": str(core),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
    }
    if shutil.which("arm-none-eabi-gcc") is None:
        environment["TINYFORGE_ARM_CC"] = f"{sys.executable} -m ziglang cc"
    argv = [sys.executable, "-m", "platformio", "run", "-e", "virtual"]
    subprocess.run(argv, cwd=tmp_path / "else where", env=environment, check=True, capture_output=True)
    assert (tmp_path / "else where" / ".pio" / "build" / "virtual" / "firmware.elf").is_file()


def test_project_that_was_moved_builds_on(board, tmp_path):
    first = build(board, tmp_path / "p")
    shutil.move(tmp_path / "p", tmp_path / "moved")
    again = build(board, tmp_path / "moved")
    assert again.elf.is_file()
    assert first.footprint == again.footprint


def test_rendering_again_removes_what_is_stale(board, tiny_model, tmp_path):
    render(board, tmp_path / "p", model_dir=tiny_model)
    assert (tmp_path / "p" / "model" / "kernels.c").is_file()
    render(board, tmp_path / "p")
    assert not (tmp_path / "p" / "model").exists()


def test_folder_of_someone_else_is_left_alone(board, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="is not empty and was not made by tinyforge; choose a new folder"):
        render(board, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_model_without_metadata_is_refused(board, tiny_model, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(tiny_model, bare)
    (bare / "model_info.json").unlink()
    with pytest.raises(DataError, match="the model does not say how its windows are made"):
        render(board, tmp_path / "p", model_dir=bare)


def test_flash_needs_a_place(board, virtual_firmware, tmp_path):
    with pytest.raises(UsageError, match="no flash is named"):
        flash(board, virtual_firmware)
    with pytest.raises(UsageError, match="--port /dev/ttyACM0: is no port of Virtual Cortex-M4"):
        flash(board, virtual_firmware, port="/dev/ttyACM0")
    url = f"virtual://{tmp_path / 'x.elf'}?motion=police:label=rest"
    assert flash(board, virtual_firmware, port=url) == url
    assert (tmp_path / "x.elf").read_bytes() == virtual_firmware.read_bytes()


def test_flash_refuses_what_is_no_image(board, tmp_path):
    picture = Path(tmp_path / "x.elf")
    picture.write_bytes(b"\xff\xd8\xff\xe0" * 100)
    with pytest.raises(ToolError, match="not an ELF image"):
        flash(board, picture, target=tmp_path / "flash.elf")
    assert not (tmp_path / "flash.elf").exists()
