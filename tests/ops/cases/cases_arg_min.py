"""ARG_MIN: as ARG_MAX."""

from __future__ import annotations

from collections.abc import Iterator

import cases_arg_max
import numpy as np
from opbench import Case


def cases(rng: np.random.Generator) -> Iterator[Case]:
    return cases_arg_max.cases(rng, "ARG_MIN")
