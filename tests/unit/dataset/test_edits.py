"""Edits by commands, and back."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.facts import CaptureFacts, Gap
from tinyforge.core.types import IMU_CHANNELS, Recording
from tinyforge.dataset import RecordingStore, edits
from tinyforge.dataset.motion import MotionSpec, find_movements


@pytest.fixture
def store(tmp_path, make_recording):
    store = RecordingStore(tmp_path / "dataset")
    store.add_all([make_recording(k, label="stop" if k % 2 else "go", subject=f"s{k % 3}") for k in range(6)])
    return store


def state(store):
    """What another process sees."""
    return sorted((e.id, e.digest) for e in RecordingStore(store.folder).entries())


def test_relabel_and_undo(store):
    before, digest = state(store), store.digest()
    (one, *_) = [entry.id for entry in store.entries() if entry.label == "go"]
    (new,) = edits.relabel(store, [one], {"label": "stop", "subject": "anna"})
    changed = store.load(new)
    assert (changed.label, changed.subject) == ("stop", "anna")
    assert one not in dict(state(store))
    assert store.digest() != digest
    assert [edit.what for edit in RecordingStore(store.folder).history()] == [
        f'relabel {one}: label "stop", subject "anna"'
    ]
    assert store.undo().removed == (one,)
    assert state(store) == before
    assert store.digest() == digest
    with pytest.raises(DataError, match="has no edit or import to undo"):
        RecordingStore(store.folder).undo()


def test_undo_goes_back_step_by_step(store):
    states = [state(store)]
    edits.delete(store, edits.select(store.entries(), ["go-*"]))
    states.append(state(store))
    assert {entry.label for entry in store.entries()} == {"stop"}
    edits.trim(store, edits.select(store.entries(), ["stop-s1"]), 0.1, -0.2)
    states.append(state(store))
    edits.relabel(store, edits.select(store.entries(), ["*"]), {"placement": "wrist"})
    for wanted in reversed(states):
        RecordingStore(store.folder).undo()
        assert state(store) == wanted


def test_an_import_is_a_step(store, make_recording):
    """What was there before stays, edits on top are undone first, and the same import brings everything back."""
    there = [make_recording(k, label="stop" if k % 2 else "go", subject=f"s{k % 3}") for k in range(6)]
    new = [make_recording(k, label="wave") for k in range(20, 23)]
    before = state(store)
    store.add_all([*there, *new], "import more")
    imported = state(store)
    assert len(imported) == 9
    edits.relabel(store, edits.select(store.entries(), ["wave-*"]), {"label": "turn"})
    assert RecordingStore(store.folder).undo().what.startswith("relabel")
    assert state(store) == imported
    assert RecordingStore(store.folder).undo().what == "import more"
    assert state(store) == before
    store.add_all([*there, *new], "import more")
    assert state(store) == imported
    store.add_all(new, "import nothing new")
    assert [edit.what for edit in RecordingStore(store.folder).history()] == ["import more"]


def test_an_import_that_fails_half_way_can_be_undone(store, make_recording):
    before = state(store)
    with pytest.raises(DataError, match="must be finite"):
        store.add_all([make_recording(20), replace(make_recording(21), samples=np.full((9, 6), np.nan))], "import bad")
    assert len(state(store)) == 7
    store.undo()
    assert state(store) == before


def test_a_line_that_was_deleted_does_not_spoil_the_import_after_it(store, make_recording):
    """An error advises to delete the line of a recording whose file is gone."""
    before = state(store)
    store.add_all([make_recording(k) for k in (20, 21)], "import more")
    gone = store.entries()[-1]
    lines = store.manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    del lines[-2]
    store.manifest.write_text("".join(lines), encoding="utf-8")
    (store.folder / gone.file).unlink()
    assert len(state(store)) == 7
    RecordingStore(store.folder).undo()
    assert state(store) == before


def test_an_edit_of_what_was_added_again_can_be_undone(store, make_recording):
    """Deleted, and then recorded or copied in once more: nothing is to bring back."""
    before = state(store)
    key = store.entries()[0].id
    edits.delete(store, [key])
    store.add(make_recording(0, label="go", subject="s0"))
    assert state(store) == before
    assert store.undo().removed == (key,)
    assert state(store) == before


def test_trim_keeps_labels_times_and_origin(tmp_path):
    store = RecordingStore(tmp_path)
    samples = np.arange(600, dtype=np.float32).reshape(100, 6)
    whole = Recording(
        samples, IMU_CHANNELS, 50.0, sample_labels=("a",) * 60 + ("b",) * 40, times_ms=np.arange(100) * 20.0
    )
    (one,) = edits.trim(store, [store.add(whole)], 1.0, 1.5)
    cut = store.load(one)
    assert np.array_equal(cut.samples, samples[50:75])
    assert cut.sample_labels == ("a",) * 10 + ("b",) * 15
    assert cut.times_ms.tolist() == (np.arange(50, 75) * 20.0).tolist()
    assert cut.origin == whole.digest[:12]
    assert cut.note == "[samples 50 to 74]"
    (entry,) = store.entries()
    assert entry.labels == ("a", "b")


def test_split_by_motion_finds_each_movement(tmp_path):
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(1000, 6)) * [0.005, 0.005, 0.005, 0.5, 0.5, 0.5] + [0, 0, 1, 0, 0, 0]
    moments = [(150, 260), (400, 480), (700, 850)]
    for first, last in moments:
        samples[first:last, 3:] += 200 * np.sin(np.arange(last - first) / 8)[:, None]
    recording = Recording(samples.astype(np.float32), IMU_CHANNELS, 100.0, label="wave", subject="s1")
    found = find_movements(recording, MotionSpec(margin_s=0.0))
    assert np.abs(np.array(found) - moments).max() <= 8
    store = RecordingStore(tmp_path)
    pieces = edits.split_by_motion(store, [store.add(recording)])
    assert len(pieces) == 3
    assert {entry.origin for entry in store.entries()} == {recording.digest[:12]}
    assert [edit.what for edit in store.history()] == [f"split {store.history()[0].removed[0]} by motion"]


def test_acceleration_alone_will_do():
    samples = np.random.default_rng(1).normal([0, 0, 9.81], 0.02, (400, 3))
    samples[100:200] += 8 * np.sin(np.arange(100) / 5)[:, None]
    channels = IMU_CHANNELS[:3]
    channels = tuple(type(c)(c.name, "m/s^2") for c in channels)
    ((first, last),) = find_movements(Recording(samples.astype(np.float32), channels, 100.0), MotionSpec())
    assert abs(first - 90) <= 12
    assert abs(last - 210) <= 12


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda s, ids: edits.select(s.entries(), ["g"]), DataError, "3 recordings begin with 'g'; write more of it"),
        (lambda s, ids: edits.select(s.entries(), ["sto*x"]), DataError, "no recording is called 'sto*x'"),
        (lambda s, ids: edits.relabel(s, ids[:1], {}), UsageError, "relabel: nothing to change"),
        (lambda s, ids: edits.relabel(s, ids, {"lable": "x"}), UsageError, 'did you mean "label"'),
        (lambda s, ids: edits.trim(s, ids[:1], 5, None), DataError, "5 s to 1.2 s of 1.2 s leaves nothing"),
        (lambda s, ids: edits.delete(s, ["gone"]), DataError, "has no recording 'gone'"),
    ],
)
def test_mistakes_change_nothing(store, act, error, message):
    before = state(store)
    with pytest.raises(error) as caught:
        act(store, [entry.id for entry in store.entries()])
    assert message in str(caught.value)
    assert state(store) == before
    assert store.history() == []


def test_an_edit_that_is_half_written_did_not_happen(store):
    before = state(store)
    whole = store.manifest.read_bytes()
    edits.delete(store, [store.entries()[0].id])
    line = store.manifest.read_bytes()[len(whole) :]
    for cut in range(0, len(line), 7):
        store.manifest.write_bytes(whole + line[:cut])
        assert state(store) == before


def test_deleted_recordings_come_back_when_they_are_added_again(store, make_recording):
    edits.delete(store, edits.select(store.entries(), ["go-*"]))
    store.add(make_recording(0, label="go", subject="s0"))
    assert [e.label for e in RecordingStore(store.folder).entries()].count("go") == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"undo": "x"}, "manifest.jsonl:7: undoes an edit, and there is none"),
        ({"undo": 3}, "manifest.jsonl:7: is no line of an undo"),
        ({"edit": "x", "removed": ["y"], "added": [], "before": ""}, "manifest.jsonl:7: edits y, which is not there"),
        ({"edit": "x", "removed": "y"}, "manifest.jsonl:7: is no line of an edit"),
        ({"import": "x", "added": "y", "before": ""}, "manifest.jsonl:7: is no line of an import"),
    ],
)
def test_damaged_edits_are_named(store, line, message):
    with store.manifest.open("a") as stream:
        stream.write(json.dumps(line) + "\n")
    with pytest.raises(DataError) as caught:
        RecordingStore(store.folder).entries()
    assert message in str(caught.value)


def test_a_part_keeps_the_gaps_that_are_in_it():
    facts = CaptureFacts(gaps=(Gap(10, 3), Gap(40, 2), Gap(60, 5)))
    whole = Recording(np.zeros((80, 6), np.float32), IMU_CHANNELS, 100.0, dropped=10, facts=facts)
    middle = edits.part(whole, 20, 60)
    assert (middle.dropped, middle.facts.gaps) == (2, (Gap(20, 2),))
    clean = edits.part(whole, 45, 55)
    assert (clean.dropped, clean.facts.gaps) == (0, ())
    assert (
        edits.part(Recording(whole.samples, IMU_CHANNELS, 100.0, dropped=4), 0, 10).dropped == 4
    )  # nobody knows where
