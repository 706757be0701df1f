"""A trained network made small: pruning, clustering, int8. Importing this package imports no TensorFlow."""

from __future__ import annotations

from tinyforge.compress.api import compress
from tinyforge.compress.result import CompressResult, StepResult, load_result

__all__ = ["CompressResult", "StepResult", "compress", "load_result"]
