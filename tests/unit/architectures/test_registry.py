"""Which architectures there are, what their parameters may be, and what a wrong one is told."""

import pytest

from tinyforge.architectures import (
    Architecture,
    broken_architectures,
    get_architecture,
    list_architectures,
    registry,
    resolve,
)
from tinyforge.core import plugins
from tinyforge.core.errors import ConfigError
from tinyforge.core.types import ModelSpec

SHAPE = (50, 6)


def spec(architecture="cnn1d", **parameters):
    return ModelSpec("gesture", architecture, parameters)


def refusal(function, *args):
    with pytest.raises(ConfigError) as caught:
        function(*args)
    return str(caught.value)


def test_the_built_in_architectures():
    assert {"cnn1d", "dense", "gru", "lstm", "tcn"} <= {one.name for one in list_architectures()}
    assert broken_architectures() == ()


@pytest.mark.parametrize("architecture", list_architectures(), ids=lambda one: one.name)
def test_every_preset_and_default_is_valid(architecture):
    assert set(architecture.presets) >= {"tiny", "small", "medium", "large"}
    for preset in architecture.presets:
        values = resolve(spec(architecture.name, preset=preset), SHAPE)
        # what a preset sets would be accepted from a user too
        given = {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
        assert resolve(spec(architecture.name, **given), SHAPE) == values
    for parameter in architecture.parameters:
        assert parameter.doc
        assert parameter.check(parameter.default, "here") == parameter.default


def test_a_given_value_beats_the_preset_and_the_preset_the_default():
    values = resolve(spec(preset="tiny", hidden=7), SHAPE)
    assert values["hidden"] == 7
    assert values["filters"] == get_architecture("cnn1d").presets["tiny"]["filters"]
    assert values["batch_norm"] is True


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"filtres": [8]},
            'model "gesture": parameters.filtres: unknown parameter; did you mean "filters"?',
        ),
        ({"preset": "tyny"}, 'model "gesture": parameters.preset: \'tyny\': unknown preset; did you mean "tiny"?'),
        ({"hidden": 3.5}, 'model "gesture": parameters.hidden: 3.5 is not a whole number; write hidden = 32'),
        ({"hidden": True}, 'model "gesture": parameters.hidden: True is not a whole number; write hidden = 32'),
        ({"hidden": -1}, 'model "gesture": parameters.hidden: -1 is out of range; it must be 0 to 1024'),
        ({"dropout": 1.5}, 'model "gesture": parameters.dropout: 1.5 is out of range; it must be 0 to 0.9'),
        ({"dropout": "no"}, "model \"gesture\": parameters.dropout: 'no' is not a number; write dropout = 0.3"),
        (
            {"batch_norm": 1},
            'model "gesture": parameters.batch_norm: 1 is not true or false; write batch_norm = true',
        ),
        ({"head": "flaten"}, 'model "gesture": parameters.head: \'flaten\': unknown head; did you mean "flatten"?'),
        ({"filters": []}, 'model "gesture": parameters.filters: 0 numbers are out of range; it takes 1 to 6 of them'),
        (
            {"filters": [8, 0]},
            'model "gesture": parameters.filters[1]: 0 is out of range; it must be 1 to 512',
        ),
    ],
)
def test_a_wrong_parameter_is_told_place_fact_and_way_out(given, message):
    assert refusal(resolve, spec(**given), SHAPE) == message


def test_a_window_too_short_for_the_layers_is_told_so():
    assert refusal(resolve, spec(filters=[8, 8, 8], kernels=[5]), (20, 6)) == (
        'model "gesture": parameters.kernels: layer 2 sees 2 samples, fewer than its kernel of 5 and pool of 2; '
        "take longer windows, fewer layers, or a smaller kernel or pool"
    )


def test_strides_and_padding_count_for_what_a_layer_sees():
    strided = {"filters": [8, 8, 8], "kernels": [5], "strides": [2], "pool": 1}
    assert refusal(resolve, spec(**strided), (20, 6)) == (
        'model "gesture": parameters.kernels: layer 2 sees 2 samples, fewer than its kernel of 5 and pool of 1; '
        "take longer windows, fewer layers, or a smaller kernel or pool"
    )
    assert resolve(spec(**strided, padding="same"), (20, 6))["padding"] == "same"


def test_a_window_too_short_for_dilated_kernels_is_told_so():
    assert refusal(resolve, spec("tcn", blocks=5), SHAPE) == (
        'model "gesture": parameters.blocks: the last of 5 blocks reaches 16 samples to each side, but there are 13; '
        "take longer windows, fewer blocks, or a smaller shorten"
    )


def test_residual_convolutions_may_not_reach_beyond_the_window():
    assert resolve(spec(preset="residual"), SHAPE)["residual"] == (1, 2, 4)
    assert refusal(resolve, spec(preset="residual", residual=[1, 7]), SHAPE) == (
        'model "gesture": parameters.residual: residual convolution 1 reaches 7 samples to each side, but there are 7; '
        "take longer windows, smaller strides or smaller dilations"
    )
    assert resolve(spec(), SHAPE)["residual"] == ()


def test_an_unknown_architecture_suggests_the_nearest():
    assert refusal(resolve, spec("cnn1"), SHAPE) == (
        'model "gesture": architecture: "cnn1": unknown architecture; did you mean "cnn1d"?'
    )


class Entry:
    """An entry point of another package."""

    def __init__(self, name, value):
        self.name = name
        self.value = f"package:{name}"
        self._value = value

    def load(self):
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


@pytest.fixture
def plugged_in(monkeypatch):
    good = Architecture("mlp_mixer", "mixes", (), lambda *_: None)
    entries = [
        Entry("mlp_mixer", good),
        Entry("gone", ImportError("No module named 'gone'\nand more")),
        Entry("odd", object()),
        Entry("second", Architecture("dense", "another dense", (), lambda *_: None)),
    ]
    monkeypatch.setattr(plugins.metadata, "entry_points", lambda group: entries)
    registry.reload_architectures()
    yield good
    monkeypatch.undo()
    registry.reload_architectures()


def test_a_plug_in_joins_and_a_broken_one_is_listed_with_its_reason(plugged_in):
    assert get_architecture("mlp_mixer") is plugged_in
    assert {one.name: one.reason for one in broken_architectures()} == {
        "gone": "ImportError: No module named 'gone'",
        "odd": "package:odd is no tinyforge.architectures.Architecture",
        "second": 'an architecture "dense" is there already',
    }
    assert get_architecture("dense").summary != "another dense"
    assert refusal(get_architecture, "gone") == (
        "architecture: \"gone\": the plug-in did not load: ImportError: No module named 'gone'; "
        "repair or uninstall that package"
    )
