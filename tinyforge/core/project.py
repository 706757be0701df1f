"""``tinyforge.toml``: the one configuration of a user's project."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyforge.core.errors import ConfigError, did_you_mean
from tinyforge.core.files import sha256_json
from tinyforge.core.model_info import LONGEST_SMOOTHING
from tinyforge.core.strict import Table, load_toml
from tinyforge.core.types import (
    AUTO_TEACHERS,
    FEWEST_CLUSTERS,
    IMU_CHANNELS,
    CompressionPlan,
    ModelSpec,
    SizeBudget,
    WindowSpec,
)

PROJECT_FILE = "tinyforge.toml"

NO_LIMITS = SizeBudget()
SPLITS = ("subject", "session", "recording", "auto")
SCHEDULES = ("cosine", "step", "constant")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,31}")
_KEY = re.compile("[0-9a-f]{64}")
_MOST_TEACHERS = 20
_LAST_SEED = 2**32 - 2  # NumPy and TensorFlow take 32 bits; compression counts one on


@dataclass(frozen=True, slots=True)
class DatasetConfig:
    """``[dataset]``: where recordings are and how they are split.

    Attributes:
        folder: relative to the project.
        labels: classes used, in the order of the network's outputs; empty for all that are found.
        split_by: ``subject``, ``session`` or ``recording``: what never stands on both sides. ``auto``: subjects where
            there are three and more, else recordings; :func:`tinyforge.pipeline.projects.load` puts in which.
        test, validation: fraction of the groups on each side, (0, 0.8].
        seed: of the split.
        allow_dropped: train on recordings that are known to have lost samples.
        placement: only recordings of a sensor worn there (``wrist``, ``pocket``); empty for all.
        transitions: where labels change inside a recording, a window has the label of most of its samples; false leaves
            windows of several labels out.
        training_hop: samples from one training window's start to the next, where that is to be less than the window's
            hop, which it divides; 0 for the window's.
        gap_ms: the longest gap between samples that is bridged when a recording is brought to the window's rate, 0 to
            60 000; one and a half samples always are.
    """

    folder: str = "dataset"
    labels: tuple[str, ...] = ()
    split_by: str = "subject"
    test: float = 0.25
    validation: float = 0.2
    seed: int = 1
    allow_dropped: bool = False
    placement: str = ""
    transitions: bool = True
    training_hop: int = 0
    gap_ms: float = 500.0


@dataclass(frozen=True, slots=True)
class DecisionConfig:
    """``[decision]``: how scores become an answer, see :class:`tinyforge.core.types.Decision`.

    Attributes:
        false_alarms: wished share of windows answered with a gesture they do not hold; the least score is chosen on
            validation windows so that it is kept. None: every window has an answer.
        smoothing: how many of the latest windows are added up.
        rest: label that means "no gesture"; empty for none.
    """

    false_alarms: float | None = None
    smoothing: int = 1
    rest: str = ""


@dataclass(frozen=True, slots=True)
class ExportConfig:
    """``[export]``: what the C is to be able to.

    Attributes:
        stream: in LIVE, windows that move by ``window.hop`` are computed from their new samples, where that pays.
    """

    stream: bool = False


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """``[search]``: what `tinyforge search` draws candidates from, and what they may cost.

    Attributes:
        architectures: names.
        lengths: of the window, in samples; empty for the project's.
        sparsities, clusters: of the compression, as in ``[compress]``.
        epochs: of each candidate's training.
        budget: limits of the network alone: flash and RAM it adds to an image, instructions an inference.
    """

    architectures: tuple[str, ...] = ("cnn1d", "tcn")
    lengths: tuple[int, ...] = ()
    sparsities: tuple[float, ...] = (0.0,)
    clusters: tuple[int, ...] = (0,)
    epochs: int = 15
    budget: SizeBudget = NO_LIMITS


@dataclass(frozen=True, slots=True)
class CaptureConfig:
    """``[capture]``: what `tinyforge run` records from the virtual board where the dataset lacks it.

    Attributes:
        motion: name of the motion generator that moves the virtual board's IMU.
        labels: signals to record.
        subjects: how many people, 1..N.
        takes: recordings for each person and signal.
        duration_s: length of each, in seconds of the board's own clock.
    """

    motion: str
    labels: tuple[str, ...]
    subjects: int
    takes: int
    duration_s: float


@dataclass(frozen=True, slots=True)
class CardConfig:
    """``[card]``: what a model card says that no measurement can; decides no result.

    Attributes:
        title: heading.
        intended_use: what the network is for.
        limits: what it is not for, one sentence each.
        data: where the recordings come from, with licence and people.
    """

    title: str = ""
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    data: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """Everything ``tinyforge.toml`` says, checked.

    Attributes:
        root: folder of the file.
        name: names the runs.
        task: ``gesture``.
        optimize: what the compiler aims at: ``speed``, ``size`` or ``balanced``.
        board: identifier of the board.
        port: serial port or URL; empty to find it.
        budgets: limits by model name.
        update_key: public key for which a board takes model updates, 64 hex digits; empty: it takes none.
        export: what the C is to be able to.
    """

    root: Path
    name: str
    task: str
    dataset: DatasetConfig
    window: WindowSpec
    models: tuple[ModelSpec, ...]
    plan: CompressionPlan
    board: str
    port: str
    capture: CaptureConfig | None
    decision: DecisionConfig
    search: SearchConfig
    budgets: dict[str, SizeBudget]
    card: CardConfig = CardConfig()
    update_key: str = ""
    export: ExportConfig = ExportConfig()

    @property
    def dataset_dir(self) -> Path:
        """Folder of the recordings."""
        return self.root / self.dataset.folder

    @property
    def runs_dir(self) -> Path:
        """Folder of the runs."""
        return self.root / "runs"

    @property
    def state_dir(self) -> Path:
        """Folder of what can be made again: locks, the virtual board's flash, built firmware."""
        return self.root / ".tinyforge"

    def model(self, name: str) -> ModelSpec:
        """The model of that name.

        Raises:
            ConfigError: there is none.
        """
        for spec in self.models:
            if spec.name == name:
                return spec
        known = [spec.name for spec in self.models]
        raise ConfigError(PROJECT_FILE, f'"{name}": no [[model]] of that name', did_you_mean(name, known))

    def as_json(self) -> dict[str, Any]:
        """What decides the results, as plain data (paths and ports left out)."""
        return {
            "name": self.name,
            "task": self.task,
            "dataset": dataclasses.asdict(self.dataset),
            "window": dataclasses.asdict(self.window),
            "models": [dataclasses.asdict(spec) | {"parameters": dict(spec.parameters)} for spec in self.models],
            "compress": dataclasses.asdict(self.plan),
            "board": self.board,
            "decision": dataclasses.asdict(self.decision),
            "capture": None if self.capture is None else dataclasses.asdict(self.capture),
            "budgets": {name: dataclasses.asdict(budget) for name, budget in self.budgets.items()},
            # only where it says something: runs of before it existed stay those of their project
            **({} if self.export == ExportConfig() else {"export": dataclasses.asdict(self.export)}),
        }

    @property
    def digest(self) -> str:
        """SHA-256 of :meth:`as_json`."""
        return sha256_json(self.as_json())


def find_project(start: Path) -> Path:
    """Path of the nearest ``tinyforge.toml`` at or above ``start``.

    Raises:
        ConfigError: there is none.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / PROJECT_FILE).is_file():
            return folder / PROJECT_FILE
    raise ConfigError(str(start / PROJECT_FILE), "no such file, here or above", "`tinyforge init` makes one")


def load_project(
    path: Path,
    *,
    boards: tuple[str, ...] = (),
    architectures: tuple[str, ...] = (),
    motions: tuple[str, ...] = (),
    variations: tuple[str, ...] = (),
) -> Project:
    """Read and check ``tinyforge.toml``.

    Args:
        path: the file, or its folder.
        boards, architectures, motions, variations: names that exist; empty to leave the check to whoever uses them.

    Raises:
        ConfigError: naming file, key and way out.
    """
    file = path / PROJECT_FILE if path.is_dir() else path
    top = load_toml(file, "`tinyforge init` makes one")
    project = top.table("project")
    name = _identifier(project, "name", "tinyforge")
    task = project.text("task", "gesture", choices=("gesture",), what="task")
    project.finish()
    plan = _compress(top.table("compress"))
    board = top.table("board")
    board_id = board.text("id", "virtual")
    if board_id.endswith(".toml"):  # a description of the user's own, beside the project's file
        board_id = str(file.resolve().parent / board_id)
    else:
        board_id = board.text("id", "virtual", choices=boards or None, what="board")
    port = board.text("port", "")
    update_key = board.text("update_key", "")
    if update_key and not _KEY.fullmatch(update_key):
        raise board.fail(
            "update_key", "is no public key", "it is the 64 hex digits that `tinyforge update keygen` said"
        )
    board.finish()
    window = _window(top.table("window"))
    models = _models(top, architectures, variations)
    loaded = Project(
        root=file.resolve().parent,
        name=name,
        task=task,
        dataset=_dataset(top.table("dataset")),
        window=window,
        models=models,
        plan=plan,
        board=board_id,
        port=port,
        capture=_capture(top.table("capture"), motions) if "capture" in top else None,
        decision=_decision(top.table("decision")),
        search=_search(top.table("search"), architectures),
        budgets=_budgets(top.table("budget"), {spec.name for spec in models}),
        card=_card(top.table("card")),
        update_key=update_key,
        export=_export(top.table("export"), window),
    )
    top.finish()
    return loaded


def _identifier(table: Table, key: str, default: str | None = None) -> str:
    value = table.text(key) if default is None else table.text(key, default)
    if not _IDENTIFIER.fullmatch(value):
        raise table.fail(
            key, f'"{value}" is not an identifier', "use a lower-case letter, then letters, digits and _; 32 at most"
        )
    return value


def _dataset(table: Table) -> DatasetConfig:
    d = DatasetConfig()
    labels = table.texts("labels", ())
    if len(set(labels)) != len(labels):
        raise table.fail("labels", "a label stands twice", "name each class once")
    config = DatasetConfig(
        folder=table.text("folder", d.folder),
        labels=labels,
        split_by=table.text("split_by", d.split_by, choices=SPLITS, what="way to split"),
        test=table.number("test", d.test, 0.01, 0.8),
        validation=table.number("validation", d.validation, 0.01, 0.8),
        seed=table.integer("seed", d.seed, 0),
        allow_dropped=table.boolean("allow_dropped", d.allow_dropped),
        placement=table.text("placement", d.placement),
        transitions=table.boolean("transitions", d.transitions),
        training_hop=table.integer("training_hop", d.training_hop, 0, 65536),
        gap_ms=table.number("gap_ms", d.gap_ms, 0.0, 60_000.0),
    )
    if config.test + config.validation > 0.9:
        raise table.fail(
            "test", f"test + validation is {config.test + config.validation:g}", "leave something to train on"
        )
    table.finish()
    return config


def _window(table: Table) -> WindowSpec:
    length = table.integer("length", 50, 2, 65536)
    channels = table.texts("channels", tuple(channel.name for channel in IMU_CHANNELS))
    if not channels or len(set(channels)) != len(channels):
        raise table.fail("channels", f"{list(channels)} is empty or names a channel twice", "name each channel once")
    spec = WindowSpec(
        length=length,
        hop=table.integer("hop", max(1, length // 2), 1, 65536),
        channels=channels,
        rate_hz=table.number("rate_hz", 100.0, 0.01, 100_000.0),
    )
    table.finish()
    return spec


def _export(table: Table, window: WindowSpec) -> ExportConfig:
    config = ExportConfig(stream=table.boolean("stream", ExportConfig().stream))
    if config.stream and window.hop >= window.length:
        raise table.fail(
            "stream",
            f"windows of {window.length} samples that move by {window.hop} have no samples in common",
            "make window.hop less than window.length, or leave stream out",
        )
    table.finish()
    return config


def _models(top: Table, architectures: tuple[str, ...], variations: tuple[str, ...]) -> tuple[ModelSpec, ...]:
    train = top.table("train")
    shared = _training(train, ModelSpec("", ""), variations)
    train.finish()
    models: list[ModelSpec] = []
    for table in top.tables("model"):
        name = _identifier(table, "name")
        if name in (spec.name for spec in models):
            raise table.fail("name", f'"{name}" stands twice', "give each model its own name")
        architecture = table.text("architecture", choices=architectures or None, what="architecture")
        parameters = table.table("parameters").raw()
        spec = _training(
            table, dataclasses.replace(shared, name=name, architecture=architecture, parameters=parameters), variations
        )
        table.finish()
        models.append(spec)
    if not models:
        raise top.fail("model", "no model", 'add [[model]] with name = "cnn" and architecture = "cnn1d"')
    return tuple(models)


def _training(table: Table, d: ModelSpec, variations: tuple[str, ...]) -> ModelSpec:
    return dataclasses.replace(
        d,
        epochs=table.integer("epochs", d.epochs, 1, 100_000),
        batch_size=table.integer("batch_size", d.batch_size, 1, 1_000_000),
        learning_rate=table.number("learning_rate", d.learning_rate, 1e-9, 10.0),
        patience=table.integer("patience", d.patience, 0),
        seed=table.integer("seed", d.seed, 0, _LAST_SEED),
        augment=table.boolean("augment", d.augment),
        augmentation=_augmentation(table.table("augmentation"), variations) or d.augmentation,
        schedule=table.text("schedule", d.schedule, choices=SCHEDULES, what="schedule"),
        class_weights=table.number("class_weights", d.class_weights, 0.0, 1.0),
        focal=table.number("focal", d.focal, 0.0, 10.0),
        label_smoothing=table.number("label_smoothing", d.label_smoothing, 0.0, 0.9),
        mixup=table.number("mixup", d.mixup, 0.0, 10.0),
        teachers=_teachers(table, d.teachers),
    )


def _teachers(table: Table, default: int) -> int:
    """A number, or AUTO_TEACHERS for "auto"."""
    if table.is_text("teachers"):
        table.text("teachers", choices=("auto",), what="number of teachers")
        return AUTO_TEACHERS
    return table.integer("teachers", default, 0, _MOST_TEACHERS) if "teachers" in table else default


def _augmentation(table: Table, variations: tuple[str, ...]) -> dict[str, float]:
    """How far each named variation goes."""
    for key in table.raw():
        if variations and key not in variations:
            raise table.fail(key, "unknown variation", did_you_mean(key, variations))
    return {key: table.number(key, low=0.0) for key in table.raw()}


def _compress(table: Table) -> CompressionPlan:
    d = CompressionPlan()
    plan = CompressionPlan(
        sparsity=table.number("sparsity", d.sparsity, 0.0, 0.99),
        prune_epochs=table.integer("prune_epochs", d.prune_epochs, 1),
        clusters=_clusters(table, "clusters", d.clusters),
        cluster_epochs=table.integer("cluster_epochs", d.cluster_epochs, 0),
        calibration_windows=table.integer("calibration_windows", d.calibration_windows, 1),
        pattern=table.text("pattern", d.pattern),
        qat_epochs=table.integer("qat_epochs", d.qat_epochs, 0),
        layers=_layers(table.table("layers")),
        distillation=table.number("distillation", d.distillation, 0.0, 1.0),
    )
    table.finish()
    return plan


def _clusters(table: Table, key: str, default: int) -> int:
    return _check_clusters(table, key, table.integer(key, default, 0, 256))


def _check_clusters(table: Table, key: str, clusters: int) -> int:
    if 0 < clusters < FEWEST_CLUSTERS:
        raise table.fail(
            key, f"{clusters} is out of range", f"write 0 for no clustering, or {FEWEST_CLUSTERS} and more"
        )
    return clusters


def _decision(table: Table) -> DecisionConfig:
    d = DecisionConfig()
    config = DecisionConfig(
        false_alarms=table.number("false_alarms", low=0.0, high=1.0) if "false_alarms" in table else None,
        smoothing=table.integer("smoothing", d.smoothing, 1, LONGEST_SMOOTHING),
        rest=table.text("rest", d.rest),
    )
    table.finish()
    return config


def _search(table: Table, architectures: tuple[str, ...]) -> SearchConfig:
    d = SearchConfig()
    names = table.texts("architectures", d.architectures)
    for name in names:
        if architectures and "architectures" in table and name not in architectures:
            raise table.fail("architectures", f'"{name}": unknown architecture', did_you_mean(name, architectures))
    limits = {
        key: table.integer(key, low=0) if key in table else None for key in ("flash_bytes", "ram_bytes", "instructions")
    }
    config = SearchConfig(
        architectures=names,
        lengths=_listed(table, "lengths", d.lengths, int, 2, 65536),
        sparsities=_listed(table, "sparsities", d.sparsities, float, 0.0, 0.99),
        clusters=_listed(table, "clusters", d.clusters, int, 0, 256),
        epochs=table.integer("epochs", d.epochs, 1, 100_000),
        budget=SizeBudget(**limits),
    )
    for clusters in config.clusters:
        _check_clusters(table, "clusters", clusters)
    for key in ("architectures", "sparsities", "clusters"):
        if not getattr(config, key):
            raise table.fail(key, "is empty", "name at least one, or leave it out")
    table.finish()
    return config


def _listed(table: Table, key: str, default: tuple[Any, ...], kind: type, low: float, high: float) -> tuple[Any, ...]:
    """A list of numbers, each in [low, high]."""
    if key not in table:
        return default
    what = "a whole number" if kind is int else "a number"
    for value in table.items(key):
        if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
            raise table.fail(key, f"{value!r} is not {what}", f"it takes a list of numbers from {low:g} to {high:g}")
        if not low <= value <= high:
            raise table.fail(key, f"{value} is out of range", f"it must be from {low:g} to {high:g}")
    return tuple(kind(value) for value in table.items(key))


def _layers(table: Table) -> dict[str, dict[str, float]]:
    """``[compress.layers.NAME]``: what one layer has of its own."""
    layers: dict[str, dict[str, float]] = {}
    for name in table.raw():
        entry = table.table(name)
        own: dict[str, float] = {}
        if "sparsity" in entry:
            own["sparsity"] = entry.number("sparsity", 0.0, 0.0, 0.99)
        if "clusters" in entry:
            own["clusters"] = _clusters(entry, "clusters", 0)
        entry.finish()
        layers[name] = own
    return layers


def _capture(table: Table, motions: tuple[str, ...]) -> CaptureConfig:
    config = CaptureConfig(
        motion=table.text("motion", choices=motions or None, what="motion generator"),
        labels=table.texts("labels"),
        subjects=table.integer("subjects", 12, 1, 1000),
        takes=table.integer("takes", 2, 1, 1000),
        duration_s=table.number("duration_s", 8.0, 0.1, 3600.0),
    )
    table.finish()
    return config


def _card(table: Table) -> CardConfig:
    config = CardConfig(
        table.text("title", ""), table.text("intended_use", ""), table.texts("limits", ()), table.text("data", "")
    )
    table.finish()
    return config


def _budgets(table: Table, models: set[str]) -> dict[str, SizeBudget]:
    budgets = {}
    for name in table.raw():
        if name not in models:
            raise table.fail(name, "no [[model]] of that name", did_you_mean(name, models))
        budgets[name] = read_budget(table.table(name))
    return budgets


def read_budget(table: Table) -> SizeBudget:
    """The limits in one table; unknown keys are refused.

    Raises:
        ConfigError: naming file, key and way out.
    """
    counts = {
        key: table.integer(key, low=0) if key in table else None
        for key in ("flash_bytes", "ram_bytes", "stack_bytes", "instructions")
    }
    latency_us = table.number("latency_us", low=0.0) if "latency_us" in table else None
    accuracy, agreement, exact = (
        table.number(key, low=0.0, high=1.0) if key in table else None for key in ("accuracy", "agreement", "exact")
    )
    table.finish()
    return SizeBudget(**counts, latency_us=latency_us, accuracy=accuracy, agreement=agreement, exact=exact)
