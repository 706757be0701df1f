"""Recordings to test with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tinyforge.core.types import IMU_CHANNELS, Recording


@pytest.fixture(scope="session")
def make_recording() -> Callable[..., Recording]:
    def make(seed: int = 0, count: int = 120, **said: object) -> Recording:
        samples = np.random.default_rng(seed).normal(size=(count, 6)).astype(np.float32)
        values = {"channels": IMU_CHANNELS, "rate_hz": 100.0, "label": "stop", "subject": "s01"} | said
        return Recording(samples=values.pop("samples", samples), **values)

    return make
