"""What an answer of LIVE takes on the virtual board, of whole windows and of new samples alone.

python -m pytest -m bench -s tests/bench/test_bench_sliding_live.py
"""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulator"))

from live_runs import Running, firmware

from tinyforge.firmware import bench_footprint, build_bench
from tinyforge.virtual.measure import profile

pytestmark = [pytest.mark.bench, pytest.mark.emulator]
MODEL = Path(__file__).parents[2] / "models" / "activities_cnn1d" / "activities_cnn1d.tflite"
HOPS = (1, 4, 8, 10, 16, 25, 50)


def figures(folder, hop):
    """Instructions an answer and a call, flash and RAM of the network."""
    manifest = json.loads((folder / "manifest.json").read_text())
    elf = build_bench(folder, folder / "bench.elf")
    linked = bench_footprint(folder, elf)
    called = [manifest["function"], *([manifest["sliding"]["function"]] if "sliding" in manifest else [])]
    calls = [profile(elf, {**manifest, "function": function}) for function in called]
    stack = max(call.stack_bytes for call in calls)
    answer = Running(folder).cost(60, hop=hop)[0]
    return round(answer), calls[-1].instructions, linked.flash_bytes, linked.ram_bytes + stack


def test_live(tmp_path, capsys):
    columns = ("hop", "LIVE, an answer", "streamed", "ratio", "the call", "streamed", "flash B", "RAM B")
    lines = ["| " + " | ".join(columns) + " |", "|---:" * len(columns) + "|"]
    firmware(MODEL, tmp_path / "whole")
    for hop in HOPS:
        made = firmware(MODEL, tmp_path / f"hop_{hop}", hop=hop)
        whole = figures(tmp_path / "whole", hop)
        if not made["stream"]:
            lines.append(f"| {hop} | {whole[0]:,} | {made['explain'][-1]} |")
            continue
        one = figures(tmp_path / f"hop_{hop}", hop)
        Running(tmp_path / f"hop_{hop}").live(30, hop=hop, stalls=(11,))  # and the host says the same
        said = (f"{whole[0]:,}", f"{one[0]:,}", f"{one[0] / whole[0]:.2f}", *(f"{n:,}" for n in (whole[1], *one[1:])))
        lines.append(f"| {hop} | " + " | ".join(said) + " |")
        assert one[0] < whole[0]
    with capsys.disabled():
        print()
        print("\n".join(lines).replace(",", " "))
