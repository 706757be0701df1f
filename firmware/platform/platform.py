# ruff: noqa: INP001 - a script that PlatformIO loads by its path
"""A PlatformIO platform that needs no registry: it downloads nothing, and its compiler is one this machine has."""

import importlib.util
import json
import os

from platformio.dependencies import get_core_dependencies
from platformio.platform.base import PlatformBase
from platformio.project.config import ProjectConfig

# Stands in for the package tool-scons, which is SCons as PyPI has it.
_SCONS = """from SCons.Script import main

main()
"""


class TinyforgePlatform(PlatformBase):
    """Boards that tinyforge emulates."""

    def configure_default_packages(self, options: dict, targets: list) -> None:
        """Called before PlatformIO looks for its build engine; see that it finds one."""
        self._provide_scons()
        super().configure_default_packages(options, targets)

    @staticmethod
    def _provide_scons() -> None:
        """Let the installed SCons be found as PlatformIO's package, in a core folder of this project's own only."""
        core_dir = ProjectConfig.get_instance().get("platformio", "core_dir")
        inside = os.path.join(".pio", "core")
        ours = os.path.isfile(os.path.join(core_dir, "tinyforge-core")) or os.path.normpath(core_dir).endswith(inside)
        if not ours or importlib.util.find_spec("SCons") is None:
            return
        version = get_core_dependencies()["tool-scons"].lstrip("~^=")
        folder = os.path.join(core_dir, "packages", "tool-scons")
        named = {"name": "tool-scons", "version": version}
        spec = {"owner": "platformio", "id": None, "name": "tool-scons", "requirements": None, "uri": None}
        _write(folder, "scons.py", _SCONS)
        _write(folder, "package.json", json.dumps({**named, "description": "the installed SCons"}))
        _write(folder, ".piopm", json.dumps({"type": "tool", **named, "spec": spec}))


def _write(folder: str, name: str, text: str) -> None:
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as stream:
            if stream.read() == text:
                return
    with open(path + ".tmp", "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(path + ".tmp", path)
