"""verify-run: every file, every tie between steps, and the image's own word."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tinyforge.cli import main
from tinyforge.core.files import sha256_file, sha256_json
from tinyforge.core.project import load_project
from tinyforge.core.types import IMU_CHANNELS, Recording
from tinyforge.dataset import RecordingStore
from tinyforge.pipeline import models
from tinyforge.pipeline.observer import Silent
from tinyforge.pipeline.runs import Step, execute, open_run
from tinyforge.pipeline.verify_run import verify

MODEL = "ab" * 32
ZOO = Path(__file__).parents[2] / "models" / "activities_cnn1d" / "activities_cnn1d.tflite"


@pytest.fixture
def road(tmp_path):
    """A project and a run whose steps hold small files in place of networks."""
    (tmp_path / "tinyforge.toml").write_text(
        '[project]\nname = "demo"\n[[model]]\nname = "cnn"\narchitecture = "cnn1d"\n'
    )
    store = RecordingStore(tmp_path / "dataset")
    samples = np.random.default_rng(1).normal(size=(60, 6)).astype(np.float32)
    store.add_all([Recording(samples, IMU_CHANNELS, 100.0, label="stop", subject="anna")])
    project = load_project(tmp_path)
    run = open_run(project, store.digest())

    def do(name, inputs, files, facts=None):
        def make(folder):
            for file, content in files.items():
                (folder / file).write_bytes(content)
            return facts or {}

        return execute(run, Step(name, 1, inputs, make), Silent())

    do("dataset", {"recordings": store.digest()}, {"dataset.npz": b"windows"}, {"digest": "d1"})
    train = do("train/cnn", {"dataset": "d1"}, {"model.h5": b"weights"})
    trained = sha256_file(train / "model.h5")
    compress = do("compress/cnn", {"dataset": "d1", "trained": trained}, {"int8.tflite": b"int8"})
    tflite = sha256_file(compress / "int8.tflite")
    manifest = json.dumps({"model_sha256": MODEL}).encode()
    do("export/cnn", {"tflite": tflite}, {"cnn.c": b"int x;", "manifest.json": manifest})
    export = sha256_json([[str(a.path), a.sha256] for a in run.artifacts("export/cnn")])
    build = do("build/virtual/cnn", {"export": export}, {"firmware.elf": b"\x7fELF" + bytes.fromhex(MODEL)})
    image = sha256_file(build / "firmware.elf")
    inputs = {"dataset": "d1", "tflite": tflite, "export": export, "image": image}
    do("evaluate/virtual/cnn", inputs, {"evaluation.json": b"{}"})
    return project, run, do


def broken(road):
    project, run, _ = road
    return {(tie.what, tie.fact) for tie in verify(project, run) if not tie.ok}


def test_a_whole_run_holds(road):
    assert broken(road) == set()


def test_a_changed_and_a_missing_file_are_named(road):
    _, run, _ = road
    (run.folder / "train/cnn/model.h5").write_bytes(b"others!")
    (run.folder / "export/cnn/cnn.c").unlink()
    assert broken(road) == {
        ("train/cnn", f"{Path('train/cnn/model.h5')} is not what the step wrote"),
        ("export/cnn", f"{Path('export/cnn/cnn.c')} is missing"),
    }


def test_a_step_made_from_another_network_is_named(road):
    _, run, do = road
    do("compress/cnn", {"dataset": "d1", "trained": "f" * 64}, {"int8.tflite": b"int8"})
    trained = sha256_file(run.folder / "train/cnn/model.h5")
    assert broken(road) == {
        ("compress/cnn", f"was made from another state of the trained network: {'f' * 12}, here is {trained[:12]}")
    }


def test_an_image_with_another_model_is_named(road):
    _, run, do = road
    export = sha256_json([[str(a.path), a.sha256] for a in run.artifacts("export/cnn")])
    do("build/virtual/cnn", {"export": export, "again": 1}, {"firmware.elf": b"\x7fELF"})
    assert ("build/virtual/cnn", f"the image does not name the model {MODEL[:12]}") in broken(road)


def test_recordings_that_changed_since_are_named(road, capfd):
    project, _, _ = road
    samples = np.zeros((60, 6), np.float32)
    RecordingStore(project.dataset_dir).add_all([Recording(samples, IMU_CHANNELS, 100.0, label="go", subject="bob")])
    assert {what for what, _ in broken(road)} == {"recordings"}
    with pytest.raises(SystemExit) as ended:
        main(["verify-run", "--project", str(project.root), "--json"])
    assert ended.value.code == 1
    assert json.loads(capfd.readouterr().out)["ok"] is False


@pytest.mark.parametrize("stream", [False, True])
def test_made_again_as_the_run_made_it(road, stream, monkeypatch):
    """With its streaming and its key for updates, which are no part of what lies before it."""
    project, run, do = road
    compress = do("compress/cnn", {"dataset": "d1"}, {"int8.tflite": ZOO.read_bytes()})
    inputs = {"tflite": sha256_file(compress / "int8.tflite"), **({"stream": True} if stream else {})}
    export = Step("export/cnn", 1, inputs, lambda out: models.export(ZOO, out, name="cnn", stream=stream, whole=stream))
    folder = execute(run, export, Silent())
    assert ("cnn_slide" in (folder / "cnn.h").read_text()) is stream
    key = "cd" * 32 if stream else ""
    image = b"\x7fELF" + key.encode()
    do("build/virtual/cnn", {"export": "e", **({"update_key": key} if key else {})}, {"firmware.elf": image})

    def build(board, folder, *, model_dir, update_key=""):
        folder.mkdir()
        (folder / "firmware.elf").write_bytes(b"\x7fELF" + update_key.encode())
        return SimpleNamespace(elf=folder / "firmware.elf")

    monkeypatch.setattr("tinyforge.firmware.build", build)
    again = {tie.what: (tie.ok, tie.fact) for tie in verify(project, run, rebuild=True) if " again: " in tie.fact}
    assert {what: ok for what, (ok, _) in again.items()} == {"export/cnn": True, "build/virtual/cnn": True}, again
