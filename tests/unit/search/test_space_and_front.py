"""What a search draws, what it refuses, and which candidates nobody beats."""

import contextlib
import tomllib

import pytest

from tinyforge.architectures import list_architectures, resolve
from tinyforge.core.errors import ConfigError
from tinyforge.core.project import load_project
from tinyforge.core.types import SizeBudget
from tinyforge.search.front import Candidate, front_of
from tinyforge.search.space import draw, to_toml
from tinyforge.search.trial import OverBudget, check

PROJECT = """
[project]
name = "demo"
[[model]]
name = "cnn"
architecture = "cnn1d"
learning_rate = 0.005
"""


class Dice:
    """An Optuna trial that takes choices in turn, and notes what it was asked."""

    def __init__(self, turn):
        self.turn = turn
        self.asked = {}

    def suggest_categorical(self, name, choices):
        assert all(isinstance(choice, str | int | float | bool) for choice in choices)
        self.asked[name] = choices[self.turn % len(choices)]
        return self.asked[name]


def a_project(tmp_path, search=""):
    (tmp_path / "tinyforge.toml").write_text(PROJECT + search, encoding="utf-8")
    return load_project(tmp_path)


@pytest.mark.parametrize("name", [one.name for one in list_architectures()])
def test_every_drawn_candidate_can_be_built(tmp_path, name):
    project = a_project(tmp_path, f'[search]\narchitectures = ["{name}"]\nlengths = [50, 100]\nsparsities = [0, 0.5]\n')
    fitting = 0
    for turn in range(12):
        drawn = draw(Dice(turn), project)
        assert drawn.spec.learning_rate == 0.005
        assert drawn.plan.sparsity == (turn % 2) * 0.5
        with contextlib.suppress(ConfigError):  # layers that a short window does not fill: refused before any work
            resolve(drawn.spec, (drawn.window.length, 6))
            fitting += 1
    assert fitting >= 8


def test_a_list_goes_through_the_storage_as_text(tmp_path):
    dice = Dice(1)
    drawn = draw(dice, a_project(tmp_path, '[search]\narchitectures = ["cnn1d"]\n'))
    assert dice.asked["cnn1d.filters"] == "[16, 32]"
    assert drawn.spec.parameters["filters"] == (16, 32)
    assert "window.length" not in dice.asked  # a single choice is none


def test_the_best_candidate_is_ready_to_paste(tmp_path):
    drawn = draw(Dice(2), a_project(tmp_path))
    text = to_toml(drawn.as_json(), "best")
    said = tomllib.loads(text)
    assert said["model"][0]["parameters"]["filters"] == list(drawn.spec.parameters["filters"])
    (tmp_path / "tinyforge.toml").write_text('[project]\nname = "again"\n' + text, encoding="utf-8")
    assert load_project(tmp_path).models[0].architecture == "cnn1d"


def test_a_budget_names_what_is_over():
    cost = {"flash_bytes": 20_000, "ram_bytes": 3000, "instructions": 500_000}
    check(cost, SizeBudget())
    check(cost, SizeBudget(flash_bytes=20_000, ram_bytes=3000, instructions=500_000))
    with pytest.raises(
        OverBudget, match=r"^20000 flash bytes, more than 19999; 500000 instructions, more than 1$"
    ) as over:
        check(cost, SizeBudget(flash_bytes=19_999, ram_bytes=3000, instructions=1))
    assert over.value.times == 500_000
    with pytest.raises(OverBudget, match=r"^500000 instructions, more than 499999$"):
        check(cost, SizeBudget(instructions=499_999))


def a_candidate(number, f1, flash, instructions):
    return Candidate(number, f1, flash, 1000, instructions, {})


def test_the_front_holds_whom_nobody_beats():
    good = a_candidate(0, 0.9, 20, 20)
    small = a_candidate(1, 0.8, 10, 30)
    quick = a_candidate(2, 0.7, 30, 10)
    beaten = a_candidate(3, 0.8, 20, 30)
    twin = a_candidate(4, 0.9, 20, 20)
    assert front_of([twin, beaten, quick, small, good]) == (good, small, quick)
    assert front_of([]) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sparsities = [0.5, 1.0]", "search.sparsities: 1.0 is out of range; it must be from 0 to 0.99"),
        ("lengths = [50.5]", "search.lengths: 50.5 is not a whole number; it takes a list of numbers from 2 to 65536"),
        ("clusters = []", "search.clusters: is empty; name at least one, or leave it out"),
        ("flash = 3", 'search.flash: unknown key; did you mean "flash_bytes"?'),
    ],
)
def test_what_cannot_be_searched_is_told_so(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        a_project(tmp_path, f"[search]\n{text}\n")
    assert str(caught.value).endswith(message)
