"""Arranges the data for the page: Python computes and words, the template only prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from tinyforge.report import charts, sessions, text
from tinyforge.report.data import (
    Arena,
    BudgetRow,
    Curve,
    DatasetSummary,
    EnergyRow,
    Evaluation,
    LiveRow,
    MemoryRegion,
    Network,
    ReportData,
    RungRow,
    Series,
    Share,
    Signal,
    SizeStep,
)

MAX_SUBJECTS = 200
MAX_LAYERS = 400
MAX_MATRIX_CLASSES = 24

RUNG_TITLES = {
    "float": "float",
    "compressed": "compressed float",
    "int8": "int8, LiteRT",
    "host_c": "C on this machine",
    "board": "C on the board",
    "live": "live on the board",
    sessions.SKETCH: "in a sketch of your own",
}


def rung_title(name: str, *, virtual: bool) -> str:
    """What a rung is called on the page."""
    if name == "board" and virtual:
        return "C on the virtual board"
    return RUNG_TITLES.get(name, name)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that has something to show."""

    id: str
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentence a reader looks for; ``tone`` is ``good``, ``bad`` or ``open``."""

    tone: str
    head: str
    detail: str


def _plural(number: int, one: str, many: str = "") -> str:
    return f"{text.count(number)} {one if number == 1 else many or one + 's'}"


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def verdict(data: ReportData) -> Verdict:
    """What the run shows, in one sentence and its figures."""
    evaluated = [network for network in data.networks if network.evaluation is not None and network.evaluation.rungs]
    faulty = [
        network.name
        for network in evaluated
        if network.evaluation is not None
        and (
            any(rung.exact is False for rung in network.evaluation.rungs)
            or any(finding.severity == "error" for finding in network.evaluation.findings)
        )
    ]
    over = [network.name for network in data.networks if any(not line.ok for line in network.budget)]
    if faulty or over:
        reasons = []
        if faulty:
            reasons.append(f"the ladder of {_joined(faulty)} breaks: see the findings")
        if over:
            reasons.append(f"over budget: {_joined(over)}")
        detail = "; ".join(reasons)
        head = "Something was lost on the way." if faulty else "A budget is broken."
        return Verdict("bad", head, f"{detail[:1].upper()}{detail[1:]}.")
    misled = [network for network in data.networks if sessions.newest_is_wrong(network)]
    if misled:
        own = all(network.sessions[0].source == sessions.SKETCH for network in misled)
        return Verdict(
            "bad",
            "In a sketch of your own something is wrong." if own else "On the board's own sensor something is wrong.",
            f"The newest session of {_joined([network.name for network in misled])} shows it: see the findings.",
        )
    if not evaluated:
        return Verdict("open", "Not evaluated yet.", "This report shows what is known so far.")
    on_board = [
        network
        for network in evaluated
        if network.evaluation is not None
        and any(rung.exact is True and rung.name in {"board", "live"} for rung in network.evaluation.rungs)
    ]
    if len(on_board) < len(data.networks):
        missing = [network.name for network in data.networks if network not in on_board]
        return Verdict(
            "open", "Not compared on a board yet.", f"What the board computes is not known for {_joined(missing)}."
        )
    windows = sum(network.evaluation.windows for network in on_board if network.evaluation is not None)
    return Verdict(
        "good",
        "Nothing was lost on the way.",
        f"{_plural(len(on_board), 'network')}, {_plural(windows, 'window')}: the board gives the same bits as the "
        "int8 reference in every one of them.",
    )


def _share_cell(rung: RungRow | None) -> dict[str, str] | None:
    if rung is None:
        return None
    return {
        "value": text.percent(rung.accuracy.value),
        "interval": text.interval(rung.accuracy.low, rung.accuracy.high),
    }


def _live(said: LiveRow | None) -> str:
    if said is None:
        return ""
    return f"LIVE, hop of {said.hop}: {text.count(said.instructions)}, {text.latency(said.latency_us)}"


def _energy(said: EnergyRow | None) -> dict[str, str]:
    if said is None:
        return {"energy": text.MISSING, "uncertainty": "", "meter": ""}
    value, uncertainty = text.energy(said.energy_j, said.uncertainty_j)
    return {"energy": value, "uncertainty": uncertainty, "meter": said.meter}


def _headline(data: ReportData) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for network in data.networks:
        said = network.evaluation
        rungs = {name: said.rung(name) if said is not None else None for name in ("float", "int8", "board")}
        agreements = [
            {"rung": rung.name, "value": text.percent(rung.step.agreement.value)}
            for rung in (said.rungs if said is not None else ())
            if rung.step is not None and rung.name in {"int8", "board"}
        ]
        exact = None
        if said is not None:
            judged = [rung.exact for rung in said.rungs if rung.exact is not None]
            exact = all(judged) if judged else None
        rows.append(
            {
                "name": network.name,
                "architecture": network.architecture,
                "accuracy": {name: _share_cell(rung) for name, rung in rungs.items()},
                "agreements": agreements,
                "exact": exact,
                "flash": text.size(network.flash_bytes),
                "ram": text.size(network.ram_bytes),
                "instructions": text.count(network.instructions),
                "latency": text.latency(network.latency_us),
                **_energy(network.energy),
                "macs": text.count(network.macs),
                "live": _live(network.live),
                "over": [line.name for line in network.budget if not line.ok],
            }
        )

    def any_of(key: str) -> bool:
        return any(row[key] != text.MISSING for row in rows)

    return {
        "rows": rows,
        "rungs": [
            (name, title)
            for name, title in (("float", "float"), ("int8", "int8"), ("board", "board"))
            if any(row["accuracy"][name] for row in rows)
        ],
        "agreement": any(row["agreements"] for row in rows),
        "exact": any(row["exact"] is not None for row in rows),
        **{key: any_of(key) for key in ("flash", "ram", "instructions", "latency", "energy", "macs")},
    }


def _ladder(network: Network, said: Evaluation, scale: charts.Scale, *, virtual: bool) -> dict[str, Any]:
    rows = []
    reference = next((rung.name for rung in said.rungs if rung.kind == "int8"), "")
    for rung in said.rungs:
        step = rung.step
        difference = text.MISSING
        if step is not None and step.largest_difference_lsb is not None:
            difference = "0" if step.largest_difference_lsb == 0 else f"{step.largest_difference_lsb} LSB"
        elif step is not None and step.largest_difference is not None:
            difference = text.significant(step.largest_difference, 2)
        rows.append(
            {
                "title": rung_title(rung.name, virtual=virtual),
                "name": rung.name,
                "chart": charts.share_dot(
                    rung.accuracy, scale, by_group=rung.by_group, tone="s2" if rung.kind == "float" else "s1"
                ),
                "value": text.percent(rung.accuracy.value),
                "interval": text.interval(rung.accuracy.low, rung.accuracy.high),
                "by_group": "" if rung.by_group is None else text.interval(rung.by_group.low, rung.by_group.high),
                "macro_f1": text.MISSING if rung.macro_f1 is None else f"{rung.macro_f1:.3f}",
                "agreement": text.MISSING if step is None else text.percent(step.agreement.value),
                "differing": text.MISSING if step is None else text.count(step.differing_windows),
                "difference": difference,
                "exact": "reference" if rung.name == reference else rung.exact,
            }
        )
    return {
        "name": network.name,
        "windows": text.count(said.windows),
        "groups": said.groups,
        "rows": rows,
        "by_group": any(row["by_group"] for row in rows),
    }


def _confusions(network: Network, said: Evaluation, *, virtual: bool) -> dict[str, Any]:
    wanted = [rung for rung in said.rungs if rung.confusion]
    named = [rung for rung in wanted if rung.name in {"float", "int8", "board"}]
    shown = named or wanted[:3]
    classes = len(said.labels)
    matrices = []
    if classes <= MAX_MATRIX_CLASSES:
        for rung in shown:
            rows = []
            for truth, counts in enumerate(rung.confusion):
                total = sum(counts)
                cells = [
                    {
                        "count": text.count(count),
                        "zero": count == 0,
                        "right": truth == answer,
                        "level": 0 if total == 0 or count == 0 else max(1, round(10 * count / total)),
                    }
                    for answer, count in enumerate(counts)
                ]
                recall = text.MISSING if total == 0 else text.percent(counts[truth] / total, 0)
                rows.append({"label": said.labels[truth], "cells": cells, "recall": recall})
            matrices.append(
                {
                    "title": rung_title(rung.name, virtual=virtual),
                    "value": text.percent(rung.accuracy.value),
                    "rows": rows,
                }
            )
    return {
        "name": network.name,
        "labels": said.labels,
        "matrices": matrices,
        "upright": classes > 6 or any(len(label) > 5 for label in said.labels),
        "too_many": classes if classes > MAX_MATRIX_CLASSES else 0,
    }


def _curves(networks: Sequence[Network]) -> list[dict[str, Any]]:
    """Charts by quantity, the networks side by side on one scale."""
    names = dict.fromkeys(curve.name for network in networks for curve in network.curves)
    groups = []
    for name in names:
        found = [(network, curve) for network in networks for curve in network.curves if curve.name == name]
        known = [
            value
            for _, curve in found
            for series in curve.series
            for value in series.values
            if value is not None and math.isfinite(value)
        ]
        bounds = (min(known), max(known)) if known else (0.0, 1.0)
        groups.append({"name": name, "charts": [_curve(network, curve, bounds) for network, curve in found]})
    return groups


def _curve(network: Network, curve: Curve, bounds: tuple[float, float]) -> dict[str, Any]:
    said = []
    for series in curve.series:
        known = [value for value in series.values if value is not None and math.isfinite(value)]
        if known:
            last = text.percent(known[-1]) if curve.share else text.significant(known[-1])
            said.append(f"{series.name} ends at {last} after {len(series.values)} epochs")
    label = f"{curve.name} of {network.name}: " + ("; ".join(said) if said else "no values")
    return {
        "title": network.name,
        "series": [series.name for series in curve.series],
        "chart": charts.line_chart(
            curve.series,
            label=label,
            x_label="epoch",
            share=curve.share,
            from_zero=not curve.share,
            bounds=bounds,
            markers=curve.markers,
        ),
    }


def _sizes(network: Network) -> dict[str, Any]:
    largest = max(step.bytes for step in network.sizes) or 1
    first = next((step.bytes for step in network.sizes if step.bytes), 0)

    def row(step: SizeStep) -> dict[str, Any]:
        weights = ""
        if step.parameters is not None and step.nonzeros is not None and step.parameters:
            weights = f"{text.count(step.nonzeros)} of {text.count(step.parameters)}"
        return {
            "name": step.name,
            "bytes": text.count(step.bytes),
            "gzip": text.MISSING if step.gzip_bytes is None else text.count(step.gzip_bytes),
            "weights": weights or text.MISSING,
            "accuracy": text.MISSING if step.accuracy is None else text.percent(step.accuracy.value),
            "ratio": text.MISSING if not first else text.percent(step.bytes / first, 0),
            "in_flash": step.in_flash,
            "chart": charts.bar(
                step.bytes / largest,
                None if step.gzip_bytes is None else step.gzip_bytes / largest,
                tone="s2" if step.in_flash else "s1",
            ),
        }

    rows = [row(step) for step in network.sizes]
    return {
        "name": network.name,
        "rows": rows,
        **{key: any(entry[key] != text.MISSING for entry in rows) for key in ("gzip", "weights", "accuracy")},
    }


def _front(networks: Sequence[Network]) -> dict[str, Any] | None:
    """Accuracy against flash: the networks as they are, and the plans that were tried; None for fewer than two."""
    found: list[tuple[str, str, Share, int, int | None, int | None]] = []
    for network in networks:
        right = network.evaluation.rungs[-1].accuracy if network.evaluation and network.evaluation.rungs else None
        if right is not None and network.flash_bytes is not None:
            found.append((network.name, "", right, network.flash_bytes, network.ram_bytes, network.instructions))
        for plan in network.plans:
            costs = (plan.flash_bytes, plan.ram_bytes, plan.instructions)
            found.append((network.name, plan.name, plan.accuracy, *costs))
    if len(found) < 2:
        return None

    def beaten(share: Share, held: int) -> bool:
        return any(
            other.value >= share.value and bytes_ <= held and (other.value > share.value or bytes_ < held)
            for _, _, other, bytes_, *_ in found
        )

    rows, spots = [], []
    for number, (name, plan_name, share, held, ram, instructions) in enumerate(found, 1):
        best = not beaten(share, held)
        called = f"{name}, {plan_name}" if plan_name else name
        spots.append(charts.Spot(number, called, held, share, best))
        rows.append(
            {
                "number": number,
                "network": name,
                "plan": plan_name or "as in this run",
                "value": text.percent(share.value),
                "interval": text.interval(share.low, share.high),
                "flash": text.count(held),
                "ram": text.count(ram),
                "instructions": text.count(instructions),
                "best": best,
            }
        )
    named = ", ".join(spot.name for spot in spots if spot.best)
    label = f"Accuracy against linked flash of {len(spots)} networks; nothing smaller is as accurate as {named}"
    return {"chart": charts.front_chart(spots, label=label, x_label="flash, kB"), "rows": rows}


def _region(region: MemoryRegion, widest: int) -> dict[str, Any]:
    used = region.used_bytes
    capacity = region.capacity_bytes
    head = f"{text.size(used)}"
    if capacity:
        head += f" of {text.size(capacity)}, {text.percent(used / capacity)}"
    parts = [
        {
            "name": part.name,
            "kind": part.kind,
            "bytes": text.count(part.bytes),
            "share": text.percent(part.bytes / used),
        }
        for part in region.parts
        if used
    ]
    label = f"{region.name}: {head}: " + ", ".join(f"{part['name']} {part['bytes']} B" for part in parts)
    return {
        "name": region.name,
        "head": head,
        "parts": parts,
        "chart": charts.stack([(part.bytes / widest, f"k-{part.kind}") for part in region.parts], label),
        "largest": [{"name": part.name, "bytes": text.count(part.bytes), "kind": part.kind} for part in region.largest],
    }


def _arena(network: Network, arena: Arena) -> dict[str, Any]:
    optimal = arena.arena_bytes <= arena.lower_bound_bytes
    peak = arena.ops[arena.peak_op] if 0 <= arena.peak_op < len(arena.ops) else ""
    head = f"{text.size(arena.arena_bytes)}, lower bound {text.size(arena.lower_bound_bytes)}"
    if peak:
        head += f" at call {arena.peak_op} ({text.short(peak, 40)})"
    return {
        "head": head + (": the plan is optimal" if optimal else ""),
        "chart": charts.arena_map(
            arena, f"arena of {network.name}: {head}; {_plural(len(arena.slots), 'tensor')} over {len(arena.ops)} calls"
        ),
    }


def _layers(network: Network) -> dict[str, Any]:
    shown = network.layers[:MAX_LAYERS]
    by = "cycles" if any(layer.cycles for layer in shown) else "instructions"
    cost = {layer.index: layer.cycles if by == "cycles" else layer.instructions for layer in shown}
    highest = max((value or 0 for value in cost.values()), default=0)
    measured = highest > 0
    if not measured:
        by, cost = "MAC", {layer.index: layer.macs for layer in shown}
        highest = max((layer.macs for layer in shown), default=0)
    total = sum(value or 0 for value in cost.values())
    rows = []
    for layer in shown:
        value = cost[layer.index] or 0
        rows.append(
            {
                "index": layer.index,
                "op": layer.op,
                "name": layer.name,
                "input": text.shape(layer.input_shape),
                "output": text.shape(layer.output_shape),
                "macs": text.count(layer.macs),
                "weights": text.count(layer.weight_bytes),
                "instructions": text.count(layer.instructions),
                "cycles": text.count(layer.cycles),
                "per_mac": text.MISSING
                if not layer.macs or not layer.cycles
                else text.significant(layer.cycles / layer.macs),
                "share": text.MISSING if not total else text.percent(value / total),
                "chart": charts.bar(value / highest if highest else 0.0, tone="s1"),
            }
        )
    sums = {
        "macs": text.count(sum(layer.macs for layer in network.layers)),
        "weights": text.count(sum(layer.weight_bytes for layer in network.layers)),
        "instructions": text.count(sum(layer.instructions or 0 for layer in network.layers) if measured else None),
        "cycles": text.count(sum(layer.cycles or 0 for layer in network.layers) if by == "cycles" else None),
    }
    return {
        "name": network.name,
        "rows": rows,
        "by": by,
        "sums": sums,
        "hidden": len(network.layers) - len(shown),
        "instructions": any(layer.instructions is not None for layer in shown),
        "cycles": any(layer.cycles is not None for layer in shown),
        "input": any(layer.input_shape for layer in shown),
    }


def _signals(signals: Sequence[Signal]) -> list[dict[str, Any]]:
    """Charts by unit, the classes side by side on one scale."""
    groups = []
    for unit in dict.fromkeys(unit for signal in signals for _, unit in signal.channels):
        lines = [
            [
                Series(name, values)
                for (name, own), values in zip(signal.channels, signal.values, strict=True)
                if own == unit
            ]
            for signal in signals
        ]
        known = [value for group in lines for line in group for value in line.values if value is not None]
        known = [value for value in known if math.isfinite(value)]
        bounds = (min(known), max(known)) if known else (0.0, 1.0)
        drawn = [
            {
                "title": signal.label,
                "chart": charts.line_chart(
                    group,
                    label=f"{', '.join(line.name for line in group)} of a recording of {signal.label}, in {unit}",
                    x_label="s",
                    first_x=0.0,
                    step_x=1 / signal.rate_hz,
                    bounds=bounds,
                    width=300,
                    height=176,
                ),
            }
            for signal, group in zip(signals, lines, strict=True)
            if group
        ]
        names = list(dict.fromkeys(line.name for group in lines for line in group))
        groups.append({"unit": unit, "series": names, "charts": drawn})
    return groups


def _dataset(dataset: DatasetSummary) -> dict[str, Any]:
    facts: list[tuple[str, str]] = []
    recordings = sum(sum(row.recordings) for row in dataset.subjects)
    windows = sum(row.windows for row in dataset.subjects)
    facts.append(("recordings", text.count(recordings)))
    facts.append((f"{dataset.group_name}s", text.count(len(dataset.subjects))))
    if dataset.duration_s is not None:
        facts.append(("duration", text.duration(dataset.duration_s)))
    if windows:
        facts.append(("windows", text.count(windows)))
    if dataset.window_length and dataset.rate_hz:
        length = text.duration(dataset.window_length / dataset.rate_hz)
        facts.append(("window", f"{dataset.window_length} samples, {length}, at {text.frequency(dataset.rate_hz)}"))
        if dataset.window_hop:
            facts.append(("hop", f"{dataset.window_hop} samples"))
    if dataset.channels:
        facts.append(("channels", ", ".join(f"{name} ({unit})" if unit else name for name, unit in dataset.channels)))
    if dataset.dropped:
        facts.append(("samples lost", text.count(dataset.dropped)))
    if dataset.digest:
        facts.append(("digest", dataset.digest))
    splits: list[dict[str, Any]] = []
    found = dict.fromkeys([*_SPLIT_KINDS, *(row.split for row in dataset.subjects if row.split)])
    for split in found:
        rows = [row for row in dataset.subjects if row.split == split]
        if not rows:
            continue
        splits.append(
            {
                "name": split,
                "groups": text.count(len(rows)),
                "recordings": text.count(sum(sum(row.recordings) for row in rows)),
                "windows": text.count(sum(row.windows for row in rows)),
                "share": (sum(row.windows for row in rows) or sum(sum(row.recordings) for row in rows)),
            }
        )
    whole = sum(split["share"] for split in splits)
    for side in splits:
        side["part"] = side["share"] / whole if whole else 0.0
    label = "split: " + ", ".join(f"{split['name']} {text.percent(split['part'])}" for split in splits)
    most = max((count for row in dataset.subjects for count in row.recordings), default=0)
    return {
        "facts": facts,
        "labels": dataset.labels,
        "group_name": dataset.group_name,
        "windows": windows > 0,
        "rows": [
            {
                "subject": row.subject,
                "split": row.split,
                "cells": [
                    {"count": text.count(count), "level": 0 if not most else round(10 * count / most)}
                    for count in row.recordings
                ],
                "total": text.count(sum(row.recordings)),
                "windows": text.count(row.windows),
            }
            for row in dataset.subjects[:MAX_SUBJECTS]
        ],
        "hidden": max(0, len(dataset.subjects) - MAX_SUBJECTS),
        "totals": [
            text.count(sum(row.recordings[column] for row in dataset.subjects)) for column in range(len(dataset.labels))
        ],
        "total": text.count(recordings),
        "total_windows": text.count(windows),
        "splits": splits,
        "split_chart": charts.stack(
            [(split["part"], f"k-{split['name']}") for split in splits if split["name"] in _SPLIT_KINDS], label
        )
        if splits and whole
        else None,
        "signals": _signals(dataset.signals),
    }


_LIMITS = {"flash_bytes": "flash", "ram_bytes": "RAM", "stack_bytes": "stack"}
_SPLIT_KINDS = ("train", "validation", "test")


def _limited(line: BudgetRow, value: float | None) -> str:
    """A number of a budget; a limit on a share is a least one."""
    if line.unit == "share":
        return text.percent(value)
    return f"{text.count(value)} {line.unit if line.unit in {'B', 'us'} else ''}".strip()


def _headroom(line: BudgetRow) -> str:
    if line.limit is None or line.value is None:
        return text.MISSING
    if line.unit == "share":
        return f"{100 * (line.value - line.limit):+.1f} points".replace("-", "\u2212")
    return text.count(line.limit - line.value).replace("-", "\u2212")


def arrange(data: ReportData) -> dict[str, Any]:
    """Everything the template prints; parts without data are empty."""
    virtual = data.board is not None and data.board.virtual
    evaluated = [(network, network.evaluation) for network in data.networks if network.evaluation is not None]
    lows = [
        bound
        for _, said in evaluated
        for rung in said.rungs
        for bound in (rung.accuracy.low, rung.accuracy.value, rung.by_group.low if rung.by_group else None)
        if bound is not None
    ]
    scale = charts.share_scale(lows)
    findings = [
        {
            "network": network.name,
            "rung": rung_title(finding.rung, virtual=virtual),
            "code": finding.code,
            "severity": finding.severity,
            "fact": finding.fact,
            "way_out": finding.way_out,
        }
        for network in data.networks
        for finding in (
            *(network.evaluation.findings if network.evaluation is not None else ()),
            *sessions.newest_findings(network),
        )
    ]
    findings.sort(key=lambda finding: finding["severity"] != "error")
    widest = {
        name: max(region.used_bytes for network in data.networks for region in network.memory if region.name == name)
        for name in dict.fromkeys(region.name for network in data.networks for region in network.memory)
    }
    view: dict[str, Any] = {
        "verdict": verdict(data),
        "headline": _headline(data) if data.networks else None,
        "findings": findings,
        "axis": charts.share_axis(scale),
        "ladder": [_ladder(network, said, scale, virtual=virtual) for network, said in evaluated if said.rungs],
        "sessions": [sessions.arranged(network) for network in data.networks if network.sessions],
        "confusion": [
            _confusions(network, said, virtual=virtual)
            for network, said in evaluated
            if any(rung.confusion for rung in said.rungs)
        ],
        "curves": _curves(data.networks),
        "sizes": [_sizes(network) for network in data.networks if network.sizes],
        "memory": [
            {
                "name": network.name,
                "regions": [_region(region, widest[region.name] or 1) for region in network.memory],
                "arena": None if network.arena is None else _arena(network, network.arena),
                "stack": network.stack_bytes,
            }
            for network in data.networks
            if network.memory or network.arena is not None
        ],
        "budget": [
            {
                "name": network.name,
                "rows": [
                    {
                        "name": _LIMITS.get(line.name, line.name.replace("_", " ")),
                        "value": _limited(line, line.value),
                        "limit": "no limit" if line.limit is None else _limited(line, line.limit),
                        "headroom": _headroom(line),
                        "ok": line.ok,
                        "chart": charts.bar(line.value / line.limit, tone="s1" if line.ok else "bad", track=True)
                        if line.limit and line.value is not None and line.unit != "share"
                        else Markup(""),
                    }
                    for line in network.budget
                ],
            }
            for network in data.networks
            if network.budget
        ],
        "front": _front(data.networks),
        "layers": [_layers(network) for network in data.networks if network.layers],
        "dataset": None if data.dataset is None else _dataset(data.dataset),
    }
    titles = (
        ("ladder", "Accuracy, rung by rung", view["ladder"]),
        ("sessions", "What the board's own sensor gave", view["sessions"]),
        ("confusion", "Confusion matrices", view["confusion"]),
        ("curves", "Learning curves", view["curves"]),
        ("sizes", "What every step weighs", view["sizes"]),
        ("front", "Accuracy against flash", view["front"]),
        ("memory", "Memory map", view["memory"]),
        ("budget", "Budgets", view["budget"]),
        ("layers", "Layers", view["layers"]),
        ("dataset", "Dataset", view["dataset"]),
        ("origin", "Where this comes from", data.environment or data.artifacts),
    )
    present = [(name, title) for name, title, content in titles if content]
    view["sections"] = {name: Section(name, number, title) for number, (name, title) in enumerate(present, start=1)}
    return view
