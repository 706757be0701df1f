"""A search in which no candidate fits ends as a broken budget does, and its study is kept."""

import json

import pytest

from tinyforge import api
from tinyforge.cli import main
from tinyforge.core.errors import CheckFailed, ConfigError
from tinyforge.search import study
from tinyforge.search.trial import OverBudget

COST = {"flash_bytes": 9000, "ram_bytes": 900, "instructions": 70_000}
WAY_OUT = (
    "raise the limits of [search] or name smaller architectures; then search under another --study, "
    "or with more --trials (this study is kept)"
)


@pytest.fixture
def candidates(monkeypatch):
    """What trials come to, in turn: an error, or what was measured."""
    outcomes = []

    def evaluate(*_):
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(study, "evaluate", evaluate)
    return outcomes


def run(project, trials, capfd):
    """Exit code of the command, and the document that it says."""
    with pytest.raises(SystemExit) as ended:
        main(["search", "--project", str(project), "--json", "--trials", str(trials)])
    return ended.value.code, json.loads(capfd.readouterr().out)


def test_nothing_fits_is_a_broken_budget_and_more_trials_go_on(shapes_project, candidates, capfd):
    candidates += [
        OverBudget("20000 flash bytes, more than 10000; 9 ram bytes, more than 8", 2.0),
        OverBudget("10010 flash bytes, more than 10000", 1.001),
        ConfigError("model.parameters", "the window is too short", ""),
    ]
    code, document = run(shapes_project, 3, capfd)
    said = document["error"]
    assert code == 1
    assert said["place"] == "tinyforge.toml: search"
    assert said["fact"].startswith("study search: none of 3 candidates fits the budget; nearest was ")
    assert said["fact"].endswith(": 10010 flash bytes, more than 10000")
    assert (said["way_out"], said["exit_code"], said["kind"]) == (WAY_OUT, 1, "CheckFailed")
    assert not (shapes_project / "search" / "search" / "best.toml").exists()
    candidates.append(COST | {"macro_f1": 0.9, "accuracy": 0.9, "parameters": 10})
    code, found = run(shapes_project, 4, capfd)
    assert code == 0
    assert (found["measured"], found["refused"], len(found["front"])) == (1, 3, 1)


def test_where_none_can_be_built_the_last_ones_reason_is_said(shapes_project, candidates):
    candidates.append(ConfigError("model.parameters", "the window is too short", ""))
    with pytest.raises(CheckFailed) as caught:
        api.search(shapes_project, 1, name="short")
    assert str(caught.value) == (
        "tinyforge.toml: search: study short: none of 1 candidates can be built; "
        f"the last: model.parameters: the window is too short; {WAY_OUT}"
    )
