"""A frozen split stays when recordings are added, and is refused when those it was made with change."""

from __future__ import annotations

import json

import pytest

from tinyforge.cli import main
from tinyforge.core.errors import DataError
from tinyforge.dataset import RecordingStore, edits
from tinyforge.pipeline import datasets, frozen, projects

TOML = '[project]\nname = "d"\n[dataset]\nsplit_by = "%s"\n[[model]]\nname = "c"\narchitecture = "cnn1d"\n'


@pytest.fixture
def project(tmp_path, make_recording):
    (tmp_path / "tinyforge.toml").write_text(TOML % "subject")
    store = RecordingStore(tmp_path / "dataset")
    store.add_all(
        make_recording(10 * person + k, label=label, subject=f"s{person}")
        for person in range(8)
        for k, label in enumerate(("stop", "go"))
    )
    return projects.load(tmp_path)


def sides(project):
    dataset = datasets.windows_of(project)
    return {str(group): int(side) for group, side in zip(dataset.groups, dataset.split, strict=True)}


def test_new_people_move_nobody(project, make_recording):
    before = sides(project)
    said = frozen.freeze(project)
    assert sum(map(len, said["groups"].values())) == 8
    assert sides(project) == before
    datasets.store_of(project).add_all(
        make_recording(1000 + person, label=("stop", "go")[person % 2], subject=f"new{person}") for person in range(12)
    )
    after = sides(project)
    assert {group: after[group] for group in before} == before
    assert {after[f"new{person}"] for person in range(12)} == {0}
    frozen.file_of(project).unlink()
    assert {1, 2} & {sides(project)[f"new{person}"] for person in range(12)}


def test_recordings_that_changed_are_refused(project):
    frozen.freeze(project)
    store = datasets.store_of(project)
    name = store.entries()[0].id
    edits.relabel(store, [name], {"label": "go"})
    with pytest.raises(DataError, match=f"was frozen with recording {name}, which is gone or changed; bring it back"):
        datasets.windows_of(project)
    datasets.store_of(project).undo()
    datasets.windows_of(project)


def test_another_way_to_split_and_damage_are_refused(project):
    frozen.freeze(project)
    (project.root / "tinyforge.toml").write_text(TOML % "recording")
    with pytest.raises(DataError, match=r'was frozen by subject, dataset.split_by is "recording"; change it back'):
        datasets.windows_of(projects.load(project.root))
    for text in ("[]", "{", '{"by": "subject", "sides": {"s1": "tset"}, "recordings": {}}'):
        frozen.file_of(project).write_text(text)
        with pytest.raises(DataError, match=r"split\.json: is no frozen split: .*; restore the file, or delete it"):
            datasets.windows_of(project)


def test_the_command(project, capfd):
    with pytest.raises(SystemExit) as ended:
        main(["dataset", "freeze", "--json", "--project", str(project.root)])
    assert ended.value.code == 0
    said = json.loads(capfd.readouterr().out)
    assert json.loads(frozen.file_of(project).read_text())["by"] == "subject"
    assert set(said["groups"]) == {"train", "validation", "test"}
