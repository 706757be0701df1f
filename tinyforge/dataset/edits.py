"""Edits of a store: each is one step of its manifest, and `RecordingStore.undo` takes back the last one.

A recording never changes; an edit makes another one in its place. What an edit cut off stays in the store's folder
until the user deletes the file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from tinyforge.core.errors import DataError, UsageError, did_you_mean
from tinyforge.core.facts import Gap
from tinyforge.core.types import Recording
from tinyforge.dataset.entries import Entry
from tinyforge.dataset.motion import MotionSpec, find_movements
from tinyforge.dataset.store import RecordingStore

FIELDS = ("label", "subject", "session", "board", "placement", "note")


def select(entries: Sequence[Entry], patterns: Iterable[str]) -> list[str]:
    """Ids that are named: whole, by an unambiguous beginning, or by a pattern such as ``stop-*``.

    Raises:
        DataError: one names nothing, or its beginning fits several.
    """
    ids = [entry.id for entry in entries]
    chosen: dict[str, None] = {}
    for pattern in patterns:
        if pattern in ids:
            fits = [pattern]
        elif any(character in pattern for character in "*?["):
            fits = [one for one in ids if fnmatchcase(one, pattern)]
        else:
            fits = [one for one in ids if one.startswith(pattern)]
            if len(fits) > 1:
                raise DataError(
                    "dataset", f"{len(fits)} recordings begin with {pattern!r}", f"write more of it, or {pattern}*"
                )
        if not fits:
            raise DataError("dataset", f"no recording is called {pattern!r}", did_you_mean(pattern, ids[:500]))
        chosen |= dict.fromkeys(fits)
    return list(chosen)


def delete(store: RecordingStore, ids: Sequence[str]) -> None:
    """Recordings that shall not count any more.

    Raises:
        DataError: an id is unknown.
    """
    store.edit(f"delete {_named(ids)}", ids)


def relabel(store: RecordingStore, ids: Sequence[str], changes: Mapping[str, str]) -> list[str]:
    """Say something else about recordings.

    Args:
        changes: new values of some of `FIELDS`. A new label also replaces labels of single samples.

    Returns:
        The new ids.

    Raises:
        UsageError: nothing to change, or an unknown field.
        DataError: an id is unknown.
    """
    for key in changes:
        if key not in FIELDS:
            raise UsageError("relabel", f"{key!r}: no such field", did_you_mean(key, FIELDS))
    if not changes:
        raise UsageError("relabel", "nothing to change", "give --label or another field")
    said = ", ".join(f'{key} "{value}"' for key, value in changes.items())

    def changed(recording: Recording) -> list[Recording]:
        labels = None if "label" in changes else recording.sample_labels
        new: dict[str, Any] = {**changes, "sample_labels": labels}
        return [dataclasses.replace(recording, **new)]

    return _replace(store, f"relabel {_named(ids)}: {said}", ids, changed)


def trim(store: RecordingStore, ids: Sequence[str], start_s: float, end_s: float | None) -> list[str]:
    """Keep a part of each recording.

    Args:
        start_s: seconds from its start, >= 0.
        end_s: seconds from its start; None for its end, below 0 from its end.

    Returns:
        The new ids.

    Raises:
        DataError: an id is unknown, or nothing would be left.
    """

    def cut(recording: Recording) -> list[Recording]:
        first = round(start_s * recording.rate_hz)
        end = recording.duration_s if end_s is None else end_s if end_s >= 0 else recording.duration_s + end_s
        last = min(round(end * recording.rate_hz), len(recording.samples))
        if not 0 <= first < last:
            raise DataError(
                "trim", f"{start_s:g} s to {end:g} s of {recording.duration_s:g} s leaves nothing", "give other times"
            )
        return [part(recording, first, last)]

    until = "the end" if end_s is None else f"{end_s:g} s"
    return _replace(store, f"trim {_named(ids)} to {start_s:g} s ... {until}", ids, cut)


def split_by_motion(store: RecordingStore, ids: Sequence[str], spec: MotionSpec | None = None) -> list[str]:
    """Cut long recordings into the movements in them; the rest between them is left out.

    The pieces share the recording's `origin`, so that no split puts them on two sides.

    Returns:
        The new ids.

    Raises:
        DataError: an id is unknown, a recording has no movement, or nothing but one.
    """
    spec = spec or MotionSpec()

    def cut(recording: Recording) -> list[Recording]:
        found = find_movements(recording, spec)
        if not found:
            raise DataError(
                f"recording {recording.label}", "has no movement that stands out of its rest", "lower --threshold"
            )
        return [part(recording, first, last) for first, last in found]

    return _replace(store, f"split {_named(ids)} by motion", ids, cut)


def part(recording: Recording, first: int, last: int) -> Recording:
    """Samples ``first`` to ``last`` (exclusive) of a recording, as one of the same origin.

    Gaps come along where they are inside; where it is not known in which part samples are missing, every part has them.
    """
    labels = recording.sample_labels
    times_ms = recording.times_ms
    facts, dropped = recording.facts, recording.dropped
    if facts is not None and facts.gaps:
        inside = tuple(Gap(gap.before - first, gap.samples) for gap in facts.gaps if first < gap.before < last)
        facts, dropped = dataclasses.replace(facts, gaps=inside), sum(gap.samples for gap in inside)
    return dataclasses.replace(
        recording,
        samples=np.ascontiguousarray(recording.samples[first:last]),
        sample_labels=None if labels is None else labels[first:last],
        times_ms=None if times_ms is None else times_ms[first:last],
        facts=facts,
        dropped=dropped,
        origin=recording.origin or recording.digest[:12],
        note=f"{recording.note} [samples {first} to {last - 1}]".strip(),
    )


def _replace(
    store: RecordingStore, what: str, ids: Sequence[str], change: Callable[[Recording], list[Recording]]
) -> list[str]:
    made: list[Recording] = []
    for recording_id in ids:
        try:
            made += change(store.load(recording_id))
        except DataError as error:
            raise DataError(f"recording {recording_id}", error.fact, error.way_out) from error
    return store.edit(what, ids, made)


def _named(ids: Sequence[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{len(ids)} recordings"
