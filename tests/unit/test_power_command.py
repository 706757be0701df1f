"""`tinyforge power`, and a burst of inferences beside a meter that prints lines."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from tinyforge import api
from tinyforge.cli.app import app
from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.quantities import joules
from tinyforge.evaluate.power import energy_per_inference
from tinyforge.pipeline.power import record_burst

TRUTH_J = (6.5e-3 - 2e-3) * 3.3 * 2.0 / 200


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "ppk2.csv"
    noise = np.random.default_rng(1).normal(0, 5, 6000)
    rows = [f"{t},{(6500 if 2000 <= t < 4000 else 2000) + n:.2f}" for t, n in enumerate(noise)]
    path.write_text("Timestamp(ms),Current(uA)\n" + "\n".join(rows) + "\n")
    return path


def test_the_command(recording):
    run = CliRunner().invoke
    done = run(app, ["power", str(recording), "--inferences", "200", "--volts", "3.3"])
    assert done.exit_code == 0, done.output
    number = r"14[89] \+- 17 uJ"
    assert re.match(
        number + r" for one inference above idling \(U, k = 2; ppk2, 200 inferences in 2\.00 s\)", done.output
    )
    assert "power 21.45" in done.output
    said = run(app, ["power", str(recording), "--inferences", "200", "--volts", "3.3", "--busy", "2:4", "--json"])
    assert json.loads(said.output)["energy_j"] == pytest.approx(TRUTH_J, rel=0.01)


def test_the_function_and_its_refusals(recording):
    found = api.power(recording, 200, volts=3.3, busy=["2:4"], idle=["0:1.9"])
    assert abs(found["energy_j"] - TRUTH_J) < found["uncertainty_j"]
    for wrong in ("2", "4:2", "a:b"):
        with pytest.raises(UsageError, match="is no stretch of time; write the seconds from and to: 2:12"):
            api.power(recording, 200, volts=3.3, busy=[wrong])
    with pytest.raises(DataError, match="say what the board was supplied with: --volts"):
        api.power(recording, 200)


@pytest.mark.parametrize(
    ("energy_j", "uncertainty_j", "said"),
    [
        (148.6e-6, 17.1e-6, ("149", "17", "uJ")),
        (1.2345e-3, 0.0123e-3, ("1.234", "0.012", "mJ")),
        (2.5, 0.3, ("2.50", "0.30", "J")),
        (0.5e-6, 0.09e-6, ("0.500", "0.090", "uJ")),
        (0.999e-3, 95e-6, ("999", "95", "uJ")),
        (5e-6, 0.0, ("5.000000", "0.000000", "uJ")),
    ],
)
def test_an_energy_has_the_digits_its_uncertainty_lets(energy_j, uncertainty_j, said):
    assert joules(energy_j, uncertainty_j) == said


class Desk:
    """A board and a meter beside it, on one clock; the meter's own clock began at another time."""

    name = "/dev/ttyUSB0"

    def __init__(self, *, text=True, restarts=False):
        self.now, self.told, self.busy, self.text, self.restarts = 100.0, 100.0, 0, text, restarts

    def clock(self):
        return self.now

    def infer(self, window):
        self.busy += 1
        self.work(0.05, 6.5)
        self.busy -= 1

    def work(self, seconds, milliamperes):
        for _ in range(round(seconds / 0.01)):
            self.now += 0.01
            self.lines.append(f"{1000 * (self.now - 42.5):.0f},3.300,{milliamperes:.2f}\n".encode())

    def read_some(self, timeout_s):
        if timeout_s:
            self.work(timeout_s, 2.0)
        data, self.lines = b"".join(self.lines), []
        if self.restarts and self.now > 104:
            self.restarts = False
            return b"0,3.3,2.0\n"
        return data if self.text else b"Hello, I am a sketch\n"


def burst(desk, windows=40):
    desk.lines = [b"torn 3,2.0\n", b"time_ms,voltage_V,current_mA\n"]
    return record_burst(desk, np.zeros((windows, 4, 6), np.float32), desk, "ina226", clock=desk.clock)


def test_a_burst_beside_a_meter():
    trace, busy = burst(Desk())
    assert busy == pytest.approx((103.0, 105.0), abs=0.1)
    found = energy_per_inference(trace, 40, busy=[busy])
    truth_j = 4.5e-3 * 3.3 * 0.05
    assert abs(found.energy_j - truth_j) < found.uncertainty_j
    assert found.energy_j == pytest.approx(truth_j, rel=0.02)


def test_a_meter_that_is_none_or_restarts():
    with pytest.raises(DataError, match="gave 0 readings, 40 are the least; it must print lines of time_ms,voltage_V"):
        burst(Desk(text=False))
    with pytest.raises(DataError, match="its clock went backwards: it restarted"):
        burst(Desk(restarts=True))
    desk = Desk()
    desk.lines = []
    with pytest.raises(DataError, match='"ina21" is no kind of meter; did you mean "ina2'):
        record_burst(desk, np.zeros((1, 4, 6), np.float32), desk, "ina21", clock=desk.clock)
