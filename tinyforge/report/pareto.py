"""Accuracy against linked flash: a plot that stands alone as SVG, and a page around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape

from tinyforge.report.charts import nice_ticks

Point = Mapping[str, Any]
"""``plan``, ``flash_bytes``, ``test`` (``accuracy``, ``low``, ``high`` in 0..1) and ``best``."""

_WIDTH, _HEIGHT = 760.0, 440.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 24.0, 48.0, 52.0
_NEAR_X, _NEAR_Y = 20.0, 12.0  # two numbers that are nearer than that lie over each other
_STYLE = """
.frame{fill:none;stroke:#8b949e}.grid{stroke:#d0d7de;stroke-width:1}.front{fill:none;stroke:#0b6bcb;stroke-width:2}
.whisker{stroke:#8b949e;stroke-width:1.5}.best{fill:#0b6bcb}.other{fill:#8b949e}
text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:16px;font-weight:600}.small{font-size:12px}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#30363d}.front{stroke:#58a6ff}.best{fill:#58a6ff}}
"""


def pareto_svg(title: str, points: Sequence[Point]) -> str:
    """The plot: a dot a plan, numbered, with its 95 % interval; the front goes over those that nothing beats.

    Args:
        title: above the plot; escaped.
        points: at least one.
    """
    x_ticks = nice_ticks(min(p["flash_bytes"] for p in points) / 1000, max(p["flash_bytes"] for p in points) / 1000)
    y_ticks = nice_ticks(
        100 * min(p["test"]["low"] for p in points), min(100.0, 100 * max(p["test"]["high"] for p in points))
    )

    def x(flash_bytes: float) -> float:
        share = (flash_bytes / 1000 - x_ticks[0]) / (x_ticks[-1] - x_ticks[0])
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(accuracy: float) -> float:
        share = (100 * accuracy - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="{_LEFT:g}" y="26">{escape(title)}</text>',
    ]
    for tick in x_ticks:
        place = x(1000 * tick)
        lines.append(f'<line class="grid" x1="{place:.1f}" x2="{place:.1f}" y1="{_TOP:g}" y2="{bottom:g}"/>')
        lines.append(f'<text class="small" text-anchor="middle" x="{place:.1f}" y="{bottom + 18:g}">{tick:g}</text>')
    for tick in y_ticks:
        place = y(tick / 100)
        lines.append(f'<line class="grid" x1="{_LEFT:g}" x2="{right:g}" y1="{place:.1f}" y2="{place:.1f}"/>')
        lines.append(f'<text class="small" text-anchor="end" x="{_LEFT - 8:g}" y="{place + 4:.1f}">{tick:g} %</text>')
    middle = (_LEFT + right) / 2
    lines.append(f'<text text-anchor="middle" x="{middle:g}" y="{_HEIGHT - 12:g}">linked flash, kB</text>')
    lines.append(
        f'<rect class="frame" x="{_LEFT:g}" y="{_TOP:g}" width="{right - _LEFT:g}" height="{bottom - _TOP:g}"/>'
    )
    front = sorted((p for p in points if p["best"]), key=lambda p: (p["flash_bytes"], p["test"]["accuracy"]))
    corners = [(front[0], front[0])]  # what fits into so much flash is no better until the next plan fits
    for before, p in pairwise(front):
        corners += [(p, before), (p, p)]
    path = " ".join(f"{x(size['flash_bytes']):.1f},{y(share['test']['accuracy']):.1f}" for size, share in corners)
    lines.append(f'<polyline class="front" points="{path}"/>')
    places = [(x(p["flash_bytes"]), y(p["test"]["accuracy"])) for p in points]
    for p, (at, _) in zip(points, places, strict=True):
        low, high = y(p["test"]["low"]), y(p["test"]["high"])
        lines.append(f'<line class="whisker" x1="{at:.1f}" x2="{at:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>')
    for kind in ("other", "best"):  # what nothing beats lies on top
        lines += [
            f'<circle class="{kind}" cx="{at:.1f}" cy="{level:.1f}" r="5"><title>{escape(p["plan"])}</title></circle>'
            for p, (at, level) in zip(points, places, strict=True)
            if p["best"] == (kind == "best")
        ]
    for numbers, (at, level) in _numbers(places):
        lines.append(f'<text class="small" x="{at + 8:.1f}" y="{level - 7:.1f}">{numbers}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _numbers(places: Sequence[tuple[float, float]]) -> list[tuple[str, tuple[float, float]]]:
    """A text for each dot, or one for all whose texts would lie over each other: where the rightmost of them stands."""
    groups: list[list[int]] = []
    for index in sorted(range(len(places)), key=lambda one: places[one]):
        at, level = places[index]
        near = [
            group
            for group in groups
            if any(abs(places[one][0] - at) < _NEAR_X and abs(places[one][1] - level) < _NEAR_Y for one in group)
        ]
        groups = [group for group in groups if group not in near] + [[one for group in near for one in group] + [index]]
    return [(", ".join(str(one + 1) for one in sorted(group)), places[group[-1]]) for group in groups]


_PAGE = Markup("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body{{font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}}
body{{color:#1f2328;background:#fff}}table{{border-collapse:collapse;width:100%}}
th,td{{padding:.3rem .6rem;border-bottom:1px solid #d0d7de;text-align:right}}
td{{white-space:nowrap}}th:nth-child(2),td:nth-child(2){{text-align:left;white-space:normal}}tr.best{{font-weight:600}}svg{{width:100%;height:auto}}
@media(prefers-color-scheme:dark){{body{{color:#e6edf3;background:#0d1117}}th,td{{border-color:#30363d}}}}
</style>
{plot}
<p>Accuracy on the test windows with its 95 % interval; flash, RAM and instructions of the linked image on the virtual
Cortex-M4. Bold: nothing smaller is as accurate.</p>
<table><thead><tr><th>#<th>plan<th>accuracy<th>flash, B<th>RAM, B<th>instructions<th>gzip, B</tr></thead>
<tbody>
{rows}
</tbody></table>
</html>
""")
_ROW = Markup("<tr{kind}><td>{number}<td>{plan}<td>{accuracy}<td>{flash}<td>{ram}<td>{instructions}<td>{gzip}</tr>")


def pareto_page(title: str, points: Sequence[Point]) -> str:
    """The plot with its table, complete in one file."""

    def thousands(value: int) -> str:
        return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")

    rows = [
        _ROW.format(
            kind=Markup(' class="best"') if p["best"] else "",
            number=number,
            plan=p["plan"],
            accuracy="{:.1f} % [{:.1f}, {:.1f}]".format(*(100 * p["test"][key] for key in ("accuracy", "low", "high"))),
            flash=thousands(p["flash_bytes"]),
            ram=thousands(p["ram_bytes"]),
            instructions=thousands(p["instructions"]),
            gzip=thousands(p["gzip_bytes"]),
        )
        for number, p in enumerate(points, 1)
    ]
    plot = Markup(pareto_svg(title, points))  # noqa: S704  made above, everything in it escaped
    return str(_PAGE.format(title=title, plot=plot, rows=Markup("\n").join(rows)))
