"""Damaged files of every kind are refused with their place and a reason, and never escape as another error."""

import json

import cbor2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinyforge.core.errors import DataError
from tinyforge.core.types import IMU_CHANNELS, Recording
from tinyforge.dataset import ImportOptions, export_recordings, read_recordings

TS = b"@problemName x\n@classLabel true a b\n@data\n0.1,0.2:0.3,0.4:0.5,1:a\n0.1,0.2:0.3,0.4:0.5,1:b\n"
LOG = b"-,-,-\r\n-0.93,0.09,-0.36\r\n-0.93,0.04,-0.34\r\n-,-,-\r\n0.1,0.2,0.9\r\n"

_UNCHECKED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """A small whole file of each kind, by its name."""
    folder = tmp_path_factory.mktemp("seeds")
    samples = np.random.default_rng(0).normal([0, 0, 1, 0, 0, 0], 0.1, (20, 6)).astype(np.float32)
    recording = Recording(samples, IMU_CHANNELS, 100.0, label="a", times_ms=np.arange(20.0) * 10)
    made = {"x.ts": TS, "output_wing_me.txt": LOG}
    for kind, name in (("npz", "x.npz"), ("parquet", "x.parquet")):
        (file,) = export_recordings(folder / name, ["r"], [recording], kind)
        made[name] = file.read_bytes()
    made["r.json"] = export_recordings(folder / "ei", ["r"], [recording], "edge-impulse")[0].read_bytes()
    made["r.cbor"] = cbor2.dumps(json.loads(made["r.json"]))
    made["x.csv"] = b"ax,ay,az\n" + b"0.1,0.2,0.9\n" * 8
    return made


@settings(max_examples=120, deadline=None, suppress_health_check=_UNCHECKED)
@given(data=st.data())
def test_damage_is_an_error_of_ours(tmp_path, seeds, data):
    name = data.draw(st.sampled_from(sorted(seeds)))
    damaged = bytearray(seeds[name])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))] if data.draw(st.booleans()) else damaged
    path = tmp_path / name
    path.write_bytes(bytes(damaged))
    try:
        read_recordings(path, ImportOptions(rate_hz=None if name[0] == "r" else 100.0))
    except DataError as error:
        refused = error
    else:
        return
    assert str(tmp_path) in refused.place
    assert refused.fact


UCI = {
    f"train/{folder}{name}_train.txt": content
    for folder, name, content in (
        *(("Inertial Signals/", f"total_acc_{axis}", b" 5.0e-001 6.0e-001 5.5e-001\n" * 4) for axis in "xyz"),
        ("", "y", b"1\n1\n2\n2\n"),
        ("", "subject", b"1\n1\n1\n2\n"),
    )
} | {"activity_labels.txt": b"1 WALK\n2 SIT\n"}


@settings(max_examples=60, deadline=None, suppress_health_check=_UNCHECKED)
@given(data=st.data())
def test_damage_in_a_folder_of_uci_har_is_an_error_of_ours(tmp_path, data):
    damaged = dict(UCI)
    name = data.draw(st.sampled_from(sorted(UCI)))
    content = bytearray(UCI[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged[name] = bytes(content[: data.draw(st.integers(0, len(content)))])
    for path, content in damaged.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    try:
        read_recordings(tmp_path)
    except DataError as error:
        refused = error
    else:
        return
    assert str(tmp_path) in refused.place
    assert refused.fact


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "a.csv: is empty"),
        ("a.txt", b"-,-,-\r\n0.0", "a.txt: holds no recordings; a.txt: 1 of 1 takes have no rows and are left out"),
        ("a.csv", b"1," * 999_999 + b"1\n", "a.csv:1: has 1000000 columns, more than 1024"),
        ("a.csv", b"ax,ay,az\n0,0,1\n0,1\n", "a.csv:3: 2 columns where 3 belong"),
        ("a.csv", b"ax,ay,az\n0,0,1\n0,nan,1\n", "a.csv:3: column 2 is nan, not a finite number"),
        ("a.csv", b"ax,ay,az\n0,0,1\n0,\xff,1\n", "a.csv:3: byte 0xff is not UTF-8"),
        ("a.csv", "ax,ay,az\n0,0,1\n".encode("utf-16"), "a.csv: is UTF-16"),
        ("a.ts", TS.replace(b"0.4:0.5,1:b", b"0.4:0.5:b"), "a.ts:5: dimension 2 has 1 values, dimension 0 has 2"),
        ("a.ts", TS.replace(b"0.3", b"?", 1), "a.ts:4: has missing values (?)"),
        ("a.json", b'{"payload": {"interval_ms": 10,\n"values": [', "a.json:2: is no JSON"),
        ("a.json", b'{"payload": {"interval_ms": 0, "sensors": [{"name": "x"}], "values": [1]}}', "interval_ms is 0"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_recordings(tmp_path / name, ImportOptions(rate_hz=None if name == "a.json" else 100.0))
    assert message in str(caught.value)
    assert caught.value.way_out


def test_rows_of_another_length_are_named(tmp_path):
    payload = {"interval_ms": 10, "sensors": [{"name": k, "units": "g"} for k in ("accX", "accY", "accZ")]}
    document = {"protected": {}, "signature": "0", "payload": payload | {"values": [[0, 0, 1], [0, 1]]}}
    (tmp_path / "a.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"a\.json: payload\.values\[1\]: 2 numbers where 3 belong"):
        read_recordings(tmp_path / "a.json")


def test_cbor_holds_what_the_json_does(tmp_path):
    samples = np.random.default_rng(0).normal([0, 0, 1, 0, 0, 0], 0.1, (20, 6)).astype(np.float32)
    recording = Recording(samples, IMU_CHANNELS, 100.0, label="a")
    (file, *_) = export_recordings(tmp_path / "json", ["a.r"], [recording], "edge-impulse")
    (tmp_path / "a.r.cbor").write_bytes(cbor2.dumps(json.loads(file.read_text())))
    (read,) = read_recordings(tmp_path / "a.r.cbor").recordings
    assert np.array_equal(read.samples, samples)
    assert (read.channels, read.rate_hz, read.label) == (recording.channels, 100.0, "a")
