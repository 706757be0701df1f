"""``ModelSpec`` + ``Dataset`` -> a trained float network. Importing this package imports no TensorFlow."""

from __future__ import annotations

from tinyforge.train.fit import fit
from tinyforge.train.result import TrainResult, load_result

__all__ = ["TrainResult", "fit", "load_result"]
