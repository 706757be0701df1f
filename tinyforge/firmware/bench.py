"""The measuring image: a generated model, a minimal harness, and nothing else; made with the compiler directly."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinyforge.core.errors import DataError
from tinyforge.core.files import write_text
from tinyforge.core.resources import firmware_dir
from tinyforge.core.types import Footprint
from tinyforge.toolchain import ArmToolchain, find_arm_toolchain, footprint
from tinyforge.virtual.measure import BENCH_FLASH_BYTES, BENCH_LINKED_RAM_BYTES

_STACK_BYTES = 1 << 16
_MANIFEST_KEYS = ("name", "function", "include_dirs", "sources", "input_bytes", "output_bytes")


def read_manifest(model_dir: Path) -> dict[str, Any]:
    """The ``manifest.json`` of a generated model.

    Raises:
        DataError: there is none, or it lacks a key.
    """
    place = model_dir / "manifest.json"
    try:
        manifest = json.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(str(place), f"cannot be read: {error.strerror}", "run `tinyforge export` first") from error
    except ValueError as error:
        raise DataError(str(place), f"not JSON: {error}", "run `tinyforge export` again") from error
    missing = [key for key in _MANIFEST_KEYS if key not in manifest]
    if missing:
        raise DataError(str(place), f"lacks {', '.join(missing)}", "run `tinyforge export` again")
    return dict(manifest)


def render_linker_script(text: str, *, flash_bytes: int, ram_bytes: int, stack_bytes: int) -> str:
    """``virtual_m4.ld`` with other sizes in place of its own.

    Raises:
        DataError: the script does not have the three lines that hold the sizes.
    """
    for pattern, value in (
        (r"(FLASH\b.*LENGTH\s*=\s*)\d+", flash_bytes),
        (r"(RAM\b.*LENGTH\s*=\s*)\d+", ram_bytes),
        (r"(__stack_bytes\s*=\s*)\d+", stack_bytes),
    ):
        text, replaced = re.subn(pattern, rf"\g<1>{value}", text)
        if replaced != 1:
            raise DataError("virtual_m4.ld", f"{replaced} lines look like {pattern}", "it must have one of each")
    return text


def model_sources(model_dir: Path, manifest: Mapping[str, Any], variant: str = "dsp") -> list[Path]:
    """C files of a generated model: those for the Cortex-M4's DSP instructions, or the portable ones."""
    names: Sequence[str] = (manifest.get("sources_dsp") if variant == "dsp" else None) or manifest["sources"]
    return [model_dir / name for name in names]


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
    toolchain: ArmToolchain | None = None,
) -> Footprint:
    """Flash and RAM a model takes: the bench image less the same harness without a model.

    RAM is ``.data`` + ``.bss`` (arena and state are in there), without the caller's input and output buffers; the
    stack is not in it: add ``profile(...).stack_bytes``.

    Args:
        model_dir: what a runtime generated.
        elf: its bench image, made with the same ``optimize`` and ``toolchain``.
    """
    manifest = read_manifest(model_dir)
    with tempfile.TemporaryDirectory() as folder:
        empty = _link(manifest, None, Path(folder) / "empty.elf", (optimize,), "", toolchain or find_arm_toolchain())
        harness = footprint(empty)
    full = footprint(elf)
    mine = {name: count for name, count in full.by_symbol.items() if name not in harness.by_symbol}
    return Footprint(full.flash_bytes - harness.flash_bytes, full.ram_bytes - harness.ram_bytes, 0, mine)


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
    defines = [f"-DBENCH_INPUT_BYTES={manifest['input_bytes']}u", f"-DBENCH_OUTPUT_BYTES={manifest['output_bytes']}u"]
    defines += [f"-DBENCH_INVOKE={manifest['function']}"]
    defines += [f"-DBENCH_RESET={manifest['reset']}"] if manifest.get("reset") else []
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
        script = Path(folder) / "bench.ld"
        write_text(
            script,
            render_linker_script(
                script_text, flash_bytes=BENCH_FLASH_BYTES, ram_bytes=BENCH_LINKED_RAM_BYTES, stack_bytes=_STACK_BYTES
            ),
        )
        objects = toolchain.compile_objects(sources, Path(folder), [*flags, *defines], includes)
        return toolchain.link(objects, script, out)
