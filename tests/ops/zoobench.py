"""Every model of the zoo on this machine: compiled, run and compared with the outputs of LiteRT's reference kernels."""

from __future__ import annotations

import ctypes
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.graph import Compiled
from tinyforge.core.resources import csrc_dir
from tinyforge.runtimes.aot.generate import ModelView
from tinyforge.toolchain.host import build_shared

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = ("int8", "uint8", "int16x8", "hybrid", "float32", "other", "negative")
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
BATCH_BYTES = 700_000  # constants a compiler call gets
MOST_MACS = 200_000_000  # an inference of more takes too long here
_KEY = re.compile(r"s(\d+)_(in|out)(\d+)")


@dataclass(frozen=True)
class ZooModel:
    """One file of the zoo.

    Attributes:
        folder: int8, negative, ...
        path: of the .tflite.
        golden: of its inputs and outputs, or None.
    """

    folder: str
    path: Path
    golden: Path | None

    @property
    def name(self) -> str:
        return f"{self.folder}/{self.path.stem}"


@dataclass(frozen=True)
class Outcome:
    """What became of a model.

    Attributes:
        verdict: ``exact``, ``differs``, ``accepted`` (nothing to compare with) or ``refused``.
        text: how it differs, or the reason.
        seconds: for reading and compiling it.
        compiled: None when refused.
    """

    verdict: str
    text: str
    seconds: float
    compiled: Compiled | None = None


def zoo_dir() -> Path | None:
    """The zoo's folder: below ``$TINYFORGE_DATA``, else ``../shared/data`` beside the checkout; None when absent."""
    data = Path(os.environ.get("TINYFORGE_DATA", CHECKOUT.parent / "shared" / "data"))
    return data / "tflite_zoo" if (data / "tflite_zoo").is_dir() else None


def models(zoo: Path, folders: Sequence[str] = FOLDERS) -> list[ZooModel]:
    """All models, folder by folder."""
    found = []
    for folder in folders:
        for path in sorted((zoo / folder).glob("*.tflite")):
            golden = path.with_name(f"{path.stem}.golden.npz")
            found.append(ZooModel(folder, path, golden if golden.is_file() else None))
    return found


def golden(path: Path) -> tuple[list[list[np.ndarray]], list[list[np.ndarray]]]:
    """Inputs and outputs [inference][position]."""
    both: dict[str, dict[int, dict[int, np.ndarray]]] = {"in": {}, "out": {}}
    with np.load(path) as arrays:
        for key in arrays.files:
            match = _KEY.fullmatch(key)
            if match:
                both[match[2]].setdefault(int(match[1]), {})[int(match[3])] = arrays[key]
    return tuple(
        [[row[position] for position in sorted(row)] for _, row in sorted(both[side].items())] for side in ("in", "out")
    )  # type: ignore[return-value]


def outcomes(found: Sequence[ZooModel], folder: Path) -> Iterator[tuple[ZooModel, Outcome]]:
    """Compile and compare models, several to a compiler call.

    Raises:
        Exception: whatever else than a refusal a model provokes: such a model is a bug.
    """
    batch: list[tuple[ZooModel, Outcome]] = []
    size = 0
    for number, model in enumerate(found):
        outcome = verdict(model, f"zoo_{number}")
        if outcome.compiled is None:
            yield model, outcome
            continue
        if batch and size + outcome.compiled.weight_bytes > BATCH_BYTES:
            yield from _run(batch, folder / f"batch_{number}")
            batch, size = [], 0
        batch.append((model, outcome))
        size += outcome.compiled.weight_bytes
    yield from _run(batch, folder / "batch")


def verdict(model: ZooModel, name: str = "zoo") -> Outcome:
    """Compile one model: refused, or accepted for the time being."""
    start = time.process_time()
    try:
        compiled = compile_model(model.path.read_bytes(), name=name, place=model.path.name)
    except UnsupportedModelError as error:
        return Outcome("refused", str(error), time.process_time() - start)
    return Outcome("accepted", "there are no outputs to compare with", time.process_time() - start, compiled)


def _run(batch: list[tuple[ZooModel, Outcome]], folder: Path) -> Iterator[tuple[ZooModel, Outcome]]:
    if not batch:
        return
    library = _build([ModelView(outcome.compiled) for _, outcome in batch if outcome.compiled is not None], folder)
    for model, outcome in batch:
        compiled = outcome.compiled
        if model.golden is None or compiled is None or compiled.macs > MOST_MACS:
            yield model, outcome
            continue
        inputs, outputs = golden(model.golden)
        wrong = difference(outputs, run(library, compiled, inputs, outputs))
        yield model, replace(outcome, verdict="differs" if wrong else "exact", text=wrong)


def _build(views: list[ModelView], folder: Path) -> ctypes.CDLL:
    """Tables need no optimizing, kernels do."""
    folder.mkdir(parents=True, exist_ok=True)
    csrc = csrc_dir()
    kernels = sorted({kernel for view in views for kernel in view.kernels()})
    sources = []
    for view in views:
        name = view.compiled.name
        (folder / f"{name}.h").write_text(view.header())
        sources.append(folder / f"{name}.c")
        sources[-1].write_text(view.source())
    fast = build_shared(
        [csrc / "src" / "portable" / f"{kernel}.c" for kernel in kernels],
        [csrc / "include"],
        folder / "libkernels.so",
    )
    ctypes.CDLL(str(fast), ctypes.RTLD_GLOBAL)
    flags = (*WARNINGS, "-O0", "-Wl,-rpath,$ORIGIN", f"-L{folder}", "-Wl,--no-as-needed", str(fast))
    return ctypes.CDLL(str(build_shared(sources, [folder, csrc / "include"], folder / "models.so", flags)))


def run(
    library: ctypes.CDLL, compiled: Compiled, inputs: list[list[np.ndarray]], like: list[list[np.ndarray]]
) -> list[list[np.ndarray]]:
    """Outputs [inference][position] of the C code; a state is reset once, before the first inference."""
    windowed = any(state.per_window for state in compiled.states)
    function: Any = getattr(library, f"{compiled.name}_{'continue' if windowed else 'invoke'}")
    if compiled.states:
        getattr(library, f"{compiled.name}_reset")()
    found = []
    for arrays, expected in zip(inputs, like, strict=True):
        buffers = [np.ascontiguousarray(array) for array in arrays]
        outputs = [np.full(array.shape, 85, array.dtype) for array in expected]
        sizes = [compiled.graph.tensors[index].bytes for index in (*compiled.graph.inputs, *compiled.graph.outputs)]
        if sizes != [array.nbytes for array in (*buffers, *outputs)]:
            raise ValueError(f"{compiled.graph.place}: the golden file has other shapes than the model")
        function(*(ctypes.c_void_p(array.ctypes.data) for array in (*buffers, *outputs)))
        found.append(outputs)
    return found


def difference(expected: list[list[np.ndarray]], actual: list[list[np.ndarray]]) -> str:
    """What differs, in words; empty when nothing does."""
    lines = []
    for inference, (left, right) in enumerate(zip(expected, actual, strict=True)):
        for output, (one, two) in enumerate(zip(left, right, strict=True)):
            if one.tobytes() != two.tobytes():
                wrong = np.flatnonzero(one.ravel() != two.ravel())
                most = np.abs(one.astype(np.float64) - two.astype(np.float64)).max(initial=0)
                lines.append(f"inference {inference}, output {output}: {wrong.size} of {one.size} differ, by {most:g}")
    return "; ".join(lines[:3])
