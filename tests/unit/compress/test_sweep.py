"""The plans of a sweep and which of them stand on the front; what ``tinyforge compress`` prints."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import tinyforge.compress
from tinyforge.cli.compress import _show_steps, _show_sweep
from tinyforge.core.errors import ToolError
from tinyforge.core.types import CompressionPlan, ModelSpec
from tinyforge.pipeline import models
from tinyforge.pipeline.stages import compress as compress_stage
from tinyforge.pipeline.stages import dataset as dataset_stage
from tinyforge.pipeline.stages import sweep
from tinyforge.pipeline.stages.sweep import _beats, plans


def test_plans_differ_and_keep_the_projects_settings():
    base = CompressionPlan(0.3, prune_epochs=60, calibration_windows=99, layers={"a": {"sparsity": 0.1}}, pattern="2:4")
    tried = plans(base)
    assert len(set(map(repr, tried.values()))) == len(tried)
    assert all(plan.calibration_windows == 99 and plan.prune_epochs == 60 for plan in tried.values())
    assert all(plan.layers == {} and plan.pattern == "unstructured" for plan in tried.values())


def test_what_is_as_small_and_better_beats():
    def one(flash_bytes, accuracy):
        return {"flash_bytes": flash_bytes, "test": {"accuracy": accuracy}}

    assert _beats(one(10, 0.9), one(11, 0.9))
    assert _beats(one(10, 0.9), one(10, 0.8))
    assert not _beats(one(10, 0.9), one(10, 0.9))
    assert not _beats(one(9, 0.8), one(10, 0.9))


def test_the_table_names_what_is_missing_and_who_is_hurt(capsys):
    share = {"accuracy": 0.95, "low": 0.9, "high": 0.98}
    sizes = {"parameters": 2000, "nonzeros": 400, "file_bytes": 9000, "gzip_bytes": 3000, "test": share}
    linked = {"flash_bytes": 5120, "ram_bytes": 184, "instructions": 41301}
    layer = {"weights_db": None, "has_weights": True, "output_db": 21.5, "alone_db": 12.25, "covered": 0.9497}
    said = {
        "steps": [sizes | {"name": "float"}, sizes | {"name": "int8", "linked": linked}],
        "calibration": {"windows": 3, "by_class": {"a": 1, "b": 2}, "groups": [2, 4], "covered": 0.9497}
        | {"worst_layer": "scores"},
        "layers": [layer | {"name": "scores", "low": -1.87, "high": 6.38}],
        "findings": ["layer scores: int8 hurts it; train on with qat_epochs = 8"],
    }
    _show_steps("net", said)
    printed = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert "float 2 000 400 9 000 3 000 - - - 95.0 % [90.0, 98.0]" in lines
    assert "int8 2 000 400 9 000 3 000 5 120 184 41 301 95.0 % [90.0, 98.0]" in lines
    assert "scores exact 21.5 12.2 -1.87 .. 6.38 94.97 %" in lines
    assert "net: layer scores: int8 hurts it; train on with qat_epochs = 8" in lines
    assert "calibrated on 3 training windows of 2 of 4 groups (a 1, b 2);" in printed


@pytest.fixture
def road(tmp_path, monkeypatch):
    """A run with a trained model in it; compressing and linking are stood in for."""
    (tmp_path / "train/net").mkdir(parents=True)
    (tmp_path / "train/net/model.h5").write_bytes(b"trained")
    monkeypatch.setattr(dataset_stage, "sha256", lambda road: "0" * 64)
    monkeypatch.setattr(dataset_stage, "load", lambda road: None)
    monkeypatch.setattr(compress_stage, "info", lambda road, spec: None)
    monkeypatch.setattr("tinyforge.toolchain.find_arm_toolchain", lambda: SimpleNamespace(version="gcc 12"))

    def compress(model_dir, dataset, plan, info, out_dir, on_progress, *, augmentation):
        assert model_dir == tmp_path / "train/net"
        on_progress(SimpleNamespace(done=1, total=2, text="half"))
        correct = int(100 - 10 * plan.sparsity - (0 if plan.qat_epochs else plan.clusters / 8))
        last = SimpleNamespace(
            test={"windows": 100, "correct": correct, "accuracy": correct / 100, "macro_f1": correct / 100},
            gzip_bytes=int(9000 * (1 - plan.sparsity)),
        )
        tflite = out_dir / str(int(20000 * (1 - 0.7 * plan.sparsity) * (0.6 if plan.clusters else 1)))
        return SimpleNamespace(step=lambda name: last, tflite=tflite)

    def profile(path: Path, *, board_id):
        return {"flash_bytes": int(path.name), "ram_bytes": 320, "instructions": 32248}

    monkeypatch.setattr(tinyforge.compress, "compress", compress)
    monkeypatch.setattr(models, "profile", profile)
    told = []
    return SimpleNamespace(
        project=SimpleNamespace(plan=CompressionPlan()),
        board=SimpleNamespace(id="virtual", reference="virtual"),
        run=SimpleNamespace(path=lambda step, file="": tmp_path / step / file),
        observer=SimpleNamespace(progress=lambda *what: told.append(what)),
        told=told,
    )


def test_a_sweep_leaves_points_page_and_plot(road, tmp_path, capsys):
    spec = ModelSpec("net", "dense")
    step = sweep.step(road, spec)
    folder = tmp_path / step.name
    folder.mkdir(parents=True)
    facts = step.make(folder)
    assert list(facts) == list(plans(CompressionPlan()))
    said = sweep.result(road, spec)
    assert json.loads((folder / "sweep.json").read_text()) == said["points"]
    best = [point["plan"] for point in said["points"] if point["best"]]
    assert "int8" in best
    assert "90 % zeros, 16 clusters, trained for int8" in best
    assert "90 % zeros" not in best  # larger and less accurate than with clusters and training for int8
    assert Path(said["svg"]).read_text().count("<circle") == 8
    assert "<table>" in Path(said["html"]).read_text()
    assert road.told[0] == ("sweep/net", 0.5, 8, "int8: half")
    _show_sweep({"models": {"net": said}})
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "* int8 20 000 320 32 248 9 000 100.0 % [96.3, 100.0]" in lines
    assert "* nothing smaller is as accurate" in lines


def test_a_plan_that_fails_ends_the_sweep_with_its_error(road, tmp_path, monkeypatch):
    def fails(*_, **__):
        raise ToolError("compress", "the worker process died")

    monkeypatch.setattr(tinyforge.compress, "compress", fails)
    step = sweep.step(road, ModelSpec("net", "dense"))
    (tmp_path / step.name).mkdir(parents=True)
    with pytest.raises(ToolError, match="the worker process died"):
        step.make(tmp_path / step.name)
    assert not (tmp_path / step.name / "sweep.json").exists()
