"""Regressions write models with ``tests/ops/tflite_writer.py`` and take the small ones of the compiler's tests."""

import sys
from pathlib import Path

for folder in ("ops", "unit/compiler"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
