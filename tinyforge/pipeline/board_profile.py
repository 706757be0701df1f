"""``tinyforge profile --port``: the same table from a board's own cycle counter, call by call."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import DeviceError, UsageError
from tinyforge.core.types import Int8Array
from tinyforge.pipeline import devices, models

if TYPE_CHECKING:
    from tinyforge.boards import Board
    from tinyforge.link.eembc import LayerCycles, Runner

RUNS = 5


def profile_on_board(path: Path, port: str, *, board_id: str = "", optimize: str = "balanced") -> dict[str, Any]:
    """Cost of one inference on a board whose firmware is of ``firmware eject --link layers``.

    The input is the one :func:`tinyforge.pipeline.models.profile` measures with. Of five runs the shortest is taken:
    interrupts only make them longer.

    Args:
        path: the ``.tflite`` that is on the board.
        port: the board's.
        board_id: identifier or ``.toml``; empty: the board says it.
        optimize: as the firmware's model was compiled.

    Returns:
        As :func:`tinyforge.pipeline.models.profile`, for this board; besides ``measured``: ``port``, ``board``,
        ``cycles`` (of the whole inference), ``latency_us``, ``runs``; and of each layer ``measured_cycles`` (None of a
        call that is no layer's).

    Raises:
        DeviceError: no board, other firmware, another model, or outputs that differ from the host's.
        UsageError: the board is not ``board_id``.
        ModelFormatError, UnsupportedModelError, ToolError: as :func:`tinyforge.pipeline.models.profile`.
    """
    import numpy as np

    from tinyforge.virtual.measure import default_input

    compiled = models.compile_file(path, optimize=optimize)
    with tempfile.TemporaryDirectory(prefix="tinyforge_profile_") as folder:
        model_dir = Path(folder)
        models.generate(compiled, model_dir)
        manifest = json.loads((model_dir / "manifest.json").read_text(encoding="utf-8"))
        data = default_input(manifest["input_bytes"])
        asked, board = _open(port, board_id)
        asked.load(data)
        runs = [_layers(asked, port, path) for _ in range(RUNS)]
        best = min(runs, key=lambda run: run.invoke)
        described = models.describe_layers(compiled)
        if best.sha256 != manifest["model_sha256"]:
            raise DeviceError(port, f"holds another model than {path.name}", _way_out(board, path))
        if len(best.cycles) != len(described):
            fact = f"makes {len(best.cycles)} calls in an inference, not {len(described)}"
            raise DeviceError(port, fact, f"give the --optimize it was ejected with, or: {_way_out(board, path)}")
        window: Int8Array = np.frombuffer(data, np.int8)[np.newaxis]
        if models.run_export(model_dir, window, on="host").tobytes() != best.output:
            raise DeviceError(port, "gives other outputs than the host", "run `tinyforge verify`, and report it")
        result = models.profile_export(model_dir, board, described)
    waiting = list(best.cycles)
    for layer in result["layers"]:
        layer["measured_cycles"] = waiting.pop(0) if layer["shape"] else None
    result["measured"] = {
        "port": port,
        "board": board.id,
        "cycles": best.invoke,
        "latency_us": 1e6 * best.invoke / board.clock_hz,
        "runs": len(runs),
    }
    return result


def _open(port: str, board_id: str) -> tuple[Runner, Board]:
    import tinyforge.virtual  # noqa: F401  registers virtual://
    from tinyforge.link.eembc import Runner
    from tinyforge.link.ports import open_port

    asked = Runner(open_port(port))
    asked.settle()
    said = asked.command("name")
    found = re.fullmatch(r"m-name-dut-\[(\w+)\]", said[0] if said else "")
    if found is None:
        raise DeviceError(port, f"answered {said} to its name", "reset it and try again")
    board = devices.board_of(None, board_id or found[1])
    if board.hello_name != found[1]:
        raise UsageError("--board", f'the board at {port} is "{found[1]}", not "{board.id}"', "leave --board out")
    return asked, board


def _way_out(board: Board, path: Path) -> str:
    return f"tinyforge firmware eject FOLDER --board {board.id} --model {path.name} --link layers"


def _layers(asked: Runner, port: str, path: Path) -> LayerCycles:
    try:
        return asked.layers()
    except DeviceError as error:
        if error.fact == "The input is not loaded":
            fact = f"takes inputs of another length than {path.name}: it holds another model"
            raise DeviceError(port, fact, "give the .tflite it was ejected with") from error
        if error.fact != "Unknown command: layers":
            raise
        raise DeviceError(
            port,
            "its firmware does not measure layers",
            f"build one that does: tinyforge firmware eject FOLDER --board BOARD --model {path.name} --link layers",
        ) from error
