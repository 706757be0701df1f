"""Every shell example of the documentation runs, on little data: projects are shortened as soon as they are made."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from shell_examples import ROOT, Example, examples, pages
from small_models import with_info

pytestmark = pytest.mark.emulator

TIMEOUT_S = 600
SHORTER = {  # in a project's file, so that a page takes seconds: what it does stays the same
    "subjects": "5",
    "takes": "1",
    "duration_s": "2.0",
    "epochs": "3",
    "prune_epochs": "1",
    "cluster_epochs": "1",
}


def takes() -> bytes:
    """A zip with two classes of hand movements as CSV, header and all."""
    rng = np.random.default_rng(7)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for label, hz in (("circle", 1.5), ("punch", 3.0)):
            lines = ["aX,aY,aZ,gX,gY,gZ"]
            t = np.arange(119 * 12) / 119.0
            wave = np.sin(2 * np.pi * hz * t)[:, None] * rng.normal(size=6) * [0.5, 0.5, 0.5, 90, 90, 90]
            wave += rng.normal(size=wave.shape) * [0.02, 0.02, 0.02, 1, 1, 1] + [0, 0, 1, 0, 0, 0]
            lines += [",".join(f"{value:.4f}" for value in row) for row in wave]
            archive.writestr(f"{label}.csv", "\n".join(lines) + "\n")
    return stream.getvalue()


FILES = {"model.tflite": with_info, "gesture.tflite": with_info, "gestures.zip": takes}


def script(page: Path, found: list[Example]) -> str:
    """A shell script that runs a page's examples and says where it is."""
    parts = ["set -u"]
    for example in found:
        if example.reason or not example.commands:
            continue
        parts += [f'cp "$EXAMPLE_FILES/{name}" .' for name in example.files]
        for number, command in enumerate(example.commands, start=1):
            last = number == len(example.commands)
            want = example.exit_code if last else 0
            parts += [
                "echo " + shlex.quote(f"=== {page.name}:{example.line} $ {command.splitlines()[0]}"),
                command,
                f"code=$?; [ $code = {want} ] || {{ echo 'exit code' $code 'instead of {want}'; exit 99; }}",
                "shorten",
            ]
    return "\n".join(parts) + "\n"


def shorten_function() -> str:
    """A shell function that makes the project in or right below this folder small."""
    edits = " ".join(f"-e 's/^{key} *=.*/{key} = {value}/'" for key, value in SHORTER.items())
    train = "grep -q '^\\[train\\]' $f || printf '\\n[train]\\nepochs = 3\\n' >>$f"
    files = "tinyforge.toml */tinyforge.toml"
    return f"shorten() {{ for f in {files}; do [ -f $f ] && {{ sed -i {edits} $f; {train}; }}; done; :; }}\n"


RUNNABLE = [page for page in pages() if any(not e.reason and e.commands for e in examples(page))]


@pytest.mark.parametrize("page", RUNNABLE, ids=[str(page.relative_to(ROOT)) for page in RUNNABLE])
def test_the_examples_of_a_page_run(page, tmp_path):
    found = examples(page)
    tools, files = tmp_path / ".tools", tmp_path / ".files"
    tools.mkdir()
    files.mkdir()
    for name in {name for example in found for name in example.files}:
        (files / name).write_bytes(FILES[name]())
    for name, module in (("tinyforge", "tinyforge"), ("pio", "platformio")):
        tool = tools / name
        tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        tool.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tools}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "EXAMPLE_FILES": str(files),
        "NO_COLOR": "1",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        ["bash", "-c", shorten_function() + script(page, found)],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_not_run_says_why(page):
    for example in examples(page):
        assert example.commands, f"{page}:{example.line}: a console block without a command"
        assert not example.reason or len(example.reason.split()) > 1, f"{page}:{example.line}: say why"
