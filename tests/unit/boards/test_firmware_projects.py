"""A board's TOML and its firmware folder say the same."""

import configparser
import json
import re

import pytest

from tinyforge.boards import list_boards, load_board
from tinyforge.core.resources import firmware_dir
from tinyforge.virtual.parts.flash import update_region


def project(board):
    ini = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=None)
    ini.read_string((firmware_dir() / board.firmware / "platformio.ini").read_text(encoding="utf-8"))
    return ini


def memory(board):
    """name -> (origin, bytes) of the linker script."""
    (script,) = (firmware_dir() / board.firmware).glob("*.ld")
    found = re.findall(
        r"(\w+)\s*\(\w+\)\s*:\s*ORIGIN = (0x\w+),\s*LENGTH = (\d+)(K?)", script.read_text(encoding="utf-8")
    )
    return {name: (int(origin, 16), int(size) * (1024 if kilo else 1)) for name, origin, size, kilo in found}


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_the_environment_exists_and_is_the_default(board):
    ini = project(board)
    assert f"env:{board.pio_env}" in ini.sections()
    assert ini["platformio"]["default_envs"] == board.pio_env


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_the_common_application_is_built_in_without_a_copy(board):
    assert project(board)[f"env:{board.pio_env}"]["extra_scripts"] == "pre:../platform/sources.py"
    assert not list((firmware_dir() / board.firmware).rglob("tfw_*.c"))


@pytest.mark.parametrize("name", ["nano33", "sensortile"])
def test_floats_are_not_fused_where_the_host_does_not_fuse_them(name):
    board = load_board(name)
    assert "-ffp-contract=off" in project(board)[f"env:{board.pio_env}"]["build_src_flags"]


@pytest.mark.parametrize("name", ["sensortile", "virtual"])
def test_the_linker_script_has_the_memory_of_the_description(name):
    board = load_board(name)
    parts = memory(board)
    assert parts["FLASH"] == (board.flash_origin, board.flash_bytes)
    assert parts["RAM"][0] == board.ram_origin
    assert sum(size for part, (_, size) in parts.items() if part != "FLASH") == board.ram_bytes


def test_the_sensortile_is_described_to_platformio():
    board = load_board("sensortile")
    told = json.loads((firmware_dir() / "sensortile" / "boards" / "sensortile.json").read_text(encoding="utf-8"))
    assert told["build"]["f_cpu"] == f"{board.clock_hz}L"
    assert told["build"]["cpu"] == board.cpu
    assert told["upload"]["maximum_size"] == board.flash_bytes
    assert told["upload"]["maximum_ram_size"] == board.ram_bytes
    assert tuple(tuple(int(n, 16) for n in pair) for pair in told["build"]["hwids"]) == board.usb_ids


def test_rates_in_the_drivers_of_st_are_those_of_the_descriptions():
    source = (firmware_dir() / "common" / "chips" / "lsm6ds.h").read_text(encoding="utf-8")
    table = source.split("lsm6ds_rates[] = {", 1)[1].split("};", 1)[0]
    rates = {int(rate) / 1000 for rate in re.findall(r"\{(\d+), \d\}", table)}
    assert rates == set(load_board("sensortile").sensors[0].rates_hz)
    driver = (firmware_dir() / "b_l475e_iot01a" / "src" / "lsm6dsl.cpp").read_text(encoding="utf-8")
    most_hz = int(re.search(r"most_mhz = (\d+);", driver)[1]) / 1000
    assert {rate for rate in rates if rate <= most_hz} == set(load_board("b_l475e_iot01a").sensors[0].rates_hz)


def test_rates_in_the_nanos_drivers_are_those_of_both_descriptions():
    for part, name in (("lsm9ds1", "nano33"), ("bmi270", "nano33_rev2")):
        header = (firmware_dir() / "arduino_nano33" / "src" / f"{part}.h").read_text(encoding="utf-8")
        rate = int(re.search(rf"{part}_rate_mhz = (\d+);", header)[1]) / 1000
        assert (rate,) == load_board(name).sensors[0].rates_hz


def test_the_nanos_updates_lie_below_arduinos_newer_boot_loader():
    source = (firmware_dir() / "arduino_nano33" / "src" / "hal.cpp").read_text(encoding="utf-8")
    start, size = (int(value, 16) for value in re.search(r"tfw_hal_flash = \{(\w+), (\w+),", source).groups())
    for name in ("nano33", "nano33_rev2"):
        board = load_board(name)
        assert update_region(name, board.flash_origin + board.flash_bytes) == (start, start + size)
    assert start + size <= 0xE0000


def test_of_arduinos_library_the_nano_takes_one_file_and_links_nothing():
    env = project(load_board("nano33"))["env:nano33"]
    library = re.fullmatch(r"arduino-libraries/(\w+)@\^1\.2\.3", env["lib_deps"])[1]
    assert env["lib_ignore"] == library
    assert env["custom_headers_of"] == f"{library}/src/utilities/BMI270-Sensor-API"
    source = (firmware_dir() / "arduino_nano33" / "src" / "bmi270_program.c").read_text(encoding="utf-8")
    taken = re.search(r'#include "(\w+\.c)"', source)[1]
    stand_in = (firmware_dir() / "arduino_api" / taken).read_text(encoding="utf-8")
    for text in (source, stand_in):
        assert "bmi270_maximum_fifo_config_file" in text
    for path in (firmware_dir() / "arduino_nano33" / "src").iterdir():
        assert not re.search("#include <(Wire|Arduino_)", path.read_text(encoding="utf-8"))
