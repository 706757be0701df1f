"""Windows: cut where they should be, in one unit and one rate, and nothing of the test in training."""

import dataclasses

import numpy as np
import pytest

from tinyforge.core.errors import ConfigError, DataError
from tinyforge.core.types import IMU_CHANNELS, TEST, TRAIN, VALIDATION, Channel, WindowSpec
from tinyforge.dataset import (
    RecordingStore,
    SplitSpec,
    cut_windows,
    describe_split,
    make_dataset,
    read_recordings,
    recording_windows,
)
from tinyforge.dataset.even import evenly
from tinyforge.dataset.windows import majority

NAMES = tuple(c.name for c in IMU_CHANNELS)
SPEC = WindowSpec(50, 25, NAMES, 100.0)
BY_SUBJECT, BY_RECORDING = SplitSpec("subject"), SplitSpec("recording")


@pytest.fixture
def people(tmp_path, make_recording):
    """Eight people, two takes of each of three labels."""
    store = RecordingStore(tmp_path / "people")
    store.add_all(
        make_recording(100 * person + 10 * take + k, label=label, subject=f"s{person}", session=f"{take}")
        for person in range(8)
        for take in range(2)
        for k, label in enumerate(("stop", "rest", "go"))
    )
    return store


def test_windows_are_the_samples_from_hop_to_hop():
    samples = np.arange(240, dtype=np.float32).reshape(120, 2)
    windows = cut_windows(samples, 50, 25)
    assert windows.shape == (3, 50, 2)
    for k in range(3):
        assert np.array_equal(windows[k], samples[25 * k : 25 * k + 50])
    assert windows.flags.c_contiguous
    assert windows.base is None or not np.shares_memory(windows, samples)
    assert cut_windows(samples, 121, 1).shape == (0, 121, 2)
    assert len(cut_windows(samples, 120, 7)) == 1


def test_a_dataset_holds_every_window_once(people):
    dataset = make_dataset(people, SPEC, split=BY_SUBJECT)
    assert dataset.labels == ("go", "rest", "stop")
    assert dataset.windows.shape == (8 * 2 * 3 * 3, 50, 6)
    assert dataset.windows.dtype == np.float32
    assert dataset.spec == SPEC
    for recording_id in set(dataset.recordings):
        recording = people.load(str(recording_id))
        mine = dataset.recordings == recording_id
        assert np.array_equal(dataset.windows[mine], cut_windows(recording.samples, 50, 25))
        assert {dataset.labels[k] for k in dataset.targets[mine]} == {recording.label}
        assert set(dataset.groups[mine]) == {recording.subject}


def test_no_person_and_no_recording_on_two_sides(people):
    for split in (BY_SUBJECT, SplitSpec("session"), BY_RECORDING):
        dataset = make_dataset(people, SPEC, split=split)
        for names in (dataset.groups, dataset.recordings):
            for name in set(names):
                assert len(set(dataset.split[names == name])) == 1
        assert set(dataset.split) == {TRAIN, VALIDATION, TEST}
        table = describe_split(dataset)
        assert sum(sum(side.values()) for side in table.values()) == len(dataset.windows)
        assert all(table["train"].values())


def test_sessions_of_different_people_are_different(people):
    dataset = make_dataset(people, SPEC, split=SplitSpec("session"))
    assert len(set(dataset.groups)) == 16


def test_the_order_of_adding_does_not_matter(people, tmp_path):
    other = RecordingStore(tmp_path / "other")
    other.add_all(people.load(entry.id) for entry in reversed(people.entries()))
    one, two = (make_dataset(store, SPEC, split=BY_SUBJECT) for store in (people, other))
    assert one.digest == two.digest


def test_labels_choose_and_order_the_classes(people):
    dataset = make_dataset(people, SPEC, split=BY_SUBJECT, labels=["stop", "go"])
    assert dataset.labels == ("stop", "go")
    assert set(dataset.targets) == {0, 1}
    assert len(dataset.windows) == 8 * 2 * 2 * 3
    for recording_id in set(dataset.recordings[dataset.targets == 0]):
        assert str(recording_id).startswith("stop-")
    with pytest.raises(DataError, match='there is no recording of "stopp"; did you mean "stop"'):
        make_dataset(people, SPEC, split=BY_SUBJECT, labels=["stopp", "go"])
    with pytest.raises(DataError, match='has a single class, "go"'):
        make_dataset(people, SPEC, split=BY_SUBJECT, labels=["go"])
    with pytest.raises(ConfigError, match="names a class twice"):
        make_dataset(people, SPEC, split=BY_SUBJECT, labels=["go", "go"])


def test_channels_in_the_order_of_the_spec(make_recording):
    recording = make_recording(count=50)
    windows = recording_windows(recording, dataclasses.replace(SPEC, channels=("gz", "ax")))
    assert np.array_equal(windows[0], recording.samples[:, [5, 0]])
    with pytest.raises(DataError, match="recording: has no channel 'mx'; it has ax, ay, az, gx, gy, gz"):
        recording_windows(recording, dataclasses.replace(SPEC, channels=("ax", "mx")))


def test_units_become_g_and_dps(make_recording):
    recording = make_recording(count=50)
    si = tuple(Channel(c.name, {"g": "m/s^2", "dps": "rad/s"}[c.unit]) for c in IMU_CHANNELS)
    factors = np.array([9.80665] * 3 + [np.pi / 180] * 3)
    other = dataclasses.replace(recording, channels=si, samples=(recording.samples * factors).astype(np.float32))
    assert np.allclose(recording_windows(other, SPEC), recording_windows(recording, SPEC), rtol=1e-6)
    wrong = dataclasses.replace(recording, channels=(Channel("ax", "V"), *IMU_CHANNELS[1:]))
    with pytest.raises(DataError, match=r"channel ax has the unit 'V'; it must be one of: g, mg, m/s\^2"):
        recording_windows(wrong, SPEC)


def test_other_channels_must_agree_on_their_unit(tmp_path, make_recording):
    store = RecordingStore(tmp_path)
    for k, unit in enumerate(("C", "K")):
        store.add(make_recording(k, label=f"l{k}", channels=(*IMU_CHANNELS[:5], Channel("temp", unit))))
    with pytest.raises(DataError, match=r"gives temp in [CK], recording l\d-s01-\w+ in [CK]; import one of them again"):
        make_dataset(store, dataclasses.replace(SPEC, channels=("ax", "temp")), split=BY_RECORDING)


def test_another_rate_is_resampled(make_recording):
    time_s = np.arange(238) / 119.0
    samples = np.repeat(np.sin(2 * np.pi * 3 * time_s)[:, None], 6, axis=1).astype(np.float32)
    windows = recording_windows(make_recording(samples=samples, rate_hz=119.0), SPEC)
    assert windows.shape == (7, 50, 6)
    wanted = np.sin(2 * np.pi * 3 * (25 * 2 + np.arange(50)) / 100.0)
    assert np.abs(windows[2, :, 0] - wanted).max() < 2e-3


def test_a_recording_shorter_than_a_window_is_named(tmp_path, make_recording):
    store = RecordingStore(tmp_path)
    store.add_all(make_recording(k, label=label) for k, label in enumerate(["go", "go", "go", "stop", "stop"]))
    short = store.add(make_recording(9, label="stop", count=30))
    with pytest.raises(DataError) as caught:
        make_dataset(store, SPEC, split=BY_RECORDING)
    assert str(caught.value) == (
        f"recording {short}: has 30 samples; a window needs 50; record longer takes, delete this one, or shorten "
        "window.length"
    )
    with pytest.raises(DataError, match="has 119 samples at 119 Hz, which are 100 at 100 Hz; a window needs 101"):
        recording_windows(make_recording(count=119, rate_hz=119.0), dataclasses.replace(SPEC, length=101))


def test_lost_samples_are_refused_unless_allowed(people, make_recording):
    lossy = people.add(make_recording(999, subject="s1", dropped=4))
    with pytest.raises(DataError) as caught:
        make_dataset(people, SPEC, split=BY_SUBJECT)
    assert str(caught.value) == (
        f"recording {lossy}: has lost 4 samples; record it again, or set dataset.allow_dropped = true to train on it "
        "all the same"
    )
    dataset = make_dataset(people, SPEC, split=BY_SUBJECT, allow_dropped=True)
    assert lossy in set(dataset.recordings)


@pytest.mark.parametrize("by", ["subject", "session"])
def test_a_recording_without_subject_or_session_cannot_be_split_by_one(people, make_recording, by):
    nobody = people.add(make_recording(999, **({"session": "1"} | {by: ""})))
    with pytest.raises(DataError) as caught:
        make_dataset(people, SPEC, split=SplitSpec(by))
    assert str(caught.value) == (
        f"recording {nobody}: has no {by}, so it cannot be split by one; "
        f'import it again with --{by}, or set split_by = "recording"'
    )
    assert len(make_dataset(people, SPEC, split=BY_RECORDING).windows)


def test_every_class_must_be_in_training(people, make_recording):
    people.add_all(make_recording(k, label="wave", subject="s9") for k in range(900, 920))
    spec = SplitSpec("subject", test=0.45, validation=0.45)
    seen = 0
    for seed in range(12):
        error = None
        try:
            dataset = make_dataset(people, SPEC, split=dataclasses.replace(spec, seed=seed))
        except DataError as caught:
            error = caught
        if error is None:
            assert all(describe_split(dataset)["train"].values())
        else:
            seen += 1
            assert str(error).startswith('split: no recording of "')
            assert "is left for training" in str(error)
    assert seen


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"length": 0}, "window: length is 0"),
        ({"hop": 0}, "window: hop is 0"),
        ({"rate_hz": 0.0}, "window: rate_hz is 0.0"),
        ({"channels": ()}, "window: channels are []"),
        ({"channels": ("ax", "ax")}, "name at least one, each once"),
    ],
)
def test_windows_that_cannot_be(people, change, message):
    with pytest.raises(ConfigError) as caught:
        make_dataset(people, dataclasses.replace(SPEC, **change), split=BY_SUBJECT)
    assert message in str(caught.value)


def test_an_empty_dataset(tmp_path):
    with pytest.raises(DataError, match="dataset: has no recordings; record some with `tinyforge capture`"):
        make_dataset(RecordingStore(tmp_path), SPEC, split=BY_SUBJECT)


def test_a_recording_without_label_is_named(tmp_path, make_recording):
    store = RecordingStore(tmp_path)
    store.add_all(make_recording(k, label=label) for k, label in enumerate(["go", "stop", ""]))
    with pytest.raises(DataError, match="has no label; import it again with --label"):
        make_dataset(store, SPEC, split=BY_RECORDING)


def test_where_labels_change_a_window_has_that_of_most_of_its_samples():
    labels = ["go"] * 60 + ["stop"] * 40 + ["odd"] * 100
    # windows from 0, 25, ... hold 50/0, 35/15, 10/40, 0/25, then odd ones
    assert majority(labels, ("go", "stop"), 50, 25, transitions=True).tolist() == [0, 0, 1, 1, -1, -1, -1]
    assert majority(labels, ("go", "stop"), 50, 25, transitions=False).tolist() == [0, -1, -1, -1, -1, -1, -1]
    assert majority(labels, ("stop", "go", "odd"), 50, 25, transitions=True).tolist() == [1, 1, 0, 0, 2, 2, 2]
    assert majority(labels[:49], ("go",), 50, 25, transitions=True).tolist() == []


def test_labels_by_sample_become_windows_of_one_class(tmp_path, make_recording):
    store = RecordingStore(tmp_path)
    labels = ("go",) * 100 + ("stop",) * 60
    store.add_all(make_recording(k, 160, label="", sample_labels=labels, placement="wrist") for k in range(6))
    store.add(make_recording(9, 160, label="", sample_labels=labels, placement="pocket"))
    whole = make_dataset(store, SPEC, split=BY_RECORDING, placement="wrist")
    assert whole.labels == ("go", "stop")
    assert whole.targets.tolist() == [0, 0, 0, 0, 1] * 6  # from 0, 25, 50, 75 (25 of each: the first), 100
    pure = make_dataset(store, SPEC, split=BY_RECORDING, placement="wrist", transitions=False)
    assert pure.targets.tolist() == [0, 0, 0, 1] * 6
    assert np.array_equal(pure.windows, whole.windows[np.tile([True, True, True, False, True], 6)])
    with pytest.raises(DataError, match='dataset: no recording was placed "wrst"; did you mean "wrist"'):
        make_dataset(store, SPEC, split=BY_RECORDING, placement="wrst")


def test_recordings_of_one_origin_stand_on_one_side(tmp_path, make_recording):
    store = RecordingStore(tmp_path)
    store.add_all(
        make_recording(10 * k + n, label=label, origin=f"day{k}")
        for k in range(6)
        for n, label in enumerate(("go", "stop"))
    )
    dataset = make_dataset(store, SPEC, split=BY_RECORDING)
    assert set(dataset.groups) == {f"day{k}" for k in range(6)}


def test_times_that_jitter_are_made_even_and_labels_follow_them(make_recording):
    rng = np.random.default_rng(4)
    times_ms = np.sort(rng.uniform(0, 4000, 400))
    times_ms[0], times_ms[100], times_ms[-1] = 0.0, times_ms[99], 3990.0  # one time stands twice
    moment = times_ms / 1e3
    samples = np.stack([moment] * 6, axis=1).astype(np.float32)
    recording = make_recording(0, 400, samples=samples, rate_hz=100.0, times_ms=times_ms)
    out, nearest = evenly(recording, recording.samples, 100.0)
    assert len(out) == 400
    assert np.abs(out[:, 0] - np.arange(400) / 100).max() < 1e-3  # a straight line in time stays one
    assert np.abs(times_ms[nearest] - 10.0 * np.arange(400)).max() <= np.diff(times_ms).max()
    half, nearest = evenly(recording, recording.samples, 50.0)
    assert len(half) == len(nearest) == 200
    assert np.abs(times_ms[nearest] - 20.0 * np.arange(200)).max() <= np.diff(times_ms).max()


def test_training_windows_may_be_cut_more_often(people):
    plain = make_dataset(people, SPEC, split=BY_SUBJECT)
    finer = make_dataset(people, SPEC, split=BY_SUBJECT, training_hop=5)
    assert finer.spec == SPEC
    for side in (VALIDATION, TEST):
        assert np.array_equal(plain.part(side)[0], finer.part(side)[0])
    assert (finer.split == TRAIN).sum() == (plain.split == TRAIN).sum() // 3 * 15  # 1 + (120 - 50) // hop
    with pytest.raises(ConfigError, match="window: hop 25 is no multiple of training_hop 10"):
        make_dataset(people, SPEC, split=BY_SUBJECT, training_hop=10)


def test_groups_may_be_divided_by_somebody_else(people):
    sides = {f"s{k}": [TRAIN, VALIDATION, TEST][k % 3] for k in range(8)}
    dataset = make_dataset(people, SPEC, split=BY_SUBJECT, sides=sides)
    assert {(str(g), int(s)) for g, s in zip(dataset.groups, dataset.split, strict=True)} == set(sides.items())


def test_a_watch_labelled_sample_by_sample(public_data, tmp_path):
    """Public recordings of 16 people: times jitter and repeat, a phone lies beside the watch, labels change inside."""
    store = RecordingStore(tmp_path)
    store.add_all(read_recordings(public_data / "imu_sp_sw_har").recordings)
    spec = WindowSpec(100, 25, NAMES, 100.0)
    dataset = make_dataset(store, spec, split=BY_SUBJECT, placement="wrist")
    assert dataset.labels == ("SEATED", "SITTING_DOWN", "STANDING_UP", "TURNING", "WALKING")
    assert np.bincount(dataset.targets).tolist() == [456, 796, 717, 1361, 3009]
    assert len(set(dataset.groups)) == 16
    gravity = np.linalg.norm(dataset.windows[:, :, :3].mean(axis=1), axis=1)
    assert 0.9 < np.median(gravity) < 1.1
    pure = make_dataset(store, spec, split=BY_SUBJECT, placement="wrist", transitions=False)
    assert len(pure.targets) < 0.5 * len(dataset.targets)


@pytest.mark.parametrize("gap_ms", [188.0, 501.0])
def test_a_long_gap_is_not_bridged(make_recording, gap_ms):
    times = np.arange(120) * 10.0
    times[60:] += gap_ms - 10
    recording = make_recording(times_ms=times)
    spec = WindowSpec(50, 25, ("ax", "gx"), 100.0)
    if gap_ms < 500:
        assert len(recording_windows(recording, spec))
        return
    with pytest.raises(DataError) as caught:
        recording_windows(recording, spec, "recording r")
    assert str(caught.value).startswith(
        "recording r: has a gap of 501 ms after sample 59, longer than 500 ms; cut it there"
    )


@pytest.mark.parametrize("back_ms", [400.0, 700.0])
def test_a_clock_that_starts_anew_is_no_jitter(make_recording, back_ms):
    times = np.arange(120) * 10.0
    times[60:] -= back_ms + 10
    recording = make_recording(times_ms=times)
    spec = WindowSpec(50, 25, ("ax", "gx"), 100.0)
    if back_ms < 500:
        assert len(recording_windows(recording, spec))
        return
    with pytest.raises(DataError) as caught:
        recording_windows(recording, spec, "recording r")
    assert str(caught.value) == (
        "recording r: goes back in time by 700 ms after sample 59: a clock that was set or restarted; cut it there "
        "with `tinyforge dataset trim`, or delete it and import its parts as files of their own"
    )
