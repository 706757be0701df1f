"""Python's twins of the C library's float32 functions, which fill tables."""

from __future__ import annotations

import ctypes
import platform

import numpy as np
import pytest

from tinyforge.compiler import libm

FUNCTIONS = ("expf", "expm1f", "tanhf", "erfcf")


@pytest.mark.parametrize(
    ("name", "at", "bits"),
    [
        ("expf", 1.0, 0x402DF854),
        ("expf", -104.5, 0x00000000),
        ("expf", 89.0, 0x7F800000),
        ("expm1f", 1e-20, 0x1E3CE508),
        ("expm1f", -0.25, 0xBE62820C),
        ("expm1f", 0.6, 0x3F527662),
        ("expm1f", 30.0, 0x551B8238),
        ("expm1f", 89.0, 0x7F800000),
        ("tanhf", 0.3, 0x3E9526ED),
        ("tanhf", -2.5, 0xBF7C92C1),
        ("tanhf", 25.0, 0x3F800000),
        ("erfcf", 0.1, 0x3F6335A1),
        ("erfcf", 0.9, 0x3E4FF74C),
        ("erfcf", 2.0, 0x3B9947AF),
        ("erfcf", -4.0, 0x40000000),
        ("erfcf", 9.0, 0x030CC6A1),
    ],
)
def test_every_branch_gives_these_bits(name, at, bits):
    found = getattr(libm, name)(np.array([at], np.float32))
    assert hex(int(found.view(np.uint32)[0])) == hex(bits)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_c_library_agrees(name):
    library, version = platform.libc_ver()
    if library != "glibc" or tuple(map(int, version.split("."))) >= (2, 41):
        pytest.skip("compares with glibc before 2.41")
    function = getattr(ctypes.CDLL("libm.so.6"), name)
    function.restype, function.argtypes = ctypes.c_float, [ctypes.c_float]
    rng = np.random.default_rng(7)
    x = np.concatenate([rng.normal(0, spread, 400) for spread in (1e-3, 0.1, 0.3, 1, 2, 5, 20, 100)])
    x = np.concatenate([x, [0.0, -0.0, 1e-40, 28.0, -28.0, 88.0, -103.0, -110.0]]).astype(np.float32)
    expected = np.array([function(value) for value in x], np.float32)
    assert np.array_equal(getattr(libm, name)(x).view(np.uint32), expected.view(np.uint32))
