"""The measuring image: a generated model, a minimal harness, and nothing else; made with the compiler directly."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinyforge.core.files import write_text
from tinyforge.core.resources import firmware_dir
from tinyforge.core.types import Footprint
from tinyforge.firmware.linker_script import render_linker_script
from tinyforge.firmware.manifest import model_sources, read_manifest
from tinyforge.toolchain import ArmToolchain, find_arm_toolchain, footprint
from tinyforge.virtual.measure import BENCH_FLASH_BYTES, BENCH_LINKED_RAM_BYTES, Sides

_STACK_BYTES = 1 << 16


def build_bench(
    model_dir: Path,
    out: Path,
    *,
    optimize: str = "-O2",
    variant: str = "dsp",
    toolchain: ArmToolchain | None = None,
) -> Path:
    """Link a measuring image for ``virtual.measure``.

    Args:
        model_dir: what a runtime generated, with its ``manifest.json``.
        out: the ELF file.
        optimize: the compiler's optimisation flag.
        variant: ``dsp`` or ``portable`` kernels.
        toolchain: found when None.

    Returns:
        ``out``.

    Raises:
        DataError: no valid manifest.
        ToolError: no compiler, or it fails.
    """
    return _link(read_manifest(model_dir), model_dir, out, (optimize,), variant, toolchain or find_arm_toolchain())


def bench_footprint(
    model_dir: Path,
    elf: Path,
    *,
    optimize: str = "-O2",
    variant: str = "dsp",
    toolchain: ArmToolchain | None = None,
) -> Footprint:
    """Flash and RAM a model takes: the bench image less the same harness without a model.

    RAM is ``.data`` + ``.bss`` (arena and state are in there), without the caller's input and output buffers; the
    stack is not in it: add ``profile(...).stack_bytes``.

    Args:
        model_dir: what a runtime generated.
        elf: its bench image, made with the same ``optimize``, ``variant`` and ``toolchain``.
    """
    manifest = read_manifest(model_dir)
    compiler = toolchain or find_arm_toolchain()
    continuing = bool(manifest.pop("continue_function", None))
    with tempfile.TemporaryDirectory(prefix="tinyforge_bench_") as folder:
        harness = footprint(_link(manifest, None, Path(folder) / "empty.elf", (optimize,), "", compiler))
        if continuing:
            # Only the harness wants <name>_continue beside <name>_invoke; firmware does not pay for both.
            elf = _link(manifest, model_dir, Path(folder) / "lean.elf", (optimize,), variant, compiler)
        full = footprint(elf)
    mine = {name: count for name, count in full.by_symbol.items() if name not in harness.by_symbol}
    return Footprint(full.flash_bytes - harness.flash_bytes, full.ram_bytes - harness.ram_bytes, 0, mine)


def _glue(sides: Sides, functions: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Functions with one input and one output around a model's functions that have several."""
    pointers = ["const void *"] * len(sides.input_room) + ["void *"] * len(sides.output_room)
    places = [f"in + {at}" for at in _offsets(sides.input_room)] + [f"out + {at}" for at in _offsets(sides.output_room)]
    text = ["#include <stdint.h>", ""]
    wrapped = {}
    for role, function in functions.items():
        wrapped[role] = f"bench_model_{role.lower()}"
        text += [
            f"void {function}({', '.join(pointers)});",
            f"void {wrapped[role]}(const int8_t *in, int8_t *out);",
            f"void {wrapped[role]}(const int8_t *in, int8_t *out)",
            "{",
            f"    {function}({', '.join(places)});",
            "}",
        ]
    return "\n".join(text) + "\n", wrapped


def _offsets(sizes: Sequence[int]) -> list[int]:
    return [sum(sizes[:i]) for i in range(len(sizes))]


def _link(
    manifest: Mapping[str, Any],
    model_dir: Path | None,
    out: Path,
    flags: Sequence[str],
    variant: str,
    toolchain: ArmToolchain,
) -> Path:
    """The harness, with the model when ``model_dir`` is given."""
    home = firmware_dir() / "virtual_m4"
    sources = [home / "src" / "startup.c", home / "src" / "memory.c", home / "bench" / "bench_main.c"]
    includes = [home / "src"]
    sides = Sides.of(manifest)
    functions = {"INVOKE": manifest["function"]}
    if manifest.get("continue_function"):
        functions["CONTINUE"] = manifest["continue_function"]
    glue = ""
    if sides.several and model_dir is not None:
        glue, functions = _glue(sides, functions)
    defines = [f"-DBENCH_INPUT_BYTES={sum(sides.input_room)}u", f"-DBENCH_OUTPUT_BYTES={sum(sides.output_room)}u"]
    defines += [f"-DBENCH_{role}={function}" for role, function in functions.items()]
    defines += [f"-DBENCH_RESET={manifest['reset']}"] if manifest.get("reset") else []
    if sliding := manifest.get("sliding"):
        defines += [f"-DBENCH_SLIDE={sliding['function']}", f"-DBENCH_SLIDE_RESET={sliding['reset']}"]
    if model_dir is None:
        sources += [home / "bench" / "bench_nothing.c"]
    else:
        sources += model_sources(model_dir, manifest, variant)
        includes += [model_dir / name for name in manifest["include_dirs"]]
        defines += [f"-D{define}" for define in manifest.get("defines", ())]
        flags = [*flags, *manifest.get("cflags", ())]
    script_text = (home / "virtual_m4.ld").read_text(encoding="utf-8")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tinyforge_bench_") as folder:
        if glue:
            sources.append(Path(folder) / "bench_glue.c")
            write_text(sources[-1], glue)
        script = Path(folder) / "bench.ld"
        write_text(
            script,
            render_linker_script(
                script_text, flash_bytes=BENCH_FLASH_BYTES, ram_bytes=BENCH_LINKED_RAM_BYTES, stack_bytes=_STACK_BYTES
            ),
        )
        objects = toolchain.compile_objects(sources, Path(folder), [*flags, *defines], includes)
        return toolchain.link(objects, script, out)
