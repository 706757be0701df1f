"""The run folder: cached by digest, whole after a kill."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from tinyforge.core.errors import UsageError
from tinyforge.core.project import load_project
from tinyforge.pipeline.observer import Silent
from tinyforge.pipeline.runs import Step, all_runs, execute, load_run, open_run, project_lock

TOML = '[project]\nname = "demo"\n[[model]]\nname = "cnn"\narchitecture = "cnn1d"\n'


@pytest.fixture
def project(tmp_path):
    (tmp_path / "tinyforge.toml").write_text(TOML)
    return load_project(tmp_path)


def step(calls, content="x", inputs=None, name="train/cnn"):
    def make(folder):
        calls.append(name)
        (folder / "out.txt").write_text(content)
        return {"accuracy": 0.5}

    return Step(name, 1, inputs or {"a": 1}, make)


def test_same_inputs_are_not_done_again(project):
    run, calls = open_run(project, "d"), []
    execute(run, step(calls), Silent())
    execute(load_run(run.folder), step(calls), Silent())
    assert calls == ["train/cnn"]
    execute(run, step(calls, inputs={"a": 2}), Silent())
    assert len(calls) == 2


def test_damaged_output_is_done_again(project):
    run, calls = open_run(project, "d"), []
    folder = execute(run, step(calls), Silent())
    (folder / "out.txt").write_text("y")
    execute(load_run(run.folder), step(calls), Silent())
    assert len(calls) == 2
    assert (folder / "out.txt").read_text() == "x"


def test_other_configuration_is_another_run_that_reuses_equal_steps(project, tmp_path):
    run, calls = open_run(project, "d"), []
    execute(run, step(calls), Silent())
    (tmp_path / "tinyforge.toml").write_text(TOML + "[compress]\nsparsity = 0.8\n")
    changed = load_project(tmp_path)
    second = open_run(changed, "d")
    assert second.folder != run.folder
    execute(second, step(calls), Silent(), others=lambda: all_runs(changed))
    assert calls == ["train/cnn"]
    assert (second.folder / "train/cnn/out.txt").read_text() == "x"


def test_failed_step_leaves_no_output(project):
    run = open_run(project, "d")

    def make(folder):
        (folder / "half.txt").write_text("half")
        raise ValueError

    with pytest.raises(ValueError):
        execute(run, Step("build", 1, {}, make), Silent())
    assert not run.path("build").exists()
    assert load_run(run.folder).done("build") is None


@pytest.mark.parametrize("kill_after", range(1, 8))
def test_kill_at_any_system_call_leaves_a_whole_run(project, tmp_path, kill_after):
    """The child kills itself at the n-th fsync, rename or replace; the next execute gives the right result."""
    code = textwrap.dedent(f"""
        import os, signal, pathlib
        from tinyforge.core.project import load_project
        from tinyforge.pipeline.observer import Silent
        from tinyforge.pipeline.runs import Step, execute, open_run
        left = {kill_after}
        def deadly(real):
            def call(*args, **kw):
                global left
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **kw)
            return call
        os.fsync = deadly(os.fsync)
        os.replace = deadly(os.replace)
        pathlib.Path.rename = deadly(pathlib.Path.rename)
        project = load_project(pathlib.Path({str(tmp_path)!r}))
        run = open_run(project, "d")
        def make(folder):
            (folder / "out.txt").write_text("x")
            return {{}}
        execute(run, Step("train/cnn", 1, {{"a": 1}}, make), Silent())
    """)
    result = subprocess.run([sys.executable, "-c", code], check=False)
    assert result.returncode in {-signal.SIGKILL, 0}
    run = open_run(project, "d")
    folder = execute(run, step([]), Silent())
    assert (folder / "out.txt").read_text() == "x"
    assert load_run(run.folder).intact("train/cnn")


def test_project_is_held_by_one_process(project):
    message = f"process {os.getpid()} works in this project"
    with project_lock(project), pytest.raises(UsageError, match=message), project_lock(project):
        pass
