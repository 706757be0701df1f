"""Writes ``<name>.h``, ``<name>.c``, the kernels and ``manifest.json``. Python computes here; Jinja only prints."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.files import write_bytes, write_text
from tinyforge.core.graph import Array, Compiled, DType, Layer, Tensor
from tinyforge.core.model_info import INFO_NAME, info_to_json
from tinyforge.core.names import c_characters, c_comment, c_string
from tinyforge.core.resources import csrc_dir
from tinyforge.core.templates import templates
from tinyforge.runtimes.aot.literals import array_lines, c_type_of, grouped, number, word_lines
from tinyforge.runtimes.aot.printers import print_layer
from tinyforge.runtimes.aot.sizes import parameter_bytes
from tinyforge.runtimes.base import Manifest, Sliding, boundary_of, layer_costs
from tinyforge.runtimes.preprocess import preprocessing_constants

ABI = 1
CFLAGS = ("-std=c99", "-ffp-contract=off")
KERNEL_DIR = "tfg"
# what several kernels of src/dsp call; the linker drops what none does
_SHARED = ("channels", "dense", "depthwise", "gates", "narrow", "pool_tiles", "rows", "single", "tiles", "windows")
DSP_SHARED = tuple(f"tfg_{name}.c" for name in _SHARED)
_MOST_COLUMNS = 24  # of the arena's map with a digit and a space each
_MOST_DENSE_COLUMNS = 96
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_CALLED = re.compile(r'^#include "tfg/(\w+)\.h"', re.MULTILINE)  # a kernel's own header among them
_LONGEST_LITERAL = 4095  # bytes a C99 compiler must take (5.2.4.1)


class AotRuntime:
    """The ``aot`` runtime."""

    name = "aot"

    def generate(self, compiled: Compiled, out_dir: Path) -> Manifest:
        """Write the model as C with everything it needs; see ``Runtime``.

        Raises:
            UnsupportedModelError: the model's TINYFORGE metadata does not fit its input or output.
        """
        view = ModelView(compiled)
        header, source = view.header(), view.source()
        write_text(out_dir / f"{compiled.name}.h", header)
        write_text(out_dir / f"{compiled.name}.c", source)
        portable, dsp = _copy_kernels(view.kernels(), out_dir)
        first_in, first_out = (boundary_of(tensors[0]) for tensors in (view.inputs, view.outputs))
        manifest = Manifest(
            name=compiled.name,
            runtime=self.name,
            function=f"{compiled.name}_invoke",
            reset=f"{compiled.name}_reset" if compiled.states else None,
            continue_function=f"{compiled.name}_continue" if view.windowed else None,
            preprocess=f"{compiled.name}_preprocess" if compiled.info else None,
            header=f"{compiled.name}.h",
            include_dirs=(".", f"{KERNEL_DIR}/include"),
            sources=(f"{compiled.name}.c", *portable),
            sources_dsp=(f"{compiled.name}.c", *dsp),
            defines=(),
            cflags=CFLAGS,
            input=first_in,
            output=first_out,
            inputs=tuple(boundary_of(tensor) for tensor in view.inputs),
            outputs=tuple(boundary_of(tensor) for tensor in view.outputs),
            input_bytes=first_in.bytes,
            output_bytes=first_out.bytes,
            arena_bytes=compiled.arena_bytes,
            state_bytes=compiled.state_bytes,
            weight_bytes=compiled.weight_bytes,
            macs=compiled.macs,
            labels=compiled.info.labels if compiled.info else (),
            model_sha256=compiled.digest,
            abi=ABI,
            layers=layer_costs(compiled),
            parameter_bytes=sum(parameter_bytes(kernel) for kernel in view.structs()),
            sliding=_sliding(compiled),
        )
        manifest.write(out_dir)
        if compiled.info is not None:
            write_bytes(out_dir / INFO_NAME, info_to_json(compiled.info))
        return manifest


def _sliding(compiled: Compiled) -> Sliding | None:
    """What the manifest says of the function for new samples that stands beside that for whole windows."""
    found = compiled.sliding
    if found is None or found.stream is None:
        return None
    return Sliding(
        hop=found.stream.hop,
        function=f"{compiled.name}_slide",
        reset=f"{compiled.name}_slide_reset",
        preprocess=f"{compiled.name}_preprocess_samples" if compiled.info else None,
        macs=found.macs,
        layers=layer_costs(found),
    )


def _copy_kernels(kernels: list[str], out_dir: Path) -> tuple[list[str], list[str]]:
    """Copy headers and sources of kernels; the two source lists, relative to ``out_dir``."""
    library, target = csrc_dir(), out_dir / KERNEL_DIR
    fast = [kernel for kernel in kernels if (library / "src" / "dsp" / f"{kernel}.c").is_file()]
    sources = [f"src/portable/{kernel}.c" for kernel in kernels] + [f"src/dsp/{kernel}.c" for kernel in fast]
    if fast:
        sources.extend(f"src/dsp/{name}" for name in DSP_SHARED)
    for name in _with_headers(sources):
        write_bytes(target / name, (library / name).read_bytes())
    portable = [f"{KERNEL_DIR}/src/portable/{kernel}.c" for kernel in kernels]
    dsp = [f"{KERNEL_DIR}/src/{'dsp' if kernel in fast else 'portable'}/{kernel}.c" for kernel in kernels]
    if fast:
        dsp.extend(f"{KERNEL_DIR}/src/dsp/{name}" for name in DSP_SHARED)
    return portable, dsp


def _with_called(kernels: set[str]) -> list[str]:
    """These kernels with those that they call, which they include the headers of; sorted."""
    found: set[str] = set()
    left = sorted(kernels)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            text = (csrc_dir() / "src" / "portable" / f"{name}.c").read_text("utf-8")
            left.extend(_CALLED.findall(text))
    return sorted(found)


def _with_headers(sources: list[str]) -> set[str]:
    """These files of csrc, relative to it, with all headers that they include and those include."""
    library, found, left = csrc_dir(), {"include/tfg.h", "src/tfg_internal.h"}, list(sources)
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        folder = (library / name).parent
        for header in _INCLUDE.findall((library / name).read_text("utf-8")):
            near = folder / header
            path = near if near.is_file() else library / "include" / header
            left.append(path.resolve().relative_to(library.resolve()).as_posix())
    return found


@dataclass(frozen=True, slots=True)
class PrintedArray:
    """One constant array."""

    name: str
    c_type: str
    count: int
    comment: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class PrintedLayer:
    """One call with its parameters."""

    index: int
    comment: str
    arrays: list[PrintedArray]
    struct: str
    name: str
    members: list[tuple[str, str]]
    call: str
    trace: list[tuple[str, int]]
    shared: bool = False  # parameters that another call has, too


class ModelView:
    """Everything the templates print, computed.

    Args:
        compiled: the model.
        beside: the view of whole windows, whose constants a sliding window's calls use.
    """

    def __init__(self, compiled: Compiled, beside: ModelView | None = None) -> None:
        self.compiled = compiled
        self.graph = compiled.graph
        self.inputs = [self.graph.tensors[index] for index in self.graph.inputs]
        self.outputs = [self.graph.tensors[index] for index in self.graph.outputs]
        self.windowed = any(state.per_window for state in compiled.states)
        self._places = self._caller_buffers()
        self._slot_names = {slot.tensor: slot.name.upper() for slot in compiled.plan.slots}
        self._beside = beside
        self.arrays: dict[tuple[str, bytes], str] = {} if beside is None else beside.arrays
        self.struct_names: dict[Any, str] = {} if beside is None else beside.struct_names
        self._whole_after = {  # a concatenation is written by several calls
            self.graph.root(index): layer.index for layer in compiled.layers for index in layer.outputs
        }
        self.layers = [self._layer(layer) for layer in compiled.layers]
        self.sliding = ModelView(compiled.sliding, self) if compiled.sliding is not None else None

    def kernels(self) -> list[str]:
        """Names of the kernels used, sorted, with those that they call."""
        more = self.sliding.kernels() if self.sliding else ()
        return _with_called({*(layer.kernel for layer in self.compiled.layers), *more})

    def structs(self) -> list[str]:
        """Names of the kernels, once for each structure of parameters that is printed."""
        mine = [layer.struct.removesuffix("_t") for layer in self.layers if not layer.shared]
        return [*mine, *(self.sliding.structs() if self.sliding else ())]

    def header(self) -> str:
        """Text of ``<name>.h``."""
        return _render("model.h.j2", self._context())

    def source(self) -> str:
        """Text of ``<name>.c``."""
        return _render("model.c.j2", self._context())

    def _caller_buffers(self) -> dict[int, str]:
        places = {}
        for names, tensors in (("input", self.inputs), ("output", self.outputs)):
            for position, tensor in enumerate(tensors):
                name = names if len(tensors) == 1 else f"{names}_{position}"
                places[self.graph.root(tensor.index)] = name
        return places

    def _context(self) -> dict[str, Any]:
        compiled = self.compiled
        return {
            "name": compiled.name,
            "upper": compiled.name.upper(),
            "abi": ABI,
            "digest": compiled.digest,
            "inputs": self._boundaries("input", self.inputs),
            "outputs": self._boundaries("output", self.outputs),
            "arguments": ", ".join(
                [
                    *(
                        f"const {tensor.dtype.c_type} *{self._places[self.graph.root(tensor.index)]}"
                        for tensor in self.inputs
                    ),
                    *(
                        f"{tensor.dtype.c_type} *{self._places[self.graph.root(tensor.index)]}"
                        for tensor in self.outputs
                    ),
                ]
            ),
            "unused": self._unused(),
            "passed": ", ".join(
                self._places[self.graph.root(tensor.index)] for tensor in (*self.inputs, *self.outputs)
            ),
            "macs": grouped(compiled.macs),
            "weight_bytes": grouped(compiled.weight_bytes),
            "arena_bytes": compiled.arena_bytes,
            "arena_text": grouped(compiled.arena_bytes),
            "bound_text": "no plan can be smaller"
            if compiled.plan.optimal
            else f"lower bound {grouped(compiled.plan.lower_bound_bytes)} B",
            "state_bytes": compiled.state_bytes,
            "peak": compiled.plan.peak_op,
            "align": self.align(),
            "map": self.arena_map(),
            "slots": self.slots(),
            "states": self.states(),
            "sliding": self._sliding(),
            "windowed": self.windowed,
            "stream": self.compiled.stream,
            "layers": self.layers,
            "kernels": self.kernels(),
            "info": self._info(),
        }

    def states(self) -> list[dict[str, Any]]:
        """The states, without those that whole windows have, too."""
        known = {state.name for state in self._beside.compiled.states} if self._beside else set()
        return [
            {
                "name": state.name,
                "c_type": state.dtype.c_type,
                "elements": state.elements,
                "value": number(state.reset_value, state.dtype.c_type),
                "per_window": state.per_window,
                "comment": c_comment(self.graph.tensors[state.tensor].name),
            }
            for state in self.compiled.states
            if state.name not in known
        ]

    def _sliding(self) -> dict[str, Any] | None:
        """The calls for a sliding window, beside those for whole windows."""
        view = self.sliding
        if view is None:
            return None
        plan = view.compiled.plan
        return {
            "stream": view.compiled.stream,
            "layers": view.layers,
            "states": view.states(),
            "slots": view.slots(),
            "map": view.arena_map(),
            "macs": grouped(view.compiled.macs),
            "arena_text": grouped(plan.arena_bytes),
            "peak": plan.peak_op,
        }

    def align(self) -> int:
        """Of the arena."""
        mine = 8 if any(tensor.dtype.bytes == 8 for tensor in self.graph.tensors) else 4
        return max(mine, self.sliding.align() if self.sliding else 0)

    def _unused(self) -> list[str]:
        """Inputs that no call reads."""
        read = {self.graph.root(index) for layer in self.compiled.layers for index in layer.inputs}
        return [self._places[tensor.index] for tensor in self.inputs if tensor.index not in read]

    def _boundaries(self, what: str, tensors: list[Tensor]) -> list[dict[str, Any]]:
        found = []
        for position, tensor in enumerate(tensors):
            entry = boundary_of(tensor)
            name = what if len(tensors) == 1 else f"{what}_{position}"
            shape = "".join(f"[{size}]" for size in (tensor.shape[1:] if tensor.shape[:1] == (1,) else tensor.shape))
            sign = "-" if entry.zero_point >= 0 else "+"
            real = f"real = (q {sign} {abs(entry.zero_point)}) * {number(entry.scale, 'float')}"
            found.append(
                {
                    "name": name,
                    "upper": name.upper(),
                    "type": tensor.dtype.value,
                    "shape": shape or "[1]",
                    "real": real if entry.scale else "not quantized",
                    "bytes": tensor.bytes,
                    "elements": tensor.elements,
                    "scale": number(entry.scale, "float"),
                    "zero_point": entry.zero_point,
                    "quantized": entry.scale != 0.0,
                    "comment": c_comment(tensor.name),
                }
            )
        return found

    def _info(self) -> dict[str, Any] | None:
        info = self.compiled.info
        if info is None:
            return None
        where = f"{self.graph.place}: metadata TINYFORGE"
        tensor, channels = self.inputs[0], len(info.channels)
        if tensor.dtype is not DType.INT8 or tensor.elements != info.window.length * channels or len(self.inputs) != 1:
            raise UnsupportedModelError(
                where,
                f"describes windows of {info.window.length} x {channels}, the input has {tensor.elements} elements",
                "compress the model again with tinyforge",
            )
        if len(info.labels) not in {0, self.outputs[0].elements}:
            raise UnsupportedModelError(
                where,
                f"names {len(info.labels)} labels for {self.outputs[0].elements} outputs",
                "compress the model again with tinyforge",
            )
        entry = boundary_of(tensor)
        mean, factor = preprocessing_constants(info, entry.scale)
        if not np.all(np.isfinite([mean, factor])):
            raise UnsupportedModelError(
                where,
                f"standardises by mean {list(info.preprocessing.mean)} and std {list(info.preprocessing.std)} for an "
                f"input of scale {entry.scale:g}, which float32 cannot",
                "compress the model again with tinyforge",
            )
        return {
            "labels": [self._label(number_, label) for number_, label in enumerate(info.labels)],
            "length": info.window.length,
            "channels": channels,
            "columns": c_comment(" ".join(channel.name for channel in info.channels)),
            "units": c_comment(" ".join(channel.unit for channel in info.channels)),
            "rate": f"{info.window.rate_hz:g}",
            "mean": ", ".join(number(value, "float") for value in mean),
            "factor": ", ".join(number(value, "float") for value in factor),
            "zero_point": entry.zero_point,
        }

    def _label(self, number_: int, label: str) -> dict[str, Any]:
        """A class name: a literal, or the name of an array where C99 promises no literal of that length."""
        characters = c_characters(label)
        if len(characters) <= _LONGEST_LITERAL:
            return {"text": c_string(label), "lines": None}
        name = f"{self.compiled.name}_label_{number_}"
        return {"text": name, "lines": word_lines(characters), "bytes": len(characters)}

    def arena_map(self) -> list[str]:
        """The arena as lines: offset, bytes, a column a call, name and shape."""
        calls = len(self.compiled.layers)
        gap = " " if calls <= _MOST_COLUMNS else ""
        wide = -(-calls // _MOST_DENSE_COLUMNS)  # calls a column stands for
        columns = [(first, min(first + wide, calls) - 1) for first in range(0, calls, wide)] if calls else []
        if gap:
            title = " ".join(str(call % 10) for call in range(calls))
        else:
            title = f"0..{calls - 1}" + (f", {wide} a column" if wide > 1 else "")
        lines = [f"offset   bytes   op {title}"]
        for slot in self.compiled.plan.slots:
            row = gap.join("#" if slot.first <= last and first <= slot.last else "." for first, last in columns)
            shape = ""
            if slot.tensor >= 0:
                tensor = self.graph.tensors[slot.tensor]
                sizes = tensor.shape[1:] if tensor.shape[:1] == (1,) else tensor.shape
                shape = " " + ("".join(f"[{size}]" for size in sizes) or "[1]")
            lines.append(f"{slot.offset:6d} {slot.bytes:7d}      {row}  {slot.name}{shape}")
        return lines

    def slots(self) -> list[tuple[str, str]]:
        """Name and C expression of each slot of the arena, sorted."""
        found = []
        for slot in self.compiled.plan.slots:
            at = f"(arena + {slot.offset})"
            if slot.tensor < 0:
                at = f"((void *){at})"
            elif self.graph.tensors[slot.tensor].dtype is not DType.INT8:
                at = f"(({self.graph.tensors[slot.tensor].dtype.c_type} *)(void *){at})"
            found.append((slot.name.upper(), at))
        return sorted(found)

    def _pointer(self, index: int) -> str:
        """The C expression of a tensor's bytes, in the type of its storage."""
        storage = self._storage(index)
        if self.compiled.stream is None:
            return storage
        terms = [storage]
        while True:
            place = self.compiled.stream.places.get(index)
            if place is not None and place.phases > 1:
                terms.append(f"{self.compiled.stream.counter}[0] % {place.phases} * {place.phase_elements}")
            if place is not None and place.offset:
                terms.append(str(place.offset))
            if index not in self.graph.aliases:
                return " + ".join(terms)
            index = self.graph.aliases[index]

    def _storage(self, index: int) -> str:
        root = self.graph.root(index)
        if root in self._places:
            return self._places[root]
        for state in self.compiled.states:
            if state.tensor == root:
                return state.name
        if root not in self._slot_names:
            raise ValueError(f"tensor {index} has no place")
        return self._slot_names[root]

    def _array(self, name: str, array: Array, found: list[PrintedArray]) -> str:
        """Name of the array that holds these numbers; equal content is stored once."""
        key = (array.dtype.str, array.tobytes())
        if key not in self.arrays:
            self.arrays[key] = name
            sizes = "".join(f"[{size}]" for size in array.shape) or "[1]"
            found.append(PrintedArray(name, c_type_of(array), int(array.size), sizes, array_lines(array)))
        return self.arrays[key]

    def _layer(self, layer: Layer) -> PrintedLayer:
        arrays: list[PrintedArray] = []
        members = []
        for name, value in layer.params.items():
            if isinstance(value, np.ndarray):
                members.append((name, self._array(f"{layer.name}_{name}", value, arrays)))
            elif value is None:
                members.append((name, "NULL"))
            else:
                members.append((name, number(value, "float" if isinstance(value, float) else "int32_t")))
        inputs = []
        for position, index in enumerate(layer.inputs):
            data = self.graph.tensors[self.graph.root(index)].data
            if data is None:
                inputs.append(self._pointer(index))
            else:
                inputs.append(self._array(f"{layer.name}_constant_{position}", np.ascontiguousarray(data), arrays))
        outputs = [self._pointer(index) for index in layer.outputs]
        scratch = [f"{layer.name}_scratch".upper()] if layer.scratch_bytes else []
        printed = print_layer(layer)
        arguments = [*inputs, *outputs, *layer.states, *scratch]
        if printed.arguments is not None:
            names = {f"input{number_}": text for number_, text in enumerate(inputs)}
            names.update({f"output{number_}": text for number_, text in enumerate(outputs)})
            names.update({f"state{number_}": text for number_, text in enumerate(layer.states)})
            names["scratch"] = scratch[0] if scratch else "NULL"
            arguments = [argument.format(**names) for argument in printed.arguments]
        # whole windows print each layer's own, as they did before there was a second form
        key = (layer.kernel, tuple(members))
        struct_name = self.struct_names.setdefault(key, layer.name) if self._beside else layer.name
        self.struct_names.setdefault(key, layer.name)
        cost = f", {grouped(layer.macs)} MAC" if layer.macs else ""
        about = f" {printed.description}" if printed.description else ""
        return PrintedLayer(
            index=layer.index,
            comment=f"#{layer.index} {layer.stem}{about}{cost}",
            arrays=arrays,
            struct=f"{layer.kernel}_t",
            name=layer.name,
            members=members,
            shared=struct_name != layer.name,
            call=f"{layer.kernel}({', '.join([f'&{struct_name}', *arguments])});",
            trace=[
                (text, self._bytes(index))
                for text, index in zip(outputs, layer.outputs, strict=True)
                if self._whole_after[self.graph.root(index)] == layer.index
            ],
        )

    def _bytes(self, index: int) -> int:
        tensor = self.graph.tensors[index]
        return math.prod(tensor.shape) * tensor.dtype.bytes


def _render(template: str, context: dict[str, Any]) -> str:
    return templates(Path(__file__).parent / "templates").get_template(template).render(context)
