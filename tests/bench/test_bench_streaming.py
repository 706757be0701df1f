"""What one output of a sliding window costs, computed anew and streamed.

python -m pytest -m bench -s tests/bench/test_bench_streaming.py
"""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "compiler"))

from sliding import SAME, Net, cnn

from tinyforge.compiler import compile_model
from tinyforge.compiler.streaming import stream
from tinyforge.firmware import bench_footprint, build_bench
from tinyforge.runtimes import get_runtime
from tinyforge.virtual.measure import profile

pytestmark = [pytest.mark.bench, pytest.mark.emulator]

HOP = 10


def dilated():
    net = Net(100, 6)
    for dilation in (1, 2, 4, 8):
        net.conv(16, 3, dilation=dilation)
    return net.head()


NETWORKS = {
    "conv 5, pool, conv 5, pool, conv 3, pool, mean": cnn(),
    "the same, flattened": cnn(flat=True),
    "conv 5, pool, conv 3, pool, mean": Net(100, 6).conv(16, 5).pool(2).conv(32, 3).pool(2).head(),
    "the same with `same` padding": Net(100, 6)
    .conv(16, 5, padding=SAME)
    .pool(2)
    .conv(32, 3, padding=SAME)
    .pool(2)
    .head(),
    "conv 5, conv 5, mean": Net(100, 6).conv(16, 5).conv(32, 5).head(),
    "TCN: conv 3, dilated by 1, 2, 4, 8, mean": dilated(),
}


def cost(compiled, folder):
    get_runtime("aot").generate(compiled, folder)
    elf = build_bench(folder, folder / "bench.elf")
    found = profile(elf, json.loads((folder / "manifest.json").read_text()))
    linked = bench_footprint(folder, elf)
    return found.instructions, linked.ram_bytes + found.stack_bytes, linked.flash_bytes


def test_streaming(tmp_path, capsys):
    columns = ["network", "whole window", "streamed", "ratio", "RAM B", "streamed", "flash B", "streamed"]
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    for number, (name, data) in enumerate(NETWORKS.items()):
        whole = compile_model(data, name="net", place="net.tflite")
        one = cost(whole, tmp_path / f"whole_{number}")
        two = cost(stream(whole, HOP), tmp_path / f"stream_{number}")
        figures = [f"{one[0]:,}", f"{two[0]:,}", f"{two[0] / one[0]:.2f}"]
        figures += [f"{value:,}" for pair in zip(one[1:], two[1:], strict=True) for value in pair]
        lines.append("| " + " | ".join([name, *figures]) + " |")
        assert two[0] < one[0]
    with capsys.disabled():
        print()
        print("\n".join(lines).replace(",", " "))
