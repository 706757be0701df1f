"""``tinyforge check``: models held against their budgets and against how they were before."""

from __future__ import annotations

import dataclasses
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import DataError, UsageError, did_you_mean
from tinyforge.core.files import write_text
from tinyforge.core.types import Footprint
from tinyforge.pipeline import cards, model_folders

if TYPE_CHECKING:
    from tinyforge.budget import Checked, Figures

RELEASE = "release"
_RANDOM_WINDOWS = 16
Tell = Callable[[str], None]


def check(
    paths: Sequence[Path],
    *,
    board_id: str = "",
    baseline: str = "",
    growth: float | None = None,
    update: bool = False,
    tell: Tell = lambda _: None,
) -> tuple[list[Checked], str]:
    """Measure committed models and hold them against their limits. No board and no training are needed.

    Every test window goes through the C on the virtual Cortex-M4 and is compared with the LiteRT reference kernels.

    Args:
        paths: folders of models, or folders that hold such folders.
        board_id: only the limits of this board; empty for all that ``budget.toml`` has.
        baseline: what to compare with: a git revision, ``release`` (the newest tag), a folder of models, or a
            ``figures.json``; empty for none.
        growth: how much worse than the baseline a figure, a symbol or a layer may be, as a share (0.05: 5 %); None for
            as much as the budget allows.
        update: write what was measured to ``figures.json``, where figures of other boards with limits stay, and what it
            costs into ``MODEL.md``.
        tell: is told which model is measured.

    Returns:
        What was checked, and the baseline as a text (empty for none).

    Raises:
        UsageError: no models there, or no such baseline.
        ConfigError: a ``budget.toml`` is wrong.
        DataError, UnsupportedModelError: test windows or model.
        ToolError: no compiler, or no virtual board.
    """
    from tinyforge.boards import board_ids
    from tinyforge.budget import Checked, compare, read_figures
    from tinyforge.budget import check as hold

    known = tuple(board_ids())
    if board_id and board_id not in known:
        raise UsageError("--board", f'"{board_id}": unknown board', did_you_mean(board_id, known))
    folders = [folder for path in paths for folder in model_folders.find(path)]
    limits = {folder: model_folders.budgets(folder, known) for folder in folders}
    before = _Baseline(baseline) if baseline else None
    checked: list[Checked] = []
    for folder in folders:
        mine = {name: budget for name, budget in limits[folder].items() if board_id in ("", name)}
        if not mine:
            continue
        tell(folder.name)
        figures = measure(folder, tuple(mine))
        if update:
            measured = {name: one.to_json() for name, one in figures.items()}
            model_folders.write_figures(folder, measured, boards=tuple(limits[folder]))
            cards.renew(folder)
        old = before.figures(folder) if before else {}
        for name, budget in mine.items():
            now = figures[name]
            verdict = hold(now.footprint, now.instructions, budget, now.quality)
            grown = compare(now, read_figures(old[name], f"{baseline}: {folder.name}")) if name in old else None
            too_much = grown.grown_by(growth) if grown and growth is not None else ()
            checked.append(Checked(now.name, name, verdict, grown, too_much))
    if not checked:
        raise UsageError("--board", f"no budget.toml here has limits for {board_id}", "add a table of that name")
    return checked, before.name if before else ""


def measure(folder: Path, boards: Sequence[str]) -> dict[str, Figures]:
    """Everything a budget may limit, of one model.

    Args:
        folder: of the model.
        boards: identifiers; sizes and instructions are the same on all, times differ.

    Raises:
        DataError, UnsupportedModelError, ToolError: as :func:`check`.
    """
    from tinyforge.boards import load_board
    from tinyforge.budget import Figures, LayerCost, Quality
    from tinyforge.pipeline import models
    from tinyforge.runtimes import get_runtime

    path = model_folders.model_file(folder)
    compiled = models.compile_file(path)
    figures = {}
    with tempfile.TemporaryDirectory(prefix="tinyforge_check_") as made:
        model_dir = Path(made)
        get_runtime("aot").generate(compiled, model_dir)
        described = models.describe_layers(compiled)
        quality, windows = _quality(folder, compiled.model, model_dir)
        for name in boards:
            cost = models.profile_export(model_dir, load_board(name), described)
            figures[name] = Figures(
                name=folder.name,
                board=name,
                compiler=cost["compiler"],
                model_sha256=cost["model_sha256"],
                footprint=Footprint(cost["flash_bytes"], cost["ram_bytes"], cost["stack_bytes"], cost["by_symbol"]),
                instructions=cost["instructions"],
                cycles=cost["cycles"],
                quality=dataclasses.replace(Quality(**quality), latency_us=cost["latency_us"]),
                windows=windows,
                layers=tuple(LayerCost(c["name"], c["kernel"], c["instructions"]) for c in cost["layers"]),
            )
    return figures


def _quality(folder: Path, model: bytes, model_dir: Path) -> tuple[dict[str, Any], int]:
    """Accuracy, agreement and exactness on the committed windows, and their count; 0 where random ones must do."""
    import numpy as np

    from tinyforge.evaluate import litert
    from tinyforge.evaluate.intervals import wilson
    from tinyforge.evaluate.verify import random_inputs
    from tinyforge.pipeline import models
    from tinyforge.tasks import gesture

    place = str(folder)
    ports = litert.ports(model, place, any_type=True)
    committed = model_folders.test_windows(folder, sum(port.bytes for port in ports.inputs))
    inputs = committed.inputs if committed else random_inputs(ports.inputs, windows=_RANDOM_WINDOWS, seed=1).inputs
    expected = litert.run_isolated(model, inputs, place=place).reshape(len(inputs), -1)
    actual = models.run_export(model_dir, inputs, on="virtual")
    quality: dict[str, Any] = {"exact": float(np.mean((expected == actual).all(axis=1)))}
    if committed is None:
        return quality, 0
    answers = gesture.decode(actual)
    if committed.targets is not None:
        share = wilson(int(np.count_nonzero(answers == committed.targets)), len(answers))
        quality |= {"accuracy": share.value, "accuracy_low": share.low, "accuracy_high": share.high}
    if committed.float_answers is not None:
        quality["agreement"] = float(np.mean(answers == committed.float_answers))
    return quality, len(inputs)


class _Baseline:
    """Figures of an earlier state.

    Args:
        text: what the user gave.

    Attributes:
        name: of the state, as people know it.

    Raises:
        UsageError: there is no such state.
    """

    def __init__(self, text: str) -> None:
        self._path = Path(text)
        self._revision = ""
        self.name = text
        if self._path.exists():
            return
        if text == RELEASE:
            tag = _git(["describe", "--tags", "--abbrev=0"], Path.cwd())
            if tag is None:
                raise UsageError("--baseline", "there is no tag to take as the last release", "name a git revision")
            self.name = text = tag.strip()
        if _git(["rev-parse", "--verify", "--quiet", f"{text}^{{commit}}"], Path.cwd()) is None:
            fact = f'"{text}" is no file, no folder and no git revision'
            raise UsageError("--baseline", fact, "for instance --baseline origin/main, or a figures.json")
        self._revision = text

    def figures(self, folder: Path) -> dict[str, str]:
        """The JSON of each board of one model; empty where the state does not know the model."""
        if self._revision:
            place = f"{self._revision}: {folder.name}/{model_folders.FIGURES}"
            text = _git(["show", f"{self._revision}:./{model_folders.FIGURES}"], folder)
            return {} if text is None else model_folders.split_figures(text, place)
        file = self._path
        if file.is_dir():
            inside = file / folder.name / model_folders.FIGURES
            file = inside if inside.is_file() else file / model_folders.FIGURES
        if not file.is_file():
            return {}
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(str(file), f"cannot be read: {error}", "check the path") from error
        return model_folders.split_figures(text, str(file))


def _git(arguments: Sequence[str], folder: Path) -> str | None:
    """What git prints; None where it fails or is not there."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UsageError("--baseline", "git is not installed", "install it, or give a figures.json") from None
    return done.stdout if done.returncode == 0 else None


def write_reports(checked: Sequence[Checked], baseline: str, *, markdown: Path | None, junit: Path | None) -> None:
    """Write the check for people and for machines."""
    from tinyforge import budget

    if markdown is not None:
        write_text(markdown, budget.markdown(checked, baseline))
    if junit is not None:
        write_text(junit, budget.junit(checked))


def as_json(checked: Sequence[Checked], baseline: str) -> dict[str, Any]:
    """The check as plain data.

    Returns:
        ``ok``, ``baseline`` and ``models``; each of those has ``name``, ``board``, ``ok``, ``lines``, ``faults`` and
        ``growth`` (None without a baseline).
    """

    def changes(found: Sequence[Any]) -> list[dict[str, Any]]:
        return [dataclasses.asdict(change) | {"difference": change.difference} for change in found]

    return {
        "ok": all(one.ok for one in checked),
        "baseline": baseline,
        "models": [
            {
                "name": one.name,
                "board": one.board,
                "ok": one.ok,
                "lines": one.verdict.to_json()["lines"],
                "faults": list(one.faults),
                "growth": None
                if one.growth is None
                else {
                    "totals": changes(one.growth.totals),
                    "symbols": changes(one.growth.symbols),
                    "layers": changes(one.growth.layers),
                    "notes": list(one.growth.notes),
                },
            }
            for one in checked
        ],
    }
