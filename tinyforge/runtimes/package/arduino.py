"""``arduino``: a library as the zip that the Arduino IDE adds, with an example sketch."""

from __future__ import annotations

from tinyforge.core.graph import DType
from tinyforge.runtimes.base import Boundary
from tinyforge.runtimes.package._layout import Generated, archive, library, render, with_manifest

_MOST_PRINTED = 32  # numbers of an output that the sketch prints


def pack(generated: Generated) -> dict[str, bytes]:
    """One file: ``tinyforge_<name>.zip``."""
    files, manifest = library(generated, include="src", src="src")
    files = with_manifest(files, manifest, "extras/")
    example = manifest.name[0].upper() + manifest.name[1:]
    files["library.properties"] = render("arduino/library.properties.j2", generated)
    files[f"examples/{example}/{example}.ino"] = render(
        "arduino/sketch.ino.j2",
        generated,
        inputs=_buffers("input", manifest.inputs),
        outputs=_buffers("output", manifest.outputs),
        reset=manifest.reset,
        preprocess=manifest.preprocess,
        labels=bool(manifest.labels),
        most=_MOST_PRINTED,
    )
    folder = f"tinyforge_{manifest.name}"
    return {f"{folder}.zip": archive({f"{folder}/{path}": data for path, data in files.items()})}


def _buffers(what: str, boundaries: tuple[Boundary, ...]) -> list[dict[str, object]]:
    """Name, C type, whether it is quantized and how many numbers the sketch prints, of each."""
    return [
        {
            "name": what if len(boundaries) == 1 else f"{what}_{position}",
            "c_type": DType(boundary.dtype).c_type,
            "quantized": boundary.scale != 0.0,
            "bytes_wide": DType(boundary.dtype).bytes == 1,
            "real": boundary.dtype.startswith("float"),
            "printed": min(_MOST_PRINTED, boundary.bytes // DType(boundary.dtype).bytes),
        }
        for position, boundary in enumerate(boundaries)
    ]
