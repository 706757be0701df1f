"""Planted faults are found and named; clean sets are left in peace."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from tinyforge.cli import main
from tinyforge.core.types import IMU_CHANNELS, TEST, TRAIN, Channel, Recording
from tinyforge.dataset import RecordingStore
from tinyforge.dataset.quality import check
from tinyforge.pipeline import examination, projects
from tinyforge.virtual.motion import motion_labels, motion_spec, open_motion, read_motion

PEOPLE, TAKES = 6, 3


def clean(kind="police", seed=1):
    """Recordings of six people, every class three times, 3 s each."""
    return [
        Recording(
            read_motion(open_motion(motion_spec(kind, label, who, take, seed)), 0, 300),
            IMU_CHANNELS,
            100.0,
            label=label,
            subject=f"p{who}",
            session=f"take {take}",
        )
        for who in range(PEOPLE)
        for label in motion_labels(kind)
        for take in range(TAKES)
    ]


@pytest.fixture(scope="module", params=["police", "wand"])
def recordings(request):
    return clean(request.param)


def found(recordings, sides=None):
    """Codes of errors and warnings."""
    report = check([(f"r{i:03d}", recording) for i, recording in enumerate(recordings)], sides)
    return {finding.code: finding for finding in report.findings if finding.severity != "note"}


def some(recordings, change, share=0.15, seed=3):
    """The same, a share of them changed."""
    chosen = set(np.random.default_rng(seed).permutation(len(recordings))[: max(2, round(share * len(recordings)))])
    return [change(one) if i in chosen else one for i, one in enumerate(recordings)]


def with_samples(recording, samples):
    return dataclasses.replace(recording, samples=np.ascontiguousarray(samples, np.float32))


@pytest.mark.parametrize("kind", ["police", "wand"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_clean_set_raises_no_alarm(kind, seed):
    assert found(clean(kind, seed)) == {}


def test_milli_g_in_one_class(recordings):
    label = recordings[0].label
    planted = [with_samples(r, r.samples * ([1000] * 3 + [1] * 3)) if r.label == label else r for r in recordings]
    finding = found(planted)["wrong-unit"]
    assert finding.severity == "error"
    assert "--units mg" in finding.way_out


def test_g_declared_as_metres(recordings):
    wrong = (*(Channel(c.name, "m/s^2") for c in IMU_CHANNELS[:3]), *IMU_CHANNELS[3:])
    finding = found([dataclasses.replace(r, channels=wrong) for r in recordings])["wrong-unit"]
    assert finding.count > 0.8 * len(recordings)
    assert "--units g" in finding.way_out


def test_a_constant_channel(recordings):
    planted = some(recordings, lambda r: with_samples(r, r.samples * [1, 1, 1, 1, 0, 1]))
    assert found(planted)["dead-channel"].fact == "channel gy has one value throughout"


def test_a_clipped_sensor(recordings):
    def clip(recording):
        return with_samples(recording, np.clip(recording.samples, [-1.2] * 3 + [-150] * 3, [1.2] * 3 + [150] * 3))

    codes = found([clip(recording) for recording in recordings])
    assert {"clipping", "saturated-gyro"} <= set(codes)


def test_a_doubled_rate(recordings):
    def doubled(recording):
        return dataclasses.replace(recording, rate_hz=200.0)

    assert found(some(recordings, doubled, share=0.2))["wrong-rate"].severity == "error"


@pytest.mark.parametrize(("one", "two"), [(0, 1), (1, 2)])
def test_swapped_axes_of_one_person(one, two):
    order = [0, 1, 2, 3, 4, 5]
    order[one], order[two] = order[two], order[one]
    planted = [with_samples(r, r.samples[:, order]) if r.subject == "p2" else r for r in clean("police")]
    assert found(planted)["swapped-axes"].severity == "error"


def test_takes_in_which_no_gesture_came(recordings):
    def still(recording):
        mean = recording.samples.mean(axis=0)
        return with_samples(recording, mean + 0.1 * (recording.samples - mean))

    moves = [i for i, one in enumerate(recordings) if one.label != "rest"]
    empty = moves[2]
    planted = [still(one) if i == empty else one for i, one in enumerate(recordings)]
    finding = found(planted)["no-movement"]
    assert (finding.severity, finding.where) == ("warning", (f"r{empty:03d}",))
    assert finding.fact == "1 take hardly moves: less than 0.3 of what the others of its class do"


def test_a_jolt_that_triggered_the_recorder_is_no_gesture(recordings):
    def jolted(recording, size):
        mean = recording.samples.mean(axis=0)
        samples = mean + 0.1 * (recording.samples - mean)
        samples[:20, 0] += size * recording.samples[:, :3].std(axis=0).sum()
        return with_samples(recording, samples)

    moves = [i for i, one in enumerate(recordings) if one.label != "rest"]
    planted = [jolted(one, 1.0) if i == moves[2] else one for i, one in enumerate(recordings)]
    before, after = (one[moves[2]].samples[:, :3].var(axis=0).sum() ** 0.5 for one in (recordings, planted))
    assert after > 0.3 * before  # the acceleration alone looks like a movement
    assert found(planted)["no-movement"].where == (f"r{moves[2]:03d}",)
    alone = [dataclasses.replace(one, samples=one.samples[:, :3], channels=one.channels[:3]) for one in planted]
    assert "no-movement" not in found(alone)
    assert "no-movement" not in found([jolted(one, 4.0) if i == moves[2] else one for i, one in enumerate(recordings)])


def test_takes_duplicated_across_people(recordings):
    copies = [dataclasses.replace(r, subject="p9") for r in recordings if r.subject == "p1"][:4]
    finding = found([*recordings, *copies])["duplicate"]
    assert finding.severity == "error"
    assert "different people" in finding.fact


def test_takes_nearly_duplicated_across_sides_of_the_split(recordings):
    noise = np.random.default_rng(1).normal(size=(300, 6)) * 1e-4
    copy = dataclasses.replace(with_samples(recordings[0], recordings[0].samples + noise), session="again")
    sides = {f"r{i:03d}": TRAIN for i in range(len(recordings))} | {f"r{len(recordings):03d}": TEST}
    finding = found([*recordings, copy], sides)["near-duplicate"]
    assert finding.severity == "error"
    assert "train and test" in finding.fact


def test_parts_of_one_recording_on_two_sides(recordings):
    planted = [dataclasses.replace(r, origin="long") if i in (0, 40) else r for i, r in enumerate(recordings)]
    sides = {f"r{i:03d}": TEST if i >= 36 else TRAIN for i in range(len(recordings))}
    assert found(planted, sides)["leaking-split"].where == ("r000", "r040")
    assert "leaking-split" not in found(recordings, sides)


def test_shuffled_labels():
    good = clean("wand")
    labels = sorted({r.label for r in good})

    def other(recording):
        return dataclasses.replace(recording, label=labels[(labels.index(recording.label) + 1) % len(labels)])

    report = check([(f"r{i:03d}", r) for i, r in enumerate(some(good, other, share=0.05))])
    assert any(finding.code == "label-noise" for finding in report.findings)


def test_length_that_tells_the_class(recordings):
    labels = sorted({r.label for r in recordings})
    rng = np.random.default_rng(2)

    def cut(recording):
        end = 150 + 30 * labels.index(recording.label) + int(rng.integers(0, 5))
        return with_samples(recording, recording.samples[:end])

    assert found([cut(recording) for recording in recordings])["trivial-feature"].severity == "error"


def test_lost_samples_and_one_person_a_class(recordings):
    lost = [dataclasses.replace(recordings[0], dropped=40), *recordings[1:]]
    assert found(lost)["gaps"].severity == "warning"
    labels = sorted({r.label for r in recordings})
    alone = [dataclasses.replace(r, subject=f"p{labels.index(r.label)}") for r in recordings]
    assert found(alone)["person-is-class"].severity == "error"


def test_the_commands_check_change_and_undo(tmp_path, capfd):
    (tmp_path / "tinyforge.toml").write_text('[project]\nname = "d"\n[[model]]\nname = "c"\narchitecture = "cnn1d"\n')
    store = RecordingStore(tmp_path / "dataset")
    good = clean()
    store.add_all(good)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["dataset", *map(str, arguments), "--project", str(tmp_path)])
        return ended.value.code

    assert run("check", "--html", tmp_path / "d.html") == 0
    page = (tmp_path / "d.html").read_text()
    assert "Nothing was found that spoils a training." in page
    assert "<script" not in page
    before = store.digest()
    assert run("relabel", "stop-p0-*", "--subject", "p1") == 0
    assert run("delete", "rest-*") == 0
    assert run("undo") == 0
    assert run("undo") == 0
    assert RecordingStore(tmp_path / "dataset").digest() == before
    assert run("undo") == 3
    assert run("export", tmp_path / "all.npz", "--format", "npz") == 0
    copies = [dataclasses.replace(recording, subject="p9") for recording in good[:4]]
    store.add_all(copies)
    capfd.readouterr()
    assert run("check", "--json") == 1
    said = json.loads(capfd.readouterr().out)
    assert said["findings"][0]["code"] == "duplicate"
    assert run("check") == 1
    assert "NOT fit for a training" in capfd.readouterr().out


def test_what_hardly_moves_is_deleted_when_asked_for(tmp_path, capfd):
    (tmp_path / "tinyforge.toml").write_text('[project]\nname = "d"\n[[model]]\nname = "c"\narchitecture = "cnn1d"\n')
    good, (take, *_) = clean(), [one for one in clean() if one.label != "rest"]
    mean = take.samples.mean(axis=0)
    empty = dataclasses.replace(with_samples(take, mean + 0.05 * (take.samples - mean)), session="take 9")
    store = RecordingStore(tmp_path / "dataset")
    store.add_all([*good, empty])

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["dataset", *map(str, arguments), "--project", str(tmp_path)])
        return ended.value.code

    (still,) = [one for one in store.entries() if one.session == "take 9"]
    assert run("delete", "--json", "--still") == 0
    assert json.loads(capfd.readouterr().out)["taken"] == [still.id]
    assert len(RecordingStore(tmp_path / "dataset").entries()) == len(good)
    assert run("delete", "--still") == 3
    assert "no recording hardly moves" in capfd.readouterr().err
    assert run("undo") == 0
    assert len(RecordingStore(tmp_path / "dataset").entries()) == len(good) + 1
    assert run("delete") == 2
    assert "names no recording\n  -> give ids or patterns, or --still" in capfd.readouterr().err


def test_of_a_set_that_does_not_fit_into_memory_a_part_is_looked_at(tmp_path, monkeypatch):
    (tmp_path / "tinyforge.toml").write_text('[project]\nname = "d"\n[[model]]\nname = "c"\narchitecture = "cnn1d"\n')
    recordings = clean()
    RecordingStore(tmp_path / "dataset").add_all(recordings)
    values = recordings[0].samples.size
    monkeypatch.setattr(examination, "MOST_VALUES", 40 * values)
    said = examination.check(projects.load(tmp_path))
    assert said["takes"] == 40
    (part,) = [one for one in said["findings"] if one["code"] == "part-of-set"]
    assert part["severity"] == "note"
    assert part["fact"].startswith(f"40 of {len(recordings)} recordings were looked at, drawn by chance")
    monkeypatch.setattr(examination, "MOST_VALUES", len(recordings) * values)
    assert examination.check(projects.load(tmp_path))["takes"] == len(recordings)
    monkeypatch.setattr(examination, "MOST_VALUES", 1)
    assert examination.check(projects.load(tmp_path))["takes"] == 1


def test_what_stops_a_training_is_said_by_the_check_too(tmp_path):
    (tmp_path / "tinyforge.toml").write_text(
        '[project]\nname = "d"\n[window]\nlength = 301\n[[model]]\nname = "c"\narchitecture = "cnn1d"\n'
    )
    RecordingStore(tmp_path / "dataset").add_all(clean())
    said = examination.check(projects.load(tmp_path))
    (one,) = [one for one in said["findings"] if one["code"] == "no-windows"]
    assert one["severity"] == "warning"
    beginning, _, fact = one["fact"].rpartition(": ")
    assert beginning.startswith("as tinyforge.toml stands, a training stops here: recording ")
    assert fact == "has 300 samples; a window needs 301"
    assert one["way_out"] == "record longer takes, delete this one, or shorten window.length"
    (tmp_path / "tinyforge.toml").write_text('[project]\nname = "d"\n[[model]]\nname = "c"\narchitecture = "cnn1d"\n')
    assert "no-windows" not in [one["code"] for one in examination.check(projects.load(tmp_path))["findings"]]


def test_takes_of_a_few_samples_are_no_dataset():
    report = check([("a", dataclasses.replace(clean()[0], samples=clean()[0].samples[:7]))])
    assert not report.ok
    assert [(one.code, one.fact) for one in report.findings] == [("too-short", "no stretch of one label has 8 samples")]
