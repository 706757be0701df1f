"""``tinyforge check`` on models of a repository: limits to the byte, what grew, baselines from files and git."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from small_models import conv_net

from tinyforge.cli import main
from tinyforge.core.errors import ConfigError, DataError, UsageError
from tinyforge.evaluate import litert
from tinyforge.pipeline import checks, model_folders
from tinyforge.pipeline.model_folders import TestWindows
from tinyforge.runtimes.aot import AotRuntime

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """A folder of models with one model, test windows whose float answers are one apart, and figures."""
    folder = tmp_path_factory.mktemp("repository") / "models" / "wave"
    folder.mkdir(parents=True)
    model = conv_net()
    (folder / "wave.tflite").write_bytes(model)
    inputs = np.random.default_rng(3).integers(-128, 128, (10, 24)).astype(np.int8)
    answers = litert.run(model, inputs.reshape(10, 1, 1, 12, 2)).reshape(10, -1).argmax(axis=1)
    changed = answers.copy()
    changed[0] = (changed[0] + 1) % 4
    model_folders.write_test_windows(folder, TestWindows(inputs, answers, changed))
    (folder / "budget.toml").write_text("[virtual]\nexact = 1.0\naccuracy = 1.0\nagreement = 0.9\n")
    checked, _ = checks.check([folder.parent], update=True)
    assert [one.ok for one in checked] == [True]
    return folder


def run(*arguments):
    """Exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(["check", *map(str, arguments)])
    return ended.value.code


def figures(folder):
    return json.loads((folder / "figures.json").read_text())["virtual"]


def test_one_byte_too_many_is_exit_code_1(committed, capfd):
    flash = figures(committed)["footprint"]["flash_bytes"]
    budget = (committed / "budget.toml").read_text()
    try:
        (committed / "budget.toml").write_text(f"[virtual]\nflash_bytes = {flash}\n")
        assert run(committed) == 0
        (committed / "budget.toml").write_text(f"[virtual]\nflash_bytes = {flash - 1}\n")
        assert run(committed, "--json") == 1
    finally:
        (committed / "budget.toml").write_text(budget)
    document = json.loads("{" + capfd.readouterr().out.split("{", 1)[1])
    assert document["models"][0]["faults"] == [f"flash_bytes: {flash} of {flash - 1} B, 1 too many"]


def test_answers_that_differ_from_the_float_network_are_counted(committed):
    (checked,), _ = checks.check([committed])
    lines = {line.name: line for line in checked.verdict.lines}
    assert lines["agreement"].value == pytest.approx(0.9)
    assert lines["accuracy"].value == 1.0
    assert lines["exact"].value == 1.0


def test_a_kernel_made_bigger_is_named(committed, monkeypatch, tmp_path):
    generate = AotRuntime.generate

    def grown(self, compiled, out):
        manifest = generate(self, compiled, out)
        for kernel in out.glob("tfg/src/*/tfg_mean.h"):
            text = kernel.read_text()
            at = text.rindex("}")
            kernel.write_text(
                f'{text[:at]}    __asm__ volatile("nop\\n nop\\n nop\\n nop\\n nop\\n nop");\n{text[at:]}'
            )
        return manifest

    monkeypatch.setattr(AotRuntime, "generate", grown)
    report = tmp_path / "comment.md"
    assert run(committed, "--baseline", committed.parent, "--max-growth", 1, "--markdown", report) == 1
    text = report.read_text()
    assert "symbols: tfg_mean_s8: +12 B" in text
    assert "layers: 1 mean_0 (tfg_mean_s8): +6 instructions" in text


def test_an_update_of_one_board_keeps_the_figures_of_the_others(committed, tmp_path):
    folder = tmp_path / "wave"
    folder.mkdir()
    for name in ("wave.tflite", "test.npz"):
        (folder / name).write_bytes((committed / name).read_bytes())
    (folder / "budget.toml").write_text("[virtual]\nexact = 1.0\n[nano33]\nexact = 1.0\n")
    (folder / "figures.json").write_text(
        '{"nano33": {"model": "before"}, "sensortile": {"model": "without limits now"}}'
    )
    checks.check([folder], board_id="virtual", update=True)
    after = json.loads((folder / "figures.json").read_text())
    assert list(after) == ["nano33", "virtual"]
    assert after["nano33"] == {"model": "before"}
    checks.check([folder], update=True)
    assert json.loads((folder / "figures.json").read_text())["nano33"]["name"] == "wave"


def test_git_revisions_and_releases_are_baselines(committed, monkeypatch):
    root = committed.parents[1]
    monkeypatch.chdir(root)

    def git(*arguments):
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments], check=True, capture_output=True
        )

    git("init", "-q")
    with pytest.raises(UsageError) as caught:
        checks.check([Path("models")], baseline="release")
    assert str(caught.value) == "--baseline: there is no tag to take as the last release; name a git revision"
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("tag", "v1")
    said = figures(committed)
    text = (committed / "figures.json").read_text()
    said["footprint"]["flash_bytes"] += 8
    symbols = said["footprint"]["by_symbol"]
    kernel = next(symbol for symbol in symbols if symbol.startswith("tfg_conv_"))
    symbols[kernel] += 8
    try:
        (committed / "figures.json").write_text(json.dumps({"virtual": said}))
        git("commit", "-q", "-a", "-m", "two")
        (same,), name = checks.check([Path("models")], baseline="release")
        assert name == "v1"
        assert same.growth is not None
        assert same.growth.same
        (smaller,), _ = checks.check([Path("models")], baseline="HEAD")
        assert [str(change).split(" (")[0] for change in smaller.growth.symbols] == [f"{kernel}: -8 B"]
    finally:
        (committed / "figures.json").write_text(text)
    with pytest.raises(UsageError) as caught:
        checks.check([Path("models")], baseline="nowhere")
    assert caught.value.fact == '"nowhere" is no file, no folder and no git revision'


def test_other_windows_than_the_model_takes_are_refused(committed, tmp_path):
    folder = tmp_path / "wave"
    folder.mkdir()
    for name in ("wave.tflite", "budget.toml"):
        (folder / name).write_bytes((committed / name).read_bytes())
    model_folders.write_test_windows(folder, TestWindows(np.zeros((3, 7), np.int8), None, None))
    with pytest.raises(DataError) as caught:
        checks.check([folder])
    assert caught.value.place == str(folder / "test.npz")
    assert caught.value.fact == "windows of 7 numbers where the model takes 24"
    (folder / "test.npz").unlink()
    (random,), _ = checks.check([folder])  # no windows: exactness on random ones, accuracy is not known
    assert [str(line) for line in random.verdict.broken] == [
        "accuracy: not measured, limit 100.00 %",
        "agreement: not measured, limit 90.00 %",
    ]


def test_a_budget_for_a_board_that_does_not_exist(committed, tmp_path):
    folder = tmp_path / "wave"
    folder.mkdir()
    (folder / "budget.toml").write_text("[nano3]\nflash_bytes = 1\n")
    with pytest.raises(ConfigError) as caught:
        checks.check([folder])
    assert caught.value.fact == '"nano3": unknown board'
    assert caught.value.way_out == 'did you mean "nano33"?'
