import dataclasses
import json

import pytest

from tinyforge.core.errors import ModelFormatError
from tinyforge.core.model_info import info_from_json, info_to_json
from tinyforge.core.types import Channel, Decision, ModelInfo, Preprocessing, WindowSpec

INFO = ModelInfo(
    "wave",
    ("rest", "wave"),
    WindowSpec(20, 10, ("ax",), 100.0),
    (Channel("ax", "g"),),
    Preprocessing((0.0,), (1.0,)),
)
DECIDED = dataclasses.replace(INFO, decision=Decision(least_score=200, smoothing=3, rest="rest"))


def test_a_decision_travels_with_the_model():
    assert info_from_json(info_to_json(DECIDED), "x") == DECIDED
    assert json.loads(info_to_json(DECIDED))["decision"] == {"least_score": 200, "smoothing": 3, "rest": "rest"}


def test_a_model_without_decision_says_nothing_of_it_and_answers_every_window():
    assert b"decision" not in info_to_json(INFO)
    assert info_from_json(info_to_json(INFO), "x").decision == Decision(0, 1, "")


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("least_score", 257, "has a decision outside least_score 0 to 256, smoothing 1 to 32"),
        ("least_score", -1, "has a decision outside least_score 0 to 256, smoothing 1 to 32"),
        ("smoothing", 0, "has a decision outside least_score 0 to 256, smoothing 1 to 32"),
        ("smoothing", 33, "has a decision outside least_score 0 to 256, smoothing 1 to 32"),
        ("rest", "idle", "has a decision whose rest is none of its labels"),
        ("smoothing", 1.5, "has a missing or wrong value (expected int, found float)"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(key, value, text):
    said = json.loads(info_to_json(DECIDED))
    said["decision"][key] = value
    with pytest.raises(ModelFormatError) as caught:
        info_from_json(json.dumps(said).encode(), "m.tflite")
    assert caught.value.place == "m.tflite: metadata TINYFORGE"
    assert caught.value.fact == text
