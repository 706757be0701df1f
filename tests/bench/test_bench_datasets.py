"""Figures of docs/datasets.md: import and windowing of CSV, error of resampling; CPU time of one core."""

import time

import numpy as np
import pytest

from tinyforge.core.recording_csv import table_bytes
from tinyforge.dataset import ImportOptions, cut_windows, read_recordings
from tinyforge.dataset.resample import PASS_BAND, resample

pytestmark = pytest.mark.bench

ROWS = 1_000_000


def test_csv_to_windows(tmp_path):
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(ROWS, 6)) * [0.1, 0.1, 0.1, 100, 100, 100] + [0, 0, 1, 0, 0, 0]).round(4)
    path = tmp_path / "big.csv"
    path.write_bytes(b"ax,ay,az,gx,gy,gz\n" + table_bytes(list(values.T)))
    for turn in ("libraries loaded by the first import", "again"):
        start = time.process_time()
        (recording,) = read_recordings(path, ImportOptions(rate_hz=100)).recordings
        windows = cut_windows(recording.samples, 128, 64)
        spent_s = time.process_time() - start
        assert len(windows) == 1 + (ROWS - 128) // 64
        print(f"CSV of {ROWS} rows x 6 to windows: {ROWS / spent_s / 1e6:.2f} M rows/s ({turn})")


@pytest.mark.parametrize(("rate_hz", "new_rate_hz"), [(119.0, 100.0), (104.0, 50.0)])
def test_resampling_error(rate_hz, new_rate_hz):
    top_hz, span_s = PASS_BAND * min(rate_hz, new_rate_hz) / 2, 20.0

    def signal(t):
        sweep = (0.95 * top_hz - 0.5) / (2 * span_s)
        tones = np.sin(2 * np.pi * 0.1 * top_hz * t) + np.sin(2 * np.pi * 0.9 * top_hz * t + 0.3)
        return np.stack([tones, np.sin(2 * np.pi * (0.5 * t + sweep * t**2))], axis=1)

    out = resample(signal(np.arange(int(span_s * rate_hz)) / rate_hz).astype(np.float32), rate_hz, new_rate_hz)
    wanted = signal(np.arange(len(out)) / new_rate_hz)
    for name, edge in (("whole", 0), ("but half a second at each end", int(new_rate_hz / 2))):
        inner = slice(edge, len(out) - edge)
        error = np.sqrt(((out - wanted)[inner] ** 2).mean(axis=0) / (wanted[inner] ** 2).mean(axis=0))
        tones, chirp = 20 * np.log10(error)
        print(f"{rate_hz:g} -> {new_rate_hz:g} Hz, {name}: two tones {tones:.1f} dB, chirp {chirp:.1f} dB")
        assert max(tones, chirp) < -60
