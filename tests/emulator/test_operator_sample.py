"""Some cases of every operator on the virtual Cortex-M4, equal to LiteRT's reference kernels to the last bit.

Two of each in one image; ``-m heavy`` runs twenty. ``tests/ops`` compares many more of them on this machine, and
``test_dsp_kernels.py`` the kernels of src/dsp.
"""

from __future__ import annotations

import itertools
import zlib

import numpy as np
import pytest
from opbench import CompiledCases, case_files, random_inputs, reference
from test_dsp_kernels import BUFFERS, build

STEMS = tuple(sorted(case_files()))
SEED = 2


def differences(stems, count, folder):
    """What differs, one line a tensor."""
    drawn = [(np.random.default_rng([SEED, zlib.crc32(stem.encode())]), case_files()[stem]) for stem in stems]
    cases = [case for rng, make in drawn for case in itertools.islice(make(rng), count)]
    generated = CompiledCases(cases, folder)
    machine = build(generated, folder, "-O2")
    stack = machine.image.symbol("__stack_top").address
    lines = []
    for number, (case, compiled) in enumerate(zip(cases, generated.compiled, strict=True)):
        inputs = case.given or random_inputs(compiled, 2, np.random.default_rng(number))
        tail = "continue" if case.sequence and any(state.per_window for state in compiled.states) else "invoke"
        function = machine.image.symbol(f"{compiled.name}_{tail}").address
        for inference, (arrays, theirs) in enumerate(zip(inputs, reference(case, inputs), strict=True)):
            if compiled.states and (inference == 0 or not case.sequence):
                machine.call(machine.image.symbol(f"{compiled.name}_reset").address, stack=stack)
            places = [BUFFERS]
            for array in (*arrays, *theirs):
                places.append(places[-1] + (array.nbytes + 31) // 16 * 16)
            for place, array in zip(places, arrays, strict=False):
                machine.write(place, array.tobytes())
            machine.call(function, *places[:-1], stack=stack)
            for output, (place, array) in enumerate(zip(places[len(arrays) : -1], theirs, strict=True)):
                if machine.read(place, array.nbytes) != array.tobytes():
                    lines.append(f"{case.name}: inference {inference}, output {output} differs")
    return lines, len(cases)


@pytest.mark.emulator
def test_two_cases_of_every_operator(tmp_path):
    lines, count = differences(STEMS, 2, tmp_path)
    assert count == 2 * len(STEMS) > 120
    assert not lines, "\n".join(lines[:20])


@pytest.mark.emulator
@pytest.mark.heavy
@pytest.mark.parametrize("stem", STEMS)
def test_many_cases(stem, tmp_path):
    lines, _ = differences([stem], 20, tmp_path)
    assert not lines, "\n".join(lines[:20])
