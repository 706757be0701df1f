"""Charts as inline SVG: no script, no fonts, colours by CSS class so that dark mode and print can change them.

Bars and dots use percentages for their horizontal places, so that they stretch with the page while their strokes
do not; line charts and the arena map have a view box of their own. Every text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tinyforge.report import text
from tinyforge.report.data import Arena, Marker, Series, Share

MAX_POINTS = 400
MAX_ARENA_SLOTS = 400


def _join(parts: Sequence[Markup]) -> Markup:
    return Markup("").join(parts)


def _tag(name: str, content: str = "", **attributes: object) -> Markup:
    """An element; ``class_`` and ``stroke_width`` become ``class`` and ``stroke-width``; values are escaped."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items()
    )
    return Markup("<{}{}>{}</{}>").format(Markup(name), written, content, Markup(name))  # noqa: S704 - our own names


def _number(value: float) -> str:
    """A coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def _percent(value: float) -> str:
    return f"{_number(100 * min(max(value, 0.0), 1.0))}%"


def nice_ticks(low: float, high: float, intervals: int = 4) -> tuple[float, ...]:
    """Round numbers from at most ``low`` to at least ``high``, about ``intervals`` + 1 of them.

    Steps are 1, 2, 2.5 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990).
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = 0.0, 1.0
    if high <= low:
        low, high = low - 0.5, low + 0.5
    rough = (high - low) / intervals
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return tuple(step * position for position in range(first, last + 1))


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale of shares from ``floor`` to 1, with ticks."""

    floor: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Place of a share, 0 at the floor and 1 at the right end."""
        return (value - self.floor) / (1 - self.floor)


def share_scale(lows: Sequence[float]) -> Scale:
    """A scale on which all of ``lows`` are visible: down to a multiple of 10 %, and at most 80 %."""
    floor = min([0.8, *(math.floor(low * 10 - 1e-9) / 10 for low in lows if math.isfinite(low))])
    floor = max(0.0, floor)
    step = 0.05 if floor >= 0.75 else 0.1 if floor >= 0.5 else 0.25
    ticks = [1.0]
    while ticks[-1] - step >= floor - 1e-9:
        ticks.append(round(ticks[-1] - step, 4))
    return Scale(floor, tuple(reversed(ticks)))


def share_axis(scale: Scale) -> Markup:
    """Labels of the ticks of a share scale."""
    parts = []
    for tick in scale.ticks:
        place = scale.at(tick)
        anchor = "start" if place < 0.04 else "end" if place > 0.96 else "middle"
        parts.append(_tag("text", text.percent_number(tick, 0), x=_percent(place), y=11, text_anchor=anchor))
    return _tag("svg", _join(parts), class_="axis", width="100%", height=14, aria_hidden="true")


def share_dot(share: Share, scale: Scale, *, by_group: Share | None = None, tone: str = "s1") -> Markup:
    """A share as a dot, its interval as a line, and the interval over groups as a thin one with ends."""
    middle = 12
    parts = [
        _tag("line", class_="grid", x1=_percent(scale.at(tick)), x2=_percent(scale.at(tick)), y1=0, y2=24)
        for tick in scale.ticks
    ]
    if by_group is not None and by_group.low is not None and by_group.high is not None:
        low, high = _percent(scale.at(by_group.low)), _percent(scale.at(by_group.high))
        parts.append(_tag("line", class_=f"whisker {tone}", x1=low, x2=high, y1=middle, y2=middle))
        parts += [
            _tag("line", class_=f"whisker {tone}", x1=end, x2=end, y1=middle - 4, y2=middle + 4) for end in (low, high)
        ]
    if share.low is not None and share.high is not None:
        parts.append(
            _tag(
                "line",
                class_=f"interval {tone}",
                x1=_percent(scale.at(share.low)),
                x2=_percent(scale.at(share.high)),
                y1=middle,
                y2=middle,
            )
        )
    parts.append(_tag("circle", class_=f"dot {tone}", cx=_percent(scale.at(share.value)), cy=middle, r=4.5))
    return _tag("svg", _join(parts), class_="share", width="100%", height=24, aria_hidden="true")


def bar(value: float, inner: float | None = None, *, tone: str = "s1", track: bool = False) -> Markup:
    """A bar of ``value`` in [0, 1] of the width; ``inner`` is drawn on it, darker; ``track`` shows the whole width."""
    parts = [_tag("rect", class_="track", x=0, y=3, width="100%", height=12, rx=1.5)] if track else []
    parts += [_tag("rect", class_=f"bar {tone}", x=0, y=3, width=_percent(value), height=12, rx=1.5)]
    if inner is not None:
        parts.append(_tag("rect", class_=f"bar inner {tone}", x=0, y=6, width=_percent(inner), height=6, rx=1))
    return _tag("svg", _join(parts), class_="bars", width="100%", height=18, aria_hidden="true")


def stack(parts: Sequence[tuple[float, str]], label: str) -> Markup:
    """Pieces one after the other: (width in [0, 1], CSS class) each."""
    drawn, start = [_tag("title", label)], 0.0
    for width, kind in parts:
        drawn.append(_tag("rect", class_=f"part {kind}", x=_percent(start), y=0, width=_percent(width), height=26))
        start += width
    return _tag("svg", _join(drawn), class_="stack", width="100%", height=26, role="img", aria_label=label)


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of :func:`front_chart`: number, name, cost in bytes, share, and whether nothing beats it."""

    number: int
    name: str
    bytes: int
    share: Share
    best: bool


def front_chart(spots: Sequence[Spot], *, label: str, x_label: str, width: int = 720, height: int = 340) -> Markup:
    """Shares over bytes, numbered, with their intervals; a staircase over those that nothing beats."""
    left, right, top, bottom = 58, 18, 14, 38
    x_ticks = nice_ticks(min(spot.bytes for spot in spots) / 1000, max(spot.bytes for spot in spots) / 1000)
    bounds = [bound for s in spots for bound in (s.share.low, s.share.value, s.share.high) if bound is not None]
    y_ticks = tuple(tick for tick in nice_ticks(min(bounds), max(bounds)) if tick <= 1 + 1e-9)
    if len(y_ticks) < 2:
        y_ticks = (y_ticks[0] - 0.1, y_ticks[0])

    def place_x(bytes_: float) -> float:
        return left + (bytes_ / 1000 - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]) * (width - left - right)

    def place_y(share: float) -> float:
        return height - bottom - (share - y_ticks[0]) / (y_ticks[-1] - y_ticks[0]) * (height - top - bottom)

    drawn = [_tag("title", label)]
    digits = 0 if all(abs(100 * tick - round(100 * tick)) < 1e-6 for tick in y_ticks) else 1
    for tick in y_ticks:
        level = _number(place_y(tick))
        drawn.append(_tag("line", class_="grid", x1=left, x2=width - right, y1=level, y2=level))
        said = text.percent_number(tick, digits) + (f"{text.GAP}%" if tick is y_ticks[-1] else "")
        drawn.append(_tag("text", said, x=left - 6, y=_number(place_y(tick) + 4), text_anchor="end"))
    for tick in x_ticks:
        place = _number(place_x(1000 * tick))
        drawn.append(_tag("line", class_="grid", x1=place, x2=place, y1=top, y2=height - bottom))
        drawn.append(_tag("text", f"{tick:g}", x=place, y=height - bottom + 16, text_anchor="middle"))
    drawn.append(_tag("text", x_label, x=width - right, y=height - 4, text_anchor="end", class_="unit"))
    stairs: list[str] = []
    for spot in sorted((s for s in spots if s.best), key=lambda s: s.bytes):
        x = _number(place_x(spot.bytes))
        stairs += [f"H{x}", f"V{_number(place_y(spot.share.value))}"] if stairs else []
        stairs = stairs or [f"M{x} {_number(place_y(spot.share.value))}"]
    drawn.append(_tag("path", class_="line l0 front", d="".join(stairs)))
    for spot in spots:
        x, y, tone = _number(place_x(spot.bytes)), place_y(spot.share.value), "s1" if spot.best else "s6"
        if spot.share.low is not None and spot.share.high is not None:
            ends = {"y1": _number(place_y(spot.share.low)), "y2": _number(place_y(spot.share.high))}
            drawn.append(_tag("line", class_=f"whisker {tone}", x1=x, x2=x, **ends))
        said = f"{spot.name}: {text.percent(spot.share.value)}, {text.size(spot.bytes)}"
        drawn.append(_tag("circle", _tag("title", said), class_=f"dot {tone}", cx=x, cy=_number(y), r=5))
        place = _number(place_x(spot.bytes) + 8)
        drawn.append(_tag("text", str(spot.number), x=place, y=_number(y - 7), class_="spot"))
    return _tag(
        "svg",
        _join(drawn),
        class_="chart",
        viewBox=f"0 0 {width} {height}",
        style=f"min-width:480px;max-width:{width + 140}px",
        role="img",
        aria_label=label,
    )


def _thin(values: Sequence[float | None]) -> list[tuple[int, float | None]]:
    """(index, value) of at most :data:`MAX_POINTS` points, the last one among them."""
    stride = max(1, math.ceil(len(values) / MAX_POINTS))
    indices = list(range(0, len(values), stride))
    if values and indices[-1] != len(values) - 1:
        indices.append(len(values) - 1)
    return [(index, values[index]) for index in indices]


def line_chart(
    series: Sequence[Series],
    *,
    label: str,
    x_label: str,
    first_x: float = 1.0,
    step_x: float = 1.0,
    share: bool = False,
    from_zero: bool = False,
    bounds: tuple[float, float] | None = None,
    markers: Sequence[Marker] = (),
    width: int = 400,
    height: int = 216,
) -> Markup:
    """Lines over a common axis; value i of a series lies at ``first_x + i * step_x``.

    The axis of values reaches over all of them and over ``bounds``, so that several charts can have the same one.
    Gaps (None, NaN) break a line. Line k has the classes ``line l<k>``: colour and dashes tell them apart.
    """
    left, right, top, bottom = 46, 12, 12, 34
    finite = [value for line in series for value in line.values if value is not None and math.isfinite(value)]
    finite += [value for value in bounds or () if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if share:
        high = 1.0
        low = min(low, 0.9)
    if from_zero:
        low = min(0.0, low)
    y_ticks = nice_ticks(low, high)
    if share:
        y_ticks = tuple(tick for tick in y_ticks if tick <= 1 + 1e-9)
    bottom_y, top_y = y_ticks[0], y_ticks[-1]
    longest = max([len(line.values) for line in series], default=0)
    last_x = first_x + step_x * max(1, longest - 1)

    def place_x(value: float) -> float:
        return left + (value - first_x) / (last_x - first_x) * (width - left - right)

    def place_y(value: float) -> float:
        return height - bottom - (value - bottom_y) / (top_y - bottom_y) * (height - top - bottom)

    drawn = [_tag("title", label)]
    digits = max(0, -math.floor(math.log10(y_ticks[1] - y_ticks[0]) + 1e-9))
    if abs(round(y_ticks[1] - y_ticks[0], digits) - (y_ticks[1] - y_ticks[0])) > 1e-9:
        digits += 1
    for tick in y_ticks:
        height_y = _number(place_y(tick))
        drawn.append(_tag("line", class_="grid", x1=left, x2=width - right, y1=height_y, y2=height_y))
        said = text.percent_number(tick, 0) if share else f"{tick:.{digits}f}".replace("-", "\u2212")
        if share and tick is y_ticks[-1]:
            said += f"{text.GAP}%"
        drawn.append(_tag("text", said, x=left - 6, y=_number(place_y(tick) + 4), text_anchor="end"))
    x_ticks = [tick for tick in nice_ticks(first_x, last_x, 5) if first_x - 1e-9 <= tick <= last_x + 1e-9]
    for tick in x_ticks:
        said = f"{tick:.4g}" if step_x != 1.0 else text.count(tick)
        if step_x == 1.0 and abs(tick - round(tick)) > 1e-9:
            continue
        drawn.append(_tag("text", said, x=_number(place_x(tick)), y=height - bottom + 16, text_anchor="middle"))
    drawn.append(_tag("text", x_label, x=width - right, y=height - 3, text_anchor="end", class_="unit"))
    for marker in markers:
        x = min(max(place_x(marker.at), left), width - right)
        end = x > (left + width) / 2
        drawn.append(_tag("line", class_="marker", x1=_number(x), x2=_number(x), y1=top, y2=height - bottom))
        drawn.append(
            _tag(
                "text",
                text.short(marker.label, 24),
                class_="unit",
                x=_number(x + (-4 if end else 4)),
                y=height - bottom - 6 if share else top + 8,
                text_anchor="end" if end else "start",
            )
        )
    for number, line in enumerate(series):
        path, pen_down, dots = [], False, []
        for index, value in _thin(line.values):
            if value is None or not math.isfinite(value):
                pen_down = False
                continue
            point = _number(place_x(first_x + index * step_x)), _number(place_y(value))
            path.append(f"{'L' if pen_down else 'M'}{point[0]} {point[1]}")
            if not pen_down:
                dots.append(point)
            pen_down = True
        if path:
            drawn.append(_tag("path", class_=f"line l{number % 6}", d="".join(path)))
        if len(path) == len(dots):  # nothing but single points: a line of them would not be seen
            drawn += [_tag("circle", class_=f"dot l{number % 6}", cx=x, cy=y, r=2.5) for x, y in dots]
    return _tag("svg", _join(drawn), class_="chart", viewBox=f"0 0 {width} {height}", role="img", aria_label=label)


def arena_map(arena: Arena, label: str) -> Markup:
    """Tensors as rectangles: calls to the right, arena bytes upwards; the dashed line is the lower bound."""
    calls = len(arena.ops)
    left, right, top, bottom = 58, 10, 14, 38
    width, height = max(720, left + right + 22 * calls), 250
    top_y = max(arena.arena_bytes, arena.lower_bound_bytes, 1)
    column = (width - left - right) / max(1, calls)

    def place_y(value: float) -> float:
        return height - bottom - value / top_y * (height - top - bottom)

    drawn = [_tag("title", label)]
    ticks = [tick for tick in nice_ticks(0, top_y, 4) if tick <= top_y]
    for tick in ticks:
        level = _number(place_y(tick))
        drawn.append(_tag("line", class_="grid", x1=left, x2=width - right, y1=level, y2=level))
        said = text.size(tick) if tick is ticks[-1] else text.count(tick)
        drawn.append(_tag("text", said, x=left - 6, y=_number(place_y(tick) + 4), text_anchor="end"))
    for number, slot in enumerate(arena.slots[:MAX_ARENA_SLOTS]):
        x, span = left + slot.first * column, (slot.last - slot.first + 1) * column
        y, tall = place_y(slot.offset + slot.bytes), place_y(slot.offset) - place_y(slot.offset + slot.bytes)
        said = f"{slot.name}: {slot.bytes} B at {slot.offset}, calls {slot.first} to {slot.last}"
        drawn.append(
            _tag(
                "rect",
                _tag("title", said),
                class_=f"slot t{number % 6}",
                x=_number(x + 1),
                y=_number(y),
                width=_number(max(1.0, span - 2)),
                height=_number(max(1.0, tall)),
            )
        )
        letters = int((span - 10) / 7.6)
        if tall >= 14 and letters >= 4:
            drawn.append(
                _tag(
                    "text", text.short(slot.name, letters), class_="slot", x=_number(x + 6), y=_number(y + tall / 2 + 4)
                )
            )
    bound = _number(place_y(arena.lower_bound_bytes))
    drawn.append(_tag("line", class_="marker", x1=left, x2=width - right, y1=bound, y2=bound))
    every = max(1, math.ceil(calls / 30))
    drawn += [
        _tag("text", str(call), x=_number(left + (call + 0.5) * column), y=height - bottom + 16, text_anchor="middle")
        for call in range(0, calls, every)
    ]
    drawn.append(_tag("text", "call", x=width - right, y=height - 4, text_anchor="end", class_="unit"))
    return _tag(
        "svg",
        _join(drawn),
        class_="chart arena",
        viewBox=f"0 0 {width} {height}",
        style=f"min-width:{min(560 * width // 720, 2400)}px;max-width:{width + 140}px",
        role="img",
        aria_label=label,
    )
