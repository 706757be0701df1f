"""Golden tests use the small models of the compiler's unit tests."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "ops"), str(TESTS / "unit" / "compiler")]
