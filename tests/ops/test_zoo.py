"""The whole zoo: int8 models equal LiteRT's reference kernels, everything else is exact or refused with advice.

``docs/zoo.md`` lists what happens to each model; ``scripts/zoo_table.py`` writes it.
"""

from __future__ import annotations

import re
import tracemalloc

import pytest
import zoobench

DOCS = zoobench.CHECKOUT / "docs" / "zoo.md"
SECONDS = 5.0  # of CPU, to read and compile the largest; loose, because machines differ
MEMORY = 512 * 1024 * 1024


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Every model with what became of it."""
    zoo = zoobench.zoo_dir()
    if zoo is None:
        pytest.skip("no model zoo (set TINYFORGE_DATA to the folder that holds tflite_zoo)")
    return list(zoobench.outcomes(zoobench.models(zoo), tmp_path_factory.mktemp("zoo")))


def test_every_int8_model_with_golden_outputs_is_exact(outcomes):
    wrong = [
        f"{model.name}: {outcome.verdict} {outcome.text}"
        for model, outcome in outcomes
        if model.folder == "int8" and model.golden is not None and outcome.verdict != "exact"
    ]
    assert not wrong, "\n".join(wrong)
    assert sum(model.folder == "int8" and model.golden is not None for model, _ in outcomes) > 50


def test_what_is_accepted_is_exact(outcomes):
    wrong = [f"{model.name}: {outcome.text}" for model, outcome in outcomes if outcome.verdict == "differs"]
    assert not wrong, "\n".join(wrong)


def test_negative_models_are_refused(outcomes):
    verdicts = {model.name: outcome.verdict for model, outcome in outcomes if model.folder == "negative"}
    assert verdicts
    assert set(verdicts.values()) == {"refused"}, verdicts


def test_refusals_name_the_place_and_the_way_out(outcomes):
    texts = [outcome.text for _, outcome in outcomes if outcome.verdict == "refused"]
    place = re.compile(r"\.tflite: (op #\d+ [A-Z0-9_]+(:\S+)?: |(op #\d+ [A-Z0-9_]+(:\S+)?: )?tensor \".+\": )")
    assert [text for text in texts if not place.search(text)] == []
    assert [text for text in texts if "; " not in text or not text.rpartition("; ")[2].strip()] == []


def test_nothing_takes_long(outcomes):
    assert {model.name: outcome.seconds for model, outcome in outcomes if outcome.seconds > SECONDS} == {}


def test_refusing_takes_little_memory():
    zoo = zoobench.zoo_dir()
    if zoo is None:
        pytest.skip("no model zoo (set TINYFORGE_DATA to the folder that holds tflite_zoo)")
    tracemalloc.start()
    try:
        for model in zoobench.models(zoo, ["negative", "other"]):
            zoobench.verdict(model)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


def test_the_table_in_the_docs_is_current(outcomes):
    rows = dict(re.findall(r"^\| `(\S+)` \|[^|]*\| (\w+)", DOCS.read_text("utf-8"), re.MULTILINE))
    now = {model.name: outcome.verdict for model, outcome in outcomes}
    unseen = {name for name, verdict in now.items() if verdict == "accepted"}  # the page asks the interpreter there
    assert {name: verdict for name, verdict in rows.items() if name not in unseen} == {
        name: verdict for name, verdict in now.items() if name not in unseen
    }, "run scripts/zoo_table.py"
    assert {rows[name] for name in unseen} <= {"accepted", "exact"}
