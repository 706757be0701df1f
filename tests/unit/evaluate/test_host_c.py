from __future__ import annotations

import json
import os

import numpy as np
import pytest

from tinyforge.core.errors import DataError, ToolError
from tinyforge.evaluate.host_c import load_invoke

SOURCE = """
#include "toy.h"
static int8_t memory;
void toy_reset(void) { memory = 0; }
void toy_invoke(const int8_t *input, int8_t *output)
{
    memory = (int8_t)(memory + input[0]);
    output[0] = memory;
    output[1] = (int8_t)(input[1] * FACTOR);
}
void toy_preprocess(const float *raw, int8_t *input)
{
    input[0] = (int8_t)raw[0];
    input[1] = (int8_t)raw[1];
}
"""
HEADER = "#include <stdint.h>\nvoid toy_invoke(const int8_t *input, int8_t *output);\n"


def export(folder, source=SOURCE, **more):
    """A folder as `tinyforge export` leaves it: input [2][1], output [2]."""
    (folder / "include").mkdir(parents=True, exist_ok=True)
    (folder / "toy.c").write_text(source)
    (folder / "include" / "toy.h").write_text(HEADER)
    manifest = {
        "name": "toy",
        "function": "toy_invoke",
        "header": "toy.h",
        "include_dirs": ["include"],
        "sources": ["toy.c"],
        "defines": ["FACTOR=3"],
        "input_bytes": 2,
        "output_bytes": 2,
        "input": {"shape": [1, 2, 1], "scale": 1.0, "zero_point": 0},
        "output": {"shape": [1, 2], "scale": 1.0, "zero_point": 0},
        **more,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


INPUTS = np.array([[[1], [10]], [[2], [20]], [[3], [-30]]], np.int8)


def test_the_c_code_runs(tmp_path):
    model = load_invoke(export(tmp_path))
    assert model.stateful
    outputs = model(INPUTS)
    assert outputs.dtype == np.int8
    assert outputs.tolist() == [[1, 30], [2, 60], [3, -90]]
    assert model(INPUTS.reshape(3, 2)).tolist() == outputs.tolist()


def test_state_is_kept_only_when_asked(tmp_path):
    model = load_invoke(export(tmp_path))
    assert model(INPUTS, keep_state=True)[:, 0].tolist() == [1, 3, 6]
    assert model(INPUTS, keep_state=True)[:, 0].tolist() == [1, 3, 6]  # each call starts from reset
    assert model(INPUTS)[:, 0].tolist() == [1, 2, 3]


def test_a_model_without_state_needs_no_reset(tmp_path):
    model = load_invoke(export(tmp_path, SOURCE.replace("toy_reset", "nobody")))
    assert not model.stateful
    assert model(INPUTS)[:, 0].tolist() == [1, 3, 6]


def test_preprocessing_is_called(tmp_path):
    model = load_invoke(export(tmp_path))
    windows = np.array([[[1.9], [-3.2]]])
    assert model.preprocess(windows).tolist() == [[[1], [-3]]]
    with pytest.raises(DataError, match="give 2 numbers a window"):
        model.preprocess(np.zeros((1, 3, 1), np.float32))
    bare = load_invoke(export(tmp_path / "bare", SOURCE.replace("toy_preprocess", "nobody")))
    with pytest.raises(DataError, match="carries no preprocessing"):
        bare.preprocess(windows)


def test_progress_counts_windows(tmp_path):
    seen = []
    load_invoke(export(tmp_path))(INPUTS, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_an_unchanged_model_is_not_built_again(tmp_path, monkeypatch):
    folder = export(tmp_path / "model")
    load_invoke(folder)
    (library,) = (folder / "host").iterdir()
    made = library.stat().st_mtime_ns
    monkeypatch.setenv("CC", "no-such-compiler")
    load_invoke(folder)
    assert library.stat().st_mtime_ns == made
    monkeypatch.delenv("CC")
    (folder / "include" / "toy.h").write_text(HEADER + "/* changed */\n")
    load_invoke(folder)
    assert len(list((folder / "host").iterdir())) == 2


def test_two_versions_of_a_model_do_not_mix(tmp_path):
    old = load_invoke(export(tmp_path))
    new = load_invoke(export(tmp_path, defines=["FACTOR=4"]))
    assert old(INPUTS)[0, 1] == 30
    assert new(INPUTS)[0, 1] == 40


def test_the_library_can_go_elsewhere(tmp_path):
    folder = export(tmp_path / "model")
    load_invoke(folder, build_dir=tmp_path / "build")
    assert not (folder / "host").exists()
    assert len(list((tmp_path / "build").iterdir())) == 1


def test_code_that_does_not_compile_is_a_tool_error(tmp_path):
    with pytest.raises(ToolError, match="unknown_type"):
        load_invoke(export(tmp_path, "unknown_type x;\n"))


def test_a_missing_function_is_named(tmp_path):
    with pytest.raises(ToolError, match="no function toy_invoke"):
        load_invoke(export(tmp_path, "int other;\n"))


@pytest.mark.parametrize("shape", [(1, 3), (2,), (1, 2, 2)])
def test_inputs_must_fit(tmp_path, shape):
    with pytest.raises(DataError, match="with 2 numbers a window"):
        load_invoke(export(tmp_path))(np.zeros(shape, np.int8))


def test_a_folder_that_is_no_export_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file") as caught:
        load_invoke(tmp_path)
    assert caught.value.place == os.fspath(tmp_path / "manifest.json")
    assert "tinyforge export" in caught.value.way_out
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        load_invoke(tmp_path)
    (tmp_path / "manifest.json").write_text('{"name": "toy"}')
    with pytest.raises(DataError, match="lacks function, include_dirs, sources"):
        load_invoke(tmp_path)
    folder = export(tmp_path)
    (folder / "toy.c").unlink()
    with pytest.raises(DataError, match=r"toy\.c: no such file"):
        load_invoke(folder)
    export(tmp_path, input={})
    with pytest.raises(DataError, match=r"lacks input\.shape"):
        load_invoke(folder)
