"""How well a session's windows fit those of the training, as they came and with a cause undone; and what is chance.

A class is a point in the numbers of :mod:`.moments`, with one width and one covariance for all (shrunk by Ledoit and
Wolf's rule, because there are few windows for many numbers). A session's fit is the mean of its windows' log-likelihood
under a Student's t of that shape: one odd window costs little. A cause *gains* what the fit rises when it is undone.

What a clean session gains is measured, not assumed: people, or takes, are left out of the training one after the other,
and sessions of the same classes and as many windows are drawn of those left out. A cause counts only where it gains
more than clean sessions ever would, and where it gives back a good part of the fit that is missing.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.core.types import Float32Array, Float64Array, IntArray
from tinyforge.evaluate.felt import ACCELERATION, ANGULAR_RATE, Known, columns_of
from tinyforge.evaluate.moments import Moments, unchanged
from tinyforge.evaluate.sensor_causes import sensor_causes

Texts = npt.NDArray[np.str_]

_FREEDOM = 8.0  # of Student's t
_FARTHEST = 6.0  # widths: what is farther counts as that far
_LEAST_WIDTH = 0.1  # of a number's width over all classes
_MOST_WINDOWS = 1000  # of the training, on which chance is measured
_FOLDS = 5
_FEWEST_PEOPLE = 3  # that tell how people differ
_FEWEST_OF_CLASS = 4  # windows, for a class to be known
_SESSIONS = 200  # drawn of those left out
_DEVIATIONS = 4.0  # above the mean of what clean sessions gain
_LEAST_GAIN = 0.1  # of log-likelihood a number, where clean sessions gain nothing
_GIVEN_BACK = 0.4  # of the fit that is missing, at least, where the training knows several people
_GIVEN_BACK_BY_ONE = 0.6  # where it does not
_RIDGE = 0.02  # of a number's variance


@dataclass(frozen=True, eq=False, slots=True)
class Chance:
    """What clean sessions of the same classes and as many windows show.

    Attributes:
        gains: float64 [session, cause], by undoing what is not there.
        fits: float64 [session].
        people: whether the sessions are of people whom the training did not know.
    """

    gains: Float64Array
    fits: Float64Array
    people: bool

    @property
    def limit(self) -> float:
        """What a cause has to gain; infinite where no cause was measured, as without three axes of a sensor."""
        if not self.gains.shape[1]:
            return math.inf
        most = self.gains.max(axis=1)
        return max(_LEAST_GAIN, float(most.mean() + _DEVIATIONS * most.std()))

    @property
    def usual(self) -> float:
        """Fit of most of them."""
        return float(np.median(self.fits))

    def explains(self, came: float, undone: float) -> bool:
        """Whether undoing gives back enough of the fit that is missing, or all that clean sessions have."""
        if undone <= came:
            return False
        given_back = _GIVEN_BACK if self.people else _GIVEN_BACK_BY_ONE
        return undone - came >= given_back * (self.usual - came)

    def hidden(self) -> set[int]:
        """Causes that would not show in most sessions like this one.

        Undoing a cause that is not there costs what its opposite costs, and that is among the causes, too.
        """
        return set(np.flatnonzero(-np.median(self.gains, axis=0) < self.limit).tolist())


class Likeness:
    """The training's windows as classes, and what clean sessions of it show under each cause.

    Args:
        known: of the training.

    Attributes:
        causes: those that pick, scale and turn channels.
    """

    def __init__(self, known: Known) -> None:
        self.causes = tuple(sensor_causes(known.channels, known.units))
        self._changes = [one.change for one in self.causes if one.change is not None]
        self._triples = [
            columns for names in (ACCELERATION, ANGULAR_RATE) if (columns := columns_of(known.channels, names))
        ]
        self._usual = known.windows.astype(np.float64).std(axis=(0, 1))
        every = np.linspace(0, len(known.windows) - 1, min(len(known.windows), _MOST_WINDOWS)).astype(int)
        self._every, self._targets = every, known.targets[every]
        self._classes = len(known.labels)
        moments = self.moments(known.windows[every])
        as_it_is = moments.numbers(unchanged(len(known.channels)))
        self._shape = _Shape(as_it_is, self._targets, self._classes)
        self.people, self._sources, folds = _sources(known, every)
        self._measure(moments, as_it_is, folds)

    def _measure(self, moments: Moments, as_it_is: Float64Array, folds: IntArray) -> None:
        """Fits and gains of windows whose people, or takes, the training did not have."""
        self._fits = np.full(len(as_it_is), np.nan)
        self._gains = np.full((len(as_it_is), len(self.causes)), np.nan)
        left_out: list[tuple[npt.NDArray[np.bool_], _Shape]] = []
        for fold in np.unique(folds):
            rest = folds != fold
            if not rest.any():
                continue
            shape = _Shape(as_it_is[rest], self._targets[rest], self._classes)
            out = ~rest & shape.known[self._targets]
            left_out.append((out, shape))
            self._fits[out] = shape.fit(as_it_is[out], self._targets[out])
        for k, change in enumerate(self._changes):
            numbers = moments.numbers(change)
            for out, shape in left_out:
                self._gains[out, k] = shape.fit(numbers[out], self._targets[out]) - self._fits[out]

    def moments(self, windows: Float32Array) -> Moments:
        """Of windows float32 [n, time, channel]."""
        return Moments(windows, self._triples, self._usual)

    def knows(self, classes: IntArray) -> npt.NDArray[np.bool_]:
        """Whether there is enough of these classes, bool [n]."""
        return self._shape.known[classes] & np.isin(classes, self._targets[~np.isnan(self._fits)])

    def each(self, windows: Float32Array, truths: IntArray) -> Float64Array:
        """Log-likelihood for its class of each window, a number: float64 [n], of windows float32 [n, time, channel]."""
        return self._shape.fit(self.moments(windows).numbers(unchanged(windows.shape[2])), truths)

    def fit(self, windows: Float32Array, truths: IntArray) -> float:
        """The mean of :meth:`each`, of windows float32 [n, time, channel]."""
        return float(self.each(windows, truths).mean())

    def fits(self, windows: Float32Array, truths: IntArray) -> Float64Array:
        """The same with each cause undone, float64 [cause], of windows float32 [n, time, channel]."""
        moments = self.moments(windows)
        return np.array([self._shape.fit(moments.numbers(one), truths).mean() for one in self._changes])

    def chance(self, truths: IntArray, overlap: int) -> Chance | None:
        """What clean sessions of these classes show; None where too little is left out to say.

        Args:
            truths: int64 [window], of the session.
            overlap: windows that count as one.
        """
        sessions = self._sessions(truths, overlap)
        if not sessions:
            return None
        gains = np.array([self._gains[drawn].mean(axis=0) for drawn in sessions])
        fits = np.array([self._fits[drawn].mean() for drawn in sessions])
        return Chance(gains, fits, self.people)

    def limit_of(self, values: Float64Array, truths: IntArray, overlap: int) -> float | None:
        """What the mean over a clean session of these classes does not reach.

        Args:
            values: float64 [window], of all windows of the training.
            truths, overlap: as of :meth:`chance`.
        """
        sessions = self._sessions(truths, overlap)
        means = np.array([values[self._every[drawn]].mean() for drawn in sessions])
        return float(means.mean() + _DEVIATIONS * means.std()) if sessions else None

    def _sessions(self, truths: IntArray, overlap: int) -> list[IntArray]:
        """Windows of clean sessions, drawn of one person each, or of one part of the takes."""
        generator = np.random.default_rng(len(truths))
        classes, counts = np.unique(truths, return_counts=True)
        usable = ~np.isnan(self._fits)
        pools = [
            [np.flatnonzero(usable & (self._sources == source) & (self._targets == k)) for k in classes]
            for source in np.unique(self._sources)
        ]
        most = max((sum(len(one) > 0 for one in pool) for pool in pools), default=0)
        pools = [pool for pool in pools if most and sum(len(one) > 0 for one in pool) == most]
        sizes = [max(1, int(count) // overlap) for count in counts]
        return (
            [
                np.concatenate([generator.choice(one, size) for one, size in zip(pool, sizes, strict=True) if len(one)])
                for pool in (pools[k] for k in generator.integers(len(pools), size=_SESSIONS))
            ]
            if pools
            else []
        )


@functools.lru_cache(maxsize=1)
def likeness_of(known: Known) -> Likeness:
    """Made once for the sessions that are held against one training."""
    return Likeness(known)


class _Shape:
    """Where classes lie in the numbers, and how windows scatter around them.

    Args:
        numbers: float64 [window, number].
        targets: int64 [window].
        classes: how many there are.

    Attributes:
        known: bool [class], whether there are windows enough.
    """

    def __init__(self, numbers: Float64Array, targets: IntArray, classes: int) -> None:
        self.known = np.bincount(targets, minlength=classes) >= _FEWEST_OF_CLASS
        whole = numbers.mean(axis=0)
        self._middle = np.stack(
            [numbers[targets == k].mean(axis=0) if self.known[k] else whole for k in range(classes)]
        )
        apart = numbers - self._middle[targets]
        wide = numbers.std(axis=0)
        width = np.maximum(apart.std(axis=0), _LEAST_WIDTH * wide)
        self._width = np.where(width > 0, width, np.inf)  # a number that never changes tells nothing
        self._inverse = np.linalg.inv(shrunk(np.clip(apart / self._width, -_FARTHEST, _FARTHEST)))

    def fit(self, numbers: Float64Array, targets: IntArray) -> Float64Array:
        """Log-likelihood of each window for its class, a number; less a constant."""
        apart = np.clip((numbers - self._middle[targets]) / self._width, -_FARTHEST, _FARTHEST)
        distance = np.einsum("nk,nk->n", apart @ self._inverse, apart)
        size = apart.shape[1]
        fit: Float64Array = -0.5 * (_FREEDOM + size) * np.log1p(distance / _FREEDOM) / size
        return fit


def shrunk(apart: Float64Array) -> Float64Array:
    """Covariance [k, k] of rows [n, k] around zero, drawn towards a multiple of one (Ledoit and Wolf, 2004)."""
    count, size = apart.shape
    covariance = apart.T @ apart / count
    level = float(np.trace(covariance)) / size
    target = level * np.eye(size)
    away = float(((covariance - target) ** 2).sum())
    noise = float(((apart**2).sum(axis=1) ** 2).sum()) / count**2 - float((covariance**2).sum()) / count
    share = min(1.0, max(0.0, noise / away)) if away > 0 else 1.0
    made: Float64Array = (1 - share) * covariance + share * target + _RIDGE * np.eye(size)
    return made


def _sources(known: Known, every: IntArray) -> tuple[bool, Texts, IntArray]:
    """Whether windows are told apart by person; of which person or part of the takes each is, and its fold."""
    targets = known.targets[every]
    if known.people is not None:
        people = known.people[every]
        names, at = np.unique(people, return_inverse=True)
        if len(names) >= _FEWEST_PEOPLE and all(len(np.unique(targets[at == k])) > 1 for k in range(len(names))):
            return True, people, (at % max(_FEWEST_PEOPLE, 2 * _FOLDS)).astype(np.int64)
    takes = np.arange(len(every)).astype(np.str_) if known.takes is None else known.takes[every]
    folds = np.zeros(len(every), np.int64)
    for k in np.unique(targets):
        of_class = np.flatnonzero(targets == k)
        names, at = np.unique(takes[of_class], return_inverse=True)
        if len(names) < _FOLDS or known.takes is None:  # neighbours stay together
            at = np.arange(len(of_class)) * _FOLDS // len(of_class)
        folds[of_class] = at % _FOLDS
    return False, folds.astype(np.str_), folds
