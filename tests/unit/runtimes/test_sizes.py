"""Sizes of the kernels' parameter structures, as the compiler has them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tinyforge.core.resources import csrc_dir
from tinyforge.runtimes.aot.sizes import _size, parameter_bytes

KERNELS = sorted(path.stem for path in (csrc_dir() / "src" / "portable").glob("*.c"))


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc")
def test_every_kernel(tmp_path):
    assert len(KERNELS) > 40
    lines = [f'#include "tfg/{kernel}.h"' for kernel in KERNELS]
    lines += [f"typedef char is_{k}[sizeof({k}_t) == {parameter_bytes(k)} ? 1 : -1];" for k in KERNELS]
    (tmp_path / "sizes.c").write_text("\n".join(lines))
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-std=c99", f"-I{csrc_dir() / 'include'}"]
    subprocess.run([*command, "-fsyntax-only", str(tmp_path / "sizes.c")], check=True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("int32_t a; const int8_t *b;", 8),
        ("int8_t a; int32_t b; int8_t c;", 12),
        ("int8_t a; double b;", 16),
        ("int8_t a[3]; int16_t b[2][3];", 16),
        ("const float *const a;", 4),
    ],
)
def test_layout(body, expected):
    assert _size(body) == expected


def test_what_it_does_not_understand_is_said():
    with pytest.raises(ValueError, match="cannot size the member `struct x y`"):
        _size("struct x y;")
