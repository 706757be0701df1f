"""Ground truth of a LIVE session: scripts that are read and refused, windows that count."""

from __future__ import annotations

import pytest

from tinyforge.core.errors import DataError
from tinyforge.evaluate.live import Judged, Span, read_script, tally, truth_of

LABELS = ("rest", "stop", "accelerate")


def script(tmp_path, text):
    path = tmp_path / "truth.csv"
    path.write_text(text, encoding="utf-8")
    return read_script(path, LABELS)


def test_a_script(tmp_path):
    text = "\ufeffstart_s,end_s,label\n0,2.5,rest\n# a remark\n\n2.5,5, stop\n"
    assert script(tmp_path, text) == [Span(0.0, 2.5, "rest"), Span(2.5, 5.0, "stop")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "truth.csv: holds no labels; write lines of start_s,end_s,label"),
        ("0,1\n", "truth.csv:1: 2 columns; write start_s,end_s,label: 0.0,5.0,stop"),
        ("start_s,end_s,label\na,1,stop\n", "truth.csv:2: a,1 are no times; write seconds: 0.0,5.0,stop"),
        ("2,1,stop\n", "truth.csv:1: 2 to 1 is no stretch of time; the end comes after the start"),
        ("0,inf,stop\n", "truth.csv:1: 0 to inf is no stretch of time"),
        ("0,2,stop\n1,3,rest\n", "truth.csv:2: begins at 1 s, before the one above has ended; put them in order"),
        ("0,2,stp\n", 'truth.csv:1: "stp" is no label of the model; did you mean "stop"?'),
    ],
)
def test_a_script_that_is_none(tmp_path, text, said):
    with pytest.raises(DataError) as caught:
        script(tmp_path, text)
    assert said in str(caught.value)


def test_a_script_that_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read: .*No such file.*; write lines of start_s,end_s,label"):
        read_script(tmp_path / "none.csv", LABELS)


def test_a_window_counts_where_one_label_holds_all_through_it():
    spans = [Span(0.0, 2.0, "rest"), Span(2.0, 4.0, "stop")]
    assert truth_of(spans, 0.5, 1.5, 0.0) == "rest"
    assert truth_of(spans, 1.5, 2.5, 0.0) is None
    assert truth_of(spans, 2.0, 3.0, 0.0) == "stop"
    assert truth_of(spans, 2.0, 3.0, 0.3) is None  # hands have not got there yet
    assert truth_of(spans, 3.5, 4.5, 0.0) is None


def test_what_is_counted():
    def one(truth, answer):
        return Judged(0.0, 1.0, truth, answer, "stop", 100)

    said = tally([one("stop", "stop"), one("stop", "unknown"), one("rest", "stop"), one(None, "rest")])
    assert (said.windows, said.judged, said.right, said.unknown) == (4, 3, 1, 1)
    assert said.confusion == {"stop": {"stop": 1, "unknown": 1}, "rest": {"stop": 1}}
