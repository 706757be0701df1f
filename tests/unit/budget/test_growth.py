"""What grew between two measurements, and how it is told to people and to machines."""

from __future__ import annotations

import dataclasses
import json
from xml.etree import ElementTree as ET

import pytest

from tinyforge.budget import Checked, Figures, LayerCost, Quality, check, compare, junit, markdown, read_figures
from tinyforge.core.errors import DataError
from tinyforge.core.types import Footprint, SizeBudget

NOW = Figures(
    "wave",
    "virtual",
    "gcc 12.2.1",
    "ab" * 32,
    Footprint(10_000, 1_500, 200, {"tfg_conv_1d_s8": 1_000, "conv0_filter": 4_000}),
    100_000,
    130_000,
    Quality(latency_us=5_200.0, accuracy=0.98, accuracy_low=0.95, accuracy_high=0.99, agreement=1.0, exact=1.0),
    200,
    (LayerCost("conv0", "tfg_conv_1d_s8", 80_000), LayerCost("dense0", "tfg_fully_connected_s8", 20_000)),
)


def with_kernel(extra):
    """The same, the convolution's code bigger by so many bytes."""
    symbols = dict(NOW.footprint.by_symbol) | {"tfg_conv_1d_s8": 1_000 + extra}
    footprint = dataclasses.replace(NOW.footprint, flash_bytes=10_000 + extra, by_symbol=symbols)
    return dataclasses.replace(NOW, footprint=footprint)


def test_figures_survive_the_file():
    assert read_figures(json.dumps(NOW.to_json()), "figures.json") == NOW


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("{", "is not valid JSON"),
        ("[]", "holds no figures of version 1"),
        ('{"version": 1}', "has a missing or wrong value ('footprint')"),
    ],
)
def test_a_damaged_file_is_refused(text, fact):
    with pytest.raises(DataError) as caught:
        read_figures(text, "figures.json")
    assert str(caught.value).startswith(f"figures.json: {fact}")
    assert caught.value.way_out == "`tinyforge check --update` writes it anew"


def test_the_same_is_the_same():
    growth = compare(NOW, NOW)
    assert growth.same
    assert growth.grew == ()


def test_a_kernel_made_5_per_cent_bigger_is_named():
    growth = compare(with_kernel(50), NOW)
    assert [str(change) for change in growth.symbols] == ["tfg_conv_1d_s8: +50 B (+5.0 %)"]
    assert [str(change) for change in growth.grew] == ["flash_bytes: +50 B (+0.5 %)"]
    assert [change.name for change in growth.grown_by(0.049)] == ["tfg_conv_1d_s8"]
    assert growth.grown_by(0.05) == ()


def test_smaller_is_no_growth():
    growth = compare(with_kernel(-50), NOW)
    assert not growth.same
    assert growth.grew == ()
    assert growth.grown_by(0.0) == ()


def test_a_slower_layer_is_named():
    slower = dataclasses.replace(
        NOW,
        instructions=104_000,
        layers=(LayerCost("conv0", "tfg_conv_1d_s8", 84_000), NOW.layers[1]),
    )
    growth = compare(slower, NOW)
    assert [str(change) for change in growth.layers] == ["0 conv0 (tfg_conv_1d_s8): +4000 instructions (+5.0 %)"]


def test_accuracy_counts_the_other_way():
    worse = dataclasses.replace(NOW, quality=dataclasses.replace(NOW.quality, accuracy=0.95))
    growth = compare(worse, NOW)
    assert [str(change) for change in growth.grew] == ["accuracy: -3.00 points"]
    assert growth.grown_by(0.029)
    assert not growth.grown_by(0.031)
    assert compare(NOW, worse).grew == ()


def test_new_and_gone_symbols():
    symbols = {"tfg_conv_1d_s8": 1_000, "conv1_filter": 4_000}
    growth = compare(dataclasses.replace(NOW, footprint=dataclasses.replace(NOW.footprint, by_symbol=symbols)), NOW)
    assert [str(change) for change in growth.symbols] == [
        "conv0_filter: -4000 B, gone",
        "conv1_filter: +4000 B, new",
    ]
    assert [change.name for change in growth.grown_by(9.0)] == ["conv1_filter"]


def test_what_makes_the_comparison_doubtful_is_said():
    growth = compare(dataclasses.replace(NOW, compiler="gcc 13.1.0", model_sha256="cd" * 32), NOW)
    assert growth.notes == (
        "another compiler: gcc 12.2.1 before, gcc 13.1.0 now; sizes are not comparable",
        "another network: the .tflite changed",
    )


def checked(figures, budget, growth=None, too_much=()):
    verdict = check(figures.footprint, figures.instructions, budget, figures.quality)
    return Checked(figures.name, figures.board, verdict, growth, too_much)


def test_markdown_names_what_is_broken_and_what_grew():
    now = with_kernel(50)
    one = checked(now, SizeBudget(flash_bytes=10_049, accuracy=0.97), compare(now, NOW))
    assert markdown([one], "origin/main") == (
        "**Budgets: 1 of 1 broken** (wave)\n"
        "\n"
        "| model | board | what | value | limit | left | |\n"
        "|---|---|---|---:|---:|---:|---|\n"
        "| wave | virtual | flash_bytes | 10050 B | 10049 B | -1 | **broken** |\n"
        "| wave | virtual | accuracy | 98.00 % [95.00, 99.00] | 97.00 % | +1.00 points | kept |\n"
        "\n"
        "Against `origin/main`:\n"
        "\n"
        "- `wave`\n"
        "  - flash_bytes: +50 B (+0.5 %)\n"
        "  - symbols: tfg_conv_1d_s8: +50 B (+5.0 %)\n"
    )


def test_markdown_of_a_good_day():
    text = markdown([checked(NOW, SizeBudget(flash_bytes=10_000), compare(NOW, NOW))], "v1")
    assert text.startswith("**Budgets: all 1 kept**\n")
    assert text.endswith("- `wave`: nothing changed\n")


def test_junit_has_a_case_for_each_limit():
    now = with_kernel(50)
    growth = compare(now, NOW)
    one = checked(now, SizeBudget(flash_bytes=10_049, ram_bytes=1_500), growth, growth.grown_by(0.04))
    suite = ET.fromstring(junit([one]))  # noqa: S314  our own
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")
    assert [(case.get("classname"), case.get("name"), len(case)) for case in suite] == [
        ("wave.virtual", "flash_bytes", 1),
        ("wave.virtual", "ram_bytes", 0),
        ("wave.virtual", "growth of tfg_conv_1d_s8", 1),
    ]


def test_growth_beyond_what_is_allowed_breaks_the_check_although_every_limit_is_kept():
    growth = compare(with_kernel(50), NOW)
    one = checked(with_kernel(50), SizeBudget(flash_bytes=20_000), growth, growth.grown_by(0.04))
    assert not one.ok
    assert one.faults == ("grew by more than is allowed: tfg_conv_1d_s8: +50 B (+5.0 %)",)


def test_latency_accuracy_agreement_and_exactness_have_limits_too():
    kept = SizeBudget(latency_us=5_200.0, accuracy=0.98, agreement=1.0, exact=1.0)
    assert checked(NOW, kept).ok
    broken = SizeBudget(latency_us=5_199.0, accuracy=0.99)
    assert checked(NOW, broken).faults == (
        "latency_us: 5200 of 5199 us, 1 too many",
        "accuracy: 98.00 % [95.00, 99.00], at least 99.00 %, 1.00 points too few",
    )
