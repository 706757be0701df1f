"""The page of ``dataset check`` and ``dataset inspect``: findings, balance, takes laid over each other, spectra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tinyforge.core.files import write_text
from tinyforge.report import charts, text
from tinyforge.report.data import Series

_MOST_SUBJECTS = 40


@dataclass(frozen=True, slots=True)
class ClassView:
    """One class, drawn.

    Attributes:
        label: of the class.
        rate_hz: of the samples below.
        channels: (name, unit) of each.
        takes: [take][channel][sample]: some takes, laid over each other.
        template: [channel][sample]: their mean.
        spectrum_hz: step of the frequencies below.
        spectra: [channel][frequency]: mean amplitude, logarithm to the base of 10.
    """

    label: str
    rate_hz: float
    channels: tuple[tuple[str, str], ...]
    takes: tuple[tuple[tuple[float, ...], ...], ...]
    template: tuple[tuple[float, ...], ...]
    spectrum_hz: float
    spectra: tuple[tuple[float, ...], ...]


def render_dataset_page(title: str, document: Mapping[str, Any], classes: Sequence[ClassView], path: Path) -> Path:
    """Write the page: complete, without script, and without anything it would load.

    Args:
        title: of the dataset.
        document: ``ok``, ``takes``, ``seconds`` (by class and subject) and ``findings``.
        classes: to draw.
        path: of the file.

    Raises:
        UsageError: the file cannot be written.
    """
    from tinyforge.report.render import environment

    view = {
        "ok": document["ok"],
        "takes": text.count(document["takes"]),
        "findings": document["findings"],
        "table": _table(document["seconds"]),
        "classes": [_class(one) for one in classes],
    }
    page = environment().get_template("dataset.html.jinja").render(title=title, view=view)
    write_text(path, page.encode("utf-8", "replace").decode("utf-8"))
    return path


def _table(seconds: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    subjects = sorted({who for row in seconds.values() for who in row})
    shown = subjects[:_MOST_SUBJECTS]
    rows = [
        {
            "label": label,
            "cells": [f"{row[who]:.0f}" if who in row else text.MISSING for who in shown],
            "sum": f"{sum(row.values()):.0f}",
        }
        for label, row in seconds.items()
    ]
    return {"subjects": shown, "rows": rows, "more": len(subjects) - len(shown)}


def _class(one: ClassView) -> dict[str, Any]:
    units = list(dict.fromkeys(unit for _, unit in one.channels))
    small = partial(charts.line_chart, first_x=0.0, width=300, height=150)
    over_time = partial(small, x_label="s", step_x=1 / one.rate_hz)
    drawn = []
    for unit in units:
        mine = [k for k, (_, own) in enumerate(one.channels) if own == unit]
        names = [one.channels[k][0] for k in mine]
        for k, name in zip(mine, names, strict=True):
            lines = [Series(f"take {i + 1}", take[k]) for i, take in enumerate(one.takes)]
            drawn.append(
                {
                    "title": f"{name}, {unit}",
                    "chart": over_time(lines, label=f"{name} of {len(lines)} takes of {one.label}, in {unit}"),
                }
            )
        drawn.append(
            {
                "title": f"mean of the takes, {unit}",
                "chart": over_time(
                    [Series(one.channels[k][0], one.template[k]) for k in mine],
                    label=f"mean of {', '.join(names)} of {one.label}, in {unit}",
                ),
            }
        )
        drawn.append(
            {
                "title": f"spectrum, log10 {unit}",
                "chart": small(
                    [Series(one.channels[k][0], one.spectra[k]) for k in mine],
                    label=f"spectra of {', '.join(names)} of {one.label}",
                    x_label="Hz",
                    step_x=one.spectrum_hz,
                ),
            }
        )
    return {"label": one.label, "charts": drawn, "takes": len(one.takes)}
