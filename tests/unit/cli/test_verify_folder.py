"""``tinyforge verify FOLDER``: a table, JSON, and an exit code for all models together."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tinyforge.cli import main
from tinyforge.core.errors import UnsupportedModelError, UsageError
from tinyforge.pipeline import collection, models

for folder in ("ops", "unit/compiler"):
    sys.path.insert(0, str(Path(__file__).parents[2] / folder))

import small_models  # noqa: E402  # found by the lines above
from tflite_writer import Writer  # noqa: E402


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    return ended.value.code


def old_biases():
    """A depthwise layer whose bias names the axis of its filter, as converters of 2019 wrote it."""
    model = Writer()
    x = model.tensor("x", (1, 3, 3, 2), scale=0.05, zero_point=3)
    w = model.constant("w", np.arange(18).reshape(1, 3, 3, 2) - 9, "int8", scale=[0.01, 0.02], axis=3)
    b = model.constant("b", [7, -9], "int32", scale=[0.0005, 0.001], axis=3)
    y = model.tensor("y", (1, 3, 3, 2), scale=0.06, zero_point=-1)
    model.op("DEPTHWISE_CONV_2D", [x, w, b], [y], "DepthwiseConv2DOptions", stride_w=1, stride_h=1, depth_multiplier=1)
    return model.build([x], [y])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "dense.tflite").write_bytes(small_models.dense())
    (tmp_path / "old.tflite").write_bytes(old_biases())
    return tmp_path


def test_all_exact(folder, capsys):
    assert run("verify", folder, "--random", 3) == 0
    out = capsys.readouterr().out
    assert "below/dense.tflite" in out
    assert "2 models on host: 2 exact" in out


def test_refused_and_exact(folder, capsys):
    (folder / "picture.tflite").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert run("verify", folder, "--json", "--random", 3) == 5
    said = json.loads(capsys.readouterr().out)
    assert said["counts"] == {"refused": 1, "exact": 2}
    rows = {row["model"]: row for row in said["models"]}
    assert rows["picture.tflite"]["detail"] == (
        "is not a .tflite model: it looks like a PNG picture; give a .tflite file"
    )
    assert rows["below/dense.tflite"]["inferences"] == 3


def test_one_differs_from_the_file_beside_it(folder, capsys):
    compiled = models.compile_file(folder / "below" / "dense.tflite")
    window = np.zeros((1, compiled.graph.tensors[compiled.graph.inputs[0]].elements), np.int8)
    np.savez(folder / "below" / "dense.golden.npz", inputs=window, outputs=np.full((1, 3), 5, np.int8))
    assert run("verify", folder, "--random", 3) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "differs" in out
    assert "3 of 3 outputs differ" in out
    assert "2 models on host: 1 exact, 1 differs" in out


def test_data_beside_a_model_that_does_not_fit(folder):
    np.savez(folder / "old.npz", inputs=np.zeros((1, 5), np.int8))
    found = {row["model"]: row for row in collection.verify_folder(folder, random=2)["models"]}
    assert found["old.tflite"]["verdict"] == "failed"
    assert "5 numbers a window where the model has 18" in found["old.tflite"]["detail"]


def test_what_litert_cannot_run_is_accepted(folder, monkeypatch):
    monkeypatch.setattr("tinyforge.evaluate.mend.mend", lambda model: model)
    found = {row["model"]: row for row in collection.verify_folder(folder, random=2)["models"]}
    assert found["old.tflite"]["verdict"] == "accepted"
    assert "quantized_dimension must be in range" in found["old.tflite"]["detail"]


def test_a_version_that_the_reference_kernels_do_not_name(tmp_path):
    model = Writer()
    x = model.tensor("x", (1, 4), scale=0.1)
    y = model.tensor("y", (1, 8), scale=0.1)
    model.op("TILE", [x, model.constant("times", [1, 2])], [y], version=3)
    path = tmp_path / "tile.tflite"
    path.write_bytes(model.build([x], [y]))
    assert models.verify(path, random=3)["exact"]


def test_an_operator_without_a_reference_kernel(tmp_path):
    model = Writer()
    x = model.tensor("x", (4,), scale=0.1)
    y = model.tensor("y", (4,), scale=0.1)
    model.op("ELU", [x], [y])
    path = tmp_path / "elu.tflite"
    path.write_bytes(model.build([x], [y]))
    with pytest.raises(UnsupportedModelError) as caught:
        models.verify(path)
    assert str(caught.value) == (
        f"{path}: LiteRT has no reference kernel of ELU (version 1): nothing to compare with; "
        "compare the exported C with the network it was converted from"
    )


def test_nothing_to_verify(tmp_path):
    with pytest.raises(UsageError) as caught:
        collection.verify_folder(tmp_path)
    assert str(caught.value) == f"{tmp_path}: holds no .tflite; give a folder with models, or one model"


def test_inputs_are_for_one_model(folder, capfd):
    assert run("verify", folder, "--inputs", folder / "x.npz") == 2
    assert "--inputs: is for one model" in capfd.readouterr().err


def test_an_unknown_goal_is_no_refusal_of_models(folder, capfd):
    assert run("verify", folder, "--optimize", "sise") == 2
    assert 'did you mean "size"?' in capfd.readouterr().err
