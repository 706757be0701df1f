"""Write docs/zoo.md: what becomes of every model of the zoo, on this machine and on the virtual board.

    python scripts/zoo_table.py [--out docs/zoo.md]

It takes some minutes. Needs the zoo below $TINYFORGE_DATA, or in ../shared/data beside the checkout.
`tests/ops/test_zoo.py` fails when the table is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests" / "ops"))

import zoobench  # noqa: E402  # found by the line above

from tinyforge.core.errors import TinyforgeError, UnsupportedModelError  # noqa: E402
from tinyforge.pipeline import models  # noqa: E402
from tinyforge.runtimes.aot.literals import grouped  # noqa: E402

LONGEST = 240

HEAD = """# The zoo, model by model

178 models that others have published. *host*: the generated C on this machine, *board*: the same C with the kernels
for Cortex-M4 on the virtual board. *exact*: it gives the outputs of LiteRT's reference kernels (`BUILTIN_REF`), to the
last bit: those of the golden file beside the model, or where there is none, the interpreter's on random inputs.
*accepted*: it compiles, and there is nothing to compare with. *refused*: with the reason and what to do instead;
nothing is written.

`scripts/zoo_table.py` makes this page. A user sees the same with

    tinyforge verify tflite_zoo                   # on this machine, with the inputs beside each model
    tinyforge verify tflite_zoo --on virtual

Every model that is not refused has also been run with its C under AddressSanitizer and UndefinedBehaviorSanitizer, on
extreme and random inputs, with the arena filled with two patterns and with every tensor in an array of its own; and
GCC's `-fanalyzer` has read it. All are silent:

    python -m pytest -m heavy tests/ops/test_zoo_sanitizers.py -k test_zoo

"""

FOLDERS = {
    "int8": "Fully quantized to int8",
    "uint8": "The older asymmetric uint8",
    "int16x8": "int16 activations, int8 weights",
    "hybrid": "int8 weights, float32 activations",
    "float32": "Not quantized",
    "other": "Integers and booleans",
    "negative": "To be refused: custom operators, strings, code for accelerators, damaged files",
}


def board(model: zoobench.ZooModel, outcome: zoobench.Outcome) -> str:
    """What the virtual board says of a model."""
    if outcome.compiled is None:
        return "refused"
    compiled = models.compile_file(model.path)
    try:
        found = models.verify_compiled(compiled, model.path, inputs=model.golden, on="virtual", random=2, seed=1)
    except UnsupportedModelError:
        return "accepted"
    except TinyforgeError as error:
        return f"failed: {error.fact}"
    return "exact" if found["exact"] else "differs"


def on_host(model: zoobench.ZooModel, outcome: zoobench.Outcome) -> zoobench.Outcome:
    """The outcome, with the interpreter asked where there is no golden file."""
    if outcome.verdict != "accepted":
        return outcome
    compiled = models.compile_file(model.path)
    try:
        found = models.verify_compiled(compiled, model.path, inputs=None, on="host", random=2, seed=1)
    except UnsupportedModelError:
        return outcome
    return replace(outcome, verdict="exact" if found["exact"] else "differs", text=found["first_layer"])


def row(model: zoobench.ZooModel, outcome: zoobench.Outcome, said: str) -> str:
    """One line of a table."""
    detail = outcome.text.partition(".tflite: ")[2] or outcome.text
    if outcome.compiled is not None and outcome.verdict != "differs":
        compiled = outcome.compiled
        costs = {"MAC": compiled.macs, "B constants": compiled.weight_bytes, "B arena": compiled.arena_bytes}
        if compiled.state_bytes:
            costs["B state"] = compiled.state_bytes
        detail = ", ".join(f"{grouped(cost)} {unit}" for unit, cost in costs.items())
    detail = detail if len(detail) <= LONGEST else f"{detail[: LONGEST - 3]}..."
    plain = re.sub(r"([\\_*`|<>])", r"\\\1", detail)
    return f"| `{model.name}` | {grouped(model.path.stat().st_size)} | {outcome.verdict} | {said} | {plain} |"


def counted(verdicts: Iterable[str]) -> str:
    """``66 exact, 2 refused``."""
    return ", ".join(f"{count} {what}" for what, count in sorted(Counter(verdicts).items()))


def main() -> int:
    """Run the zoo and write the page."""
    parser = argparse.ArgumentParser(description="Write docs/zoo.md.")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "docs" / "zoo.md")
    out = parser.parse_args().out
    zoo = zoobench.zoo_dir()
    if zoo is None:
        print("no model zoo: set TINYFORGE_DATA to the folder that holds tflite_zoo", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        found = dict(zoobench.outcomes(zoobench.models(zoo), Path(folder)))
    found = {model: on_host(model, outcome) for model, outcome in found.items()}
    boards = {model: board(model, outcome) for model, outcome in found.items()}
    text = HEAD
    for name, title in FOLDERS.items():
        here = {model: outcome for model, outcome in found.items() if model.folder == name}
        text += f"## {title}\n\n`{name}/`, host: {counted(outcome.verdict for outcome in here.values())}; "
        text += f"board: {counted(boards[model] for model in here)}"
        text += "\n\n| model | bytes | host | board | |\n|---|---:|---|---|---|\n"
        rows = sorted(here.items(), key=lambda item: (item[0].name.lower(), item[0].name))
        text += "\n".join(row(model, outcome, boards[model]) for model, outcome in rows) + "\n\n"
    out.write_text(text.rstrip() + "\n", "utf-8")
    print(f"{out}: {len(found)} models")
    return 0


if __name__ == "__main__":
    sys.exit(main())
