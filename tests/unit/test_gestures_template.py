"""The template ``gestures`` takes what a recorder leaves: one person's takes of one second, as they are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tinyforge.core.project import DatasetConfig
from tinyforge.core.types import (
    AUTO_TEACHERS,
    IMU_CHANNELS,
    TEST,
    TRAIN,
    VALIDATION,
    Dataset,
    ModelSpec,
    Recording,
    WindowSpec,
)
from tinyforge.dataset import RecordingStore
from tinyforge.dataset.folds import make_folds
from tinyforge.pipeline import frozen, projects
from tinyforge.pipeline.datasets import windows_of
from tinyforge.pipeline.observer import Silent
from tinyforge.pipeline.road import Road
from tinyforge.pipeline.stages import train
from tinyforge.train.fit import FEW_WINDOWS, TEACHERS, with_teachers

LABELS = ("circle", "flex", "punch")


@pytest.fixture
def dataset(tmp_path):
    """Ten takes of each of three gestures, 119 samples at 119 Hz, as the public Nano 33 sets have them."""
    projects.init(tmp_path, "gestures")
    rng = np.random.default_rng(1)
    store = RecordingStore(tmp_path / "dataset")
    store.add_all(
        Recording(rng.normal(0, 30, (119, 6)).astype(np.float32), IMU_CHANNELS, 119.0, label, "me")
        for label in LABELS
        for _ in range(10)
    )
    return windows_of(projects.load(tmp_path))


def test_a_take_is_a_window(dataset):
    assert dataset.windows.shape == (30, 100, 6)
    assert len(set(dataset.recordings)) == 30


def test_takes_of_one_person_are_divided(dataset):
    for side in (TRAIN, VALIDATION, TEST):
        assert set(dataset.targets[dataset.split == side]) <= {0, 1, 2}
        assert (dataset.split == side).any()
    assert (dataset.split == TRAIN).sum() >= 20
    for label in range(3):  # each class is trained and tested
        assert {TRAIN, TEST} <= set(dataset.split[dataset.targets == label])


def test_five_folds_train_on_nearly_all_other_takes(dataset):
    folds = list(make_folds(dataset, 5, validation=0.07, seed=1))
    assert sorted(sum((fold.tested for fold in folds), ())) == sorted(set(dataset.groups))
    assert all((fold.split == TRAIN).sum() >= 22 for fold in folds)


def test_a_project_of_no_template_trains_as_well(tmp_path):
    """Who just says `tinyforge init` must not get less: the same window, network and training, compression too."""
    made = {}
    for template in ("gestures", "empty"):
        projects.init(tmp_path / template, template)
        made[template] = projects.load(tmp_path / template)
    gestures, empty = made["gestures"], made["empty"]
    assert empty.models[0].teachers == AUTO_TEACHERS
    settled = [with_teachers(spec, trained_on(60)) for spec in empty.models]
    assert settled == list(gestures.models)
    assert (empty.window, empty.plan) == (gestures.window, gestures.plan)
    assert empty.dataset == gestures.dataset


def trained_on(count):
    """A dataset of ``count`` windows, all of them to train on."""
    rows = np.arange(count)
    names = np.array([f"r{k}" for k in rows])
    spec = WindowSpec(4, 4, ("ax",), 100.0)
    return Dataset(
        np.zeros((count, 4, 1), np.float32), rows % 2, ("a", "b"), names, names, rows.astype(np.int8) * 0, spec
    )


def test_teachers_are_for_few_windows():
    spec = ModelSpec("m", "cnn1d", teachers=AUTO_TEACHERS)
    assert with_teachers(spec, trained_on(FEW_WINDOWS - 1)).teachers == TEACHERS
    assert with_teachers(spec, trained_on(FEW_WINDOWS)).teachers == 0
    watched = dataclasses.replace(trained_on(FEW_WINDOWS), split=np.arange(FEW_WINDOWS).astype(np.int8) % 2)
    assert with_teachers(spec, watched).teachers == TEACHERS  # only those that are trained on count
    asked = dataclasses.replace(spec, teachers=1)
    assert with_teachers(asked, trained_on(5)) is asked


AUTO = """[project]
name = "d"
[dataset]
split_by = "auto"
[[model]]
name = "c"
architecture = "cnn1d"
"""


def a_take(seed, label="stop", subject="me"):
    """Half a second and a bit, of some motion."""
    samples = np.random.default_rng(seed).normal(0, 1, (60, 6)).astype(np.float32)
    return Recording(samples, IMU_CHANNELS, 100.0, label, subject)


CAPTURE = '[capture]\nmotion = "police"\nlabels = ["stop", "rest"]\nsubjects = 3\n'


@pytest.mark.parametrize(
    ("subjects", "more", "by"),
    [
        ([], "", "recording"),
        (["me"], "", "recording"),
        (["a", "b"], "", "recording"),
        (["a", "b", "c"], "", "subject"),
        (["a", "b", "c", ""], "", "recording"),  # a recording of nobody named has no subject to stay with
        ([], CAPTURE, "subject"),  # these people will be recorded
    ],
)
def test_people_are_kept_apart_where_there_are_three(tmp_path, subjects, more, by):
    (tmp_path / "tinyforge.toml").write_text(AUTO + more)
    store = RecordingStore(tmp_path / "dataset")
    store.add_all(a_take(seed, subject=subject) for seed, subject in enumerate(subjects))
    assert projects.load(tmp_path).dataset == DatasetConfig(split_by=by)


def test_people_who_are_left_out_do_not_count(tmp_path):
    """A third one recorded a label that the project does not take: two cannot fill three sides."""
    (tmp_path / "tinyforge.toml").write_text(AUTO.replace("[dataset]", '[dataset]\nlabels = ["go", "stop"]'))
    store = RecordingStore(tmp_path / "dataset")
    takes = [(label, subject) for label in ("go", "stop") for subject in "ab"] + [("wave", "c")]
    store.add_all(a_take(seed, *take) for seed, take in enumerate(takes))
    assert projects.load(tmp_path).dataset.split_by == "recording"
    store.add(a_take(20, "stop", "c"))
    assert projects.load(tmp_path).dataset.split_by == "subject"


def test_a_frozen_split_stays_what_it_is(tmp_path):
    (tmp_path / "tinyforge.toml").write_text(AUTO)
    store = RecordingStore(tmp_path / "dataset")
    store.add_all(a_take(seed, label=("stop", "go")[seed % 2], subject="me") for seed in range(12))
    frozen.freeze(projects.load(tmp_path))
    store.add_all(a_take(100 + seed, label="go", subject=f"s{seed}") for seed in range(4))
    assert projects.load(tmp_path).dataset.split_by == "recording"
    frozen.file_of(projects.load(tmp_path)).unlink()
    assert projects.load(tmp_path).dataset.split_by == "subject"


class Told(Silent):
    """Keeps what is noted."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.mark.parametrize("by", ["recording", "session", "subject"])
def test_training_says_what_its_accuracy_does_not(tmp_path, by):
    (tmp_path / "tinyforge.toml").write_text(AUTO.replace("auto", by))
    told = Told()
    road = Road(projects.load(tmp_path), told)
    train.check(road, [])
    said = f"{by}s are kept apart, not people: what is measured holds for those who were recorded (dataset.split_by)"
    assert told.notes == ([] if by == "subject" else [said])


def test_training_says_how_many_teachers_it_has(tmp_path):
    (tmp_path / "tinyforge.toml").write_text(AUTO + 'teachers = "auto"\n')
    told = Told()
    road = Road(projects.load(tmp_path), told)
    (spec,) = road.project.models
    train.say_teachers(road, spec, trained_on(FEW_WINDOWS))
    train.say_teachers(road, dataclasses.replace(spec, teachers=2), trained_on(9))
    assert not told.notes
    train.say_teachers(road, spec, trained_on(9))
    assert told.notes == [
        f"c: {TEACHERS} networks of other seeds teach it, because fewer than 2048 windows train (teachers; 0 for none)"
    ]
