"""Firmware: PlatformIO projects rendered, built and put on boards; and the image that measures a model.

``build`` renders a complete PlatformIO project and runs it, ``flash`` puts an image on a board, ``render`` only
writes the project; ``build_bench`` and ``bench_footprint`` make and size the image ``tinyforge.virtual.measure`` runs.
"""

from tinyforge.firmware.bench import bench_footprint, build_bench
from tinyforge.firmware.build import BuildResult, build, sources_digest
from tinyforge.firmware.flash import flash
from tinyforge.firmware.manifest import read_manifest
from tinyforge.firmware.project import render

__all__ = [
    "BuildResult",
    "bench_footprint",
    "build",
    "build_bench",
    "flash",
    "read_manifest",
    "render",
    "sources_digest",
]
