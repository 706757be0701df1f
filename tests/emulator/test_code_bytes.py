"""The table of what kernels' code takes, against linked images of one kernel or two."""

from __future__ import annotations

import functools
import itertools

import pytest

pytest.importorskip("unicorn", reason="the virtual board needs `pip install tinyforge[virtual]`")

from tinyforge.compiler.code_bytes import OWN, SHARED, code_bytes
from tinyforge.core.resources import csrc_dir, firmware_dir
from tinyforge.firmware.linker_script import render_linker_script
from tinyforge.runtimes.aot.generate import CFLAGS, DSP_SHARED
from tinyforge.toolchain import find_arm_toolchain, read_image

SLACK = 12  # bytes: functions begin at multiples of 4


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """Flash of an image that calls some kernels, less that of one that calls none."""
    toolchain = find_arm_toolchain()
    if toolchain.kind != "gcc":
        pytest.skip("no arm-none-eabi-gcc")
    folder, source, home = tmp_path_factory.mktemp("code"), csrc_dir() / "src", firmware_dir() / "virtual_m4"
    names = sorted({path.name for path in source.glob("*/*.c")} - set(DSP_SHARED))
    sources = [source / "dsp" / name for name in DSP_SHARED]
    sources += [path if (path := source / "dsp" / name).is_file() else source / "portable" / name for name in names]
    sources += [home / "src/startup.c", home / "src/memory.c"]
    includes = [csrc_dir() / "include", home / "src"]
    objects = toolchain.compile_objects(sources, folder / "o", ("-O2", *CFLAGS), includes)
    script = folder / "code.ld"
    template = (home / "virtual_m4.ld").read_text("utf-8")
    script.write_text(render_linker_script(template, flash_bytes=1 << 20, ram_bytes=1 << 16, stack_bytes=1 << 12))

    def flash(kernels):
        main = folder / "main.c"
        uses = "".join(f"extern void {kernel}(void);\n" for kernel in kernels)
        calls = "".join(f"{kernel}();" for kernel in kernels)
        main.write_text(f"{uses}int main(void) {{ {calls} for (;;) {{ }} }}\n")
        (called,) = toolchain.compile_objects([main], folder / "m", ("-O2", *CFLAGS), includes)
        image = read_image(toolchain.link([*objects, called], script, folder / "code.elf"))
        return sum(section.bytes for section in image.sections if section.name in {".text", ".rodata"})

    none = flash(())
    return functools.cache(lambda *kernels: flash(kernels) - none - 4 * len(kernels))


@pytest.mark.emulator
@pytest.mark.parametrize("kernel", OWN)
def test_a_kernel_alone(kernel, linked):
    assert abs(linked(kernel) - code_bytes([kernel])) <= SLACK


@pytest.mark.emulator
@pytest.mark.parametrize(
    "kernel", ["tfg_max_pool_2d_s8", "tfg_gru_packed_s8", "tfg_conv_2d_narrow_bytes_s8", "tfg_conv_2d_one_s8"]
)
def test_what_it_shares_with_kernels_that_are_not_listed(kernel, linked):
    """``tfg_limit``, ``memcpy``, ``tfg_copy_bytes``, ``tfg_dot``: a kernel that stays keeps them."""
    kernels = {path.stem for path in (csrc_dir() / "src" / "portable").glob("*.c")}
    for other in sorted(kernels - {*OWN}):
        more = linked(kernel, other) - linked(other)
        assert abs(more - (code_bytes([kernel, other]) - code_bytes([other]))) <= SLACK, other


@pytest.mark.emulator
def test_what_two_share(linked):
    """All pairs that share more than what nearly all have, and neighbours of those."""
    common = max((users for _, users in SHARED), key=len)
    beside = {*itertools.pairwise(kernel for kernel in OWN if kernel in common)}
    for two in itertools.combinations(OWN, 2):
        if two in beside or any({*two} <= {*users} for _, users in SHARED if users is not common):
            assert abs(linked(*two) - code_bytes(two)) <= 2 * SLACK, two
