"""Random networks (``tests/ops/cases/cases_networks.py``), compiled for every goal, against LiteRT's reference kernels.

    python tests/fuzz/fuzz_networks.py --seed 101 --count 500              on this machine, and on the virtual Cortex-M4
    python tests/fuzz/fuzz_networks.py --seed 11 --count 450 --stream     streamed beside whole windows, on this machine

The portable kernels run here with traps for undefined behaviour, those of ``src/dsp`` on the virtual board. Goals that
give the same C are run once. Exit code 1 when anything differs; a network is its seed and number.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
for part in ("tests/ops", "tests/unit/compiler", "tests/emulator"):
    sys.path.insert(0, str(ROOT / part))

from opbench import WARNINGS, Case, case_files, random_inputs, reference  # noqa: E402  # from the folders above

from tinyforge.compiler import Goal, compile_model  # noqa: E402
from tinyforge.compiler.streaming import stream, stream_beside  # noqa: E402
from tinyforge.core.errors import TinyforgeError, UnsupportedModelError  # noqa: E402
from tinyforge.core.graph import Compiled  # noqa: E402
from tinyforge.core.resources import csrc_dir  # noqa: E402
from tinyforge.runtimes.aot.generate import ModelView  # noqa: E402
from tinyforge.toolchain.host import build_shared  # noqa: E402

TRAPS = (*WARNINGS, "-O1", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")
BATCH = 25  # networks in one library or image
FULL_WINDOWS = 40  # that are compared of each streamed network
MOST_HOP = 14


class Host:
    """Models as a library for this machine.

    Args:
        models: of different names.
        folder: with their sources.
    """

    name = "host"

    def __init__(self, models: Sequence[Compiled], folder: Path) -> None:
        kernels = sorted({layer.kernel for model in models for layer in model.layers})
        sources = [folder / f"{model.name}.c" for model in models]
        sources += [csrc_dir() / "src" / "portable" / f"{kernel}.c" for kernel in kernels]
        self._library = ctypes.CDLL(
            str(build_shared(sources, [folder, csrc_dir() / "include"], folder / "all.so", TRAPS))
        )

    def call(self, function: str, inputs: Sequence[np.ndarray] = (), outputs: Sequence[np.ndarray] = ()) -> None:
        """Call a function; it fills the outputs."""
        getattr(self._library, function)(*(ctypes.c_void_p(array.ctypes.data) for array in (*inputs, *outputs)))


class Board:
    """The same models as one image on the virtual Cortex-M4."""

    name = "virtual"

    def __init__(self, models: Sequence[Compiled], folder: Path) -> None:
        from test_dsp_kernels import BUFFERS, build

        self._buffers = BUFFERS + 1  # the caller's buffers need no alignment
        self._machine = build(SimpleNamespace(compiled=models), folder, "-O2")
        self._stack = self._machine.image.symbol("__stack_top").address

    def call(self, function: str, inputs: Sequence[np.ndarray] = (), outputs: Sequence[np.ndarray] = ()) -> None:
        """Call a function; it fills the outputs."""
        arrays = (*inputs, *outputs)
        places = list(itertools.accumulate(((one.nbytes + 16) // 16 * 16 for one in arrays), initial=self._buffers))
        for place, array in zip(places, arrays, strict=False):
            self._machine.write(place, array.tobytes())
        self._machine.call(self._machine.image.symbol(function).address, *places[: len(arrays)], stack=self._stack)
        for place, array in zip(places[len(inputs) :], outputs, strict=False):
            array.reshape(-1)[:] = np.frombuffer(self._machine.read(place, array.nbytes), array.dtype)


def write(model: Compiled, folder: Path) -> None:
    """The sources of a model."""
    view = ModelView(model)
    (folder / f"{model.name}.h").write_text(view.header())
    (folder / f"{model.name}.c").write_text(view.source())


def named(case: Case, name: str, goal: Goal) -> Compiled:
    """The model, compiled for a goal under a name."""
    return compile_model(case.data, name=name, place=case.name, goal=goal)


def compiled(case: Case, name: str) -> Iterator[tuple[Goal, Compiled]]:
    """The model for each goal, those that are another program."""
    seen = set()
    for goal in Goal:
        text = ModelView(named(case, "same", goal)).source()
        if text not in seen:
            seen.add(text)
            yield goal, named(case, f"{name}_{goal.value}", goal)


def outputs_of(model: Compiled) -> list[np.ndarray]:
    """Arrays for the outputs."""
    tensors = (model.graph.tensors[index] for index in model.graph.outputs)
    return [np.zeros(tensor.shape, tensor.dtype.numpy) for tensor in tensors]


class Campaign:
    """Runs batches and counts.

    Args:
        seed: of networks and inputs.
        platforms: where they run.
    """

    def __init__(self, seed: int, platforms: Sequence[type[Host | Board]]) -> None:
        self.seed, self.platforms = seed, platforms
        self.found: Counter[str] = Counter()

    def run(
        self, first: int, count: int, *, streamed: bool = False, wide: bool = False, packed: bool = False
    ) -> Iterator[int]:
        """Networks of these numbers, some at a time; the last number of each."""
        case_files()  # finds the folder of the cases
        from cases_networks import network, over_time

        made = partial(over_time, wide=wide, packed=packed) if streamed else partial(network, packed=packed)
        for begin in range(first, first + count, BATCH):
            numbers = range(begin, min(begin + BATCH, first + count))
            cases = ((number, made(np.random.default_rng([self.seed, number]))) for number in numbers)
            batch = [(number, case) for number, case in cases if case is not None]
            with tempfile.TemporaryDirectory() as folder:
                (self.streamed if streamed else self.whole)(batch, Path(folder))
            yield numbers[-1]

    def differs(self, number: int, goal: Goal, platform: str, case: Case, what: str) -> None:
        """Say a difference."""
        self.found["different"] += 1
        where = f"seed {self.seed} number {number} --optimize {goal.value}, {platform}"
        print(f"{where}: {what}\n    {case.name}", flush=True)  # noqa: T201

    def whole(self, batch: Sequence[tuple[int, Case]], folder: Path) -> None:
        """Whole networks beside LiteRT."""
        jobs: list[tuple[int, Case, Goal, Compiled, Any, Any]] = []
        for number, case in batch:
            try:
                programs = list(compiled(case, f"net{number}"))
            except UnsupportedModelError:
                self.found["refused"] += 1
                continue
            inputs = random_inputs(programs[0][1], case.inputs, np.random.default_rng([self.seed, number]))
            try:
                expected = reference(case, inputs)
            except RuntimeError:  # where it allocates
                self.found["refused by LiteRT"] += 1
                continue
            self.found["networks"] += 1
            jobs += [(number, case, goal, model, inputs, expected) for goal, model in programs]
        models = [job[3] for job in jobs]
        for model in models:
            write(model, folder)
        for platform in (kind(models, folder) for kind in self.platforms):
            for number, case, goal, model, inputs, expected in jobs:
                self.found[f"programs on {platform.name}"] += 1
                for given, wanted in zip(inputs, expected, strict=True):
                    outputs = outputs_of(model)
                    platform.call(f"{model.name}_invoke", given, outputs)
                    wrong = [int((one != two).sum()) for one, two in zip(outputs, wanted, strict=True)]
                    if any(wrong):
                        self.differs(number, goal, platform.name, case, f"{wrong} numbers of its outputs")
                        break

    def streamed(self, batch: Sequence[tuple[int, Case]], folder: Path) -> None:
        """Networks over time, whole and for the new samples alone."""
        jobs = []
        for number, case in batch:
            rng = np.random.default_rng([self.seed, number])
            for goal in Goal:
                try:
                    whole = named(case, f"net{number}_{goal.value}", goal)
                    length = max(whole.graph.tensors[whole.graph.inputs[0]].shape[1:-1])
                    hop = int(rng.integers(1, max(2, min(length, MOST_HOP))))
                    both = stream_beside(whole, hop, goal=goal, force=True)
                    alone = stream(named(case, f"new{number}_{goal.value}", goal), hop, goal=goal, force=True)
                except TinyforgeError:
                    self.found["refused"] += 1
                    continue
                jobs.append((number, case, goal, hop, both, alone))
        models = [model for job in jobs for model in job[4:]]
        for model in models:
            write(model, folder)
        for platform in (kind(models, folder) for kind in self.platforms):
            for number, case, goal, hop, both, alone in jobs:
                self.found[f"streamed on {platform.name}"] += 1
                wrong, seen = self._slide(platform, both, alone, hop, number)
                self.found["windows"] += seen
                if wrong:
                    self.differs(number, goal, platform.name, case, f"{wrong} of {seen} windows, hop {hop}")

    def _slide(self, platform: Any, both: Compiled, alone: Compiled, hop: int, number: int) -> tuple[int, int]:
        """How many of the full windows differ in the function for new samples or the model of it alone, of how many."""
        assert alone.stream is not None, alone.log[-1]
        length, size = alone.stream.length, both.graph.tensors[both.graph.inputs[0]].bytes
        hops = length // hop + FULL_WINDOWS
        samples = np.random.default_rng([self.seed, number]).integers(-128, 128, (hops * hop, size // length))
        samples = samples.astype(np.int8)
        platform.call(f"{both.name}_slide_reset")
        if alone.states:
            platform.call(f"{alone.name}_reset")
        wrong = seen = 0
        whole, beside, apart = (outputs_of(both) for _ in range(3))
        for end in range(hop, len(samples) + 1, hop):
            platform.call(f"{both.name}_slide", [samples[end - hop : end]], beside)
            platform.call(f"{alone.name}_invoke", [samples[end - hop : end]], apart)
            if end >= length:
                platform.call(f"{both.name}_invoke", [samples[end - length : end]], whole)
                seen += 1
                found = zip(whole, beside, apart, strict=True)
                wrong += any(not np.array_equal(one, other) for one, *others in found for other in others)
        return wrong, seen


def main() -> int:
    """Run a campaign; 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first network")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--on", choices=("host", "virtual", "both"), help="both; for --stream host")
    parser.add_argument("--stream", action="store_true", help="networks over time, streamed beside whole windows")
    parser.add_argument("--wide", action="store_true", help="with --stream: a row of places at each time")
    parser.add_argument("--packed", action="store_true", help="weights of many zeros or few values")
    given = parser.parse_args()
    on = given.on or ("host" if given.stream else "both")
    campaign = Campaign(given.seed, [kind for kind in (Host, Board) if on in (kind.name, "both")])
    start = time.monotonic()
    for last in campaign.run(given.first, given.count, streamed=given.stream, wide=given.wide, packed=given.packed):
        said = ", ".join(f"{count} {what}" for what, count in sorted(campaign.found.items()))
        print(f"up to {last}: {said}; {time.monotonic() - start:.0f} s", flush=True)  # noqa: T201
    return int(campaign.found["different"] > 0)


if __name__ == "__main__":
    sys.exit(main())
