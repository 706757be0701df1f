"""A folder that holds one finished model: what a repository keeps of it, and what ``tinyforge check`` measures.

- ``model.toml``: the recipe, a ``tinyforge.toml`` that trains it again;
- ``budget.toml``: its limits, a table for each board;
- ``<name>.tflite``: the int8 model;
- ``test.npz``: test windows, quantized: ``inputs`` int8 [n, ...]; ``targets`` and ``float_answers`` int64 [n], both
  indices of outputs;
- ``figures.json``: what was measured when it was committed, by board;
- ``MODEL.md``: the model card.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyforge.core.errors import DataError, UsageError, did_you_mean
from tinyforge.core.files import write_bytes, write_json
from tinyforge.core.project import read_budget
from tinyforge.core.strict import load_toml
from tinyforge.core.types import Int8Array, IntArray, SizeBudget

BUDGET, TEST_WINDOWS, FIGURES, RECIPE, CARD = "budget.toml", "test.npz", "figures.json", "model.toml", "MODEL.md"


@dataclass(frozen=True, eq=False, slots=True)
class TestWindows:
    """What a model's answers are measured on.

    Attributes:
        inputs: int8 [n, elements], quantized as the model takes them.
        targets: int64 [n]: the right answers, indices of outputs; None where they are not known.
        float_answers: int64 [n]: what the float network answers; None where it is not known.
    """

    __test__ = False  # no test, whatever pytest takes it for

    inputs: Int8Array
    targets: IntArray | None
    float_answers: IntArray | None


def find(path: Path) -> list[Path]:
    """Folders of models at or one level below ``path``, in order of their names.

    Raises:
        UsageError: there is none.
    """
    if (path / BUDGET).is_file():
        return [path]
    found = sorted(file.parent for file in path.glob(f"*/{BUDGET}")) if path.is_dir() else []
    if not found:
        fact = f"holds no {BUDGET}, and neither does a folder in it" if path.is_dir() else "no such folder"
        raise UsageError(str(path), fact, "`tinyforge publish MODEL --to FOLDER` makes a model's folder")
    return found


def model_file(folder: Path) -> Path:
    """The one ``.tflite`` of a model's folder.

    Raises:
        UsageError: none, or several.
    """
    models = sorted(folder.glob("*.tflite"))
    if len(models) != 1:
        said = ", ".join(file.name for file in models) or "none"
        raise UsageError(str(folder), f"needs one .tflite; there: {said}", "keep one model a folder")
    return models[0]


def budgets(folder: Path, boards: tuple[str, ...]) -> dict[str, SizeBudget]:
    """The limits in ``budget.toml``, by board.

    Args:
        folder: of the model.
        boards: identifiers that exist.

    Raises:
        ConfigError: naming file, key and way out.
    """
    top = load_toml(folder / BUDGET)
    limits = {}
    for board in top.raw():
        if board not in boards:
            raise top.fail(board, f'"{board}": unknown board', did_you_mean(board, boards))
        limits[board] = read_budget(top.table(board))
    if not limits:
        raise top.fail("", "holds no limits", "write for instance [virtual] and flash_bytes = 16000")
    return limits


def test_windows(folder: Path, elements: int) -> TestWindows | None:
    """The windows in ``test.npz``; None where there is no such file.

    Args:
        folder: of the model.
        elements: of the model's input.

    Raises:
        DataError: the file is damaged, or its windows do not fit the model.
    """
    path = folder / TEST_WINDOWS
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise DataError(str(path), f"cannot be read: {error}", "`tinyforge publish` writes it anew") from error
    inputs = arrays.get("inputs")
    if inputs is None or inputs.dtype != np.int8 or len(inputs) == 0:
        raise DataError(str(path), "has no int8 `inputs`", "`tinyforge publish` writes it anew")
    rows = inputs.reshape(len(inputs), -1)
    if rows.shape[1] != elements:
        fact = f"windows of {rows.shape[1]} numbers where the model takes {elements}"
        raise DataError(str(path), fact, "`tinyforge publish` writes both together")
    sides = {}
    for name in ("targets", "float_answers"):
        side = arrays.get(name)
        if side is not None and (side.shape != (len(rows),) or side.dtype.kind not in "iu"):
            raise DataError(str(path), f"`{name}` is {side.dtype} {side.shape}", f"give {len(rows)} whole numbers")
        sides[name] = None if side is None else side.astype(np.int64)
    return TestWindows(rows, sides["targets"], sides["float_answers"])


def write_test_windows(folder: Path, windows: TestWindows) -> Path:
    """Write ``test.npz``; the same windows give the same bytes."""
    import io

    stream = io.BytesIO()
    arrays: dict[str, Any] = {"inputs": windows.inputs, "targets": windows.targets}
    arrays["float_answers"] = windows.float_answers
    np.savez_compressed(stream, **{name: array for name, array in arrays.items() if array is not None})
    path = folder / TEST_WINDOWS
    write_bytes(path, stream.getvalue())
    return path


def write_figures(folder: Path, figures: dict[str, dict[str, Any]], boards: Collection[str] = ()) -> Path:
    """Write ``figures.json``.

    Args:
        folder: of the model.
        figures: what ``tinyforge.budget.Figures.to_json`` gives, by board.
        boards: of these, figures that the file has and ``figures`` has not stay; other boards' go.

    Raises:
        DataError: the file that is there is no table of boards, and ``boards`` names one that is to stay.
    """
    path = folder / FIGURES
    kept: dict[str, Any] = {}
    if set(boards) - set(figures) and path.is_file():
        before = split_figures(path.read_text(encoding="utf-8"), str(path))
        kept = {board: json.loads(text) for board, text in before.items() if board in boards}
    write_json(path, kept | figures)
    return path


def split_figures(text: str, place: str) -> dict[str, str]:
    """The JSON of each board in a ``figures.json``.

    Raises:
        DataError: it is no JSON object of objects.
    """
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(place, f"is not valid JSON ({error})", "`tinyforge check --update` writes it anew") from error
    if not isinstance(said, dict) or not all(isinstance(value, dict) for value in said.values()):
        raise DataError(place, "is no table of boards", "`tinyforge check --update` writes it anew")
    return {board: json.dumps(value) for board, value in said.items()}
