"""Pruning, clustering and int8: what the plan asks is what the file holds."""

import dataclasses
import gzip
import json

import numpy as np
import pytest

from tinyforge.compiler import compile_model, read_model
from tinyforge.compress import compress, load_result
from tinyforge.compress.int8 import calibration_set
from tinyforge.compress.result import RESULT_FILE, result_from_json
from tinyforge.core.errors import ConfigError, DataError
from tinyforge.core.files import sha256_file
from tinyforge.core.results import finished
from tinyforge.core.types import CompressionPlan, ModelInfo, Preprocessing, WindowSpec
from tinyforge.evaluate import litert
from tinyforge.runtimes.preprocess import preprocess

PLAN = CompressionPlan(
    sparsity=0.75, prune_epochs=3, clusters=8, cluster_epochs=2, calibration_windows=100, qat_epochs=1
)


@pytest.fixture(scope="module", params=["cnn1d", "lstm", "gru"])
def compressed(request, dataset, trained, tmp_path_factory):
    result, info = trained(request.param)
    folder = tmp_path_factory.mktemp("compressed")
    return request.param, compress(result.folder, dataset, PLAN, info, folder), info


@pytest.mark.train
def test_every_step_is_told_with_its_sizes(compressed):
    architecture, result, _ = compressed
    assert [step.name for step in result.steps] == ["float", "pruned", "clustered", "qat", "tflite", "int8"]
    for step in result.steps:
        data = step.file.read_bytes()
        assert step.file_bytes == len(data)
        assert step.gzip_bytes == len(gzip.compress(data, 9, mtime=0))
        assert step.test["windows"] == 60
        assert step.nonzeros <= step.parameters
    sizes = [step.gzip_bytes for step in result.steps[:3]]
    assert sizes == sorted(sizes, reverse=True)
    if architecture == "cnn1d":  # in an LSTM of 8 units, scales and names outweigh the weights
        assert result.step("int8").file_bytes < result.step("tflite").file_bytes
    forms = {step.name: step.int8_file for step in result.steps if step.int8_file}
    assert list(forms) == ["float", "pruned", "clustered", "int8"]  # the last network's own form is the result
    assert all(read_model(file.read_bytes(), name) for name, file in forms.items())
    assert load_result(result.folder) == result
    assert dict(result.files) == {name: sha256_file(result.folder / name) for name in result.files}


@pytest.mark.train
def test_the_sparsity_is_the_plans_in_every_kernel(compressed):
    _, result, _ = compressed
    for layer, said in result.step("pruned").by_layer.items():
        wanted = round(said["size"] * (1 - PLAN.sparsity))
        assert abs(said["nonzeros"] - wanted) <= 1, layer
    assert result.step("float").sparsity == 0.0
    # neither clustering nor training for int8 nor rounding fills a hole
    assert result.step("clustered").sparsity >= result.step("pruned").sparsity
    assert result.step("int8").sparsity >= result.step("clustered").sparsity


@pytest.mark.train
def test_no_kernel_has_more_values_than_clusters(compressed):
    _, result, _ = compressed
    assert max(said["distinct"] for said in result.step("pruned").by_layer.values()) > PLAN.clusters
    for step in ("clustered", "int8"):
        assert all(said["distinct"] <= PLAN.clusters for said in result.step(step).by_layer.values()), step


@pytest.mark.train
def test_int8_costs_next_to_nothing(compressed):
    _, result, _ = compressed
    before, after = result.step("qat").test, result.step("int8").test
    assert before["accuracy"] > 0.8
    assert abs(before["correct"] - after["correct"]) <= 1
    # float32 .tflite and Keras are the same network
    assert result.step("tflite").loss == pytest.approx(result.step("qat").loss, rel=1e-3)


@pytest.mark.train
def test_every_layer_is_told_with_its_error_and_nothing_is_hurt(compressed):
    architecture, result, _ = compressed
    layers = {layer["name"]: layer for layer in result.layers}
    assert (
        list(layers)
        == {
            "cnn1d": ["window", "conv0", "conv1", "hidden", "scores"],
            "lstm": ["window", "lstm", "mean", "scores"],
            "gru": ["window", "gru", "mean", "scores"],
        }[architecture]
    )
    weights_db = layers["scores"]["weights_db"]
    assert weights_db is None or weights_db > 40  # trained onto int8's grid, unless no epoch was better than before
    assert layers["scores"]["has_weights"]
    assert not layers["window"]["has_weights"]
    for layer in layers.values():
        assert layer["alone_db"] is None or layer["alone_db"] > 25
        assert 0.9 < layer["covered"] <= 1
    assert result.findings == ()
    assert result.calibration["covered"] == min(layer["covered"] for layer in layers.values())


@pytest.mark.train
def test_the_file_carries_what_the_board_needs(compressed):
    architecture, result, info = compressed
    data = result.tflite.read_bytes()
    assert compile_model(data, name="small", place="int8.tflite").info == info
    operators = {op.kind for op in read_model(data, "int8.tflite").ops}
    assert ("UNIDIRECTIONAL_SEQUENCE_LSTM" in operators) == (architecture == "lstm")
    assert ("CONV_2D" in operators) == (architecture == "cnn1d")


@pytest.mark.train
def test_the_accuracy_told_is_that_of_the_reference_interpreter(compressed, dataset):
    _, result, info = compressed
    model = result.tflite.read_bytes()
    windows, targets = dataset.part(2)
    compiled = compile_model(model, name="small", place="int8.tflite")
    quant = compiled.graph.tensors[compiled.graph.inputs[0]].quant
    outputs = litert.run(model, preprocess(info, quant.scale[0], quant.zero_point[0], windows))
    assert int((outputs.argmax(1) == targets).sum()) == result.step("int8").test["correct"]


@pytest.mark.train
def test_the_same_inputs_give_the_same_bytes(compressed, dataset, trained, tmp_path):
    architecture, result, info = compressed
    again = compress(trained(architecture)[0].folder, dataset, PLAN, info, tmp_path)
    assert again.files == result.files


@pytest.mark.train
def test_a_finished_compression_is_not_done_again(compressed, dataset, trained):
    architecture, result, info = compressed
    seen = []
    assert compress(trained(architecture)[0].folder, dataset, PLAN, info, result.folder, seen.append) == result
    assert seen == []
    assert finished(result.folder / RESULT_FILE, "another job", result_from_json) is None


@pytest.mark.train
def test_steps_can_be_taken_one_by_one(dataset, trained, tmp_path):
    result, info = trained("cnn1d")
    plan = CompressionPlan(sparsity=0.5, prune_epochs=1, calibration_windows=30)
    pruned = compress(result.folder, dataset, plan, info, tmp_path / "pruned", steps=["prune"])
    assert [step.name for step in pruned.steps] == ["float", "pruned"]
    small = compress(result.folder, dataset, plan, info, tmp_path / "int8", steps=["quantize"], source=pruned.model)
    assert [step.name for step in small.steps] == ["float", "tflite", "int8"]
    assert small.step("float").nonzeros == pruned.step("pruned").nonzeros
    assert small.calibration["windows"] == 30
    assert small.calibration["by_class"] == {"circle": 10, "rest": 10, "shake": 10}
    assert small.calibration["groups"] == [4, 4]


# -- without TensorFlow -----------------------------------------------------------------------------------------------


def test_calibration_takes_classes_in_turn_and_the_same_for_the_same_seed():
    targets = np.array([0] * 50 + [1] * 3 + [2] * 20)
    chosen = calibration_set(targets, 30, seed=4)
    # all three of the rare class, the rest shared evenly
    assert np.bincount(targets[chosen]).tolist() == [14, 3, 13]
    assert len(set(chosen.tolist())) == 30
    assert (chosen == calibration_set(targets, 30, seed=4)).all()
    assert (chosen != calibration_set(targets, 30, seed=5)).any()
    assert len(calibration_set(targets, 1000, seed=4)) == 73


def test_calibration_takes_people_in_turn():
    targets = np.repeat([0, 1], 60)
    people = np.where(np.arange(120) % 10 == 0, "rare", "often")
    chosen = calibration_set(targets, 12, seed=4, groups=list(people))
    assert np.bincount(targets[chosen]).tolist() == [6, 6]
    assert (people[chosen] == "rare").sum() == 6


@pytest.fixture
def as_trained(tmp_path, dataset):
    """A folder that looks like training's, and what its model says of itself."""
    preprocessing = Preprocessing((0.0, 0.5, 1.0), (1.0, 2.0, 3.0))
    info = ModelInfo("small", dataset.labels, dataset.spec, (), preprocessing)
    said = {"spec": {"augment": True}, "result": {"preprocessing": dataclasses.asdict(preprocessing)}}
    (tmp_path / "train.json").write_text(json.dumps(said))
    return tmp_path, info


def refusal(kind, *args):
    with pytest.raises(kind) as caught:
        compress(*args)
    return str(caught.value)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (
            CompressionPlan(sparsity=1.0),
            "compress.sparsity: 1 is out of range; it must be at least 0 and below 1",
        ),
        (
            CompressionPlan(pattern="3x"),
            'compress.pattern: "3x" is no pattern; take unstructured, block2, block4, block8, block16 or 2:4',
        ),
        (
            CompressionPlan(sparsity=0.8, pattern="2:4"),
            (
                "compress.pattern: 2:4 leaves 50 % zeros, and sparsity says 80 %; "
                "write sparsity = 0.5, or take block4 or unstructured"
            ),
        ),
        (
            CompressionPlan(layers={"conv0": {"clusters": 300}}),
            "compress.layers.conv0.clusters: 300 is out of range; it must be 0 or 3 to 256",
        ),
        (CompressionPlan(qat_epochs=-1), "compress.qat_epochs: -1 is out of range; it must be at least 0"),
        (CompressionPlan(distillation=1.5), "compress.distillation: 1.5 is out of range; it must be 0 to 1"),
        (CompressionPlan(prune_epochs=0), "compress.prune_epochs: 0 is out of range; it must be at least 1"),
        (CompressionPlan(clusters=2), "compress.clusters: 2 is out of range; it must be 0 or 3 to 256"),
        (
            CompressionPlan(calibration_windows=0),
            "compress.calibration_windows: 0 is out of range; it must be at least 1",
        ),
    ],
)
def test_a_plan_out_of_range_is_refused(as_trained, dataset, tmp_path, plan, message):
    folder, info = as_trained
    assert refusal(ConfigError, folder, dataset, plan, info, tmp_path / "out") == message


def test_an_info_of_another_training_is_refused(as_trained, dataset, tmp_path):
    folder, info = as_trained
    other = dataclasses.replace(info, preprocessing=Preprocessing((0.0, 0.5, 1.5), (1.0, 2.0, 3.0)))
    assert refusal(ConfigError, folder, dataset, PLAN, other, tmp_path) == (
        'model "small": preprocessing: is not the one the network was trained with; take TrainResult.preprocessing'
    )
    other = dataclasses.replace(info, labels=("rest", "circle", "shake"))
    assert refusal(ConfigError, folder, dataset, PLAN, other, tmp_path) == (
        "model \"small\": labels: ['rest', 'circle', 'shake'] are not the dataset's ['circle', 'rest', 'shake']"
    )
    other = dataclasses.replace(info, window=WindowSpec(21, 10, dataset.spec.channels, 50.0))
    assert 'model "small": window: ' in refusal(ConfigError, folder, dataset, PLAN, other, tmp_path)


def test_a_folder_without_a_model_is_named(as_trained, dataset, tmp_path):
    folder, info = as_trained
    assert refusal(DataError, folder, dataset, PLAN, info, tmp_path) == (
        f"{folder / 'model.h5'}: no such model; train it first: `tinyforge train`"
    )
    assert refusal(DataError, folder / "nowhere", dataset, PLAN, info, tmp_path) == (
        f"{folder / 'nowhere' / 'train.json'}: no such file; train first: `tinyforge train`"
    )


def test_a_folder_without_a_result_is_named(tmp_path):
    with pytest.raises(DataError, match=r"compress\.json: no such file; compress first: `tinyforge compress`"):
        load_result(tmp_path)


@pytest.mark.train
def test_accuracy_has_an_interval_over_groups_where_there_are_several(tmp_path):
    from tinyforge.compress.worker import _Bench
    from tinyforge.core.metrics import bootstrap

    rng = np.random.default_rng(5)
    targets = rng.integers(0, 2, 90)
    people = np.repeat(["a", "b", "c"], 30)
    probabilities = rng.random((90, 2)).astype(np.float32)
    (tmp_path / "float.h5").write_bytes(b"network")
    for groups in (people, np.full(90, "a")):
        bench = _Bench(tmp_path, ("x", "y"), np.zeros((90, 2, 1), np.float32), targets, groups)
        bench.note("float", "float.h5", [("k", np.ones(3))], [("conv0/kernel", np.ones(3))], probabilities)
        said = bench.steps[0]["test"]
        over_people = bootstrap(targets, probabilities.argmax(1), groups, ("x", "y"))
        assert said.get("intervals") == over_people
        assert (over_people is None) == (len(set(groups)) == 1)
