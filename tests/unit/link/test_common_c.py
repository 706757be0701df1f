"""The application's sources: clean under every warning, for every compiler that is here, and small."""

import shutil
import subprocess

import pytest
from tfw_host import COMMON, HERE, WARNINGS, common_sources

COMPILERS = {
    "gcc": ("gcc", "-std=c99"),
    "clang": ("clang", "-std=c99"),
    "gcc as gnu11": ("gcc", "-std=gnu11"),
    "arm": ("arm-none-eabi-gcc", "-std=c99", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
}
UPDATES = (f"-DTFW_UPDATE_KEY={'5a' * 32}", "-isystem", str(COMMON.parent / "third_party" / "monocypher"))


def compile_objects(command, folder, extra=()):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    objects = []
    for source in common_sources():
        objects.append(folder / f"{source.stem}.o")
        done = subprocess.run(
            [*command, "-Os", "-ffunction-sections", *WARNINGS, *extra, f"-I{COMMON}", "-c", source, "-o", objects[-1]],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return objects


@pytest.mark.parametrize("name", COMPILERS)
@pytest.mark.parametrize(
    "model",
    [(), ("-DTFW_WITH_MODEL",), ("-DTFW_WITH_MODEL", "-DTFW_SLIDE"), UPDATES, ("-DTFW_WITH_MODEL", "-DTFW_EEMBC")],
    ids=["capture only", "with a model", "with a model that slides", "with updates", "text protocol"],
)
def test_no_warning(name, model, tmp_path):
    compile_objects(COMPILERS[name], tmp_path, model)


def test_the_headers_a_board_needs_are_also_cpp(tmp_path):
    """Arduino boards compile their part as gnu++14 with GCC 7."""
    compiler = next((c for c in ("g++", "clang++", "arm-none-eabi-g++") if shutil.which(c)), None)
    if compiler is None:
        pytest.skip("no C++ compiler is installed")
    source = tmp_path / "board.cpp"
    source.write_text(
        '#include "tfw_hal.h"\n#include "tfw_app.h"\n#include "tfw_protocol.h"\n'
        'extern "C" const char tfw_board_name[] = "x";\nvoid go() { tfw_setup(); tfw_loop(); }\n'
    )
    command = [compiler, "-std=gnu++14", "-Wall", "-Wextra", "-Werror", f"-I{COMMON}", "-c", source]
    done = subprocess.run([*command, "-o", tmp_path / "x.o"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_heap_and_no_libc_but_memory_functions(tmp_path):
    objects = compile_objects(COMPILERS["arm"], tmp_path)
    said = subprocess.run(["arm-none-eabi-nm", "-u", *objects], capture_output=True, text=True, check=True).stdout
    wanted = {line.split()[-1] for line in said.splitlines() if line.strip().startswith("U ")}
    foreign = {name for name in wanted if not name.startswith("tfw_")}
    assert foreign <= {"memcpy", "memset", "memmove"}


def test_our_part_of_an_image_is_within_its_share(tmp_path):
    """A third of the 24 kB flash and 8 kB RAM that tinyforge may take on a Nano 33; the rest is the model's."""
    objects = compile_objects(COMPILERS["arm"], tmp_path)
    said = subprocess.run(["arm-none-eabi-size", "-t", *objects], capture_output=True, text=True, check=True).stdout
    text, data, bss = map(int, said.splitlines()[-1].split()[:3])
    assert text + data <= 8_000
    assert data + bss <= 2_700


def test_the_test_board_has_every_function_of_the_hal():
    wanted = {
        line.split("(")[0].split()[-1].lstrip("*")
        for line in (COMMON / "tfw_hal.h").read_text().splitlines()
        if "tfw_hal_" in line and ");" in line and not line.startswith(" ")
    }
    assert len(wanted) == 15
    source = (HERE / "hal_host.c").read_text()
    assert {name for name in wanted if f"{name}(" not in source} == set()
