"""``cmsis-pack``: a software component as a ``.pack``, for µVision, CMSIS-Toolbox and the IDEs that read packs."""

from __future__ import annotations

from tinyforge.runtimes.package._layout import VERSION, Generated, archive, library, render, with_manifest

_VENDOR = "tinyforge"


def pack(generated: Generated) -> dict[str, bytes]:
    """One file: ``tinyforge.<name>.1.0.0.pack``, a zip with its ``.pdsc``."""
    files, manifest = library(generated, include="include", src="src")
    files = with_manifest(files, manifest)
    files[f"{_VENDOR}.{manifest.name}.pdsc"] = render(
        "cmsis_pack/package.pdsc.j2", generated, vendor=_VENDOR, header=manifest.header, sources=manifest.sources
    )
    return {f"{_VENDOR}.{manifest.name}.{VERSION}.pack": archive(files)}
