from __future__ import annotations

import pytest

from tinyforge.budget import check
from tinyforge.core.errors import CheckFailed
from tinyforge.core.types import Footprint, SizeBudget

IMAGE = Footprint(flash_bytes=30_000, ram_bytes=4_000, stack_bytes=600)


def test_a_value_equal_to_its_limit_is_met():
    verdict = check(IMAGE, 250_000, SizeBudget(30_000, 4_000, 600, 250_000))
    assert verdict.ok
    assert [line.headroom for line in verdict.lines] == [0, 0, 0, 0]
    verdict.require("virtual")


def test_one_byte_too_many_breaks_it():
    verdict = check(IMAGE, 250_000, SizeBudget(29_999, 4_001, None, None))
    assert not verdict.ok
    assert [line.name for line in verdict.broken] == ["flash_bytes"]
    with pytest.raises(CheckFailed) as caught:
        verdict.require("cnn on virtual")
    assert str(caught.value) == (
        "cnn on virtual: over budget: flash_bytes: 30000 of 29999 B, 1 too many; "
        "make the model smaller, or raise the limit on purpose"
    )
    assert caught.value.exit_code == 1


def test_no_limit_is_always_met():
    verdict = check(IMAGE, None, SizeBudget())
    assert verdict.ok
    assert [str(line) for line in verdict.lines] == [
        "flash_bytes: 30000 B, no limit",
        "ram_bytes: 4000 B, no limit",
        "stack_bytes: 600 B, no limit",
        "instructions: not measured",
    ]


def test_a_limit_on_what_was_not_measured_is_not_met():
    verdict = check(Footprint(1, 1), None, SizeBudget(stack_bytes=512, instructions=10))
    assert [str(line) for line in verdict.broken] == [
        "stack_bytes: not measured, limit 512 B",
        "instructions: not measured, limit 10 instructions",
    ]


def test_json_says_the_same():
    document = check(IMAGE, 250_000, SizeBudget(flash_bytes=29_000, instructions=300_000)).to_json()
    assert document["ok"] is False
    assert document["lines"][0] == {
        "name": "flash_bytes",
        "unit": "B",
        "limit": 29_000,
        "value": 30_000,
        "ok": False,
        "headroom": -1_000,
    }
    assert document["lines"][3]["headroom"] == 50_000
    assert [line["name"] for line in document["lines"]] == [
        "flash_bytes",
        "ram_bytes",
        "stack_bytes",
        "instructions",
    ]
