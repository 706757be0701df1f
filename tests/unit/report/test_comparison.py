"""Two runs side by side: what was set otherwise, what changed, and which differences are sure."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import sample_report

from tinyforge.cli import main
from tinyforge.core.project import load_project
from tinyforge.pipeline.runs import open_run
from tinyforge.report import Comparison, differing_settings, render_comparison
from tinyforge.report.comparison import arrange
from tinyforge.report.data import EnergyRow, Share
from tinyforge.report.document import to_json


@pytest.fixture(scope="module")
def data():
    return sample_report.full()


def changed(data, **figures):
    """The same report, the first network with other figures."""
    first, *others = data.networks
    return replace(data, run="second", networks=(replace(first, **figures), *others))


def row(view, name):
    return next(row for row in view["networks"][0]["rows"] if row["name"] == name)


def test_the_same_run_has_no_changes(data):
    view = arrange(Comparison(data, data))
    assert {row["change"] for row in view["networks"][0]["rows"]} == {"the same"}
    assert view["environment"] == []
    assert view["same_data"]
    assert view["networks"][0]["layers"] == []


def test_smaller_is_better_and_more_accurate_too(data):
    first = data.networks[0]
    view = arrange(
        Comparison(data, changed(data, flash_bytes=first.flash_bytes // 2, instructions=first.instructions * 2))
    )
    assert (row(view, "flash")["tone"], row(view, "flash")["change"]) == ("good", "\u221250.0\u202f%")
    assert row(view, "instructions")["tone"] == "bad"


def test_a_change_too_small_for_a_percentage_is_said_in_whole_numbers_or_as_small(data):
    first = data.networks[0]
    slightly = changed(data, cycles=first.cycles + 7, latency_us=first.latency_us + 0.25)
    view = arrange(Comparison(data, slightly))
    assert row(view, "cycles")["change"] == "+7"
    assert row(view, "latency")["change"] == "less than 0.05\u202f%"


def test_only_intervals_that_are_apart_make_an_accuracy_better_or_worse(data):
    evaluation = data.networks[0].evaluation
    worse = [
        replace(rung, accuracy=Share(0.5, 0.46, 0.54)) if rung.name == "int8" else rung for rung in evaluation.rungs
    ]
    view = arrange(Comparison(data, changed(data, evaluation=replace(evaluation, rungs=tuple(worse)))))
    assert (row(view, "accuracy, int8")["tone"], row(view, "accuracy, int8")["sure"]) == ("bad", "intervals apart")
    accuracy = evaluation.rung("int8").accuracy
    near = replace(accuracy, value=accuracy.value - 0.001)
    slightly = [replace(rung, accuracy=near) if rung.name == "int8" else rung for rung in evaluation.rungs]
    view = arrange(Comparison(data, changed(data, evaluation=replace(evaluation, rungs=tuple(slightly)))))
    assert (row(view, "accuracy, int8")["tone"], row(view, "accuracy, int8")["sure"]) == ("", "intervals overlap")


def test_energies_are_compared_where_one_was_measured_and_differ_only_beyond_their_uncertainties(data):
    def rows(before, after):
        with_one = changed(data, energy=before)
        return row(arrange(Comparison(with_one, changed(data, energy=after))), "energy, measured")

    one = EnergyRow(150e-6, 10e-6, 200, "ppk2")
    near, far = replace(one, energy_j=165e-6), replace(one, energy_j=120e-6)
    assert rows(one, far) == {
        "name": "energy, measured",
        "one": "150\u202f\u00b5J \u00b1 10\u202f\u00b5J",
        "two": "120\u202f\u00b5J \u00b1 10\u202f\u00b5J",
        "change": "\u221220.0\u202f%",
        "tone": "good",
        "sure": "intervals apart",
    }
    assert (rows(far, one)["tone"], rows(far, one)["change"]) == ("bad", "+25.0\u202f%")
    assert (rows(one, near)["tone"], rows(one, near)["sure"]) == ("", "intervals overlap")
    assert (rows(one, one)["change"], rows(one, one)["sure"]) == ("the same", "")
    assert (rows(None, one)["one"], rows(None, one)["change"]) == ("\u2013", "")
    assert "energy, measured" not in [one["name"] for one in arrange(Comparison(data, data))["networks"][0]["rows"]]


def test_a_network_that_one_run_lacks_and_another_dataset_are_said(data):
    dataset = replace(data.dataset, digest="0" * 64)
    view = arrange(Comparison(data, replace(data, networks=data.networks[1:], dataset=dataset)))
    assert view["networks"][0]["only"] == "the first run"
    assert not view["same_data"]


def test_settings_are_compared_key_by_key():
    one = {"train": {"epochs": 40}, "models": [{"name": "cnn", "seed": 1}], "window": {"channels": ["ax", "ay"]}}
    two = {"train": {"epochs": 20}, "models": [{"name": "cnn", "seed": 2}], "window": {"channels": ["ax"]}}
    assert differing_settings(one, two) == (
        ("models.cnn.seed", "1", "2"),
        ("train.epochs", "40", "20"),
        ("window.channels", "ax, ay", "ax"),
    )


def test_names_are_escaped_and_nothing_is_loaded(data, tmp_path):
    hostile = replace(data, networks=(replace(data.networks[0], name="<script>alert(1)</script>"),))
    settings = (("<b>key</b>", "1", "2"),)
    page = render_comparison(Comparison(data, hostile, settings), tmp_path / "c.html").read_text()
    assert "<script" not in page
    assert "<b>key" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_command_compares_two_runs_of_a_project(data, tmp_path, capfd):
    toml = '[project]\nname = "demo"\n[[model]]\nname = "cnn"\narchitecture = "cnn1d"\n'
    (tmp_path / "tinyforge.toml").write_text(toml)
    first = open_run(load_project(tmp_path), "d")
    (tmp_path / "tinyforge.toml").write_text(toml + "[compress]\nsparsity = 0.8\n")
    second = open_run(load_project(tmp_path), "d")
    names = first.folder.name, second.folder.name

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["report", "--project", str(tmp_path), "--compare", *arguments])
        return ended.value.code

    assert run(*names) == 3
    assert f"`tinyforge report --run {names[0]}` writes it" in capfd.readouterr().err
    assert run("previous", "latest") == 2
    assert "error: previous: no run before the latest has a report" in capfd.readouterr().err
    for folder in (first.folder, second.folder):
        (folder / "report").mkdir()
        (folder / "report" / "report.json").write_text(json.dumps(to_json(data)))
    assert run("previous", "latest", "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert [Path(said[side]).name for side in ("one", "two")] == sorted(names)
    assert run(names[0], str(second.folder), "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert said["settings"] == [["compress.sparsity", "0.5", "0.8"]]
    assert "compress.sparsity" in (tmp_path / "runs" / f"comparison_{names[0]}_{names[1]}.html").read_text()
    assert run(names[0], "nothing") == 2
