"""The g_model[] header: the model's bytes, exactly its operators, an arena that suffices."""

from __future__ import annotations

import csv
import ctypes
import shutil
import subprocess

import numpy as np
import pytest
from small_models import conv_net, lstm
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError
from tinyforge.runtimes import get_runtime
from tinyforge.runtimes.tflm import _KNOWN, arena_estimate, resolver_call

#: A resolver as TFLM's is used: a method an operator, kTfLiteOk is 0, a second registration is an error.
RESOLVER = """
enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };
template <unsigned int most> class Resolver {
public:
    unsigned int count = 0;
    TfLiteStatus add() { return count++ < most ? kTfLiteOk : kTfLiteError; }
%s
};
"""


def compiled(data, name="net"):
    return compile_model(data, name=name, place=f"{name}.tflite")


def test_method_names():
    """The ones that no rule gives."""
    assert resolver_call("CONV_2D") == "AddConv2D"
    assert resolver_call("UNIDIRECTIONAL_SEQUENCE_LSTM") == "AddUnidirectionalSequenceLSTM"
    assert resolver_call("BATCH_TO_SPACE_ND") == "AddBatchToSpaceNd"
    assert resolver_call("RESIZE_NEAREST_NEIGHBOR") == "AddResizeNearestNeighbor"
    assert resolver_call("SVDF") == "AddSvdf"
    assert resolver_call("RELU6") == "AddRelu6"
    assert len({resolver_call(kind) for kind in _KNOWN}) == len(_KNOWN)


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
@pytest.mark.parametrize("standard", ["-std=c++11", "-std=gnu++14", "-std=c++20"])
@pytest.mark.parametrize("make", [conv_net, lambda: lstm(last=True)], ids=["convnet", "lstm"])
def test_compiles_registers_and_holds_the_model(make, standard, tmp_path):
    get_runtime("tflm").generate(compiled(make()), tmp_path)
    wanted = len(set(compiled(make()).operators))
    methods = "\n".join(f"    TfLiteStatus {resolver_call(kind)}() {{ return add(); }}" for kind in sorted(_KNOWN))
    (tmp_path / "user.cc").write_text(
        '#include "net_model.h"\n' + RESOLVER % methods + 'extern "C" int registered() {\n'
        "    Resolver<NET_TFLM_OPERATORS> exact;\n"
        "    if (net_register_operators(exact) != kTfLiteOk) return -1;\n"
        "    Resolver<NET_TFLM_OPERATORS - 1> small;\n"
        "    return net_register_operators(small) == kTfLiteError ? (int)exact.count : -2;\n}\n"
    )
    strict = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", standard, f"-I{tmp_path}", "-shared", "-fPIC"]
    sources = [str(tmp_path / "net_model.cc"), str(tmp_path / "user.cc")]
    subprocess.run(["g++", *strict, *sources, "-o", str(tmp_path / "l.so")], check=True)
    library = ctypes.CDLL(str(tmp_path / "l.so"))
    assert library.registered() == wanted
    assert ctypes.c_uint.in_dll(library, "g_net_model_len").value == len(make())
    held = (ctypes.c_ubyte * len(make())).in_dll(library, "g_net_model")
    assert bytes(held) == make()
    assert ctypes.addressof(held) % 16 == 0


def test_header_is_c_too(tmp_path):
    get_runtime("tflm").generate(compiled(conv_net()), tmp_path)
    (tmp_path / "user.c").write_text('#include "net_model.h"\nint x;\n')
    subprocess.run(["cc", "-std=c99", "-Wall", "-Werror", "-fsyntax-only", str(tmp_path / "user.c")], check=True)


def test_an_operator_that_tflm_lacks(tmp_path):
    model = Writer()
    x, y = (model.tensor(name, (1, 8), scale=0.1) for name in "xy")
    model.op("RELU_N1_TO_1", [x], [y])
    with pytest.raises(
        UnsupportedModelError, match=r"op #0 RELU_N1_TO_1: TensorFlow Lite Micro has no .*--runtime aot"
    ):
        get_runtime("tflm").generate(compiled(model.build([x], [y])), tmp_path)
    assert not list(tmp_path.iterdir())


def test_arena_suffices(models_dir):
    """By what TFLM was measured to need in all: arena, its other data and the stack."""
    with (models_dir.parent / "yardstick.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            estimate = arena_estimate(compiled((models_dir / f"{row['model']}.tflite").read_bytes()))
            assert 0.9 < estimate / int(row["tflm_ram_bytes"]) < 1.25, row["model"]


def test_same_model_same_bytes(tmp_path):
    for folder in ("a", "b"):
        get_runtime("tflm").generate(compiled(conv_net()), tmp_path / folder)
    for name in ("net_model.h", "net_model.cc", "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert np.all([path.stat().st_size for path in (tmp_path / "a").iterdir()])
