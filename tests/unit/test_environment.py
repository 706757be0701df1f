"""doctor and lock: what is missing is named with a way out, and a lock sees what changed."""

from __future__ import annotations

import json
import sys

import pytest

from tinyforge.cli import main
from tinyforge.core.errors import ToolError
from tinyforge.link.ports import PortInfo
from tinyforge.pipeline import environment


def run(*arguments):
    """Exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    return ended.value.code


def finding(what):
    """The first finding of that name; its part of the examination alone."""
    looks = (environment._packages, environment._board_compiler, environment._ports)
    return next(f for look in looks for f in look() if f.what == what)


def test_what_tinyforge_asks_pip_for_is_known():
    wanted = {name: (version, extra) for name, version, extra in environment.requirements()}
    assert wanted["numpy"] == (">=1.26", "")
    assert wanted["unicorn"][1] == "virtual"
    assert "tinyforge" not in wanted


def test_a_missing_package_is_named_with_what_needs_it(monkeypatch):
    version = environment.metadata.version

    def without(name):
        if name == "unicorn":
            raise environment.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(environment.metadata, "version", without)
    found = finding("packages [virtual]")
    assert (found.state, found.fact) == ("missing", "not installed: unicorn; the virtual board needs them")
    assert found.way_out == '`pip install "tinyforge[virtual]"`'


def test_a_version_that_does_not_fit_is_a_fault(monkeypatch, capfd):
    version = environment.metadata.version
    monkeypatch.setattr(
        environment.metadata, "version", lambda name: "5.0.0" if name == "platformio" else version(name)
    )
    found = finding("packages")
    assert found.state == "fault"
    assert found.fact.startswith("platformio 5.0.0 (wanted ")
    assert run("doctor") == 1
    assert "1 faults" in capfd.readouterr().out


def test_no_compiler(monkeypatch):
    def none():
        raise ToolError("Cortex-M4 compiler", "none found", "`apt install gcc-arm-none-eabi`")

    monkeypatch.setattr("tinyforge.toolchain.find_arm_toolchain", none)
    found = finding("Cortex-M4 compiler")
    assert (found.state, found.way_out) == ("missing", "`apt install gcc-arm-none-eabi`")


def test_a_port_without_permission_is_a_fault_with_the_group(monkeypatch, tmp_path):
    port = tmp_path / "ttyACM0"
    port.touch()
    ports = [PortInfo(str(port), (0x2341, 0x805A), "Nano 33 BLE", "1")]
    monkeypatch.setattr("tinyforge.link.ports.list_ports", lambda: ports)
    monkeypatch.setattr(environment.os, "access", lambda path, mode: str(path) != str(port))
    found = finding(f"port {port}")
    assert found.fact.endswith("no permission")
    assert "dialout" in found.way_out
    monkeypatch.setattr(environment.os, "access", lambda path, mode: True)
    assert finding(f"port {port}").state == "ok"


def test_doctor_as_json(capfd):
    assert run("doctor", "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert said["ok"] is True
    assert {"what", "state", "fact", "way_out"} == set(said["findings"][0])


def test_a_lock_is_kept_and_a_change_is_named(tmp_path, capfd):
    out = tmp_path / "tinyforge.lock"
    assert run("lock", "--out", out, "--requirements", tmp_path / "requirements.txt") == 0
    assert run("lock", "--check", "--out", out) == 0
    assert f"numpy=={environment.metadata.version('numpy')}\n" in (tmp_path / "requirements.txt").read_text()
    said = json.loads(out.read_text())
    assert said["python"] == ".".join(map(str, sys.version_info[:3]))
    said["packages"]["numpy"] = "1.0"
    out.write_text(json.dumps(said))
    capfd.readouterr()
    assert run("lock", "--check", "--out", out) == 1
    assert f"numpy: 1.0 in the lock, {environment.metadata.version('numpy')} here" in capfd.readouterr().out


def test_no_lock_and_a_damaged_one(tmp_path, capfd):
    assert run("lock", "--check", "--out", tmp_path / "none.lock") == 2
    (tmp_path / "bad.lock").write_text("[")
    assert run("lock", "--check", "--out", tmp_path / "bad.lock") == 2
    assert "`tinyforge lock` writes it anew" in capfd.readouterr().err
