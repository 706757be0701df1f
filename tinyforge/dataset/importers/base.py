"""What an importer is, what it is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from tinyforge.core.types import Recording
from tinyforge.dataset.importers.source import Source

LabelFrom = Literal["file", "folder"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user says that the files do not.

    Attributes:
        rate_hz: samples a second; None where the files say so themselves.
        label: one label for everything; empty to take it from ``label_from``.
        label_from: ``file``: the file's name without its ending; ``folder``: the name of the folder it is in.
        subject, session, board: put on every recording that does not carry its own.
        units: unit of each column; or two, for accelerations and angular rates; empty where the files say so.
        columns: channel names, for files without a header.
        take_samples: length of a take where nothing separates takes; 0 to find out.
        on_progress: called with (bytes done, bytes in all).
    """

    rate_hz: float | None = None
    label: str = ""
    label_from: LabelFrom = "file"
    subject: str = ""
    session: str = ""
    board: str = ""
    units: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    take_samples: int = 0
    on_progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What came in.

    Attributes:
        recordings: in the order of file names, then of takes.
        format: name of the importer.
        notes: what it found out or assumed, a sentence each.
    """

    recordings: list[Recording]
    format: str
    notes: list[str] = field(default_factory=list)


@runtime_checkable
class Importer(Protocol):
    """Reads one kind of file. An object with these names, given by an entry point, is an importer.

    Attributes:
        name: what ``--format`` calls it.
        description: a line for people.
    """

    name: str
    description: str

    def sniff(self, source: Source) -> float:
        """How sure this importer is that the source is its kind: 0 not at all, 1 certain."""
        ...

    def read(self, source: Source, options: ImportOptions) -> ImportResult:
        """Read everything.

        Raises:
            DataError: with file, line and reason.
        """
        ...
