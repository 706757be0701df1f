"""``dataset check`` and ``dataset inspect``: a project's recordings, examined and drawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.project import PROJECT_FILE, Project
from tinyforge.core.types import Recording
from tinyforge.pipeline import datasets

if TYPE_CHECKING:
    from tinyforge.dataset.entries import Entry
    from tinyforge.dataset.quality import Report, Take
    from tinyforge.report.dataset_page import ClassView

PAGE = "dataset.html"
_TAKES_DRAWN = 6
_SAMPLES_DRAWN = 240
MOST_VALUES = 100_000_000  # samples times channels that are looked at: twice as float32, 0.8 GB


def check(project: Project, *, page: Path | None = None) -> dict[str, Any]:
    """Examine the project's recordings; of a set of more than `MOST_VALUES` numbers, recordings drawn by chance.

    Args:
        project: whose dataset and split.
        page: also write this HTML page; None for none.

    Returns:
        ``ok``, ``takes``, ``seconds`` (by class and subject), ``findings`` and ``page`` (empty for none).

    Raises:
        DataError: there are no recordings, or one is damaged.
    """
    from tinyforge.dataset.quality import ERROR, NOTE, WARNING, finding
    from tinyforge.dataset.quality import check as examine

    store = datasets.store_of(project)
    entries = store.entries()
    if not entries:
        raise DataError(str(store.folder), "no recordings", "`tinyforge dataset import` brings some in")

    drawn = _drawn(entries)

    def recordings() -> Iterator[tuple[str, Recording]]:
        for entry in drawn:
            yield entry.id, store.load(entry.id)

    sides, stopped = _sides(project)
    report = examine(recordings(), sides)
    if stopped is not None:
        fact = f"as {PROJECT_FILE} stands, a training stops here: {stopped.place}: {stopped.fact}"
        said = finding("no-windows", WARNING, [], fact, stopped.way_out)
        errors = sum(one.severity == ERROR for one in report.findings)
        report = dataclasses.replace(report, findings=(*report.findings[:errors], said, *report.findings[errors:]))
    if len(drawn) < len(entries):
        fact = f"{len(drawn)} of {len(entries)} recordings were looked at, drawn by chance: more do not fit into memory"
        said = finding("part-of-set", NOTE, [], fact, "split the store, or check parts of it, to see every recording")
        report = dataclasses.replace(report, findings=(*report.findings, said))
    document = report.to_json()
    if page is not None:
        from tinyforge.report.dataset_page import render_dataset_page

        render_dataset_page(project.name, document, views(report), page)
    return document | {"page": str(page) if page else ""}


def hardly_moving(project: Project) -> list[str]:
    """Ids of recordings that hold one take, which hardly moves: those that ``dataset check`` calls ``no-movement``."""
    from tinyforge.dataset.quality import still_takes, takes_of

    store = datasets.store_of(project)
    takes = [take for entry in _drawn(store.entries()) for take in takes_of(entry.id, store.load(entry.id))]
    many = {entry.id for entry in store.entries() if len(entry.labels) > 1}
    return [take.recording for take in still_takes(takes) if take.recording not in many]


def still(project: Project) -> list[str]:
    """What `hardly_moving` finds.

    Raises:
        DataError: there are none.
    """
    found = hardly_moving(project)
    if not found:
        place = str(datasets.store_of(project).folder)
        raise DataError(place, "no recording hardly moves", "`tinyforge dataset check` says more")
    return found


def _drawn(entries: Sequence[Entry]) -> list[Entry]:
    """All recordings of a set that fits into memory; of a larger one some, at least one."""
    values = np.array([entry.samples * len(entry.channels) for entry in entries])
    if values.sum() <= MOST_VALUES:
        return list(entries)
    order = np.random.default_rng(len(entries)).permutation(len(entries))
    count = max(1, int(np.searchsorted(np.cumsum(values[order]), MOST_VALUES, side="right")))
    return [entries[k] for k in sorted(order[:count].tolist())]


def _sides(project: Project) -> tuple[dict[str, int] | None, DataError | None]:
    """Side of the split of each recording; else None, and why no windows can be cut or split."""
    try:
        dataset = datasets.windows_of(project)
    except DataError as error:
        return None, error
    return {str(name): int(side) for name, side in zip(dataset.recordings, dataset.split, strict=True)}, None


def views(report: Report) -> list[ClassView]:
    """Each class as the page draws it: takes of the commonest channels, from different people where there are some."""
    classes = []
    for label in report.table:
        mine = [take for take in report.takes if take.label == label]
        names = max({take.names for take in mine}, key=lambda one: sum(take.names == one for take in mine))
        classes.append(_view(label, [take for take in mine if take.names == names]))
    return classes


def _view(label: str, takes: Sequence[Take]) -> ClassView:
    from tinyforge.report.dataset_page import ClassView

    chosen: list[Take] = []
    seen: set[str] = set()
    for take in [*sorted(takes, key=lambda t: t.subject in seen), *takes]:
        if take.subject not in seen or len(seen) == len({t.subject for t in takes}):
            chosen.append(take)
            seen.add(take.subject)
        if len(chosen) == _TAKES_DRAWN:
            break
    length = min(*(len(take.samples) for take in chosen), _SAMPLES_DRAWN)
    parts = np.stack([take.samples[:length].astype(np.float64) for take in chosen])
    units = tuple(_unit(name, unit) for name, unit in zip(chosen[0].names, chosen[0].units, strict=True))
    amplitude = np.abs(np.fft.rfft(parts - parts.mean(axis=1, keepdims=True), axis=1)).mean(axis=0) * 2 / length
    spectra = np.log10(np.maximum(amplitude, 1e-6))
    rate_hz = chosen[0].rate_hz

    def columns(table: np.ndarray[Any, Any]) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(float(value) for value in column) for column in table.T)

    return ClassView(
        label,
        rate_hz,
        tuple(zip(chosen[0].names, units, strict=True)),
        tuple(columns(part) for part in parts),
        columns(parts.mean(axis=0)),
        rate_hz / length,
        columns(spectra),
    )


def _unit(name: str, unit: str) -> str:
    from tinyforge.core.types import Channel
    from tinyforge.dataset.units import canonical_unit

    return canonical_unit(Channel(name, unit))
