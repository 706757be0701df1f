"""The stand-in of the BMI270 takes its program as the data sheet says, and nothing else."""

from __future__ import annotations

import struct

import pytest

from tinyforge.virtual.parts import bmi270
from tinyforge.virtual.parts.bmi270 import Bmi270

CLOCK_HZ = 1_000_000  # a tick is a microsecond


class Still:
    """A motion that is the same at every moment."""

    rate_hz = 100.0

    def __init__(self, values):
        self.values = values

    def sample(self, _index):
        return self.values


class Bench:
    """The part and a clock that only passes when it is told to."""

    def __init__(self, values=(0.0, 0.0, 1.0, 0.0, 0.0, 0.0), **options):
        self.now = 0
        self.part = Bmi270(lambda: self.now, CLOCK_HZ, Still(values), lambda: None, **options)
        self.part.power_on()
        self.now = 10_000

    def write(self, address, *values, after_us=100):
        self.now += after_us
        for value in values:
            self.part.write(address, value)
            address = self.part.after(address)

    def read(self, address):
        return self.part.read(address)

    def load(self, program=bmi270.PROGRAM, burst=32, wake_us=450, reset_us=2000, say_where=True):
        self.write(bmi270.CMD, 0xB6, after_us=500)
        self.write(bmi270.PWR_CONF, 0x00, after_us=reset_us)
        self.write(bmi270.INIT_CTRL, 0x00, after_us=wake_us)
        for at in range(0, len(program), burst):
            if say_where:
                self.write(bmi270.INIT_ADDR_0, at // 2 & 15, at // 2 >> 4)
            self.write(bmi270.INIT_DATA, *program[at : at + burst])
        self.write(bmi270.INIT_CTRL, 0x01)

    def status(self, after_us=20_000):
        self.now += after_us
        return self.read(bmi270.INTERNAL_STATUS)


@pytest.mark.parametrize("burst", [2, 32, 64, 328])
def test_it_starts_with_its_program_however_that_is_cut(burst):
    bench = Bench()
    bench.load(burst=burst)
    assert bench.status(after_us=19_000) == 0
    assert bench.status(after_us=1_000) == bmi270.INIT_OK


DAMAGED = bytearray(bmi270.PROGRAM)
DAMAGED[200] ^= 1


@pytest.mark.parametrize(
    "options",
    [
        {"program": bytes(DAMAGED)},
        {"program": bmi270.PROGRAM[:-2]},
        {"program": b""},
        {"say_where": False},
        {"program": bmi270.PROGRAM[2:] + bmi270.PROGRAM[:2]},
    ],
    ids=["a bit", "too short", "none", "no INIT_ADDR", "shifted"],
)
def test_another_program_is_an_error(options):
    bench = Bench()
    bench.load(**options)
    assert bench.status() == bmi270.INIT_ERROR


@pytest.mark.parametrize("options", [{"wake_us": 300}, {"reset_us": 1500}], ids=["asleep", "in its reset"])
def test_what_comes_too_soon_is_not_heard(options):
    bench = Bench()
    bench.load(**options)
    assert bench.status() != bmi270.INIT_OK


def test_writes_that_follow_each_other_while_it_saves_power_are_not_heard():
    bench = Bench()
    assert bench.read(bmi270.ID) == bmi270.CHIP_ID
    bench.write(bmi270.PWR_CONF, 0x00, after_us=100)
    assert bench.part.registers[bmi270.PWR_CONF] == 0x03
    bench.write(bmi270.PWR_CONF, 0x00, after_us=450)
    assert bench.part.registers[bmi270.PWR_CONF] == 0x00


@pytest.mark.parametrize("cross_axis", [0, 3, 63, -64])
def test_samples_are_on_the_parts_axes_and_its_gyroscope_mixes_two(cross_axis):
    bench = Bench((0.25, -0.5, 1.0, 100.0, -200.0, 300.0), cross_axis=cross_axis)
    bench.load()
    assert bench.status() == bmi270.INIT_OK
    said = bench.read(bmi270.GYR_CAS)
    assert (said - 128 if said & 0x40 else said) == cross_axis
    bench.write(bmi270.ACC_CONF, 0x98, 0x01, 0xD8, 0x08)
    bench.write(bmi270.PWR_CTRL, 0x06)
    bench.now += 10_000
    assert bench.read(bmi270.STATUS) & 0xC0 == 0x80  # the gyroscope is not there yet
    bench.now += 40_000
    assert bench.read(bmi270.STATUS) & 0xC0 == 0xC0
    counts = struct.unpack("<6h", bytes(bench.read(bmi270.DATA + i) for i in range(12)))
    assert bench.read(bmi270.STATUS) & 0xC0 == 0
    assert counts[:3] == (4096, -2048, 8192)
    per_dps = 32768 / 2000
    expected = ((200.0 + cross_axis / 512 * 300.0) * per_dps, -100.0 * per_dps, 300.0 * per_dps)
    assert counts[3:] == pytest.approx(expected, abs=0.5)


def test_it_does_not_sample_without_its_program():
    bench = Bench()
    bench.write(bmi270.PWR_CONF, 0x00, after_us=500)
    bench.write(bmi270.ACC_CONF, 0x98, 0x01, 0xD8, 0x08)
    bench.write(bmi270.PWR_CTRL, 0x06)
    bench.now += 100_000
    assert bench.read(bmi270.STATUS) & 0xC0 == 0
