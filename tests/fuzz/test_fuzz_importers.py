"""Damaged data sets are read or refused; `fuzz_importers.py` does the same as often as wished."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from fuzz_importers import told

COUNT, SEED = 1500, 20261125


def test_damaged_sets_are_read_or_refused():
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:  # its peak of memory is its own
        kinds, defects = pool.submit(told, COUNT, SEED).result()
    assert defects == []
    assert kinds["read"] + kinds["refused"] == COUNT
    # the mutants are worth something: many are read all the same, and they are refused for many reasons
    assert kinds["read"] > COUNT // 20
    assert sum(what.startswith("refused: ") for what in kinds) > 60
