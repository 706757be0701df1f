"""Inputs to verify a model with, and the comparison of outputs, element by element."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError
from tinyforge.core.types import Int8Array

RANDOM_WINDOWS = 64
RANDOM_SEED = 20261121

_ZOO_KEY = re.compile(r"s(\d+)_(in|out)(\d+)")


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a comparison of outputs found.

    Attributes:
        exact: every element of every output is equal.
        inferences: windows compared.
        mismatches: output elements that differ, over all windows.
        max_abs_diff: the largest difference of one element, in steps of the int8.
        mismatched_inferences: windows with at least one element that differs.
        first_window, first_element: where the first difference is (flat index in the output); None when exact.
        expected, actual: the two values there; None when exact.
    """

    exact: bool
    inferences: int
    mismatches: int
    max_abs_diff: int
    mismatched_inferences: int
    first_window: int | None
    first_element: int | None
    expected: int | None
    actual: int | None

    def to_json(self) -> dict[str, Any]:
        """The result as JSON-able values; key names are those of the attributes."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, eq=False, slots=True)
class VerifyInputs:
    """Windows to verify a model with.

    Attributes:
        inputs: int8 [n, elements].
        outputs: int8 [n, elements] that are expected, or None where the file has none.
        keep_state: the expected outputs were made without a reset between the windows (the ``s<k>_in<i>`` form).
        source: what to call them in a message.
    """

    inputs: Int8Array
    outputs: Int8Array | None
    keep_state: bool
    source: str


def verify_outputs(expected: Int8Array, actual: Int8Array) -> VerifyResult:
    """Compare outputs bit by bit.

    Args:
        expected: int8 [n, ...] of the reference.
        actual: int8 [n, ...]; sides after the first may be flattened.

    Raises:
        DataError: not int8, no windows, or sizes that differ.
    """
    for name, array in (("expected", expected), ("actual", actual)):
        if array.dtype != np.int8:
            raise DataError(f"{name} outputs", f"are {array.dtype}, not int8", "compare the raw outputs")
    if len(expected) == 0:
        raise DataError("expected outputs", "no windows", "give at least one window")
    left = expected.reshape(len(expected), -1).astype(np.int16)
    right = actual.reshape(len(actual), -1).astype(np.int16)
    if left.shape != right.shape:
        raise DataError(
            "actual outputs",
            f"{right.shape[0]} windows of {right.shape[1]} elements where {left.shape[0]} of {left.shape[1]} "
            "are expected",
            "compare outputs of the same model on the same windows",
        )
    apart = np.abs(left - right)
    wrong = apart != 0
    mismatches = int(np.count_nonzero(wrong))
    if mismatches == 0:
        return VerifyResult(True, len(left), 0, 0, 0, None, None, None, None)
    window = int(np.argmax(wrong.any(axis=1)))
    element = int(np.argmax(wrong[window]))
    return VerifyResult(
        False,
        len(left),
        mismatches,
        int(apart.max()),
        int(np.count_nonzero(wrong.any(axis=1))),
        window,
        element,
        int(left[window, element]),
        int(right[window, element]),
    )


def random_inputs(elements: int, *, windows: int = RANDOM_WINDOWS, seed: int = RANDOM_SEED) -> VerifyInputs:
    """Seeded windows that reach every value of an int8 and stay long where networks live.

    In order: all -128, all 127, all 0, -128 and 127 by turns, a ramp over all values; then by turns uniform noise
    over the full range, noise of a random narrower width around a random centre, and a random walk (the neighbours
    in time resemble each other, as a sensor's do). The same arguments give the same windows on every machine.

    Args:
        elements: numbers a window, >= 1.
        windows: how many, >= 1.
        seed: of numpy's PCG64.

    Raises:
        DataError: ``elements`` or ``windows`` below 1.
    """
    if elements < 1 or windows < 1:
        raise DataError("random inputs", f"{windows} windows of {elements} elements", "both must be at least 1")
    generator = np.random.default_rng(seed)
    index = np.arange(elements)
    rows: list[npt.NDArray[Any]] = [
        np.full(elements, -128),
        np.full(elements, 127),
        np.zeros(elements, np.int64),
        np.where(index % 2 == 0, -128, 127),
        index % 256 - 128,
    ]
    while len(rows) < windows:
        kind = len(rows) % 3
        if kind == 0:
            row = generator.integers(-128, 128, elements)
        elif kind == 1:
            width, centre = int(generator.integers(1, 65)), int(generator.integers(-64, 65))
            row = centre + generator.integers(-width, width + 1, elements)
        else:
            row = int(generator.integers(-128, 128)) + np.cumsum(generator.integers(-8, 9, elements))
        rows.append(row)
    inputs = np.clip(np.stack(rows[:windows]), -128, 127).astype(np.int8)
    return VerifyInputs(inputs, None, keep_state=False, source=f"{windows} random windows (seed {seed})")


def load_inputs(path: Path, *, input_elements: int, output_elements: int | None = None) -> VerifyInputs:
    """Windows, and expected outputs where given, from an ``.npz``.

    Two forms are read. ``inputs`` and, if present, ``outputs``: int8 [n, ...], each window starting from reset
    variables. Or ``s<k>_in<i>`` and, if present, ``s<k>_out<i>``: input i and output i of step k, the variables
    kept from step to step (``keep_state``); several inputs or outputs of a step are laid one after the other.
    Float arrays are not quantized here.

    Args:
        path: of the ``.npz``.
        input_elements: numbers the model takes a window.
        output_elements: numbers it gives; None to leave that unchecked.

    Raises:
        DataError: no such file, no ``.npz``, unknown keys, another dtype, or sizes that do not fit.
    """
    place = str(path)
    try:
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise DataError(place, "is a single array, not an .npz", "save it with numpy.savez(inputs=...)")
            arrays = {name: np.asarray(archive[name]) for name in archive}
    except FileNotFoundError as error:
        raise DataError(place, "no such file", "give an .npz with int8 `inputs` [n, ...]") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            place, f"cannot be read as .npz: {' '.join(str(error).split())}", "save it with numpy.savez"
        ) from error
    if "inputs" in arrays:
        inputs = _matrix(arrays["inputs"], input_elements, f"{place}: inputs")
        outputs = None
        if "outputs" in arrays:
            outputs = _matrix(arrays["outputs"], output_elements, f"{place}: outputs")
        keep_state = False
    else:
        inputs, outputs = _zoo(arrays, place, input_elements, output_elements)
        keep_state = True
    if outputs is not None and len(outputs) != len(inputs):
        raise DataError(
            place, f"{len(outputs)} outputs for {len(inputs)} inputs", "give one output a window, or none at all"
        )
    return VerifyInputs(inputs, outputs, keep_state=keep_state, source=path.name)


def _matrix(array: npt.NDArray[Any], elements: int | None, place: str) -> Int8Array:
    """The array as int8 [n, elements]."""
    if array.dtype != np.int8:
        raise DataError(place, f"is {array.dtype}, not int8", "quantize it with the model's scale and zero point")
    if array.ndim < 2 or len(array) == 0:
        raise DataError(place, f"has shape {array.shape}", "give int8 [n, ...] with at least one window")
    flat = array.reshape(len(array), -1)
    if elements is not None and flat.shape[1] != elements:
        raise DataError(
            place,
            f"{flat.shape[1]} numbers a window where the model has {elements}",
            "give windows made for this model",
        )
    return np.ascontiguousarray(flat)


def _zoo(
    arrays: Mapping[str, npt.NDArray[Any]], place: str, input_elements: int, output_elements: int | None
) -> tuple[Int8Array, Int8Array | None]:
    steps: dict[int, dict[str, dict[int, npt.NDArray[Any]]]] = {}
    for name, array in arrays.items():
        match = _ZOO_KEY.fullmatch(name)
        if match is None:
            raise DataError(
                place,
                f'unknown array "{name}"',
                "give `inputs` (and `outputs`), or `s<k>_in<i>` (and `s<k>_out<i>`)",
            )
        sides = steps.setdefault(int(match[1]), {"in": {}, "out": {}})
        sides[match[2]][int(match[3])] = array
    if not steps:
        raise DataError(place, "holds no arrays", "give `inputs` (and `outputs`)")

    def rows(side: str, elements: int | None) -> Int8Array:
        found = []
        for step in sorted(steps):
            parts = steps[step][side]
            if sorted(parts) != list(range(len(parts))) or not parts:
                raise DataError(
                    place,
                    f"step {step} has {side}puts {sorted(parts)}",
                    f"number them s{step}_{side}0, s{step}_{side}1, ...",
                )
            flat = np.concatenate([parts[i].ravel() for i in sorted(parts)])
            found.append(_matrix(flat.reshape(1, -1), elements, f"{place}: s{step}_{side}"))
        if len({row.shape for row in found}) != 1:
            raise DataError(place, f"steps have {side}puts of different sizes", "keep one shape through all steps")
        return np.concatenate(found)

    outputs = rows("out", output_elements) if any(sides["out"] for sides in steps.values()) else None
    return rows("in", input_elements), outputs
