"""Requests: when they are sent again, what is taken for their answer, and what is said when there is none."""

import dataclasses

import numpy as np
import pytest
from scripted_device import START_S, ScriptedDevice, hello, refuse, update_state

from tinyforge.core.errors import DataError, DeviceError
from tinyforge.core.types import Channel
from tinyforge.link import Inference, LinkCounters, LinkRefused, open_link
from tinyforge.link.link import _WAY_OUT, Prediction, SampleBlock
from tinyforge.link.messages import (
    Error,
    HelloRequest,
    Infer,
    Label,
    LabelRequest,
    LiveStarted,
    StartLive,
    Stats,
    StatsRequest,
    Status,
    Stop,
    Stopped,
    UpdateBegin,
    UpdateCommit,
    UpdatePart,
    UpdateQuery,
    WindowPart,
)
from tinyforge.link.messages import Inference as InferenceMessage

STATS = Stats(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)


def fact_of(call, *arguments, **options):
    with pytest.raises(DeviceError) as caught:
        call(*arguments, **options)
    return str(caught.value).removeprefix("script: ")


def test_a_new_link_has_seen_nothing_and_has_nothing_to_stop():
    device = ScriptedDevice()
    link = device.link()
    assert set(dataclasses.asdict(LinkCounters()).values()) == {0}
    assert link.counters == LinkCounters()
    assert (link.place, link.timeout_s) == ("script", 2.0)
    assert (link.device_clock, link.counted, link.takes_rate) == (True, True, True)
    assert list(link.samples()) == list(link.predictions()) == []  # nothing runs
    link.close()
    assert device.closed
    assert device.kinds() == [
        "HELLO_REQUEST"
    ]  # of predictions(), which must know the window; nothing was to be stopped


def test_what_a_device_says_of_itself_is_asked_once():
    device = ScriptedDevice()
    with device.link() as link:
        assert link.board == "script"
        assert link.firmware == "1.2.3 0123456789ab"
        assert link.channels == (Channel("ax", "g"), Channel("ay", "dps"))
        assert link.device.label_count == 3
    assert device.written.startswith(b"\0")  # ends what another program left
    assert [(tag, message) for _, tag, message in device.asked] == [(1, HelloRequest(1))]
    assert device.closed
    assert ScriptedDevice(firmware_version="", firmware_digest="ab").link().firmware == "ab"


def test_a_request_is_sent_four_times_in_its_time_under_a_new_tag_each():
    device = ScriptedDevice()
    link = device.link()
    link.hello()
    del device.asked[:]
    assert fact_of(link.stats) == (
        "no answer to STATS_REQUEST in 2 s; "
        "press the board's reset button; if it stays silent, flash it again: `tinyforge flash`"
    )
    assert [(at, tag) for at, tag, _ in device.asked] == [(0.0, 2), (0.5, 3), (1.0, 4), (1.5, 5)]
    assert device.now_s == START_S + 2
    assert link.counters.retries == 3


def test_each_kind_of_request_has_its_time():
    device = ScriptedDevice()
    link = device.link()
    link.hello()
    assert "no answer to INFER in 10 s" in fact_of(link.infer, np.zeros((4, 2), np.float32))
    assert "no answer to INFER in 0.4 s" in fact_of(link.infer, np.zeros((4, 2), np.float32), timeout_s=0.4)
    assert "no answer to UPDATE_BEGIN in 20 s" in fact_of(link.update, bytes(8))
    assert "no answer to UPDATE_QUERY in 2 s" in fact_of(link.update_state)
    device.answers[UpdateBegin] = lambda message: update_state()
    assert "no answer to UPDATE_PART in 20 s" in fact_of(link.update, bytes(8))
    device.answers[UpdatePart] = lambda message: update_state(8)
    assert "no answer to UPDATE_COMMIT in 20 s" in fact_of(link.update, bytes(8))


def test_tags_go_round_from_255_to_1():
    device = ScriptedDevice()
    device.answers[StatsRequest] = lambda message: STATS
    link = device.link()
    for _ in range(256):
        assert link.stats() == STATS
    assert [tag for _, tag, _ in device.asked] == [*range(1, 256), 1]


def test_an_answer_to_an_earlier_attempt_or_of_another_kind_is_stale():
    device = ScriptedDevice()
    link = device.link()
    link.hello()
    device.answers[StatsRequest] = lambda message: [Stopped(0, 0, 0, 0), STATS]
    device.say(Stats(*[99] * 10), tag=1)
    assert link.stats() == STATS
    assert link.counters.stale == 2
    assert link.counters.retries == 0


def test_a_device_that_answers_late_is_heard_at_the_next_attempt():
    device = ScriptedDevice()
    link = device.link()
    link.hello()
    device.answers[StatsRequest] = lambda message: STATS if device.now_s >= START_S + 1.5 else None
    assert link.stats() == STATS
    assert link.counters.retries == 3


@pytest.mark.parametrize("status", list(Status), ids=lambda status: status.name)
def test_a_refusal_says_why_and_what_to_do(status):
    device = ScriptedDevice()
    device.answers[StatsRequest] = refuse(status, "that one")
    link = device.link(timeout_s=0.1)
    with pytest.raises(LinkRefused) as caught:
        link.stats()
    assert caught.value.status == status
    assert "STATS_REQUEST was refused: " in caught.value.fact
    assert caught.value.fact.endswith(" (that one)")
    assert caught.value.way_out == _WAY_OUT.get(status, "")
    assert link.counters.retries == (3 if status == Status.INCOMPLETE_WINDOW else 0)


def test_a_refusal_of_a_later_version_is_told_by_its_number():
    device = ScriptedDevice()
    device.answers[StatsRequest] = refuse(77)
    with pytest.raises(LinkRefused, match=r"script: STATS_REQUEST was refused: status 77$") as caught:
        device.link().stats()
    assert (caught.value.status, caught.value.way_out) == (77, "")
    assert LinkRefused("a", "b").status == 0


def test_the_names_of_outputs_are_asked_one_by_one():
    device = ScriptedDevice()
    device.answers[LabelRequest] = lambda message: Label(message.index, f"label {message.index}")
    assert device.link().labels() == ("label 0", "label 1", "label 2")
    assert ScriptedDevice(label_count=0).link().labels() == ()


# ---- HELLO ----


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ({"channel_units": ("g",)}, "the device names 2 channels and 1 units; its firmware is wrong: flash it again"),
        ({"channel_names": ("ax", "ax")}, "a channel named 'ax' among ax, ax; flash its firmware again"),
        ({"channel_names": ("ax", "")}, "a channel named '' among ax, "),
        ({"channel_names": ("a#", "ay")}, "a channel named 'a#' among a#, ay"),
        ({"channel_names": ("a[", "ay")}, "a channel named 'a['"),
    ],
)
def test_a_device_that_describes_itself_impossibly_is_refused(said, fact):
    assert fact in fact_of(ScriptedDevice(**said).link().hello)


def test_frames_without_a_hello_among_them_are_no_other_sketch():
    device = ScriptedDevice()
    device.answers[HelloRequest] = lambda message: STATS
    assert fact_of(device.link().hello) == (
        "no answer to HELLO in 2 s; is tinyforge firmware on the board? flash it: `tinyforge flash`"
    )


def test_a_hello_unasked_is_a_restart_only_of_a_device_that_was_known():
    device = ScriptedDevice()
    link = device.link()
    device.say(hello(), tag=0)
    link.hello()
    assert link.counters.resets == 0
    device.say(hello(reset=9), tag=0)
    link.start_stream(100)
    assert link.counters.resets == 1
    device.say(hello(reset=9), tag=0)
    assert fact_of(next, link.samples()) == ("the board restarted: reason 9; start again; check its supply and cable")
    assert link.counters.resets == 2


# ---- INFER ----


def answer(sequence, label=1, scores=(1, 5, 2)):
    return InferenceMessage(sequence, label, 10, 20, 30, 40, np.int8(scores))


def test_a_window_goes_out_in_pieces_and_comes_back_as_what_it_says():
    device = ScriptedDevice(window_length=125)
    device.answers[Infer] = lambda message: answer(message.sequence)
    link = device.link()
    window = np.arange(250, dtype=np.float32).reshape(125, 2)
    got = link.infer(window)
    assert (got.label, got.preprocess_cycles, got.cycles, got.duration_us, got.input_crc) == (1, 10, 20, 30, 40)
    assert got.scores.tolist() == [1, 5, 2]
    pieces = [message for _, _, message in device.asked if isinstance(message, WindowPart)]
    assert [(piece.sequence, piece.offset, len(piece.values)) for piece in pieces] == [
        (1, 0, 120),
        (1, 120, 120),
        (1, 240, 10),
    ]
    assert np.array_equal(np.concatenate([piece.values for piece in pieces]), window.ravel())
    assert len({tag for _, tag, message in device.asked if not isinstance(message, HelloRequest)}) == 1
    link.infer(window)
    assert device.asked[-1][2] == Infer(2)


def test_the_number_of_a_window_goes_round():
    device = ScriptedDevice()
    device.answers[Infer] = lambda message: answer(message.sequence)
    link = device.link()
    link._sequence = 0xFFFFFFFE  # as after so many windows
    for _ in range(2):
        link.infer(np.zeros((4, 2), np.float32))
    assert [message.sequence for _, _, message in device.asked if isinstance(message, Infer)] == [0xFFFFFFFF, 0]


def test_pieces_damaged_on_the_way_are_sent_again_and_given_up_at_the_fourth_time():
    device = ScriptedDevice()
    refusals = iter(range(10))
    device.answers[Infer] = lambda message: (
        Error(Status.INCOMPLETE_WINDOW, Infer.TYPE, "") if next(refusals) < 3 else answer(message.sequence)
    )
    link = device.link()
    assert link.infer(np.zeros((4, 2), np.float32)).label == 1
    assert (device.kinds().count("WINDOW_PART"), link.counters.retries) == (4, 3)
    device.answers[Infer] = refuse(Status.INCOMPLETE_WINDOW)
    assert "INFER was refused: a part of the window is missing" in fact_of(link.infer, np.zeros((4, 2), np.float32))
    assert device.kinds().count("WINDOW_PART") == 8


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        (lambda message: answer(message.sequence + 1), "window 2 answered instead of 1"),
        (lambda message: answer(message.sequence, label=3), "label 3 of 3 scores"),
        (lambda message: answer(message.sequence, label=0, scores=()), "label 0 of 0 scores"),
    ],
)
def test_an_impossible_inference_is_told(said, fact):
    device = ScriptedDevice()
    device.answers[Infer] = said
    assert f"something impossible: {fact}" in fact_of(device.link().infer, np.zeros((4, 2), np.float32))


def test_windows_that_cannot_be_are_not_sent():
    device = ScriptedDevice()
    link = device.link()
    for window in (np.zeros((4, 3), np.float32), np.zeros((2, 4), np.float32)):
        with pytest.raises(DataError, match=r"is not \(4, 2\); m takes this one"):
            link.infer(window)
    with pytest.raises(DataError, match="a value is not finite"):
        link.infer(np.full((4, 2), np.inf, np.float32))
    assert "the firmware carries no model" in fact_of(
        ScriptedDevice(model_name="").link().infer, np.zeros((4, 2), np.float32)
    )
    assert device.kinds() == ["HELLO_REQUEST"]


# ---- model updates ----


def updating(wrong_at=None):
    device = ScriptedDevice()
    device.answers[UpdateQuery] = device.answers[UpdateBegin] = lambda message: update_state()
    device.answers[UpdatePart] = lambda message: update_state(
        message.offset + len(message.data) + (message.offset == wrong_at)
    )
    device.answers[UpdateCommit] = lambda message: update_state(version=7)
    return device


def test_an_image_goes_out_in_pieces_and_the_new_model_is_asked_for():
    device = updating()
    link = device.link()
    link.hello()
    assert link.update_state().version == 1
    image = bytes(range(256)) * 4
    told = []
    assert link.update(image, lambda sent, whole: told.append((sent, whole))).version == 7
    assert told == [(480, 1024), (960, 1024), (1024, 1024)]
    assert device.kinds()[1:] == [
        "UPDATE_QUERY",
        "UPDATE_BEGIN",
        *["UPDATE_PART"] * 3,
        "UPDATE_COMMIT",
        "HELLO_REQUEST",
    ]
    pieces = [message for _, _, message in device.asked if isinstance(message, UpdatePart)]
    assert [piece.offset for piece in pieces] == [0, 480, 960]
    assert b"".join(piece.data.tobytes() for piece in pieces) == image
    assert device.asked[2][2] == UpdateBegin(1024)


def test_an_update_needs_nobody_who_watches():
    assert updating().link().update(bytes(488)).version == 7


def test_a_board_that_counts_the_bytes_of_an_image_otherwise_is_told():
    device = updating(wrong_at=480)
    said = fact_of(device.link().update, bytes(1000))
    assert "961 bytes received of 960 sent" in said
    assert "UPDATE_COMMIT" not in device.kinds()


def test_a_refused_update_leaves_the_model_and_says_so():
    device = updating()
    device.answers[UpdateCommit] = refuse(Status.UPDATE_REFUSED, "signature")
    said = fact_of(device.link().update, bytes(8))
    assert said == (
        "UPDATE_COMMIT was refused: the model update is not accepted (signature); the board keeps the model it has"
    )


# ---- the end ----


def test_a_run_is_stopped_when_the_link_is_closed_and_only_once():
    device = ScriptedDevice()
    link = device.link()
    link.start_stream(50)
    link.close()
    link.close()
    assert device.kinds() == ["HELLO_REQUEST", "START_STREAM", "STOP"]
    assert device.asked[-1][1:] == (3, Stop())
    assert device.asked[1][2].rate_mhz == 50_000


def test_a_device_that_is_gone_can_be_closed():
    class Gone(ScriptedDevice):
        def write(self, data):
            if self.tag:
                raise DeviceError(self.name, "the device went away")
            super().write(data)

    device = Gone()
    link = device.link()
    link.start_stream()
    link.close()
    assert device.closed


def test_a_device_that_never_stops_talking_is_heard_for_two_thousand_frames_after_the_time():
    class Babbler(ScriptedDevice):
        def read_some(self, timeout_s):
            if not self.waiting:
                self.now_s += 1 / 64
                self.say(STATS, tag=200)
            return super().read_some(timeout_s)

    device = Babbler()
    link = device.link()
    link.hello()
    assert "no answer to STATS_REQUEST in 2 s" in fact_of(link.stats)
    assert link.counters.stale == 4 * (32 + 1 + 2000)  # in half a second, the one that ends it, and after it


def test_open_link_asks_and_gives_the_port_back_when_told_nothing():
    with pytest.raises(DeviceError, match=r"no answer to HELLO in 0\.05 s"):
        open_link("loop://", timeout_s=0.05, baud=9600)


def test_what_a_link_gives_is_frozen():
    assert ScriptedDevice().link().counters.retries == 0
    zero = np.zeros(1, np.int8)
    for one in (
        LinkCounters(),
        SampleBlock(0, 0, np.zeros((1, 1), np.float32), 0),
        Inference(zero, 0, 0, 0, 0, 0),
        Prediction(0, 0, 0, None, Inference(zero, 0, 0, 0, 0, 0), None),
    ):
        assert not hasattr(one, "__dict__")
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, dataclasses.fields(one)[0].name, 1)
    assert SampleBlock(0, 0, np.zeros((1, 1), np.float32), 0).arrived_s == 0
    assert LinkCounters() == LinkCounters()
    assert Inference(zero, 0, 0, 0, 0, 0) != Inference(zero, 0, 0, 0, 0, 0)  # arrays have no one answer to ==


def test_live_is_started_as_asked():
    device = ScriptedDevice()
    started = []
    device.answers[StartLive] = lambda message: started.append(message) or LiveStarted(50_000, 2)
    link = device.link()
    assert link.start_live() == LiveStarted(50_000, 2)
    assert link.start_live(hop=7, send_windows=True).hop == 2
    assert started == [StartLive(0, 0), StartLive(7, 1)]
    device.answers[StartLive] = lambda message: LiveStarted(0, 2)
    assert "a rate of 0 Hz" in fact_of(link.start_live)
