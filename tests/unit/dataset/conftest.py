"""Recordings to test with, and where the reference data are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinyforge.core.types import IMU_CHANNELS, Recording

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get("TINYFORGE_DATA", CHECKOUT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder} (set TINYFORGE_DATA)")
    return folder


@pytest.fixture(scope="session")
def make_recording() -> Callable[..., Recording]:
    def make(seed: int = 0, count: int = 120, **said: object) -> Recording:
        samples = np.random.default_rng(seed).normal(size=(count, 6)).astype(np.float32)
        values = {"channels": IMU_CHANNELS, "rate_hz": 100.0, "label": "stop", "subject": "s01"} | said
        return Recording(samples=values.pop("samples", samples), **values)

    return make
