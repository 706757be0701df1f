"""What the kinds of packages share: the library layout, the choice of kernels by the preprocessor, archives.

Why the preprocessor chooses: docs/adr/0004-kernels-chosen-by-the-preprocessor.md.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinyforge.core.graph import Compiled
from tinyforge.core.resources import csrc_dir
from tinyforge.core.templates import templates
from tinyforge.runtimes.aot import AotRuntime
from tinyforge.runtimes.aot.generate import KERNEL_DIR
from tinyforge.runtimes.base import MANIFEST_NAME, Manifest

VERSION = "1.0.0"  # of every package: the digest in its description tells models apart
CPU_HEADER = "tfg/tfg_cpu.h"
_KERNELS = "tfg_kernels"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can say


@dataclass(frozen=True, slots=True)
class Generated:
    """A generated folder, in memory.

    Attributes:
        manifest: of the folder.
        files: content by path relative to the folder, as ``AotRuntime`` wrote them.
    """

    manifest: Manifest
    files: Mapping[str, bytes]

    @property
    def title(self) -> str:
        """One line about the model, from its name and digest only: it stands in files of every syntax."""
        return f"{self.manifest.name}: an int8 neural network as C, sha256 {self.manifest.model_sha256[:16]}"


def generate(compiled: Compiled) -> Generated:
    """Run the aot runtime.

    Raises:
        UnsupportedModelError: see ``AotRuntime.generate``.
    """
    with tempfile.TemporaryDirectory(prefix="tinyforge_package_") as folder:
        manifest = AotRuntime().generate(compiled, Path(folder))
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()
        }
    files[f"{KERNEL_DIR}/include/{CPU_HEADER}"] = (csrc_dir() / "include" / CPU_HEADER).read_bytes()
    files["LICENSE"] = (csrc_dir() / "LICENSE").read_bytes()
    return Generated(manifest, files)


def library(generated: Generated, *, include: str, src: str) -> tuple[dict[str, bytes], Manifest]:
    """The files as a library for build systems that compile every source they find.

    A kernel that exists twice stands in both files, of which the preprocessor empties one.

    Args:
        generated: the model.
        include: folder of headers.
        src: folder of sources; may be the same.

    Returns:
        Content by path, and the manifest that fits: both lists of sources name every file.
    """
    name, kernels = generated.manifest.name, f"{KERNEL_DIR}/src/"
    files: dict[str, bytes] = {"LICENSE": generated.files["LICENSE"]}
    for path, data in generated.files.items():
        if path == f"{name}.h":
            files[f"{include}/{path}"] = data
        elif path == f"{name}.c":
            files[f"{src}/{path}"] = data
        elif path.startswith(f"{KERNEL_DIR}/include/"):
            files[f"{include}/{path.removeprefix(f'{KERNEL_DIR}/include/')}"] = data
        elif path.startswith(kernels):
            inside = path.removeprefix(kernels)
            files[f"{src}/{_KERNELS}/{inside}"] = _guarded(inside, data, generated.files)
    sources = tuple(sorted(path for path in files if path.endswith(".c")))
    folders = (include,) if include == src else (include, src)
    manifest = replace(generated.manifest, include_dirs=folders, sources=sources, sources_dsp=sources)
    return files, manifest


def _guarded(inside: str, data: bytes, files: Mapping[str, bytes]) -> bytes:
    """The source of a kernel, inside a condition where another file holds the same symbol or needs its CPU."""
    folder, _, stem = inside.rpartition("/")
    twin = f"{KERNEL_DIR}/src/dsp/{stem}" in files
    if not stem.endswith(".c") or not (folder == "dsp" or twin):
        return data
    condition = "TFG_CPU_HAS_DSP" if folder == "dsp" else "!TFG_CPU_HAS_DSP"
    head = f'#include "tfg.h"\n#include "{CPU_HEADER}"\n\n#if {condition} /* else this file is empty */\n'
    return head.encode() + data.rstrip(b"\n") + f"\n\n#endif /* {condition} */\n".encode()


def manifest_bytes(manifest: Manifest) -> bytes:
    """``manifest.json``."""
    return (json.dumps(manifest.as_json(), indent=2, ensure_ascii=False) + "\n").encode()


def with_manifest(files: dict[str, bytes], manifest: Manifest, folder: str = "") -> dict[str, bytes]:
    """The files and their manifest, with paths relative to where it stands."""
    return {**files, f"{folder}{MANIFEST_NAME}": manifest_bytes(manifest)}


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip of files: sorted, of one time, readable by all, not compressed: what zlib makes of it varies."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as target:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix, on every system
            entry.external_attr = 0o100644 << 16
            target.writestr(entry, data)
    return stream.getvalue()


def render(template: str, generated: Generated, **values: Any) -> bytes:
    """A template of ``templates/``; it gets ``name``, ``upper``, ``title``, ``version`` and ``values``."""
    name = generated.manifest.name
    text = (
        templates(Path(__file__).parent / "templates")
        .get_template(template)
        .render(name=name, upper=name.upper(), title=generated.title, version=VERSION, **values)
    )
    return text.encode()
