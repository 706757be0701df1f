"""How long an epoch takes here and with ``keras.Model.fit``: run as a program, it prints CPU seconds as JSON.

The same network, batch, windows and optimizer, without augmentation on either side, in turns in one process.
"""

import json
import os
import sys
import time

from tinyforge.architectures.session import ENVIRONMENT, keras, set_up

os.environ.update(ENVIRONMENT)

import numpy as np

from tinyforge.architectures import build
from tinyforge.architectures.loop import Examples, Stepper
from tinyforge.core.types import ModelSpec, Preprocessing

SHAPE, CLASSES, BATCH = (100, 6), 5, 64
WINDOWS = {"lstm": 512, "gru": 512}  # others 4096
ROUNDS = 5


def main(architecture):
    set_up(1)
    rng = np.random.default_rng(1)
    count = WINDOWS.get(architecture, 4096)
    windows = rng.normal(size=(count, *SHAPE)).astype(np.float32)
    targets = rng.integers(0, CLASSES, count)
    spec = ModelSpec("m", architecture)
    ours, plain = (build(spec, SHAPE, CLASSES, training=True) for _ in range(2))
    names = tuple("abcdef")
    examples = Examples(windows, targets, CLASSES, Preprocessing((0.0,) * 6, (1.0,) * 6), names, None, 1)
    stepper = Stepper(ours, BATCH, 0.9)
    if architecture == "lstm":  # what a user of Keras would write
        plain = build(spec, SHAPE, CLASSES)
    plain.compile(keras().optimizers.Adam(1e-3, global_clipnorm=1.0), "categorical_crossentropy", ["accuracy"])

    def epoch_here(number):
        stepper.run(*(one[:count] for one in examples.epoch(number)), 1e-3)

    def epoch_keras(number):
        x, y, w = (one[:count] for one in examples.epoch(number))
        plain.fit(x, y, sample_weight=w, batch_size=BATCH, epochs=1, verbose=0)

    seconds = {"here": [], "keras": []}
    for number in range(ROUNDS + 1):
        for name, epoch in (("here", epoch_here), ("keras", epoch_keras)):
            begin = time.process_time()
            epoch(number)
            if number:  # the first one traces
                seconds[name].append(time.process_time() - begin)
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    print(json.dumps({"architecture": architecture, **medians, "ratio": medians["here"] / medians["keras"]}))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "cnn1d")
