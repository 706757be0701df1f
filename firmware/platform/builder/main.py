# ruff: noqa: INP001 - a script that PlatformIO loads by its path
"""How images for the virtual board are made (run by SCons inside PlatformIO).

The compiler is the command in TINYFORGE_ARM_CC, else arm-none-eabi-gcc from PATH, else clang of the ziglang package.
"""

import importlib.util
import os
import shlex
import shutil
import sys

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
board = env.BoardConfig()


def find_compiler() -> tuple[list[str], bool]:
    """The compiler's command as a list, and whether it is zig's clang."""
    text = os.environ.get("TINYFORGE_ARM_CC", "").strip()
    if text:
        command = [text] if os.path.isfile(text) else shlex.split(text)
        return command, len(command) > 1 and command[-1] == "cc"
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc:
        return [gcc], False
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"], True
    sys.stderr.write(
        "Error: no C compiler for Cortex-M4: install arm-none-eabi-gcc (apt install gcc-arm-none-eabi) "
        "or ziglang (pip install ziglang), or set TINYFORGE_ARM_CC\n"
    )
    env.Exit(1)
    return [], False


def quoted(command: list[str]) -> str:
    """The command as text for SCons."""
    return " ".join(f'"{word}"' if " " in word else word for word in command)


command, is_zig = find_compiler()
if is_zig:
    cpu = ["-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4+vfp4d16sp"]
    own = ["-fomit-frame-pointer", "-fno-sanitize=all", "-isystem", "libc"]
    link = []
else:
    cpu = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
    own = []
    link = ["-nostdlib"]

env.Replace(
    CC=quoted(command),
    LINK="$CC",
    AR=quoted([*command[:-1], "ar"] if is_zig else [command[0].removesuffix("gcc") + "gcc-ar"]),
    RANLIB=quoted([*command[:-1], "ranlib"] if is_zig else [command[0].removesuffix("gcc") + "gcc-ranlib"]),
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
    LDSCRIPT_PATH=board.get("build.ldscript"),
)
env.Append(
    CFLAGS=["-std=c99"],
    CCFLAGS=[
        *cpu,
        "-O2",
        "-g",
        # the same sources give the same image in any folder
        f"-ffile-prefix-map={env.subst('$PROJECT_DIR')}=.",
        "-Wall",
        "-Wextra",
        "-ffp-contract=off",
        "-ffunction-sections",
        "-fdata-sections",
        "-fno-common",
        "-fno-unwind-tables",
        "-fno-asynchronous-unwind-tables",
        *own,
    ],
    CPPDEFINES=[("TFW_CLOCK_HZ", board.get("build.f_cpu").rstrip("L"))],
    LINKFLAGS=[*cpu, *link, "-Wl,--gc-sections"],
    LIBS=[] if is_zig else ["gcc"],
)

if not is_zig:
    env.Replace(
        SIZETOOL=command[0].removesuffix("gcc") + "size",
        SIZEPROGREGEXP=r"^(?:\.text|\.data)\s+(\d+).*",
        SIZEDATAREGEXP=r"^(?:\.data|\.bss|\.stack)\s+(\d+).*",
        SIZECHECKCMD="$SIZETOOL -A -d $SOURCES",
        SIZEPRINTCMD="$SIZETOOL -B -d $SOURCES",
    )

program = env.BuildProgram()
AlwaysBuild(env.Alias("nobuild", program))
Default(program)
