"""Where the reference data are, for the tests of evaluate."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get("TINYFORGE_DATA", CHECKOUT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder} (set TINYFORGE_DATA)")
    return folder


@pytest.fixture(scope="session")
def yardsticks(shared_data: Path) -> Path:
    folder = shared_data.parent / "bench" / "models"
    if not folder.is_dir():
        pytest.skip(f"no yardstick models at {folder}")
    return folder
