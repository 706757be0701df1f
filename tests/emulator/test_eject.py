"""An ejected firmware project is whole: it builds by itself, and is never touched again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_models import dense, with_info

from tinyforge.core.errors import ModelFormatError, UnsupportedModelError, UsageError
from tinyforge.pipeline.eject import eject
from tinyforge.toolchain import read_image

pytestmark = pytest.mark.emulator
MODELS = Path(__file__).parents[2] / "models"


def test_it_builds_by_itself_with_what_was_edited(tmp_path):
    model = tmp_path / "gesture.tflite"
    model.write_bytes(with_info())
    made = eject(tmp_path / "mine", model=model)
    assert made["board"] == "virtual"
    source = tmp_path / "mine" / "common" / "tfw_app.c"
    source.write_text(source.read_text() + "\nint edited_by_hand(void);\nint edited_by_hand(void) { return 7; }\n")
    # As a user does, with nothing of tinyforge's around it: no registry is asked.
    quiet = {"PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no", "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true"}
    said = {key: value for key, value in os.environ.items() if not key.startswith("PLATFORMIO")} | quiet
    command = [sys.executable, "-m", "platformio", "run", "-e", made["environment"]]
    done = subprocess.run(command, cwd=tmp_path / "mine", env=said, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    elf = tmp_path / "mine" / ".pio" / "build" / made["environment"] / "firmware.elf"
    names = {symbol.name for symbol in read_image(elf).symbols}
    assert {"gesture_invoke"} <= names
    with pytest.raises(UsageError) as caught:
        eject(tmp_path / "mine", model=model)
    assert caught.value.fact == "is not empty"
    assert "edited_by_hand" in source.read_text()


@pytest.mark.parametrize(("template", "pays"), [("police", False), ("activities", True)])
def test_with_a_model_that_streams(tmp_path, template, pays):
    """By the model's own hop, where that pays."""
    model = MODELS / f"{template}_cnn1d" / f"{template}_cnn1d.tflite"
    made = eject(tmp_path / "mine", model=model, stream=True)
    assert ("does not pay" not in made["stream_says"]) is pays
    assert ("TFW_SLIDE" in (tmp_path / "mine" / "tinyforge.json").read_text()) is pays
    assert (f"{template}_cnn1d_slide" in (tmp_path / "mine" / "model" / "tfw_model.c").read_text()) is pays


@pytest.mark.parametrize("board", ["nano33", "sensortile", "b_l475e_iot01a"])
def test_real_boards_have_a_project_too(tmp_path, board):
    made = eject(tmp_path / "mine", board_id=board)
    assert (tmp_path / "mine" / "platformio.ini").is_file()
    assert made["environment"] in (tmp_path / "mine" / "platformio.ini").read_text()
    assert "../" not in (tmp_path / "mine" / "platformio.ini").read_text()


def test_a_model_without_its_windows_is_refused_by_name(tmp_path):
    model = tmp_path / "plain.tflite"
    model.write_bytes(dense())
    with pytest.raises(UnsupportedModelError) as caught:
        eject(tmp_path / "mine", model=model)
    assert caught.value.place == str(model)
    assert caught.value.way_out.endswith("MLPerf Tiny's runner asks any: --link eembc")
    assert not (tmp_path / "mine").exists()
    eject(tmp_path / "mine", model=model, link="eembc")
    assert ".invoke = plain_invoke," in (tmp_path / "mine" / "model" / "tfw_model.c").read_text()


def test_a_damaged_model_leaves_nothing_behind(tmp_path):
    model = tmp_path / "gesture.tflite"
    model.write_bytes(b"no model")
    with pytest.raises(ModelFormatError):
        eject(tmp_path / "mine", model=model)
    assert not (tmp_path / "mine").exists()
