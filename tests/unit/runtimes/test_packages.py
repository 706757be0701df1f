"""Every kind of package: built by its build system, run, the same bytes each time."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
from small_models import conv_net, lstm, with_info

from tinyforge.boards import load_board
from tinyforge.cli import main
from tinyforge.compiler import compile_model
from tinyforge.core.errors import UsageError
from tinyforge.core.resources import csrc_dir, firmware_dir
from tinyforge.evaluate.host_c import load_invoke
from tinyforge.firmware.pio import run_pio
from tinyforge.pipeline import models
from tinyforge.runtimes import get_runtime
from tinyforge.runtimes.base import Manifest
from tinyforge.runtimes.package import list_packages, write_package
from tinyforge.runtimes.preprocess import preprocess
from tinyforge.toolchain import build_shared, read_image

HERE = Path(__file__).parent
KINDS = ("arduino", "c", "cmsis-pack", "platformio", "zephyr")
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
M4 = ("-mcpu=cortex-m4", "-mthumb")
M0 = ("-mcpu=cortex-m0plus", "-mthumb")

needs_arm = pytest.mark.skipif(shutil.which("arm-none-eabi-g++") is None, reason="no arm-none-eabi-gcc")
needs_cmake = pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake")
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="no make")
needs_gpp = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")


def compiled(data, name):
    return compile_model(data, name=name, place=f"{name}.tflite")


def run(*command, cwd=None):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def plain_output(data, name, inputs, folder):
    """What the plain export says, as the packages must."""
    get_runtime("aot").generate(compiled(data, name), folder)
    return load_invoke(folder)(inputs)


def net_input():
    return np.arange(-12, 12, dtype=np.int8).reshape(1, 24) * 9


# A program for the host: bytes of the input as arguments, bytes of the output on stdout.
MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include <net.h>
{more}
int main(int argc, char **argv)
{{
    static int8_t input[NET_INPUT_ELEMENTS], output[NET_OUTPUT_ELEMENTS];
    for (int i = 1; i < argc; i++) {{
        input[i - 1] = (int8_t)atoi(argv[i]);
    }}
    net_invoke(input, output);
    for (int i = 0; i < NET_OUTPUT_ELEMENTS; i++) {{
        printf("%d ", output[i]);
    }}
    {call}
    return 0;
}}
"""
SECOND = (
    "#include <gesture.h>",
    'static int8_t in[GESTURE_INPUT_ELEMENTS], out[GESTURE_OUTPUT_ELEMENTS]; gesture_invoke(in, out); puts("second");',
)


def numbers(text):
    return [int(word) for word in text.split()]


def test_kinds():
    assert list_packages() == list(KINDS)


@pytest.mark.parametrize("make", [with_info, conv_net, lambda: lstm(last=True)], ids=["gesture", "convnet", "lstm"])
def test_same_model_same_bytes(make, tmp_path):
    """In another folder, another process with other hashes, at another hour and in another time zone."""
    (tmp_path / "net.tflite").write_bytes(make())
    one, two = tmp_path / "a", tmp_path / "other" / "b"
    for kind in KINDS:
        write_package(kind, compiled(make(), "net"), one / kind)
    code = (
        "import sys, time; time.time = lambda: 1e9\n"
        "from pathlib import Path\nfrom tinyforge.pipeline import models\n"
        "model, out, *kinds = sys.argv[1:]\n"
        "for kind in kinds: models.export(Path(model), Path(out) / kind, package=kind)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Kathmandu"}
    arguments = [sys.executable, "-c", code, str(tmp_path / "net.tflite"), str(two), *KINDS]
    subprocess.run(arguments, env=environment, cwd="/", umask=0o077, check=True)
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    assert {name.parts[0] for name in names} == set(KINDS)
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def cmake_project(folder, models_):
    """A program that links the packages in ``folder``."""
    more, call = SECOND if len(models_) == 2 else ("", "")
    (folder / "main.c").write_text(MAIN.format(more=more, call=call))
    lines = ["cmake_minimum_required(VERSION 3.15)", "project(user C)", "add_executable(user main.c)"]
    for name in models_:
        lines += [f"add_subdirectory({name})", f"target_link_libraries(user PRIVATE tinyforge_{name})"]
    (folder / "CMakeLists.txt").write_text("\n".join(lines))


@needs_cmake
def test_c_with_cmake_two_models_in_one_program(tmp_path):
    write_package("c", compiled(conv_net(), "net"), tmp_path / "net")
    write_package("c", compiled(with_info(), "gesture"), tmp_path / "gesture")
    cmake_project(tmp_path, ("net", "gesture"))
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_C_FLAGS={' '.join(STRICT)} -Wconversion")
    run("cmake", "--build", tmp_path / "build")
    said = run(tmp_path / "build" / "user", *net_input().ravel())
    assert said.endswith("second\n")
    expected = plain_output(conv_net(), "net", net_input(), tmp_path / "plain")
    assert numbers(said.removesuffix("second\n")) == expected.ravel().tolist()


@needs_cmake
@needs_arm
@pytest.mark.parametrize(
    ("flags", "options", "chosen"),
    [
        (M4, (), "dsp"),
        (M0, (), "portable"),
        (M4, ("-DTINYFORGE_DSP=OFF",), "portable"),
        (M0, ("-DTINYFORGE_DSP=ON",), None),  # the compiler must refuse these
    ],
    ids=["m4", "m0plus", "m4 off", "m0plus on"],
)
def test_c_with_cmake_picks_the_kernels(flags, options, chosen, tmp_path):
    write_package("c", compiled(conv_net(), "net"), tmp_path)
    cross = ("-DCMAKE_SYSTEM_NAME=Generic", "-DCMAKE_C_COMPILER=arm-none-eabi-gcc")
    cross = (*cross, "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY", f"-DCMAKE_C_FLAGS={' '.join(flags)}")
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", *cross, *options)
    command = ["cmake", "--build", str(tmp_path / "build")]
    if chosen is None:
        assert subprocess.run(command, capture_output=True, check=False).returncode != 0
        return
    run(*command)
    members = run("arm-none-eabi-ar", "t", tmp_path / "build" / "libtinyforge_net.a").split()
    assert ("tfg_tiles.c.obj" in members) == (chosen == "dsp")
    assert members.count("tfg_conv_1d_pool_s8.c.obj") == 1


@needs_cmake
@needs_arm
def test_c_with_cmake_sees_flags_of_the_folder_above(tmp_path):
    write_package("c", compiled(conv_net(), "net"), tmp_path / "net")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.15)\nproject(user C)\n"
        "add_compile_options(-mcpu=cortex-m4 -mthumb)\nadd_subdirectory(net)\n"
    )
    cross = ("-DCMAKE_SYSTEM_NAME=Generic", "-DCMAKE_C_COMPILER=arm-none-eabi-gcc")
    run("cmake", "-S", tmp_path, "-B", tmp_path / "b", *cross, "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY")
    run("cmake", "--build", tmp_path / "b")
    assert "tfg_tiles" in run("arm-none-eabi-ar", "t", tmp_path / "b" / "net" / "libtinyforge_net.a")


@needs_make
def test_c_with_make(tmp_path):
    folder = tmp_path / "with space"
    write_package("c", compiled(conv_net(), "net"), folder)
    run("make", "-s", cwd=folder)
    (tmp_path / "main.c").write_text(MAIN.format(more="", call=""))
    library = folder / "build" / "libtinyforge_net.a"
    run("cc", tmp_path / "main.c", f"-I{folder}", library, "-o", tmp_path / "user")
    expected = plain_output(conv_net(), "net", net_input(), tmp_path / "plain")
    assert numbers(run(tmp_path / "user", *net_input().ravel())) == expected.ravel().tolist()


@needs_make
@needs_arm
@pytest.mark.parametrize(("flags", "dsp"), [(M4, True), (M0, False)], ids=["m4", "m0plus"])
def test_c_with_make_picks_the_kernels(flags, dsp, tmp_path):
    write_package("c", compiled(conv_net(), "net"), tmp_path)
    run(
        "make",
        "-s",
        "CC=arm-none-eabi-gcc",
        "AR=arm-none-eabi-ar",
        f"CFLAGS=-O2 {' '.join(flags)}",
        cwd=tmp_path,
    )
    members = run("arm-none-eabi-ar", "t", tmp_path / "build" / "libtinyforge_net.a").split()
    assert ("tfg_tiles.o" in members) == dsp
    assert members.count("tfg_conv_1d_pool_s8.o") == 1


@needs_make
def test_snippet_in_a_makefile_of_ones_own(tmp_path):
    write_package("c", compiled(conv_net(), "net"), tmp_path / "sub" / "net")
    (tmp_path / "main.c").write_text(MAIN.format(more="", call=""))
    (tmp_path / "Makefile").write_text(
        "NET_DIR := sub/net\ninclude $(NET_DIR)/net.mk\n"
        "user: main.c $(NET_SOURCES)\n\t$(CC) $(NET_CPPFLAGS) $(NET_CFLAGS) $^ -o $@\n"
    )
    run("make", "-s", "user", cwd=tmp_path)
    expected = plain_output(conv_net(), "net", net_input(), tmp_path / "plain")
    assert numbers(run(tmp_path / "user", *net_input().ravel())) == expected.ravel().tolist()


def test_the_layouts_are_exports_too(tmp_path):
    """Their manifests name what to compile, so everything that takes an export takes them."""
    expected = plain_output(conv_net(), "net", net_input(), tmp_path / "plain")
    for kind in ("c", "platformio", "zephyr"):
        write_package(kind, compiled(conv_net(), "net"), tmp_path / kind)
        assert np.array_equal(load_invoke(tmp_path / kind)(net_input()), expected), kind


@needs_arm
@pytest.mark.emulator
def test_dsp_kernels_chosen_by_the_preprocessor_are_exact(tmp_path):
    write_package("platformio", compiled(conv_net(), "net"), tmp_path / "p")
    inputs = np.random.default_rng(3).integers(-128, 128, (8, 24)).astype(np.int8)
    expected = plain_output(conv_net(), "net", inputs, tmp_path / "plain")
    assert np.array_equal(models.run_export(tmp_path / "p", inputs, on="virtual"), expected.reshape(8, -1))
    assert "tfg_pool_tiles" in read_image(tmp_path / "p" / "bench.elf").by_name


def arm_objects(folder, manifest, flags, tmp_path):
    """Every source compiled strictly: symbol -> the files that define it."""
    found: dict[str, list[str]] = {}
    for source in manifest.sources:
        out = tmp_path / "one.o"
        include = [f"-I{folder / name}" for name in manifest.include_dirs]
        run("arm-none-eabi-gcc", *flags, "-std=c99", *STRICT, "-O2", *include, "-c", folder / source, "-o", out)
        for line in run("arm-none-eabi-nm", "--defined-only", "--extern-only", out).splitlines():
            found.setdefault(line.split()[-1], []).append(source)
    return found


@needs_arm
@pytest.mark.parametrize(("flags", "dsp"), [(M4, True), (M0, False)], ids=["m4", "m0plus"])
def test_each_symbol_once(flags, dsp, tmp_path):
    """Of the two files of a kernel the preprocessor leaves one; the empty one is no error even of -Wpedantic."""
    write_package("platformio", compiled(conv_net(), "net"), tmp_path / "p")
    found = arm_objects(tmp_path / "p", Manifest.load(tmp_path / "p"), flags, tmp_path)
    assert [symbol for symbol, files in found.items() if len(files) > 1] == []
    folder = "dsp" if dsp else "portable"
    assert found["tfg_conv_1d_pool_s8"] == [f"src/tfg_kernels/{folder}/tfg_conv_1d_pool_s8.c"]
    assert ("tfg_tiles" in found) == dsp


@pytest.mark.emulator
@needs_arm
def test_platformio_builds_it(tmp_path):
    """A project with the library in ``lib/``, by PlatformIO itself, without its registry."""
    pytest.importorskip("SCons")
    write_package("platformio", compiled(conv_net(), "net"), tmp_path / "lib" / "tinyforge_net")
    said = json.loads((tmp_path / "lib" / "tinyforge_net" / "library.json").read_text())
    assert (said["name"], said["headers"]) == ("tinyforge_net", "net.h")
    home = firmware_dir() / "virtual_m4"
    (tmp_path / "src").mkdir()
    for name in ("src/startup.c", "src/memory.c", "src/virtual_m4.h", "virtual_m4.ld"):
        shutil.copy(home / name, tmp_path / name)
    (tmp_path / "platformio.ini").write_text(
        f"[env:virtual]\nplatform = symlink://{firmware_dir() / 'platform'}\nboard = virtual_m4\n"
    )
    (tmp_path / "src" / "main.c").write_text(
        "#include <net.h>\nstatic int8_t in[NET_INPUT_ELEMENTS], out[NET_OUTPUT_ELEMENTS];\n"
        "int main(void) { net_invoke(in, out); return out[0]; }\n"
    )
    run_pio(load_board("virtual"), tmp_path, (), log=tmp_path / "log")
    image = read_image(tmp_path / ".pio" / "build" / "virtual" / "firmware.elf")
    assert {"net_invoke", "tfg_conv_1d_pool_s8", "tfg_pool_tiles"} <= set(image.by_name)


def unpacked(kind, data, name, folder):
    """The one archive of a package, unpacked; where its files are."""
    _, (archive,) = write_package(kind, compiled(data, name), folder)
    with zipfile.ZipFile(folder / archive) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == sorted(packed.namelist())
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        packed.extractall(folder)
    return folder


def sketch_of(library):
    (sketch,) = library.glob("examples/*/*.ino")
    assert sketch.parent.name == sketch.stem
    return sketch


@needs_gpp
def test_arduino_sketch_runs(tmp_path):
    """On the host: its labels and scores are those of the export for a window of zeros."""
    library = unpacked("arduino", with_info(("go", 'st"op', "slow")), "gesture", tmp_path) / "tinyforge_gesture"
    objects = []
    for number, source in enumerate(sorted((library / "src").rglob("*.c"))):
        objects.append(tmp_path / f"{number}.o")
        run("gcc", "-std=gnu11", "-O1", f"-I{library / 'src'}", "-c", source, "-o", objects[-1])
    run(
        *("g++", "-std=gnu++14", *STRICT, "-DSTANDIN_PRINTS", f"-I{library / 'src'}", f"-I{HERE / 'arduino_standin'}"),
        *("-include", "Arduino.h", "-x", "c++", sketch_of(library), HERE / "arduino_standin" / "main.cpp"),
        *("-x", "none", *objects, "-o", tmp_path / "sketch"),
    )
    lines = run(tmp_path / "sketch").splitlines()
    manifest = get_runtime("aot").generate(compiled(with_info(), "gesture"), tmp_path / "plain")
    info = compiled(with_info(), "gesture").info
    zeros = preprocess(info, manifest.input.scale, manifest.input.zero_point, np.zeros((1, 4, 2), np.float32))
    scores = load_invoke(tmp_path / "plain")(zeros).ravel().astype(int) + 128
    assert lines == [
        f"{label}: {score / 256:.4f}" for label, score in zip(("go", 'st"op', "slow"), scores, strict=True)
    ] + ["0 us"]


@needs_arm
@pytest.mark.parametrize("flags", [M4, M0], ids=["m4", "m0plus"])
@pytest.mark.parametrize("make", [with_info, conv_net, lambda: lstm(last=True)], ids=["gesture", "convnet", "lstm"])
def test_arduino_links(make, flags, tmp_path):
    """As Arduino does it: every source below ``src/`` into an archive, C as gnu11, the sketch as gnu++14."""
    library = unpacked("arduino", make(), "net", tmp_path) / "tinyforge_net"
    properties = dict(line.split("=", 1) for line in (library / "library.properties").read_text().splitlines() if line)
    assert properties["name"] == library.name
    assert properties["includes"] == "net.h"
    assert properties["architectures"] == "*"
    assert {"version", "author", "maintainer", "sentence", "paragraph", "category", "url"} <= set(properties)
    objects = []
    for number, source in enumerate(sorted((library / "src").rglob("*.c"))):
        objects.append(tmp_path / f"{number}.o")
        run("arm-none-eabi-gcc", *flags, "-std=gnu11", "-Os", f"-I{library / 'src'}", "-c", source, "-o", objects[-1])
    run("arm-none-eabi-ar", "rcs", tmp_path / "library.a", *objects)
    cpp = ("-std=gnu++14", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics")
    parts = []
    for source in (sketch_of(library), HERE / "arduino_standin" / "main.cpp"):
        parts.append(tmp_path / f"{source.stem}.sketch.o")
        run(
            *("arm-none-eabi-g++", *flags, *cpp, *STRICT, f"-I{library / 'src'}", f"-I{HERE / 'arduino_standin'}"),
            *("-include", "Arduino.h", "-x", "c++", "-c", source, "-o", parts[-1]),
        )
    run(
        *("arm-none-eabi-gcc", *flags, "--specs=nosys.specs", "-Wl,--no-warn-rwx-segments", *parts),
        *(tmp_path / "library.a", "-o", tmp_path / "sketch.elf"),
    )


@needs_cmake
def test_zephyr_module_two_models_in_one_image(tmp_path):
    """With a stand-in for Zephyr's functions: the module's own files do the rest."""
    yaml = pytest.importorskip("yaml")
    write_package("zephyr", compiled(conv_net(), "net"), tmp_path / "net")
    write_package("zephyr", compiled(with_info(), "gesture"), tmp_path / "gesture")
    module = yaml.safe_load((tmp_path / "net" / "zephyr" / "module.yml").read_text())
    assert module == {"name": "tinyforge_net", "build": {"cmake": ".", "kconfig": "Kconfig"}}
    assert (tmp_path / "net" / "CMakeLists.txt").is_file()
    kconfig = (tmp_path / "net" / module["build"]["kconfig"]).read_text()
    assert "config TINYFORGE_NET\n\tbool " in kconfig
    (tmp_path / "main.c").write_text(MAIN.format(more=SECOND[0], call=SECOND[1]))
    (tmp_path / "nothing.c").write_text("")
    (tmp_path / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.20)\nproject(user C)\ninclude({HERE / 'zephyr_standin.cmake'})\n"
        "set(CONFIG_TINYFORGE_NET y)\nset(CONFIG_TINYFORGE_GESTURE y)\n"
        "add_subdirectory(net)\nadd_subdirectory(gesture)\n"
        "add_executable(zephyr nothing.c)\ntarget_link_libraries(zephyr PRIVATE app)\n"
    )
    run("cmake", "-S", tmp_path, "-B", tmp_path / "b", f"-DCMAKE_C_FLAGS={' '.join(STRICT[:2])} -Werror")
    run("cmake", "--build", tmp_path / "b")
    said = run(tmp_path / "b" / "zephyr", *net_input().ravel())
    expected = plain_output(conv_net(), "net", net_input(), tmp_path / "plain")
    assert numbers(said.removesuffix("second\n")) == expected.ravel().tolist()


@needs_cmake
def test_zephyr_module_that_is_not_wanted_adds_nothing(tmp_path):
    write_package("zephyr", compiled(conv_net(), "net"), tmp_path / "net")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(user C)\nadd_subdirectory(net)\n"
        'if(TARGET tinyforge_net_c)\nmessage(FATAL_ERROR "there")\nendif()\n'
    )
    run("cmake", "-S", tmp_path, "-B", tmp_path / "b")


@needs_arm
def test_cmsis_pack(tmp_path):
    folder = unpacked("cmsis-pack", conv_net(), "net", tmp_path)
    assert (folder / "tinyforge.net.1.0.0.pack").is_file()  # <vendor>.<name>.<version>.pack
    package = ET.parse(folder / "tinyforge.net.pdsc").getroot()  # noqa: S314  # our own file
    assert package.tag == "package"
    assert [package.findtext(tag) for tag in ("vendor", "name")] == ["tinyforge", "net"]
    assert package.findtext("description")
    assert package.find("url") is not None
    assert (folder / package.findtext("license")).is_file()
    assert package.find("releases/release").get("version") == "1.0.0"
    component = package.find("components/component")
    assert {"Cclass", "Cgroup", "Csub", "Cversion"} <= set(component.keys())
    files = component.findall("files/file")
    assert {file.get("category") for file in files} == {"include", "header", "source"}
    for file in files:
        path = folder / file.get("name")
        assert path.is_dir() if file.get("category") == "include" else path.is_file()
        assert "\\" not in file.get("name")
    sources = {file.get("name") for file in files if file.get("category") == "source"}
    assert sources == {path.relative_to(folder).as_posix() for path in folder.rglob("*.c")}
    include = [folder / file.get("name") for file in files if file.get("category") == "include"]
    for source in sorted(sources):
        run(
            "arm-none-eabi-gcc",
            *M4,
            "-O2",
            *(f"-I{path}" for path in include),
            "-c",
            folder / source,
            "-o",
            tmp_path / "o",
        )


def test_the_licence_of_the_kernels_is_the_projects():
    root = Path(__file__).parents[3] / "LICENSE"
    assert (csrc_dir() / "LICENSE").read_bytes() == root.read_bytes()


def exit_code(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def test_from_the_command_line(tmp_path, capsys):
    (tmp_path / "net.tflite").write_bytes(conv_net())
    assert exit_code("export", tmp_path / "net.tflite", "--out", tmp_path / "o", "--package", "arduino", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["package"], said["files"], said["manifest"]) == ("arduino", ["tinyforge_net.zip"], "")
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["tinyforge_net.zip"]


def test_unknown_kind_writes_nothing(tmp_path, capfd):
    (tmp_path / "net.tflite").write_bytes(conv_net())
    assert exit_code("export", tmp_path / "net.tflite", "--out", tmp_path / "o", "--package", "ardunio") == 2
    assert 'did you mean "arduino"?' in " ".join(capfd.readouterr().err.split())
    assert not (tmp_path / "o").exists()
    with pytest.raises(UsageError, match="there is none for the runtime tflm"):
        models.export(tmp_path / "net.tflite", tmp_path / "o", runtime="tflm", package="c")


def test_what_the_archive_unpacks_to_is_an_export(tmp_path):
    folder = unpacked("cmsis-pack", with_info(), "gesture", tmp_path)
    manifest = Manifest.load(folder)
    library = build_shared(
        [folder / name for name in manifest.sources],
        [folder / name for name in manifest.include_dirs],
        tmp_path / "l.so",
    )
    table = (ctypes.c_char_p * 3).in_dll(ctypes.CDLL(str(library)), "gesture_labels")
    assert list(table) == [b"go", b"stop", b"slow"]


def test_commands_of_the_documentation(tmp_path, monkeypatch, capsys):
    """Every export of docs/exports.md as it stands there."""
    text = (Path(__file__).parents[3] / "docs" / "exports.md").read_text()
    lines = [line.removeprefix("$ tinyforge ") for line in text.splitlines() if line.startswith("$ tinyforge ")]
    assert len(lines) == 1 + len(KINDS) + 1  # plain, the packages, tflm
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gesture.tflite").write_bytes(with_info())
    for line in lines:
        assert exit_code(*line.split()) == 0, line
    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    for name in (
        "generated/gesture.c",
        "third_party/gesture/gesture.mk",
        "lib/tinyforge_gesture/library.json",
        "tinyforge_gesture.zip",
        "modules/gesture/zephyr/module.yml",
        "packs/tinyforge.gesture.1.0.0.pack",
        "tflm/gesture_model.cc",
    ):
        assert name in made
