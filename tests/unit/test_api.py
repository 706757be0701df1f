"""Everything the commands do is a function, documented, and light to import."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
import typer

from tinyforge import api
from tinyforge.cli.app import app
from tinyforge.core.errors import UsageError

FUNCTIONS = {  # where the function is not called as the command is
    "dataset check": "check_dataset",
    "dataset delete": "edit_recordings",
    "dataset download": "download",
    "dataset freeze": "freeze_split",
    "dataset export": "export_recordings",
    "dataset import": "import_recordings",
    "dataset inspect": "check_dataset",
    "dataset list": "recordings",
    "dataset relabel": "edit_recordings",
    "dataset split": "edit_recordings",
    "dataset trim": "edit_recordings",
    "dataset undo": "edit_recordings",
    "demo": "run",
    "firmware eject": "eject",
    "update keygen": "update_keygen",
    "update send": "update_send",
    "update show": "update_show",
    "verify-run": "verify_run",
}


def commands(command, path=()):
    inner = getattr(command, "commands", None)
    if inner is None:
        return [" ".join(path)]
    return [name for part in sorted(inner) for name in commands(inner[part], (*path, part))]


@pytest.mark.parametrize("command", commands(typer.main.get_command(app)))
def test_every_command_is_a_function_too(command):
    assert hasattr(api, FUNCTIONS.get(command, command)), f"tinyforge {command} has no function in tinyforge.api"


PUBLIC = [
    function
    for name, function in vars(api).items()
    if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == api.__name__
]


@pytest.mark.parametrize("function", PUBLIC, ids=lambda function: function.__name__)
def test_every_function_says_what_it_takes_and_gives(function):
    text = inspect.getdoc(function)
    assert text
    said_elsewhere = ":func:" in text or ":class:" in text
    for name in inspect.signature(function).parameters:
        if name not in {"project", "observer", "model", "run", "out", "folder"} and not said_elsewhere:
            assert name in text, f"{function.__name__}: {name} is not documented"
    assert inspect.signature(function).return_annotation is not inspect.Signature.empty


def test_importing_it_loads_nothing_heavy():
    code = (
        "import sys; from tinyforge import api\n"
        "print(sorted({'numpy', 'tensorflow', 'serial', 'jinja2', 'unicorn', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_project_from_a_notebook(tmp_path):
    project = api.init(tmp_path / "wave")
    assert api.recordings(project)["recordings"] == 0
    with pytest.raises(UsageError) as caught:
        api.edit_recordings(project, "remove", ["x"])
    assert caught.value.fact == '"remove": no such change'
    assert {board["id"] for board in api.boards()} >= {"virtual", "nano33", "sensortile"}
    assert "CONV_2D" in api.operators()
