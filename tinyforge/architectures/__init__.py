"""Network builders, one file each, and what they share. Importing this package imports no TensorFlow.

``registry``     which architectures there are; building one from a ``ModelSpec``
``parameters``   named, validated parameters
``session``      TensorFlow set up so that a run repeats bit by bit
``network``      storing, folding, counting networks
``loop``         the training loop
"""

from __future__ import annotations

from tinyforge.architectures.registry import (
    Architecture,
    Broken,
    broken_architectures,
    build,
    get_architecture,
    list_architectures,
    resolve,
)

__all__ = [
    "Architecture",
    "Broken",
    "broken_architectures",
    "build",
    "get_architecture",
    "list_architectures",
    "resolve",
]
