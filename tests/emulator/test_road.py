"""The whole road on the virtual board, interrupted and not: thin networks, few recordings, the real stages."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tinyforge.core.quantities import joules
from tinyforge.core.recording_csv import write_recording
from tinyforge.core.types import IMU_CHANNELS, Recording
from tinyforge.pipeline import cards, power, projects, trained
from tinyforge.pipeline.observer import Silent
from tinyforge.pipeline.road import Road
from tinyforge.pipeline.stages import report
from tinyforge.pipeline.verify_run import verify
from tinyforge.report.data import EnergyRow
from tinyforge.runtimes.preprocess import preprocess
from tinyforge.virtual.motion import open_motion

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
[train]
epochs = 3
[[model]]
name = "cnn"
architecture = "cnn1d"
[[model]]
name = "lstm"
architecture = "lstm"
[model.parameters]
units = 8
[[model]]
name = "dense"
architecture = "dense"
[compress]
prune_epochs = 1
calibration_windows = 32
[budget.dense]
flash_bytes = {flash}
"""
COMMAND = [sys.executable, "-m", "tinyforge", "run", "--json"]


def make(folder, flash=1_000_000):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tinyforge.toml").write_text(PROJECT.format(flash=flash))
    return folder


def outcome(folder):
    """What decides whether two runs are the same: digests of models, C and images, and every prediction's file."""
    (run,) = (folder / "runs").iterdir()
    manifest = json.loads((run / "manifest.json").read_text())
    kinds = (".tflite", ".elf", ".c", ".h", "dataset.npz", "evaluation.json")
    return {
        artifact["path"]: artifact["sha256"]
        for entry in manifest["stages"].values()
        for artifact in entry["artifacts"]
        if artifact["path"].endswith(kinds)
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run from beginning to end: its folder and what it printed."""
    folder = make(tmp_path_factory.mktemp("whole"))
    result = subprocess.run(COMMAND, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return folder, json.loads(result.stdout)


def test_board_and_int8_are_identical_for_every_network(whole):
    _, result = whole
    assert set(result["models"]) == {"cnn", "lstm", "dense"}
    for name, model in result["models"].items():
        assert model["exact"] is True, name
        assert model["agreement"] == 1.0, name
        assert model["board"]["accuracy"] == model["int8"]["accuracy"]
        assert model["flash_bytes"] > 0
        assert model["ram_bytes"] > 0
        assert model["instructions"] > model["macs"]


def test_people_of_the_test_are_not_in_training(whole):
    folder, _ = whole
    (run,) = (folder / "runs").iterdir()
    groups = json.loads((run / "manifest.json").read_text())["stages"]["dataset"]["facts"]["groups"]
    sides = [set(groups[side]) for side in ("train", "validation", "test")]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]


def test_the_board_answers_to_its_own_windows(whole):
    folder, _ = whole
    command = [sys.executable, "-m", "tinyforge", "monitor", "--model", "dense", "--json", "--count", "4"]
    answers = {}
    for label in ("rest", "stop"):
        said = subprocess.run(
            [*command, "--motion", f"police:label={label},subject=3"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        lines = [json.loads(line) for line in said.splitlines()]
        assert [line["sequence"] for line in lines] == [0, 1, 2, 3]
        assert lines[1]["time_s"] == pytest.approx(0.25, abs=0.02)  # a hop of 25 samples at 100 Hz
        assert all(line["latency_us"] > 0 for line in lines)
        answers[label] = [line["best"] for line in lines]
    assert answers["rest"] != answers["stop"]  # what moves the board reaches the answers


def test_report_stands_alone(whole):
    _, result = whole
    page = Path(result["report"]).read_text(encoding="utf-8")
    assert "Nothing was lost on the way" in page
    for forbidden in ("http://", "https://", "<script src", "@import"):
        assert forbidden not in page.replace("http://www.w3.org/", ""), forbidden


def test_second_run_does_nothing_again(whole):
    folder, first = whole
    before = {
        p: p.stat().st_mtime_ns for p in (folder / "runs").rglob("*") if p.is_file() and p.name != "manifest.json"
    }
    begin = time.monotonic()
    result = subprocess.run(COMMAND, cwd=folder, capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == first
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert time.monotonic() - begin < 60


def test_changed_compression_trains_nothing_again(whole, tmp_path):
    import shutil

    folder, _ = whole
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    text = (copy / "tinyforge.toml").read_text().replace("[compress]", "[compress]\nsparsity = 0.25")
    (copy / "tinyforge.toml").write_text(text)
    command = [sys.executable, "-m", "tinyforge", "compress", "--model", "dense", "--json"]
    result = json.loads(subprocess.run(command, cwd=copy, capture_output=True, text=True, check=True).stdout)
    steps = {step["name"]: step for step in result["models"]["dense"]["steps"]}
    assert steps["pruned"]["sparsity"] == pytest.approx(0.25, abs=0.01)
    newest = max((copy / "runs").iterdir())
    stages = json.loads((newest / "manifest.json").read_text())["stages"]
    assert stages["train/dense"]["copied_from"] == min((copy / "runs").iterdir()).name


def test_a_budget_one_byte_too_small_fails(whole):
    folder, result = whole
    flash = result["models"]["dense"]["flash_bytes"]
    try:
        make(folder, flash)
        assert subprocess.run(COMMAND, cwd=folder, capture_output=True, check=False).returncode == 0
        make(folder, flash - 1)
        broken = subprocess.run([*COMMAND[:-1]], cwd=folder, capture_output=True, text=True, check=False)
        assert broken.returncode == 1
        assert f"dense: flash_bytes: {flash} of {flash - 1} B, 1 too many" in " ".join(broken.stdout.split())
    finally:
        make(folder)
        for run in sorted((folder / "runs").iterdir())[1:]:
            import shutil

            shutil.rmtree(run)


@pytest.mark.heavy
def test_killed_again_and_again_gives_the_same(whole, tmp_path):
    """SIGKILL and Ctrl-C by turns, ever later, until a run gets through; every digest as in the run left alone."""
    folder = make(tmp_path / "killed")
    for attempt in range(40):
        process = subprocess.Popen(
            COMMAND, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        try:
            process.communicate(timeout=1.5 + 2.0 * attempt)
        except subprocess.TimeoutExpired:
            kind = (signal.SIGKILL, signal.SIGINT)[attempt % 2]
            os.kill(process.pid, kind)
            process.communicate(timeout=60)
            assert process.returncode in {-signal.SIGKILL, 130}, process.returncode
            continue
        break
    assert process.returncode == 0
    assert attempt > 3
    assert outcome(folder) == outcome(whole[0])


def test_a_live_session_is_judged_by_its_script(whole, tmp_path):
    folder, result = whole
    (tmp_path / "truth.csv").write_text("0,1.5,rest\n1.5,4,stop\n")
    command = [sys.executable, "-m", "tinyforge", "live", "--script", str(tmp_path / "truth.csv"), "--model", "dense"]
    done = subprocess.run(
        [*command, "--motion", "police:label=stop,subject=3", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["windows"] == pytest.approx(15, abs=2)  # 4 s, a window each 0.25 s, the first after 0.5 s
    assert set(said["confusion"]) == {"rest", "stop"}
    assert said["judged"] < said["windows"]  # windows around the change do not count
    assert said["host"] == {"windows": said["windows"], "differing": 0}
    assert (said["windows_lost"], said["samples_lost"]) == (0, 0)
    assert 0 < said["latency"]["p50_us"] <= said["latency"]["p95_us"] <= said["latency"]["max_us"]
    kept = {path.name for path in Path(folder / said["folder"]).iterdir()}
    assert kept == {"session.json", "truth.csv", "predictions.csv", "windows.npz"}
    lines = (folder / said["folder"] / "predictions.csv").read_text().splitlines()
    assert lines[0] == "sequence,start_s,end_s,truth,answer,best,latency_us"
    assert len(lines) == 1 + said["windows"]
    assert result["models"]["dense"]["exact"] is True


def test_a_live_session_of_a_board_that_feels_another_unit_says_so(whole, tmp_path):
    """The same arm, its accelerations in m/s^2 where the model takes g."""
    folder, _ = whole
    motion = open_motion("police:label=stop,subject=3")
    felt = np.array([motion.sample(i) for i in range(400)], np.float32)
    felt[:, :3] *= np.float32(9.80665)
    write_recording(tmp_path / "arm.csv", Recording(felt, IMU_CHANNELS, 100.0, "stop", "3", "", ""))
    (tmp_path / "truth.csv").write_text("0,4,stop\n")
    command = [sys.executable, "-m", "tinyforge", "live", "--script", str(tmp_path / "truth.csv"), "--model", "dense"]
    done = subprocess.run(
        [*command, "--motion", f"file:{tmp_path / 'arm.csv'}", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    found = {one["code"]: one for one in said["findings"]}
    assert "m/s^2 where the model takes g" in found["wrong_unit"]["fact"]
    assert found["wrong_unit"]["way_out"] == "divide accelerations by 9.80665"
    assert json.loads((folder / said["folder"] / "session.json").read_text())["findings"] == said["findings"]
    page = Path(Road(projects.load(folder), Silent()).report()["html"]).read_text()
    assert "On the board&#39;s own sensor something is wrong." in page
    assert "m/s^2 where the model takes g" in page
    assert Path(said["folder"]).name in page


def test_what_a_sketch_printed_is_judged(whole, tmp_path):
    """Test windows as a sketch would print them: the int8 input, the scores, and names in another order."""
    folder, _ = whole
    road = Road(projects.load(folder), Silent())
    made = trained.newest(road.project, road.project.model("dense"))
    info, scale, zero_point = made.input()
    known = made.known()
    quantized = preprocess(info, scale, zero_point, known.windows)
    scores = made.invoke(quantized)
    logs = []
    for k, label in enumerate(info.labels):
        at = np.flatnonzero(known.targets == k)[:12]
        lines = [
            ",".join(map(str, [*quantized[i].ravel().tolist(), *scores[i].tolist()]))
            + f",{info.labels[(int(scores[i].argmax()) + 1) % len(info.labels)]}"
            for i in at
        ]
        (tmp_path / f"{label}.log").write_text("my sketch 1.0\n" + "\n".join(lines) + "\n")
        logs += ["--log", f"{label}={tmp_path / label}.log"]
    command = [sys.executable, "-m", "tinyforge", "live", "--model", "dense", "--json", *logs]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert said["host"]["differing"] == 0
    assert said["host"]["windows"] == said["windows"] > 20
    assert said["others"] == len(info.labels)
    (one,) = said["findings"]
    assert one["code"] == "label_order"
    assert "is shown for" in one["fact"]
    shown = {network.name: network.sessions for network in report.collect(road).networks}
    assert shown["dense"][0].name == Path(said["folder"]).name  # the newest stands first
    assert shown["dense"][0].source == "sketch"
    assert shown["dense"][0].findings[0].fact == one["fact"]
    assert shown["cnn"] == ()
    refused = subprocess.run(
        [*command, "--log", "stopp=x.log"], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert refused.returncode == 2
    error = json.loads(refused.stdout)["error"]
    assert (error["fact"], error["way_out"]) == ('"stopp" is no label of dense', 'did you mean "stop"?')


def test_evaluate_says_latency_and_memory_of_the_board(whole):
    folder, _ = whole
    command = [sys.executable, "-m", "tinyforge", "evaluate", "--model", "dense"]
    done = subprocess.run([*command, "--json"], cwd=folder, capture_output=True, text=True, check=True, timeout=60)
    said = json.loads(done.stdout)["models"]["dense"]
    assert 0 < said["network_latency"]["p50_us"] < said["latency"]["p50_us"] <= said["latency"]["max_us"]
    assert said["memory"]["arena_bytes"] > 0
    assert 100 < said["memory"]["stack_bytes"] < 8192
    refused = subprocess.run(
        [*command, "--power", "x.csv"], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert refused.returncode == 2
    assert "the virtual board takes none" in refused.stderr


def test_a_measured_energy_stands_in_manifest_report_and_card(whole, tmp_path):
    """As `evaluate --power` does it on a real board, with a recording that a generator wrote."""
    folder, _ = whole
    windows = json.loads((next((folder / "runs").iterdir()) / "manifest.json").read_text())["stages"]["dataset"]
    count = windows["facts"]["windows"]["test"]
    noise = np.random.default_rng(1).normal(0, 5, 6000)
    rows = [f"{t},{(6500 if 2000 <= t < 4000 else 2000) + n:.2f}" for t, n in enumerate(noise)]
    recording = tmp_path / "ppk2.csv"
    recording.write_text("Timestamp(ms),Current(uA)\n" + "\n".join(rows) + "\n")
    project = projects.load(folder)
    road = Road(project, Silent())
    spec = project.model("dense")
    reading = power.Reading(volts=3.3)
    found = power.of_evaluation(road, spec, str(recording), reading)
    assert found["energy_j"] == pytest.approx(4.5e-3 * 3.3 * 2.0 / count, rel=0.01)
    entry = road.run.done("power/virtual/dense")
    assert entry["facts"] == {key: found[key] for key in ("energy_j", "uncertainty_j", "meter")}
    assert entry["inputs"]["windows"] == count
    assert power.measured(road.run, "dense") == {"virtual": found}
    assert power.measured(road.run, "cnn") == {}
    said = report.collect(road)
    by_name = {network.name: network for network in said.networks}
    assert by_name["dense"].energy == EnergyRow(found["energy_j"], found["uncertainty_j"], count, "ppk2")
    assert by_name["cnn"].energy is None
    text = cards.card(road, spec)
    energy, uncertainty, unit = joules(found["energy_j"], found["uncertainty_j"])
    assert f"| Virtual Cortex-M4 | {energy} {unit} | {uncertainty} {unit} | ppk2 | {count} |" in text
    assert "| Arduino Nano 33 BLE Sense | 64 MHz | 2 |" in text
    assert "## Energy\n\nNot measured: " in cards.card(road, project.model("cnn"))
    assert all(tie.ok for tie in verify(project, road.run))
    # of another image, it is no longer said
    images = road.run.manifest["stages"]["build/virtual/dense"]
    road.run.record("build/virtual/dense", images | {"artifacts": []})
    assert power.measured(road.run, "dense") == {}
    road.run.record("build/virtual/dense", images)
    road.run.forget("power/virtual/dense")
