"""Other people's recordings: importers are plug-ins, found by sniffing or named by ``--format``.

Built in are the modules of this package. Another package adds one by an entry point in the group
``tinyforge.importers`` whose object (a module will do) has the four names of `Importer`; one that fails to load is
listed with its reason and hurts nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyforge.core.errors import DataError, UsageError, did_you_mean
from tinyforge.core.plugins import offers
from tinyforge.core.types import Recording
from tinyforge.dataset.importers import delimited, edge_impulse, magic_wand, npz, own, parquet, ts, uci_har
from tinyforge.dataset.importers.base import Importer, ImportOptions, ImportResult, LabelFrom, Progress
from tinyforge.dataset.importers.source import Member, Source, open_source

__all__ = [
    "ENTRY_POINTS",
    "ImportOptions",
    "ImportResult",
    "Importer",
    "LabelFrom",
    "LoadedImporter",
    "Member",
    "Source",
    "import_recordings",
    "list_importers",
    "open_source",
    "read_recordings",
]

ENTRY_POINTS = "tinyforge.importers"
_BUILT_IN: tuple[Importer, ...] = (own, delimited, edge_impulse, uci_har, magic_wand, ts, parquet, npz)
_SURE_ENOUGH = 0.1


@dataclass(frozen=True, slots=True)
class LoadedImporter:
    """An importer that was found.

    Attributes:
        name: as ``--format`` calls it.
        importer: None when it failed to load.
        reason: why it failed; empty when it did not.
    """

    name: str
    importer: Importer | None
    reason: str = ""


def list_importers() -> tuple[LoadedImporter, ...]:
    """The built-in importers, then those of other packages, by name."""
    found = {importer.name: LoadedImporter(importer.name, importer) for importer in _BUILT_IN}
    for offer in offers(ENTRY_POINTS, without=found):
        if isinstance(offer.loaded, Importer):
            found[offer.name] = LoadedImporter(offer.name, offer.loaded)
        else:
            reason = offer.reason or f"{offer.value} lacks name, description, sniff or read"
            found[offer.name] = LoadedImporter(offer.name, None, reason)
    return tuple(found.values())


def read_recordings(path: Path | str, options: ImportOptions | None = None, format: str | None = None) -> ImportResult:  # noqa: A002 - as --format
    """Read a file, a folder or a zip.

    Args:
        path: what to read.
        options: what the files do not say.
        format: name of an importer; None to find out.

    Returns:
        Recordings, the importer's name and its notes.

    Raises:
        UsageError: unknown format, or an option is out of range.
        DataError: nobody knows the files, or something in them is wrong; with file, line, reason and way out.
    """
    try:
        return _read(path, options or ImportOptions(), format)
    except DataError as error:
        if str(error).isprintable():
            raise
        raise DataError(*(_printable(text) for text in (error.place, error.fact, error.way_out))) from error


def _printable(text: str) -> str:
    """The text without what a terminal would obey: names in archives and other people's messages hold anything."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _read(path: Path | str, options: ImportOptions, format: str | None) -> ImportResult:  # noqa: A002 - as --format
    if options.rate_hz is not None and not 0 < options.rate_hz < 1e6:
        raise UsageError("--rate", f"is {options.rate_hz:g}", "it must be above 0 samples a second")
    if options.take_samples < 0:
        raise UsageError("--take-samples", f"is {options.take_samples}", "it must be above 0")
    loaded = {one.name: one for one in list_importers()}
    if format is not None:
        if format not in loaded:
            raise UsageError("--format", f'"{format}": unknown format', did_you_mean(format, loaded))
        importer = loaded[format].importer
        if importer is None:
            raise UsageError("--format", f'"{format}" cannot be loaded: {loaded[format].reason}', "repair its package")
        return _whole(importer.read(open_source(Path(path)), options), path)
    source = open_source(Path(path))
    able = [one.importer for one in loaded.values() if one.importer is not None]
    scores = [importer.sniff(source) for importer in able]
    best = max(range(len(able)), key=lambda k: scores[k])
    if scores[best] < _SURE_ENOUGH:
        kinds = ", ".join(importer.name for importer in able)
        raise DataError(str(path), f"is of no known kind (tried {kinds})", "name its kind with --format")
    return _whole(able[best].read(source, options), path)


def _whole(result: ImportResult, path: Path | str) -> ImportResult:
    """What was read, when it is something."""
    if not result.recordings:
        fact = "holds no recordings" + "".join(f"; {note}" for note in result.notes[:1])
        raise DataError(str(path), fact, "give the files that hold samples")
    return result


def import_recordings(
    path: Path | str,
    *,
    format: str | None = None,  # noqa: A002 - as --format
    rate_hz: float | None = None,
    label: str = "",
    label_from: LabelFrom = "file",
    subject: str = "",
    session: str = "",
    board: str = "",
    units: tuple[str, ...] | str = (),
    columns: tuple[str, ...] = (),
    take_samples: int = 0,
    on_progress: Progress | None = None,
) -> list[Recording]:
    """The recordings of `read_recordings`, with the options of `ImportOptions` as arguments."""
    options = ImportOptions(
        rate_hz=rate_hz,
        label=label,
        label_from=label_from,
        subject=subject,
        session=session,
        board=board,
        units=tuple(units.split(",")) if isinstance(units, str) else tuple(units),
        columns=tuple(columns),
        take_samples=take_samples,
        on_progress=on_progress,
    )
    return read_recordings(path, options, format).recordings
