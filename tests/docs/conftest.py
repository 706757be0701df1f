"""The tests of the documentation use ``shell_examples.py`` beside them and the small models of the compiler's tests."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "docs"), str(TESTS / "ops"), str(TESTS / "unit" / "compiler")]
