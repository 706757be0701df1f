"""Tables of numbers: what an importer finds out by itself, and what it says when it cannot."""

import zipfile
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyforge.core import plugins
from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.types import IMU_CHANNELS, Recording
from tinyforge.dataset import ImportOptions, RecordingStore, import_recordings, list_importers, read_recordings
from tinyforge.dataset import importers as importers_module


def table(rows, seed=0):
    """Rows of plausible values: gravity on z."""
    values = np.random.default_rng(seed).normal(size=(rows, 6)) * [0.1, 0.1, 0.1, 20, 20, 20]
    values[:, 2] += 1
    return np.round(values, 3).astype(np.float32)


def text(values, separator=",", header="", decimal="."):
    lines = [separator.join(f"{v:.3f}".replace(".", decimal) for v in row) for row in values.tolist()]
    return "\n".join([*filter(None, [header]), *lines]) + "\n"


HEADER = "aX,aY,aZ,gX,gY,gZ"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.csv", {"header": HEADER}),
        ("a.csv", {}),
        ("a.tsv", {"separator": "\t", "header": HEADER.replace(",", "\t")}),
        ("a.csv", {"separator": ";", "header": "acc_x;acc_y;acc_z;gyro_x;gyro_y;gyro_z"}),
        ("a.csv", {"separator": ";", "decimal": ",", "header": "x_acc;y_acc;z_acc;x_gyro;y_gyro;z_gyro"}),
        ("a.txt", {"separator": " "}),
        ("a.csv", {"header": "ax [g],ay [g],az [g],gx [deg/s],gy [dps],gz (°/s)"}),
    ],
)
def test_separators_and_headers(tmp_path, name, options):
    values = table(30)
    (tmp_path / name).write_text(text(values, **options), encoding="utf-8")
    result = read_recordings(tmp_path / name, ImportOptions(rate_hz=100, subject="s01", board="nano33"))
    (recording,) = result.recordings
    assert result.format == "csv"
    assert recording.channels == IMU_CHANNELS
    assert np.array_equal(recording.samples, values)
    assert (recording.label, recording.subject, recording.board, recording.rate_hz) == ("a", "s01", "nano33", 100.0)


@pytest.mark.parametrize("change", ["\ufeff{}", "{}\n\n\n", "\n\n{}", "# rate_hz: 50\n# by hand\n{}"])
def test_marks_blank_ends_and_comments(tmp_path, change):
    (tmp_path / "a.csv").write_text(change.format(text(table(5), header=HEADER)), encoding="utf-8", newline="\r\n")
    (recording,) = import_recordings(tmp_path / "a.csv", rate_hz=None if "rate" in change else 50)
    assert np.array_equal(recording.samples, table(5))
    assert recording.rate_hz == 50.0


def test_columns_of_time_are_left_out_and_others_kept(tmp_path):
    lines = ["timestamp,ax,ay,az,temp [C]"] + [f"{k * 10},0,0,1,{20 + k}" for k in range(4)]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    (recording,) = import_recordings(tmp_path, rate_hz=100)
    assert [(c.name, c.unit) for c in recording.channels] == [("ax", "g"), ("ay", "g"), ("az", "g"), ("temp", "C")]
    assert recording.samples.tolist() == [[0, 0, 1, 20 + k] for k in range(4)]


# -- takes ------------------------------------------------------------------------------------------------------------


def blank_separated(values, length, header=HEADER):
    parts = [text(values[k : k + length]) for k in range(0, len(values), length)]
    return header + "\n" + "\n".join(parts)


def counts(recordings):
    return dict(Counter(r.label for r in recordings))


def test_blank_lines_separate_takes(tmp_path):
    values = table(50)
    (tmp_path / "flex.csv").write_text(
        HEADER + "\n" + text(values[:20]) + "\n  \n\n" + text(values[20:27]) + "\n" + text(values[27:])
    )
    recordings = import_recordings(tmp_path, rate_hz=119)
    assert [len(r.samples) for r in recordings] == [20, 7, 23]
    assert np.array_equal(np.concatenate([r.samples for r in recordings]), values)
    assert recordings[1].note == "flex.csv rows 21 to 27"


def test_one_file_with_blank_lines_tells_the_length_of_all(tmp_path):
    (tmp_path / "flex.csv").write_text(blank_separated(table(30, 1), 10))
    (tmp_path / "hori.csv").write_text(text(table(50, 2), header=HEADER))
    (tmp_path / "vert.csv").write_text(text(table(10, 3), header=HEADER))
    result = read_recordings(tmp_path, ImportOptions(rate_hz=119))
    assert counts(result.recordings) == {"flex": 3, "hori": 5, "vert": 1}
    assert {len(r.samples) for r in result.recordings} == {10}
    assert any("takes of 10 rows" in note and "hori.csv" in note and "vert.csv" not in note for note in result.notes)


@pytest.mark.parametrize("odd", [55, 5])
def test_a_file_that_is_no_multiple_leaves_all_files_whole(tmp_path, odd):
    (tmp_path / "flex.csv").write_text(blank_separated(table(30, 1), 10))
    (tmp_path / "hori.csv").write_text(text(table(50, 2), header=HEADER))
    (tmp_path / "vert.csv").write_text(text(table(odd, 3), header=HEADER))
    result = read_recordings(tmp_path, ImportOptions(rate_hz=119))
    assert counts(result.recordings) == {"flex": 3, "hori": 1, "vert": 1}
    assert any("nothing separates takes in hori.csv, vert.csv" in note for note in result.notes)


def test_take_samples_cuts_what_is_not_separated(tmp_path):
    (tmp_path / "hori.csv").write_text(text(table(60, 2), header=HEADER))
    assert counts(import_recordings(tmp_path, rate_hz=119, take_samples=20)) == {"hori": 3}
    with pytest.raises(DataError) as caught:
        import_recordings(tmp_path, rate_hz=119, take_samples=25)
    assert str(caught.value) == (
        f"{tmp_path}/hori.csv: 60 rows between blank lines are no multiple of 25; "
        "give another --take-samples, or separate the takes by blank lines"
    )


# -- labels, units, rate ----------------------------------------------------------------------------------------------


def test_labels_from_folders(tmp_path):
    for label in ("stop", "rest"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "take1.csv").write_text(text(table(5, len(label)), header=HEADER))
    assert counts(import_recordings(tmp_path, rate_hz=100, label_from="folder")) == {"stop": 1, "rest": 1}
    assert counts(import_recordings(tmp_path, rate_hz=100)) == {"take1": 2}
    assert counts(import_recordings(tmp_path, rate_hz=100, label="go")) == {"go": 2}


def test_folders_that_look_like_classes_are_mentioned(tmp_path):
    for label in ("stop", "rest"):
        (tmp_path / label).mkdir()
        for take in (1, 2):
            (tmp_path / label / f"{take}.csv").write_text(text(table(5, 2 * len(label) + take), header=HEADER))
    said = "classes are the names of files; --label-from folder takes those of their folders: rest, stop"
    assert said in read_recordings(tmp_path, ImportOptions(rate_hz=100)).notes
    assert said not in read_recordings(tmp_path, ImportOptions(rate_hz=100, label_from="folder")).notes
    assert said not in read_recordings(tmp_path, ImportOptions(rate_hz=100, label="go")).notes
    (tmp_path / "stop").rename(tmp_path / "s01")  # people, not classes
    (tmp_path / "rest").rename(tmp_path / "s02")
    assert not any("--label-from" in note for note in read_recordings(tmp_path, ImportOptions(rate_hz=100)).notes)


def test_files_with_a_number_behind_their_class_are_mentioned(tmp_path):
    for name in ("Kreis groß_1", "Kreis groß_2", "Kreis groß_3", "stop_1"):
        (tmp_path / f"{name}.csv").write_text(text(table(5, len(name)), header=HEADER))
    said = (
        "each of Kreis groß_1, Kreis groß_2, Kreis groß_3 ... is a class of its own; if they are takes of one class: "
        "`tinyforge dataset relabel 'Kreis?gro??[0-9]*' --label 'Kreis groß'`"
    )
    assert said in read_recordings(tmp_path, ImportOptions(rate_hz=100)).notes
    assert said not in read_recordings(tmp_path, ImportOptions(rate_hz=100, label="go")).notes
    (tmp_path / "Kreis groß_3.csv").unlink()  # two may well be two gestures
    assert not any("a class of its own" in note for note in read_recordings(tmp_path, ImportOptions(rate_hz=100)).notes)


def test_a_german_column_of_time_gives_the_rate(tmp_path):
    rows = "".join(f"{k / 104:.6f};0,1;0,2;9,8\n".replace(".", ",") for k in range(40))
    (tmp_path / "stop.csv").write_text("Zeit [s];aX [m/s^2];aY [m/s^2];aZ [m/s^2]\n" + rows)
    (recording,) = import_recordings(tmp_path)
    assert recording.rate_hz == pytest.approx(104, rel=1e-3)
    assert [channel.name for channel in recording.channels] == ["ax", "ay", "az"]


def test_every_option_that_a_message_names_is_one_of_dataset_import():
    import re
    from pathlib import Path

    import tinyforge.dataset
    from tinyforge.cli.app import app

    (command,) = [
        command
        for group in app.registered_groups
        if group.name == "dataset"
        for command in group.typer_instance.registered_commands
        if command.name == "import"
    ]
    known = {
        name for default in command.callback.__annotations__.values() for name in re.findall(r"--[a-z-]+", default)
    }
    folder = Path(tinyforge.dataset.__file__).parent
    named = {
        option
        for file in [*folder.glob("importers/*.py"), folder / "units.py", folder / "quality" / "kin.py"]
        for option in re.findall(r"--[a-z][a-z-]+", file.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= known


@pytest.mark.parametrize("units", ["m/s2,rad/s", ("m/s^2", "rad/s"), ("m/s^2",) * 3 + ("rad/s",) * 3])
def test_units_given_stay_with_the_recording(tmp_path, units):
    (tmp_path / "a.csv").write_text(text(table(20) * 9.8, header=HEADER))
    (recording,) = import_recordings(tmp_path, rate_hz=100, units=units)
    assert [c.unit for c in recording.channels] == ["m/s^2"] * 3 + ["rad/s"] * 3


@pytest.mark.parametrize(("factor", "unit", "gyro"), [(1, "g", "dps"), (9.8, "m/s^2", "dps"), (1000, "mg", "dps")])
def test_units_that_nobody_states_are_found_by_gravity(tmp_path, factor, unit, gyro):
    (tmp_path / "a.csv").write_text(text(table(20) * np.float32(factor), header=HEADER))
    result = read_recordings(tmp_path, ImportOptions(rate_hz=100))
    assert [c.unit for c in result.recordings[0].channels] == [unit] * 3 + [gyro] * 3
    assert result.notes[0] == (
        f"no units are stated: by gravity, accelerations are in {unit}; angular rates are taken as {gyro}"
    )


def test_slow_angular_rates_beside_metres_are_radians(tmp_path):
    (tmp_path / "a.csv").write_text(text(table(20) * np.float32([9.8] * 3 + [0.02] * 3), header=HEADER))
    (recording,) = import_recordings(tmp_path, rate_hz=100)
    assert [c.unit for c in recording.channels] == ["m/s^2"] * 3 + ["rad/s"] * 3


def test_stated_units_that_gravity_contradicts_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text(text(table(20), header=HEADER))
    with pytest.raises(DataError, match=r"the stated unit m/s\^2 makes the median .* g fits: give --units g"):
        import_recordings(tmp_path, rate_hz=100, units="m/s^2,dps")
    (tmp_path / "a.csv").write_text(text(table(20) * np.float32(0.01), header=HEADER))
    with pytest.raises(DataError, match="no unit is stated, and none makes the median of"):
        import_recordings(tmp_path, rate_hz=100)


def test_the_rate_is_never_guessed(tmp_path):
    (tmp_path / "a.csv").write_text(text(table(20), header=HEADER))
    (tmp_path / "README.md").write_text("Recorded at 119 Hz by one person.")
    with pytest.raises(DataError) as caught:
        import_recordings(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: does not say how many samples a second it has; give --rate (the README mentions 119 Hz)"
    )


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.csv: is empty"),
        (b"\n \n", "a.csv: is empty"),
        (HEADER.encode() + b"\n", "a.csv: has a header and no samples"),
        (HEADER.encode() + b"\n1,2,3\n", "a.csv:1: 6 titles over 3 columns"),
        (HEADER.encode() + b"\n1,2,3,4,5,6\n1,2,3,4,5\n", "a.csv:3: 5 columns where 6 belong"),
        (HEADER.encode() + b"\n1,2,3,4,5,6\n\n1,2,nan,4,5,6\n", "a.csv:4: column 3 is nan, not a finite number"),
        (HEADER.encode() + b"\n1,2,3,4,5,6\n1,2,x,4,5,6\n", "a.csv:3: column 3 is 'x', not a number"),
        (HEADER.encode() + b"\n1,2,3,4,5,1e500\n", "a.csv:2: column 6 is 1e500, not a finite number"),
        (b"1,2,3,4\n", "a.csv: has no header and 4 columns"),
        (b"ax,ay,az,ax\n1,2,3,4\n", "a.csv: two columns are called ax"),
        (b"ax,,az\n1,2,3\n", "a.csv: column 2 has no title"),
        (b"time\n1\n", "a.csv: has no columns but time"),
        (HEADER.encode() + b"\n1,2,3,4,5,6\n1,\xe9,3,4,5,6\n", "a.csv:3: byte 0xe9 is not UTF-8"),
        ((HEADER + "\n1,2,3,4,5,6\n").encode("utf-16"), "a.csv: is UTF-16"),
        (HEADER.encode() + b"\n1,2,3,4,5,6\n1,2,\x00,4,5,6\n", "a.csv:3: has a zero byte"),
        (b"# rate: fast\n# rate: 0\n1,2,3\n", "a.csv:2: the rate is 0"),
    ],
)
def test_malformed_files_are_named_by_line(tmp_path, content, message):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        import_recordings(tmp_path, rate_hz=100)
    assert str(caught.value).startswith(f"{tmp_path}/{message}")
    assert caught.value.way_out


def test_a_folder_without_tables(tmp_path):
    with pytest.raises(DataError, match="holds no files"):
        import_recordings(tmp_path, rate_hz=100)
    (tmp_path / "x.jpeg").write_bytes(b"\xff\xd8")
    with pytest.raises(
        DataError, match=r"is of no known kind \(tried tinyforge, csv, .*\); name its kind with --format"
    ):
        import_recordings(tmp_path, rate_hz=100)
    with pytest.raises(DataError, match="holds no file ending in"):
        import_recordings(tmp_path, rate_hz=100, format="csv")
    with pytest.raises(DataError, match="no such file or folder"):
        import_recordings(tmp_path / "none", rate_hz=100)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "cvs"}, '--format: "cvs": unknown format; did you mean "csv"?'),
        ({"rate_hz": -1}, "--rate: is -1; it must be above 0"),
        ({"take_samples": -1}, "--take-samples: is -1"),
    ],
)
def test_wrong_options(tmp_path, options, message):
    (tmp_path / "a.csv").write_text("1,2,3\n")
    with pytest.raises(UsageError) as caught:
        import_recordings(tmp_path, **options)
    assert str(caught.value).startswith(message)


def test_progress_is_told(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text(text(table(5), header=HEADER))
    said = []
    import_recordings(tmp_path, rate_hz=100, on_progress=lambda done, total: said.append((done, total)))
    assert [done for done, _ in said] == sorted({done for done, _ in said})
    assert said[-1][0] == said[-1][1] > 0


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_recording_or_an_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "a.csv"
    path.write_bytes(content)
    error = None
    try:
        for recording in import_recordings(path, rate_hz=100):
            assert np.isfinite(recording.samples).all()
    except DataError as caught:
        error = caught
    assert error is None or (error.fact and error.way_out)


# -- our own, and other people's importers ----------------------------------------------------------------------------


def test_our_own_store_goes_round(tmp_path, make_recording):
    store = RecordingStore(tmp_path / "a")
    store.add_all([make_recording(k, label=label) for k, label in enumerate(["stop", "rest", "stop"])])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in (tmp_path / "a").rglob("*"):
            archive.write(path, path.relative_to(tmp_path))
    for source in ("a", "a.zip"):
        result = read_recordings(tmp_path / source)
        assert result.format == "tinyforge"
        other = RecordingStore(tmp_path / f"from {source}")
        other.add_all(result.recordings)
        assert other.digest() == store.digest()


def test_our_own_recordings_know_their_rate(tmp_path, make_recording):
    RecordingStore(tmp_path).add(make_recording())
    with pytest.raises(DataError, match="was recorded at 100 Hz, not 50; leave --rate out"):
        import_recordings(tmp_path, rate_hz=50)


class _Point:
    def __init__(self, name, found):
        self.name, self.value, self._found = name, f"somewhere:{name}", found

    def load(self):
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


_ONE = Recording(np.zeros((1, 3), np.float32), IMU_CHANNELS[:3], 100.0)


class _Diary:
    name = "diary"
    description = "what I wrote down"

    def sniff(self, source):
        return 0.9 if any(m.name.endswith(".diary") for m in source.members) else 0.0

    def read(self, source, options):
        return importers_module.ImportResult([_ONE], self.name, [source.members[0].read().decode()])


def test_importers_are_plugged_in(tmp_path, monkeypatch):
    points = [_Point("diary", _Diary()), _Point("broken", ImportError("no such module")), _Point("odd", object())]
    monkeypatch.setattr(plugins.metadata, "entry_points", lambda group: points if "importers" in group else [])
    (tmp_path / "x.diary").write_text("dear diary")
    result = read_recordings(tmp_path / "x.diary")
    assert (result.format, result.notes) == ("diary", ["dear diary"])
    listed = {one.name: one.reason for one in list_importers()}
    built_in = ("tinyforge", "csv", "edge-impulse", "uci-har", "magic-wand", "ts", "parquet", "npz")
    assert listed == {
        **dict.fromkeys(built_in, ""),
        "diary": "",
        "broken": "ImportError: no such module",
        "odd": "somewhere:odd lacks name, description, sniff or read",
    }
    with pytest.raises(UsageError, match='"broken" cannot be loaded: ImportError: no such module'):
        read_recordings(tmp_path, format="broken")
