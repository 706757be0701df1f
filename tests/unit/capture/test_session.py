"""Sessions of every mode on devices with a clock of their own: what is kept, what is said, what a lost board does."""

import dataclasses

import numpy as np
import pytest
from desk import Keys, ScriptedDesk, leftovers
from fake_device import ClockedPort, FakeBoard, TextSketch, rows

from tinyforge.capture import left_over, recovered
from tinyforge.capture.desk import PlainDesk, State
from tinyforge.capture.session import Plan, Session
from tinyforge.core.errors import DataError, DeviceError, UsageError
from tinyforge.dataset import RecordingStore
from tinyforge.link import Link, TextLink
from tinyforge.link.detect import detect

PLAN = Plan(("stop",), "anna", "monday", duration_s=1.0, count=3, usual_hz=100.0)


class Bench:
    """A board, a port and a store; the port is opened again when it is asked for again."""

    def __init__(self, tmp_path, make=FakeBoard, desk=None, **wire):
        self.store = RecordingStore(tmp_path / "dataset")
        self.desk = desk or ScriptedDesk(live=False)
        self.make = make
        self.wire = wire
        self.boards = []
        self.opened = 0
        self.time = None
        self.fail = 0  # so many openings fail

    def connect(self):
        self.opened += 1
        if self.fail:
            self.fail -= 1
            raise DeviceError("fake port", "no such device", "plug it in")
        self.boards.append(self.make())
        port = ClockedPort(self.boards[-1], **self.wire)
        if self.time is not None:
            port.time_s = self.time.time_s
        self.time = port
        return detect(port, clock=self.clock)

    def clock(self):
        return self.time.time_s if self.time else 0.0

    def sleep(self, seconds):
        self.time.time_s += seconds

    def session(self, plan, **options):
        return Session(self.connect, plan, self.store, self.desk, clock=self.clock, sleep=self.sleep, **options)

    def recordings(self):
        return [self.store.load(entry.id) for entry in self.store.entries()]


def test_takes_of_one_length_one_after_another(tmp_path):
    bench = Bench(tmp_path)
    kept = bench.session(PLAN, ranges_of=lambda _: (50.0,) * 6).run()
    assert len(kept) == 3
    for number, one in enumerate(bench.recordings(), 1):
        assert np.array_equal(one.samples, rows(0, 100, run=number))
        assert (one.label, one.subject, one.session, one.board) == ("stop", "anna", "monday", "fake")
        assert (one.dropped, one.facts.clipped, one.facts.rate_clock) == (0, 50, "device")
        assert one.facts.rate_measured_hz == pytest.approx(100.0, abs=0.01)
        assert one.facts.started.endswith("Z")
        assert one.facts.firmware == "1.2.3 ab12cd34"
    assert leftovers(bench.store.folder) == []
    assert bench.opened == 1


def test_a_countdown_lets_time_pass_and_is_shown(tmp_path):
    bench = Bench(tmp_path)
    bench.session(dataclasses.replace(PLAN, count=1, countdown_s=3.0)).run()
    left = [state.left_s for state in bench.desk.states if state.phase == "countdown"]
    assert left[0] == pytest.approx(3.0, abs=0.2)
    assert left == sorted(left, reverse=True)
    assert bench.desk.states[-1].phase == "recording"


def test_undo_redo_and_a_note(tmp_path):
    desk = ScriptedDesk(Keys(after_0="n", after_1="un", after_2="urn", after_3="q"), answers=["left hand"])
    bench = Bench(tmp_path, desk=desk)
    kept = bench.session(dataclasses.replace(PLAN, count=5)).run()
    assert [entry.id for entry in bench.store.entries()] == kept
    nothing = "there is no recording in this session to note something on"
    assert desk.said.count(nothing) == 2  # before the first one, and when it was undone
    assert sum(text.endswith("taken out; r brings it back") for text in desk.said) == 2
    assert sum(text.endswith("back again") for text in desk.said) == 1
    assert len(kept) == 2
    assert bench.store.load(kept[0]).note == "left hand"


def test_the_last_take_can_be_undone_and_is_recorded_again(tmp_path):
    asked = []

    def script(desk):
        words = sum(text.startswith("all recorded") for text in desk.said)
        if words > len(asked):
            asked.append(words)
            return "" if words > 1 else "u"
        return "x" if words == 2 else ""

    bench = Bench(tmp_path, desk=ScriptedDesk(script))
    kept = bench.session(PLAN).run()
    assert len(kept) == 3
    assert len(bench.store.entries()) == 3
    assert len(bench.store.removed()) == 1


def test_takes_with_the_same_samples_are_one_recording_and_can_be_undone_each(tmp_path):
    class Same(FakeBoard):
        def values(self, first, count):
            return rows(first, count)

    desk = ScriptedDesk(Keys(after_2="uur", after_3="uq"))
    bench = Bench(tmp_path, Same, desk)
    kept = bench.session(PLAN).run()
    assert sum("has the samples of a take before; it is there once" in text for text in desk.said) == 2
    assert [entry.id for entry in bench.store.entries()] == kept


# ---- triggered ----


class Arm(FakeBoard):
    """At rest but for a second in every four, which begins slowly."""

    def values(self, first, count):
        t = np.arange(first, first + count) / self.rate_hz
        strength = np.clip((t % 4.0 - 2.0) / 0.2, 0, 1) * (t % 4.0 < 3.0)
        noise = np.random.default_rng(first).normal(0, 0.005, (count, 6))
        out = noise + np.array([0, 0, 1, 0, 0, 0])
        out[:, 0] += strength * np.sin(12 * t)
        return out.astype(np.float32)


def test_a_movement_is_kept_from_before_its_beginning(tmp_path):
    bench = Bench(tmp_path, Arm)
    plan = dataclasses.replace(PLAN, mode="triggered", count=2, duration_s=1.5, pre_roll_s=0.5)
    assert len(bench.session(plan).run()) == 2
    for number, one in enumerate(bench.recordings()):
        assert one.samples.shape == (150, 6)
        assert one.dropped == 0
        first = int(np.argmax(np.abs(one.samples[:, 0]) > 0.2))
        assert 45 <= first <= 65, number
        assert np.abs(one.samples[:30, 0]).max() < 0.05  # rest, from before
        # the movement begins at 2 s; what is 0.5 s before its detection is before its beginning
        assert np.abs(one.samples[140:, 0]).max() > 0.0
    phases = {state.phase for state in bench.desk.states}
    assert {"waiting", "recording"} <= phases


def test_samples_lost_in_the_pre_roll_are_marked(tmp_path):
    def make():
        board = Arm()
        board.on_frame = lambda frame, first, count: [] if first == 190 else [frame]
        return board

    bench = Bench(tmp_path, make)
    bench.session(dataclasses.replace(PLAN, mode="triggered", count=1, duration_s=1.5)).run()
    (one,) = bench.recordings()
    assert one.dropped == 5
    assert 20 < one.facts.gaps[0].before < 60


def test_a_board_that_lies_still_triggers_nothing(tmp_path):
    class Still(Arm):
        def values(self, first, count):
            return np.random.default_rng(first).normal(0, 0.005, (count, 6)).astype(np.float32)

    desk = ScriptedDesk(lambda desk: "q" if desk.blocks > 400 else "")
    bench = Bench(tmp_path, Still, desk)
    assert bench.session(dataclasses.replace(PLAN, mode="triggered", count=0)).run() == []
    assert leftovers(bench.store.folder) == []


# ---- continuous ----


def test_keys_label_what_comes_and_each_stretch_is_a_recording(tmp_path):
    at = {100: "1", 220: "2", 300: " ", 340: "1", 350: "2", 430: "q"}  # by samples

    def script(desk):
        return "".join(at.pop(k) for k in sorted(at) if k <= 5 * desk.blocks)

    bench = Bench(tmp_path, desk=ScriptedDesk(script))
    plan = dataclasses.replace(PLAN, labels=("walk", "sit"), mode="continuous", count=0, duration_s=0.0, window_s=0.5)
    bench.session(plan).run()
    found = [(one.label, len(one.samples)) for one in bench.recordings()]
    assert found == [("walk", 120), ("sit", 80), ("sit", 80)]
    for one in bench.recordings():
        assert np.array_equal(np.diff(one.samples[:, 0]), np.ones(len(one.samples) - 1, np.float32))
    assert any("0.10 s are shorter than a window (0.5 s), not kept" in text for text in bench.desk.said)


def test_without_keys_a_session_of_one_label_has_a_length(tmp_path):
    bench = Bench(tmp_path)
    bench.session(dataclasses.replace(PLAN, mode="continuous", count=0, duration_s=2.0)).run()
    assert [len(one.samples) for one in bench.recordings()] == [200]


# ---- a board that goes away ----


def dying(at, how):
    """Boards of which the first dies in its second take."""
    made = []

    def make():
        board = FakeBoard()
        if not made:

            def on_frame(frame, first, count):
                if board.runs < 2 or first < at:
                    return [frame]
                if how == "reset":
                    board.restart()
                    board.sent = -count
                    return []
                raise DeviceError("fake port", "the device went away: Input/output error", "plug it in again")

            board.on_frame = on_frame
        made.append(board)
        return board

    return make


@pytest.mark.parametrize("how", ["reset", "unplugged"])
def test_a_board_that_goes_away_and_comes_back_costs_one_take_that_is_recorded_again(tmp_path, how):
    bench = Bench(tmp_path, dying(40, how))
    connect = bench.connect

    def connect_slowly():
        if bench.opened == 1:
            bench.fail = 4
        return connect()

    bench.connect = connect_slowly
    kept = bench.session(PLAN).run()
    assert len(kept) == 3
    assert all(len(one.samples) == 100 and one.dropped == 0 for one in bench.recordings())
    fact = "the board restarted: the watchdog: the firmware hung" if how == "reset" else "the device went away"
    assert any(fact in text and "1 recording is kept; waiting for the board" in text for text in bench.desk.said)
    assert any("the board is back; going on with recording 2" in text for text in bench.desk.said)
    assert bench.opened == 6
    assert leftovers(bench.store.folder) == []


def test_a_board_that_stays_away_ends_the_session_and_what_had_arrived_can_be_had(tmp_path):
    bench = Bench(tmp_path, dying(40, "unplugged"))
    connect = bench.connect
    bench.connect = lambda: connect() if not bench.opened else (_ for _ in ()).throw(DeviceError("fake port", "gone"))
    with pytest.raises(DeviceError, match=r"after 40 of 100 samples; it did not come back in 30 s \(gone\)"):
        bench.session(PLAN).run()
    assert len(bench.recordings()) == 1
    (left,) = left_over(bench.store.folder)
    again = recovered(left)
    assert np.array_equal(again.samples, rows(0, 40, run=2))
    assert (again.label, again.facts.cut) == ("stop", "its recorder was killed")


def test_a_board_that_never_ends_to_restart_is_given_up(tmp_path):
    def make():
        board = FakeBoard()

        def on_frame(frame, first, count):
            board.restart()
            board.sent = -count
            return []

        board.on_frame = on_frame
        return board

    bench = Bench(tmp_path, make)
    with pytest.raises(DeviceError, match="the board restarted"):
        bench.session(PLAN).run()
    assert bench.opened == 5


def test_another_board_in_the_middle_of_a_session_is_refused(tmp_path):
    makers = [dying(40, "unplugged"), lambda: FakeBoard(names=("ax", "ay"), units=("g", "g"))]
    bench = Bench(tmp_path, lambda: makers[0]() if not bench.boards else makers[1]())
    with pytest.raises(DataError, match="has other channels than before: ax, ay; end the session and begin another"):
        bench.session(PLAN).run()


def test_in_the_continuous_mode_what_came_before_a_reset_is_whole_and_kept(tmp_path):
    made = []

    def make():
        board = FakeBoard()
        if not made:

            def on_frame(frame, first, count):
                if first < 120:
                    return [frame]
                board.restart()
                board.sent = -count
                return []

            board.on_frame = on_frame
        made.append(board)
        return board

    bench = Bench(tmp_path, make)
    bench.session(dataclasses.replace(PLAN, mode="continuous", count=0, duration_s=2.0, window_s=0.5)).run()
    first, second = bench.recordings()
    assert (len(first.samples), first.facts.cut) == (120, "the board restarted: the watchdog: the firmware hung")
    assert (len(second.samples), second.facts.cut) == (200, "")


# ---- text ----


def text_bench(tmp_path, line=None, **options):
    def make():
        return TextSketch(line, **options)

    return Bench(tmp_path, make)


def test_lines_of_numbers_are_recorded_and_their_rate_is_measured(tmp_path):
    bench = text_bench(tmp_path, rate_hz=104.0)
    bench.session(dataclasses.replace(PLAN, count=2)).run()
    for one in bench.recordings():
        assert one.rate_hz == pytest.approx(104.0, rel=0.01)
        assert len(one.samples) == pytest.approx(104, abs=1)
        assert abs(one.facts.rate_measured_hz - 104.0) <= max(2 * one.facts.rate_error_hz, 0.5)
        assert (one.facts.rate_clock, one.facts.firmware, one.dropped) == ("host", "text", 0)
        assert np.array_equal(np.diff(one.samples[:, 0]), np.ones(len(one.samples) - 1, np.float32))


def test_a_rate_the_user_says_and_the_device_does_not_have_is_told(tmp_path):
    bench = text_bench(tmp_path, rate_hz=50.0)
    bench.session(dataclasses.replace(PLAN, count=1, rate_hz=100.0, duration_s=2.0)).run()
    (one,) = bench.recordings()
    assert one.rate_hz == pytest.approx(50.0, rel=0.02)
    assert one.note.startswith("was to have 100 Hz, by this computer's clock it has ")


def test_damaged_lines_are_counted_as_lost_in_their_place(tmp_path):
    def line(k):
        good = ",".join(f"{k + c / 8:.3f}" for c in range(6))
        return {250: "nan,1,2,3,4,5\n", 260: good[:-7] + "\n", 261: b"\xff\xfe,,\n", 300: good + "," + good + "\n"}.get(
            k, good + "\n"
        )

    bench = text_bench(tmp_path, line)
    bench.session(dataclasses.replace(PLAN, count=1, rate_hz=100.0, duration_s=4.0)).run()
    (one,) = bench.recordings()
    start = int(one.samples[0, 0])
    gaps = [(gap.before + start, gap.samples) for gap in one.facts.gaps]
    assert one.facts.damaged == 4
    assert gaps[0] == (250, 1)
    assert one.dropped == sum(samples for _, samples in gaps) == 5


def test_a_column_of_time_is_a_clock_and_shows_what_is_missing(tmp_path):
    def line(k):
        return "" if 250 <= k < 257 else f"{10 * k},{k},{k},{k}\n"

    bench = text_bench(tmp_path, line, greeting="time_ms,aX,aY,aZ\n")
    bench.session(dataclasses.replace(PLAN, count=1, duration_s=3.0)).run()
    (one,) = bench.recordings()
    assert [channel.name for channel in one.channels] == ["ax", "ay", "az"]
    assert (one.facts.rate_clock, one.dropped) == ("device", 7)
    at = int(np.argmax(np.diff(one.samples[:, 0]) > 1)) + 1
    assert [(gap.before, gap.samples) for gap in one.facts.gaps] == [(at, 7)]


def test_a_column_that_counts_shows_what_is_missing_and_what_came_twice(tmp_path):
    def line(k):
        text = f"{k % 256},{k},{k},{k}\n"
        return "" if 250 <= k < 253 else text * 2 if k == 270 else text

    bench = text_bench(tmp_path, line, greeting="seq,aX,aY,aZ\n")
    bench.session(dataclasses.replace(PLAN, count=1, duration_s=3.0)).run()
    (one,) = bench.recordings()
    assert one.dropped == 3
    assert len(set(one.samples[:, 0].tolist())) == len(one.samples)


def test_sensiml_is_told_to_begin_and_announces_its_rate(tmp_path):
    announcement = '{"version":1,"sample_rate":50,"column_location":{"AccelerometerY":1,"AccelerometerX":0}}\n'
    bench = text_bench(tmp_path, lambda k: f"{k},{-k}\n", rate_hz=50.0, greeting=announcement, waits_for=b"connect")
    bench.session(dataclasses.replace(PLAN, count=1, duration_s=3.0)).run()
    (one,) = bench.recordings()
    assert [channel.name for channel in one.channels] == ["ax", "ay"]
    assert (one.rate_hz, one.facts.firmware, len(one.samples)) == (50.0, "SensiML", 150)


def test_a_stall_after_which_nothing_is_caught_up_is_a_gap(tmp_path):
    stalled = []

    class Stalling(TextSketch):
        def advance(self, now_s):
            super().advance(now_s)
            if 400 <= self.taken < 450:
                stalled.append(len(self.out))
                self.out = b""

    bench = Bench(tmp_path, Stalling)
    bench.session(dataclasses.replace(PLAN, count=1, rate_hz=100.0, duration_s=6.0)).run()
    (one,) = bench.recordings()
    assert stalled
    assert one.dropped == pytest.approx(50, abs=6)


# ---- the disk ----


def test_a_full_disk_is_told_and_nothing_half_is_left(tmp_path, monkeypatch):
    bench = Bench(tmp_path)
    real = RecordingStore.add

    def add(store, recording):
        if len(store.entries()) == 1:
            raise UsageError(str(store.folder), "cannot write: No space left on device", "free some space")
        return real(store, recording)

    monkeypatch.setattr(RecordingStore, "add", add)
    with pytest.raises(UsageError, match="No space left on device"):
        bench.session(PLAN).run()
    assert len(bench.store.entries()) == 1
    (left,) = left_over(bench.store.folder)  # the take that found no room can be had back
    assert left.samples == 100


def test_links_are_what_they_are(tmp_path):
    bench = Bench(tmp_path)
    assert isinstance(bench.connect(), Link)
    assert isinstance(text_bench(tmp_path).connect(), TextLink)


def test_a_plain_desk_tells_every_five_seconds_of_a_recording():
    now, said = [100.0], []
    desk = PlainDesk(said.append, clock=lambda: now[0])
    state = State("recording", "wave", done=200, total=400, lost=3)
    desk.show(state)
    now[0] += 5.1
    desk.show(State("waiting", "wave"))
    desk.show(state)
    desk.show(state)
    now[0] += 5.1
    desk.show(State("recording", "wave", done=700))
    assert said == ["  wave: 200 of 400 samples, 3 lost", "  wave: 700 samples, 0 lost"]
    assert (desk.is_live, desk.pressed(), desk.ask("note: ")) == (False, "", "")


def test_a_line_said_puts_off_the_next():
    now, said = [0.0], []
    desk = PlainDesk(said.append, clock=lambda: now[0])
    now[0] = 4.0
    desk.say("take 1 kept")
    now[0] = 8.0
    desk.show(State("recording", "wave", done=1))
    assert said == ["take 1 kept"]


def test_a_plain_desk_without_a_reader_is_silent(capfd):
    PlainDesk().say("unheard")
    assert capfd.readouterr() == ("", "")
