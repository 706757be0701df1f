"""What is said about a recording, as plain data: everything of it but its samples and times."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError
from tinyforge.core.facts import facts_from_json, facts_json
from tinyforge.core.recording_csv import canonical
from tinyforge.core.types import Channel, Recording

_TEXTS = ("label", "subject", "session", "board", "placement", "origin", "note")


def said_of(recording: Recording) -> dict[str, Any]:
    """Everything said about a recording, JSON-able."""
    said: dict[str, Any] = {key: getattr(recording, key) for key in _TEXTS}
    said |= {
        "channels": [[c.name, c.unit] for c in recording.channels],
        "rate_hz": float(recording.rate_hz),
        "dropped": int(recording.dropped),
        "samples": len(recording.samples),
        "times": recording.times_ms is not None,
        "digest": recording.digest,
    }
    if recording.sample_labels is not None:
        said["sample_labels"] = [[key, len(list(run))] for key, run in itertools.groupby(recording.sample_labels)]
    if recording.facts is not None:
        said["capture"] = facts_json(recording.facts)
    return said


def recording_from(said: Any, samples: npt.NDArray[Any], times: npt.NDArray[Any] | None, place: str) -> Recording:
    """The recording that `said_of` was given; ``samples`` [n, channel], ``times`` [n] in milliseconds or None.

    Raises:
        DataError: something is missing or of the wrong type, or the digest does not match.
    """
    try:
        labels = None
        if "sample_labels" in said:
            if sum(count for _, count in said["sample_labels"]) != len(samples):
                raise ValueError("sample labels do not fit")  # noqa: TRY301  one way out for all damage
            labels = tuple(itertools.chain.from_iterable([str(key)] * count for key, count in said["sample_labels"]))
        recording = Recording(
            samples=np.ascontiguousarray(samples, dtype=np.float32),
            channels=tuple(Channel(str(title), str(unit)) for title, unit in said["channels"]),
            rate_hz=float(said["rate_hz"]),
            dropped=int(said["dropped"]),
            sample_labels=labels,
            times_ms=None if times is None else np.ascontiguousarray(times, dtype=np.float64),
            facts=facts_from_json(said["capture"]) if "capture" in said else None,
            **{key: str(said[key]) for key in _TEXTS},
        )
        digest = said["digest"]
    except (KeyError, TypeError, ValueError, OverflowError, DataError) as error:
        raise DataError(place, f"is damaged: {type(error).__name__}", "export it again") from error
    recording = canonical(recording)
    if recording.digest != digest:
        raise DataError(place, "does not match its digest: it was edited or damaged", "export it again")
    return recording


def filled(recording: Recording, label: str, subject: str, session: str, board: str) -> Recording:
    """The recording with what it leaves empty filled in; a label replaces its own."""
    return dataclasses.replace(
        recording,
        label=label or recording.label,
        subject=recording.subject or subject,
        session=recording.session or session,
        board=recording.board or board,
    )
