"""A trained network made small: pruning, clustering, int8. Importing this package imports no TensorFlow."""

from __future__ import annotations

from tinyforge.compress.api import cluster, compress, prune, quantize
from tinyforge.compress.result import CompressResult, StepResult, load_result

__all__ = ["CompressResult", "StepResult", "cluster", "compress", "load_result", "prune", "quantize"]
