"""Every operator against LiteRT's reference kernels, on random shapes and parameters, to the last bit.

``TINYFORGE_CASES`` sets how many cases each operator gets (40 by default); ``TINYFORGE_SEED`` where they start.

    python -m pytest -m heavy tests/ops/test_operator_cases.py      120 of each, other ones
"""

from __future__ import annotations

import itertools
import os
import zlib

import numpy as np
import pytest
from opbench import case_files, differences

from tinyforge.compiler.operators import known_operators

COUNT = int(os.environ.get("TINYFORGE_CASES", "40"))
SEED = int(os.environ.get("TINYFORGE_SEED", "1"))
MANY = 120
BATCH = 100
STEMS = sorted(case_files())


def exact(stem, count, seed, tmp_path):
    rng = np.random.default_rng([seed, zlib.crc32(stem.encode())])
    cases = itertools.islice(case_files()[stem](rng), count)
    lines = []
    for number, batch in enumerate(iter(lambda: list(itertools.islice(cases, BATCH)), [])):
        lines += differences(batch, tmp_path / str(number), rng)
    assert not lines, "\n".join(lines[:20])


@pytest.mark.parametrize("stem", STEMS)
def test_operator_is_exact(stem, tmp_path):
    exact(stem, COUNT, SEED, tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("stem", STEMS)
def test_operator_is_exact_in_many_cases(stem, tmp_path):
    exact(stem, MANY, SEED + 1, tmp_path)


@pytest.mark.heavy
def test_cases_are_many_and_differ():
    """Over 5000 models of which no two are alike, from every operator (a CAST has not so many forms)."""
    seen = set()
    for stem in STEMS:
        rng = np.random.default_rng([SEED + 1, zlib.crc32(stem.encode())])
        models = {case.data for case in itertools.islice(case_files()[stem](rng), MANY)}
        assert len(models) > MANY // 3, stem
        seen |= models
    assert len(seen) > 5000


def test_every_operator_has_cases():
    stems = set(case_files())
    internal = {
        "conv_1d",
        "copy",
        "variable",
        "custom:tinyforge_gru",
        "reduce_prod",
    }  # of passes and, with tests of its own, of ours
    shared = {"squeeze": "reshape", "expand_dims": "reshape"}
    shared |= dict.fromkeys(("ceil", "cos", "floor", "round", "sign", "sin", "square"), "table")
    shared |= dict.fromkeys(("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"), "compare")
    shared["select_v2"] = "select"
    shared |= dict.fromkeys(("var_handle", "read_variable", "assign_variable", "call_once"), "variables")
    missing = [
        kind
        for kind in known_operators()
        if kind.lower() not in internal and shared.get(kind.lower(), kind.lower()) not in stems
    ]
    assert not missing
