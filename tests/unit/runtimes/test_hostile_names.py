"""Names that a model, a dataset or a user gives never become code; labels come back byte for byte."""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from small_models import conv_net, dense, info, lstm
from tflite_writer import Writer

from tinyforge.cli import main
from tinyforge.compiler import compile_model
from tinyforge.core.errors import ModelFormatError, UsageError
from tinyforge.core.model_info import info_from_json, info_to_json
from tinyforge.core.names import c_comment, c_identifier, is_c_identifier
from tinyforge.core.types import Channel, ModelInfo, Preprocessing, WindowSpec
from tinyforge.evaluate.host_c import load_invoke
from tinyforge.pipeline import models
from tinyforge.runtimes import get_runtime
from tinyforge.runtimes.package import list_packages, write_package
from tinyforge.toolchain import build_shared

STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wcomment", "-Wtrigraphs", "-Werror", "-std=c99")
HOSTILE = {
    "quote": '"; system("rm -rf /"); "',
    "apostrophe": "'",
    "end of comment": "*/ int main(void) { return 1; } /*",
    "comments": "/* // */",
    "backslash": "a\\",
    "backslash newline": "\\\n#error joined\n",
    "trigraphs": "??/??=??'??(??)??!??<??>??-",
    "newlines": "a\r\n#error\n#include <nothing>\v\f",
    "format": "%s%n%%%x",
    "jinja": "{{ 7 * 7 }}{% raw %}{# #}",
    "make and cmake": "$(shell touch x) ${HOME} $ENV{HOME} @name@ ; ) #",
    "octal digits after": "\x01" + "23456789" + "\x00" + "777",
    "nul": "before\x00after",
    "unicode": "日本語 Ä \U0001f600",
    "right to left": "\u202eevil\u2066",
    "controls": "\x1b[31mred\x07\x7f\x80\x9f",
    "not a character": "\uffff\ufffe\U0010ffff",
    "keyword": "int",
    "c++ keyword": "class",
    "empty": "",
    "space": "   ",
    "digit": "2nd",
    "path": "../../etc/passwd",
    "shell": "`id` $(id) | > x & ~ *",
    "html": "<script>alert(1)</script>&amp;",
    "macro": "TFG_ABI",
    "identifier": "tfg_softmax_s8",
    "10 kB": "long" * 2560,
    "10 kB of quotes": '"' * 10240,
    "10 kB of kanji": "語" * 3413,
    "4094 bytes": "x" * 4094,
    "4095 bytes": "x" * 4095,
}
#: Identifiers of the headers, the kernels and the generated file itself.
TAKEN = (
    *("int8_t", "memcpy", "NULL", "main", "string", "stdint", "tfg", "Arduino", "con", "INT8_MAX", "errno", "malloc"),
    *("arena", "input", "output", "raw", "mean", "factor", "i", "state_0", "fully_connected_0", "conv_1d_0"),
    *("conv_1d_0_out", "softmax_0_scratch", "lstm_0", "labels", "manifest", "Makefile", "CMakeLists", "build", "all"),
)


def compiled(data, name="net"):
    return compile_model(data, name=name, place="m.tflite")


def strict_library(manifest, folder):
    includes = [folder / name for name in manifest.include_dirs]
    sources = [folder / name for name in manifest.sources]
    return ctypes.CDLL(str(build_shared(sources, includes, folder / "net.so", (*STRICT, "-DTFG_TRACE"))))


def every_compiler(manifests, folder):
    """The models' files with each compiler that is here, the headers as C++."""
    includes = [f"-I{folder / name}" for name in manifests[0].include_dirs]
    sources = [str(folder / manifest.sources[0]) for manifest in manifests]
    warnings = [flag for flag in STRICT if flag != "-Wtrigraphs"]
    for command in (["gcc"], ["clang"], ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb"]):
        if shutil.which(command[0]):
            subprocess.run([*command, *warnings, "-DTFG_TRACE", "-fsyntax-only", *includes, *sources], check=True)
    if shutil.which("g++"):
        user = folder / "user.cpp"
        user.write_text("".join(f'#include "{manifest.header}"\n' for manifest in manifests) + "int main() {}\n")
        flags = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-DTFG_TRACE"]
        subprocess.run(["g++", *flags, "-fsyntax-only", *includes, str(user)], check=True)


def labels_of(library, name, lengths):
    """The bytes at each entry of the table, as many as the label has, and the zero behind them."""
    table = (ctypes.c_void_p * len(lengths)).in_dll(library, f"{name}_labels")
    found = []
    for pointer, length in zip(table, lengths, strict=True):
        assert ctypes.string_at(pointer + length, 1) == b"\0"
        found.append(ctypes.string_at(pointer, length))
    return found


def test_labels_come_back_byte_for_byte(tmp_path):
    texts = tuple(HOSTILE.values())
    model = Writer()
    x = model.tensor("x", (1, 4, 2), scale=0.03)
    w = model.constant("w", np.ones((len(texts), 8)), "int8", scale=0.02)
    flat = model.tensor("f", (1, 8), scale=0.03)
    model.op("RESHAPE", [x, model.constant("s", [1, 8])], [flat], "ReshapeOptions")
    y = model.tensor("y", (1, len(texts)), scale=0.1)
    model.op("FULLY_CONNECTED", [flat, w, -1], [y], "FullyConnectedOptions")
    model.metadata.append(("TINYFORGE", info_to_json(info(texts))))
    manifest = get_runtime("aot").generate(compiled(model.build([x], [y])), tmp_path)
    assert manifest.labels == texts
    assert json.loads((tmp_path / "manifest.json").read_text("utf-8"))["labels"] == list(texts)
    wanted = [text.encode() for text in texts]
    assert labels_of(strict_library(manifest, tmp_path), "net", [len(data) for data in wanted]) == wanted
    every_compiler([manifest], tmp_path)


def test_names_of_tensors_channels_units_and_the_model(tmp_path):
    manifests = []
    for text in HOSTILE.values():
        named = ModelInfo(
            text,
            ("a", "b", "c"),
            WindowSpec(4, 2, (text, f"{text}2"), 100.0),
            (Channel(text, text), Channel(f"{text}2", text)),
            Preprocessing((0.125, -3.5), (0.75, 41.0)),
        )
        said = compiled(dense(metadata=info_to_json(named), name=text), text)
        assert is_c_identifier(said.name)
        assert all(is_c_identifier(layer.name) for layer in said.layers)
        manifests.append(get_runtime("aot").generate(said, tmp_path))
        for kind in ("c", "h"):
            source = (tmp_path / f"{said.name}.{kind}").read_text("ascii")
            code = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
            code = code.replace(said.name, "").replace(said.name.upper(), "")
            assert not re.search(r"system|main|joined|nothing|alert|etc", code), text
    assert len({manifest.name for manifest in manifests}) == len(HOSTILE)
    every_compiler(manifests, tmp_path)


def test_names_of_states(tmp_path):
    """Names of resource variables and of variable tensors reach comments."""
    manifests = []
    for text in HOSTILE.values():
        key = text if text.isprintable() and len(text) <= 1000 else "others are refused by the reader"
        model = Writer()
        start = model.subgraph()
        inner, content = start.tensor(text, (), "resource"), start.constant(text, np.zeros((1, 4)), "int8", scale=0.5)
        start.op("VAR_HANDLE", [], [inner], "VarHandleOptions", container=key, shared_name=key)
        start.op("ASSIGN_VARIABLE", [inner, content], [], "AssignVariableOptions")
        model.op("CALL_ONCE", [], [], "CallOnceOptions", init_subgraph_index=1)
        x = model.tensor(text, (1, 4), scale=0.5)
        handle, before = model.tensor(text, (), "resource"), model.tensor(text, (1, 4), scale=0.5)
        model.op("VAR_HANDLE", [], [handle], "VarHandleOptions", container=key, shared_name=key)
        model.op("READ_VARIABLE", [handle], [before], "ReadVariableOptions")
        y = model.tensor(text, (1, 4), scale=0.5)
        model.op("ADD", [x, before], [y], "AddOptions")
        model.op("ASSIGN_VARIABLE", [handle, y], [], "AssignVariableOptions")
        manifests.append(get_runtime("aot").generate(compiled(model.build([x], [y]), text), tmp_path))
        assert manifests[-1].state_bytes == 4
    every_compiler(manifests, tmp_path)


@pytest.mark.parametrize("make", [dense, conv_net, lambda: lstm(last=False)], ids=["dense", "conv", "lstm"])
def test_names_that_something_else_has(make, tmp_path):
    """All in one folder: a header called like the system's would hide it from all."""
    manifests = [get_runtime("aot").generate(compiled(make(), name), tmp_path) for name in TAKEN]
    assert all(is_c_identifier(manifest.name) for manifest in manifests)
    assert len({manifest.name.lower() for manifest in manifests}) == len(TAKEN)
    every_compiler(manifests, tmp_path)


def test_identifiers_differ_where_texts_differ():
    texts = [*HOSTILE.values(), *TAKEN, "x" * 49, "x" * 50, "x" * 48 + "y", "a-b", "a.b", "a b", "a_b", "A_b"]
    found = {text: c_identifier(text) for text in texts}
    assert len(set(found.values())) == len(set(texts))
    assert all(is_c_identifier(name) for name in found.values())
    assert {name.lower() for name in found.values()}.isdisjoint({"string", "stdint", "tfg", "con", "arduino"})


def test_comments():
    for text in HOSTILE.values():
        said = c_comment(text)
        assert re.fullmatch(r"[ -~]*", said)
        assert len(said) <= 60
        assert not re.search(r"\*/|/\*|//|\\|\?", said)


def test_half_a_surrogate_pair_is_refused():
    good = info_to_json(info())
    for what, place in ((b'"go"', b'"\\ud800"'), (b'"ax"', b'"\\udfff"'), (b'"dps"', b'"\\udc80x"')):
        with pytest.raises(ModelFormatError, match="half a surrogate pair"):
            info_from_json(good.replace(what, place), "m.tflite")


PATHS = ("with space", "quote\"'", "line\nfeed", "日本語", "-dash", "$(x)`y`;&|", "*.c", "%s", "back\\slash")


@pytest.mark.parametrize("text", PATHS)
def test_folders_and_files(text, tmp_path):
    """The path of the model and of the output are no part of what is generated."""
    folder = tmp_path / text
    folder.mkdir()
    (folder / f"{text}.tflite").write_bytes(conv_net())
    said = models.export(folder / f"{text}.tflite", folder / "out" / text, name="net")
    (tmp_path / "plain.tflite").write_bytes(conv_net())
    plain = models.export(tmp_path / "plain.tflite", tmp_path / "plain", name="net")
    assert said["files"] == plain["files"]
    for name in plain["files"]:
        assert (folder / "out" / text / name).read_bytes() == (tmp_path / "plain" / name).read_bytes(), name
    if "\\" not in text:
        inputs = np.arange(24, dtype=np.int8).reshape(1, 24)
        expected = load_invoke(tmp_path / "plain")(inputs)
        assert np.array_equal(load_invoke(folder / "out" / text)(inputs), expected)


def test_a_file_name_that_is_no_unicode(tmp_path, capsys):
    path = tmp_path / "\udcff\udcfe.tflite"
    path.write_bytes(conv_net())
    with pytest.raises(SystemExit) as ended:
        main(["export", str(path), "--out", str(tmp_path / "\udcff"), "--json"])
    assert ended.value.code == 0
    assert is_c_identifier(json.loads(capsys.readouterr().out)["name"])


@pytest.mark.parametrize("name", ["a b", "int", "2x", "string", "x" * 49, "*/", "tfg_x", "a__b", "naïve"])
def test_a_name_of_the_command_line_is_not_changed_but_refused(name, tmp_path):
    (tmp_path / "m.tflite").write_bytes(conv_net())
    with pytest.raises(UsageError, match="is no C identifier; for instance --name ") as error:
        models.export(tmp_path / "m.tflite", tmp_path / "out", name=name)
    assert is_c_identifier(error.value.way_out.split()[-1])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", list_packages())
def test_packages_say_nothing_but_the_identifier(kind, tmp_path):
    """Besides the model's header, source and manifest, whose names other tests look after."""
    hostile = ModelInfo(
        HOSTILE["quote"],
        (HOSTILE["quote"], HOSTILE["newlines"], HOSTILE["end of comment"]),
        WindowSpec(4, 2, (HOSTILE["jinja"], HOSTILE["shell"]), 100.0),
        (Channel(HOSTILE["jinja"], HOSTILE["html"]), Channel(HOSTILE["shell"], "dps")),
        Preprocessing((0.125, -3.5), (0.75, 41.0)),
    )
    name = c_identifier(HOSTILE["make and cmake"])
    tame = ModelInfo("gesture", ("a", "b", "c"), hostile.window, info().channels, hostile.preprocessing)
    texts = []
    for place, said in (("hostile", hostile), ("tame", tame)):
        model = compiled(dense(metadata=info_to_json(said)), name)
        _, files = write_package(kind, model, tmp_path / place)
        out = tmp_path / place
        if len(files) == 1:
            shutil.unpack_archive(out / files[0], out / "u", "zip")
            out /= "u"
        digest = model.digest[:16]
        skipped = {f"{name}.c", f"{name}.h", "manifest.json", "model_info.json"}
        texts.append(
            {
                path.relative_to(out).as_posix(): path.read_bytes().replace(digest.encode(), b"")
                for path in sorted(out.rglob("*"))
                if path.is_file() and path.name not in skipped
            }
        )
    assert texts[0] == texts[1]
    assert len(texts[0]) > 5
