"""False alarms on motion that is no gesture: the stated rate beside the measured one.

    python tests/bench/open_set.py 1,2

Networks tell three traffic signals from rest. They are asked about strokes of a wand that nobody made while training,
and about daily activities: once having heard of nothing but the signals, once with three other strokes as rest.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import compression_sets as sets
import numpy as np

from tinyforge.architectures.session import ENVIRONMENT
from tinyforge.core.types import IMU_CHANNELS, TEST, VALIDATION, ModelSpec, Recording, WindowSpec
from tinyforge.dataset import RecordingStore, SplitSpec, make_dataset
from tinyforge.tasks.gesture import choose, decide, to_scores
from tinyforge.train import fit
from tinyforge.virtual.motion import motion_labels, motion_spec, open_motion, read_motion

PEOPLE, REST = 14, "rest"
STROKES = [label for label in motion_labels("wand") if label != REST]
HEARD, UNHEARD = STROKES[:3], STROKES[3:]
RATE, SMOOTHING = 0.01, 3


def recording(kind: str, label: str, who: int, take: int, called: str) -> Recording:
    """Six seconds of a person's motion under the name ``called``."""
    samples = read_motion(open_motion(motion_spec(kind, label, who, take)), 0, 600)
    return Recording(samples, IMU_CHANNELS, 100.0, called, f"p{who}", f"{kind} {label} {take}")


def measure(seed: int, *, heard: bool) -> str:
    """A line of the table."""
    spec = WindowSpec(50, 25, sets.AXES, 100.0)
    with tempfile.TemporaryDirectory() as folder:
        store = RecordingStore(Path(folder) / "store")
        for who in range(PEOPLE):
            for label in sets.SIGNALS:
                for take in range(2):
                    store.add(recording("police", label, who, take, label))
            for label in HEARD if heard else ():
                store.add(recording("wand", label, who, 0, REST))
        data = make_dataset(store, spec, split=SplitSpec("subject", 0.29, 0.2, seed), labels=sets.SIGNALS)
        trained = fit(
            data, ModelSpec("net", "cnn1d", epochs=14, seed=seed), Path(folder) / "net", augmentation=sets.AUGMENTATION
        )
        with np.load(trained.folder / "predictions.npz") as found:
            scores = {
                side: to_scores(found[f"{name}_probabilities"])
                for side, name in ((VALIDATION, "validation"), (TEST, "test"))
            }
        testers = sorted({int(group[1:]) for group in data.groups[data.split == TEST]})
        quiet = sets.SIGNALS.index(REST)
        decision = choose(
            scores[VALIDATION], data.part(VALIDATION)[1], data.recordings[data.split == VALIDATION], data.labels,
            false_alarms=RATE, smoothing=SMOOTHING, rest=REST,
        ).decision  # fmt: skip
        truth = data.part(TEST)[1]
        answers = decide(scores[TEST], data.recordings[data.split == TEST], decision)
        own = float(((answers >= 0) & (answers != quiet) & (answers != truth)).mean())
        right = float((answers == truth)[truth != quiet].mean())
        others = [alarms(trained.folder, spec, trained.preprocessing, decision, quiet, kind, labels, testers)
                  for kind, labels in (("wand", UNHEARD), ("activities", motion_labels("activities")))]  # fmt: skip
    words = "three strokes as rest" if heard else "signals and rest"
    return f"| {seed} | {words} | {right:.3f} | {own:.4f} | {others[0]:.3f} | {others[1]:.3f} |"


def alarms(folder, spec, preprocessing, decision, quiet, kind, labels, people) -> float:
    """Share of windows of those motions that are answered with a signal."""
    from tinyforge.architectures import network
    from tinyforge.dataset.windows import recording_windows

    predict = network.Predictor(network.load(folder / "model.h5"))
    windows, streams = [], []
    for who in people:
        for label in labels:
            windows.append(recording_windows(recording(kind, label, who, 0, label), spec))
            streams += [f"{label} {who}"] * len(windows[-1])
    scores = to_scores(predict(network.standardise(np.concatenate(windows), preprocessing)))
    answers = decide(scores, streams, decision)
    return float(((answers >= 0) & (answers != quiet)).mean())


if __name__ == "__main__":
    os.environ.update(ENVIRONMENT)
    print("| seed | trained on | signals found | false alarms, own motions | strokes never heard of | activities |")
    print("|---:|---|---:|---:|---:|---:|")
    for number in map(int, sys.argv[1].split(",")):
        for knows in (False, True):
            print(measure(number, heard=knows), flush=True)
