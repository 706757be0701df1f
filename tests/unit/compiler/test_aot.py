"""The generated folder: what is in it, that any compiler takes it, that hostile names stay text."""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from small_models import conv_net, dense, info, lstm, with_info

from tinyforge.compiler import compile_model
from tinyforge.core.errors import ModelFormatError, UnsupportedModelError, UsageError
from tinyforge.core.model_info import info_from_json, info_to_json
from tinyforge.core.names import c_comment, c_identifier, c_string, is_c_identifier
from tinyforge.runtimes import get_runtime
from tinyforge.runtimes.base import Manifest
from tinyforge.runtimes.preprocess import preprocess
from tinyforge.toolchain.host import build_shared

STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-DTFG_TRACE")


def build(manifest: Manifest, out, flags=STRICT) -> ctypes.CDLL:
    library = build_shared(
        [out / source for source in manifest.sources],
        [out / folder for folder in manifest.include_dirs],
        out / "model.so",
        flags,
    )
    return ctypes.CDLL(str(library))


def generate(data: bytes, out, name: str = "gesture") -> Manifest:
    return get_runtime("aot").generate(compile_model(data, name=name, place="m.tflite"), out)


def test_manifest(tmp_path):
    manifest = generate(with_info(), tmp_path)
    assert Manifest.load(tmp_path) == manifest
    said = json.loads((tmp_path / "manifest.json").read_text())
    assert said["function"] == "gesture_invoke"
    assert said["preprocess"] == "gesture_preprocess"
    assert said["reset"] is None
    assert said["input"]["shape"] == [1, 4, 2]
    assert (said["input_bytes"], said["output_bytes"]) == (8, 3)
    assert said["labels"] == ["go", "stop", "slow"]
    for name in (*said["sources"], *said["sources_dsp"], said["header"]):
        assert (tmp_path / name).is_file()
    assert [layer["kernel"] for layer in said["layers"]] == ["tfg_fully_connected_s8", "tfg_softmax_s8"]


@pytest.mark.parametrize("model", [conv_net, dense, lambda: lstm(last=True), with_info])
def test_headers_are_those_that_the_sources_include(model, tmp_path):
    manifest = generate(model(), tmp_path)
    headers = {path for path in tmp_path.rglob("*.h") if path.name != manifest.header}
    included = {tmp_path / "tfg/include/tfg.h", tmp_path / "tfg/src/tfg_internal.h"}
    for source in (*headers, *tmp_path.rglob("*.c")):
        for name in re.findall(r'#include "(.+)"', source.read_text()):
            folders = (source.parent, *(tmp_path / folder for folder in manifest.include_dirs))
            included.add(next((folder / name).resolve() for folder in folders if (folder / name).is_file()))
    assert headers == included - {tmp_path / manifest.header}


def test_same_model_same_bytes(tmp_path):
    generate(conv_net(), tmp_path / "a")
    generate(conv_net(), tmp_path / "b")
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) > 5
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


def test_another_abi_is_refused(tmp_path):
    manifest = generate(dense(), tmp_path)
    header = tmp_path / "tfg/include/tfg.h"
    header.write_text(header.read_text().replace("#define TFG_ABI 1", "#define TFG_ABI 2"))
    command = ["cc", "-fsyntax-only", *(f"-I{tmp_path / folder}" for folder in manifest.include_dirs)]
    found = subprocess.run([*command, str(tmp_path / "gesture.c")], capture_output=True, text=True, check=False)
    assert found.returncode != 0
    assert "gesture was generated for tfg ABI 1: run `tinyforge export` again" in found.stderr


@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
def test_headers_are_cpp(tmp_path):
    manifest = generate(with_info(), tmp_path)
    source = tmp_path / "user.cpp"
    includes = sorted((tmp_path / "tfg/include/tfg").glob("*.h"))
    source.write_text(
        '#include "gesture.h"\n'
        + "".join(f'#include "tfg/{header.name}"\n' for header in includes)
        + "int main() { int8_t in[8], out[3]; gesture_invoke(in, out); return gesture_labels[0][0]; }\n"
    )
    subprocess.run(
        ["g++", "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
        + [f"-I{tmp_path / folder}" for folder in manifest.include_dirs]
        + [str(source)],
        check=True,
    )


def test_trace_shows_every_layer(tmp_path):
    manifest = generate(conv_net(), tmp_path)
    library = build(manifest, tmp_path)
    seen = []
    hook_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
    hook = hook_type(lambda _context, layer, data, count: seen.append((layer, ctypes.string_at(data, count))))
    inputs, outputs = np.arange(24, dtype=np.int8), np.zeros(4, np.int8)
    library.gesture_trace(ctypes.c_void_p(inputs.ctypes.data), ctypes.c_void_p(outputs.ctypes.data), hook, None)
    assert [(layer, len(data)) for layer, data in seen] == [(0, 20), (1, 4), (2, 4)]
    assert seen[-1][1] == outputs.tobytes()


def test_preprocessing_and_its_twin(tmp_path):
    manifest = generate(with_info(), tmp_path)
    library = build(manifest, tmp_path)
    rng = np.random.default_rng(9)
    windows = rng.normal(0, 2, (3000, 4, 2)).astype(np.float32) * np.array([1, 60], np.float32)
    windows[0] = np.nan
    windows[1], windows[2] = np.inf, -np.inf
    windows[3] = 3e38
    scale, zero = manifest.input.scale, manifest.input.zero_point
    # exact ties: q + 1/2 steps
    steps = (np.arange(-100, 100) + 0.5).astype(np.float64)
    windows[10:35, :, 0] = (0.125 + steps[:100].reshape(25, 4) * scale * 0.75).astype(np.float32)
    twin = preprocess(info(), scale, zero, windows)
    ours = np.zeros((4, 2), np.int8)
    for window, expected in zip(windows, twin, strict=True):
        library.gesture_preprocess(ctypes.c_void_p(window.ctypes.data), ctypes.c_void_p(ours.ctypes.data))
        assert np.array_equal(ours, expected)
    finite = windows[40:]
    mean, std = np.array(info().preprocessing.mean), np.array(info().preprocessing.std)
    exact = np.clip(np.round((finite.astype(np.float64) - mean) / std / scale) + zero, -128, 127)
    assert np.abs(exact - twin[40:]).max() <= 1
    assert (exact != twin[40:]).mean() < 0.001


HOSTILE = (
    "*/ int main(){}",
    '"; system("rm")',
    "a\\",
    "??/",
    "%s%n",
    "\u202e\U0001f600",
    "\n#error\n",
    "",
    "日本語",
    "\x00",
)


def test_hostile_names_stay_text(tmp_path):
    labels = (HOSTILE[1], HOSTILE[6], HOSTILE[0])
    manifest = get_runtime("aot").generate(
        compile_model(dense(metadata=info_to_json(info(labels)), name=HOSTILE[0]), name="int main()", place="m.tflite"),
        tmp_path,
    )
    assert is_c_identifier(manifest.name)
    assert manifest.labels == labels
    library = build(manifest, tmp_path)
    table = (ctypes.c_char_p * 3).in_dll(library, f"{manifest.name}_labels")
    assert tuple(entry.decode() for entry in table) == labels


def test_names():
    for text in (*HOSTILE, "int", "2x", "a-b", "a__b", "_x", "tfg_x", "x" * 200):
        assert is_c_identifier(c_identifier(text)), text
    assert c_identifier("g_cnn") == "g_cnn"
    assert c_identifier("a-b") != c_identifier("a.b")
    assert c_string('a"b\\c?\n\u00e9') == '"a\\042b\\134c\\077\\012\\303\\251"'
    for text in HOSTILE:
        assert "*/" not in c_comment(text)
        assert c_comment(text).isascii()


def test_metadata_must_fit(tmp_path):
    wrong = dense(metadata=info_to_json(info(("only", "two"))))
    with pytest.raises(UnsupportedModelError, match="names 2 labels for 3 outputs"):
        generate(wrong, tmp_path)
    assert not list(tmp_path.iterdir())


def test_metadata_round_trip_and_refusals():
    assert info_from_json(info_to_json(info()), "m.tflite") == info()
    good = info_to_json(info())
    for bad in (b"", b"{}", b"[" * 5000, good.replace(b"0.75", b"0"), good.replace(b"4", b'"4"'), good[:-3]):
        with pytest.raises(ModelFormatError, match="metadata TINYFORGE"):
            info_from_json(bad, "m.tflite")


def test_unknown_runtime():
    with pytest.raises(UsageError, match='"aott": unknown runtime; did you mean "aot"'):
        get_runtime("aott")


def test_tflm_header(tmp_path):
    manifest = get_runtime("tflm").generate(compile_model(conv_net(), name="net", place="m.tflite"), tmp_path)
    header = (tmp_path / "net_model.h").read_text()
    for call in ("AddConv2D", "AddMaxPool2D", "AddMean", "AddReshape", "AddSoftmax"):
        assert call in header
    assert "#define NET_TFLM_OPERATORS 5" in header
    numbers = (tmp_path / "net_model.cc").read_text().split("{")[1].split("}")[0].replace(",", " ").split()
    assert bytes(int(number) for number in numbers) == conv_net()
    assert manifest.arena_bytes % 16 == 0
