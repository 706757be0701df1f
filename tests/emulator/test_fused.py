"""A convolution and a max pooling as one call: never slower than as two, and the same on the virtual Cortex-M4."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os

import numpy as np
import pytest

pytest.importorskip("unicorn", reason="the virtual board needs `pip install tinyforge[virtual]`")
from opbench import case_files, random_inputs

from tinyforge.compiler import Goal, compile_model
from tinyforge.compiler.fuse import apart
from tinyforge.compiler.memory_plan import plan_memory
from tinyforge.firmware import bench_footprint, build_bench
from tinyforge.runtimes import get_runtime
from tinyforge.virtual.measure import profile, run_inferences

COUNT = int(os.environ.get("TINYFORGE_CASES", "12"))
SEED = int(os.environ.get("TINYFORGE_SEED", "1"))


def measured(compiled, folder, inputs):
    """Outputs, instructions, bytes of RAM."""
    get_runtime("aot").generate(compiled, folder)
    elf = build_bench(folder, folder / "bench.elf")
    found = profile(elf, json.loads((folder / "manifest.json").read_text()))
    ram = bench_footprint(folder, elf).ram_bytes + found.stack_bytes
    return run_inferences(elf, [row.tobytes() for row in inputs]), found.instructions, ram


@pytest.mark.emulator
def test_never_slower(tmp_path):
    cases = case_files()["pooled"](np.random.default_rng([SEED, 12]))
    models = (compile_model(case.data, name="net", place=case.name, goal=Goal.SPEED) for case in cases)
    fused = (model for model in models if any(layer.parts for layer in model.layers))
    for number, one in enumerate(itertools.islice(fused, COUNT)):
        layers = apart(one.layers)
        two = dataclasses.replace(
            one, layers=tuple(layers), plan=plan_memory(one.graph, layers, one.graph.tensors), log=()
        )
        inputs = [arrays[0] for arrays in random_inputs(one, 3, np.random.default_rng(number))]
        outputs, instructions, ram = measured(one, tmp_path / f"one{number}", inputs)
        expected, more, more_ram = measured(two, tmp_path / f"two{number}", inputs)
        assert outputs == expected, one.graph.place
        assert instructions < more, one.graph.place
        assert ram <= more_ram, one.graph.place
