"""How much memory a hundred million samples take on their way into a training.

    python tests/bench/large_dataset.py                      # 100 million x 6: 4 GB of disk, some minutes
    python tests/bench/large_dataset.py --samples 2000000

A first process writes a store of recordings: counts of an int16 sensor in g and degrees a second, as text, of ten
people. A second one opens it, cuts and splits the windows, writes the dataset's file, reads it back mapped, fits the
preprocessing and goes over all windows once in order and for some epochs as training draws them; it says the largest
resident set it had (``ru_maxrss``).
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tinyforge.architectures.loop import Examples
from tinyforge.architectures.parcel import check_dataset, fit_preprocessing
from tinyforge.core.dataset_file import read_dataset, write_dataset
from tinyforge.core.types import IMU_CHANNELS, SPLIT_NAMES, ModelSpec, Recording, WindowSpec
from tinyforge.dataset import RecordingStore, SeriesCache, SplitSpec, make_dataset

PEOPLE, LABELS = 10, ("still", "walk", "shake")
EPOCHS = 3


def write_store(folder: Path, samples: int, recordings: int) -> None:
    """Recordings of ten people, each of one label, samples as an int16 sensor counts them."""
    store = RecordingStore(folder)
    length = samples // recordings
    for k in range(recordings):
        rng = np.random.default_rng(k)
        counts = rng.integers(-2000, 2000, (length, 6)).astype(np.int16)
        scaled = counts.astype(np.float32) * np.float32([2**-9] * 3 + [2**-3] * 3)
        subject = f"p{k * PEOPLE // recordings}"
        store.add(Recording(scaled, IMU_CHANNELS, 100.0, label=LABELS[k % len(LABELS)], subject=subject))


def use_store(folder: Path, hop: int) -> dict[str, float]:
    """From the store to batches; what it took."""
    start_mb, clock = _peak_mb(), time.process_time()
    store = RecordingStore(folder)
    spec = WindowSpec(128, hop, tuple(c.name for c in IMU_CHANNELS), 100.0)
    made = make_dataset(
        store, spec, split=SplitSpec("subject"), cache=SeriesCache(folder.parent / "series", store.stamp)
    )
    windowed_s = time.process_time() - clock
    file = folder.parent / "dataset.npz"
    write_dataset(made, file)
    dataset = read_dataset(file)
    assert dataset.digest == made.digest
    check_dataset(dataset, "dataset")
    clock = time.process_time()
    total = sum(float(chunk[:, :, 0].sum(dtype=np.float64)) for chunk in dataset.windows.chunks())
    iterated_s = time.process_time() - clock
    examples = Examples.of(dataset, ModelSpec("m", "cnn1d"), fit_preprocessing(dataset), None, 1)
    for epoch in range(EPOCHS):
        examples.epoch(epoch)
    rows = len(dataset.windows.samples)
    return {
        "samples": rows,
        "windows": len(dataset.windows),
        **{name: int((dataset.split == side).sum()) for side, name in enumerate(SPLIT_NAMES)},
        "mean_ax": total / (len(dataset.windows) * spec.length),
        "text_to_windows_m_samples_s": rows / windowed_s / 1e6,
        "iterated_m_samples_s": len(dataset.windows) * spec.length / iterated_s / 1e6,
        "start_mb": start_mb,
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Write, use, say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100_000_000)
    parser.add_argument("--recordings", type=int, default=100)
    parser.add_argument("--hop", type=int, default=64)
    parser.add_argument("--folder", type=Path, help="where the store goes; a temporary folder by default")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--use", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.use:
        print(json.dumps(use_store(options.use, options.hop)))
        return
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        write_store(folder / "store", options.samples, options.recordings)
        command = [sys.executable, __file__, "--use", str(folder / "store"), "--hop", str(options.hop)]
        figures = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    finally:
        shutil.rmtree(folder)
    lines = [f"{name:30} {value:14,.2f}" for name, value in figures.items()]
    print(json.dumps(figures) if options.json else "\n".join(lines))


if __name__ == "__main__":
    main()
