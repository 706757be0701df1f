"""Damaged data sets are read or refused; `fuzz_importers.py` does the same as often as wished."""

from fuzz_importers import run

COUNT, SEED = 1500, 20261125


def test_damaged_sets_are_read_or_refused():
    defects = []
    kinds = run(COUNT, SEED, "", lambda *one: defects.append(one))
    assert defects == []
    assert kinds["read"] + kinds["refused"] == COUNT
    # the mutants are worth something: many are read all the same, and they are refused for many reasons
    assert kinds["read"] > COUNT // 20
    assert sum(what.startswith("refused: ") for what in kinds) > 60
