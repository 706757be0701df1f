from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import sample_report

from tinyforge.core.errors import DataError
from tinyforge.core.graph import MemoryPlan, Slot
from tinyforge.evaluate.rungs import Rung, compare_rungs, report_to_json
from tinyforge.report.data import (
    Arena,
    ArenaSlot,
    Curve,
    Evaluation,
    MemoryPart,
    MemoryRegion,
    Network,
    ReportData,
    Series,
    check,
)
from tinyforge.report.document import from_json, to_json
from tinyforge.report.memory import kind_of, region


@pytest.mark.parametrize("name", ["full", "without_board", "broken", "hostile"])
def test_json_brings_everything_back(name):
    data = getattr(sample_report, name)()
    assert from_json(json.loads(json.dumps(to_json(data), allow_nan=False))) == data


def test_numbers_that_are_none_become_null():
    data = replace(
        sample_report.full(),
        networks=(Network("n", curves=(Curve("loss", (Series("train", (1.0, math.nan, None, math.inf)),)),)),),
    )
    document = to_json(data)
    assert document["report"]["networks"][0]["curves"][0]["series"][0]["values"] == [1.0, None, None, None]
    json.dumps(document, allow_nan=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(version=2), "report.json: version 2 of a report, not 1"),
        (lambda d: d.pop("report"), "version 1 of a report"),
        (lambda d: d["report"].update(colour="red"), 'report.json: unknown key "colour"'),
        (lambda d: d["report"].pop("title"), "missing 1 required positional argument: 'title'"),
        (lambda d: d["report"].update(title=3), "report.json: title: is int, not str"),
        (lambda d: d["report"].update(networks={}), "report.json: networks: is dict, not a list"),
        (
            lambda d: d["report"]["networks"][1].update(flash_bytes=True),
            r"report.json: networks\[1\]: flash_bytes: is bool, not int",
        ),
        (
            lambda d: d["report"]["dataset"]["channels"].append(["x"]),
            r"report.json: dataset: channels\[6\]: has 1 parts, not 2",
        ),
        (lambda d: d["report"].update(board="nano33"), "report.json: board: is str, not an object"),
    ],
)
def test_what_is_no_report_is_refused(change, message):
    document = to_json(sample_report.full())
    change(document)
    with pytest.raises(DataError, match=message):
        from_json(document)


def test_a_list_is_no_report():
    with pytest.raises(DataError, match="version None"):
        from_json([1, 2])


def test_whole_numbers_are_taken_for_real_ones():
    document = to_json(ReportData("t", "r", "c", "v", networks=(Network("n", latency_us=5.0),)))
    document["report"]["networks"][0]["latency_us"] = 5
    assert from_json(document).networks[0].latency_us == 5.0


def test_an_evaluation_is_taken_over_whole():
    scores = np.array([[1, 2], [5, 4], [3, 9]], np.int8)
    other = scores.copy()
    other[1, 0] = 3
    report = compare_rungs(
        [Rung("int8", "int8", scores), Rung("board", "int8", other, mismatched_inputs=np.array([1]))],
        np.array([1, 0, 1]),
        ("a", "b"),
        groups=np.array(["x", "y", "y"]),
    )
    said = Evaluation.from_document(report_to_json(report))
    board = said.rung("board")
    assert board is not None
    assert (board.accuracy.hits, board.accuracy.total) == (2, 3)
    assert board.accuracy.low == report.rungs[1].accuracy.low
    assert board.by_group is not None
    assert board.confusion == ((0, 1), (0, 2))
    assert board.exact is False
    assert board.mismatched_inputs == 1
    assert board.step is not None
    assert (board.step.above, board.step.largest_difference_lsb, board.step.differing_elements) == ("int8", 2, 1)
    assert (said.findings[0].code, said.findings[0].severity) == ("inputs_differ", "error")
    assert said.groups == 2
    assert said.rung("moon") is None
    with pytest.raises(DataError, match="has another form"):
        Evaluation.from_document({"labels": ["a"]})


def test_the_compilers_plan_is_taken_over():
    plan = MemoryPlan((Slot("a", 3, 0, 8, 0, 1), Slot("b", 4, 8, 8, 1, 1)), 16, 16, 1)
    arena = Arena.from_plan(plan, ["conv_1d", "softmax"])
    assert arena == Arena(16, 16, 1, ("conv_1d", "softmax"), (ArenaSlot("a", 0, 8, 0, 1), ArenaSlot("b", 8, 8, 1, 1)))


def test_contradictions_are_named():
    data = sample_report.full()
    network = data.networks[0]
    assert network.evaluation is not None
    assert network.arena is not None
    assert data.dataset is not None
    narrow = replace(network.evaluation, labels=("a", "b"))
    with pytest.raises(DataError, match='network "cnn": confusion matrix of "float" is not 2 x 2'):
        check(replace(data, networks=(replace(network, evaluation=narrow),)))
    outside = replace(network.arena, slots=(ArenaSlot("x", 1_399, 2, 0, 0),))
    with pytest.raises(DataError, match='slot "x" lies outside 1400 B and 8 calls'):
        check(replace(data, networks=(replace(network, arena=outside),)))
    with pytest.raises(DataError, match='subject "person0": 4 counts for 3 labels'):
        check(replace(data, dataset=replace(data.dataset, labels=("a", "b", "c"))))
    signal = replace(data.dataset.signals[0], channels=(("ax", "g"),))
    with pytest.raises(DataError, match='signal "accelerate": 6 columns for 1 channels'):
        check(replace(data, dataset=replace(data.dataset, signals=(signal,))))
    with pytest.raises(DataError, match="rate 0"):
        check(replace(data, dataset=replace(data.dataset, signals=(replace(data.dataset.signals[0], rate_hz=0.0),))))
    negative = MemoryRegion("flash", None, (MemoryPart("a", -5, "other"),))
    with pytest.raises(DataError, match="a part of flash has negative size"):
        check(replace(data, networks=(replace(network, memory=(negative,)),)))


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("arena", "arena"),
        ("gesture_arena", "arena"),
        ("conv0_filter", "weights"),
        ("conv0", "weights"),
        ("conv10_filter", "other"),
        ("lstm0_state", "state"),
        ("tfg_conv_1d_s8", "kernels"),
        ("tfg_conv_1d_s8.constprop.0", "kernels"),
        ("tfw_app_run", "firmware"),
        ("gesture_invoke", "generated"),
        ("gestures", "other"),
        ("__libc_init_array", "other"),
        ("_vectors", "other"),
    ],
)
def test_symbols_are_sorted_by_name(symbol, kind):
    assert kind_of(symbol, model="gesture", layers=("conv0", "lstm0"), states=("lstm0_state",)) == kind


def test_a_region_accounts_for_every_byte():
    symbols = {"conv0_filter": 300, "tfg_conv_1d_s8": 200, "tfw_app_run": 100, "memcpy": 50}
    found = region("flash", 1_000, symbols, capacity_bytes=4_096, model="g", layers=("conv0",))
    assert {part.kind: part.bytes for part in found.parts} == {
        "weights": 300,
        "kernels": 200,
        "firmware": 100,
        "other": 400,  # memcpy, and 350 bytes no symbol accounts for
    }
    assert found.used_bytes == 1_000
    assert [(part.name, part.kind) for part in found.largest[:2]] == [
        ("conv0_filter", "weights"),
        ("tfg_conv_1d_s8", "kernels"),
    ]
    stacked = region("RAM", 100, {}, capacity_bytes=None, model="g", layers=(), stack_bytes=40)
    assert {part.kind: part.bytes for part in stacked.parts} == {"other": 100, "stack": 40}


@pytest.mark.parametrize(
    ("symbol", "file", "kind"),
    [("window", "tfw_app.c", "firmware"), ("queue", "hal.cpp", "firmware"), ("lanes", "tfg_tiles.c", "kernels"),
     ("impure_data", "lib_a-impure.o", "other"), ("arena", "gesture.c", "arena")],
)  # fmt: skip
def test_static_symbols_belong_to_their_file(symbol, file, kind):
    assert kind_of(symbol, model="gesture", layers=(), file=file) == kind
    (part,) = region("RAM", 8, {symbol: 8}, capacity_bytes=None, model="gesture", layers=(), files={symbol: file}).parts
    assert part.kind == kind
