"""A layer of ``[compress.layers]`` that no model has is said before the first training."""

import json
from pathlib import Path

import pytest

from tinyforge import api
from tinyforge.core.errors import ConfigError

pytestmark = pytest.mark.train


SAID = "tinyforge.toml: compress.layers.{}: no model has a layer with weights of that name; {}"


def with_layers(project, *names):
    """The project with one more network, its training short, and these layers pruned otherwise."""
    path = project / "tinyforge.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("length = 24", "length = 48")
    text = text.replace("[train]\n", "[train]\nepochs = 1\n")
    text = text.replace("[compress]\n", '[[model]]\nname = "net"\narchitecture = "dense"\n[compress]\n')
    text += "".join(f"[compress.layers.{name}]\nsparsity = 0.5\n" for name in names)
    path.write_text(text, encoding="utf-8")
    return project


def test_a_name_that_no_model_has_stops_before_the_first_training(shapes_project):
    project = with_layers(shapes_project, "hidden0", "conv_1")  # hidden0 is the dense network's
    with pytest.raises(ConfigError) as caught:
        api.cross_validate(project, "2")
    assert str(caught.value) == SAID.format("conv_1", 'did you mean "conv1"?')
    assert {folder.name for folder in project.glob("runs/*/*") if folder.is_dir()} == {".partial", "dataset"}


def test_layers_without_weights_are_none_and_those_there_are_pruned(shapes_project):
    flat = with_layers(shapes_project, "flatten")
    with pytest.raises(ConfigError) as caught:
        api.train(flat)
    assert str(caught.value) == SAID.format("flatten", "known: conv0, conv1, conv2, hidden, hidden0, hidden1, scores")
    path = flat / "tinyforge.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("layers.flatten", "layers.hidden0"), encoding="utf-8")
    run = api.train(flat, model="net")["run"]
    assert json.loads((Path(run) / "layers" / "layers.json").read_text(encoding="utf-8")) == {
        "cnn": ["conv0", "conv1", "conv2", "hidden", "scores"],
        "net": ["hidden0", "hidden1", "scores"],
    }
