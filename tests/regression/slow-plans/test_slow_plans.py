"""Models of a few dozen blocks that no first fit places well, and of thousands of operators, took many seconds."""

import random
import time

import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.compiler.memory_plan import Block, Pair, Problem, solve


@pytest.mark.parametrize("overlapping", [False, True])
@pytest.mark.parametrize("seed", [7, 17, 25])
def test_search_is_bounded(seed, overlapping, at_once_s):
    rng = random.Random(seed)
    blocks = []
    for number in range(64):
        first = rng.randrange(16)
        last = min(15, first + rng.randrange(1, 6))
        size = 4 * rng.randrange(1, 200)
        blocks.append(Block(f"b{number}", number, size, first, last))
    pairs = [
        Pair(one, two, 4 * rng.randrange(40), 1)
        for one, source in enumerate(blocks)
        for two, target in enumerate(blocks)
        if overlapping and source.last == target.first and source.first < target.first and rng.random() < 0.3
    ]
    allowed = {(blocks[pair.input].name, blocks[pair.output].name) for pair in pairs}
    start = time.process_time()
    plan = solve(Problem(tuple(blocks), tuple(pairs), 16))
    assert time.process_time() - start < at_once_s
    assert plan.arena_bytes >= plan.lower_bound_bytes
    for one in plan.slots:
        for two in plan.slots:
            together = one.first <= two.last and two.first <= one.last and one.name != two.name
            together = together and not {(one.name, two.name), (two.name, one.name)} & allowed
            assert not together or one.offset + one.bytes <= two.offset or two.offset + two.bytes <= one.offset


def test_many_operators_whose_outputs_all_live_to_the_end(at_once_s):
    model = Writer()
    x = now = model.tensor("x", (1, 1), scale=0.5)
    kept = []
    for number in range(1500):
        y = model.tensor(f"t{number}", (1, 1), scale=0.5)
        model.op("NEG", [now], [y])
        kept.append(y)
        now = y
    out = model.tensor("out", (len(kept), 1), scale=0.5)
    model.op("CONCATENATION", kept, [out], "ConcatenationOptions", axis=0)
    data = model.build([x], [out])
    start = time.process_time()
    compiled = compile_model(data, name="m", place="m.tflite")
    assert time.process_time() - start < at_once_s
    assert compiled.plan.optimal
