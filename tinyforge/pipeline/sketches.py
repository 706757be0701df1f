"""``tinyforge live --log``: what a sketch of somebody's own printed, judged as a session on a board is."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyforge.core.errors import DataError, UsageError, did_you_mean
from tinyforge.core.files import write_json
from tinyforge.core.project import Project
from tinyforge.evaluate.intervals import wilson
from tinyforge.evaluate.ladder import Finding
from tinyforge.pipeline import sessions, trained
from tinyforge.pipeline.trained import Trained

if TYPE_CHECKING:
    from tinyforge.core.types import Float32Array, Int8Array, IntArray
    from tinyforge.evaluate.felt import Flags
    from tinyforge.evaluate.sketch import Printed


def judge(project: Project, model: str, logs: Sequence[tuple[str, Path]]) -> dict[str, Any]:
    """Hold the windows that a sketch printed against those its network was trained on.

    Args:
        project: whose network it is.
        model: its name; empty for the project's first.
        logs: what was true, and the log of it.

    Returns:
        ``folder`` (``session.json``, the same as here), ``board`` (``sketch``), ``model``, ``model_sha256``,
        ``windows``, ``right``, ``accuracy`` with ``low`` and ``high``, ``confusion`` (by truth, by answer),
        ``quantized`` (whether the int8 input was printed), ``others`` (lines that are no windows), ``host``
        (``windows`` with printed scores whose printed samples leave no doubt of the int8 input, ``differing`` from
        the scores computed here) and ``findings``.

    Raises:
        DataError: a log, or no run has the model's C.
        UsageError: a label that the model does not have.
    """
    from tinyforge.evaluate.sketch import as_raw, certain, read_log

    spec = project.model(model) if model else project.models[0]
    made = trained.newest(project, spec)
    info, scale, zero_point = made.input()
    for label, _ in logs:
        if label not in info.labels:
            raise UsageError("--log", f'"{label}" is no label of {spec.name}', did_you_mean(label, info.labels))
    printed = [read_log(path, info) for _, path in logs]
    if len({one.quantized for one in printed}) > 1:
        raise DataError(str(logs[0][1]), "holds the int8 input, another log raw samples", "print the same in all")
    quantized = printed[0].quantized
    raw = np.concatenate([as_raw(one, info, scale, zero_point) for one in printed])
    truths = np.concatenate(
        [np.full(len(one.values), info.labels.index(label)) for (label, _), one in zip(logs, printed, strict=True)]
    )
    given = [one.values.astype(np.int8) if quantized else None for one in printed]
    computed = [
        made.invoke(values) if values is not None else made.scores(as_raw(one, info, scale, zero_point))
        for one, values in zip(printed, given, strict=True)
    ]
    compared_at = [certain(one, info, scale, zero_point) for one in printed]
    answers, differing, compared = _answers(printed, computed, compared_at)
    found = [*_own_findings(made, info.labels, printed, answers, differing, compared)]
    if not found:
        found += _examined(made, raw, answers, truths, quantized=quantized)
    right = int((answers == truths).sum())
    share = wilson(right, len(truths))
    said = {
        "board": "sketch",
        "model": spec.name,
        "model_sha256": made.digest(),
        "windows": len(truths),
        "right": right,
        "accuracy": share.value,
        "low": share.low,
        "high": share.high,
        "confusion": _confusion(info.labels, truths, answers),
        "quantized": quantized,
        "others": sum(one.others for one in printed),
        "host": {"windows": compared, "differing": differing},
        "findings": [{key: value for key, value in dataclasses.asdict(one).items() if key != "rung"} for one in found],
    }
    folder = sessions.new_folder(project, "sketch", spec.name)
    folder.mkdir(parents=True)
    write_json(folder / sessions.FILE, said)
    return {"folder": str(folder), **said}


def _examined(
    made: Trained, raw: Float32Array, answers: IntArray, truths: IntArray, *, quantized: bool
) -> tuple[Finding, ...]:
    """What is wrong with the windows; of an int8 input, what an int8 has cut is cut from the training's, too."""
    from tinyforge.evaluate.felt import Felt
    from tinyforge.evaluate.senses import examine
    from tinyforge.evaluate.sketch import dequantized, judge_bytes, judge_input, sketch_causes
    from tinyforge.runtimes.preprocess import preprocess

    info, scale, zero_point = made.input()
    known = made.known()
    causes = tuple(sketch_causes(info, scale, zero_point, quantized=quantized))
    of_input: list[Finding] = []
    if quantized:
        usual = preprocess(info, scale, zero_point, known.windows)
        of_input = judge_input(preprocess(info, scale, zero_point, raw), usual, known.channels)
        known = dataclasses.replace(known, windows=dequantized(usual, info, scale, zero_point))
    else:
        of_input = judge_bytes(raw, known.windows)
        causes = () if of_input else causes
    felt = Felt(raw, answers, truths, whole_range=not of_input, rung="sketch")
    return examine(known, felt, causes, of_input)


def _answers(
    printed: Sequence[Printed], computed: Sequence[Int8Array], certain: Sequence[Flags]
) -> tuple[IntArray, int, int]:
    """Classes of the largest score, printed where scores were; windows whose printed scores differ from those here.

    Only windows whose input is ``certain`` (bool [window], of each log) are compared; how many is the third.
    """
    answers, differing, compared = [], 0, 0
    for one, here, at in zip(printed, computed, certain, strict=True):
        scores = here if one.scores is None else one.scores
        if one.scores is not None:
            differing += int((one.scores != here).any(axis=1)[at].sum())
            compared += int(at.sum())
        answers.append(scores.argmax(axis=1).astype(np.int64))
    return np.concatenate(answers), differing, compared


def _own_findings(
    made: Trained,
    labels: Sequence[str],
    printed: Sequence[Printed],
    answers: IntArray,
    differing: int,
    compared: int,
) -> list[Finding]:
    """Outputs that are not those of the input, and names that are not those of the outputs."""
    if differing:
        fact = f"the scores of {differing} of {compared} windows are not those of the input printed with them"
        way_out = (
            "print the input after it was filled and the output after the inference; export this model again "
            f"({made.model_dir}), and compile it with the kernels that came with it"
        )
        return [Finding("outputs_differ", "sketch", "error", fact, way_out, {"windows": differing})]
    shown = [name for one in printed for name in (one.shown or [""] * len(one.values))]
    names = {
        int(k): Counter(n for n, a in zip(shown, answers, strict=True) if a == k and n) for k in np.unique(answers)
    }
    commonest = {k: said.most_common(1)[0] for k, said in names.items() if said}  # a sketch that smooths shows others
    wrong = {k: name for k, (name, count) in commonest.items() if name != labels[k] and 2 * count > names[k].total()}
    if not wrong:
        return []
    said = ", ".join(f'"{name}" is shown for "{labels[k]}"' for k, name in wrong.items())
    fact = f"the names are in another order than the outputs: {said}"
    way_out = f"the order is {', '.join(labels)}: take the names from <model>_labels, the first of equal scores wins"
    return [Finding("label_order", "sketch", "error", fact, way_out, {"classes": len(wrong)})]


def _confusion(labels: Sequence[str], truths: IntArray, answers: IntArray) -> Mapping[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for truth, answer in zip(truths, answers, strict=True):
        row = table.setdefault(labels[truth], {})
        row[labels[answer]] = row.get(labels[answer], 0) + 1
    return table
