"""What training for int8 keeps: an averaged epoch on int8's grid, or the network as it was."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.train
pytest.importorskip("tensorflow", reason="needs tinyforge[train]")

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "train"))

from small_data import small_dataset  # noqa: E402

from tinyforge.architectures import build  # noqa: E402
from tinyforge.architectures.loop import Examples  # noqa: E402
from tinyforge.architectures.network import standardise  # noqa: E402
from tinyforge.architectures.parcel import fit_preprocessing  # noqa: E402
from tinyforge.architectures.session import keras  # noqa: E402
from tinyforge.compress.fake_quant import Keep  # noqa: E402
from tinyforge.compress.qat import quantization_aware, surely_less  # noqa: E402
from tinyforge.core.types import TRAIN, VALIDATION, CompressionPlan, ModelSpec  # noqa: E402


def train(*, targets_turned):
    """An untrained dense network, trained for int8; where targets are turned, every epoch makes it worse."""
    dataset = small_dataset(120)
    keras().utils.set_random_seed(5)
    spec = ModelSpec("net", "dense", {"units": [8]}, learning_rate=0.01, label_smoothing=0.0)
    model = build(spec, dataset.windows.shape[1:], 3)
    examples = Examples.of(dataset, spec, fit_preprocessing(dataset), None, 1)
    windows, targets = dataset.part(VALIDATION)
    if targets_turned:
        object.__setattr__(examples, "targets", (examples.targets + 1) % 3)
    calibration = standardise(np.asarray(dataset.side(TRAIN)[0]), examples.preprocessing)
    before = model.get_weights()
    plan = CompressionPlan(sparsity=0.0, qat_epochs=2)
    told = []
    aware = quantization_aware(
        model,
        examples,
        (windows, targets),
        dataset.recordings[dataset.split == VALIDATION],
        calibration,
        plan,
        spec,
        Keep({}, zeros=False),
        lambda row, _: told.append(row),
    )
    return before, model.get_weights(), aware, told


def test_where_every_epoch_is_worse_the_network_is_what_plain_quantization_gets():
    before, after, aware, told = train(targets_turned=True)
    assert len(told) == 2
    assert min(row.val_loss for row in told) > aware.loss_before
    assert (aware.kept_epoch, aware.loss_after) == (-1, aware.loss_before)
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_where_an_epoch_is_better_its_weights_are_on_the_grid():
    before, after, aware, told = train(targets_turned=False)
    assert aware.loss_after == told[aware.kept_epoch].val_loss < aware.loss_before
    kernel = after[0]
    assert not np.array_equal(before[0], kernel)
    steps = kernel * 127 / np.abs(kernel).max(axis=0)
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)


@pytest.mark.parametrize(
    ("differences", "sure"),
    [
        ([-0.1, -0.12, -0.1, -0.11], True),
        ([-0.5, 0.01, 0.01, 0.01], False),  # one take alone is better
        ([0.1, 0.12, 0.1, 0.11], False),
        ([0.0, 0.0, 0.0, 0.0], False),
    ],
)
def test_better_is_what_most_takes_say(differences, sure):
    repeated = np.repeat(differences, 50)  # fifty windows of one take are no more sure than one
    takes, targets = np.repeat(["a", "b", "c", "d"], 50), np.zeros(200, np.int64)
    assert surely_less(repeated, takes, targets) is sure


def test_the_classes_of_one_take_count_each_and_one_alone_says_nothing():
    differences, targets = np.array([-0.1, -0.1, -0.11, -0.11]), np.array([0, 0, 1, 1])
    assert surely_less(differences, np.repeat("only", 4), targets)
    assert not surely_less(differences, np.repeat("only", 4), np.zeros(4, np.int64))
