"""``tinyforge train --cv``: every window answered by a network that has not seen its person."""

import json

import numpy as np
import pytest

from tinyforge.cli import main

pytestmark = [pytest.mark.train, pytest.mark.emulator]


def code_of(command):
    with pytest.raises(SystemExit) as ended:
        main(command)
    return ended.value.code


def test_every_person_is_tested_once_by_a_network_of_others(shapes_project, capsys):
    command = ["train", "--project", str(shapes_project), "--cv", "2", "--json", "--quiet"]
    text = (
        (shapes_project / "tinyforge.toml")
        .read_text()
        .replace('"cnn1d"', '"dense"')
        .replace("[train]", "[train]\nepochs = 3")
    )
    (shapes_project / "tinyforge.toml").write_text(text)
    assert code_of(command) == 0
    said = json.loads(capsys.readouterr().out)
    model = said["models"]["cnn"]
    assert sorted(name for fold in model["folds"] for name in fold["tested"]) == ["a", "b", "c", "d"]
    windows = 4 * 2 * (1 + (300 - 24) // 12)
    for rung in ("float", "int8"):
        assert model[rung]["windows"] == windows
        assert model[rung]["accuracy"] > 0.9
        assert model[rung]["intervals"]["groups"] == 4
        assert set(model[rung]["by_group"]) == {"a", "b", "c", "d"}
        assert np.sum(model[rung]["confusion"]) == windows
    assert model["cost"]["instructions"] > 1000
    # done already: nothing is trained again, the answer is the same
    assert code_of(command) == 0
    assert json.loads(capsys.readouterr().out) == said
    assert code_of([*command[:5], "--quiet"]) == 0
    table = capsys.readouterr().out
    assert "cnn: 2 folds, 192 windows of 4 groups" in table
    assert "B flash linked" in table


def test_a_scheme_that_does_not_exist_is_refused(shapes_project, capsys):
    file = shapes_project / "tinyforge.toml"
    file.write_text(file.read_text().replace('"cnn1d"', '"dense"'))
    assert code_of(["train", "--project", str(shapes_project), "--cv", "lso"]) == 2
    assert '--cv: "lso" is neither loso nor a number of folds' in capsys.readouterr().err
