"""The stack predicted for every operator, read off the linked code, is at most 16 bytes above what a run takes.

Kernels whose ways differ in depth are kernels apart, so that only the way taken is linked. ``-m heavy`` tries more.
"""

from __future__ import annotations

import itertools
import zlib

import numpy as np
import pytest
from opbench import GOALS, Case, CompiledCases, case_files, random_inputs
from sliding import SAME, VALID, Net
from test_dsp_kernels import BUFFERS, build

from tinyforge.compiler import compile_model
from tinyforge.toolchain.stack import stack_bytes

SEED = 7
SLACK = 16
STEMS = tuple(sorted(case_files()))
#: Their kernels have more than one way through.
WINDING = ("cast", "conv_2d", "depthwise_conv_2d", "max_pool_2d", "slice", "transpose", "unidirectional_sequence_lstm")


def measured(machine, compiled, arrays):
    """Bytes of stack below the call of one inference."""
    stack = machine.image.symbol("__stack_top").address
    if compiled.states:
        machine.call(machine.image.symbol(f"{compiled.name}_reset").address, stack=stack)
    sizes = [array.nbytes for array in arrays]
    sizes += [compiled.graph.tensors[index].bytes for index in compiled.graph.outputs]
    places = list(itertools.accumulate(((size + 31) // 16 * 16 for size in sizes[:-1]), initial=BUFFERS))
    for place, array in zip(places, arrays, strict=False):
        machine.write(place, array.tobytes())
    more = np.array(places[4:], "<u4").tobytes()  # the fifth argument and those behind it
    below = stack - (len(more) + 7) // 8 * 8
    machine.write(below, more)
    entry = machine.image.symbol(f"{compiled.name}_invoke").address

    def run():
        machine.call(entry, *places[:4], stack=below)

    return below - machine.trace.lowest_sp(run)[0]


def first_cases(stem, count):
    rng = np.random.default_rng([SEED, zlib.crc32(stem.encode())])
    return list(itertools.islice(case_files()[stem](rng), count))


def apart(cases, folder):
    """Cases whose prediction is too low or too high, one line each."""
    generated = CompiledCases(cases, folder)
    machine = build(generated, folder, "-O2", traced=True)
    lines = []
    for number, (case, compiled) in enumerate(zip(cases, generated.compiled, strict=True)):
        inputs = case.given or random_inputs(compiled, 1, np.random.default_rng(number))
        found = measured(machine, compiled, inputs[0])
        predicted = stack_bytes(machine.image, f"{compiled.name}_invoke")
        if not found <= predicted <= found + SLACK:
            lines.append(f"{case.name}: {predicted} B predicted, {found} B measured")
    return lines


@pytest.mark.emulator
@pytest.mark.parametrize("stem", WINDING)
def test_stack_of_winding_operators(stem, tmp_path):
    lines = apart(first_cases(stem, 12), tmp_path)
    assert not lines, "\n".join(lines)


def along_time(in_ch, out_ch, kernel, dilation, padding, places):
    """One convolution of so many output places."""
    net = Net(places + (kernel - 1) * dilation * padding, in_ch)
    data = net.conv(out_ch, kernel, dilation=dilation, padding=padding).model.build([net.input], [net.now])
    name = f"{in_ch} to {out_ch}, kernel {kernel}, dilated by {dilation}, {['same', 'valid'][padding]}"
    return Case(name, bytes(data))


@pytest.mark.emulator
def test_windows_inside_and_at_edges(tmp_path):
    """Kernels for few channels take four windows inside at once, and each at an edge in another way."""
    shapes = [(2, 3, 2, 1), (1, 3, 4, 1), (3, 3, 2, 2), (1, 4, 3, 5), (8, 1, 3, 1), (8, 1, 3, 4), (5, 1, 3, 4)]
    cases = [along_time(*shape, padding, 16) for shape in shapes for padding in (SAME, VALID)]
    cases = [case for case in cases for _ in GOALS]  # CompiledCases takes the goals in turn
    found = {
        layer.kernel
        for case, goal in zip(cases, itertools.cycle(GOALS), strict=False)
        for layer in compile_model(case.data, name="net", place="net", goal=goal).layers
    }
    assert found >= {f"tfg_conv_2d_{kind}_s8" for kind in ("narrow", "narrow_bytes", "one")}
    lines = apart(cases, tmp_path)
    assert not lines, "\n".join(lines)


@pytest.mark.emulator
@pytest.mark.heavy
@pytest.mark.parametrize("stem", STEMS)
def test_stack_of_every_operator(stem, tmp_path):
    lines = apart(first_cases(stem, 60), tmp_path)
    assert not lines, "\n".join(lines)
