"""``tinyforge firmware eject``: a board's whole firmware project, for the user to edit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tinyforge.core.errors import UnsupportedModelError, UsageError
from tinyforge.core.model_info import INFO_NAME
from tinyforge.pipeline import devices, models


def eject(
    out: Path,
    *,
    board_id: str = "virtual",
    model: Path | None = None,
    link: str = "",
    stream: bool = False,
    optimize: str = "balanced",
) -> dict[str, Any]:
    """Write a complete PlatformIO project: `pio run` builds it as it is, and tinyforge does not touch it again.

    Args:
        out: a new or empty folder.
        board_id: for which board.
        model: a ``.tflite`` that goes in as C; None for firmware that only records.
        link: ``eembc`` for the text protocol of MLPerf Tiny's runner, ``eembc-energy`` for its energy mode, ``layers``
            for ``tinyforge profile --port``; empty for tinyforge's own.
        stream: LIVE computes the new samples of windows that move by the model's hop alone, where that pays.

        optimize: as :func:`tinyforge.pipeline.models.compile_file` takes it.

    Returns:
        ``folder``, ``board``, ``environment`` (what to give ``pio run -e``) and ``files`` (how many); with
        ``stream`` also ``stream_says``: what it saves, or why it does not pay.

    Raises:
        UsageError: the folder holds something, or cannot be written; or no such link; or ``stream`` or ``layers``
            without a model; or ``stream`` with one that cannot, or for MLPerf Tiny's runner.
        ConfigError: no such board, or no firmware for it.
        UnsupportedModelError, ModelFormatError: the model; nothing is written then.
    """
    from tinyforge.firmware import render

    board = devices.board_of(None, board_id)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(str(out), "is not empty", "choose a new folder: what you edit there is yours")
    if link == "layers" and model is None:
        raise UsageError("--link layers", "there is no model whose layers would be measured", "add --model")
    if stream and (link or model is None):
        why = "MLPerf Tiny's runner asks for whole windows" if link else "there is no model whose windows would slide"
        raise UsageError("--stream", why, "leave it out")
    says = {}
    with tempfile.TemporaryDirectory(prefix="tinyforge_eject_") as made:
        model_dir = None
        if model is not None:
            model_dir = Path(made) / "model"
            try:
                exported = models.export(model, model_dir, stream=stream, whole=stream, optimize=optimize)
            except UsageError as error:  # there is no --hop here
                if not stream:
                    raise
                raise UsageError("--stream", error.fact, "leave it out") from error
            if stream:
                says = {"stream_says": exported["stream_says"]}
            if not link and not (model_dir / INFO_NAME).is_file():
                fact = "does not say how its windows are made, so no firmware can fill them"
                raise UnsupportedModelError(
                    str(model),
                    fact,
                    "take one that `tinyforge compress` made; MLPerf Tiny's runner asks any: --link eembc",
                )
        render(board, out, model_dir=model_dir, link=link)
    files = sum(path.is_file() for path in out.rglob("*"))
    return {"folder": str(out), "board": board.id, "environment": board.pio_env, "files": files, **says}
