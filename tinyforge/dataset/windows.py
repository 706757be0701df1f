"""From recordings to windows: chosen channels, one unit, one rate, cut and split."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import ConfigError, DataError, did_you_mean
from tinyforge.core.types import SPLIT_NAMES, TRAIN, Dataset, Float32Array, Int8Array, IntArray, Recording, WindowSpec
from tinyforge.core.windows import Windows
from tinyforge.dataset.entries import Entry
from tinyforge.dataset.even import GAP_LIMIT_MS
from tinyforge.dataset.series import Piece, SeriesCache, Store, even_recording, series_of
from tinyforge.dataset.splits import SplitSpec, check_split, split_groups
from tinyforge.dataset.units import canonical_unit


@dataclass(frozen=True, slots=True)
class _Cut:
    """Windows of one recording: starts in the series, classes, numbers among all, and what a split keeps together."""

    entry: Entry
    starts: IntArray
    targets: IntArray
    places: IntArray
    group: str


def cut_windows(samples: Float32Array, length: int, hop: int) -> Float32Array:
    """Every whole window: the first starts at 0, the next ``hop`` later, what is left at the end is left out.

    Args:
        samples: float32 [time, channel].

    Returns:
        float32 [1 + (time - length) // hop, length, channel]; none when ``time < length``. A copy.
    """
    if len(samples) < length:
        return np.empty((0, length, samples.shape[1]), dtype=np.float32)
    views = np.lib.stride_tricks.sliding_window_view(samples, length, axis=0)[::hop]
    return np.ascontiguousarray(views.transpose(0, 2, 1), dtype=np.float32)


def window_shares(of: IntArray, classes: int, length: int, hop: int) -> IntArray:
    """How many samples of each class every window holds.

    Args:
        of: class of each sample, int64 [time]; -1 counts for none.
        classes: how many there are.
        length, hop: as in :func:`cut_windows`.

    Returns:
        int64 [window, class].
    """
    starts = np.arange(0, len(of) - length + 1, hop)
    shares = np.zeros((len(starts), classes), np.int64)
    counted = np.zeros(len(of) + 1, np.int64)
    for k in range(classes):
        np.cumsum(of == k, out=counted[1:])
        shares[:, k] = counted[starts + length] - counted[starts]
    return shares


def majority(labels: Sequence[str], names: Sequence[str], length: int, hop: int, *, transitions: bool) -> IntArray:
    """The class that most samples of each window have, of equally many the first; -1 where none holds; [n].

    Args:
        labels: of each sample, [time].
        names: classes; samples of others count for none.
        length, hop: as in :func:`cut_windows`.
        transitions: whether windows of several labels count; else they get -1, as do those of other labels.
    """
    index = {name: k for k, name in enumerate(names)}
    of = np.array([index.get(label, -1) for label in labels], np.int64)
    return _majority(of, len(names), length, hop, transitions=transitions)


def _majority(of: IntArray, classes: int, length: int, hop: int, *, transitions: bool) -> IntArray:
    """As `majority`, of samples whose classes are numbers."""
    shares = window_shares(of, classes, length, hop)
    others = length - shares.sum(axis=1)
    most = shares.max(axis=1, initial=0)
    held = (most > 0) & (most >= others) if transitions else most == length
    return np.where(held, shares.argmax(axis=1), -1)


def recording_windows(recording: Recording, spec: WindowSpec, place: str = "recording") -> Float32Array:
    """Windows of one recording in g and dps at the spec's rate, float32 [window, spec.length, channel].

    Raises:
        DataError: a channel is missing, its unit is unknown, or the recording is shorter than a window.
    """
    samples, _ = even_recording(recording, spec, place, GAP_LIMIT_MS)
    _check_length(len(samples), len(recording.samples), recording.rate_hz, spec, place)
    return cut_windows(samples, spec.length, spec.hop)


def _check_length(count: int, recorded: int, rate_hz: float, spec: WindowSpec, place: str) -> None:
    """A recording holds a window."""
    if count >= spec.length:
        return
    said = f"{recorded} samples"
    if rate_hz != spec.rate_hz:
        said += f" at {rate_hz:g} Hz, which are {count} at {spec.rate_hz:g} Hz"
    raise DataError(
        place,
        f"has {said}; a window needs {spec.length}",
        "record longer takes, delete this one, or shorten window.length",
    )


def make_dataset(
    store: Store,
    spec: WindowSpec,
    *,
    split: SplitSpec,
    labels: Sequence[str] | None = None,
    allow_dropped: bool = False,
    placement: str = "",
    transitions: bool = True,
    training_hop: int = 0,
    sides: Mapping[str, int] | None = None,
    gap_ms: float = GAP_LIMIT_MS,
    cache: SeriesCache | None = None,
) -> Dataset:
    """Windows of every recording, split by group.

    The result depends on the recordings alone, not on the order they were added in. One recording is in memory at a
    time; windows are cut from a mapped file when they are asked for (`tinyforge.core.windows`).

    Args:
        store: where the recordings are.
        spec: how they are cut; their channels are converted to g and dps, their rate to the spec's.
        split: what stays together, and how much is kept for validation and test.
        labels: classes, in the order of the targets; recordings of others are left out. None for all, sorted.
        allow_dropped: also take recordings that are known to have lost samples.
        placement: only recordings of a sensor worn there; empty for all.
        transitions: where labels change inside a recording, a window has the label of most of its samples; False leaves
            windows of several labels out.
        training_hop: samples from one training window's start to the next, where that is to be less than the spec's
            hop, which it divides; 0 for the spec's. Validation and test windows keep the spec's.
        sides: TRAIN, VALIDATION or TEST of each group, instead of ``split``'s fractions.
        gap_ms: the longest gap between samples that is bridged.
        cache: where samples at the spec's rate are kept; None to make them anew.

    Returns:
        Windows in physical units, ordered by recording id, then time.

    Raises:
        ConfigError: the spec cannot be.
        DataError: no recordings, a label without recordings or not in training, a recording that is too short, lost
            samples, lacks a channel or has no subject; too few groups.
    """
    _check_spec(spec)
    step = training_hop or spec.hop
    if spec.hop % step:
        raise ConfigError(
            "window",
            f"hop {spec.hop} is no multiple of training_hop {step}",
            "every window must be among the finer ones",
        )
    entries = store.entries()
    if not entries:
        raise DataError(
            "dataset", "has no recordings", "record some with `tinyforge capture`, or `tinyforge dataset import`"
        )
    entries = _placed(entries, placement)
    names = _labels(entries, labels)
    chosen = sorted((entry for entry in entries if set(entry.labels) & set(names)), key=lambda entry: entry.id)
    _check_dropped(chosen, allow_dropped)
    _check_units(chosen, spec)
    finer = dataclasses.replace(spec, hop=step)
    grouped = [(entry, group_of(entry, split)) for entry in chosen]
    keep = cache.series_of if cache else series_of
    series = keep(store, chosen, spec, gap_ms)
    cuts = [
        _cut(entry, group, series.pieces[entry.id], finer, names, transitions=transitions) for entry, group in grouped
    ]
    starts = np.concatenate([cut.starts for cut in cuts])
    targets = np.concatenate([cut.targets for cut in cuts])
    groups = _spread([cut.group for cut in cuts], cuts, np.str_)
    recordings = _spread([cut.entry.id for cut in cuts], cuts, np.str_)
    group_names, numbers = np.unique([cut.group for cut in cuts], return_inverse=True)
    number_of = np.repeat(numbers, [len(cut.starts) for cut in cuts])
    counts = np.zeros((len(group_names), len(names)), dtype=np.int64)
    on_grid = np.concatenate([cut.places for cut in cuts]) % (spec.hop // step) == 0
    np.add.at(counts, (number_of[on_grid], targets[on_grid]), 1)
    side_of = split_groups(counts, split) if sides is None else _given_sides(group_names, sides)
    side = side_of[number_of]
    check_split(groups, side, split.by)
    for k, name in enumerate(names):
        if not ((targets == k) & (side == TRAIN)).any():
            raise DataError(
                "split",
                f'no recording of "{name}" is left for training: it has {int(counts[:, k].astype(bool).sum())} '
                f"{split.by}(s), all on another side",
                f"record more of it, lower test and validation, or leave the class out of labels ({', '.join(names)})",
            )
    kept = on_grid | (side == TRAIN)
    if not kept.all():
        starts, targets, groups, recordings, side = (one[kept] for one in (starts, targets, groups, recordings, side))
    windows = Windows(series.samples, starts, spec.length)
    return Dataset(windows, targets, names, groups, recordings, side, spec)


def _given_sides(names: npt.NDArray[np.str_], sides: Mapping[str, int]) -> Int8Array:
    """Side of each group, as somebody else divided them."""
    return np.array([sides[str(name)] for name in names], np.int8)


def describe_split(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Windows by side and class: ``{"train": {"stop": 120, ...}, ...}``."""
    return {
        side_name: {
            label: int(np.count_nonzero((dataset.split == side) & (dataset.targets == k)))
            for k, label in enumerate(dataset.labels)
        }
        for side, side_name in enumerate(SPLIT_NAMES)
    }


def _check_spec(spec: WindowSpec) -> None:
    for name, value in (("length", spec.length), ("hop", spec.hop)):
        if value < 1:
            raise ConfigError("window", f"{name} is {value}", "it must be 1 or more")
    if not 0 < spec.rate_hz < float("inf"):
        raise ConfigError("window", f"rate_hz is {spec.rate_hz}", "it must be above 0")
    if not spec.channels or len(set(spec.channels)) != len(spec.channels):
        raise ConfigError("window", f"channels are {list(spec.channels)}", "name at least one, each once")


def _labels(entries: Iterable[Entry], labels: Sequence[str] | None) -> tuple[str, ...]:
    found = sorted({label for entry in entries for label in entry.labels})
    if labels is None:
        if "" in found:
            nameless = next(entry.id for entry in entries if "" in entry.labels)
            raise DataError("dataset", f"recording {nameless} has no label", "import it again with --label")
        names = tuple(found)
    else:
        names = tuple(labels)
        for name in names:
            if name not in found:
                raise DataError("dataset", f'there is no recording of "{name}"', did_you_mean(name, found))
        if len(set(names)) != len(names):
            raise ConfigError("labels", f"{list(names)} names a class twice", "name each once")
    if len(names) < 2:
        raise DataError(
            "dataset", f'has a single class, "{names[0]}"', "a network needs two to tell apart; record another"
        )
    return names


def _check_dropped(entries: Sequence[Entry], allow_dropped: bool) -> None:
    lossy = [entry for entry in entries if entry.dropped]
    if lossy and not allow_dropped:
        more = f" (and {len(lossy) - 1} more)" if len(lossy) > 1 else ""
        raise DataError(
            f"recording {lossy[0].id}",
            f"has lost {lossy[0].dropped} samples{more}",
            "record it again, or set dataset.allow_dropped = true to train on it all the same",
        )


def _check_units(entries: Sequence[Entry], spec: WindowSpec) -> None:
    """A channel that has no canonical unit must at least have the same one everywhere."""
    first: dict[str, tuple[str, str]] = {}
    for entry in entries:
        for channel in entry.channels:
            unit = canonical_unit(channel)
            known, where = first.setdefault(channel.name, (unit, entry.id))
            if channel.name in spec.channels and unit != known:
                raise DataError(
                    f"recording {entry.id}",
                    f"gives {channel.name} in {unit or 'no unit'}, recording {where} in {known or 'no unit'}",
                    "import one of them again with --units",
                )


def _placed(entries: list[Entry], placement: str) -> list[Entry]:
    """The entries of a sensor worn there."""
    if not placement:
        return entries
    chosen = [entry for entry in entries if entry.placement == placement]
    if not chosen:
        known = {entry.placement for entry in entries if entry.placement}
        raise DataError("dataset", f'no recording was placed "{placement}"', did_you_mean(placement, known))
    return chosen


def group_of(entry: Entry, split: SplitSpec) -> str:
    """What a split keeps together with a recording: the name of its subject, session or origin.

    Raises:
        DataError: the recording does not say.
    """
    if split.by == "recording":
        return entry.origin or entry.id
    if not (entry.subject if split.by == "subject" else entry.session):
        raise DataError(
            f"recording {entry.id}",
            f"has no {split.by}, so it cannot be split by one",
            f'import it again with --{split.by}, or set split_by = "recording"',
        )
    return entry.subject if split.by == "subject" else f"{entry.subject}/{entry.session}"


def _cut(entry: Entry, group: str, piece: Piece, spec: WindowSpec, names: Sequence[str], *, transitions: bool) -> _Cut:
    _check_length(piece.count, entry.samples, entry.rate_hz, spec, f"recording {entry.id}")
    places = np.arange(1 + (piece.count - spec.length) // spec.hop)
    if piece.runs is None:
        targets = np.full(len(places), list(names).index(entry.label), np.int64)
    else:
        index = {name: k for k, name in enumerate(names)}
        of = np.repeat([index.get(label, -1) for label, _ in piece.runs], [count for _, count in piece.runs])
        targets = _majority(of, len(names), spec.length, spec.hop, transitions=transitions)
        places = np.flatnonzero(targets >= 0)
        targets = targets[places]
    return _Cut(entry, piece.first + places * spec.hop, targets, places, group)


def _spread(values: Sequence[object], cuts: Sequence[_Cut], dtype: type) -> npt.NDArray:  # type: ignore[type-arg]
    return np.repeat(np.array(values, dtype=dtype), [len(cut.starts) for cut in cuts])
