"""What windows show by themselves: faults that a network bears or hides, and clean sessions of strangers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinyforge.core.types import Channel, ModelInfo, Preprocessing, WindowSpec
from tinyforge.evaluate.experiments import experiment
from tinyforge.evaluate.felt import Cause, Felt, Known
from tinyforge.evaluate.likeness import Likeness, likeness_of, shrunk
from tinyforge.evaluate.senses import examine
from tinyforge.evaluate.sketch import sketch_causes
from tinyforge.virtual.motion import motion_labels, motion_spec, open_motion, read_motion

CHANNELS = ("ax", "ay", "az", "gx", "gy", "gz")
UNITS = ("g",) * 3 + ("dps",) * 3
LABELS = tuple(motion_labels("police"))
LENGTH, HOP, RATE_HZ = 50, 25, 50.0
ACCELERATION = np.array([1, 1, 1, 0, 0, 0], np.float32)


def taken(person, label, take, seconds=5):
    source = open_motion(motion_spec("police", label, person, take, 3, RATE_HZ))
    samples = read_motion(source, 0, int(seconds * RATE_HZ))
    return [samples[s : s + LENGTH] for s in range(0, len(samples) - LENGTH + 1, HOP)]


@pytest.fixture(scope="module")
def known():
    """Five people, and a network that answers what is true whatever is wrong with the windows."""
    rows = [
        (window, k, str(person), f"{person} {label}")
        for person in range(1, 6)
        for k, label in enumerate(LABELS)
        for window in taken(person, label, 0)
    ]
    windows, targets, people, takes = zip(*rows, strict=True)
    asked = np.array(targets, np.int64)
    return Known(
        np.array(windows, np.float32),
        asked,
        LABELS,
        CHANNELS,
        UNITS,
        RATE_HZ,
        lambda given: np.resize(np.arange(len(LABELS)), len(given)),
        1.0,
        np.array(people),
        np.array(takes),
    )


def session(person, change=lambda x: x, only=None):
    """A stranger's windows, all answered right, class after class."""
    rows = [
        (window, k) for k, label in enumerate(LABELS) if only in {None, label} for window in taken(person, label, 4, 10)
    ]
    truths = np.array([k for _, k in rows])
    windows = change(np.array([window for window, _ in rows], np.float32)).astype(np.float32)
    return Felt(windows, truths, truths, overlap=2)


FAULTS = {
    "x turned over": (lambda x: x * np.array([-1, 1, 1, -1, 1, 1]), "swapped_axes", "with ax = -ax, gx = -gx they"),
    "a gyroscope's y": (lambda x: x * np.array([1, 1, 1, 1, -1, 1]), "swapped_axes", "with gy = -gy they are"),
    "x and y": (lambda x: x[:, :, [1, 0, 2, 4, 3, 5]], "swapped_axes", "ax = ay, ay = ax, gx = gy, gy = gx"),
    "accelerometer only": (lambda x: x[:, :, [2, 1, 0, 3, 4, 5]], "swapped_axes", "with ax = az, az = ax they are"),
    "m/s^2": (lambda x: x * np.float32(9.80665) ** ACCELERATION, "wrong_unit", "accelerations in m/s^2"),
    "four times dps": (lambda x: x * np.float32(4) ** (1 - ACCELERATION), "other_range", "rates 4 times what"),
    "exchanged": (lambda x: x[:, :, [3, 4, 5, 0, 1, 2]], "sensors_exchanged", "the gyroscope's values stand"),
}


@pytest.mark.parametrize(("change", "code", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_of_a_stranger_though_all_answers_are_right(known, change, code, said):
    (found,) = examine(known, session(9, change))
    assert (found.code, found.severity) == (code, "warning")  # the network bears it
    assert said in found.fact
    assert found.evidence["nearer"] > 0.9


@pytest.mark.parametrize("label", ["accelerate", "stop"])
def test_one_movement_is_enough(known, label):
    for fault in ("m/s^2", "x and y", "four times dps"):
        (found,) = examine(known, session(9, FAULTS[fault][0], label))
        assert (found.code, FAULTS[fault][2] in found.fact) == (FAULTS[fault][1], True)


@pytest.mark.parametrize("names", [("ax",), ("ax", "gy"), ("mx", "my", "mz")])
@pytest.mark.parametrize("turn", [0, 1], ids=["right", "wrong"])
def test_channels_that_are_no_three_axes_have_no_causes(known, names, turn):
    """Of a sketch, and of a board; answered right, and wrong, which asks for an experiment."""
    columns = list(range(len(names)))
    fewer = replace(known, windows=known.windows[:, :, columns], channels=names, units=UNITS[: len(names)])
    felt = session(9)
    felt = replace(felt, windows=felt.windows[:, :, columns], answers=(felt.truths + turn) % len(LABELS))
    reversed_in_time = Cause("preprocessing", "reversed", "", lambda raw: np.ascontiguousarray(raw[:, ::-1]))
    for more in ((), (reversed_in_time,)):
        assert [one.code for one in examine(fewer, felt, more)] == ["unexplained"] * turn


def test_a_handful_of_windows_is_not_enough(known):
    felt = session(9, FAULTS["x and y"][0])
    few = slice(0, 9)
    assert (
        examine(known, replace(felt, windows=felt.windows[few], answers=felt.answers[few], truths=felt.truths[few]))
        == ()
    )


@pytest.mark.parametrize("person", range(10, 16))
def test_clean_sessions_of_strangers_name_nothing(known, person):
    assert examine(known, session(person)) == ()
    for label in LABELS:
        assert examine(known, session(person, only=label)) == ()


def test_two_faults_at_once(known):
    found = examine(known, session(9, lambda x: FAULTS["x and y"][0](FAULTS["m/s^2"][0](x))))
    assert {one.code for one in found} == {"swapped_axes", "wrong_unit"}
    assert any("ax = ay, ay = ax, gx = gy, gy = gx" in one.fact for one in found)


def test_causes_that_the_windows_cannot_tell_apart_are_both_said(known):
    """An accelerometer that says nothing of x and y: both are noise about zero."""
    rng = np.random.default_rng(7)

    def dull(windows):
        dulled = windows.copy()
        dulled[:, :, 3:] = rng.normal(0, 20, dulled[:, :, 3:].shape)
        dulled[:, :, :2] = rng.normal(0, 0.1, dulled[:, :, :2].shape)
        return dulled

    felt = session(9)
    plain = replace(known, windows=dull(known.windows))
    upside_down = dull(felt.windows) * np.array([1, 1, -1, 1, 1, 1], np.float32)
    (found,) = examine(plain, replace(felt, windows=upside_down.astype(np.float32)))
    assert found.code == "swapped_axes"
    assert "(or with " in found.fact
    assert "az = -az" in found.fact


@pytest.mark.parametrize(
    ("made", "only", "said"),
    [
        (lambda x: x[:, ::-1], None, "the newest sample stands first"),
        (lambda x: x.transpose(0, 2, 1).reshape(x.shape), "stop", "the window is filled channel by channel"),
    ],
)
def test_what_a_sketch_did_is_named_though_all_answers_are_right(known, made, only, said):
    channels = tuple(Channel(name, unit) for name, unit in zip(CHANNELS, UNITS, strict=True))
    info = ModelInfo(
        "net", LABELS, WindowSpec(LENGTH, HOP, CHANNELS, RATE_HZ), channels, Preprocessing((0.0,) * 6, (1.0,) * 6)
    )
    causes = tuple(sketch_causes(info, 0.05, 0, quantized=False))
    (found,) = examine(known, session(9, made, only), causes)
    assert found.code == "preprocessing"
    assert said in found.fact
    assert examine(known, session(9, only=only), causes) == ()


def test_people_who_were_trained_with_the_fault_hide_it(known):
    """Half of them wear it turned over: a session of one who does is clean."""
    turned = np.isin(known.people, ["1", "2"])
    windows = known.windows.copy()
    windows[turned] *= np.array([-1, 1, 1, -1, 1, 1], np.float32)
    both = replace(known, windows=windows)
    assert examine(both, session(9, FAULTS["x turned over"][0])) == ()
    assert examine(both, session(9)) == ()


def test_one_person_known_asks_for_more(known):
    """Without several people nobody knows how people differ: the windows have to become the training's."""
    one = replace(known, people=None, takes=None)
    assert likeness_of(known).people
    assert not likeness_of(one).people
    wild = np.random.default_rng(2)
    noise = session(9, lambda x: wild.normal([0.57] * 3 + [0] * 3, [0.4] * 3 + [90] * 3, x.shape))
    assert examine(one, noise) == ()


def test_what_could_not_show_is_said_with_the_movement_that_tells(known):
    rest = LABELS.index("rest")
    asked = experiment(known, likeness_of(known), np.full(30, rest), 2)
    assert asked.startswith("not all would show in these movements: ")
    assert "alone for 40 windows with `tinyforge live`: there each of them shows" in asked
    assert '"rest"' not in asked
    every = likeness_of(known).chance(np.repeat(np.arange(len(LABELS)), 12), 2)
    alone = likeness_of(known).chance(np.full(48, rest), 2)
    assert len(every.hidden()) < len(alone.hidden())


def test_where_no_movement_tells_three_poses_are_asked_for(known):
    """Without gravity, and alike in all directions."""
    rng = np.random.default_rng(5)
    alike = replace(known, windows=rng.normal(0, 1, known.windows.shape).astype(np.float32) * ([0.5] * 3 + [50] * 3))
    asked = experiment(alike, Likeness(alike), alike.targets[:40], 2)
    assert "ax = -ax, gx = -gx" in asked
    assert "No movement that was recorded tells: record the board of the recordings" in asked
    assert "lying still on each of three sides" in asked


def test_wrong_answers_that_nothing_explains_ask_for_the_experiment(known):
    felt = session(9, only="rest")
    wrong = replace(felt, answers=(felt.truths + 1) % len(LABELS))
    found = examine(known, wrong)
    assert "unexplained" in {one.code for one in found}
    assert "not all would show in these movements" in found[-1].way_out


def test_covariance_of_few_rows_can_be_inverted():
    rows = np.random.default_rng(1).normal(size=(6, 40))
    assert np.linalg.cond(shrunk(rows)) < 1e3
    many = np.random.default_rng(2).normal(size=(4000, 3)) * [1, 2, 3]
    np.testing.assert_allclose(np.diag(shrunk(many)), [1, 4, 9], rtol=0.1)
