"""REDUCE_MIN: as REDUCE_MAX."""

from __future__ import annotations

from collections.abc import Iterator

import cases_reduce_max
import numpy as np
from opbench import Case


def cases(rng: np.random.Generator) -> Iterator[Case]:
    return cases_reduce_max.cases(rng, "REDUCE_MIN")
