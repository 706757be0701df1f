"""The map of the arena in the generated file: a column a call, or several where there are many."""

from __future__ import annotations

import re

import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.runtimes.aot.generate import ModelView


def chain(calls):
    """So many sums, each needing the two results before it."""
    model = Writer()
    tensors = [model.tensor(f"t{i}", (1, 16), scale=0.1) for i in range(calls + 2)]
    for i in range(calls):
        model.op("ADD", [tensors[i], tensors[i + 1]], [tensors[i + 2]], "AddOptions")
    return ModelView(compile_model(model.build(tensors[:2], tensors[-1:]), name="net", place="net.tflite"))


def rows_of(view):
    text = view.source()
    block = text[text.index("/* Arena") : text.index("static int8_t arena")]
    rows = re.findall(r"^ \* +\d+ +\d+ {6}([.# ]*?)  \S+ ", block, re.MULTILINE)
    return block, [row.replace(" ", "") for row in rows]


@pytest.mark.parametrize(
    ("calls", "columns", "title"), [(4, 4, "0 1 2 3"), (60, 60, "0..59"), (500, 84, "0..499, 6 a ")]
)
def test_columns(calls, columns, title):
    view = chain(calls)
    block, rows = rows_of(view)
    assert f"op {title}" in block
    assert {len(row) for row in rows} == {columns}
    assert len(rows) == len(view.compiled.plan.slots)
    wide = -(-calls // columns)
    for row, slot in zip(rows, view.compiled.plan.slots, strict=True):
        assert [at for at, mark in enumerate(row) if mark == "#"] == list(
            range(slot.first // wide, slot.last // wide + 1)
        )
    assert max(map(len, block.splitlines())) < 180
    assert not re.search(r" $", block, re.MULTILINE)
