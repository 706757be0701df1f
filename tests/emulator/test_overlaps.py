"""Outputs over their inputs, at the distances the compiler computes (``compiler/overlap.py``): equal, bit for bit.

Each case is one call whose two buffers the test lays over each other. ``src/portable`` runs on the host, ``src/dsp`` on
the virtual Cortex-M4. One byte nearer than the distance must go wrong somewhere: else it would be too great.
``TINYFORGE_CASES`` sets how many cases each operator gets.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import sys
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

from opbench import CompiledCases, case_files, random_inputs

from tinyforge.core.graph import Compiled, Overlap

COUNT = int(os.environ.get("TINYFORGE_CASES", "10"))
SEED = int(os.environ.get("TINYFORGE_SEED", "1"))
BUFFERS = 0x2040_0000
#: Kernels with a fast form that goes through its buffers in an order of its own.
FAST = (
    "add",
    "average_pool_2d",
    "conv_2d",
    "depthwise_conv_2d",
    "fully_connected",
    "max_pool_2d",
    "mean",
    "mul",
    "pooled",
    "sub",
    "transpose_conv",
    "unidirectional_sequence_lstm",
)
#: Kernels for which a byte nearer may do no harm: they copy in one go, the byte they lose is a float's last, or all is
#: read first.
TOLERANT = {"tfg_copy", "tfg_strided_copy", "tfg_pad", "tfg_concatenation", "tfg_resize_nearest_neighbor"}
TOLERANT |= {"tfg_strided_bytes", "tfg_quantize_f32", "tfg_svdf_s8"}


@dataclass(frozen=True)
class Laid:
    """Two buffers of one call, laid over each other.

    Attributes:
        number: of the case.
        kernel: its only call's.
        overlap: which input and output, and how near.
        align: of both, in bytes.
        in_bytes, out_bytes: their sizes.
    """

    number: int
    kernel: str
    overlap: Overlap
    align: int
    in_bytes: int
    out_bytes: int

    @property
    def nearest(self) -> int:
        """The least distance that keeps both aligned."""
        multiple = int(np.lcm(self.overlap.multiple_bytes, self.align))
        return -(-self.overlap.distance_bytes // multiple) * multiple

    def distances(self) -> list[int]:
        """The least, the next, one in the middle, the last before they lie apart; the kernel must not notice."""
        multiple = int(np.lcm(self.overlap.multiple_bytes, self.align))
        most = (self.out_bytes - 1 - self.nearest) // multiple
        return sorted({self.nearest + multiple * step for step in (0, 1, most // 2, most) if 0 <= step <= most})


def laid(compiled: list[Compiled]) -> list[Laid]:
    """All pairs of the cases that consist of one call."""
    found = []
    for number, one in enumerate(compiled):
        graph = one.graph
        for layer in one.layers if len(one.layers) == 1 else ():
            for overlap in layer.overlaps:
                source, target = (
                    graph.tensors[graph.root(index)]
                    for index in (layer.inputs[overlap.input], layer.outputs[overlap.output])
                )
                roots = [graph.root(index) for index in layer.inputs]
                if source.index in graph.inputs and target.index in graph.outputs and roots.count(source.index) == 1:
                    align = max(source.dtype.bytes, target.dtype.bytes)
                    found.append(Laid(number, layer.kernel, overlap, align, source.bytes, target.bytes))
    return found


def arrangement(compiled: Compiled, pair: Laid, distance: int, arrays: list[np.ndarray]) -> tuple[list[int], int]:
    """Offset of every input and output in one buffer, and its size; ``pair`` overlaps, the others lie apart."""
    graph = compiled.graph
    layer = compiled.layers[0]
    source = graph.inputs.index(graph.root(layer.inputs[pair.overlap.input]))
    target = graph.outputs.index(graph.root(layer.outputs[pair.overlap.output]))
    sizes = [array.nbytes for array in arrays] + [graph.tensors[index].bytes for index in graph.outputs]
    offsets, at = [0] * len(sizes), 0
    for position, size in enumerate(sizes):
        if position not in {source, len(arrays) + target}:
            offsets[position] = at
            at += (size + 31) // 16 * 16
    offsets[len(arrays) + target] = at + max(0, -distance)
    offsets[source] = offsets[len(arrays) + target] + distance
    return offsets, at + pair.in_bytes + pair.out_bytes + abs(distance) + 16


def case_rng(stem: str) -> np.random.Generator:
    return np.random.default_rng([SEED, zlib.crc32(stem.encode()), 7])


def on_host(cases: CompiledCases, pair: Laid, distance: int, arrays: list[np.ndarray]) -> list[bytes]:
    """Outputs of one inference with the pair at a distance."""
    compiled = cases.compiled[pair.number]
    offsets, size = arrangement(compiled, pair, distance, arrays)
    room = np.zeros(size // 8 + 4, np.uint64)
    base = room.ctypes.data
    for offset, array in zip(offsets, arrays, strict=False):
        ctypes.memmove(base + offset, array.ctypes.data, array.nbytes)
    if compiled.states:
        getattr(cases.library, f"{compiled.name}_reset")()
    getattr(cases.library, f"{compiled.name}_invoke")(*(ctypes.c_void_p(base + offset) for offset in offsets))
    graph = compiled.graph
    return [
        ctypes.string_at(base + offset, graph.tensors[index].bytes)
        for offset, index in zip(offsets[len(arrays) :], graph.outputs, strict=True)
    ]


def apart(cases: CompiledCases, number: int, arrays: list[np.ndarray]) -> list[bytes]:
    """Outputs of one inference with all buffers apart."""
    return [output.tobytes() for output in cases.run(number, [arrays], sequence=False)[0]]


def test_portable_kernels(tmp_path):
    wrong: list[str] = []
    tried: Counter[str] = Counter()
    too_near: Counter[str] = Counter()
    files = case_files().items()
    cases = CompiledCases(
        [
            case
            for stem, generate in files
            for case in itertools.islice(generate(case_rng(stem)), COUNT * (3 if stem in FAST else 1))
        ],
        tmp_path,
    )
    rng = case_rng("inputs")
    for pair in laid(cases.compiled):
        tried[pair.kernel] += 1
        arrays = random_inputs(cases.compiled[pair.number], 2, rng)[1]
        expected = apart(cases, pair.number, arrays)
        wrong += [
            f"{pair.kernel}: case {pair.number} at {distance} ({pair.overlap})"
            for distance in pair.distances()
            if on_host(cases, pair, distance, arrays) != expected
        ]
        near = pair.nearest - max(pair.align, pair.overlap.multiple_bytes)
        if pair.nearest < pair.out_bytes and not too_near[pair.kernel]:
            for arrays in random_inputs(cases.compiled[pair.number], 6, rng)[1:]:
                expected = apart(cases, pair.number, arrays)
                too_near[pair.kernel] += on_host(cases, pair, near, arrays) != expected
    assert not wrong, "\n".join(wrong[:20])
    assert len(tried) > 30
    loose = {kernel for kernel, count in tried.items() if not too_near[kernel] and count >= COUNT}
    assert loose <= TOLERANT, loose


@pytest.mark.emulator
@pytest.mark.parametrize("stem", FAST)
def test_fast_kernels(stem, tmp_path):
    pytest.importorskip("unicorn", reason="the virtual board needs `pip install tinyforge[virtual]`")
    from test_dsp_kernels import build

    rng = case_rng(stem)
    cases = CompiledCases(list(itertools.islice(case_files()[stem](rng), 2 * COUNT)), tmp_path)
    machine = build(cases, tmp_path, "-O2")
    stack = machine.image.symbol("__stack_top").address
    wrong, tried = [], 0
    for pair in laid(cases.compiled):
        compiled = cases.compiled[pair.number]
        arrays = random_inputs(compiled, 2, rng)[1]
        expected = apart(cases, pair.number, arrays)
        for distance in pair.distances():
            offsets, _ = arrangement(compiled, pair, distance, arrays)
            for offset, array in zip(offsets, arrays, strict=False):
                machine.write(BUFFERS + offset, array.tobytes())
            if compiled.states:
                machine.call(machine.image.symbol(f"{compiled.name}_reset").address, stack=stack)
            function = machine.image.symbol(f"{compiled.name}_invoke").address
            machine.call(function, *(BUFFERS + offset for offset in offsets), stack=stack)
            tried += 1
            found = [
                bytes(machine.read(BUFFERS + offset, len(output)))
                for offset, output in zip(offsets[len(arrays) :], expected, strict=True)
            ]
            if found != expected:
                wrong.append(f"{pair.kernel}: case {pair.number} at {distance} ({pair.overlap})")
    assert tried >= COUNT, tried
    assert not wrong, "\n".join(wrong[:20])
