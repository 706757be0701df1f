"""Inputs to verify a model with, and the comparison of outputs, element by element."""

from __future__ import annotations

import math
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError
from tinyforge.core.types import Int8Array
from tinyforge.evaluate.litert import Port, Ports, differences

RANDOM_WINDOWS = 64
RANDOM_SEED = 20261121

_ZOO_KEY = re.compile(r"s(\d+)_(in|out)(\d+)")


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a comparison of outputs found.

    Attributes:
        exact: every element of every output is equal.
        inferences: windows compared.
        mismatches: output elements that differ in any bit, over all windows.
        max_abs_diff: the largest difference of one element: steps of an integer, a real number for float outputs.
        mismatched_inferences: windows with at least one element that differs.
        first_window, first_element: where the first difference is (flat index in the output); None when exact.
        expected, actual: the two values there; None when exact.
    """

    exact: bool
    inferences: int
    mismatches: int
    max_abs_diff: float
    mismatched_inferences: int
    first_window: int | None
    first_element: int | None
    expected: float | None
    actual: float | None

    def to_json(self) -> dict[str, Any]:
        """The result as JSON-able values; key names are those of the attributes. Infinity and NaN are None."""
        said = {name: getattr(self, name) for name in self.__slots__}
        return {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in said.items()}


@dataclass(frozen=True, eq=False, slots=True)
class VerifyInputs:
    """Windows to verify a model with.

    Attributes:
        inputs: int8 [n, elements]; the bytes, as int8, where a model takes another type.
        outputs: int8 [n, elements] that are expected, likewise, or None where the file has none.
        keep_state: the expected outputs were made without a reset between the windows (the ``s<k>_in<i>`` form).
        source: what to call them in a message.
    """

    inputs: Int8Array
    outputs: Int8Array | None
    keep_state: bool
    source: str


def verify_outputs(expected: Int8Array, actual: Int8Array, outputs: Sequence[Port] = ()) -> VerifyResult:
    """Compare outputs bit by bit.

    Args:
        expected: int8 [n, ...] of the reference.
        actual: int8 [n, ...]; sides after the first may be flattened.
        outputs: of the model, when they are not all int8: the arrays then hold their bytes, one after the other.

    Raises:
        DataError: not int8, no windows, or sizes that differ.
    """
    for name, array in (("expected", expected), ("actual", actual)):
        if array.dtype != np.int8:
            raise DataError(f"{name} outputs", f"are {array.dtype}, not int8", "compare the raw outputs")
    if len(expected) == 0:
        raise DataError("expected outputs", "no windows", "give at least one window")
    left = expected.reshape(len(expected), -1)
    right = actual.reshape(len(actual), -1)
    if left.shape != right.shape or (outputs and left.shape[1] != sum(port.bytes for port in outputs)):
        raise DataError(
            "actual outputs",
            f"{right.shape[0]} windows of {right.shape[1]} elements where {left.shape[0]} of {left.shape[1]} "
            "are expected",
            "compare outputs of the same model on the same windows",
        )
    one, two = (_typed(side, outputs) for side in (left, right))
    apart = np.concatenate([differences(a, b) for a, b in zip(one, two, strict=True)], axis=1)
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
        apart.max().item(),
        int(np.count_nonzero(wrong.any(axis=1))),
        window,
        element,
        _element(one, window, element),
        _element(two, window, element),
    )


def _typed(rows: Int8Array, ports: Sequence[Port]) -> list[npt.NDArray[Any]]:
    """Bytes [n, bytes] as one array [n, elements] for each port; the rows themselves without ports."""
    if not ports:
        return [rows]
    ends = np.cumsum([port.bytes for port in ports])[:-1]
    pieces = np.split(rows, ends, axis=1)
    return [np.ascontiguousarray(piece).view(port.dtype) for piece, port in zip(pieces, ports, strict=True)]


def _element(sides: Sequence[npt.NDArray[Any]], window: int, element: int) -> float:
    for side in sides:
        if element < side.shape[1]:
            value: float = side[window, element].item()
            return value
        element -= side.shape[1]
    raise IndexError(element)


def random_inputs(
    inputs: int | Sequence[Port], *, windows: int = RANDOM_WINDOWS, seed: int = RANDOM_SEED
) -> VerifyInputs:
    """Seeded windows that reach every value of an int8 and stay long where networks live.

    In order: all -128, all 127, all 0, -128 and 127 by turns, a ramp over all values; then by turns uniform noise
    over the full range, noise of a random narrower width around a random centre, and a random walk (the neighbours
    in time resemble each other, as a sensor's do). The same arguments give the same windows on every machine.
    Other types take the same windows: uint8 moved up by 128, wider integers and floats with a random scale a window.

    Args:
        inputs: numbers a window of an int8 model, >= 1; or the model's inputs.
        windows: how many, >= 1.
        seed: of numpy's PCG64.

    Raises:
        DataError: no numbers, or ``windows`` below 1.
    """
    ports = () if isinstance(inputs, int) else tuple(inputs)
    elements = inputs if isinstance(inputs, int) else sum(port.elements for port in ports)
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
    said = np.clip(np.stack(rows[:windows]), -128, 127).astype(np.int8)
    if not all(port.dtype == "int8" for port in ports):
        # powers of two are the same floats everywhere: values from 1/128 of a unit up to hundreds
        scales = np.exp2(generator.integers(-7, 2, windows).astype(np.float64))
        ends = np.cumsum([port.elements for port in ports])[:-1]
        pieces = np.split(said, ends, axis=1)
        said = np.concatenate(
            [_as_bytes(piece, port.dtype, scales) for piece, port in zip(pieces, ports, strict=True)], axis=1
        )
    return VerifyInputs(said, None, keep_state=False, source=f"{windows} random windows (seed {seed})")


def _as_bytes(rows: Int8Array, dtype: str, scales: npt.NDArray[Any]) -> Int8Array:
    """int8 [n, elements] as the bytes of numbers of another type, int8 [n, bytes]."""
    kind = np.dtype(dtype)
    if kind == np.int8:
        typed: npt.NDArray[Any] = rows
    elif kind == np.uint8:
        typed = (rows.astype(np.int16) + 128).astype(np.uint8)
    elif kind.kind == "b":
        typed = rows > 0
    elif kind.kind == "f":
        typed = (rows * scales[:, None]).astype(kind)
    else:
        typed = (rows.astype(np.int64) << (7 if kind.itemsize == 2 else 0)).astype(kind)
    return np.ascontiguousarray(typed).view(np.int8)


def load_inputs(
    path: Path,
    ports: Ports | None = None,
    *,
    input_elements: int | None = None,
    output_elements: int | None = None,
) -> VerifyInputs:
    """Windows, and expected outputs where given, from an ``.npz``.

    Two forms are read. ``inputs`` and, if present, ``outputs``: int8 [n, ...], each window starting from reset
    variables. Or ``s<k>_in<i>`` and, if present, ``s<k>_out<i>``: input i and output i of step k, the variables
    kept from step to step (``keep_state``); several inputs or outputs of a step are laid one after the other.
    Arrays have the types of the model's inputs and outputs; floats are not quantized here.

    Args:
        path: of the ``.npz``.
        ports: the model's inputs and outputs.
        input_elements: without ``ports``: numbers an int8 model takes a window; None to leave that unchecked.
        output_elements: likewise, numbers it gives.

    Raises:
        DataError: no such file, no ``.npz``, unknown keys, another dtype, or sizes that do not fit.
    """
    place = str(path)
    sides = {
        "in": _sides(ports.inputs if ports else None, input_elements),
        "out": _sides(ports.outputs if ports else None, output_elements),
    }
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
        inputs = _matrix(arrays["inputs"], _only(sides["in"], f"{place}: inputs"), f"{place}: inputs")
        outputs = None
        if "outputs" in arrays:
            outputs = _matrix(arrays["outputs"], _only(sides["out"], f"{place}: outputs"), f"{place}: outputs")
        keep_state = False
    else:
        inputs, outputs = _zoo(arrays, place, sides)
        keep_state = True
    if outputs is not None and len(outputs) != len(inputs):
        raise DataError(
            place, f"{len(outputs)} outputs for {len(inputs)} inputs", "give one output a window, or none at all"
        )
    return VerifyInputs(inputs, outputs, keep_state=keep_state, source=path.name)


@dataclass(frozen=True, slots=True)
class _Side:
    """What an array must be: its type, and its numbers a window where that is known."""

    dtype: str
    elements: int | None


def _sides(ports: Sequence[Port] | None, elements: int | None) -> tuple[_Side, ...] | None:
    """One side a port; a single int8 side when only the elements are known; None when nothing is."""
    if ports is not None:
        return tuple(_Side(port.dtype, port.elements) for port in ports)
    return None if elements is None else (_Side("int8", elements),)


def _only(sides: tuple[_Side, ...] | None, place: str) -> _Side:
    """The side that a single array stands for: several int8 ones are laid one after the other."""
    if sides is None:
        return _Side("int8", None)
    if len(sides) == 1:
        return sides[0]
    if any(side.dtype != "int8" for side in sides):
        raise DataError(place, f"stands for {len(sides)} arrays of different types", "name them s0_in0, s0_in1, ...")
    return _Side("int8", sum(side.elements or 0 for side in sides))


def _matrix(array: npt.NDArray[Any], side: _Side, place: str) -> Int8Array:
    """The bytes of the array as int8 [n, bytes]."""
    if array.dtype != np.dtype(side.dtype):
        way_out = "quantize it with the model's scale and zero point" if side.dtype == "int8" else "convert it"
        raise DataError(place, f"is {array.dtype}, not {side.dtype}", way_out)
    if array.ndim < 2 or len(array) == 0:
        raise DataError(place, f"has shape {array.shape}", f"give {side.dtype} [n, ...] with at least one window")
    flat = array.reshape(len(array), -1)
    if side.elements is not None and flat.shape[1] != side.elements:
        raise DataError(
            place,
            f"{flat.shape[1]} numbers a window where the model has {side.elements}",
            "give windows made for this model",
        )
    return np.ascontiguousarray(flat).view(np.int8)


def _zoo(
    arrays: Mapping[str, npt.NDArray[Any]], place: str, expected: Mapping[str, tuple[_Side, ...] | None]
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

    def rows(which: str) -> Int8Array:
        known = expected[which]
        found = []
        for step in sorted(steps):
            parts = steps[step][which]
            if sorted(parts) != list(range(len(parts))) or not parts:
                raise DataError(
                    place,
                    f"step {step} has {which}puts {sorted(parts)}",
                    f"number them s{step}_{which}0, s{step}_{which}1, ...",
                )
            flat = [parts[i].reshape(1, -1) for i in sorted(parts)]
            if known is None or (len(known) == 1 and len(flat) > 1):
                # no ports to tell them apart by: int8, counted together
                flat, sides = [np.concatenate(flat, axis=1)], [_only(known, place)]
            elif len(known) == len(flat):
                sides = list(known)
            else:
                raise DataError(
                    place,
                    f"step {step} has {len(flat)} {which}puts where the model has {len(known)}",
                    "give windows made for this model",
                )
            names = [f"{place}: s{step}_{which}{i}" for i in range(len(flat))]
            found.append(np.concatenate([_matrix(*piece) for piece in zip(flat, sides, names, strict=True)], axis=1))
        if len({row.shape for row in found}) != 1:
            raise DataError(place, f"steps have {which}puts of different sizes", "keep one shape through all steps")
        return np.concatenate(found)

    return rows("in"), rows("out") if any(sides["out"] for sides in steps.values()) else None
