"""Generated C, byte for byte. After a wanted change: ``TINYFORGE_GOLDEN=write python -m pytest tests/golden``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_models import conv_net, lstm, with_info

from tinyforge.compiler import compile_model
from tinyforge.runtimes.aot.generate import ModelView

HERE = Path(__file__).parent / "c"
MODELS = {"gesture": with_info, "convnet": conv_net, "lstm": lambda: lstm(last=True)}


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("kind", ["c", "h"])
def test_generated_text(name, kind):
    view = ModelView(compile_model(MODELS[name](), name=name, place=f"{name}.tflite"))
    text = view.source() if kind == "c" else view.header()
    path = HERE / f"{name}.{kind}"
    if os.environ.get("TINYFORGE_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()
