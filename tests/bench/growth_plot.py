"""Draws docs/growth.svg: instructions of one layer over its MAC, from 20 thousand to 10 million.

    python tests/bench/growth_plot.py docs/growth.svg

The shapes are those of ``test_bench_shapes.py``; both axes are logarithmic, so what grows linearly is a straight line.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

import matplotlib as mpl
from matplotlib.figure import Figure
from onelayer import per_mac
from test_bench_shapes import GROWTH


def main(target: Path) -> None:
    mpl.rcParams["svg.hashsalt"] = "growth"
    figure = Figure(figsize=(7, 4.2))
    axes = figure.subplots()
    with tempfile.TemporaryDirectory() as folder:
        for kind, marker in zip(GROWTH, "osD^", strict=True):
            points = [per_mac(kind, size, channels, channels, Path(folder)) for size, channels in GROWTH[kind]]
            print(
                f"| {kind} | " + " | ".join(f"{macs:,}: {cost:.2f}".replace(",", " ") for macs, cost in points) + " |"
            )
            axes.plot([macs for macs, _ in points], [macs * cost for macs, cost in points], marker=marker, label=kind)
    axes.plot([2e4, 1.2e7], [2e4, 1.2e7], color="0.6", linestyle=":", label="1 instruction a MAC")
    axes.set(xscale="log", yscale="log", xlabel="MAC", ylabel="instructions of one inference")
    axes.grid(visible=True, which="major", color="0.9")
    axes.legend(frameon=False)
    figure.savefig(target, metadata={"Date": None}, bbox_inches="tight")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
