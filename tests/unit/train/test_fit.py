"""Training: repeats bit by bit, resumes, refuses data it cannot use."""

import dataclasses
import importlib
import json
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from small_data import small_dataset

from tinyforge.architectures.loop import Epoch, Examples
from tinyforge.core.errors import ConfigError, DataError, ToolError
from tinyforge.core.files import sha256_file
from tinyforge.core.results import finished
from tinyforge.core.types import TEST, TRAIN, VALIDATION, ModelSpec, Preprocessing
from tinyforge.train import fit, load_result, worker
from tinyforge.train.logs import Logs
from tinyforge.train.result import FILES, result_from_json

SPEC = ModelSpec("small", "cnn1d", {"filters": [8], "kernels": [5], "hidden": 0, "head": "flatten"}, epochs=6, seed=3)


@pytest.fixture
def helpers(monkeypatch):
    """The worker finds this folder's augmentations."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parent))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).resolve().parent / "stand_ins"))
        patch.setenv("MLFLOW_NOTES", str(folder.with_name("mlflow_notes")))
        patch.setenv("SOME_TOKEN", "not-for-a-log")
        result = fit(small_dataset(), SPEC, folder, seen.append, logs=folder.with_name("logs"))
    return result, seen


@pytest.mark.train
def test_a_small_network_learns(trained):
    result, _ = trained
    assert result.metrics["test"]["accuracy"] > 0.95
    assert result.metrics["test"]["windows"] == 60
    assert result.labels == ("circle", "rest", "shake")
    # 8 filters of 5 x 3 and a bias; 8 pooled positions x 8 x 3 classes and a bias
    assert result.parameters == 8 * 15 + 8 + 8 * 8 * 3 + 3


@pytest.mark.train
def test_patience_stops_early_and_keeps_the_best_epoch(tmp_path):
    """A learning rate far too high: the validation loss soon stops getting better."""
    wild = dataclasses.replace(SPEC, epochs=30, patience=2, learning_rate=0.3, schedule="constant")
    result = fit(small_dataset(), wild, tmp_path)
    losses = [row["val_loss"] for row in json.loads((tmp_path / "history.json").read_text())["epochs"]]
    assert result.epochs == len(losses) < 30
    assert result.best_epoch == len(losses) - 1 - 2 == int(np.argmin(losses))


@pytest.mark.train
def test_without_patience_the_last_weights_are_kept(tmp_path):
    wild = dataclasses.replace(SPEC, epochs=4, patience=0, learning_rate=0.3, schedule="constant")
    result = fit(small_dataset(), wild, tmp_path)
    losses = [row["val_loss"] for row in json.loads((tmp_path / "history.json").read_text())["epochs"]]
    assert (result.epochs, result.best_epoch) == (4, 3)
    assert int(np.argmin(losses)) != 3  # or it would say nothing


@pytest.mark.train
def test_everything_promised_is_on_disk(trained):
    result, _ = trained
    assert {name: sha256_file(result.folder / name) for name in FILES} == dict(result.files)
    history = json.loads((result.folder / "history.json").read_text())
    assert len(history["epochs"]) == result.epochs
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"} <= history["epochs"][0].keys()
    with np.load(result.folder / "predictions.npz") as arrays:
        probabilities, targets = arrays["test_probabilities"], arrays["test_targets"]
        assert arrays["validation_probabilities"].shape == (60, 3)
    assert (probabilities.argmax(1) == targets).mean() == result.metrics["test"]["accuracy"]
    assert np.allclose(probabilities.sum(1), 1.0, atol=1e-5)
    assert load_result(result.folder) == result
    assert (result.folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert not (result.folder / ".train").exists()


@pytest.mark.train
def test_the_log_holds_no_environment(trained):
    """AutoGraph prints the objects whose methods it cannot convert, with all that they hold."""
    result, _ = trained
    log = (result.folder / "train.log").read_text()
    assert "not-for-a-log" not in log
    assert "AutoGraph" not in log


@pytest.mark.train
def test_progress_names_epoch_loss_and_time_left(trained):
    result, seen = trained
    epochs = [one for one in seen if "loss" in one.values]
    assert [one.done for one in epochs] == list(range(1, result.epochs + 1))
    assert all(one.total == 6 and one.step == "train" for one in epochs)
    assert epochs[-1].values["seconds_left"] == 0.0 or result.epochs < 6
    assert [" s left" in epoch.text for epoch in epochs] == [False] + [True] * (len(epochs) - 1)


@pytest.mark.train
def test_metrics_say_how_sure_they_are(trained):
    result, _ = trained
    train, test = result.metrics["train"], result.metrics["test"]
    assert train["intervals"]["groups"] == 4
    low, high = train["intervals"]["macro_f1"]
    assert low <= train["macro_f1"] <= high
    assert test["intervals"] is None  # one person says nothing about others
    assert sum(row["windows"] for row in test["calibration"]["bins"]) == 60


@pytest.mark.train
def test_tensorboard_and_mlflow_are_told(trained):
    result, _ = trained
    (events,) = (result.folder.with_name("logs") / "small").iterdir()
    said = events.read_bytes()
    assert said.count(b"\x08val_loss") == result.epochs  # a tag and its length
    assert said.count(b"\x0dtest/macro_f1") == said.count(b"test/macro_f1") == 1
    assert b"scalars" in said
    notes = [json.loads(line) for line in result.folder.with_name("mlflow_notes").read_text().splitlines()]
    assert [note[0] for note in notes] == ["start", "params", *["metrics"] * (result.epochs + 1), "end"]
    assert notes[1][1]["filters"] == [8]
    assert notes[1][1]["class_weights"] == 1.0
    assert notes[-2][2]["test/accuracy"] == result.metrics["test"]["accuracy"]


def test_a_tracking_server_that_is_gone_is_said_once_and_stops_nothing(monkeypatch, capfd):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parent / "stand_ins"))
    monkeypatch.setenv("MLFLOW_FAILS", "1")
    logs = Logs(SPEC, "")
    logs._mlflow = importlib.import_module("mlflow")
    logs.epoch(Epoch(0, 1e-3, 1.0, 0.5, 1.0, 0.5))
    logs.epoch(Epoch(1, 1e-3, 1.0, 0.5, 1.0, 0.5))
    logs.result({"test": {"accuracy": 0.5, "macro_f1": 0.5}})
    assert capfd.readouterr().err == "MLflow: ConnectionError: no server\n"


@pytest.mark.train
def test_standardisation_comes_from_training_windows_only(trained):
    result, _ = trained
    dataset = small_dataset()
    samples = dataset.part(TRAIN)[0].reshape(-1, 3).astype(np.float64)
    assert np.allclose(result.preprocessing.mean, samples.mean(0), rtol=1e-6)
    assert np.allclose(result.preprocessing.std, samples.std(0), rtol=1e-6)
    # exact in float32, so that no side of the road rounds them again
    assert all(float(np.float32(value)) == value for value in result.preprocessing.mean + result.preprocessing.std)


@pytest.mark.train
def test_the_same_job_gives_the_same_files_and_a_kill_changes_nothing(trained, tmp_path):
    result, _ = trained

    class Killed(Exception):
        pass

    def kill(progress):
        if progress.done == 2:
            raise Killed

    with pytest.raises(Killed):
        fit(small_dataset(), SPEC, tmp_path, kill)
    assert not (tmp_path / "train.json").exists()
    again = fit(small_dataset(), SPEC, tmp_path)
    assert again.weights_digest == result.weights_digest
    assert again.files == result.files


@pytest.mark.train
def test_teachers_come_first_and_a_kill_in_any_training_changes_nothing(trained, tmp_path):
    """Two teachers of three epochs, then the network: nine epochs, cut in the second teacher and in the network."""
    taught = dataclasses.replace(SPEC, epochs=3, teachers=2)
    seen = []
    result = fit(small_dataset(), taught, tmp_path / "whole", seen.append)
    epochs = [one for one in seen if "loss" in one.values]
    assert [one.done for one in epochs] == list(range(1, 10))
    assert [one.text[:14] for one in epochs[:6]] == ["teacher 1 of 2"] * 3 + ["teacher 2 of 2"] * 3
    assert not any("teacher" in one.text for one in epochs[6:])
    history = json.loads((tmp_path / "whole" / "history.json").read_text())["epochs"]
    assert [row["val_loss"] for row in history] == [one.values["val_loss"] for one in epochs[6:]]

    alone = dataclasses.replace(taught, teachers=0)
    untaught = fit(small_dataset(), alone, tmp_path / "untaught")
    assert untaught.weights_digest != result.weights_digest
    own = []  # the first teacher is the network that its seed gives by itself
    fit(small_dataset(), dataclasses.replace(alone, seed=3 + 1_000_003), tmp_path / "teacher", own.append)
    assert [one.values["val_loss"] for one in own if "loss" in one.values] == [
        one.values["val_loss"] for one in epochs[:3]
    ]

    class Killed(Exception):
        pass

    def kill_at(epoch):
        def kill(progress):
            if progress.done == epoch and "loss" in progress.values:
                raise Killed

        return kill

    for epoch in (5, 8):
        with pytest.raises(Killed):
            fit(small_dataset(), taught, tmp_path / "cut", kill_at(epoch))
    again = fit(small_dataset(), taught, tmp_path / "cut")
    assert again.files == result.files


def test_teachers_answer_with_their_mean(monkeypatch):
    monkeypatch.setattr(worker.networks, "Predictor", lambda network: lambda windows: network * windows)
    monkeypatch.setattr(
        worker, "keras", lambda: types.SimpleNamespace(utils=types.SimpleNamespace(set_random_seed=int))
    )
    monkeypatch.setattr(
        worker._Study, "train", lambda self, examples, number: (np.float32(examples.seed % 10 + number), None)
    )
    dataset = small_dataset()
    examples = Examples.of(dataset, SPEC, Preprocessing((0.0,) * 3, (1.0,) * 3), None, 3)
    study = worker._Study(dataclasses.replace(SPEC, teachers=2), dataset, Path(), "", None)
    asked = study.teachers(examples)
    # seeds 1 000 006 and 2 000 009: 6 + 0 and 9 + 1
    assert np.array_equal(asked(np.ones((2, 3), np.float32)), np.full((2, 3), 8, np.float32))


@pytest.mark.train
def test_a_finished_job_is_not_done_again(trained):
    result, _ = trained
    seen = []
    assert fit(small_dataset(), SPEC, result.folder, seen.append) == result
    assert seen == []


@pytest.mark.train
def test_an_augmentation_that_fails_ends_with_its_words(helpers, tmp_path):
    with pytest.raises(ToolError) as caught:
        fit(small_dataset(), SPEC, tmp_path, augmentation="small_data:broken")
    assert caught.value.place == "worker tinyforge.train.worker"
    assert "RuntimeError: no rotation for these channels" in caught.value.fact
    assert not (tmp_path / "train.json").exists()


@pytest.mark.train
def test_an_augmentation_that_is_not_there_is_named(helpers, tmp_path):
    with pytest.raises(
        ConfigError, match=r"augmentation small_data:shakn: cannot be loaded: .*; name it module:function"
    ):
        fit(small_dataset(), SPEC, tmp_path, augmentation="small_data:shakn")


def test_a_changed_file_is_not_taken_for_a_finished_result(tmp_path):
    (tmp_path / "model.h5").write_bytes(b"network")
    said = {
        "labels": ["a", "b"],
        "preprocessing": {"mean": [0.0], "std": [1.0]},
        "parameters": 1,
        "nonzeros": 1,
        "epochs": 1,
        "best_epoch": 0,
        "seconds": 1.0,
        "weights_digest": "",
        "metrics": {},
        "files": {"model.h5": sha256_file(tmp_path / "model.h5")},
    }
    (tmp_path / "train.json").write_text(json.dumps({"key": "k", "spec": {}, "result": said}))
    assert finished(tmp_path / "train.json", "k", result_from_json) is not None
    assert finished(tmp_path / "train.json", "another", result_from_json) is None
    (tmp_path / "model.h5").write_bytes(b"Network")
    assert finished(tmp_path / "train.json", "k", result_from_json) is None
    (tmp_path / "model.h5").unlink()
    assert finished(tmp_path / "train.json", "k", result_from_json) is None


def spoiled(**changes):
    return dataclasses.replace(small_dataset(), **changes)


def test_windows_that_are_not_finite_are_refused(tmp_path):
    windows = np.array(small_dataset().windows)
    windows[7, 3, 1] = np.nan
    with pytest.raises(
        DataError, match="dataset: window 7 of recording take7 holds NaN or infinity; remove that recording"
    ):
        fit(spoiled(windows=windows), SPEC, tmp_path)


def test_a_class_that_training_never_sees_is_refused(tmp_path):
    split = small_dataset().split.copy()
    split[small_dataset().targets == 2] = TEST
    with pytest.raises(DataError, match='dataset: no training window of class "shake"; record it, or leave it out'):
        fit(spoiled(split=split), SPEC, tmp_path)


def test_a_split_without_validation_is_refused(tmp_path):
    split = small_dataset().split.copy()
    split[split == VALIDATION] = TRAIN
    with pytest.raises(DataError, match="dataset: the validation side has no windows"):
        fit(spoiled(split=split), SPEC, tmp_path)


def test_one_class_is_refused(tmp_path):
    with pytest.raises(DataError, match="dataset: has 1 class; record at least two"):
        fit(spoiled(labels=("rest",), targets=small_dataset().targets * 0), SPEC, tmp_path)


def test_an_unknown_parameter_stops_before_anything_is_written(tmp_path):
    spec = dataclasses.replace(SPEC, parameters={"filtres": [8]})
    with pytest.raises(ConfigError) as caught:
        fit(small_dataset(), spec, tmp_path / "out")
    assert str(caught.value) == 'model "small": parameters.filtres: unknown parameter; did you mean "filters"?'
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_result_is_named(tmp_path):
    with pytest.raises(DataError, match=r"train\.json: no such file; train first: `tinyforge train`"):
        load_result(tmp_path)


def test_the_parent_imports_no_tensorflow():
    program = (
        "import sys, tinyforge.architectures, tinyforge.train, tinyforge.compress\n"
        "tinyforge.architectures.list_architectures()\n"
        "heavy = {'tensorflow', 'tf_keras', 'keras', 'matplotlib', 'tensorflow_model_optimization'}\n"
        "raise SystemExit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
