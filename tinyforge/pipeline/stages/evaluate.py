"""The ladder: float, compressed, int8, C on the host, C on the board, on the same test windows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DeviceError
from tinyforge.core.files import sha256_file, write_json
from tinyforge.core.types import TEST, ModelSpec
from tinyforge.pipeline import devices
from tinyforge.pipeline.runs import Step
from tinyforge.pipeline.stages import build as build_stage
from tinyforge.pipeline.stages import compress as compress_stage
from tinyforge.pipeline.stages import dataset as dataset_stage
from tinyforge.pipeline.stages import export as export_stage
from tinyforge.pipeline.stages import flash as flash_stage
from tinyforge.pipeline.stages import profile as profile_stage
from tinyforge.pipeline.stages import train as train_stage

if TYPE_CHECKING:
    from tinyforge.core.types import Dataset, Int8Array
    from tinyforge.evaluate.board import BoardPredictions
    from tinyforge.pipeline.road import Road

NEEDS: tuple[str, ...] = ("build",)
EVALUATION = "evaluation.json"
PREDICTIONS = "predictions.npz"


def name(road: Road, spec: ModelSpec) -> str:
    """The step's name: one evaluation for each board and model."""
    return f"evaluate/{road.board.id}/{spec.name}"


def step(road: Road, spec: ModelSpec) -> Step:
    """Evaluate one model on one board."""
    image = build_stage.elf(road, spec)
    inputs = {
        "dataset": dataset_stage.sha256(road),
        "float": sha256_file(train_stage.predictions(road, spec)),
        "compressed": sha256_file(compress_stage.predictions(road, spec)),
        "tflite": sha256_file(compress_stage.tflite(road, spec)),
        "export": export_stage.digest(road.run, spec),
        "image": sha256_file(image),
        "board": road.board.id,
        # another real board of the same kind is another measurement; the virtual one is always the same
        "port": "" if devices.is_virtual(road.board) else road.port,
    }
    return Step(name(road, spec), 3, inputs, lambda folder: _make(road, spec, folder))


def _make(road: Road, spec: ModelSpec, folder: Path) -> Mapping[str, Any]:
    from tinyforge.evaluate import litert
    from tinyforge.evaluate.host_c import load_invoke
    from tinyforge.evaluate.rungs import Rung, compare_rungs, report_to_json
    from tinyforge.runtimes.preprocess import preprocess

    dataset = dataset_stage.load(road)
    windows, targets = dataset.part(TEST)
    groups = dataset.groups[dataset.split == TEST]
    manifest = export_stage.manifest(road, spec)
    model = compress_stage.tflite(road, spec).read_bytes()
    info = compress_stage.info(road, spec)
    said_in, said_out = manifest["input"], manifest["output"]
    quantized = preprocess(info, said_in["scale"], said_in["zero_point"], windows)
    place = str(compress_stage.tflite(road, spec))
    int8 = litert.run(model, quantized, place=place).reshape(len(windows), -1)
    on_host = load_invoke(export_stage.folder(road, spec), build_dir=road.project.state_dir / "host")
    host = on_host(quantized).reshape(len(windows), -1)
    board, memory = _ask_board(road, spec, dataset, quantized)
    board.save(folder / PREDICTIONS)
    scale, zero_point = said_out["scale"], said_out["zero_point"]

    def quantized_rung(rung: str, scores: Int8Array, mismatched: Any = None, labels: Any = None) -> Rung:
        return Rung(rung, "int8", scores, labels, scale, zero_point, mismatched)

    report = compare_rungs(
        [
            Rung("float", "float", train_stage.scores(road, spec)),
            Rung("compressed", "float", compress_stage.scores(road, spec)),
            quantized_rung("int8", int8),
            quantized_rung("host_c", host),
            quantized_rung("board", board.scores, board.mismatched_inputs, board.labels),
        ],
        targets,
        dataset.labels,
        groups=groups,
    )
    document = report_to_json(report)
    document["latency"] = _percentiles(board.duration_us)
    document["network_latency"] = _percentiles(1e6 * board.cycles / road.board.clock_hz)
    document["memory"] = memory
    document["agreement"] = float(np.mean(int8.argmax(axis=1) == board.labels))
    document["float_agreement"] = float(np.mean(train_stage.scores(road, spec).argmax(axis=1) == board.labels))
    document["exact_share"] = float(np.mean((int8 == board.scores).all(axis=1)))
    write_json(folder / EVALUATION, document)
    return {"exact": report.exact, "accuracy": {rung.name: rung.accuracy.value for rung in report.rungs}}


def _ask_board(
    road: Road, spec: ModelSpec, dataset: Dataset, quantized: Int8Array
) -> tuple[BoardPredictions, dict[str, int]]:
    """Every test window through the board; flashes it when it holds another model and that needs nobody's hands.

    Returns:
        The predictions; and ``arena_bytes`` and ``stack_bytes``, the high-water marks after them (0: not known).
    """
    from tinyforge.evaluate.board import BoardPredictions, predict_over_link

    step_name = name(road, spec)
    board = road.board
    windows, _ = dataset.part(TEST)
    want = export_stage.manifest(road, spec)["model_sha256"]
    if devices.is_virtual(board) and not road.port:
        flash_stage.result(road, spec)
    # what an interrupted evaluation of the same image already has is not asked again
    kept = road.project.state_dir / "predictions" / f"{sha256_file(build_stage.elf(road, spec))[:24]}.npz"
    kept = kept.with_stem(f"{kept.stem}_{dataset_stage.sha256(road)[:24]}")
    resume = BoardPredictions.load(kept) if kept.is_file() else None
    with devices.linked(board, road.port, image=devices.virtual_flash(road.project, spec.name)) as link:
        hello = link.hello()
        if hello.model_sha256.hex() != want:
            raise DeviceError(
                road.port or board.name,
                f"holds model {hello.model_name or '-'} {hello.model_sha256.hex()[:12]}, not {spec.name} {want[:12]}",
                f"`tinyforge flash --board {board.id} --model {spec.name}` puts it there",
            )
        predictions = predict_over_link(
            link,
            windows,
            quantized,
            lambda done, total: road.observer.progress(step_name, done, total, "windows through the board"),
            classes=len(dataset.labels),
            resume=resume,
            on_chunk=lambda part: part.save(kept),
        )
        stats = link.stats()
    kept.unlink(missing_ok=True)
    return predictions, {"arena_bytes": stats.arena_bytes, "stack_bytes": stats.stack_bytes}


def _percentiles(times_us: npt.NDArray[Any]) -> dict[str, float]:
    """Of times in microseconds."""
    return {
        "p50_us": float(np.percentile(times_us, 50)),
        "p95_us": float(np.percentile(times_us, 95)),
        "max_us": float(times_us.max()),
    }


def document(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """The evaluation as it stands on disk (see ``tinyforge.evaluate.ladder.report_to_json``)."""
    said: dict[str, Any] = json.loads(road.run.path(name(road, spec), EVALUATION).read_text(encoding="utf-8"))
    return said


def result(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """Rungs and findings, short.

    Returns:
        ``windows``, ``rungs`` (``name``, ``accuracy``, ``low``, ``high``, ``agreement``, ``differing``, ``exact``),
        ``findings`` (texts), ``exact``, ``latency`` (``p50_us``, ``p95_us``, ``max_us`` of preprocessing and network by
        the board's clock), ``network_latency`` (of the network alone, by its cycle counter), ``memory``
        (``arena_bytes``, ``stack_bytes``: high-water marks), ``agreement`` (share of windows that the board answers as
        int8 does on the host), ``float_agreement`` (as the float network does), ``exact_share`` (share of windows whose
        every output bit on the board is int8's).
    """
    said = document(road, spec)
    return {
        "windows": said["windows"],
        "exact": said["exact"],
        "rungs": [_rung(rung) for rung in said["rungs"]],
        "findings": [f"{f['severity']}: {f['rung']}: {f['fact']}; {f['way_out']}" for f in said["findings"]],
        **{key: said[key] for key in ("latency", "network_latency", "memory")},
        **{key: said[key] for key in ("agreement", "float_agreement", "exact_share")},
    }


def _rung(rung: Mapping[str, Any]) -> dict[str, Any]:
    between = rung["step"]
    share = rung["accuracy"]
    return {
        "name": rung["name"],
        "accuracy": share["value"],
        "low": share["low"],
        "high": share["high"],
        "agreement": None if between is None else between["agreement"]["value"],
        "differing": None if between is None else between["differing_windows"],
        "exact": rung["exact"],
    }


def summary(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """One line of the table at the end of the road.

    Returns:
        ``float``, ``int8``, ``board`` (accuracy with interval), ``agreement`` of board and int8, ``exact``,
        ``flash_bytes``, ``ram_bytes``, ``stack_bytes``, ``instructions``, ``cycles``, ``macs`` (of a whole window),
        ``live_instructions`` (of an answer in LIVE; less where it computes new samples alone, and what a budget is held
        against), ``image_flash_bytes``, ``image_ram_bytes``, ``findings``, ``budget``, ``broken_budgets``.
    """
    from tinyforge.budget import Quality, check
    from tinyforge.core.types import Footprint, SizeBudget

    said = result(road, spec)
    rungs = {rung["name"]: rung for rung in said["rungs"]}
    cost = profile_stage.result(road, spec)
    image = build_stage.result(road, spec)
    budget = road.project.budgets.get(spec.name, SizeBudget())
    footprint = Footprint(cost["flash_bytes"], cost["ram_bytes"], cost["stack_bytes"])
    live = cost.get("sliding", cost)  # what an answer in LIVE takes is what a budget is for
    int8_answers, board_answers = rungs["int8"], rungs["board"]
    quality = Quality(
        latency_us=live["latency_us"],
        accuracy=board_answers["accuracy"],
        accuracy_low=board_answers["low"],
        accuracy_high=board_answers["high"],
        agreement=said["float_agreement"],
        exact=said["exact_share"],
    )
    verdict = check(footprint, live["instructions"], budget, quality)
    return {
        "float": rungs["float"],
        "compressed": rungs["compressed"],
        "int8": int8_answers,
        "board": board_answers,
        "agreement": said["agreement"],
        "exact": said["exact"],
        **{key: cost[key] for key in ("flash_bytes", "ram_bytes", "stack_bytes", "instructions", "cycles", "macs")},
        "live_instructions": live["instructions"],
        "image_flash_bytes": image["flash_bytes"],
        "image_ram_bytes": image["ram_bytes"],
        "findings": said["findings"],
        "budget": verdict.to_json(),
        "broken_budgets": [f"{spec.name}: {line}" for line in verdict.broken],
        **export_stage.streams(road, spec),
    }
