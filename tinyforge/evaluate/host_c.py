"""The exported C on this machine: compiled by the host's compiler, called through ctypes."""

from __future__ import annotations

import ctypes
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError, ToolError
from tinyforge.core.types import Float32Array, Int8Array
from tinyforge.toolchain.host import build_shared

Progress = Callable[[int, int], None]

MANIFEST = "manifest.json"


class HostModel:
    """An exported model, loaded. One at a time: its arena is static.

    Attributes:
        name: as in the manifest.
        input_bytes, output_bytes: of one inference.
        input_shape, output_shape: of one inference, without the batch.
        stateful: it keeps state between inferences and has ``<name>_reset``.
    """

    def __init__(self, library: ctypes.CDLL, manifest: Mapping[str, Any], place: str) -> None:
        self.name: str = manifest["name"]
        inputs = manifest.get("inputs") or [{"bytes": manifest["input_bytes"]}]
        outputs = manifest.get("outputs") or [{"bytes": manifest["output_bytes"]}]
        self._input_sides = [int(side["bytes"]) for side in inputs]
        self._output_sides = [int(side["bytes"]) for side in outputs]
        self.input_bytes = sum(self._input_sides)
        self.output_bytes = sum(self._output_sides)
        self.input_shape = _without_batch(manifest["input"]["shape"]) if len(inputs) == 1 else (self.input_bytes,)
        self.output_shape = _without_batch(manifest["output"]["shape"]) if len(outputs) == 1 else (self.output_bytes,)
        self._layers: Sequence[Mapping[str, Any]] = manifest.get("layers", ())
        self._place = place
        self._invoke = _function(library, manifest["function"], place)
        going_on = manifest.get("continue_function")
        self._continue = _function(library, going_on, place) if going_on else self._invoke
        self._reset = _optional(library, f"{self.name}_reset")
        self._preprocess = _optional(library, f"{self.name}_preprocess")
        self._trace = _optional(library, f"{self.name}_trace")
        self._library = library  # ctypes unloads nothing, but the functions must not outlive it

    @property
    def stateful(self) -> bool:
        """It keeps state between inferences."""
        return self._reset is not None

    def __call__(
        self, inputs: Int8Array, *, keep_state: bool = False, on_progress: Progress | None = None
    ) -> Int8Array:
        """Outputs of the C code of an int8 model.

        Args:
            inputs: int8 [n, ...]; sides after the first may be flattened. Several inputs lie one after the other.
            keep_state: do not reset a stateful model before each window.
            on_progress: called as ``on_progress(done, n)`` after each window.

        Returns:
            int8 [n, ...] in the shape of the output; flat when there are several.

        Raises:
            DataError: the inputs do not fit.
        """
        if inputs.dtype != np.int8 or inputs.ndim < 2 or int(np.prod(inputs.shape[1:])) != self.input_bytes:
            raise DataError(
                self._place,
                f"inputs are {inputs.dtype} {list(inputs.shape)}",
                f"give int8 [n, ...] with {self.input_bytes} numbers a window",
            )
        rows = np.ascontiguousarray(inputs).reshape(len(inputs), self.input_bytes).view(np.uint8)
        outputs = self.run_bytes(rows, keep_state=keep_state, on_progress=on_progress)
        return outputs.view(np.int8).reshape(len(rows), *self.output_shape)

    def run_bytes(
        self, rows: npt.NDArray[np.uint8], *, keep_state: bool = False, on_progress: Progress | None = None
    ) -> npt.NDArray[np.uint8]:
        """Outputs of the C code, whatever the types of the model's inputs and outputs.

        Args:
            rows: uint8 [n, input_bytes]: the inputs of each inference as they lie in memory, one after the other.
            keep_state: do not reset a stateful model before each inference, and let recurrent layers go on.
            on_progress: called as ``on_progress(done, n)`` after each inference.

        Returns:
            uint8 [n, output_bytes]: the outputs, likewise.
        """
        outputs = np.zeros((len(rows), self.output_bytes), np.uint8)
        invoke = self._continue if keep_state else self._invoke
        if keep_state and self._reset is not None:
            self._reset()
        for index in range(len(rows)):
            if self._reset is not None and not keep_state:
                self._reset()
            self._call(invoke, rows[index], outputs[index])
            if on_progress is not None:
                on_progress(index + 1, len(rows))
        return outputs

    def _call(self, function: Any, row: npt.NDArray[np.uint8], output: npt.NDArray[np.uint8], *more: Any) -> None:
        """One call. Each side gets a buffer of its own, aligned as any C object would be."""
        taken = [np.zeros(-(-size // 8) + 1, np.int64) for size in self._input_sides]
        given = [np.zeros(-(-size // 8) + 1, np.int64) for size in self._output_sides]
        at = 0
        for buffer, size in zip(taken, self._input_sides, strict=True):
            buffer.view(np.uint8)[:size] = row[at : at + size]
            at += size
        function(*[ctypes.c_void_p(buffer.ctypes.data) for buffer in (*taken, *given)], *more)
        at = 0
        for buffer, size in zip(given, self._output_sides, strict=True):
            output[at : at + size] = buffer.view(np.uint8)[:size]
            at += size

    def trace(self, row: npt.NDArray[np.uint8]) -> dict[int, npt.NDArray[np.int8]]:
        """Every tensor that one inference writes, from a reset state.

        Args:
            row: uint8 [input_bytes].

        Returns:
            By index of the tensor in the model: int8, flat.

        Raises:
            DataError: the library was loaded without ``trace``.
        """
        if self._trace is None:
            raise DataError(self._place, "was compiled without its trace", "load it with trace=True")
        if self._reset is not None:
            self._reset()
        seen: dict[int, npt.NDArray[np.int8]] = {}
        nth: dict[int, int] = {}

        def hook(_context: Any, layer: int, data: int | None, size: int) -> None:
            if data is None:
                return
            tensors = self._layers[layer]["tensors"]
            position = nth.get(layer, 0)
            nth[layer] = position + 1
            seen[int(tensors[position])] = np.frombuffer(ctypes.string_at(data, size), np.int8)

        kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
        self._call(self._trace, row, np.zeros(self.output_bytes, np.uint8), kind(hook), None)
        return seen

    def preprocess(self, windows: Float32Array) -> Int8Array:
        """Raw windows as the C code quantizes them.

        Args:
            windows: float32 [n, time, channel] in physical units.

        Returns:
            int8 [n, ...] in the shape of the input.

        Raises:
            DataError: the windows do not fit, or the model carries no preprocessing.
        """
        if self._preprocess is None:
            raise DataError(self._place, "carries no preprocessing", "export a model made by `tinyforge compress`")
        if int(np.prod(windows.shape[1:])) != self.input_bytes:
            raise DataError(
                self._place, f"windows of shape {windows.shape[1:]}", f"give {self.input_bytes} numbers a window"
            )
        rows = np.ascontiguousarray(windows, np.float32).reshape(len(windows), self.input_bytes)
        inputs = np.zeros(rows.shape, np.int8)
        for index in range(len(rows)):
            self._preprocess(ctypes.c_void_p(rows[index].ctypes.data), ctypes.c_void_p(inputs[index].ctypes.data))
        return inputs.reshape(len(rows), *self.input_shape)


def _without_batch(shape: Sequence[int]) -> tuple[int, ...]:
    sides = tuple(int(side) for side in shape)
    return sides[1:] if len(sides) > 1 and sides[0] == 1 else sides


def _function(library: ctypes.CDLL, name: str, place: str) -> Any:
    try:
        function = getattr(library, name)
    except AttributeError as error:
        raise ToolError(place, f"the library has no function {name}", "export the model again") from error
    function.restype = None
    return function


def _optional(library: ctypes.CDLL, name: str) -> Any:
    function = getattr(library, name, None)
    if function is not None:
        function.restype = None
    return function


def load_manifest(model_dir: Path) -> dict[str, Any]:
    """The manifest of an exported model.

    Raises:
        DataError: there is none, or it lacks a key.
    """
    path = model_dir / MANIFEST
    try:
        manifest: Any = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise DataError(str(path), "no such file", "run `tinyforge export MODEL.tflite --out DIR` first") from error
    except (OSError, ValueError) as error:
        raise DataError(str(path), f"cannot be read: {error}", "export the model again") from error
    needed = ("name", "function", "include_dirs", "sources", "input_bytes", "output_bytes", "input", "output")
    missing = [key for key in needed if not isinstance(manifest, dict) or key not in manifest]
    if not missing:
        missing = [f"{side}.shape" for side in ("input", "output") if "shape" not in manifest[side]]
    if missing:
        raise DataError(str(path), f"lacks {', '.join(missing)}", "export the model again")
    return dict(manifest)


def load_invoke(model_dir: Path, *, build_dir: Path | None = None, trace: bool = False) -> HostModel:
    """Compile an exported model with its portable kernels and load it.

    The library is named after the digest of everything it is made of, so an unchanged model is not built again.

    Args:
        model_dir: folder that ``tinyforge export`` wrote, with ``manifest.json``.
        build_dir: where the library goes; ``<model_dir>/host`` when None.
        trace: compile ``<name>_trace`` too, for :meth:`HostModel.trace`.

    Raises:
        DataError: no manifest, or a source it names is missing.
        ToolError: no compiler, or it fails.
    """
    manifest = load_manifest(model_dir)
    sources = [model_dir / name for name in manifest["sources"]]
    includes = [model_dir / name for name in manifest["include_dirs"]]
    flags = [f"-D{define}" for define in manifest.get("defines", ())] + ["-DTFG_TRACE"] * trace
    digest = hashlib.sha256(json.dumps([manifest, flags], sort_keys=True).encode())
    for path in sources:
        if not path.is_file():
            raise DataError(str(path), "no such file", "export the model again")
    headers = sorted({header for folder in includes for header in folder.rglob("*.h")})
    for path in [*sources, *headers]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    library = (build_dir or model_dir / "host").resolve() / f"{manifest['name']}_{digest.hexdigest()[:16]}.so"
    if not library.is_file():
        build_shared(sources, includes, library, flags)
    try:
        return HostModel(ctypes.CDLL(str(library)), manifest, str(model_dir))
    except OSError as error:
        raise ToolError(str(library), f"cannot be loaded: {error}", "remove it and try again") from error
