"""Writes ``tinyforge/compiler/turn_table.py``: what a turn of each kernel's loops takes, fitted to measured calls.

    python tests/bench/instruction_turns.py [KIND=COUNT ...] [--seed 1] [--check]

Random layers in every form run on the virtual Cortex-M4. Printed is how far the fit is off for each kernel; with
``--check`` how far the table in the source is. Of kernels that fewer than ten calls take the table keeps what it has.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "compiler"))

from costs import Costs
from forms_layers import KINDS, programs
from onelayer import CONV, Kind
from onelayer import layer as one_layer
from opbench import case_files
from sliding import random_net

from tinyforge.compiler import Goal, compile_model, turn_table
from tinyforge.compiler.instructions import COUNTED, counts_of
from tinyforge.compiler.streaming import stream
from tinyforge.compiler.turn_table import TURNS
from tinyforge.core.graph import Compiled, Layer

COUNTS = {
    "conv_1d": 40,
    "conv_1d_pool": 40,
    "conv_2d": 90,
    "conv_2d_few": 60,
    "dense": 60,
    "denses": 4,
    "lstm": 10,
    "gru": 8,
}
KNOWN: dict[str, dict[str, float]] = {
    # counted in the inner loops of src/dsp/tfg_gates.c: hardly any call has both kinds of weights
    "tfg_lstm_s8": {"groups": 18, "wide groups": 11, "turns": 2},
    "tfg_gru_s8": {"groups": 14, "turns": 2},
    # about, of tfg_channels.c: no random layer has such channels
    "tfg_conv_1d_s8": {"rare": 45, "rare taps": 8},
    "tfg_conv_2d_s8": {"rare": 45, "rare taps": 8},
}
LEAST_CALLS = 10
SLIDING = "sliding"  # networks along time, whole and for new samples
COUNTS[SLIDING] = 40
COUNTS |= dict.fromkeys(  # random cases of tests/ops/cases
    ("softmax", "concatenation", "batch_matmul", "reduce_max", "sum", "add", "sub", "mul"), 60
)
FEW = "few"  # convolutions of few channels
COUNTS[FEW] = 400
Table = dict[str, dict[str, float]]
Measured = dict[str, list[tuple[Layer, int]]]


def slid(data: bytes, rng: np.random.Generator) -> list[Compiled]:
    """A network for whole windows, and for the new samples of one that slides."""
    whole = compile_model(data, name="net", place="net.tflite")
    return [whole, stream(whole, int(rng.integers(1, 12)), force=True)]


def few(rng: np.random.Generator) -> list[Compiled]:
    """A convolution of few channels, with the kernels of each goal, or a dense layer of one output."""
    if rng.integers(12) == 0:
        data = one_layer("fully_connected", int(rng.integers(1, 4)), int(rng.integers(1, 200)), 1)
        return [compile_model(data, name="net", place="net.tflite", goal=Goal.SPEED)]
    along = bool(rng.integers(3) == 0)
    kernel = (1, int(rng.integers(1, 8))) if along else tuple(int(taps) for taps in rng.integers(1, 6, 2))
    point, three = along and rng.integers(4) == 0, not along and rng.integers(5) == 0
    kernel = (1, 1) if point else (3, 3) if three else kernel
    channels = 1 if point else int(rng.choice([1, 1, 2, 3, 4, 5, 8, 16])), int(rng.choice([1, 1, 1, 2, 4, 8]))
    size = (1, int(rng.integers(12, 100))) if along else (int(rng.integers(6, 24)), int(rng.integers(6, 24)))
    kind = Kind(CONV, kernel, stride=1 if point else int(rng.integers(1, 4)), padded=bool(rng.integers(2)))
    data = one_layer(kind, size, *((1, 1) if three or rng.integers(4) == 0 else channels))
    models = [compile_model(data, name="net", place="net.tflite", goal=goal) for goal in (Goal.SPEED, Goal.SIZE)]
    return models if models[0].layers[0].kernel != models[1].layers[0].kernel else models[:1]


def measured(kinds: dict[str, int], seed: int, folder: Path) -> Measured:
    """Calls of random layers, with their instructions, by kernel."""
    costs, found = Costs(folder), {kernel: [] for kernel in COUNTED}
    models: list[Compiled] = []
    for kind, count in kinds.items():
        if kind in case_files():
            cases = case_files()[kind](np.random.default_rng(seed))
            models += [compile_model(next(cases).data, name="net", place=kind) for _ in range(count)]
            continue
        for index in range(count):
            rng = np.random.default_rng([seed, [*KINDS, SLIDING].index(kind), index])
            models += slid(random_net(index), rng) if kind == SLIDING else programs(KINDS[kind](rng)[1], rng)
    for model, cost in zip(models, costs.calls_of(models), strict=True):
        for layer, instructions in zip(model.layers, cost.layers(model), strict=True):
            if layer.kernel in found:
                found[layer.kernel].append((layer, instructions))
    return found


def fitted(kernel: str, calls: list[tuple[Layer, int]]) -> dict[str, float]:
    """Turns that come nearest, relative to each call's instructions; what no call has is left out.

    What is computed where a table would do takes its time from the values: it is fitted last, on the calls that do so.
    """
    counts = [counts_of(layer) or {} for layer, _ in calls]
    names = sorted({name for one in counts for name, value in one.items() if value})
    late = [name for name in names if "computed" in name]
    early = [name for name in names if name not in late]
    wanted = np.array([instructions for _, instructions in calls], float)
    computed = np.array([any(one.get(name) for name in late) for one in counts])
    found: dict[str, float] = dict(KNOWN.get(kernel, {}))
    early = [name for name in early if name not in found]
    for own, chosen in ((early, ~computed), (late, computed)):
        if not own or not chosen.any():
            continue
        matrix = np.array([[one.get(name, 0) for name in own] for one in counts], float)[chosen]
        left = wanted - [sum(found.get(name, 0) * value for name, value in one.items()) for one in counts]
        scale = wanted[chosen]
        rows = np.vstack([matrix / scale[:, None], 1e-7 * np.eye(len(own))])  # the least turns of those that do as well
        solved = np.linalg.lstsq(rows, np.concatenate([left[chosen] / scale, np.zeros(len(own))]), rcond=None)[0]
        found |= dict(zip(own, solved, strict=True))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = [f"{kind}={count}" for kind, count in COUNTS.items()]
    parser.add_argument("kinds", nargs="*", default=default, metavar="KIND=COUNT", help=" ".join(default))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="hold the table in the source against them, write nothing")
    given = parser.parse_args()
    kinds = {kind: int(count) for kind, count in (each.split("=") for each in given.kinds)}
    with tempfile.TemporaryDirectory() as folder:
        found = measured(kinds, given.seed, Path(folder))
    table = {kernel: dict(turns) for kernel, turns in TURNS.items()}
    for kernel, calls in sorted(found.items()):
        if not calls:
            continue
        if not given.check and len(calls) >= LEAST_CALLS:
            table[kernel] = fitted(kernel, calls)
        wanted = np.array([instructions for _, instructions in calls], float)
        about = [
            sum(table.get(kernel, {}).get(name, 0) * value for name, value in (counts_of(layer) or {}).items())
            for layer, _ in calls
        ]
        off = 100 * np.abs(np.array(about) / wanted - 1)
        print(f"{kernel}: {len(calls)} calls, off by {off.mean():.2f} % in the mean, at most {off.max():.2f} %")
    if not given.check:
        Path(turn_table.__file__).write_text(written(table))


def written(table: Table) -> str:
    """The module."""
    lines = [f'"""{turn_table.__doc__}"""', "", "from __future__ import annotations", ""]
    lines += ["from collections.abc import Mapping", "", "TURNS: Mapping[str, Mapping[str, float]] = {"]
    for kernel, turns in sorted(table.items()):
        lines += [
            f'    "{kernel}": {{',
            *(f'        "{name}": {value:.2f},' for name, value in turns.items()),
            "    },",
        ]
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    main()
