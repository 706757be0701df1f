"""``[export] stream = true``: the whole road with a network whose LIVE computes new samples alone."""

import json
import subprocess
import sys

import pytest

from tinyforge.pipeline import projects
from tinyforge.pipeline.live import Request, record

pytestmark = [pytest.mark.train, pytest.mark.emulator]

PROJECT = """
[project]
name = "tiny"
[capture]
motion = "police"
labels = ["rest", "stop", "accelerate"]
subjects = 5
takes = 1
duration_s = 3.0
[dataset]
labels = ["rest", "accelerate", "stop"]
[window]
hop = {hop}
[train]
epochs = 3
[[model]]
name = "cnn"
architecture = "cnn1d"
[compress]
prune_epochs = 1
calibration_windows = 32
[export]
stream = true
[budget.cnn]
instructions = {instructions}
"""


def tinyforge(folder, *arguments, code=0):
    command = [sys.executable, "-m", "tinyforge", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def write(folder, hop, instructions):
    (folder / "tinyforge.toml").write_text(PROJECT.format(hop=hop, instructions=instructions))


@pytest.fixture(scope="module")
def streaming(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streaming")
    write(folder, 4, 1_000_000)
    return folder, json.loads(tinyforge(folder, "run", "--json"))


def test_rungs_costs_and_report(streaming):
    folder, result = streaming
    cnn = result["models"]["cnn"]
    assert (cnn["exact"], cnn["agreement"]) == (True, 1.0)
    assert cnn["live_instructions"] < 0.4 * cnn["instructions"]
    assert cnn["stream"]["hop"] == 4
    assert "instructions a hop of 4, " in cnn["stream_says"]
    report = json.loads(next((folder / "runs").glob("*/report/report.json")).read_text())
    (network,) = report["report"]["networks"]
    assert network["live"]["instructions"] == cnn["live_instructions"]
    assert "LIVE, hop of 4: " in next((folder / "runs").glob("*/report/report.html")).read_text()
    said = tinyforge(folder, "build")
    assert "cnn: LIVE computes new samples alone: " in said


def test_live_is_the_hosts_for_every_window(streaming, tmp_path):
    folder, result = streaming
    script = tmp_path / "truth.csv"
    script.write_text("start_s,end_s,label\n0.0,6.0,stop\n")
    project = projects.load(folder)
    said = record(project, Request(script=script, motion="police:label=stop,subject=3"), lambda *_: None)
    assert said["windows"] > 100
    assert said["host"] == {"windows": said["windows"], "differing": 0}
    whole_us = 1e6 * result["models"]["cnn"]["cycles"] / 64e6
    assert said["latency"]["max_us"] < whole_us


def test_a_budget_is_held_against_live(streaming):
    folder, result = streaming
    cnn = result["models"]["cnn"]
    between = (cnn["live_instructions"] + cnn["instructions"]) // 2
    write(folder, 4, between)
    assert json.loads(tinyforge(folder, "run", "--json"))["models"]["cnn"]["broken_budgets"] == []
    write(folder, 4, cnn["live_instructions"] - 1)
    broken = json.loads(tinyforge(folder, "run", "--json", code=1))["models"]["cnn"]["broken_budgets"]
    assert len(broken) == 1
    assert "instructions" in broken[0]


def test_where_it_does_not_pay_the_build_says_so(streaming):
    """A hop so long that nearly all is new: whole windows, as without the setting."""
    folder, _ = streaming
    write(folder, 40, 1_000_000)
    said = tinyforge(folder, "build")
    assert "cnn: LIVE computes whole windows: streaming does not pay: " in said
    built = json.loads(tinyforge(folder, "build", "--json"))["models"]["cnn"]
    assert built["stream"] == {}
    settings = json.loads((folder / ".tinyforge" / "firmware" / "virtual_cnn" / "tinyforge.json").read_text())
    assert "TFW_SLIDE" not in settings["defines"]
