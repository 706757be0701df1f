"""What the run knows -> report.html and report.json."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tinyforge
from tinyforge.core.files import sha256_json
from tinyforge.core.types import SPLIT_NAMES, ModelSpec
from tinyforge.pipeline import datasets, devices, power, sessions
from tinyforge.pipeline.runs import Step
from tinyforge.pipeline.stages import build as build_stage
from tinyforge.pipeline.stages import compress as compress_stage
from tinyforge.pipeline.stages import dataset as dataset_stage
from tinyforge.pipeline.stages import evaluate as evaluate_stage
from tinyforge.pipeline.stages import export as export_stage
from tinyforge.pipeline.stages import profile as profile_stage
from tinyforge.pipeline.stages import sweep as sweep_stage
from tinyforge.pipeline.stages import train as train_stage

if TYPE_CHECKING:
    from tinyforge.pipeline.road import Road
    from tinyforge.report.data import DatasetSummary, Network, ReportData, Share, Signal, SizeStep

NAME = "report"
_SIGNAL_SAMPLES = 200
_PACKAGES = (
    "numpy",
    "tensorflow",
    "tf_keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "platformio",
    "unicorn",
)


def step(road: Road) -> Step:
    """Write the report of all steps that are done."""

    def make(folder: Path) -> Mapping[str, Any]:
        from tinyforge.report import render

        road.observer.progress(NAME, 0, 1, "drawing")
        render(collect(road), folder)
        return {}

    stages = {name: entry["key"] for name, entry in road.run.manifest["stages"].items() if name != NAME}
    seen = {spec.name: _sessions(road, spec) for spec in road.project.models}
    inputs = {"stages": sha256_json(stages), "board": road.board.id, "sessions": sha256_json(seen)}
    return Step(NAME, 1, inputs, make)


def _sessions(road: Road, spec: ModelSpec) -> list[tuple[str, Mapping[str, Any]]]:
    """What `tinyforge live` saw of the network of this run."""
    if not road.run.done(export_stage.name(spec)):
        return []
    return sessions.of_model(road.project, export_stage.manifest(road, spec)["model_sha256"])


def collect(road: Road) -> ReportData:
    """Everything the report shows, from the run's files; what has not been done yet is left out."""
    from tinyforge.report.data import ArtifactRow, BoardRow, ReportData

    manifest = road.run.manifest
    board = road.board
    return ReportData(
        title=road.project.name,
        run=road.run.folder.name,
        created=manifest["created_utc"],
        version=manifest["tinyforge"],
        board=BoardRow(
            board.id,
            board.name,
            board.cpu,
            board.clock_hz,
            board.flash_bytes,
            board.ram_bytes,
            devices.is_virtual(board),
        ),
        networks=tuple(_network(road, spec) for spec in road.project.models if road.run.done(train_stage.name(spec))),
        dataset=_dataset(road) if road.run.done(dataset_stage.NAME) else None,
        environment=tuple(_environment(road)),
        artifacts=tuple(
            ArtifactRow(str(a.path), a.sha256, a.bytes)
            for name in sorted(manifest["stages"])
            if name != NAME
            for a in road.run.artifacts(name)
            if a.path.suffix in {".npz", ".h5", ".tflite", ".elf", ".json"}
        ),
    )


def _environment(road: Road) -> list[tuple[str, str]]:
    said = [
        ("tinyforge", tinyforge.__version__),
        ("Python", platform.python_version()),
        ("machine", f"{platform.system()} {platform.machine()}"),
    ]
    for package in _PACKAGES:
        try:
            said.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    for spec in road.project.models:
        if road.run.done(profile_stage.name(spec)):
            said.append(("Cortex-M4 compiler", profile_stage.result(road, spec)["compiler"]))
            break
    return said


def _share(accuracy: Mapping[str, Any]) -> Share:
    from tinyforge.report.data import Share

    return Share(accuracy["accuracy"], accuracy["low"], accuracy["high"])


def _network(road: Road, spec: ModelSpec) -> Network:
    from tinyforge.report.data import (
        Arena,
        ArenaSlot,
        BudgetRow,
        EnergyRow,
        Evaluation,
        LayerRow,
        LiveRow,
        Network,
        PlanPoint,
        SessionRow,
    )

    run = road.run
    trained = train_stage.result(road, spec)
    known: dict[str, Any] = {
        "name": spec.name,
        "architecture": spec.architecture,
        "parameters": trained["parameters"],
        "curves": _curves(road, spec),
    }
    sizes: list[SizeStep] = []
    if run.done(compress_stage.name(spec)):
        sizes = _sizes(road, spec)
    if run.done(profile_stage.name(spec)):
        cost = profile_stage.result(road, spec)
        exported = export_stage.facts(road, spec)
        known |= {
            key: cost[key] for key in ("flash_bytes", "ram_bytes", "stack_bytes", "macs", "instructions", "cycles")
        }
        known["latency_us"] = cost["latency_us"]
        if "sliding" in cost:
            known["live"] = LiveRow(*(cost["sliding"][key] for key in ("hop", "instructions", "cycles", "latency_us")))
        known["layers"] = tuple(
            LayerRow(
                i,
                layer["kernel"],
                layer["name"],
                tuple(layer["input_shape"]),
                tuple(layer["output_shape"]),
                layer["macs"],
                layer["const_bytes"],
                layer["instructions"],
                layer["cycles"],
            )
            for i, layer in enumerate(cost["layers"])
        )
        plan = exported["plan"]
        known["arena"] = Arena(
            plan["arena_bytes"],
            plan["lower_bound_bytes"],
            plan["peak_op"],
            tuple(layer["name"] for layer in exported["layers"]),
            tuple(ArenaSlot(**slot) for slot in plan["slots"]),
        )
        sizes.append(_linked(cost["flash_bytes"]))
    known["sizes"] = tuple(sizes)
    energy = power.measured(run, spec.name).get(road.board.id)
    if energy is not None:
        known["energy"] = EnergyRow(*(energy[key] for key in ("energy_j", "uncertainty_j", "inferences", "meter")))
    if run.done(build_stage.name(road, spec)):
        known["memory"] = _memory(road, spec)
    if run.done(evaluate_stage.name(road, spec)):
        known["evaluation"] = Evaluation.from_document(evaluate_stage.document(road, spec))
    if run.done(sweep_stage.name(spec)):
        known["plans"] = tuple(
            PlanPoint(p["plan"], _share(p["test"]), p["flash_bytes"], p["ram_bytes"], p["instructions"])
            for p in sweep_stage.result(road, spec)["points"]
        )
    if run.done(evaluate_stage.name(road, spec)) and run.done(profile_stage.name(spec)):
        verdict = evaluate_stage.summary(road, spec)["budget"]
        known["budget"] = tuple(
            BudgetRow(line["name"], line["unit"], line["limit"], line["value"], line["ok"])
            for line in verdict["lines"]
            if line["limit"] is not None
        )
    known["sessions"] = tuple(SessionRow.from_document(*one) for one in _sessions(road, spec))
    return Network(**known)


def _linked(flash_bytes: int) -> SizeStep:
    from tinyforge.report.data import SizeStep

    return SizeStep("linked flash", flash_bytes, in_flash=True)


def _sizes(road: Road, spec: ModelSpec) -> list[SizeStep]:
    from tinyforge.report.data import SizeStep

    return [
        SizeStep(
            said["name"],
            said["file_bytes"],
            said["gzip_bytes"],
            said["parameters"],
            said["nonzeros"],
            _share(said["test"]) if said["test"] else None,
        )
        for said in compress_stage.result(road, spec)["steps"]
    ]


def _curves(road: Road, spec: ModelSpec) -> tuple[Any, ...]:
    from tinyforge.report.data import Curve, Marker, Series

    history = train_stage.history(road, spec)
    epochs = history["epochs"]

    def series(name: str, key: str) -> Series:
        return Series(name, tuple(row.get(key) for row in epochs))

    best = (Marker(history["best_epoch"] + 1.0, "kept"),)
    return (
        Curve("loss", (series("train", "loss"), series("validation", "val_loss")), best),
        Curve("accuracy", (series("train", "accuracy"), series("validation", "val_accuracy")), best, share=True),
    )


def _memory(road: Road, spec: ModelSpec) -> tuple[Any, ...]:
    import json

    from tinyforge.report import memory

    footprint = json.loads(road.run.path(build_stage.name(road, spec), "footprint.json").read_text(encoding="utf-8"))
    exported = export_stage.facts(road, spec)
    sliding = export_stage.manifest(road, spec).get("sliding") or {"layers": ()}
    layers = [layer["name"] for layer in (*exported["layers"], *sliding["layers"])]
    profiled = road.run.done(profile_stage.name(spec)) is not None
    stack_bytes = profile_stage.result(road, spec)["stack_bytes"] if profiled else 0
    return tuple(
        memory.region(
            region,
            footprint[f"{key}_bytes"],
            footprint[f"{key}_symbols"],
            capacity_bytes=footprint[f"board_{key}_bytes"],
            model=spec.name,
            layers=layers,
            states=exported.get("states", ()),
            files=footprint.get("symbol_files"),
            stack_bytes=stack_bytes if key == "ram" else 0,
        )
        for region, key in (("flash", "flash"), ("RAM", "ram"))
    )


def _dataset(road: Road) -> DatasetSummary:
    from tinyforge.report.data import DatasetSummary, SubjectRow

    facts = (road.run.done(dataset_stage.NAME) or {})["facts"]
    labels = tuple(facts["labels"])
    side_of = {group: side for side in SPLIT_NAMES for group in facts["groups"][side]}
    entries = [entry for entry in datasets.store_of(road.project).entries() if entry.label in labels]
    by = road.project.dataset.split_by
    dataset = dataset_stage.load(road)
    counts = {str(group): int((dataset.groups == group).sum()) for group in set(dataset.groups)}
    rows = []
    for subject in sorted({entry.subject for entry in entries}):
        mine = [entry for entry in entries if entry.subject == subject]
        rows.append(
            SubjectRow(
                subject or "-",
                side_of.get(subject, "") if by == "subject" else "",
                tuple(sum(entry.label == label for entry in mine) for label in labels),
                counts.get(subject, 0),
            )
        )
    window = road.project.window
    return DatasetSummary(
        labels=labels,
        subjects=tuple(rows),
        group_name=by,
        rate_hz=window.rate_hz,
        window_length=window.length,
        window_hop=window.hop,
        channels=tuple((name, unit) for name, unit in facts["channels"]),
        duration_s=sum(entry.duration_s for entry in entries),
        dropped=sum(entry.dropped for entry in entries),
        digest=facts["digest"],
        signals=tuple(_signals(road, labels)),
    )


def _signals(road: Road, labels: tuple[str, ...]) -> list[Signal]:
    """The first seconds of one recording of each class."""
    from tinyforge.report.data import Signal

    store = datasets.store_of(road.project)
    signals = []
    for label in labels:
        entry = next((entry for entry in store.entries() if entry.label == label), None)
        if entry is None:
            continue
        recording = store.load(entry.id)
        part = recording.samples[:_SIGNAL_SAMPLES]
        signals.append(
            Signal(
                label,
                entry.subject,
                recording.rate_hz,
                tuple((c.name, c.unit) for c in recording.channels),
                tuple(tuple(float(v) for v in column) for column in part.T),
            )
        )
    return signals
