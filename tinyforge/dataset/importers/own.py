"""tinyforge's own recordings: files of a store, or of somebody else's store."""

from __future__ import annotations

import dataclasses
from pathlib import PurePosixPath

from tinyforge.core.errors import DataError
from tinyforge.core.recording_csv import MAGIC, parse_recording
from tinyforge.core.types import Recording
from tinyforge.dataset.importers.base import ImportOptions, ImportResult
from tinyforge.dataset.importers.source import Member, Source

name = "tinyforge"
description = "recordings of tinyforge: a dataset's folder, a zip of it, or single files"


def _is_ours(member: Member) -> bool:
    return member.name.endswith(".csv") and member.head(len(MAGIC)) == MAGIC


def sniff(source: Source) -> float:
    """1 when there is a recording of ours among the files, else 0."""
    return 1.0 if any(_is_ours(member) for member in source.members) else 0.0


def read(source: Source, options: ImportOptions) -> ImportResult:
    """Read every recording; what the files say of themselves counts, the options fill in what they leave empty.

    Raises:
        DataError: a file is damaged, or states another rate than the options.
    """
    members = [member for member in source.members if _is_ours(member)]
    if not members:
        raise DataError(source.place, "holds no recording of tinyforge", "leave --format out to find out what it is")
    total = sum(member.length_bytes for member in members)
    done = 0
    recordings = []
    for member in members:
        recordings.append(_filled(parse_recording(member.read(), member.place), member, options))
        done += member.length_bytes
        if options.on_progress:
            options.on_progress(done, total)
    return ImportResult(recordings, name)


def _filled(recording: Recording, member: Member, options: ImportOptions) -> Recording:
    if options.rate_hz is not None and options.rate_hz != recording.rate_hz:
        raise DataError(
            member.place, f"was recorded at {recording.rate_hz:g} Hz, not {options.rate_hz:g}", "leave --rate out"
        )
    label = options.label or recording.label
    if not label and recording.sample_labels is None and options.label_from == "file":
        label = PurePosixPath(member.name).stem
    return dataclasses.replace(
        recording,
        label=label,
        subject=recording.subject or options.subject,
        session=recording.session or options.session,
        board=recording.board or options.board,
    )
