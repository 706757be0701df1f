from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import sample_report

from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.resources import package_dir
from tinyforge.report import ReportData, render, render_html
from tinyforge.report.data import (
    ArtifactRow,
    BoardRow,
    BudgetRow,
    Curve,
    EnergyRow,
    Evaluation,
    FindingRow,
    LayerRow,
    Network,
    RungRow,
    Series,
    Share,
    SubjectRow,
)
from tinyforge.report.document import from_json
from tinyforge.report.view import verdict

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Elements of a page, and whether every one is closed in order."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.headings, self.texts = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append([int(tag[1]), ""])

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data):
        self.texts.append(data)
        if self.open and self.headings and any(tag in {"h1", "h2", "h3", "h4"} for tag in self.open):
            self.headings[-1][1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return re.sub(r"[ \n]+", " ", " ".join(self.texts))


SAMPLES = ("full", "without_board", "broken", "hostile")


@pytest.fixture(scope="module")
def pages():
    return {name: render_html(getattr(sample_report, name)()) for name in SAMPLES}


def minimal(**more):
    return ReportData(title="t", run="r", created="c", version="0", **more)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_loads_nothing_and_runs_nothing(pages, name):
    page = Page(pages[name])
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "input", "base", "image", "use"}
    for tag, attributes in page.elements:
        assert not any(key.startswith("on") for key in attributes), tag
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    style = re.search(r"<style>(.*?)</style>", pages[name], re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_can_be_found_ones_way_in(pages, name):
    page = Page(pages[name])
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for key in ("aria-labelledby", "href"):
            if key in attributes:
                assert attributes[key].removeprefix("#") in ids
    for chart in page.all("svg"):
        assert chart.get("aria-hidden") == "true" or (chart.get("role") == "img" and chart.get("aria-label"))
    for table in page.all("table"):
        assert table.get("aria-labelledby") or "matrix" in table["class"] or "parts" in table["class"]
    for region in (attributes for _, attributes in page.elements if attributes.get("role") == "region"):
        assert region.get("tabindex") == "0"  # what scrolls can be scrolled by keyboard
        assert region.get("aria-labelledby") or region.get("aria-label")
    assert [level for level, _ in page.headings].count(1) == 1
    for (before, _), (after, said) in zip(page.headings, page.headings[1:], strict=False):
        assert after <= before + 1 or (before, after) == (2, 4), said
    assert page.all("html") == [{"lang": "en"}]


def test_every_part_of_a_whole_run_is_there(pages):
    page = Page(pages["full"])
    titles = [re.sub(r"^\d+", "", said) for level, said in page.headings if level == 2]
    assert titles == [
        "Results",
        "Accuracy, rung by rung",
        "Confusion matrices",
        "Learning curves",
        "What every step weighs",
        "Accuracy against flash",
        "Memory map",
        "Budgets",
        "Layers",
        "Dataset",
        "Where this comes from",
    ]
    for said in (
        "Nothing was lost on the way.",
        "C on the virtual board",
        "12\u202f310\u202fB",
        "513\u202f170",
        "linked flash, whole image",
        "tfg_conv_1d_s8",
        "lower bound 1\u202f640\u202fB at call 0 (lstm)",
        "cnn, 80 % zeros, 16 clusters",
        "person19",
        "arm-none-eabi-gcc 12.2.1",
        "export/cnn/cnn.c",
        sample_report.digest("export/cnn/cnn.c"),
    ):
        assert said in page.text, said


def test_the_headline_says_what_the_evaluation_says(pages):
    data = sample_report.full()
    row = re.search(r'<th scope="row" role="rowheader">cnn.*?</tr>', pages["full"], re.DOTALL)
    assert row is not None
    evaluation = data.networks[0].evaluation
    assert evaluation is not None
    rung = evaluation.rung("board")
    assert rung is not None
    assert f"{100 * rung.accuracy.value:.1f}\u202f%" in row[0]
    assert f"{100 * rung.accuracy.low:.1f}\u2013{100 * rung.accuracy.high:.1f}\u202f%" in row[0]
    assert row[0].count("12\u202f310\u202fB") == 1
    assert "yes" in row[0]


def test_a_measured_energy_stands_beside_the_latency_and_nowhere_else(tmp_path):
    data = sample_report.full()
    first, *others = data.networks
    measured = replace(data, networks=(replace(first, energy=EnergyRow(148.6e-6, 17.1e-6, 200, "ppk2")), *others))
    text = render(measured, tmp_path).html.read_text(encoding="utf-8")
    assert (
        text.count(
            '>149\u202f\u00b5J<span class="sub" title="expanded uncertainty, k = 2">\u00b1 17\u202f\u00b5J, ppk2<'
        )
        == 1
    )
    assert text.count('data-label="Energy"') == len(data.networks)
    said = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert from_json(said).networks[0].energy == measured.networks[0].energy


def test_the_counts_of_the_confusion_matrix_are_printed_in_order(pages):
    evaluation = sample_report.full().networks[2].evaluation
    assert evaluation is not None
    matrices = re.findall(r'<table class="matrix.*?</table>', pages["full"], re.DOTALL)
    assert len(matrices) == 9
    counts = [int(count) for count in re.findall(r'<td class="c[^>]*>(\d+)</td>', matrices[-1])]
    board = evaluation.rung("board")
    assert board is not None
    assert counts == [count for row in board.confusion for count in row]


def test_what_is_not_known_yet_is_left_out(pages):
    page = Page(pages["without_board"])
    assert "Not compared on a board yet." in page.text
    assert "Budgets" not in page.text
    assert "Instructions" not in page.text
    assert "Latency" not in page.text
    assert "C on the" not in page.text


def test_next_to_nothing_is_still_a_page():
    page = Page(render_html(minimal()))
    assert "Not evaluated yet." in page.text
    assert page.all("table") == []
    assert page.all("nav") == []
    bare = Page(render_html(minimal(networks=(Network("cnn"),))))
    assert "cnn" in bare.text
    assert [said for level, said in bare.headings if level == 2] == ["Results"]


def test_findings_stand_before_everything_else(pages):
    page = Page(pages["broken"])
    assert "Something was lost on the way." in page.text
    assert 'answers "accelerate" for 100.0 % of the windows' in page.text
    assert page.text.index("inputs_differ") < page.text.index("Accuracy, rung by rung")
    assert "over budget: flash" in page.text
    assert "Recorded with firmware 0.1.0." in page.text


def test_hostile_names_stay_text(pages):
    page = Page(pages["hostile"])
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in pages["hostile"]
    assert page.all("title") == [{}] + [{}] * (len(page.all("title")) - 1)


def share(value=0.9):
    return Share(value, value - 0.05, value + 0.05, round(100 * value), 100)


def evaluated(name, *, exact=True, findings=()):
    rungs = (RungRow("int8", "int8", share()), RungRow("board", "int8", share(), exact=exact))
    return Network(name, evaluation=Evaluation(("a", "b"), 100, rungs=rungs, findings=findings))


@pytest.mark.parametrize(
    ("networks", "tone", "said"),
    [
        ((evaluated("a"), evaluated("b")), "good", "2 networks, 200 windows: the board gives the same bits"),
        ((evaluated("a"),), "good", "1 network, 100 windows"),
        ((evaluated("a"), evaluated("b", exact=None)), "open", "not known for b."),
        ((evaluated("a"), Network("c")), "open", "not known for c."),
        ((evaluated("a"), evaluated("CNN", exact=False)), "bad", "The ladder of CNN breaks: see the findings."),
        (
            (evaluated("a", findings=(FindingRow("one_class", "board", "error", "f", "w"),)),),
            "bad",
            "The ladder of a breaks",
        ),
        (
            (evaluated("a", findings=(FindingRow("accuracy_lost", "int8", "warning", "f", "w"),)),),
            "good",
            "1 network",
        ),
        (
            (replace(evaluated("a"), budget=(BudgetRow("flash_bytes", "B", 1, 2, ok=False),)),),
            "bad",
            "Over budget: a.",
        ),
        ((), "open", "This report shows what is known so far."),
    ],
)
def test_the_verdict_claims_no_more_than_was_shown(networks, tone, said):
    found = verdict(minimal(networks=networks))
    assert found.tone == tone
    assert said in found.detail


def test_an_emulated_board_is_called_so():
    real = BoardRow("nano33", "Arduino Nano 33 BLE Sense", "cortex-m4", 64_000_000)
    page = render_html(minimal(board=real, networks=(evaluated("a"),)))
    assert "C on the board" in page
    assert "virtual" not in page
    assert "64\u202fMHz" in page
    assert "C on the virtual board" in render_html(
        minimal(board=replace(real, virtual=True), networks=(evaluated("a"),))
    )


def test_many_classes_are_not_drawn():
    classes = 40
    confusion = tuple(tuple(int(i == j) for j in range(classes)) for i in range(classes))
    evaluation = Evaluation(
        tuple(f"c{i}" for i in range(classes)), 40, rungs=(RungRow("float", "float", share(), confusion=confusion),)
    )
    page = Page(render_html(minimal(networks=(Network("n", evaluation=evaluation),))))
    assert "40 classes are too many to draw" in page.text
    assert not any("matrix" in table.get("class", "") for table in page.all("table"))


def test_layers_without_measurements_are_compared_by_mac():
    layers = (LayerRow(0, "conv_1d", "conv0", macs=300), LayerRow(1, "softmax", "softmax0", macs=100))
    page = render_html(minimal(networks=(Network("n", layers=layers),)))
    assert "bars: share of MAC" in page
    assert "75.0\u202f%" in page
    assert "Cycles" not in page


def test_files_are_written_whole(tmp_path):
    data = sample_report.full()
    written = render(data, tmp_path / "run" / "report")
    assert written.html.name == "report.html"
    assert sorted(path.name for path in (tmp_path / "run" / "report").iterdir()) == ["report.html", "report.json"]
    assert from_json(json.loads(written.json.read_text("utf-8"))) == data
    assert written.html.read_text("utf-8") == render_html(data)


def test_the_same_data_give_the_same_bytes(tmp_path):
    first = render(sample_report.full(), tmp_path / "a")
    second = render(sample_report.full(), tmp_path / "b")
    assert first.html.read_bytes() == second.html.read_bytes()
    assert first.json.read_bytes() == second.json.read_bytes()


def test_half_a_surrogate_pair_is_no_crash(tmp_path):
    written = render(minimal(notes=("broken \ud83d label",)), tmp_path)
    assert "broken ? label" in written.html.read_text("utf-8")


def test_contradictions_are_refused_before_anything_is_written(tmp_path):
    confusion = ((1, 0), (0, 1))
    bad = Evaluation(("a", "b", "c"), 2, rungs=(RungRow("float", "float", share(), confusion=confusion),))
    with pytest.raises(DataError, match="is not 3 x 3"):
        render(minimal(networks=(Network("n", evaluation=bad),)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot write"):
        render(minimal(), tmp_path / "file" / "report")


def test_a_large_run_stays_below_three_megabytes():
    data = sample_report.full()
    assert data.dataset is not None
    long = Curve("loss", tuple(Series(f"s{i}", tuple(float(x % 97) for x in range(5_000))) for i in range(2)))
    networks = tuple(
        replace(
            network,
            name=f"network{i}",
            curves=(long, replace(long, name="accuracy", share=True)),
            layers=tuple(replace(network.layers[0], index=k) for k in range(300)),
        )
        for i in range(8)
        for network in (data.networks[0],)
    )
    subjects = tuple(SubjectRow(f"person{i}", "train", (1, 2, 3, 4), 10) for i in range(2_000))
    artifacts = tuple(ArtifactRow(f"file{i}", "0" * 64, i) for i in range(400))
    large = replace(data, networks=networks, dataset=replace(data.dataset, subjects=subjects), artifacts=artifacts)
    page = render_html(large)
    assert len(page.encode()) < 3_000_000
    assert "(1800 more in report.json)" in page


def _luminance(colour):
    """Relative luminance, WCAG 2.1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(first, second):
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _mix(over, under, alpha):
    return "#" + "".join(
        f"{round(int(over[i : i + 2], 16) * alpha + int(under[i : i + 2], 16) * (1 - alpha)):02x}" for i in (1, 3, 5)
    )


def _themes():
    css = (package_dir() / "report" / "templates" / "report.css").read_text("utf-8")
    found = [
        dict(re.findall(r"--([\w-]+): ([^;]+);", block)) for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    ]
    light, dark = found
    return {"light": light, "dark": {**light, **dark}}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_can_be_read(theme):
    colours = _themes()[theme]
    for ground in ("paper", "panel", "good-wash", "bad-wash", "warn-wash"):
        for ink in ("ink", "muted"):
            assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for ink, ground in (("good", "good-wash"), ("bad", "bad-wash"), ("warn", "warn-wash"), ("link", "paper")):
        assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        assert _contrast(colours[ink], colours["paper"]) >= 4.5, ink
    for line in ("s1", "s2", "s3", "s4", "s5", "s6", "bad"):  # graphics: 3 to 1
        assert _contrast(colours[line], colours["paper"]) >= 3, line
    for name in ("heat", "miss"):  # the deepest cell of a confusion matrix
        hue = "#" + "".join(f"{int(part):02x}" for part in colours[name].split())
        assert _contrast(colours["ink"], _mix(hue, colours["paper"], 0.65)) >= 4.5, name
