from __future__ import annotations

import math

import pytest

from tinyforge.report import text

GAP = "\u202f"


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.976, "97.6"),
        (1.0, "100"),
        (0.0, "0"),
        (0.9999, "99.9"),  # never rounded up to all
        (0.0001, "0.1"),  # nor down to none
        (611 / 612, "99.8"),
        (0.5, "50.0"),
    ],
)
def test_percent_claims_all_and_none_only_when_it_is_so(share, said):
    assert text.percent(share) == f"{said}{GAP}%"


def test_percent_without_digits():
    assert text.percent(0.999, 0) == f"99{GAP}%"
    assert text.percent(0.004, 0) == f"1{GAP}%"
    assert text.percent(2.5, 0) == f"250{GAP}%"


def test_what_is_not_known_is_a_dash():
    for say in (text.count, text.size, text.percent, text.significant, text.duration, text.latency, text.frequency):
        assert say(None) == "\u2013"
    for say in (text.count, text.percent, text.significant, text.duration, text.latency, text.frequency):
        assert say(math.nan) == "\u2013"
    assert text.interval(None, 0.5) == ""
    assert text.shape(()) == "\u2013"


def test_thousands_stand_apart():
    assert text.count(61148) == f"61{GAP}148"
    assert text.count(1_234_567) == f"1{GAP}234{GAP}567"
    assert text.count(12) == "12"
    assert text.size(512) == f"512{GAP}B"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.01234, "0.0123"),
        (12.34, "12.3"),
        (999.6, f"1{GAP}000"),
        (12345.0, f"12{GAP}300"),
        (0.0, "0"),
        (1.5e-7, "1.50e-07"),
        (-0.5, "-0.500"),
    ],
)
def test_significant_digits(value, said):
    assert text.significant(value) == said


def test_units():
    assert text.latency(850.4) == f"850{GAP}\u00b5s"
    assert text.latency(3880) == f"3.88{GAP}ms"
    assert text.latency(2.5e6) == f"2.50{GAP}s"
    assert text.frequency(104) == f"104{GAP}Hz"
    assert text.frequency(25e6) == f"25{GAP}MHz"
    assert text.frequency(32_768) == f"32.77{GAP}kHz"
    assert text.duration(0.5) == f"0.5{GAP}s"
    assert text.duration(245) == f"4{GAP}min 05{GAP}s"
    assert text.duration(7_800) == f"2{GAP}h 10{GAP}min"
    assert text.interval(0.954, 1.0) == f"95.4\u2013100{GAP}%"
    assert text.shape((50, 6)) == "50 \u00d7 6"


def test_long_texts_are_cut():
    assert text.short("abcdef", 6) == "abcdef"
    assert text.short("abcdefg", 6) == "abcde\u2026"


def test_a_moment_is_written_for_people():
    assert text.moment("2026-11-25T20:08:08Z") == "2026-11-25 20:08 UTC"
    assert text.moment("2026-11-25T20:08:08.25+00:00") == "2026-11-25 20:08 UTC"
    assert text.moment("2026-11-25T20:08:08+01:00") == "2026-11-25T20:08:08+01:00"  # another zone: as it is
    assert text.moment("yesterday") == "yesterday"
