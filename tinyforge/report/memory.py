"""What the bytes of a linked image are for, from the names of its symbols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tinyforge.report.data import MemoryPart, MemoryRegion

# kind -> what it is called; the order is that of drawing
KINDS: Mapping[str, str] = {
    "weights": "weights and tables",
    "arena": "arena (activations)",
    "state": "state of the network",
    "kernels": "kernels",
    "generated": "generated code",
    "firmware": "firmware",
    "stack": "stack (of an inference)",
    "other": "libraries, start-up, padding",
}
LARGEST_SHOWN = 8
_FIRMWARE_FILES = {"hal", "main"}  # of a board's folder; those of firmware/common begin with tfw_


def kind_of(symbol: str, *, model: str, layers: Iterable[str], states: Iterable[str] = (), file: str = "") -> str:
    """Which of :data:`KINDS` a symbol belongs to.

    Args:
        symbol: its name; a compiler's suffix (``.constprop.0``) does not matter.
        model: C identifier of the model: prefix of generated names.
        layers: C identifiers of the layers: prefixes of their constants.
        states: C identifiers of what lives between inferences.
        file: of a static symbol, whose name says nothing; empty where it is not known.
    """
    name = symbol.partition(".")[0].lstrip("_")
    if name in {"arena", f"{model}_arena"}:
        return "arena"
    if name in set(states):
        return "state"
    if name.startswith("tfg_"):
        return "kernels"
    if name.startswith("tfw_"):
        return "firmware"
    if any(name == layer or name.startswith(f"{layer}_") for layer in layers):
        return "weights"
    if name == model or name.startswith(f"{model}_"):
        return "generated"
    if file.startswith("tfg_"):
        return "kernels"
    if file.startswith("tfw_") or file.partition(".")[0] in _FIRMWARE_FILES:
        return "firmware"
    return "other"


def region(
    name: str,
    total_bytes: int,
    symbols: Mapping[str, int],
    *,
    capacity_bytes: int | None,
    model: str,
    layers: Iterable[str],
    states: Iterable[str] = (),
    files: Mapping[str, str] | None = None,
    stack_bytes: int = 0,
) -> MemoryRegion:
    """A memory by what is in it.

    Args:
        name: ``flash`` or ``RAM``.
        total_bytes: what the linker placed there; what no symbol accounts for is ``other``.
        symbols: bytes by name of the symbols in this memory.
        capacity_bytes: of the board, or None.
        model, layers, states: as :func:`kind_of`.
        files: the file of each static symbol, where it is known.
        stack_bytes: deepest use, added on top of ``total_bytes`` (RAM).
    """
    layers, states = tuple(layers), tuple(states)
    known = files or {}
    kinds = {
        symbol: kind_of(symbol, model=model, layers=layers, states=states, file=known.get(symbol, ""))
        for symbol in symbols
    }
    sums = dict.fromkeys(KINDS, 0)
    for symbol, held in symbols.items():
        sums[kinds[symbol]] += held
    sums["other"] += max(0, total_bytes - sum(symbols.values()))
    sums["stack"] += stack_bytes
    largest = sorted(symbols.items(), key=lambda item: (-item[1], item[0]))[:LARGEST_SHOWN]
    return MemoryRegion(
        name,
        capacity_bytes,
        tuple(MemoryPart(KINDS[kind], held, kind) for kind, held in sums.items() if held),
        tuple(MemoryPart(symbol, held, kinds[symbol]) for symbol, held in largest if held),
    )
