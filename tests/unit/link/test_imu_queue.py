"""The queue between a sensor's interrupt and the application: order, and what is missing."""

import ctypes

import pytest
from tfw_host import COMMON

from tinyforge.toolchain.host import build_shared

ROWS = 32


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    out = tmp_path_factory.mktemp("queue") / "queue.so"
    return ctypes.CDLL(str(build_shared([COMMON / "tfw_imu_queue.c"], [COMMON], out)))


class Queue:
    def __init__(self, library, rate_mhz=100_000):
        self.library = library
        self.memory = ctypes.create_string_buffer(4096)
        library.tfw_imu_queue_start(self.memory, ctypes.c_uint32(rate_mhz))

    def put(self, value, time_us):
        sample = (ctypes.c_float * 6)(*(value + k for k in range(6)))
        self.library.tfw_imu_queue_put(self.memory, sample, ctypes.c_uint32(time_us & 0xFFFFFFFF))

    def take(self):
        sample, index, time_us = (ctypes.c_float * 6)(), ctypes.c_uint32(), ctypes.c_uint32()
        self.library.tfw_imu_queue_take.restype = ctypes.c_bool
        if not self.library.tfw_imu_queue_take(self.memory, sample, ctypes.byref(index), ctypes.byref(time_us)):
            return None
        assert list(sample) == [sample[0] + k for k in range(6)]
        return index.value, sample[0], time_us.value


def test_samples_come_out_in_order_with_their_number_and_time(library):
    queue = Queue(library)
    assert queue.take() is None
    for lap in range(5):
        for k in range(ROWS):
            n = lap * ROWS + k
            queue.put(n, n * 10_000)
        for k in range(ROWS):
            n = lap * ROWS + k
            assert queue.take() == (n, n, n * 10_000)
        assert queue.take() is None


def test_a_full_queue_keeps_the_old_and_the_next_number_tells_what_was_lost(library):
    queue = Queue(library)
    for n in range(ROWS + 5):
        queue.put(n, n * 10_000)
    assert [queue.take()[0] for _ in range(ROWS)] == list(range(ROWS))
    queue.put(ROWS + 5, (ROWS + 5) * 10_000)
    assert queue.take()[0] == ROWS + 5


@pytest.mark.parametrize(("late_us", "missed"), [(0, 0), (4_900, 0), (5_100, 1), (10_000, 1), (30_000, 3)])
def test_time_that_passed_without_a_sample_counts_as_lost_ones(library, late_us, missed):
    queue = Queue(library)
    queue.put(0, 0)
    queue.put(1, 10_000 + late_us)
    assert queue.take()[0] == 0
    assert queue.take()[0] == 1 + missed


def test_jitter_below_half_a_period_loses_nothing(library):
    queue = Queue(library, 119_000)
    time_us = 4_294_900_000  # the clock wraps on the way
    for n in range(2_000):
        queue.put(n % 1000, time_us + n * 8_403 + (n * 7919 % 4_000))
        assert queue.take()[0] == n


def test_a_new_start_counts_from_zero(library):
    queue = Queue(library)
    for n in range(9):
        queue.put(n, n * 10_000)
    library.tfw_imu_queue_start(queue.memory, ctypes.c_uint32(100_000))
    assert queue.take() is None
    queue.put(1, 77_777_777)
    assert queue.take() == (0, 1, 77_777_777)
