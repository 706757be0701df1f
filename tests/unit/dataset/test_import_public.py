"""Every importer on its public set: counts, units and rates are those of the set's README.

Where a README tells of the whole set and the file here holds a part, the counts are those of the file, counted by other
means: nano-gestures has 183 recordings here (265 upstream).
"""

import itertools
import re
import zipfile
from collections import Counter

import numpy as np
import pytest

from tinyforge.core.errors import DataError
from tinyforge.core.types import IMU_CHANNELS
from tinyforge.dataset import ImportOptions, export_recordings, read_recordings


@pytest.fixture
def readme(public_data):
    def text(name):
        path = public_data / name / "README.md"
        if not path.is_file():
            pytest.skip(f"no {path}")
        return path.read_text()

    return text


def labels(recordings):
    return Counter(recording.label for recording in recordings)


def units(recordings):
    return {tuple((c.name, c.unit) for c in recording.channels) for recording in recordings}


IMU = tuple((c.name, c.unit) for c in IMU_CHANNELS)
SI_IMU = tuple((c.name, {"g": "m/s^2", "dps": "rad/s"}[c.unit]) for c in IMU_CHANNELS)


def test_wand_spells(public_data, readme):
    assert "119 rows per recording" in readme("imu_wand_spells_6axis")
    result = read_recordings(public_data / "imu_wand_spells_6axis", ImportOptions(rate_hz=119, take_samples=119))
    assert (result.format, units(result.recordings)) == ("csv", {IMU})
    assert {r.samples.shape for r in result.recordings} == {(119, 6)}
    with zipfile.ZipFile(public_data / "imu_wand_spells_6axis" / "data_train.zip") as archive:
        rows = {n: archive.read(n).count(b"\n") - 1 for n in archive.namelist() if n.endswith(".csv")}
    assert labels(result.recordings) == {re.sub(r".*/|[.]csv", "", name): count // 119 for name, count in rows.items()}


def test_magic_wand(public_data, readme):
    text = readme("imu_magic_wand_tf")
    stated = {gesture: int(a) + int(b) for gesture, a, b in re.findall(r"(ring|slope|wing) (\d+)\+(\d+)(?=[ ,])", text)}
    result = read_recordings(public_data / "imu_magic_wand_tf")
    assert result.format == "magic-wand"
    found = labels(result.recordings)
    assert stated == {"ring": 62, "slope": 67, "wing": 61}
    assert {gesture: found[gesture] for gesture in stated} == stated
    assert {r.rate_hz for r in result.recordings} == {25.0}
    for recording in result.recordings:  # "gesture files are in g, negative files in milli-g"
        assert {c.unit for c in recording.channels} == {"mg" if recording.label == "negative" else "g"}
    assert {r.subject for r in result.recordings if r.label != "negative"} == {"hyw", "jiangyh"}


def test_edge_impulse(public_data, readme):
    assert "12 per class" in readme("imu_edgeimpulse_xiao")
    folder = public_data / "imu_edgeimpulse_xiao"
    with pytest.raises(DataError, match=r"\.json: the stated unit m/s\^2 .* gravity forbids; g fits: give --units g"):
        read_recordings(folder)
    result = read_recordings(folder, ImportOptions(units=("g",)))
    assert result.format == "edge-impulse"
    assert labels(result.recordings) == dict.fromkeys(("circle", "flick", "idle", "updown"), 12)
    assert {(r.samples.shape, r.rate_hz) for r in result.recordings} == {((1040, 3), 104.0)}
    assert units(result.recordings) == {IMU[:3]}
    idle = [np.linalg.norm(r.samples, axis=1) for r in result.recordings if r.label == "idle"]
    assert np.median(np.concatenate(idle)) == pytest.approx(1.0, abs=0.01)


def test_uci_har(public_data, readme):
    assert "(209 windows), test s07 s08 (142)" in readme("imu_uci_har_layout_derived")
    result = read_recordings(public_data / "imu_uci_har_layout_derived")
    assert result.format == "uci-har"
    sides = Counter(recording.note.split()[0] for recording in result.recordings)
    assert sides == {"train": 209, "test": 142}
    assert {(r.samples.shape, r.rate_hz) for r in result.recordings} == {((128, 9), 50.0)}
    assert {r.subject for r in result.recordings} == {"1", "2", "4", "5", "7", "8"}
    (channels,) = units(result.recordings)
    assert channels[:6] == tuple((name, "g" if name[0] == "a" else "rad/s") for name, _ in IMU)
    assert len(labels(result.recordings)) == 5


def test_windows_that_overlap_share_an_origin(public_data):
    recordings = read_recordings(public_data / "imu_uci_har_layout_derived").recordings
    for one, other in itertools.pairwise(recordings):
        overlap = np.array_equal(one.samples[64:], other.samples[:64])
        assert (one.origin == other.origin) == (overlap and one.subject == other.subject)


def test_basic_motions(public_data, readme):
    assert "100 samples = 10 s at 10 Hz" in readme("imu_basicmotions_ts")
    folder = public_data / "imu_basicmotions_ts"
    with pytest.raises(DataError, match=r"give --rate \(the README mentions 10 Hz\)"):
        read_recordings(folder)
    result = read_recordings(folder, ImportOptions(rate_hz=10))
    assert labels(result.recordings) == dict.fromkeys(("Standing", "Walking", "Running", "Badminton"), 10)
    assert {r.samples.shape for r in result.recordings} == {(100, 6)}
    # gravity was taken out of these accelerations and no unit is written anywhere
    (note,) = result.notes
    assert note.startswith("BasicMotions_TRAIN.ts: no gravity is in the 6 dimensions, so their meaning is unknown")
    named = ImportOptions(
        rate_hz=10, columns=("bx", "by", "bz", "gx", "gy", "gz"), units=("m/s^2",) * 3 + ("rad/s",) * 3
    )
    assert units(read_recordings(folder, named).recordings) == {
        (("bx", "m/s^2"), ("by", "m/s^2"), ("bz", "m/s^2"), ("gx", "rad/s"), ("gy", "rad/s"), ("gz", "rad/s"))
    }


@pytest.mark.parametrize("subjects", [2, pytest.param(16, marks=pytest.mark.heavy)])
def test_labels_by_sample(public_data, readme, tmp_path, subjects):
    assert "102.5 Hz (sp), 104.3 Hz (sw)" in readme("imu_sp_sw_har")
    folder = tmp_path / "set"
    folder.mkdir()
    for path in [
        *sorted((public_data / "imu_sp_sw_har").glob("s*.zip"))[:subjects],
        *(public_data / "imu_sp_sw_har").glob("*_info.csv"),
    ]:
        (folder / path.name).symlink_to(path)
    result = read_recordings(folder)
    assert result.format == "csv"
    assert units(result.recordings) == {SI_IMU}
    assert len({r.subject for r in result.recordings}) == subjects
    stated = {"SEATED", "STANDING_UP", "WALKING", "TURNING", "SITTING_DOWN"}
    counted: Counter = Counter()
    files = 0
    for path in sorted(folder.glob("s*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if re.fullmatch(r"DATA/.*_s[pw]\.csv", name):
                    files += 1
                    counted.update(
                        line.rsplit(b",", 1)[1].strip().decode() for line in archive.read(name).splitlines()[1:]
                    )
    assert len(result.recordings) == files
    assert Counter(label for r in result.recordings for label in r.sample_labels) == counted
    assert set(counted) == stated
    for placement, rate_hz in (("pocket", 102.5), ("wrist", 104.3)):
        rates = [r.rate_hz for r in result.recordings if r.placement == placement]
        assert np.mean(rates) == pytest.approx(rate_hz, abs=0.15 if subjects == 16 else 0.6)
    phone, watch = (
        next(r for r in result.recordings if r.origin == "s01_02" and r.placement == p) for p in ("pocket", "wrist")
    )
    assert phone.session == watch.session == "02"
    assert phone.times_ms[0] == 0.0


COUNTS = {  # as the files here hold them, by hand; a README that says otherwise is named in docs/datasets.md
    "imu_nano33_gestures": {"circ": 33, "flex": 18, "hori": 68, "punch": 11, "vert": 53},
    "imu_wand_spells_6axis": {
        "AlohomoraCharm": 19,
        "ArrestoMomentumCharm": 18,
        "AvadaKedavra": 23,
        "LocomotorCharm": 19,
        "Revelio": 21,
    },
    "imu_magic_wand_tf": {"negative": 52, "ring": 62, "slope": 67, "wing": 61},
    "imu_edgeimpulse_xiao": {"circle": 12, "flick": 12, "idle": 12, "updown": 12},
    "imu_uci_har_layout_derived": {
        "SEATED": 14,
        "SITTING_DOWN": 32,
        "STANDING_UP": 34,
        "TURNING": 34,
        "WALKING": 237,
    },
    "imu_basicmotions_ts": {"Badminton": 10, "Running": 10, "Standing": 10, "Walking": 10},
    "imu_sp_sw_har/s01.zip": {"": 12},
}
OPTIONS: dict[str, dict] = {
    "imu_nano33_gestures": {"rate_hz": 119.0, "subject": "one"},
    "imu_wand_spells_6axis": {"rate_hz": 119.0, "take_samples": 119},
    "imu_magic_wand_tf": {},
    "imu_edgeimpulse_xiao": {"units": ("g",)},
    "imu_uci_har_layout_derived": {},
    "imu_basicmotions_ts": {"rate_hz": 10.0},
    "imu_sp_sw_har/s01.zip": {},
}


@pytest.fixture(scope="module", params=OPTIONS)
def public_set(request, public_data):
    if not (public_data / request.param).exists():
        pytest.skip(f"no {public_data / request.param}")
    return request.param, read_recordings(
        public_data / request.param, ImportOptions(**OPTIONS[request.param])
    ).recordings


def test_every_recording_is_there(public_set):
    name, recordings = public_set
    assert labels(recordings) == COUNTS[name]


@pytest.mark.parametrize("kind", ["csv", "edge-impulse", "npz", "parquet"])
def test_what_is_exported_comes_back_identical(public_set, tmp_path, kind):
    _, recordings = public_set
    names = [f"r{k:04d}" for k in range(len(recordings))]
    (made, *_) = export_recordings(tmp_path / "out", names, recordings, kind)
    back = read_recordings(made if kind in {"npz", "parquet"} else tmp_path / "out")
    assert back.format == {"csv": "tinyforge"}.get(kind, kind)
    assert sorted((r.digest, r.note) for r in back.recordings) == sorted((r.digest, r.note) for r in recordings)
