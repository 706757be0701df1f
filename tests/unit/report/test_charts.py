from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest
import sample_report

from tinyforge.report import charts
from tinyforge.report.data import Arena, ArenaSlot, Marker, Series, Share


def parse(svg):
    """The chart as XML: raises when it is not well formed."""
    return ET.fromstring(str(svg))  # noqa: S314 - drawn a line before


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0)),
        (0.02, 1.42, (0.0, 0.5, 1.0, 1.5)),
        (-180.0, 180.0, (-200.0, -100.0, 0.0, 100.0, 200.0)),
        (5.0, 5.0, (4.5, 4.75, 5.0, 5.25, 5.5)),
        (math.nan, 3.0, (0.0, 0.25, 0.5, 0.75, 1.0)),
    ],
)
def test_ticks_are_round_and_reach_over_all_values(low, high, ticks):
    assert charts.nice_ticks(low, high) == pytest.approx(ticks)


def test_ticks_always_reach_over_what_they_are_asked_for():
    for low, high in ((0.1, 0.3), (-3e-7, 4e-6), (1e6, 1.0001e6), (0.0, 7.0), (-0.3, -0.1), (0.999, 1.0)):
        ticks = charts.nice_ticks(low, high)
        assert ticks[0] <= low + 1e-12
        assert ticks[-1] >= high - 1e-12
        assert 3 <= len(ticks) <= 8


def test_the_scale_of_shares_shows_every_interval():
    scale = charts.share_scale([0.905, 0.62])
    assert scale.floor == 0.6
    assert scale.ticks == (0.6, 0.7, 0.8, 0.9, 1.0)
    assert charts.share_scale([]).floor == 0.8
    assert charts.share_scale([0.0]).ticks == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert charts.share_scale([0.7]).floor < 0.7  # a bound is never on the edge
    assert (scale.at(0.6), scale.at(1.0)) == (0.0, 1.0)


def test_a_dot_lies_where_its_share_is():
    svg = parse(charts.share_dot(Share(0.9, 0.8, 0.95), charts.share_scale([0.55]), by_group=Share(0.9, 0.6, 1.0)))
    dot = svg.find(".//circle")
    assert dot is not None
    assert dot.get("cx") == "80%"
    (interval,) = [line for line in svg.iter("line") if "interval" in (line.get("class") or "")]
    assert (interval.get("x1"), interval.get("x2")) == ("60%", "90%")
    whiskers = [line for line in svg.iter("line") if "whisker" in (line.get("class") or "")]
    assert (whiskers[0].get("x1"), whiskers[0].get("x2")) == ("20%", "100%")


def test_bars_never_leave_their_place():
    svg = parse(charts.bar(1.7, 0.4, track=True))
    assert [rect.get("width") for rect in svg.iter("rect")] == ["100%", "100%", "40%"]


def test_gaps_break_a_line():
    svg = parse(
        charts.line_chart([Series("loss", (1.0, 0.5, None, 0.4, math.nan, 0.2, 0.1))], label="l", x_label="epoch")
    )
    (path,) = svg.iter("path")
    assert (path.get("d") or "").count("M") == 3
    assert len(list(svg.iter("circle"))) == 0


def test_a_single_epoch_is_a_dot():
    svg = parse(charts.line_chart([Series("loss", (0.5,))], label="l", x_label="epoch"))
    assert len(list(svg.iter("circle"))) == 1


def test_no_values_draw_no_line():
    for series in ([], [Series("loss", ())], [Series("loss", (None, None))]):
        svg = parse(charts.line_chart(series, label="l", x_label="epoch", share=True))
        assert list(svg.iter("path")) == []


def test_many_points_are_thinned_and_the_last_is_kept():
    values = tuple(float(i) for i in range(100_000))
    svg = charts.line_chart([Series("loss", values)], label="l", x_label="epoch")
    points = re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", str(svg))
    assert len(points) <= charts.MAX_POINTS + 1
    assert points[-1][0] == "388"  # the right edge of the drawing


def test_all_points_lie_inside_the_frame():
    svg = charts.line_chart(
        [Series("a", (-5.0, 3.3, 9.9)), Series("b", (0.0, None, 2.0))],
        label="l",
        x_label="s",
        first_x=0.0,
        step_x=0.01,
        markers=[Marker(99.0, "far away")],
    )
    for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", str(svg)):
        assert 46 <= float(x) <= 388
        assert 12 <= float(y) <= 182
    (marker,) = [line for line in parse(svg).iter("line") if line.get("class") == "marker"]
    assert marker.get("x1") == "388"


def test_bounds_give_several_charts_one_axis():
    def ticks(bounds):
        svg = parse(charts.line_chart([Series("a", (1.0, 2.0))], label="l", x_label="x", bounds=bounds))
        return [text.text for text in svg.iter("text") if text.get("text-anchor") == "end"][:-1]

    assert ticks((0.0, 40.0)) == ["0", "10", "20", "30", "40"]
    assert ticks(None) != ticks((0.0, 40.0))


def test_the_arena_map_is_to_scale():
    arena = Arena(1_000, 1_000, 0, ("a", "b"), (ArenaSlot("x", 0, 600, 0, 1), ArenaSlot("y", 600, 400, 1, 1)))
    svg = parse(charts.arena_map(arena, "arena"))
    first, second = (rect for rect in svg.iter("rect") if (rect.get("class") or "").startswith("slot"))

    def number(rect, key):
        return float(rect.get(key) or "nan")

    assert number(first, "height") / number(second, "height") == pytest.approx(1.5, rel=1e-3)
    assert number(second, "y") + number(second, "height") == pytest.approx(number(first, "y"), abs=0.02)
    assert number(first, "width") == pytest.approx(2 * number(second, "width") + 2, abs=0.02)
    title = first.find("title")
    assert title is not None
    assert title.text == "x: 600 B at 0, calls 0 to 1"


def test_an_empty_arena_and_a_long_network_can_be_drawn():
    parse(charts.arena_map(Arena(0, 0, 0, (), ()), "empty"))
    ops = tuple(f"op{i}" for i in range(300))
    slots = tuple(ArenaSlot(f"t{i}", 0, 8, i, i) for i in range(300))
    svg = str(charts.arena_map(Arena(8, 8, 0, ops, slots), "long"))
    assert len(svg) < 100_000


def test_names_cannot_leave_their_text():
    evil = sample_report.HOSTILE
    for svg in (
        charts.line_chart([Series(evil, (1.0, 2.0))], label=evil, x_label=evil, markers=[Marker(1, evil)]),
        charts.arena_map(Arena(100, 100, 0, (evil, evil), (ArenaSlot(evil, 0, 100, 0, 1),)), evil),
        charts.stack([(0.5, evil)], evil),
    ):
        assert "<script" not in str(svg)
        assert "<img" not in str(svg)
        found = {element.tag for element in parse(svg).iter()}
        assert found <= {"svg", "title", "line", "text", "path", "rect", "circle"}


def test_the_front_goes_over_what_nothing_beats():
    spots = [
        charts.Spot(1, "a", 20_000, Share(0.98, 0.96, 0.99), best=True),
        charts.Spot(2, "b", 10_000, Share(0.95, 0.93, 0.97), best=True),
        charts.Spot(3, "c <&>", 15_000, Share(0.94, None, None), best=False),
    ]
    drawn = str(charts.front_chart(spots, label="front", x_label="flash, kB"))
    assert drawn.count("<circle") == 3
    assert drawn.count('class="whisker') == 2
    assert "c &lt;&amp;&gt;: 94.0" in drawn
    (stairs,) = re.findall(r'class="line l0 front" d="(M[^"]+)"', drawn)
    assert re.fullmatch(r"M58 [\d.]+H702V[\d.]+", stairs)
    (low,) = re.findall(r"M58 ([\d.]+)H", stairs)
    assert float(low) > float(stairs.rpartition("V")[2])  # the smaller one is less accurate: lower on the page
    assert {"92", "94", "96", "98"} <= set(re.findall(r">(\d+)</text>", drawn))
    half = [charts.Spot(n, "a", 1000 * n, Share(0.9 + 0.09 * n, None, None), best=True) for n in (0, 1)]
    assert "92.5" in charts.front_chart(half, label="front", x_label="flash, kB")  # and no 92 there


def test_points_of_one_height_have_an_axis():
    spots = [charts.Spot(n, "a", 1000 * n, Share(1.0, None, None), best=n == 1) for n in (1, 2)]
    drawn = str(charts.front_chart(spots, label="front", x_label="flash, kB"))
    assert "nan" not in drawn
    assert drawn.count("<circle") == 2
