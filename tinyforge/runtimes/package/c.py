"""``c``: the plain folder with a CMakeLists.txt, a Makefile and a snippet for a Makefile of one's own."""

from __future__ import annotations

from tinyforge.runtimes.aot.generate import KERNEL_DIR
from tinyforge.runtimes.package._layout import Generated, render


def pack(generated: Generated) -> dict[str, bytes]:
    """Files by path. The build picks ``src/portable`` or ``src/dsp``."""
    manifest = generated.manifest
    both = [source for source in manifest.sources if source in manifest.sources_dsp]
    values = {
        "sources": both,
        "portable": [source for source in manifest.sources if source not in both],
        "dsp": [source for source in manifest.sources_dsp if source not in both],
        "include_dirs": manifest.include_dirs,
        "cflags": manifest.cflags,
        "cpu_dir": f"{KERNEL_DIR}/include",
    }
    return {
        **generated.files,
        "CMakeLists.txt": render("c/CMakeLists.txt.j2", generated, **values),
        "Makefile": render("c/Makefile.j2", generated, **values),
        f"{manifest.name}.mk": render("c/model.mk.j2", generated, **values),
    }
