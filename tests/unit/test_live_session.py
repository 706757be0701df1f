"""`tinyforge live` without a board: what is typed becomes truth, and what cannot be is said."""

from __future__ import annotations

import time
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from tinyforge.cli.app import app
from tinyforge.core.errors import ToolError, UsageError
from tinyforge.core.project import load_project
from tinyforge.evaluate.live import Span
from tinyforge.pipeline import live

PROJECT = '[project]\nname = "x"\n[[model]]\nname = "cnn"\narchitecture = "cnn1d"\n'


@pytest.fixture
def project(tmp_path):
    (tmp_path / "tinyforge.toml").write_text(PROJECT)
    return load_project(tmp_path)


def test_labels_hold_from_the_moment_they_are_typed(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    typed = [[], [(999.8, "stop")], [], [(999.9, "rest")], [(999.5, "")], []]
    truth = live._Truth(live.Request(typed=lambda: typed.pop(0)), ("rest", "stop"))
    seen = []
    for end_s in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0):
        truth.listen(end_s)
        seen.append(truth.at(end_s))
    truth.close(6.0)
    assert seen == ["", "stop", "stop", "rest", "", ""]
    assert truth.spans == [
        Span(pytest.approx(1.8), pytest.approx(3.9), "stop"),
        Span(pytest.approx(3.9), pytest.approx(4.5), "rest"),
    ]


def test_truth_comes_from_one_place(project):
    for request in (live.Request(), live.Request(script=project.root / "x.csv", typed=list)):
        with pytest.raises(UsageError, match=r"from one place; give --script truth\.csv, or"):
            live.record(project, request, lambda _judged, _label: None)


def test_typing_needs_a_terminal(project):
    done = CliRunner().invoke(app, ["live", "--type", "--project", str(project.root)], standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == "--type: needs a terminal for the keys; give --script truth.csv"


def test_a_truth_that_the_model_on_the_board_does_not_know_is_none():
    """Labels that are typed are the project's, which may be more than an older model has."""
    window = np.zeros((4, 6), np.float32)
    inference = SimpleNamespace(label=0)
    predictions = [SimpleNamespace(window=window, inference=inference, first_index=2 * k, time_us=k) for k in range(2)]
    judged = [SimpleNamespace(truth=truth) for truth in ("rest", "wave")]
    felt = live._felt(("rest", "stop"), predictions, judged, SimpleNamespace(hop=2, rate_mhz=50_000))
    assert felt.truths.tolist() == [0, -1]


def test_a_session_is_kept_before_it_is_judged(project, monkeypatch):
    """Where this machine has no C compiler, or the windows of the training are gone."""
    inference = SimpleNamespace(label=0, scores=np.zeros(2, np.int8))
    prediction = SimpleNamespace(window=np.zeros((4, 6), np.float32), inference=inference, sequence=0, time_us=0)
    judged = live.Judged(0.0, 0.1, None, "rest", "rest", 10)
    link = SimpleNamespace(
        labels=lambda: ("rest", "stop"),
        stats=lambda: SimpleNamespace(arena_bytes=1, stack_bytes=1, samples_lost=0),
        hello=lambda: SimpleNamespace(model_sha256=b"1234"),
    )
    monkeypatch.setattr(live.devices, "board_of", lambda *_: SimpleNamespace(id="virtual", name="virtual"))
    monkeypatch.setattr(live.devices, "virtual_flash", lambda *_: None)
    monkeypatch.setattr(live.devices, "linked", lambda *_args, **_more: nullcontext(link))
    monkeypatch.setattr(live, "_listen", lambda *_: ([prediction], [judged], None))

    def find(*_):
        raise ToolError("cc", "is missing", "install it")

    monkeypatch.setattr(live.trained, "find", find)
    with pytest.raises(ToolError):
        live.record(project, live.Request(typed=list), lambda _judged, _label: None)
    (kept,) = (project.root / "sessions").glob("*/session.json")
    assert (kept.parent / "windows.npz").is_file()
