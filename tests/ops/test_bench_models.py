"""The ten yardstick models on the host: equal to their golden outputs to the last bit."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import numpy as np
import pytest

from tinyforge.compiler import compile_model
from tinyforge.runtimes import get_runtime
from tinyforge.toolchain.host import build_shared

DATA = Path(os.environ.get("TINYFORGE_DATA", Path(__file__).parents[3] / "shared" / "data"))
MODELS = DATA.parent / "bench" / "models"
NAMES = ("hello", "g_dense", "g_cnn", "g_cnnflat", "g_lstm", "kws", "sww", "vww", "ic", "ad")


@pytest.mark.skipif(not MODELS.is_dir(), reason=f"no yardstick models in {MODELS}")
@pytest.mark.parametrize("name", NAMES)
def test_exact_on_the_host(name, tmp_path):
    compiled = compile_model((MODELS / f"{name}.tflite").read_bytes(), name=name, place=f"{name}.tflite")
    assert compiled.plan.arena_bytes <= 1.02 * compiled.plan.lower_bound_bytes
    manifest = get_runtime("aot").generate(compiled, tmp_path)
    library = ctypes.CDLL(
        str(
            build_shared(
                [tmp_path / source for source in manifest.sources],
                [tmp_path / folder for folder in manifest.include_dirs],
                tmp_path / "model.so",
                ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"),
            )
        )
    )
    invoke = getattr(library, manifest.function)
    golden = np.load(MODELS / f"{name}.golden.npz")
    outputs = np.zeros_like(golden["outputs"])
    for given, found in zip(golden["inputs"], outputs, strict=True):
        invoke(ctypes.c_void_p(np.ascontiguousarray(given).ctypes.data), ctypes.c_void_p(found.ctypes.data))
    assert np.array_equal(outputs, golden["outputs"])
