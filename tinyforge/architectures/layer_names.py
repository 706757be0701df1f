"""Builds networks to see how their layers are called, in a process of its own.

Plug-ins name layers as they like, so that only a built network knows; none is trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyforge.architectures.registry import build
from tinyforge.architectures.session import set_up
from tinyforge.core.types import ModelSpec
from tinyforge.core.worker import Reporter, serve

_CLASSES = 2  # however many: no name depends on it


def work(job: dict[str, Any], reporter: Reporter) -> Mapping[str, Any]:
    """Names of the layers with weights, in the networks' order, by model."""
    reporter.progress("layers", 0, 1, "starting TensorFlow")
    set_up(0)
    length, channels = job["shape"]
    names = {}
    for said in job["specs"]:
        network = build(ModelSpec(**said), (length, channels), _CLASSES)
        names[said["name"]] = [layer.name for layer in network.layers if layer.weights]
    return {"names": names}


if __name__ == "__main__":
    raise SystemExit(serve(work))
