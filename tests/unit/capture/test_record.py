"""One take: whole, marked where samples are missing, and an error where it was cut."""

import numpy as np
import pytest
from tfw_host import HostBoard

from tinyforge.capture import RecordingCut, record
from tinyforge.core.errors import DataError, DeviceError
from tinyforge.core.types import IMU_CHANNELS
from tinyforge.link import Mode


def rows(first, count):
    return np.arange(first, first + count, dtype=np.float32)[:, None] + 0.125 * np.arange(6, dtype=np.float32)


def test_a_take_has_its_length_and_says_what_it_is():
    seen = []
    with HostBoard() as link:
        take = record(
            link,
            samples=250,
            label="stop",
            subject="s1",
            session="monday",
            rate_hz=119,
            on_progress=lambda *at: seen.append(at),
        )
        assert link.hello().mode == Mode.IDLE
    assert np.array_equal(take.samples, rows(0, 250))
    assert take.samples.dtype == np.float32
    assert (take.label, take.subject, take.session, take.board) == ("stop", "s1", "monday", "host")
    assert (take.channels, take.rate_hz, take.dropped, take.note) == (IMU_CHANNELS, 119.0, 0, "")
    assert seen[-1] == (250, 250)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_one_take_after_another_over_one_link():
    with HostBoard() as link:
        for length in (1, 7, 120, 121):
            assert np.array_equal(record(link, samples=length).samples, rows(0, length))


def test_lost_samples_are_counted_and_placed_never_filled_in():
    with HostBoard(None, ("lose", "30", "7")) as link:
        take = record(link, samples=100)
    assert take.dropped == 7
    assert take.note == "7 lost before sample 30"
    assert np.array_equal(take.samples, np.concatenate([rows(0, 30), rows(37, 70)]))


def test_samples_lost_behind_the_take_are_not_its_own():
    with HostBoard(None, ("lose", "130", "7")) as link:
        take = record(link, samples=100)
    assert (take.dropped, take.note) == (0, "")


def test_too_few_samples_for_a_window_are_refused_before_anything_is_recorded():
    with HostBoard() as link:
        with pytest.raises(DataError) as caught:
            record(link, samples=30, at_least=50)
        assert str(caught.value) == "recording: 30 samples are too few; record at least 50: a longer --duration"
        with pytest.raises(DataError):
            record(link, samples=0)
        assert link.stats().frames_received == 1  # this very request


def test_a_device_that_restarts_cuts_the_take_and_gives_what_there_was():
    with HostBoard(None, ("restart-at", "77")) as link:
        with pytest.raises(RecordingCut) as caught:
            record(link, samples=100, label="x")
        assert str(caught.value) == (
            "host board: the board restarted: the watchdog: the firmware hung, after 77 of 100 samples; "
            "start again; check its supply and cable"
        )
        assert isinstance(caught.value, DeviceError)
        partial = caught.value.partial
        assert np.array_equal(partial.samples, rows(0, len(partial.samples)))
        assert partial.label == "x"
        assert len(record(link, samples=10).samples) == 10  # and it goes on


def test_a_rate_the_sensor_lacks_is_an_error_of_the_device():
    with HostBoard() as link, pytest.raises(DeviceError, match="START_STREAM was refused"):
        record(link, samples=10, rate_hz=99_999)


def test_an_interrupt_leaves_the_device_quiet():
    def press_ctrl_c(done, total):
        raise KeyboardInterrupt

    with HostBoard() as link:
        with pytest.raises(KeyboardInterrupt):
            record(link, samples=1000, on_progress=press_ctrl_c)
        assert link.hello().mode == Mode.IDLE
