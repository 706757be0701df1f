"""How often the compiler's choice of forms is not the best program, and by how much.

    python tests/bench/form_regret.py [KIND ...] [--count 20] [--seed 1] [--show 0.5]

Random layers and small networks, pruned and clustered, are compiled with every form of every layer and every goal's
other choices, each program is linked alone and run on the virtual Cortex-M4, and what ``--optimize`` chose is held
against all of them: ``speed`` against the fewest instructions, ``size`` against the least flash, ``balanced`` against
the flash of plain weights, by which it must not be larger, and against the program that its own price (64 bytes for a
thousand instructions) likes best.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

from costs import Cost, Costs
from forms_layers import KINDS, plain_program, programs

from tinyforge.compiler import Goal, compile_model
from tinyforge.compiler.goal import BALANCED_BYTES_PER_1000
from tinyforge.core.graph import Compiled
from tinyforge.runtimes.aot.generate import ModelView


@dataclass(frozen=True)
class Choice:
    """What a goal chose of a network, beside everything that it could have been.

    Attributes:
        said: the network.
        goal: the user's.
        chosen, plain: costs of the choice, and with plain weights under the same goal.
        programs: costs of all.
    """

    said: str
    goal: Goal
    chosen: Cost
    plain: Cost
    programs: Sequence[Cost]

    @property
    def regret(self) -> float:
        """Per cent of instructions (``speed``), bytes (``size``), or per cent of the price (``balanced``)."""
        if self.goal is Goal.SIZE:
            return self.chosen.flash_bytes - min(cost.flash_bytes for cost in self.programs)
        if self.goal is Goal.SPEED:
            return 100 * (self.chosen.instructions / min(cost.instructions for cost in self.programs) - 1)
        allowed = [cost for cost in self.programs if cost.flash_bytes <= self.plain.flash_bytes and self._fast(cost)]
        return max(100 * (price(self.chosen) / min(map(price, [*allowed, self.plain])) - 1), 0.0)

    def _fast(self, cost: Cost) -> bool:
        """Surely within the limit of twice the instructions of packed layers, whichever these are."""
        return cost.instructions <= 2 * self.plain.instructions

    @property
    def more_than_plain(self) -> int:
        """Bytes of flash."""
        return self.chosen.flash_bytes - self.plain.flash_bytes


def price(cost: Cost) -> float:
    """What ``balanced`` wants least of, bytes."""
    return cost.flash_bytes + BALANCED_BYTES_PER_1000 * cost.instructions / 1000


def choices(kind: str, numbers: Sequence[int], seed: int, costs: Costs) -> Iterator[Choice]:
    """The choices of each goal for random networks of a kind."""
    for number in numbers:
        rng = np.random.default_rng([seed, list(KINDS).index(kind), number])
        said, data = KINDS[kind](rng)
        models = {text(model): model for model in programs(data, rng)}
        picked: dict[Goal, tuple[str, str]] = {}
        for goal in Goal:
            two = (compile_model(data, name="net", place="net.tflite", goal=goal), plain_program(data, goal))
            picked[goal] = (text(two[0]), text(two[1]))
            models |= {text(model): models.get(text(model), model) for model in two}
        found = dict(zip(models, costs.of(list(models.values())), strict=True))
        for goal, (chosen, plain) in picked.items():
            yield Choice(f"{kind} {number}: {said}", goal, found[chosen], found[plain], list(found.values()))


def text(model: Compiled) -> str:
    """The model's C without the comment at its head, which names the model's digest."""
    return ModelView(model).source().split("*/", 1)[1]


def table(found: dict[str, list[Choice]]) -> str:
    """Markdown: for each kind of network how often the choice is not the best, in the mean and at most."""
    columns = ["networks", "programs", "`speed` not fastest", "mean, %", "most, %", "`size` not smallest", "most, B"]
    columns += ["`balanced` above plain", "by its price not best", "mean, %", "most, %", "most RAM above plain, B"]
    lines = ["| " + " | ".join(["kind", *columns]) + " |", "|---" + "|---:" * len(columns) + "|"]
    for kind, all_of in found.items():
        speed, _, balanced = ([one for one in all_of if one.goal is goal] for goal in Goal)
        regrets = {goal: [one.regret for one in all_of if one.goal is goal] for goal in Goal}
        cells = [len(speed), sum(len(one.programs) for one in speed)]
        cells += [_count(regrets[Goal.SPEED]), f"{np.mean(regrets[Goal.SPEED]):.2f}", f"{max(regrets[Goal.SPEED]):.2f}"]
        cells += [_count(regrets[Goal.SIZE]), f"{max(regrets[Goal.SIZE]):.0f}"]
        cells += [sum(one.more_than_plain > 0 for one in balanced), _count(regrets[Goal.BALANCED])]
        cells += [f"{np.mean(regrets[Goal.BALANCED]):.2f}", f"{max(regrets[Goal.BALANCED]):.2f}"]
        cells += [max(one.chosen.ram_bytes - one.plain.ram_bytes for one in all_of)]
        lines.append("| " + " | ".join(map(str, [kind, *cells])) + " |")
    return "\n".join(lines)


def _count(regrets: Sequence[float]) -> int:
    return sum(regret > 0 for regret in regrets)


def main() -> None:
    """Print the table, and the choices that are far from the best."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=list(KINDS), metavar="KIND", help=" ".join(KINDS))
    parser.add_argument("--count", type=int, default=20, help="networks of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=float, default=1e9, help="print choices of a regret above this")
    given = parser.parse_args()
    found: dict[str, list[Choice]] = {}
    with tempfile.TemporaryDirectory() as folder:
        costs = Costs(Path(folder))
        for kind in given.kinds:
            found[kind] = list(choices(kind, range(given.count), given.seed, costs))
            for one in found[kind]:
                if one.regret > given.show:
                    print(f"{one.goal.value} {one.regret:.2f} {one.said}")
                    for cost in sorted(one.programs, key=lambda cost: cost.instructions):
                        mark = "*" if cost is one.chosen else "p" if cost is one.plain else " "
                        kernels = ", ".join(kernel.removeprefix("tfg_") for kernel, _ in cost.calls)
                        print(f"  {mark} {cost.instructions} {cost.flash_bytes} {cost.ram_bytes} {kernels}")
    print(table(found))


if __name__ == "__main__":
    main()
