"""The plot of accuracy against linked flash."""

import xml.etree.ElementTree as ET

from tinyforge.report.pareto import pareto_page, pareto_svg


def point(plan, flash_bytes, accuracy, *, best):
    test = {"accuracy": accuracy, "low": accuracy - 0.02, "high": min(1.0, accuracy + 0.01)}
    sizes = {"flash_bytes": flash_bytes, "ram_bytes": 184, "instructions": 37955, "gzip_bytes": 6736}
    return {"plan": plan, "test": test, "best": best} | sizes


POINTS = [
    point("int8", 24740, 0.989, best=True),
    point("80 % zeros & <16> clusters", 6892, 0.985, best=True),
    point("90 % zeros", 9000, 0.95, best=False),
]


def test_the_plot_is_well_formed_and_places_what_is_better_higher_and_further_left():
    svg = ET.fromstring(pareto_svg("net: <accuracy>", POINTS))  # noqa: S314  our own text
    drawn = [node for node in svg.iter() if node.tag.endswith("circle")]
    assert [dot.get("class") for dot in drawn] == ["other", "best", "best"]  # what nothing beats lies on top
    dots = [*drawn[1:], drawn[0]]
    x, y = ([float(dot.get(axis)) for dot in dots] for axis in ("cx", "cy"))
    assert x[1] < x[2] < x[0]
    assert y[0] < y[1] < y[2]
    front = next(node for node in svg.iter() if node.tag.endswith("polyline"))
    assert front.get("points") == f"{x[1]:.1f},{y[1]:.1f} {x[0]:.1f},{y[1]:.1f} {x[0]:.1f},{y[0]:.1f}"


def test_plans_of_one_place_share_a_text():
    near = [POINTS[0], POINTS[1], point("nearly int8", 24700, 0.9891, best=False), POINTS[2]]
    svg = ET.fromstring(pareto_svg("net", near))  # noqa: S314  our own text
    texts = [node.text for node in svg.iter() if node.tag.endswith("text") and node.get("text-anchor") is None]
    assert texts == ["net", "2", "4", "1, 3"]


def test_one_plan_is_a_plot_too():
    ET.fromstring(pareto_svg("one", POINTS[:1]))  # noqa: S314  our own text


def test_the_page_is_complete_and_escapes():
    page = pareto_page("net <b>", POINTS)
    assert "<title>net &lt;b&gt;</title>" in page
    assert "80 % zeros &amp; &lt;16&gt; clusters<td>98.5 % [96.5, 99.5]" in page
    assert page.count('<tr class="best">') == 2
    assert "src=" not in page
    assert "href=" not in page
