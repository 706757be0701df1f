"""Sessions of `tinyforge live` on the page: what was done, what was answered, and what is wrong."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
from sample_report import LABELS, full

from tinyforge.core.errors import DataError
from tinyforge.core.project import load_project
from tinyforge.pipeline import live, sessions
from tinyforge.report import render_html
from tinyforge.report.data import SessionRow, Share
from tinyforge.report.document import from_json, to_json
from tinyforge.report.view import verdict

FOUND = {
    "code": "swapped_axes",
    "severity": "error",
    "fact": "axes are not those of the recordings: with ax = -ax they are",
    "way_out": "hold or mount the board as in the recordings",
    "evidence": {},
}
STUCK = {
    "board": "nano33",
    "windows": 153,
    "accuracy": 42 / 125,
    "low": 0.26,
    "high": 0.42,
    "confusion": {
        "accelerate": {"rest": 22, "stop": 9},
        "rest": {"rest": 30},
        "slow_down": {"rest": 25, "unknown": 4},
        "stop": {"stop": 12, "rest": 23},
    },
    "findings": [FOUND],
}
CLEAN = STUCK | {"confusion": {label: {label: 30} for label in LABELS}, "findings": [], "accuracy": 1.0}


def shown(*documents):
    """The sample report, its first network with these sessions."""
    rows = tuple(SessionRow.from_document(f"session {k}", one) for k, one in enumerate(documents))
    data = full()
    return replace(data, networks=(replace(data.networks[0], sessions=rows), *data.networks[1:]))


def test_a_session_counts_what_was_done_and_what_was_answered():
    row = SessionRow.from_document("20261126T190102Z_nano33_cnn", STUCK)
    assert row.labels == ("accelerate", "rest", "slow_down", "stop", "unknown")
    assert row.true == (31, 30, 29, 35, 0)
    assert row.answered == (0, 100, 0, 21, 4)
    assert row.right == (0, 30, 0, 12, 0)
    assert row.accuracy == Share(42 / 125, 0.26, 0.42, 42, 125)
    assert row.findings[0].code == "swapped_axes"
    with pytest.raises(DataError, match="session x: is no session"):
        SessionRow.from_document("x", {"board": "nano33"})


def test_the_page_names_the_cause_at_the_top_and_beside_the_session():
    page = render_html(shown(STUCK))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "On the board&#39;s own sensor something is wrong." in text
    assert text.count("axes are not those of the recordings: with ax = -ax they are.") == 2
    assert "session 0, nano33: 153 windows, 125 of a known label, 33.6 % right" in text
    assert "rest 30 100 30" in text


def test_an_older_session_says_nothing_of_now():
    data = shown(CLEAN, STUCK)
    assert verdict(data).tone == "good"
    page = render_html(data)
    assert page.count(FOUND["fact"]) == 1  # in its session only
    assert "Nothing wrong was found in its windows.</p>" in page


def test_a_session_of_which_nobody_said_what_was_true_was_held_against_no_movement():
    silent = CLEAN | {"confusion": {}, "accuracy": None, "low": None, "high": None}
    page = render_html(shown(silent))
    assert "Nothing wrong was found in its windows. What was true is not known" in page


def test_a_session_that_broke_off_before_it_was_examined_is_not_called_clean():
    unseen = {key: value for key, value in CLEAN.items() if key != "findings"}
    page = render_html(shown(unseen))
    assert "It broke off before its windows were examined" in page
    assert "Nothing wrong was found" not in page


def test_scores_that_are_not_those_of_the_model_here_are_an_error():
    spec = SimpleNamespace(name="cnn")
    assert list(live._differing(None, spec)) == []
    assert list(live._differing({"windows": 40, "differing": 0}, spec)) == []
    (found,) = live._differing({"windows": 40, "differing": 3}, spec)
    assert (found.code, found.severity) == ("outputs_differ", "error")
    row = STUCK | {"findings": [asdict(found)]}
    assert verdict(shown(row)).tone == "bad"
    assert "scores of 3 of 40 windows are not those of its C here" in render_html(shown(row)).replace("&#39;", "'")


def test_a_fault_of_a_sketch_is_not_the_sensors():
    order = FOUND | {"code": "label_order", "fact": "the names are in another order than the outputs"}
    assert verdict(shown(STUCK | {"findings": [order]})).head == "On the board's own sensor something is wrong."
    of_sketch = shown(STUCK | {"board": "sketch", "findings": [order]})
    page = render_html(of_sketch)
    assert "in a sketch of your own</strong> the names are in another order" in re.sub(r"\s+", " ", page)
    assert "live on the board" not in page
    said = verdict(of_sketch)
    assert (said.tone, said.head) == ("bad", "In a sketch of your own something is wrong.")
    assert "trained on" not in said.detail  # its windows are


def test_many_sessions_are_counted():
    assert "2 older sessions are in report.json" in render_html(shown(*[CLEAN] * 7))


def test_sessions_are_in_the_document():
    data = shown(STUCK, CLEAN)
    assert from_json(json.loads(json.dumps(to_json(data)))) == data


def test_a_label_of_markup_is_text():
    hostile = STUCK | {"confusion": {"<script>": {"<script>": 3}}, "board": "<b>"}
    page = render_html(shown(hostile))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_sessions_of_a_model_are_found_the_newest_first(tmp_path):
    (tmp_path / "tinyforge.toml").write_text('[project]\nname = "x"\n[[model]]\nname = "cnn"\narchitecture = "cnn1d"\n')
    project = load_project(tmp_path)
    assert sessions.of_model(project, "abc") == []
    for stamp, digest in (("20260101T000000Z", "abc"), ("20260102T000000Z", "abc"), ("20260103T000000Z", "other")):
        folder = tmp_path / "sessions" / f"{stamp}_nano33_cnn"
        folder.mkdir(parents=True)
        (folder / "session.json").write_text(json.dumps({"model_sha256": digest}))
    (tmp_path / "sessions" / "20260104T000000Z_nano33_cnn").mkdir()
    (tmp_path / "sessions" / "20260104T000000Z_nano33_cnn" / "session.json").write_text("{")
    found = [name for name, _ in sessions.of_model(project, "abc")]
    assert found == ["20260102T000000Z_nano33_cnn", "20260101T000000Z_nano33_cnn"]


def test_two_sessions_of_a_second_are_both_kept(tmp_path):
    (tmp_path / "tinyforge.toml").write_text('[project]\nname = "x"\n[[model]]\nname = "cnn"\narchitecture = "cnn1d"\n')
    project = load_project(tmp_path)
    folders = set()
    for _ in range(3):
        folder = sessions.new_folder(project, "sketch", "cnn")
        folder.mkdir(parents=True)
        folders.add(folder)
    assert len(folders) == 3
