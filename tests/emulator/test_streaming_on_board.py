"""A sliding window on the virtual board: outputs of the whole window, at a quarter of its instructions at most."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "compiler"))

from sliding import SAME, Net, cnn, random_net

from tinyforge.compiler import compile_model
from tinyforge.compiler.streaming import stream
from tinyforge.core.graph import Compiled
from tinyforge.firmware import build_bench
from tinyforge.runtimes import get_runtime
from tinyforge.virtual.measure import profile, run_inferences

pytestmark = pytest.mark.emulator


DEFAULT = Path(__file__).parents[2] / "models" / "activities_cnn1d" / "activities_cnn1d.tflite"


def image(compiled: Compiled, folder: Path) -> Path:
    get_runtime("aot").generate(compiled, folder)
    return build_bench(folder, folder / "bench.elf")


def same() -> bytes:
    return Net(100, 6).conv(16, 5, padding=SAME).pool(2).conv(32, 3, padding=SAME).pool(2).head()


@pytest.mark.parametrize(
    ("data", "share"),
    [(cnn(), 0.25), (DEFAULT.read_bytes(), 0.25), (same(), 0.28), (random_net(3), None)],
    ids=["cnn", "activities", "same", "random"],
)
def test_streaming(data, share, tmp_path):
    hop, hops = 10, 40
    whole = compile_model(data, name="net", place="net.tflite")
    sliding = stream(whole, hop, force=True)
    assert sliding.stream is not None
    length = sliding.stream.length
    samples = np.random.default_rng(2).integers(-128, 128, (hop * hops, whole.graph.tensors[0].bytes // length))
    samples = samples.astype(np.int8)
    one, two = image(whole, tmp_path / "whole"), image(sliding, tmp_path / "sliding")
    full = [number for number in range(1, hops + 1) if number * hop >= length]
    expected = run_inferences(one, [samples[n * hop - length : n * hop].tobytes() for n in full])
    found = run_inferences(two, [part.tobytes() for part in np.split(samples, hops)], keep_state=True)
    assert found[full[0] - 1 :] == expected
    assert len(set(expected)) > 1
    if share:
        costs = [
            profile(elf, json.loads((elf.parent / "manifest.json").read_text())).instructions for elf in (one, two)
        ]
        assert costs[1] <= share * costs[0]
