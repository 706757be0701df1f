"""The child of :func:`tinyforge.evaluate.litert.run_isolated`: an npz on stdin, an npz on stdout."""

from __future__ import annotations

import io
import sys

import numpy as np

from tinyforge.core.errors import TinyforgeError
from tinyforge.evaluate import litert


def main() -> int:
    """Run the model on the windows; answer ``outputs``, or ``error`` as (class, place, fact, way out)."""
    answer = io.BytesIO()
    with np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False) as parcel:
        try:
            outputs = litert.run(parcel["model"].tobytes(), parcel["inputs"], keep_state=bool(parcel["keep_state"]))
            np.savez(answer, outputs=outputs)
        except TinyforgeError as error:
            np.savez(answer, error=np.array([type(error).__name__, error.place, error.fact, error.way_out]))
    sys.stdout.buffer.write(answer.getvalue())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
