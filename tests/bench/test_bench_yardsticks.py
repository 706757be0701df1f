"""What one inference of the yardstick models costs, beside TensorFlow Lite Micro with CMSIS-NN.

    python -m pytest -m bench -s tests/bench

Instructions are exact, on the virtual Cortex-M4; flash is the linked image less the harness, RAM is arena, state,
``.data``, ``.bss`` and stack, without the caller's input and output. TFLM's figures come from ``yardstick.csv`` beside
the models (release build: core -Os, kernels -O2, GCC 12.2).
"""

import csv

import pytest

from tinyforge.pipeline import models

pytestmark = [pytest.mark.bench, pytest.mark.emulator]


def test_yardsticks(models_dir, capsys):
    with (models_dir.parent / "yardstick.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    columns = ["model", "MAC", "instructions", "TFLM", "ratio", "est. cycles/MAC", "flash B", "TFLM", "ratio"]
    columns += ["RAM B", "TFLM", "ratio"]
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    compiler = ""
    for row in rows:
        cost = models.profile(models_dir / f"{row['model']}.tflite")
        compiler = cost["compiler"]
        cells = [row["model"], f"{cost['macs']:,}"]
        for mine, theirs in (
            ("instructions", "tflm_instructions"),
            ("flash_bytes", "tflm_flash_bytes"),
            ("ram_bytes", "tflm_ram_bytes"),
        ):
            reference = int(row[theirs])
            cells += [f"{cost[mine]:,}", f"{reference:,}", f"{cost[mine] / reference:.2f}"]
            if mine == "instructions":
                cells.append(f"{cost['cycles'] / cost['macs']:.2f}")
        lines.append("| " + " | ".join(cells) + " |")
        assert cost["instructions"] > 0
    with capsys.disabled():
        print(f"\ncompiler: {compiler}, -O2\n")
        print("\n".join(lines).replace(",", " "))
