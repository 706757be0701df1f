"""Registers of the virtual board, without a processor."""

from __future__ import annotations

import struct

import pytest

from tinyforge.virtual.peripherals import IMU_QUEUE, Imu, SystemSpace, Timer, Uart


class Clock:
    def __init__(self):
        self.ticks = 0

    def __call__(self):
        return self.ticks


@pytest.fixture
def clock():
    return Clock()


def test_timer_counts_down_and_reloads(clock):
    timer = Timer(clock)
    timer.write(0x08, 4, 99)
    timer.write(0x04, 4, 10)
    assert timer.read(0x04, 4) == 10
    clock.ticks = 5
    assert timer.read(0x04, 4) == 10  # not enabled
    timer.write(0x00, 4, 1)
    for gone, value in ((0, 10), (4, 6), (10, 0), (11, 99), (110, 0), (111, 99), (311, 99)):
        clock.ticks = 5 + gone
        assert timer.read(0x04, 4) == value, gone
    timer.write(0x00, 4, 0)
    clock.ticks += 1000
    assert timer.read(0x04, 4) == 99


def test_timer_wraps_at_32_bits(clock):
    timer = Timer(clock)
    timer.write(0x08, 4, 0xFFFFFFFF)
    timer.write(0x04, 4, 0xFFFFFFFF)
    timer.write(0x00, 4, 1)
    clock.ticks = (1 << 32) + 5
    assert timer.read(0x04, 4) == 0xFFFFFFFF - 5


@pytest.mark.parametrize("offset", [0x10, 0xFF0])
def test_registers_that_are_not_there(clock, offset):
    timer = Timer(clock)
    with pytest.raises(KeyError):
        timer.read(offset, 4)
    with pytest.raises(KeyError):
        timer.write(offset, 4, 0)
    uart = Uart(lambda: None)
    with pytest.raises(KeyError):
        uart.read(offset + 4, 4)
    with pytest.raises(KeyError):
        uart.write(offset + 4, 4, 0)


def test_uart_keeps_the_order_and_tells_when_it_sends():
    told = []
    uart = Uart(lambda: told.append(1))
    uart.received += b"ab"
    assert [uart.read(0x04, 4), uart.read(0x00, 4), uart.read(0x00, 4), uart.read(0x04, 4)] == [2, 97, 98, 0]
    uart.write(0x00, 4, 0x141)
    assert (bytes(uart.output), told) == (b"A", [1])


def test_imu_without_motion_feels_gravity(clock):
    imu = Imu(clock, 1000, (10.0,), None)
    imu.start(10_000)
    clock.ticks = 100
    assert struct.unpack("<IQ6f", imu.fetch(40)) == (0, 60, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    assert imu.fetch(40) == b""


def test_imu_times_do_not_drift(clock):
    imu = Imu(clock, 25_000_000, (119.0,), None)
    imu.start(119_000)
    clock.ticks = 25_000_000 * 3600
    assert imu.waiting() == IMU_QUEUE
    assert imu.overruns == 119 * 3600 - IMU_QUEUE
    index, moment = struct.unpack_from("<IQ", imu.fetch(0))
    assert index == 119 * 3600 - IMU_QUEUE
    assert moment == (index + 1) * 25_000_000 // 119


@pytest.mark.parametrize(("wanted", "given"), [(100_000, 100_000), (99_600, 100_000), (99_400, 0), (0, 0), (1, 0)])
def test_imu_rates(clock, wanted, given):
    imu = Imu(clock, 1000, (100.0, 25.0), None)
    imu.start(wanted)
    assert imu.rate_mhz == given
    assert (imu.next_moment() is None) == (given == 0)
    assert imu.usual_mhz == 100_000


def test_board_without_a_sensor(clock):
    imu = Imu(clock, 1000, (), None)
    imu.start(100_000)
    assert (imu.rate_mhz, imu.usual_mhz, imu.waiting()) == (0, 0, 0)


def test_reset_request_needs_its_key(clock):
    asked = []
    system = SystemSpace(clock, lambda: asked.append(1))
    system.write(0xD0C, 4, 0x00000004)
    system.write(0xD0C, 4, 0x05FA0000)
    assert asked == []
    system.write(0xD0C, 4, 0x05FA0004)
    assert asked == [1]


def test_system_space_keeps_bytes_and_counts_cycles(clock):
    system = SystemSpace(clock, lambda: None)
    system.write(0xD88, 4, 0xF00000)
    system.write(0xD89, 1, 0x12)
    assert system.read(0xD88, 4) == 0xF01200
    assert system.read(0xD8A, 1) & 0xFF == 0xF0
    clock.ticks = 70
    system.write_dwt(0x04, 4, 0)
    clock.ticks = 75
    assert system.read_dwt(0x04, 4) == 5


class Count:
    """Sample i begins with i; 100 samples a second."""

    rate_hz = 100.0

    def sample(self, i):
        return (float(i), 0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("rate", "felt"),
    [(100.0, [0, 1, 2, 3, 4]), (50.0, [0, 2, 4, 6, 8]), (200.0, [0, 1, 1, 2, 2]), (104.0, [0, 1, 2, 3, 4])],
)
def test_motion_goes_by_time_at_any_rate(clock, rate, felt):
    imu = Imu(clock, 1_000_000, (rate,), Count())
    imu.start(round(rate * 1000))
    clock.ticks = 105_000
    assert [int(struct.unpack("<IQ6f", imu.fetch(0))[2]) for _ in felt] == felt
