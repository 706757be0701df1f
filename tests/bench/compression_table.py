"""Tables of what ``compression_sets.py`` measured.

python tests/bench/compression_table.py police.jsonl watch.jsonl
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np


def percent(values: list[float]) -> str:
    return f"{100 * np.mean(values):.2f}"


def table(rows: list[dict]) -> str:
    """A line for each set, architecture and plan: means over seeds."""
    grouped = defaultdict(list)
    for row in rows:
        grouped[row["set"], row["architecture"], row["plan"]].append(row["steps"])
    lines = ["| set | network | plan | seeds | float | int8 | lost, points: mean, worst | gzip, B | ratio |"]
    lines.append("|---|---|---|---:|---:|---:|---:|---:|---:|")
    for (where, architecture, plan), steps in grouped.items():
        before = [one["float"]["accuracy"] for one in steps]
        after = [one["int8"]["accuracy"] for one in steps]
        lost = [100 * (one - two) for one, two in zip(before, after, strict=True)]
        sizes = [one["int8"]["gzip_bytes"] for one in steps]
        ratios = [one["float"]["gzip_bytes"] / one["int8"]["gzip_bytes"] for one in steps]
        lines.append(
            f"| {where} | {architecture} | {plan} | {len(steps)} | {percent(before)} | {percent(after)} "
            f"| {np.mean(lost):.2f}, {max(lost):.2f} | {np.mean(sizes):.0f} | {np.mean(ratios):.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table([json.loads(line) for name in sys.argv[1:] for line in Path(name).read_text().splitlines()]))
