"""Everything a wire and a board can do to samples, between a board whose every sample is known and the recorder.

Whatever happens, each stored sample must be the one that the board took at this place: its index is its place in the
recording plus all that is written down as lost before it. So a damaged sample that was stored, one that is missing
without being counted, or one counted too often, fails the run.
"""

import collections
import random

import numpy as np
import pytest
from fake_device import ClockedPort, FakeBoard, rows

from tinyforge.capture import RecordingCut, record
from tinyforge.core.errors import DeviceError
from tinyforge.link import Link
from tinyforge.link.frames import encode_frame
from tinyforge.link.messages import Samples

SAMPLES = 240


class Wire:
    """A cable and a board that go wrong in a way of their own; the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        pick = self.random
        self.board = FakeBoard(
            rate_hz=pick.choice([50.0, 100.0, 1000.0]),
            rows_a_frame=pick.choice([1, 3, 5, 20]),
            first_time_us=pick.choice([3_000_000, 60_000_000, 2**32 - 500_000]),
        )
        self.board.on_frame = self.frames
        self.flips = pick.choice([0.0, 0.0, 1e-4, 1e-4, 1e-2])
        self.frame_faults = pick.choice([0.0, 0.02, 0.2])
        self.reset_at = pick.choice([None, None, None, pick.randrange(SAMPLES)])
        self.silent_reset = pick.random() < 0.5  # counts anew, and does not say so
        self.stalls = pick.choice([0.0, 0.0, 0.01])
        self.held = b""
        self.stalled = b""
        self.counts = collections.Counter()

    def frames(self, frame, first, count):
        pick, out = self.random, []
        if self.reset_at is not None and first >= self.reset_at:
            self.reset_at = None
            self.counts["reset"] += 1
            self.board.out += frame[: pick.randrange(len(frame))]
            if self.silent_reset:
                self.board.sent = -count  # the loop that calls adds count
                self.board.taken = 0
                # booting takes time; the clock goes on, or starts anew, too
                goes_on = self.board.time_us(first) + pick.randrange(1_000_000, 3_000_000)
                self.board.first_time_us = pick.choice([goes_on, pick.randrange(1_000_000)])
                self.board.started_s = self.board.now_s
                self.board.runs += 1
            else:
                self.board.restart()
                self.board.sent = -count
            return []
        held, self.held = self.held, b""
        kind = pick.choice(["drop", "twice", "swap", "insert", "forge"]) if pick.random() < self.frame_faults else ""
        self.counts[kind] += 1
        if kind == "drop":
            out = []
        elif kind == "twice":
            out = [frame] * pick.choice([2, 3, 9])
        elif kind == "swap":
            self.held = frame
        elif kind == "insert":
            out = [pick.randbytes(pick.randrange(700)), b"\0", frame]
        elif kind == "forge":  # right CRCs, wrong contents
            kinds = [Samples.TYPE, 0x84, 0x83, 0x91, pick.randrange(0x82, 0x100)]
            out = [encode_frame(pick.choice(kinds), pick.randrange(256), pick.randbytes(pick.randrange(80))), frame]
        else:
            out = [frame]
        return [*out, held] if held else out

    def cable(self, data):
        pick = self.random
        if self.stalls and pick.random() < self.stalls:
            self.counts["stall"] += 1
            self.stalled += data
            return b""
        data, self.stalled = self.stalled + data, b""
        if not self.flips:
            return data
        out = bytearray()
        for byte in data:
            if pick.random() >= self.flips:
                out.append(byte)
                continue
            kind = pick.randrange(4)
            self.counts["byte"] += 1
            if kind == 0:
                out.append(byte ^ 1 << pick.randrange(8))
            elif kind == 1:
                out += bytes((byte, byte))
            elif kind == 2:
                out += bytes((pick.randrange(256), byte))
        return bytes(out)


def check(recording, board_runs):
    """Every stored sample is the one of its place; returns the number of samples that are stored and of those lost."""
    gaps = recording.facts.gaps
    assert recording.dropped == sum(gap.samples for gap in gaps)
    run = round((float(recording.samples[0, 0]) * 64) % 8)
    assert 1 <= run <= board_runs
    index = np.arange(len(recording.samples))
    for gap in gaps:
        index[gap.before :] += gap.samples
    wanted = np.array([rows(int(k), 1, 6, run)[0] for k in index])
    assert np.array_equal(recording.samples, wanted)
    return len(index), recording.dropped


def one_run(seed):
    """What became of one recording: ``whole``, ``cut`` or ``refused``, samples stored and counted as lost, faults."""
    wire = Wire(seed)
    port = ClockedPort(wire.board, wire.cable)
    link = Link(port, clock=port.clock)
    try:
        recording = record(link, samples=SAMPLES, rate_hz=wire.board.rate_hz)
    except RecordingCut as cut:
        stored = (0, 0) if cut.partial is None else check(cut.partial, wire.board.runs)
        return "cut", *stored, wire
    except DeviceError:
        return "refused", 0, 0, wire  # no HELLO or no start came through
    assert len(recording.samples) == SAMPLES
    return "whole", *check(recording, wire.board.runs), wire


def many(seeds):
    ends, faults, stored, lost = collections.Counter(), collections.Counter(), 0, 0
    for seed in seeds:
        try:
            end, kept, missing, wire = one_run(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        ends[end] += 1
        faults += wire.counts
        stored += kept
        lost += missing
    del faults[""]
    print(f"\n{dict(ends)}; {stored} samples stored, {lost} counted as lost; faults: {dict(faults)}")  # noqa: T201  for docs/benchmarks.md
    return ends, faults, lost


def test_no_fault_of_board_or_wire_goes_uncounted():
    ends, faults, lost = many(range(200))
    assert min(ends["whole"], ends["cut"]) > 20
    assert lost > 500
    for kind in ("byte", "drop", "twice", "swap", "insert", "forge", "reset", "stall"):
        assert faults[kind] > 5, kind


@pytest.mark.heavy
def test_many_runs_with_faults():
    many(range(10_000, 13_000))
