"""Instructions are counted to the last one, by call and by function, and thousands of inferences run at once."""

from __future__ import annotations

import json
import random
import struct

import pytest
from emulator_programs import tiny_reference

from tinyforge.core.errors import BoardFault, ToolError, UsageError
from tinyforge.firmware import bench_footprint, build_bench, read_manifest
from tinyforge.virtual.cycles import instruction_bytes
from tinyforge.virtual.measure import Bench, Sides, profile, run_inferences

pytestmark = pytest.mark.emulator


@pytest.fixture
def bench_image(tiny_model, toolchain, tmp_path):
    return build_bench(tiny_model, tmp_path / "with space" / "bench.elf", toolchain=toolchain)


def inputs(count, seed=1):
    source = random.Random(seed)
    return [source.randbytes(24) for _ in range(count)]


def test_thousands_of_inferences(bench_image):
    given = inputs(1000)
    outputs = run_inferences(bench_image, given)
    assert outputs == [tiny_reference(data) for data in given]


def test_no_inferences(bench_image):
    assert run_inferences(bench_image, []) == []


def test_wrong_input_length(bench_image):
    with pytest.raises(UsageError, match="tiny_invoke: an input of 23 bytes; it takes 24"):
        run_inferences(bench_image, [bytes(23)])


def count_one_by_one(elf, data):
    """Executed instructions by address, from Unicorn's hook on single instructions.

    That hook does not fire for an instruction in an IT block whose condition fails; such a one is executed all the
    same (it takes its cycle), so every IT that runs counts the instructions it covers (DDI 0403, A7.7.38: a mask of
    four bits, whose lowest set bit tells how many) and those are not counted when the hook fires for them.
    """
    from unicorn import UC_HOOK_CODE

    bench = Bench(elf, "tiny_invoke")
    bench.prepare(data)
    machine = bench.machine
    covered = set()
    total = 0

    def on_instruction(_uc, address, _size, _user):
        nonlocal total
        halfword = int.from_bytes(machine.read(address, 2), "little")
        if address not in covered:
            total += 1
        if halfword & 0xFF00 == 0xBF00 and halfword & 0xF:
            length = 4 - ((halfword & 0xF) & -(halfword & 0xF)).bit_length() + 1
            total += length
            place = address + 2
            for _ in range(length):
                covered.add(place)
                place += instruction_bytes(int.from_bytes(machine.read(place, 2), "little"))

    machine._uc.ctl_flush_tb()
    machine._uc.hook_add(UC_HOOK_CODE, on_instruction)
    bench.invoke()
    return total


def test_count_equals_one_by_one(bench_image, tiny_model, tracing):
    data = inputs(1)[0]
    counted = profile(bench_image, read_manifest(tiny_model), data)
    assert counted.instructions == count_one_by_one(bench_image, data)


def test_both_forms_of_the_hooks_are_equal(bench_image, tiny_model, monkeypatch):
    manifest, data = read_manifest(tiny_model), inputs(1)[0]
    monkeypatch.setenv("TINYFORGE_VIRTUAL_NATIVE", "1")
    native = profile(bench_image, manifest, data)
    monkeypatch.setenv("TINYFORGE_VIRTUAL_NATIVE", "0")
    assert profile(bench_image, manifest, data) == native


def test_full_table_grows_without_losing_a_count(bench_image, tiny_model, monkeypatch):
    from tinyforge.virtual import native_trace

    manifest, data = read_manifest(tiny_model), inputs(1)[0]
    whole = profile(bench_image, manifest, data)
    monkeypatch.setattr(native_trace, "_CAPACITY", 4)
    assert profile(bench_image, manifest, data) == whole


def test_layers_are_the_calls_and_sum_up(bench_image, tiny_model):
    measured = profile(bench_image, read_manifest(tiny_model))
    assert [layer.function for layer in measured.layers] == ["tiny_mix", "tiny_fold"]
    assert [layer.index for layer in measured.layers] == [0, 1]
    assert measured.own_instructions + sum(layer.instructions for layer in measured.layers) == measured.instructions
    assert measured.own_cycles + sum(layer.cycles for layer in measured.layers) == measured.cycles
    assert sum(count for _, count, _ in measured.by_function) == measured.instructions
    assert measured.cycles > measured.instructions > 24 * 32
    assert 32 <= measured.stack_bytes <= 256  # tiny_fold holds 32 bytes


def test_footprint_is_the_model_without_the_harness(bench_image, tiny_model, toolchain):
    measured = bench_footprint(tiny_model, bench_image, toolchain=toolchain)
    assert {"arena", "weights", "tiny_invoke", "tiny_mix", "tiny_fold"} >= set(measured.by_symbol) - {"memcpy"}
    assert measured.ram_bytes == 32
    assert sum(measured.by_symbol.values()) - 32 <= measured.flash_bytes + 16
    assert measured.flash_bytes < 2000


def test_model_that_writes_elsewhere_is_caught(tiny_model, tmp_path):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    text = (broken / "kernels.c").read_text()
    (broken / "kernels.c").write_text(text.replace("output[i] = (int8_t)(sum", "output[i * 0x100000] = (int8_t)(sum"))
    elf = build_bench(broken, tmp_path / "broken.elf")
    with pytest.raises(BoardFault, match=r"tiny_mix: write of 1 bytes at 0x20[4-9a-f]\w{5}"):
        run_inferences(elf, inputs(1))


def test_model_that_does_not_compile_says_where(tiny_model, tmp_path, toolchain):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    (broken / "kernels.c").write_text('#include "kernels.h"\nint x = nonsense;\n')
    with pytest.raises(ToolError, match=r"(?s)compiling kernels\.c.*kernels\.c:2.*nonsense") as caught:
        build_bench(broken, tmp_path / "broken.elf", toolchain=toolchain)
    assert caught.value.exit_code == 6


def test_recurrent_model_is_reset_or_kept(tmp_path, toolchain):
    """A model with a state: its output counts the inferences since the reset."""
    import json

    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "count.h").write_text("#include <stdint.h>\n")
    (folder / "count.c").write_text(
        """
        #include "count.h"
        static int8_t state = 9;
        void count_continue(const int8_t *input, int8_t *output) { output[0] = state = (int8_t)(state + input[0]); }
        void count_invoke(const int8_t *input, int8_t *output) { state = 0; count_continue(input, output); }
        void count_reset(void) { state = 0; }
        """
    )
    manifest = {
        "name": "count",
        "function": "count_invoke",
        "reset": "count_reset",
        "continue_function": "count_continue",
        "header": "count.h",
        "include_dirs": ["."],
        "sources": ["count.c"],
        "input_bytes": 1,
        "output_bytes": 1,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    elf = build_bench(folder, tmp_path / "count.elf", toolchain=toolchain)
    given = [bytes([1])] * 5
    assert run_inferences(elf, given) == given
    assert run_inferences(elf, given, keep_state=True) == [bytes([i + 1]) for i in range(5)]
    assert bench_footprint(folder, elf, toolchain=toolchain).ram_bytes in {1, 4}


def test_dsp_sources_are_chosen(tiny_model, tmp_path):
    import json
    import shutil

    folder = tmp_path / "variants"
    shutil.copytree(tiny_model, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "fast.c").write_text((folder / "kernels.c").read_text().replace("sum >>= 5", "sum >>= 6"))
    manifest["sources_dsp"] = ["tiny.c", "fast.c"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    given = inputs(20)
    plain = run_inferences(build_bench(folder, tmp_path / "p.elf", variant="portable"), given)
    fast = run_inferences(build_bench(folder, tmp_path / "d.elf"), given)
    assert plain == [tiny_reference(data) for data in given]
    assert fast != plain


def test_several_inputs_and_outputs(tmp_path):
    """Each lies at a multiple of 16 on the board, and side by side in what is given and returned."""
    (tmp_path / "pair.c").write_text(
        "#include <stdint.h>\n"
        "void pair_invoke(const int8_t *a, const float *b, float *sum, int8_t *first);\n"
        "void pair_invoke(const int8_t *a, const float *b, float *sum, int8_t *first)\n"
        "{\n"
        "    *sum = b[0] + b[1];\n"
        "    for (int i = 0; i < 3; i++) { first[i] = (int8_t)(a[2 - i] + 1); }\n"
        "}\n"
    )
    sizes = {"inputs": [{"bytes": 3}, {"bytes": 8}], "outputs": [{"bytes": 4}, {"bytes": 3}]}
    manifest = sizes | {
        "name": "pair",
        "function": "pair_invoke",
        "header": "pair.h",
        "include_dirs": ["."],
        "sources": ["pair.c"],
        "input_bytes": 3,
        "output_bytes": 4,
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    elf = build_bench(tmp_path, tmp_path / "bench.elf")
    given = [bytes([1, 2, 3]) + struct.pack("<2f", 0.5, k) for k in range(5)]
    outputs = run_inferences(elf, given, sides=Sides.of(manifest))
    assert outputs == [struct.pack("<f", 0.5 + k) + bytes([4, 3, 2]) for k in range(5)]
    assert profile(elf, manifest).instructions > 10
