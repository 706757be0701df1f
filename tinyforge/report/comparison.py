"""Two runs side by side: what was set otherwise, what came out otherwise, and whether the difference is sure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyforge.core.files import write_text
from tinyforge.report import text
from tinyforge.report.data import EnergyRow, LayerRow, Network, ReportData, Share, check

HTML_NAME = "comparison.html"
_MINUS = "\u2212"
_WORTH_A_MARK = 0.005  # smaller changes are shown without colour
_SHARES = (("float", "float"), ("int8", "int8"), ("board", "board"))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs.

    Attributes:
        one, two: their reports; differences are two against one.
        settings: (key, in one, in two) of what their configurations say otherwise.
    """

    one: ReportData
    two: ReportData
    settings: tuple[tuple[str, str, str], ...] = ()


def differing_settings(one: Mapping[str, Any], two: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """What two configurations (``Project.as_json``) say otherwise: dotted key and both values as text."""
    left, right = dict(_flat(one, "")), dict(_flat(two, ""))
    keys = sorted({*left, *right})
    return tuple((k, left.get(k, ""), right.get(k, "")) for k in keys if left.get(k, "") != right.get(k, ""))


def _flat(value: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [pair for key, part in value.items() for pair in _flat(part, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list | tuple) and any(isinstance(part, Mapping) for part in value):
        named = [(str(part.get("name", i)), part) for i, part in enumerate(value)]
        return [pair for name, part in named for pair in _flat(part, f"{path}.{name}")]
    if isinstance(value, list | tuple):
        return [(path, ", ".join(map(str, value)))]
    return [(path, "" if value is None else str(value))]


def arrange(comparison: Comparison) -> dict[str, Any]:
    """Everything the page prints, as text."""
    one, two = comparison.one, comparison.two
    names = [n.name for n in one.networks] + [
        n.name for n in two.networks if n.name not in {m.name for m in one.networks}
    ]
    pairs = [(name, _network(one, name), _network(two, name)) for name in names]
    environment = dict(one.environment), dict(two.environment)
    return {
        "runs": [_run(one), _run(two)],
        "settings": comparison.settings,
        "networks": [_pair(name, left, right) for name, left, right in pairs],
        "environment": [
            (key, environment[0].get(key, text.MISSING), environment[1].get(key, text.MISSING))
            for key in sorted({*environment[0], *environment[1]})
            if environment[0].get(key) != environment[1].get(key)
        ],
        "same_data": bool(one.dataset and two.dataset and one.dataset.digest == two.dataset.digest),
    }


def _network(data: ReportData, name: str) -> Network | None:
    return next((network for network in data.networks if network.name == name), None)


def _run(data: ReportData) -> dict[str, str]:
    dataset = data.dataset
    return {
        "run": data.run,
        "created": data.created,
        "version": data.version,
        "board": data.board.name if data.board else text.MISSING,
        "dataset": dataset.digest[:12] if dataset and dataset.digest else text.MISSING,
    }


def _pair(name: str, one: Network | None, two: Network | None) -> dict[str, Any]:
    rows: list[dict[str, str]] = []
    for rung, title in _SHARES:
        left, right = _accuracy(one, rung), _accuracy(two, rung)
        if left or right:
            rows.append(_share_row(f"accuracy, {title}", left, right))
    counts: tuple[tuple[str, str, Callable[[float | None], str]], ...] = (
        ("parameters", "parameters", text.count),
        ("flash_bytes", "flash", text.size),
        ("ram_bytes", "RAM", text.size),
        ("stack_bytes", "stack", text.size),
        ("macs", "MAC", text.count),
        ("instructions", "instructions", text.count),
        ("cycles", "cycles", text.count),
        ("latency_us", "latency", text.latency),
    )
    for key, title, shown in counts:
        before, now = (getattr(side, key) if side is not None else None for side in (one, two))
        if before is not None or now is not None:
            rows.append(_count_row(title, before, now, shown))
    if one and two and (one.energy or two.energy):
        rows.append(_energy_row(one.energy, two.energy))
    return {
        "name": name,
        "only": "" if one and two else ("the first run" if one else "the second run"),
        "rows": rows,
        "sizes": _sizes(one, two),
        "layers": _layers(one, two),
    }


def _accuracy(network: Network | None, rung: str) -> Share | None:
    if network is None or network.evaluation is None:
        return None
    found = network.evaluation.rung(rung)
    return found.accuracy if found else None


def _share_row(title: str, one: Share | None, two: Share | None) -> dict[str, str]:
    row = {"name": title, "one": _said(one), "two": _said(two), "change": "", "tone": "", "sure": ""}
    if one is None or two is None:
        return row
    points = 100 * (two.value - one.value)
    row["change"] = f"{points:+.1f} points".replace("-", _MINUS) if points else "the same"
    apart = one.high is not None and two.low is not None and one.low is not None and two.high is not None
    if apart and (two.low > one.high or two.high < one.low):  # type: ignore[operator]
        row["tone"], row["sure"] = ("good" if points > 0 else "bad"), "intervals apart"
    elif points:
        row["sure"] = "intervals overlap"
    return row


def _said(share: Share | None) -> str:
    if share is None:
        return text.MISSING
    interval = text.interval(share.low, share.high)
    return f"{text.percent(share.value)} ({interval})" if interval else text.percent(share.value)


def _count_row(
    title: str, one: float | None, two: float | None, shown: Callable[[float | None], str]
) -> dict[str, str]:
    row = {"name": title, "one": shown(one), "two": shown(two), "change": "", "tone": "", "sure": ""}
    if one is None or two is None:
        return row
    row["change"] = _change(one, two)
    if abs(two - one) >= _WORTH_A_MARK * abs(one):
        row["tone"] = "" if one == two else ("good" if two < one else "bad")
    return row


def _energy(said: EnergyRow) -> str:
    return " \u00b1 ".join(text.energy(said.energy_j, said.uncertainty_j))


def _energy_row(one: EnergyRow | None, two: EnergyRow | None) -> dict[str, str]:
    left, right = (text.MISSING if side is None else _energy(side) for side in (one, two))
    row = {"name": "energy, measured", "one": left, "two": right, "change": "", "tone": "", "sure": ""}
    if one is None or two is None:
        return row
    row["change"] = _change(one.energy_j, two.energy_j)
    if abs(two.energy_j - one.energy_j) > one.uncertainty_j + two.uncertainty_j:
        row["tone"] = "good" if two.energy_j < one.energy_j else "bad"
        row["sure"] = "intervals apart"
    elif one.energy_j != two.energy_j:
        row["sure"] = "intervals overlap"
    return row


def _change(one: float, two: float) -> str:
    if one == two:
        return "the same"
    if not one:
        return "new"
    if abs(two - one) < 0.0005 * one:
        small = f"{two - one:+.0f}" if float(one).is_integer() and float(two).is_integer() else "less than 0.05 %"
        return small.replace("-", _MINUS).replace(" %", f"{text.GAP}%")
    return f"{100 * (two - one) / one:+.1f}{text.GAP}%".replace("-", _MINUS)


def _sizes(one: Network | None, two: Network | None) -> list[dict[str, str]]:
    left = {step.name: step for step in (one.sizes if one else ())}
    right = {step.name: step for step in (two.sizes if two else ())}
    return [
        _count_row(
            name, left[name].bytes if name in left else None, right[name].bytes if name in right else None, text.size
        )
        for name in dict.fromkeys([*left, *right])
    ]


def _layers(one: Network | None, two: Network | None) -> list[dict[str, str]]:
    """Instructions of each layer, where both have them and any differs."""
    if one is None or two is None:
        return []
    left, right = (_by_name(side.layers) for side in (one, two))
    rows = [_count_row(name, left.get(name), right.get(name), text.count) for name in dict.fromkeys([*left, *right])]
    return rows if any(row["one"] != row["two"] for row in rows) else []


def _by_name(layers: Sequence[LayerRow]) -> dict[str, int | None]:
    return {f"{layer.name} ({layer.op})": layer.instructions for layer in layers}


def render_comparison(comparison: Comparison, path: Path) -> Path:
    """Write the page: complete, without script, and without anything it would load.

    Raises:
        DataError: parts of a report contradict each other.
        UsageError: the file cannot be written.
    """
    from tinyforge.report.render import environment

    for data in (comparison.one, comparison.two):
        check(data)
    page = (
        environment().get_template("comparison.html.jinja").render(view=arrange(comparison), title=comparison.two.title)
    )
    write_text(path, page.encode("utf-8", "replace").decode("utf-8"))
    return path
