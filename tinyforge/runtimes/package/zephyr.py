"""``zephyr``: a module, for ``ZEPHYR_EXTRA_MODULES`` or a west manifest."""

from __future__ import annotations

from tinyforge.runtimes.package._layout import Generated, library, render, with_manifest


def pack(generated: Generated) -> dict[str, bytes]:
    """Files by path: ``zephyr/module.yml``, ``Kconfig``, ``CMakeLists.txt``, ``include/``, ``src/``."""
    files, manifest = library(generated, include="include", src="src")
    files["zephyr/module.yml"] = render("zephyr/module.yml.j2", generated)
    files["Kconfig"] = render("zephyr/Kconfig.j2", generated)
    files["CMakeLists.txt"] = render("zephyr/CMakeLists.txt.j2", generated, sources=manifest.sources)
    return with_manifest(files, manifest)
