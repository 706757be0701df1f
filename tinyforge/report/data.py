"""Everything a report shows, as plain data.

The pipeline fills a :class:`ReportData` from a run's artifacts. Whatever is not known yet (no board, no learning
curve) stays None or empty, and its part of the report is left out. ``report.json`` holds exactly this
(:mod:`tinyforge.report.document`).

Units are in the names: bytes, hertz, microseconds, seconds. Shares are in [0, 1].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tinyforge.core.errors import DataError
from tinyforge.core.graph import MemoryPlan


@dataclass(frozen=True, slots=True)
class Share:
    """A share of windows.

    Attributes:
        value: in [0, 1].
        low, high: bounds of its interval; None when there is none.
        hits, total: the counts behind it; None when only the share is known.
    """

    value: float
    low: float | None = None
    high: float | None = None
    hits: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A rung against the one above it; see ``tinyforge.evaluate.ladder.Step``."""

    above: str
    agreement: Share
    differing_windows: int
    differing_elements: int | None = None
    largest_difference: float | None = None
    largest_difference_lsb: int | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class RungRow:
    """One rung of the ladder.

    Attributes:
        name: ``float``, ``compressed``, ``int8``, ``host_c``, ``board`` or another identifier.
        kind: ``float``, ``int8`` or ``labels``.
        accuracy: with its interval.
        by_group: the same with the interval over groups (people, recordings), or None.
        confusion: windows [truth][answer].
        step: against the rung above, or None for the first.
        exact: gives the bits of the first int8 rung; None where that is not asked.
        macro_f1: in [0, 1], or None.
        mismatched_inputs: windows whose quantized input was another, or None when not known.
    """

    name: str
    kind: str
    accuracy: Share
    by_group: Share | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    step: StepRow | None = None
    exact: bool | None = None
    macro_f1: float | None = None
    mismatched_inputs: int | None = None


@dataclass(frozen=True, slots=True)
class FindingRow:
    """Something the diagnosis found; ``severity`` is ``error`` or ``warning``."""

    code: str
    rung: str
    severity: str
    fact: str
    way_out: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The ladder of one network.

    Attributes:
        labels: class names, in the order of the confusion matrices.
        windows: how many were evaluated.
        groups: how many people or recordings they come from; 0 when not known.
        rungs: from the float network down.
        findings: the gravest first.
    """

    labels: tuple[str, ...]
    windows: int
    groups: int = 0
    rungs: tuple[RungRow, ...] = ()
    findings: tuple[FindingRow, ...] = ()

    def rung(self, name: str) -> RungRow | None:
        """The rung of that name, or None."""
        return next((rung for rung in self.rungs if rung.name == name), None)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Evaluation:
        """Take what ``tinyforge.evaluate.rungs.report_to_json`` gives.

        Raises:
            DataError: a key is missing or of another form.
        """

        def share(said: Mapping[str, Any] | None) -> Share | None:
            if said is None:
                return None
            return Share(said["value"], said["low"], said["high"], said["hits"], said["total"])

        def needed(said: Mapping[str, Any]) -> Share:
            return Share(said["value"], said["low"], said["high"], said["hits"], said["total"])

        def step(said: Mapping[str, Any] | None) -> StepRow | None:
            if said is None:
                return None
            return StepRow(
                said["above"],
                needed(said["agreement"]),
                said["differing_windows"],
                said["differing_elements"],
                said["largest_difference"],
                said["largest_difference_lsb"],
                said["p_value"],
            )

        try:
            return cls(
                labels=tuple(document["labels"]),
                windows=document["windows"],
                groups=document["groups"],
                rungs=tuple(
                    RungRow(
                        name=rung["name"],
                        kind=rung["kind"],
                        accuracy=needed(rung["accuracy"]),
                        by_group=share(rung["accuracy_by_group"]),
                        confusion=tuple(tuple(row) for row in rung["confusion"]),
                        step=step(rung["step"]),
                        exact=rung["exact"],
                        macro_f1=rung["metrics"].get("macro_f1"),
                        mismatched_inputs=rung["mismatched_inputs"],
                    )
                    for rung in document["rungs"]
                ),
                findings=tuple(
                    FindingRow(said["code"], said["rung"], said["severity"], said["fact"], said["way_out"])
                    for said in document["findings"]
                ),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError("evaluation", f"has another form: {error!r}", "evaluate again") from error


@dataclass(frozen=True, slots=True)
class SizeStep:
    """What one step of the compression weighs.

    Attributes:
        name: what it is, for instance ``Keras file``, ``pruned``, ``int8 .tflite``, ``linked flash``.
        bytes: of the file, or in flash.
        gzip_bytes: of the file compressed; None where that means nothing.
        parameters, nonzeros: weights in it, and those that are not 0; None when not counted.
        accuracy: of the network at this step; None when not measured.
        in_flash: these bytes are flash of the linked image, not a file.
    """

    name: str
    bytes: int
    gzip_bytes: int | None = None
    parameters: int | None = None
    nonzeros: int | None = None
    accuracy: Share | None = None
    in_flash: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """A named line: one value an epoch (or sample); None where there is none."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Marker:
    """A vertical line in a learning curve, before epoch ``at`` (counted from 1)."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One learning curve.

    Attributes:
        name: ``loss``, ``accuracy`` or another quantity.
        series: for instance ``train`` and ``validation``; value i belongs to epoch i + 1.
        markers: where something changed: the best epoch, the start of pruning.
        share: the values are shares in [0, 1], shown in percent.
    """

    name: str
    series: tuple[Series, ...]
    markers: tuple[Marker, ...] = ()
    share: bool = False


@dataclass(frozen=True, slots=True)
class MemoryPart:
    """A named piece of a memory; ``kind`` chooses its colour, see ``memory.KINDS``."""

    name: str
    bytes: int
    kind: str


@dataclass(frozen=True, slots=True)
class MemoryRegion:
    """What a memory of the chip holds.

    Attributes:
        name: ``flash`` or ``RAM``.
        capacity_bytes: of the board; None when not known.
        parts: in the order they are drawn.
        largest: the biggest symbols, by size.
    """

    name: str
    capacity_bytes: int | None
    parts: tuple[MemoryPart, ...]
    largest: tuple[MemoryPart, ...] = ()

    @property
    def used_bytes(self) -> int:
        """Sum of the parts."""
        return sum(part.bytes for part in self.parts)


@dataclass(frozen=True, slots=True)
class ArenaSlot:
    """A tensor's (or scratch buffer's) stretch of the arena, in use from call ``first`` to ``last`` inclusive."""

    name: str
    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Arena:
    """The memory plan of the activations.

    Attributes:
        arena_bytes: size of the arena.
        lower_bound_bytes: no plan can be smaller.
        peak_op: the call at which the lower bound is reached.
        ops: name of each call, in order.
        slots: where each tensor lies.
    """

    arena_bytes: int
    lower_bound_bytes: int
    peak_op: int
    ops: tuple[str, ...]
    slots: tuple[ArenaSlot, ...]

    @classmethod
    def from_plan(cls, plan: MemoryPlan, ops: Iterable[str]) -> Arena:
        """Take the compiler's plan and the names of the calls, in order."""
        return cls(
            plan.arena_bytes,
            plan.lower_bound_bytes,
            plan.peak_op,
            tuple(ops),
            tuple(ArenaSlot(slot.name, slot.offset, slot.bytes, slot.first, slot.last) for slot in plan.slots),
        )


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One kernel call.

    Attributes:
        index: position in the list of calls.
        op: operator or kernel, for instance ``conv_1d``.
        name: of the layer.
        input_shape, output_shape: without the batch.
        macs: multiply-accumulates of one inference.
        weight_bytes: flash of its constants.
        instructions, cycles: of one inference; None when not measured.
    """

    index: int
    op: str
    name: str
    input_shape: tuple[int, ...] = ()
    output_shape: tuple[int, ...] = ()
    macs: int = 0
    weight_bytes: int = 0
    instructions: int | None = None
    cycles: int | None = None


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One limit of a budget; see ``tinyforge.budget.BudgetLine``."""

    name: str
    unit: str
    limit: float | None
    value: float | None
    ok: bool


@dataclass(frozen=True, slots=True)
class EnergyRow:
    """Energy of one inference on the board, above idling, with its transfer, as a meter saw it.

    Attributes:
        energy_j, uncertainty_j: joules; U with a coverage factor of 2.
        inferences: how many were measured together.
        meter: kind of meter.
    """

    energy_j: float
    uncertainty_j: float
    inferences: int
    meter: str


@dataclass(frozen=True, slots=True)
class LiveRow:
    """What an answer takes in LIVE where windows that move by ``hop`` samples are computed from these alone."""

    hop: int
    instructions: int
    cycles: int
    latency_us: float


@dataclass(frozen=True, slots=True)
class SessionRow:
    """What `tinyforge live` saw of a network: its answers beside what happened, and what is wrong with its windows.

    Attributes:
        name: of the session's folder.
        source: id of the board, or ``sketch`` for logs of a sketch.
        windows: that came.
        accuracy: of those with a truth; None where nobody said what happened.
        labels: true ones and answers that were given, ``unknown`` among them.
        true, answered: windows of each label, in their order.
        right: of these, answered with it.
        findings: the gravest first.
        examined: whether the windows were looked at: a session that broke off before has no findings.
    """

    name: str
    source: str
    windows: int
    accuracy: Share | None
    labels: tuple[str, ...]
    true: tuple[int, ...]
    answered: tuple[int, ...]
    right: tuple[int, ...]
    findings: tuple[FindingRow, ...] = ()
    examined: bool = True

    @classmethod
    def from_document(cls, name: str, document: Mapping[str, Any]) -> SessionRow:
        """Take a ``session.json``.

        Raises:
            DataError: a key is missing or of another form.
        """
        try:
            confusion: Mapping[str, Mapping[str, int]] = document["confusion"]
            labels = tuple(sorted({*confusion, *(answer for row in confusion.values() for answer in row)}))
            said = document["accuracy"]
            judged = sum(sum(row.values()) for row in confusion.values())
            rung = "sketch" if document["board"] == "sketch" else "live"
            right = tuple(confusion.get(one, {}).get(one, 0) for one in labels)
            return cls(
                name,
                document["board"],
                document["windows"],
                None if said is None else Share(said, document["low"], document["high"], sum(right), judged),
                labels,
                tuple(sum(confusion.get(one, {}).values()) for one in labels),
                tuple(sum(row.get(one, 0) for row in confusion.values()) for one in labels),
                right,
                tuple(
                    FindingRow(one["code"], rung, one["severity"], one["fact"], one["way_out"])
                    for one in document.get("findings", ())
                ),
                "findings" in document,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"session {name}", f"is no session of `tinyforge live`: {error}", "delete it") from error


@dataclass(frozen=True, slots=True)
class PlanPoint:
    """A way to compress a network that was tried: what is right on the test windows, and what it costs linked."""

    name: str
    accuracy: Share
    flash_bytes: int
    ram_bytes: int
    instructions: int


@dataclass(frozen=True, slots=True)
class Network:
    """One network on one board.

    Attributes:
        name: of the model.
        architecture: ``cnn1d``, ``lstm``, ``dense`` or another.
        parameters: weights of the float network.
        evaluation: the ladder.
        sizes: of every step, from the first file to the linked flash.
        curves: learning curves.
        flash_bytes, ram_bytes, stack_bytes: of the linked image.
        macs, instructions, cycles, latency_us: of one inference.
        live: of an answer in LIVE, where that is less than an inference.
        energy: of one inference, where it was measured.
        memory: flash and RAM by what is in them.
        arena: memory plan of the activations.
        layers: the calls.
        budget: limits and whether they are kept.
        plans: other ways to compress it that were tried (`tinyforge compress --sweep`).
        sessions: of `tinyforge live`, the newest first.
    """

    name: str
    architecture: str = ""
    parameters: int | None = None
    evaluation: Evaluation | None = None
    sizes: tuple[SizeStep, ...] = ()
    curves: tuple[Curve, ...] = ()
    flash_bytes: int | None = None
    ram_bytes: int | None = None
    stack_bytes: int | None = None
    macs: int | None = None
    instructions: int | None = None
    cycles: int | None = None
    latency_us: float | None = None
    live: LiveRow | None = None
    energy: EnergyRow | None = None
    memory: tuple[MemoryRegion, ...] = ()
    arena: Arena | None = None
    layers: tuple[LayerRow, ...] = ()
    budget: tuple[BudgetRow, ...] = ()
    plans: tuple[PlanPoint, ...] = ()
    sessions: tuple[SessionRow, ...] = ()


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """Recordings of one person (or session, or other group).

    Attributes:
        subject: who.
        split: ``train``, ``validation``, ``test``; empty when not used.
        recordings: how many of each label, in the order of ``DatasetSummary.labels``.
        windows: cut from them.
    """

    subject: str
    split: str
    recordings: tuple[int, ...]
    windows: int = 0


@dataclass(frozen=True, slots=True)
class Signal:
    """An example recording, to see what the network sees.

    Attributes:
        label, subject: what and who.
        rate_hz: samples a second.
        channels: (name, unit) of each column.
        values: [channel][sample].
    """

    label: str
    subject: str
    rate_hz: float
    channels: tuple[tuple[str, str], ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What was recorded and how it was split.

    Attributes:
        labels: class names.
        subjects: who gave what.
        group_name: what a group is: ``subject``, ``session`` or ``recording``.
        rate_hz, window_length, window_hop: of the windows; lengths in samples.
        channels: (name, unit) of each column.
        duration_s: of all recordings together.
        dropped: samples known to be lost.
        digest: of the dataset.
        signals: one example a label, or none.
    """

    labels: tuple[str, ...]
    subjects: tuple[SubjectRow, ...]
    group_name: str = "subject"
    rate_hz: float | None = None
    window_length: int | None = None
    window_hop: int | None = None
    channels: tuple[tuple[str, str], ...] = ()
    duration_s: float | None = None
    dropped: int = 0
    digest: str = ""
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class BoardRow:
    """The board. ``virtual``: it was emulated, so instructions are exact and cycles estimated."""

    id: str
    name: str
    cpu: str = ""
    clock_hz: int | None = None
    flash_bytes: int | None = None
    ram_bytes: int | None = None
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """A file of the run."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ReportData:
    """A run, ready to be shown.

    Attributes:
        title: what the report is called, usually the project's name.
        run: name of the run's folder.
        created: when the run was made, UTC, ISO 8601.
        version: of tinyforge.
        board: what the networks were measured on; None before there was one.
        networks: in the order of the configuration.
        dataset: what was recorded.
        environment: (name, value): Python, TensorFlow, compilers, machine.
        artifacts: files with their digests.
        notes: sentences worth saying, shown at the top.
    """

    title: str
    run: str
    created: str
    version: str
    board: BoardRow | None = None
    networks: tuple[Network, ...] = ()
    dataset: DatasetSummary | None = None
    environment: tuple[tuple[str, str], ...] = ()
    artifacts: tuple[ArtifactRow, ...] = ()
    notes: tuple[str, ...] = ()


def check(data: ReportData) -> None:
    """Refuse data whose parts contradict each other.

    Raises:
        DataError: names the network and the part.
    """
    for network in data.networks:
        place = f'report: network "{network.name}"'
        if network.evaluation is not None:
            classes = len(network.evaluation.labels)
            for rung in network.evaluation.rungs:
                sides = {len(rung.confusion), *(len(row) for row in rung.confusion)}
                if rung.confusion and sides != {classes}:
                    raise DataError(place, f'confusion matrix of "{rung.name}" is not {classes} x {classes}', "")
        if network.arena is not None:
            arena, calls = network.arena, len(network.arena.ops)
            for slot in arena.slots:
                if not (0 <= slot.first <= slot.last < calls and 0 <= slot.offset <= arena.arena_bytes - slot.bytes):
                    raise DataError(
                        place, f'slot "{slot.name}" lies outside {arena.arena_bytes} B and {calls} calls', ""
                    )
        for region in network.memory:
            if any(part.bytes < 0 for part in region.parts):
                raise DataError(place, f"a part of {region.name} has negative size", "")
    if data.dataset is not None:
        for row in data.dataset.subjects:
            if len(row.recordings) != len(data.dataset.labels):
                raise DataError(
                    f'report: subject "{row.subject}"',
                    f"{len(row.recordings)} counts for {len(data.dataset.labels)} labels",
                    "",
                )
        for signal in data.dataset.signals:
            if not signal.rate_hz > 0:
                raise DataError(f'report: signal "{signal.label}"', f"rate {signal.rate_hz:g} Hz", "")
            if len(signal.values) != len(signal.channels):
                raise DataError(
                    f'report: signal "{signal.label}"',
                    f"{len(signal.values)} columns for {len(signal.channels)} channels",
                    "",
                )
