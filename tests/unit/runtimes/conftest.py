"""Tests here write models with ``tests/ops/tflite_writer.py`` and use those of the compiler's tests."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[2]
sys.path[:0] = [str(TESTS / "ops"), str(TESTS / "unit" / "compiler")]
