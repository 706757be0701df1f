"""The store keeps recordings whole, known by their content, whatever happens to the process that adds them."""

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.facts import CaptureFacts, Gap
from tinyforge.core.recording_csv import recording_bytes
from tinyforge.core.types import IMU_CHANNELS
from tinyforge.dataset import RecordingStore


@pytest.fixture
def store(tmp_path):
    return RecordingStore(tmp_path / "dataset")


def rows(store):
    return [json.loads(line) for line in store.manifest.read_text().splitlines()]


def test_what_goes_in_comes_out(store, make_recording):
    recording = make_recording(dropped=2, session="day 1", board="virtual", note="windy")
    recording_id = store.add(recording)
    back = RecordingStore(store.folder).load(recording_id)
    assert back == recording
    assert back.note == "windy"
    (entry,) = store.entries()
    assert (entry.id, entry.label, entry.subject, entry.session, entry.board) == (
        recording_id,
        "stop",
        "s01",
        "day 1",
        "virtual",
    )
    assert (entry.rate_hz, entry.samples, entry.dropped, entry.channels, entry.duration_s) == (
        100.0,
        120,
        2,
        IMU_CHANNELS,
        1.2,
    )
    assert entry.digest == recording.digest
    assert entry.listed


def test_a_file_is_where_a_person_looks_for_it(store, make_recording):
    recording = make_recording()
    recording_id = store.add(recording)
    assert recording_id == f"stop-s01-{recording.digest[:12]}"
    path = store.folder / "recordings" / "stop" / f"{recording_id}.csv"
    assert path.read_bytes() == recording_bytes(recording)
    assert rows(store)[0]["file"] == f"recordings/stop/{recording_id}.csv"


@pytest.mark.parametrize("label", ["", "../../etc", "a/b", "ünï cödé", "x" * 300, ".", "stop\nnow"])
def test_no_label_leads_out_of_the_folder(store, make_recording, label):
    recording = make_recording(label=label, subject=label)
    recording_id = store.add(recording)
    inside = store.folder / "recordings"
    assert [p.resolve().is_relative_to(inside.resolve()) for p in inside.rglob("*.csv")] == [True]
    assert RecordingStore(store.folder).load(recording_id) == recording


def test_adding_again_changes_nothing(store, make_recording):
    ids = store.add_all([make_recording(k) for k in range(3)])
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in store.folder.rglob("*") if p.is_file()}
    assert store.add_all([make_recording(k) for k in (2, 0, 1, 2)]) == [ids[2], ids[0], ids[1], ids[2]]
    assert RecordingStore(store.folder).add(make_recording(1)) == ids[1]
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in store.folder.rglob("*") if p.is_file()} == before


def test_the_digest_knows_the_set_and_not_the_order(tmp_path, make_recording):
    recordings = [make_recording(k) for k in range(4)]
    one, other = RecordingStore(tmp_path / "a"), RecordingStore(tmp_path / "b")
    assert one.digest() == other.digest()
    one.add_all(recordings)
    for recording in reversed(recordings[1:]):
        other.add(recording)
    assert one.digest() != other.digest()
    other.add(recordings[0])
    assert one.digest() == other.digest()


def test_two_stores_on_one_folder_see_each_other(store, make_recording):
    other = RecordingStore(store.folder)
    ids = [store.add(make_recording(0)), other.add(make_recording(1)), store.add(make_recording(2))]
    assert [e.id for e in other.entries()] == ids
    assert [e.id for e in store.entries()] == ids
    assert len(rows(store)) == 3


def test_a_whole_file_that_is_not_listed_counts_and_is_listed_next_time(store, make_recording):
    ids = store.add_all([make_recording(k) for k in range(2)])
    digest = store.digest()
    first_line = store.manifest.read_bytes().splitlines(keepends=True)[0]
    store.manifest.write_bytes(first_line)  # as if killed between the file and its line
    fresh = RecordingStore(store.folder)
    assert [(e.id, e.listed) for e in fresh.entries()] == [(ids[0], True), (ids[1], False)]
    assert [e.id for e in fresh.unlisted()] == [ids[1]]
    assert fresh.digest() == digest
    assert fresh.load(ids[1]) == make_recording(1)
    fresh.add(make_recording(1))
    assert [row["id"] for row in rows(store)] == ids
    assert fresh.unlisted() == []


def test_a_copied_file_is_no_second_recording(store, make_recording):
    recording_id = store.add(make_recording())
    folder = store.folder / "recordings" / "stop"
    (folder / "copy.csv").write_bytes((folder / f"{recording_id}.csv").read_bytes())
    assert [e.id for e in store.entries()] == [recording_id]


def test_a_deleted_manifest_is_made_again(store, make_recording):
    ids = store.add_all([make_recording(k) for k in range(3)])
    store.manifest.unlink()
    assert {e.id for e in store.entries()} == set(ids)
    ids.append(store.add(make_recording(9)))
    assert {row["id"] for row in rows(store)} == set(ids)


def test_half_a_line_at_any_byte_is_survived(tmp_path, make_recording):
    recordings = [make_recording(k, count=3) for k in range(3)]
    store = RecordingStore(tmp_path / "d")
    ids = store.add_all(recordings)
    whole = store.manifest.read_bytes()
    digest = store.digest()
    second = whole.index(b"\n") + 1
    for cut in range(second, len(whole), 17):
        store.manifest.write_bytes(whole[:cut])
        fresh = RecordingStore(store.folder)
        assert {e.id for e in fresh.entries()} == set(ids)
        assert fresh.digest() == digest
        fresh.add(recordings[0])
        assert sorted(store.manifest.read_bytes().splitlines()) == sorted(whole.splitlines())


def test_files_still_being_written_are_not_seen(store, make_recording):
    recording_id = store.add(make_recording())
    folder = store.folder / "recordings" / "stop"
    (folder / ".x.csv.abc.tmp").write_text("half")
    (folder / ".x.csv").write_text("half")
    assert [e.id for e in store.entries()] == [recording_id]


def test_a_listed_file_that_is_gone_is_named(store, make_recording):
    recording_id = store.add(make_recording())
    (store.folder / "recordings" / "stop" / f"{recording_id}.csv").unlink()
    with pytest.raises(DataError) as caught:
        RecordingStore(store.folder).entries()
    assert str(caught.value) == (
        f"{store.manifest}: lists {recording_id}, but {store.folder}/recordings/stop/{recording_id}.csv is gone; "
        "bring the file back, or delete its line from the manifest"
    )
    assert store.add(make_recording()) == recording_id  # adding it again brings it back
    assert store.load(recording_id) == make_recording()


def test_a_file_that_was_edited_is_named(store, make_recording):
    recording_id = store.add(make_recording())
    path = store.folder / "recordings" / "stop" / f"{recording_id}.csv"
    text = path.read_text()
    path.write_text(text.replace('"s01"', '"s02"'))
    with pytest.raises(DataError, match="does not match the digest in its header"):
        store.load(recording_id)
    path.write_bytes(recording_bytes(make_recording(5)))
    with pytest.raises(DataError, match=f"is not the recording that was added as {recording_id}"):
        store.load(recording_id)


def test_a_foreign_file_is_named(store, make_recording):
    store.add(make_recording())
    (store.folder / "recordings" / "stop" / "mine.csv").write_text("1,2,3\n")
    with pytest.raises(DataError, match=r"mine\.csv: is not a tinyforge recording; bring other files in with"):
        store.entries()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", ":1: is not a line of JSON"),
        ("[]", ":1: is not a JSON object"),
        ('{"idd": "x"}', ":1: unknown key 'idd'; did you mean \"id\"?"),
        ('{"id": "x"}', ":1: has no file"),
    ],
)
def test_a_damaged_manifest_is_named(store, line, message):
    store.folder.mkdir()
    store.manifest.write_text(line + "\n")
    with pytest.raises(DataError) as caught:
        store.entries()
    assert str(caught.value).startswith(str(store.manifest) + message)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("file", "/etc/passwd", "is not inside recordings/"),
        ("file", "recordings/../../x.csv", "is not inside recordings/"),
        ("file", "recordings/stop/x.sh", "is not inside recordings/"),
        ("rate_hz", 0, "a value has the wrong type"),
        ("samples", "9", "a value has the wrong type"),
        ("channels", [["ax"]], "a value has the wrong type"),
        ("label", None, "a value has the wrong type"),
    ],
)
def test_a_manifest_is_not_trusted(store, make_recording, key, value, message):
    store.add(make_recording())
    row = rows(store)[0] | {key: value}
    store.manifest.write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=message):
        RecordingStore(store.folder).entries()


def test_an_unknown_id(store, make_recording):
    recording_id = store.add(make_recording())
    with pytest.raises(DataError, match=f'did you mean "{recording_id}"'):
        store.load(recording_id[:-1])
    assert RecordingStore(store.folder / "none").entries() == []


def test_bad_samples_do_not_take_the_good_ones_along(store, make_recording):
    bad = np.full((4, 6), np.nan, np.float32)
    with pytest.raises(DataError, match="sample 0 of ax is nan"):
        store.add_all([make_recording(0), make_recording(1), make_recording(samples=bad)])
    assert len(rows(store)) == 2


def test_a_folder_that_cannot_be_written(tmp_path, make_recording):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        RecordingStore(tmp_path / "file" / "dataset").add(make_recording())


_WRITER = """
import sys
import numpy as np
from tinyforge.core.recording_csv import recording_bytes
from tinyforge.core.types import IMU_CHANNELS, Recording
from tinyforge.dataset.store import RecordingStore
store = RecordingStore(sys.argv[1])
recording_bytes(Recording(np.zeros((2, 6), np.float32), IMU_CHANNELS, 100.0))  # all libraries are loaded
print("ready", flush=True)
for k in range(int(sys.argv[2]), 10_000):
    samples = np.random.default_rng(k).normal(size=(40, 6)).astype(np.float32)
    store.add(Recording(samples, IMU_CHANNELS, 100.0, label="stop", subject=f"s{k:02d}"))
    print(k, flush=True)
"""


def test_a_writer_killed_at_any_moment_loses_nothing_it_had_finished(tmp_path):
    folder = tmp_path / "dataset"
    chance = random.Random(4)
    finished = 0
    for _ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(folder), str(finished)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.01, 0.08))
        writer.send_signal(signal.SIGKILL)
        said = writer.stdout.read().decode().splitlines(keepends=True)
        writer.stdout.close()
        writer.wait()
        finished += sum(line.endswith("\n") for line in said)
        entries = RecordingStore(folder).entries()
        subjects = sorted(entry.subject for entry in entries)
        # all that were reported, in order, and at most the one that was being reported
        assert subjects == sorted(f"s{k:02d}" for k in range(len(subjects)))
        assert finished <= len(subjects) <= finished + 1
        for entry in entries:
            RecordingStore(folder).load(entry.id)
        finished = len(subjects)
    assert finished > 0


FACTS = CaptureFacts(
    started="2026-11-25T16:20:00.250Z",
    firmware="0.1.0",
    ranges=(4.0, 4.0, 4.0, 2000.0, 2000.0, 0.0),
    clipped=3,
    gaps=(Gap(0, 2), Gap(120, 5)),
    damaged=4,
    rate_measured_hz=99.5,
    rate_error_hz=0.25,
    rate_clock="device",
    cut="the board restarted",
)


def test_how_a_recording_came_is_in_its_file_and_in_the_manifest(store, make_recording):
    recording = make_recording(dropped=7, facts=FACTS)
    recording_id = store.add(recording)
    assert rows(store)[0]["capture"]["gaps"] == [[0, 2], [120, 5]]
    fresh = RecordingStore(store.folder)
    assert fresh.load(recording_id).facts == FACTS
    assert [entry.facts for entry in fresh.entries()] == [FACTS]
    store.manifest.unlink()
    assert [entry.facts for entry in RecordingStore(store.folder).entries()] == [FACTS]


def test_gaps_are_part_of_what_a_recording_is_and_when_it_was_made_is_not(make_recording):
    one = make_recording(facts=FACTS)
    assert make_recording(facts=dataclasses.replace(FACTS, started="", rate_measured_hz=1.0)) == one
    assert make_recording(facts=dataclasses.replace(FACTS, gaps=(Gap(1, 2), Gap(120, 5)))) != one
    assert make_recording(facts=CaptureFacts()) == make_recording()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ([], "capture is no JSON object"),
        ({"gap": []}, "capture has an unknown key 'gap'"),
        ({"gaps": [[1]]}, r"capture gaps cannot be \[\[1\]\]"),
        ({"gaps": [[1, 0]]}, r"capture gaps cannot be \[\[1, 0\]\]"),
        ({"clipped": -1}, "capture clipped cannot be -1"),
        ({"ranges": ["4"]}, r"capture ranges cannot be \['4'\]"),
        ({"rate_measured_hz": True}, "capture rate_measured_hz cannot be True"),
        ({"cut": 5}, "capture cut cannot be 5"),
    ],
)
def test_what_a_manifest_says_of_the_capture_is_not_trusted(store, make_recording, said, message):
    store.add(make_recording(facts=FACTS))
    store.manifest.write_text(json.dumps(rows(store)[0] | {"capture": said}) + "\n")
    with pytest.raises(DataError, match=message):
        RecordingStore(store.folder).entries()


def test_a_recording_is_taken_out_and_brought_back(store, make_recording):
    ids = store.add_all([make_recording(k) for k in range(3)])
    digest = store.digest()
    assert store.remove(ids[1]).id == ids[1]
    for seen in (store, RecordingStore(store.folder)):
        assert [e.id for e in seen.entries()] == [ids[0], ids[2]]
    with pytest.raises(DataError, match="has no recording"):
        store.load(ids[1])
    with pytest.raises(DataError, match="has no recording"):
        store.remove(ids[1])
    with pytest.raises(DataError, match="has no recording"):
        store.restore("../recordings/stop/" + ids[0])
    assert store.restore(ids[1]).id == ids[1]
    assert RecordingStore(store.folder).digest() == digest
    assert RecordingStore(store.folder).load(ids[1]) == make_recording(1)
    with pytest.raises(DataError, match="has no recording"):
        store.restore(ids[1])


def test_what_was_taken_out_can_be_recorded_again(store, make_recording):
    recording_id = store.add(make_recording())
    store.remove(recording_id)
    assert store.add(make_recording()) == recording_id
    assert [e.id for e in RecordingStore(store.folder).entries()] == [recording_id]


@pytest.mark.parametrize("doing", ["remove", "restore"])
def test_killed_between_line_and_file_nothing_is_lost(store, make_recording, doing, monkeypatch):
    ids = store.add_all([make_recording(k) for k in range(2)])
    if doing == "restore":
        store.remove(ids[0])

    def killed(_, what):
        if what:
            raise KeyboardInterrupt

    monkeypatch.setattr(store, "_move" if doing == "remove" else "_append", killed)
    with pytest.raises(KeyboardInterrupt):
        getattr(store, doing)(ids[0])
    fresh = RecordingStore(store.folder)
    assert {e.id for e in fresh.entries()} == set(ids)
    fresh.add(make_recording(2))
    assert {e.id for e in RecordingStore(store.folder).entries() if e.listed} >= set(ids)


def test_a_note_is_replaced_and_the_recording_stays_what_it_is(store, make_recording):
    recording_id = store.add(make_recording(note="first"))
    store.annotate(recording_id, "left hand")
    fresh = RecordingStore(store.folder)
    assert [e.note for e in fresh.entries()] == ["left hand"]
    assert fresh.load(recording_id).note == "left hand"
    assert fresh.load(recording_id) == make_recording()
    with pytest.raises(DataError, match="has no recording"):
        store.annotate("nobody", "x")
