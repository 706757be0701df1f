"""Recordings as text: exact, self-describing, and wrong ones refused with their line."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinyforge.core.errors import DataError
from tinyforge.core.recording_csv import (
    parse_recording,
    parse_table,
    read_header,
    read_recording,
    recording_bytes,
    table_bytes,
    write_recording,
)
from tinyforge.core.types import IMU_CHANNELS, Channel, Recording


def a_recording(**changes):
    samples = np.random.default_rng(3).normal(size=(20, 6)).astype(np.float32)
    said = {"label": "stop", "subject": "s07", "session": "day 1", "board": "virtual", "note": "windy"} | changes
    return Recording(samples=said.pop("samples", samples), channels=IMU_CHANNELS, rate_hz=100.0, **said)


@settings(max_examples=200, deadline=None)
@given(hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_every_float32_comes_back_exactly(values):
    text = table_bytes([values])
    table = parse_table(text, 1, "x").astype(np.float32)[:, 0]
    assert table.tobytes() == values.tobytes()
    assert max(map(len, text.split())) <= 16


def test_sensor_values_stay_short():
    assert table_bytes([np.float32([-0.191, 253.723, 0.0, 1e-3])]) == b"-0.191\n253.723\n0\n0.001\n"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"label": 'quo"ted, and: # hashed\nline', "subject": "élodie"},
        {"dropped": 3},
        {"sample_labels": ("walk",) * 12 + ("sit",) * 5 + ("walk",) * 3},
        {"placement": "wrist", "origin": "day 1"},
        {"times_ms": np.cumsum(np.random.default_rng(1).uniform(0, 20, 20))},
    ],
)
def test_a_file_gives_back_the_recording(tmp_path, changes):
    recording = a_recording(**changes)
    path = tmp_path / "r.csv"
    write_recording(path, recording)
    back = read_recording(path)
    assert back == recording
    assert (back.placement, back.origin) == (recording.placement, recording.origin)
    assert back.note == recording.note
    assert back.samples.dtype == np.float32
    assert np.array_equal(back.samples, recording.samples)


def test_the_text_is_pinned(tmp_path):
    recording = Recording(np.float32([[0.5, -1]]), (Channel("ax", "g"), Channel("gx", "dps")), 100, label="stop")
    lines = recording_bytes(recording).decode().splitlines()
    assert lines == [
        "# tinyforge-recording: 1",
        '# label: "stop"',
        '# subject: ""',
        '# session: ""',
        '# board: ""',
        "# rate_hz: 100.0",
        "# dropped: 0",
        '# note: ""',
        "# samples: 1",
        f'# digest: "{recording.digest}"',
        "ax [g],gx [dps]",
        "0.5,-1",
    ]


def test_whole_and_real_rates_have_one_digest():
    recording = a_recording()
    assert dataclasses.replace(recording, rate_hz=100).digest == recording.digest


def test_header_alone(tmp_path):
    write_recording(tmp_path / "r.csv", a_recording())
    said, channels = read_header(tmp_path / "r.csv")
    assert (said["label"], said["samples"], said["rate_hz"]) == ("stop", 20, 100.0)
    assert channels == IMU_CHANNELS


def edited(old, new):
    text = recording_bytes(a_recording()).decode()
    assert old in text
    return text.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"ax,ay\n1,2\n", "r.csv: is not a tinyforge recording"),
        (b"# tinyforge-recording: 1\n# label: ", "r.csv: ends inside its header"),
        (edited("recording: 1", "recording: 2"), "recording format 2, this tinyforge reads 1"),
        (edited("# label", "# lable"), "r.csv:2: unknown key 'lable'; did you mean \"label\"?"),
        (edited("# rate_hz: 100.0", "# rate_hz: -4"), "r.csv:6: rate_hz cannot be -4"),
        (edited("# rate_hz: 100.0", "# rate_hz: NaN"), "r.csv:6: rate_hz cannot be NaN"),
        (edited("# dropped: 0", "# dropped: x"), "r.csv:7: dropped is not JSON"),
        (edited("ax [g]", "ax"), "r.csv:11: 'ax' is no column title"),
        (edited("ax [g]", "a" * 3000), f"r.csv:11: '{'a' * 40}' is no column title"),
        (edited("s07", "s08"), "does not match the digest in its header"),
        (recording_bytes(a_recording())[:-40], "r.csv:31: "),
        (recording_bytes(a_recording()).rsplit(b"\n", 2)[0] + b"\n", "holds 19 samples, its header says 20"),
    ],
)
def test_damage_is_named(data, message):
    with pytest.raises(DataError) as caught:
        parse_recording(data, "r.csv")
    assert message in str(caught.value)
    assert caught.value.way_out


def test_no_file(tmp_path):
    with pytest.raises(DataError, match="cannot read: No such file"):
        read_recording(tmp_path / "none.csv")


def test_samples_must_be_finite():
    samples = np.zeros((4, 6), np.float32)
    samples[2, 1] = np.nan
    with pytest.raises(DataError, match="sample 2 of ay is nan"):
        recording_bytes(a_recording(samples=samples))


@pytest.mark.parametrize(
    ("body", "options", "expected"),
    [
        (b"1,2\n3,4\n", {}, [[1, 2], [3, 4]]),
        (b"\n1,2\r\n\r\n  \r\n 3 , 4\r\n", {}, [[1, 2], [3, 4]]),
        (b"1;2\n3;4", {"delimiter": b";"}, [[1, 2], [3, 4]]),
        (b"1,5;2\n-3;4,25", {"delimiter": b";", "decimal": b","}, [[1.5, 2], [-3, 4.25]]),
        (b"1\t+2.\n.5\t4e-1", {"delimiter": b"\t"}, [[1, 2], [0.5, 0.4]]),
        (b" 1   2\n3 \t4", {"delimiter": b" "}, [[1, 2], [3, 4]]),
    ],
)
def test_tables(body, options, expected):
    assert parse_table(body, 2, "t.csv", **options).tolist() == expected


def test_an_empty_table():
    assert parse_table(b"\n \n", 6, "t.csv").shape == (0, 6)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"1,2\n3\n", "t.csv:8: 1 column where 2 belong"),
        (b"1,2\n\n3,4,5\n", "t.csv:9: 3 columns where 2 belong"),
        (b"1,2\n3,x\n", "t.csv:8: column 2 is 'x', not a number"),
        (b"1,2\n3,\n", "t.csv:8: column 2 is empty"),
        (b"1,2\nnan,4\n", "t.csv:8: column 1 is nan, not a finite number"),
        (b"1,-Infinity\n", "t.csv:7: column 2 is -Infinity, not a finite number"),
        (b"1,1e999\n", "t.csv:7: column 2 is 1e999, not a finite number"),
        (b"1_0,2\n", "t.csv:7: column 1 is '1_0', not a number"),
        (b"0x1f,2\n", "t.csv:7: column 1 is '0x1f', not a number"),
        (b"1,2 3\n", "t.csv:7: column 2 is '2 3', not a number"),
        ("٣,1\n".encode(), "t.csv:7: column 1 is '٣', not a number"),
        (b"\xff,1\n", "t.csv:7: column 1 is '\ufffd', not a number"),
        (b"1,2\x00\n", r"t.csv:7: column 2 is '2\x00', not a number"),
    ],
)
def test_wrong_numbers_are_named_by_line(body, message):
    with pytest.raises(DataError) as caught:
        parse_table(body, 2, "t.csv", first_line=7)
    assert str(caught.value).startswith(message + ";")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(1, 3))
def test_any_bytes_give_a_table_or_an_error(body, columns):
    table = error = None
    try:
        table = parse_table(body, columns, "t.csv")
    except DataError as caught:
        error = caught
    if error is None:
        assert table.shape[1] == columns
        assert np.isfinite(table).all()
    else:
        assert error.place.startswith("t.csv:")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_after_the_magic_give_a_recording_or_an_error(tail):
    error = None
    try:
        parse_recording(b"# tinyforge-recording:" + tail, "r.csv")
    except DataError as caught:
        error = caught
    assert error is None or error.place.startswith("r.csv")


def test_a_number_beyond_float32_is_named_with_its_line():
    text = b"# tinyforge-recording: 1\n# rate_hz: 100.0\nax [g],ay [g]\n0,1\n0,-4e38\n"
    with pytest.raises(DataError) as caught:
        parse_recording(text, "a.csv")
    assert str(caught.value) == "a.csv:5: ay is -4e+38, which no sensor says; restore the file or delete it"
