"""Exporting needs neither TensorFlow nor an interpreter, and imports nothing that it does not use."""

from __future__ import annotations

import subprocess
import sys

import pytest
from small_models import with_info

from tinyforge.runtimes.package import list_packages

HEAVY = ("tensorflow", "tf_keras", "keras", "ai_edge_litert", "matplotlib", "unicorn", "platformio", "SCons", "scipy")


@pytest.mark.parametrize("more", [[], ["--runtime", "tflm"], *(["--package", kind] for kind in list_packages())])
def test_export(more, tmp_path):
    (tmp_path / "net.tflite").write_bytes(with_info())
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {HEAVY}: raise ImportError('not here: ' + name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "from tinyforge.cli import main\n"
        "try: main(sys.argv[1:])\n"
        f"finally: print('LOADED', sorted(set({HEAVY}) & set(sys.modules)))\n"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "export",
        str(tmp_path / "net.tflite"),
        "--out",
        str(tmp_path / "out"),
        *more,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "LOADED []" in done.stdout
    assert list((tmp_path / "out").iterdir())
