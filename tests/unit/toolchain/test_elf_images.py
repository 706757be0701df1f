"""Images are read as they are loaded; anything else is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tinyforge.core.errors import ToolError
from tinyforge.core.resources import firmware_dir
from tinyforge.toolchain import find_arm_toolchain, footprint, read_image

SOURCE = """
#include <stdint.h>
const uint8_t table[100] = {1};
volatile uint32_t set_value = 0x12345678;
volatile uint8_t zeroed[40];
uint32_t get(void) { return set_value + table[zeroed[0]]; }
int main(void) { return (int)get(); }
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("elf")
    (folder / "a.c").write_text(SOURCE)
    home = firmware_dir() / "virtual_m4"
    compiler = find_arm_toolchain()
    sources = [home / "src" / "startup.c", home / "src" / "memory.c", folder / "a.c"]
    objects = compiler.compile_objects(sources, folder, ["-O1", "-fno-inline"])
    return read_image(compiler.link(objects, home / "virtual_m4.ld", folder / "a.elf"))


def test_segments_lie_where_the_flash_programmer_puts_them(image):
    stored = [segment for segment in image.segments if segment.data]
    assert stored[0].load_address == 0
    memory = bytearray(0x10000)
    for segment in stored:
        memory[segment.load_address : segment.load_address + len(segment.data)] = segment.data
    assert int.from_bytes(memory[0:4], "little") == image.symbol("__stack_top").address == 0x20002000
    assert int.from_bytes(memory[4:8], "little") == image.symbol("Reset_Handler").address | 1
    initial = image.symbol("__data_load").address
    assert memory[initial : initial + 4] == bytes.fromhex("78563412")


def test_functions_by_address(image):
    get = image.symbol("get")
    assert get.is_function
    assert get.address % 2 == 0
    assert image.function_at(get.address) == "get"
    assert image.function_at(get.address | 1) == "get"
    assert image.function_at(get.address + get.bytes - 1) == "get"
    assert image.function_at(image.symbol("table").address) == ""
    assert image.function_at(0x20000000) == ""


def test_footprint(image):
    measured = footprint(image.path)
    assert measured.by_symbol["table"] == 100
    assert measured.by_symbol["zeroed"] == 40
    assert measured.ram_bytes == 44  # set_value and zeroed; the stack is a reserve
    assert measured.flash_bytes == sum(len(segment.data) for segment in image.segments)
    assert measured.stack_bytes == 0


def test_missing_symbol(image):
    with pytest.raises(ToolError, match="the image has no symbol nothing"):
        image.symbol("nothing")


def test_what_is_no_image(tmp_path, image):
    with pytest.raises(ToolError, match=r"none\.elf: cannot be read: No such file"):
        read_image(tmp_path / "none.elf")
    picture = tmp_path / "picture.elf"
    picture.write_bytes(b"\xff\xd8\xff\xe0" * 64)
    with pytest.raises(ToolError, match="not an ELF image"):
        read_image(picture)
    whole = image.path.read_bytes()
    for length in (0, 4, 30, 52, 200, len(whole) // 2):
        (tmp_path / "cut.elf").write_bytes(whole[:length])
        with pytest.raises(ToolError):
            read_image(tmp_path / "cut.elf")


@pytest.mark.skipif(sys.platform != "linux", reason="this Python is no ELF file")
def test_program_of_this_machine_is_refused():
    with pytest.raises(ToolError, match="not for a 32-bit Arm"):
        read_image(Path(sys.executable).resolve())


def test_warnings_free_of_the_boards_own_sources(tmp_path):
    home = firmware_dir()
    sources = [home / "virtual_m4" / "src" / name for name in ("startup.c", "memory.c", "hal.c", "main.c")]
    includes = [home / "virtual_m4" / "src", home / "common"]
    flags = ["-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wstrict-prototypes", "-Werror"]
    find_arm_toolchain().compile_objects(sources, tmp_path, flags, includes)
