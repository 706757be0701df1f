"""Every operator against LiteRT's reference kernels, on random shapes and parameters, to the last bit.

``TINYFORGE_CASES`` sets how many cases each operator gets (40 by default); ``TINYFORGE_SEED`` where they start.
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
BATCH = 100


@pytest.mark.parametrize("stem", sorted(case_files()))
def test_operator_is_exact(stem, tmp_path):
    rng = np.random.default_rng([SEED, zlib.crc32(stem.encode())])
    cases = itertools.islice(case_files()[stem](rng), COUNT)
    lines = []
    for number, batch in enumerate(iter(lambda: list(itertools.islice(cases, BATCH)), [])):
        lines += differences(batch, tmp_path / str(number), rng)
    assert not lines, "\n".join(lines[:20])


def test_every_operator_has_cases():
    stems = set(case_files())
    internal = {"conv_1d", "copy", "variable", "custom:tinyforge_gru"}  # of passes and, with tests of its own, of ours
    shared = {"squeeze": "reshape", "expand_dims": "reshape"}
    shared |= dict.fromkeys(("var_handle", "read_variable", "assign_variable", "call_once"), "variables")
    missing = [
        kind
        for kind in known_operators()
        if kind.lower() not in internal and shared.get(kind.lower(), kind.lower()) not in stems
    ]
    assert not missing
