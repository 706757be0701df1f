"""The process that builds a network nobody has trained, to see what it costs: ``python -m tinyforge.search.untrained``.

Flash, RAM and instructions depend on the shape of a network, hardly on its weights, so that what does not fit is known
before it is trained. Weights are drawn, then thinned out and made alike as the plan says.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.architectures import build
from tinyforge.architectures import network as networks
from tinyforge.architectures.session import set_up
from tinyforge.compress import gru, int8
from tinyforge.core.files import write_bytes
from tinyforge.core.types import CompressionPlan, ModelSpec
from tinyforge.core.worker import Reporter, serve

_WINDOWS = 32  # that choose the ranges


def work(job: dict[str, Any], reporter: Reporter) -> Mapping[str, Any]:
    """Write the int8 model that the job describes."""
    spec, plan = ModelSpec(**job["spec"]), CompressionPlan(**job["plan"])
    reporter.progress("cost", 0, 1, "starting TensorFlow")
    set_up(spec.seed)
    length, channels = job["shape"]
    model = build(spec, (length, channels), job["classes"])
    rng = np.random.default_rng(spec.seed)
    kernels = {name.split("/")[0] for name, _ in networks.kernels(model)}
    for layer in model.layers:
        if layer.name in kernels:
            layer.set_weights([_thinned(one, plan, rng) if one.ndim > 1 else one for one in layer.get_weights()])
    windows = rng.standard_normal((_WINDOWS, length, channels)).astype(np.float32)
    made = gru.convert_with_gru(model, windows) if gru.has_gru(model) else int8.convert(model, windows)
    write_bytes(Path(job["file"]), made)
    return {"parameters": networks.count(model)[0]}


def _thinned(
    kernel: npt.NDArray[np.float32], plan: CompressionPlan, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """A kernel with the plan's share of zeros and its number of values."""
    if plan.clusters:
        values = np.linspace(kernel.min(), kernel.max(), plan.clusters, dtype=np.float32)
        kernel = values[np.abs(kernel[..., None] - values).argmin(axis=-1)]
    return np.where(rng.random(kernel.shape) < plan.sparsity, np.float32(0), kernel)


if __name__ == "__main__":
    raise SystemExit(serve(work))
