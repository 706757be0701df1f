"""A folder of ``.tflite`` files that belong to no project: every one verified, none of them stopping the others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tinyforge.core.errors import DataError, DeviceError, ToolError, UnsupportedModelError, UsageError
from tinyforge.pipeline import models
from tinyforge.pipeline.observer import Observer, Silent

#: What can become of a model, the worst first.
VERDICTS = ("differs", "failed", "accepted", "refused", "exact")
_MOST_MACS = 2_000_000_000  # of all random inferences of one model: large ones get fewer
_FEWEST = 2


def verify_folder(
    folder: Path,
    *,
    on: str = "host",
    random: int = 64,
    seed: int = 1,
    optimize: str = "balanced",
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Verify every ``.tflite`` of a folder and of those below it.

    Inputs are those of ``<model>.golden.npz`` or ``<model>.npz`` beside the model, else random ones.

    Args:
        folder: where to look.
        on: ``host`` or ``virtual``.
        random: random inferences a model without a file; fewer for models of many million MAC, at least 2.
        seed: of them.
        optimize: as :func:`tinyforge.pipeline.models.compile_file` takes it.
        observer: is told of each model.

    Returns:
        ``folder``, ``on``, ``counts`` by verdict, and ``models``: ``model`` (path below the folder), ``model_bytes``,
        ``verdict``, ``detail`` (why), and what :func:`tinyforge.pipeline.models.verify` says of it where it ran.
        Verdicts: ``exact``; ``differs``; ``refused`` by the compiler; ``accepted``: the reference cannot run it, so
        there is nothing to compare with; ``failed``: a compiler, the board or the data beside the model.

    Raises:
        UsageError: the folder holds no ``.tflite``, or there is no such goal.
    """
    models.goal_of(optimize)
    paths = sorted(path for path in folder.rglob("*.tflite") if path.is_file())
    if not paths:
        raise UsageError(str(folder), "holds no .tflite", "give a folder with models, or one model")
    watcher = observer or Silent()
    found = []
    for number, path in enumerate(paths):
        watcher.progress("verify", number, len(paths), path.name)
        found.append(_row(folder, path, on=on, random=random, seed=seed, optimize=optimize))
    counts = Counter(row["verdict"] for row in found)
    return {
        "folder": str(folder),
        "on": on,
        "counts": {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]},
        "models": found,
    }


def inputs_beside(path: Path) -> Path | None:
    """The ``.npz`` that belongs to a model, if there is one."""
    for ending in (".golden.npz", ".npz"):
        if (beside := path.with_name(path.stem + ending)).is_file():
            return beside
    return None


def _row(folder: Path, path: Path, *, on: str, random: int, seed: int, optimize: str) -> dict[str, Any]:
    row = {"model": str(path.relative_to(folder)), "model_bytes": path.stat().st_size}
    try:
        compiled = models.compile_file(path, optimize=optimize)
    except UnsupportedModelError as error:
        return row | {"verdict": "refused", "detail": _without_path(str(error), path)}
    except UsageError as error:  # it cannot be read
        return row | {"verdict": "failed", "detail": _without_path(str(error), path)}
    few = min(random, max(_FEWEST, _MOST_MACS // max(compiled.macs, 1)))
    try:
        result = models.verify_compiled(compiled, path, inputs=inputs_beside(path), on=on, random=few, seed=seed)
    except UnsupportedModelError as error:
        return row | {"verdict": "accepted", "detail": _without_path(str(error), path)}
    except (DataError, DeviceError, ToolError) as error:
        return row | {"verdict": "failed", "detail": _without_path(str(error), path)}
    if result["exact"]:
        said = f"{result['inferences']} inferences equal to {result['reference']}"
        return row | {"verdict": "exact", "detail": said} | result
    said = f"{result['mismatches']} of {result['elements']} outputs differ, at most by {result['max_abs_diff']}"
    said += f"; first layer: {result['first_layer']}" if result["first_layer"] else ""
    return row | {"verdict": "differs", "detail": said} | result


def _without_path(text: str, path: Path) -> str:
    return text.removeprefix(f"{path}: ")
