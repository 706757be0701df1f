"""What every runtime returns: the manifest of a generated folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from tinyforge.core.errors import DataError
from tinyforge.core.files import write_json
from tinyforge.core.graph import Compiled, Tensor

MANIFEST_NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class Boundary:
    """An input or output of the model.

    Attributes:
        name: as the model says it.
        shape: of one inference, batch included.
        dtype: element type by numpy's name.
        bytes: of the buffer the caller gives.
        scale, zero_point: quantization; 0.0 and 0 where there is none.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One kernel call as the manifest lists it.

    Attributes:
        index: position among the calls.
        op: index of the operator in the model's file.
        name: C identifier of its parameters.
        kernel: C function.
        tensors: indices of the model's tensors it writes.
        macs: multiply-accumulates.
        const_bytes: flash of its constant arrays.
    """

    index: int
    op: int
    name: str
    kernel: str
    tensors: tuple[int, ...]
    macs: int
    const_bytes: int


@dataclass(frozen=True, slots=True)
class Sliding:
    """The function for the new samples of a sliding window, beside that for whole windows.

    Attributes:
        hop: samples a call takes.
        function: C function of one call: like ``Manifest.function``, its input are the new samples alone.
        reset: C function to be called before the first call, and after a gap.
        preprocess: C function from a number of raw float samples to the input, or None.
        macs: multiply-accumulates of one call.
        layers: the calls it makes.
    """

    hop: int
    function: str
    reset: str
    preprocess: str | None
    macs: int
    layers: tuple[LayerCost, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is needed to build and call what lies in a generated folder; paths are relative to it.

    Attributes:
        name: C identifier of the model.
        runtime: which runtime wrote it.
        function: C function of one inference.
        reset: C function that sets the state between inferences to its start, or None for a stateless model.
        continue_function: like ``function``, but a recurrent layer goes on from its last state; None where the two are
            the same.
        preprocess: C function from raw float samples to the input, or None.
        header: what to include.
        include_dirs: for ``-I``.
        sources, sources_dsp: C files for any CPU, and for one with Armv7E-M DSP instructions.
        defines, cflags: for the compiler.
        input, output: the first ones.
        inputs, outputs: all of them, in the order of the function's arguments.
        input_bytes, output_bytes, arena_bytes, state_bytes: RAM; the first two are the caller's.
        weight_bytes: flash of constant arrays.
        parameter_bytes: flash of the structures that point to them, on a 32-bit CPU.
        macs: multiply-accumulates of one inference.
        labels: class names; empty when unknown.
        model_sha256: of the ``.tflite``.
        abi: version of the kernels.
        layers: the calls.
        sliding: where there is also a function for a sliding window; else None, and not in the file.
    """

    name: str
    runtime: str
    function: str
    reset: str | None
    continue_function: str | None
    preprocess: str | None
    header: str
    include_dirs: tuple[str, ...]
    sources: tuple[str, ...]
    sources_dsp: tuple[str, ...]
    defines: tuple[str, ...]
    cflags: tuple[str, ...]
    input: Boundary
    output: Boundary
    inputs: tuple[Boundary, ...]
    outputs: tuple[Boundary, ...]
    input_bytes: int
    output_bytes: int
    arena_bytes: int
    state_bytes: int
    weight_bytes: int
    macs: int
    labels: tuple[str, ...]
    model_sha256: str
    abi: int
    layers: tuple[LayerCost, ...]
    parameter_bytes: int = 0
    sliding: Sliding | None = None

    def write(self, out_dir: Path) -> Path:
        """Write ``manifest.json`` into ``out_dir`` and return its path."""
        path = out_dir / MANIFEST_NAME
        write_json(path, self.as_json())
        return path

    def as_json(self) -> dict[str, Any]:
        """What stands in the file."""
        said = asdict(self)
        if self.sliding is None:
            del said["sliding"]
        return said

    @staticmethod
    def load(out_dir: Path) -> Manifest:
        """Read the ``manifest.json`` of a generated folder.

        Raises:
            DataError: there is none, or it is not one.
        """
        path = out_dir / MANIFEST_NAME
        try:
            said: dict[str, Any] = json.loads(path.read_text("utf-8"))
            fields: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in said.items()
            }
            fields["input"], fields["output"] = _boundary(said["input"]), _boundary(said["output"])
            fields["inputs"] = tuple(_boundary(entry) for entry in said["inputs"])
            fields["outputs"] = tuple(_boundary(entry) for entry in said["outputs"])
            fields["layers"] = _layers(said["layers"])
            if "sliding" in said:
                fields["sliding"] = Sliding(**{**said["sliding"], "layers": _layers(said["sliding"]["layers"])})
            return Manifest(**fields)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                str(path), f"is no manifest of generated code ({error})", "run `tinyforge export` again"
            ) from error


class Runtime(Protocol):
    """Prints a compiled model."""

    name: str

    def generate(self, compiled: Compiled, out_dir: Path) -> Manifest:
        """Write everything into ``out_dir`` and return its manifest, which is written as well.

        The same model gives the same bytes.
        """
        ...


def boundary_of(tensor: Tensor) -> Boundary:
    """The manifest's description of an input or output."""
    quant = tensor.quant
    one = quant is not None and quant.per_tensor
    return Boundary(
        tensor.name,
        tensor.shape,
        tensor.dtype.value,
        tensor.bytes,
        quant.scale[0] if one and quant is not None else 0.0,
        quant.zero_point[0] if one and quant is not None else 0,
    )


def layer_costs(compiled: Compiled) -> tuple[LayerCost, ...]:
    """The manifest's list of calls."""
    return tuple(
        LayerCost(layer.index, layer.op, layer.name, layer.kernel, layer.outputs, layer.macs, layer.const_bytes)
        for layer in compiled.layers
    )


def _layers(said: Iterable[Mapping[str, Any]]) -> tuple[LayerCost, ...]:
    return tuple(LayerCost(**{**entry, "tensors": tuple(entry["tensors"])}) for entry in said)


def _boundary(said: Mapping[str, Any]) -> Boundary:
    return Boundary(**{**said, "shape": tuple(said["shape"])})
