"""``platformio``: a library folder, for ``lib/`` of a project or ``lib_deps = symlink://...``."""

from __future__ import annotations

import json

from tinyforge.runtimes.package._layout import VERSION, Generated, library, with_manifest


def pack(generated: Generated) -> dict[str, bytes]:
    """Files by path: ``library.json``, ``include/``, ``src/``."""
    files, manifest = library(generated, include="include", src="src")
    said = {
        "name": f"tinyforge_{manifest.name}",
        "version": VERSION,
        "description": generated.title,
        "keywords": ["neural network", "int8", "tinyml"],
        "license": "MIT",
        "headers": manifest.header,
        "frameworks": "*",
        "platforms": "*",
        "build": {"flags": ["-ffp-contract=off"], "includeDir": "include", "srcDir": "src"},
    }
    files["library.json"] = (json.dumps(said, indent=2) + "\n").encode()
    return with_manifest(files, manifest)
