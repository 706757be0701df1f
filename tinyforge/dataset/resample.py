"""Another rate: polyphase resampling with a Kaiser-windowed sinc, band-limited on both sides.

Output sample k stands at ``k / new_rate`` seconds; the first input sample is at 0. The ratio of the rates is taken as a
fraction L/M with L, M <= 2000 (exact for most whole rates; otherwise off by less than 3e-7, which is a tenth of a
sample in an hour at 100 Hz). The kernel's stop band begins at the lower of the two Nyquist frequencies and is 80 dB
down, so nothing folds back; its pass band ends at 0.84 of it. Kaiser's formulas: J. F. Kaiser, "Nonrecursive digital
filter design using the I0-sinh window function", Proc. IEEE ISCAS 1974; the polyphase form: Crochiere and Rabiner,
"Multirate Digital Signal Processing".

Each phase's weights sum to 1, so that gravity stays gravity. Beyond its ends a signal is continued as it is predicted
by the samples there: linear prediction of order 32 from 256 samples, by Burg's method, which never grows (J. P. Burg,
"Maximum entropy spectral analysis", Stanford 1975; the recursion of S. L. Marple, "Digital Spectral Analysis", 1987,
8.5.1). Tones go on as tones, what is still stays still, and noise dies away to the mean.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError

HALF_WIDTH = 32  # zero crossings of the sinc on each side
STOP_BAND_DB = 80.0
_LARGEST_TERM = 2000
_ORDER, _LEARNT = 32, 256  # of the prediction beyond the ends; samples it is learnt from
# Kaiser: transition width of a filter of N taps, in cycles a sample, is (A - 8) / (2.285 * 2 pi * (N - 1))
_TRANSITION = (STOP_BAND_DB - 8.0) / (2.285 * 2 * np.pi * 2 * HALF_WIDTH)
PASS_BAND = 1.0 - 2.0 * _TRANSITION  # of the lower Nyquist frequency
_BETA = 0.1102 * (STOP_BAND_DB - 8.7)

FloatArray = npt.NDArray[np.float64]


def resample(samples: npt.NDArray[np.float32], rate_hz: float, new_rate_hz: float) -> npt.NDArray[np.float32]:
    """The same signal at another rate.

    Args:
        samples: float32 [time, channel].
        rate_hz, new_rate_hz: > 0; their ratio between 1/1000 and 1000.

    Returns:
        float32 [floor((time - 1) * new_rate / rate) + 1, channel]; ``samples`` itself when the rates are equal.

    Raises:
        DataError: the rates are too far apart.
    """
    if rate_hz == new_rate_hz or len(samples) == 0:
        return samples
    ratio = new_rate_hz / rate_hz
    if not 1e-3 <= ratio <= 1e3:
        raise DataError(
            "resampling", f"from {rate_hz:g} to {new_rate_hz:g} Hz", "choose rates at most 1000 times apart"
        )
    fraction = Fraction(ratio).limit_denominator(_LARGEST_TERM)
    if fraction.numerator > _LARGEST_TERM:
        fraction = 1 / Fraction(1 / ratio).limit_denominator(_LARGEST_TERM)
    up, down = fraction.numerator, fraction.denominator
    weights = _kernel(up, down)
    reach = weights.shape[1] // 2
    count = (len(samples) - 1) * up // down + 1
    padded = _extended(samples.astype(np.float64), reach)
    # output k needs the inputs from floor(k down / up) - reach + 1 on: in `padded` from floor(k down / up) + 1
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach, axis=0)
    out = np.empty((count, samples.shape[1]), dtype=np.float32)
    for first in range(min(up, count)):
        phase, base = (first * down) % up, (first * down) // up
        used = len(range(first, count, up))
        out[first::up] = views[base + 1 : base + 1 + down * (used - 1) + 1 : down] @ weights[phase]
    return out


@lru_cache(maxsize=16)
def _kernel(up: int, down: int) -> FloatArray:
    """Weights [phase, tap]: of the inputs -reach + 1 .. reach, for the output ``phase / up`` samples after input 0."""
    cut = min(1.0, up / down)  # lower Nyquist frequency over that of the input
    reach = int(np.ceil(HALF_WIDTH / cut))
    taps = np.arange(-reach + 1, reach + 1)
    distance = np.arange(up)[:, None] / up - taps[None, :]
    inside = np.clip(1.0 - (distance * cut / HALF_WIDTH) ** 2, 0.0, None)
    window = np.i0(_BETA * np.sqrt(inside)) / np.i0(_BETA) * (inside > 0)
    middle = cut * (1.0 - _TRANSITION)  # half of the transition below the stop band's edge
    weights = np.sinc(distance * middle) * window
    normal: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return normal


def _extended(samples: FloatArray, reach: int) -> FloatArray:
    """The signal with ``reach`` samples more at each end."""
    if len(samples) == 1:
        return np.repeat(samples, 2 * reach + 1, axis=0)
    after = _predicted(samples[-_LEARNT:], reach)
    before = _predicted(samples[:_LEARNT][::-1], reach)[::-1]
    return np.concatenate([before, samples, after])


def _predicted(samples: FloatArray, count: int) -> FloatArray:
    """What follows samples [time, channel]: float64 [count, channel]."""
    mean = samples.mean(axis=0)
    order = min(_ORDER, len(samples) // 3)
    silence = 1e-20 * (samples**2).sum(axis=0) + 1e-300  # rounding of the mean
    weights = _burg(samples - mean, order, silence)  # of the latest sample first
    known = np.concatenate([samples - mean, np.empty((count, samples.shape[1]))])
    for k in range(len(samples), len(known)):
        known[k] = -(weights * known[k - 1 : k - 1 - order : -1]).sum(axis=0) if order else 0.0
    ahead: FloatArray = known[len(samples) :] + mean
    return ahead


def _burg(samples: FloatArray, order: int, silence: FloatArray) -> FloatArray:
    """Coefficients a[1] ... a[order] of the predictor x[n] = -sum a[k] x[n - k] of each channel, [order, channel]."""
    forward, backward = samples[1:], samples[:-1]
    weights = np.ones((1, samples.shape[1]))
    for _ in range(order):
        power = (forward**2).sum(axis=0) + (backward**2).sum(axis=0)
        reflection = np.where(power > silence, -2 * (forward * backward).sum(axis=0) / np.maximum(power, silence), 0.0)
        longer = np.concatenate([weights, np.zeros((1, samples.shape[1]))])
        weights = longer + reflection * longer[::-1]
        forward, backward = (forward + reflection * backward)[1:], (backward + reflection * forward)[:-1]
    return weights[1:]
