"""Where the public data is, and what depends on it."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# Its limits are of wall clock: a busy machine is no failure.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


def data_dir() -> Path:
    """``TINYFORGE_DATA``, else ``../shared/data`` beside the checkout."""
    return Path(os.environ.get("TINYFORGE_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def at_once_s():
    """Seconds of CPU time that count as at once: a guard against what grows without bound, no figure.

    Where coverage looks at every line, ten times as many.
    """
    coverage = sys.modules.get("coverage")
    return 2 if coverage is None or coverage.Coverage.current() is None else 20


@pytest.fixture(scope="session")
def public_data():
    """Folder of the public data sets; skips where it is absent."""
    folder = data_dir()
    if not folder.is_dir():
        pytest.skip(f"no public data at {folder}: set TINYFORGE_DATA")
    return folder


@pytest.fixture(scope="session")
def models_dir():
    """Folder of the yardstick models; skips where it is absent."""
    folder = data_dir().parent / "bench" / "models"
    if not folder.is_dir():
        pytest.skip(f"no yardstick models at {folder}: set TINYFORGE_DATA")
    return folder
