"""Energy of an inference from recordings of meters, as their programs write them."""

from __future__ import annotations

import numpy as np
import pytest

from tinyforge.core.errors import DataError
from tinyforge.evaluate.power import energy_per_inference, parse_trace, read_trace

IDLE_A, BUSY_A, VOLTS = 2.0e-3, 6.5e-3, 3.3
INFERENCES = 200


def currents(rate_hz, *, noise_a=20e-6, seed=3, busy_a=BUSY_A, offset_a=0.0):
    """Two seconds of rest, two of inferences, two of rest: time [s], current [A], whether busy."""
    time_s = np.arange(int(6 * rate_hz)) / rate_hz
    busy = (time_s >= 2) & (time_s < 4)
    noise = np.random.default_rng(seed).normal(0, noise_a, len(time_s))
    return time_s, np.where(busy, busy_a, IDLE_A) + noise + offset_a, busy


def ppk2(kind="", **options):
    time_s, amperes, busy = currents(1000, **options)
    heads = {"": "", "bits": ",D0-D7", "columns": "," + ",".join(f"D{i}" for i in range(8)), "old": ",Bits"}
    yield f"Timestamp(ms),Current(uA){heads[kind]}\n"
    for t, a, b in zip(time_s, amperes, busy, strict=True):
        tail = {"": "", "bits": f",{int(b)}0000000", "columns": f",{int(b)}" + ",0" * 7, "old": f",{int(b)}0000000"}
        yield f"{1000 * t:.3f},{1e6 * a:.3f}{tail[kind]}\n"


def joulescope(**options):
    yield "#time,current,voltage,power,charge,energy\n"
    for t, a, _ in zip(*currents(500, **options), strict=True):
        yield f"{t:.4f},{a:.9g},{VOLTS},{a * VOLTS:.9g},0,0\n"


def ina(step_a, **options):
    yield "time_ms,voltage_V,current_mA\n"
    for t, a, _ in zip(*currents(200, **options), strict=True):
        yield f"{1000 * t:.0f},{VOLTS:.3f},{1000 * round(a / step_a) * step_a:.4f}\n"


TRUTH_J = (BUSY_A - IDLE_A) * VOLTS * 2.0 / INFERENCES
RECORDINGS = {
    "ppk2": lambda: parse_trace(ppk2(), "x.csv", volts=VOLTS),
    "ppk2 D0-D7": lambda: parse_trace(ppk2("bits"), "x.csv", volts=VOLTS),
    "ppk2 D0,D1": lambda: parse_trace(ppk2("columns"), "x.csv", volts=VOLTS),
    "ppk2 Bits": lambda: parse_trace(ppk2("old"), "x.csv", volts=VOLTS),
    "joulescope": lambda: parse_trace(joulescope(), "x.csv"),
    "ina219": lambda: parse_trace(ina(100e-6), "x.csv", meter="ina219"),
    "ina226": lambda: parse_trace(ina(25e-6), "x.csv", meter="ina226"),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_truth_lies_within_the_uncertainty(name):
    trace = RECORDINGS[name]()
    found = energy_per_inference(trace, INFERENCES)
    assert abs(found.energy_j - TRUTH_J) < found.uncertainty_j
    assert found.energy_j == pytest.approx(TRUTH_J, rel=0.01)
    assert found.busy_s == pytest.approx(2.0, abs=0.01)
    assert found.idle_s == pytest.approx(4.0, abs=0.02)
    gain = trace.meter.gain
    assert 2 * gain / 3**0.5 <= found.uncertainty_j / found.energy_j < 2 * gain / 3**0.5 + 0.03
    assert found.meter == trace.meter.name


@pytest.mark.parametrize("name", ["ppk2 D0-D7", "ppk2 D0,D1", "ppk2 Bits"])
def test_a_marker_and_spans_say_the_same(name):
    trace = RECORDINGS[name]()
    assert set(trace.marks) == {"d0"}
    by_marker = energy_per_inference(trace, INFERENCES, marker="D0")
    by_spans = energy_per_inference(trace, INFERENCES, busy=[(2.0, 4.0)])
    assert by_marker.energy_j == pytest.approx(by_spans.energy_j, rel=1e-6)
    with pytest.raises(DataError, match="D3 does not change, or is not recorded; inputs that change: d0"):
        energy_per_inference(trace, INFERENCES, marker="D3")


def test_the_uncertainty_covers_as_often_as_it_says():
    """Noise alone, over many recordings: about 95 of 100 intervals hold the truth; a meter's gain only widens them."""
    hits = 0
    for seed in range(40):
        trace = parse_trace(joulescope(noise_a=3e-3, seed=seed), "x.csv")
        found = energy_per_inference(trace, INFERENCES, busy=[(2.0, 4.0)])
        hits += abs(found.energy_j - TRUTH_J) < found.uncertainty_j
    assert hits >= 35


def test_an_offset_of_the_meter_cancels():
    found = energy_per_inference(parse_trace(ppk2(offset_a=1e-3), "x.csv", volts=VOLTS), INFERENCES)
    assert found.energy_j == pytest.approx(TRUTH_J, rel=0.01)


@pytest.mark.parametrize(
    ("trace", "said"),
    [
        (lambda: parse_trace(ppk2(busy_a=IDLE_A + 0.4e-6, noise_a=1e-9), "x.csv", volts=VOLTS), "3.3 uW apart .ppk2"),
        (lambda: parse_trace(ppk2(busy_a=IDLE_A + 2e-6, noise_a=0.3e-3), "x.csv", volts=VOLTS), "uW apart .ppk2"),
        (lambda: parse_trace(ina(1e-7, busy_a=IDLE_A + 60e-6, noise_a=1e-9), "x", meter="ina219"), "330 uW apart"),
    ],
)
def test_below_the_noise_floor_there_is_no_number(trace, said):
    with pytest.raises(DataError, match=said) as caught:
        energy_per_inference(trace(), INFERENCES, busy=[(2.0, 4.0)])
    assert caught.value.way_out == "measure more inferences, back to back, or with a finer meter"


def test_a_trace_without_two_levels():
    with pytest.raises(DataError, match="the power has no two levels") as caught:
        energy_per_inference(parse_trace(ppk2(busy_a=IDLE_A), "x.csv", volts=VOLTS), INFERENCES)
    assert "--marker d0" in caught.value.way_out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.csv: has no column of timestamp: ; no CSV of a PPK2, Joulescope or INA"),
        ("time,volts\n", "x.csv: has no column of current: time,volts; no CSV"),
        ("Timestamp(ms),Current(uA)\n0,1\n", "x.csv: holds no voltage; say what the board was supplied with: --volts"),
        ("time_ms,voltage_V,current_mA\n", "the header does not say which meter it is"),
        ("#time,current,voltage\n0,1\n", "x.csv:2: 2 columns instead of 3; export it again"),
        ("#time,current,voltage\n0,x,1\n", "x.csv:2: a value is no number: 0,x,1; export it again"),
        ("#time,current,voltage\n0,1,1\n", "x.csv: holds 1 readings; record longer: 40 are the least"),
        ("#time,current,voltage\n" + "1,1,1\n0,1,1\n" * 40, "x.csv: times run backwards, or a value is not finite"),
        ("#time,current,voltage\n" + "1,nan,1\n" * 40, "x.csv: times run backwards, or a value is not finite"),
    ],
)
def test_what_is_no_recording(text, message):
    with pytest.raises(DataError) as caught:
        parse_trace(text.splitlines(), "x.csv")
    assert message in str(caught.value)


def test_no_inferences_and_no_file(tmp_path):
    with pytest.raises(DataError, match="0 of them; say how many"):
        energy_per_inference(RECORDINGS["joulescope"](), 0)
    with pytest.raises(DataError, match="cannot be read"):
        read_trace(tmp_path / "none.csv")
    path = tmp_path / "ppk2.csv"
    path.write_text("\ufeff" + "".join(ppk2()), encoding="utf-8")
    assert len(read_trace(path, volts=3.0).time_s) == 6000


HEAD = "Timestamp(ms),Current(uA)\n"


def edited(change):
    """A PPK2's recording whose rows are changed."""
    head, *rows = ppk2()
    return [head, *change(rows)]


def test_readings_that_are_missing():
    cut = edited(lambda rows: rows[:2500] + rows[3500:])
    with pytest.raises(DataError) as caught:
        parse_trace(cut, "x.csv", volts=VOLTS)
    assert str(caught.value) == (
        "x.csv: 1 s of 6 s are missing, the first after 2.499 s; "
        "record again: the meter's program, or its USB, could not keep up"
    )
    short = parse_trace(edited(lambda rows: rows[:2500] + rows[2520:]), "x.csv", volts=VOLTS)
    assert energy_per_inference(short, INFERENCES).busy_s == pytest.approx(2.0, abs=0.01)


def test_a_meter_the_wrong_way_round_and_semicolons():
    turned = parse_trace(edited(lambda rows: [row.replace(",", ",-") for row in rows]), "x.csv", volts=VOLTS)
    with pytest.raises(DataError, match=r"the power is negative while the board infers: -6\.6.* mW; the meter"):
        energy_per_inference(turned, INFERENCES)
    with pytest.raises(DataError, match="has semicolons between its columns; export it with commas"):
        parse_trace([HEAD.replace(",", ";"), "0;2000\n"], "x.csv", volts=VOLTS)


def test_a_constant_current_and_spans_that_overlap():
    constant = parse_trace([HEAD, *(f"{t},2000\n" for t in range(100))], "x.csv", volts=VOLTS)
    with pytest.raises(DataError, match="the power has no two levels"):
        energy_per_inference(constant, INFERENCES)
    trace = parse_trace(ppk2(), "x.csv", volts=VOLTS)
    with pytest.raises(DataError, match="busy and idle overlap; a moment is one of the two"):
        energy_per_inference(trace, INFERENCES, busy=[(2, 4)], idle=[(3, 6)])
