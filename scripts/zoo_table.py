"""Write docs/zoo.md: what becomes of every model of the zoo, run on this machine.

    python scripts/zoo_table.py [--out docs/zoo.md]

Needs the zoo below $TINYFORGE_DATA, or in ../shared/data beside the checkout. `tests/ops/test_zoo.py` fails when the
table is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests" / "ops"))

import zoobench  # noqa: E402  # found by the line above

from tinyforge.runtimes.aot.literals import grouped  # noqa: E402

LONGEST = 240

HEAD = """# The zoo, model by model

178 models that others have published. *exact*: the generated C gives the outputs of LiteRT's reference kernels
(`BUILTIN_REF`) on every golden input, to the last bit. *accepted*: it compiles, and there are no outputs to compare
with. *refused*: with the reason and what to do instead; nothing is written. `scripts/zoo_table.py` makes this page.

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


def row(model: zoobench.ZooModel, outcome: zoobench.Outcome) -> str:
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
    return f"| `{model.name}` | {grouped(model.path.stat().st_size)} | {outcome.verdict} | {plain} |"


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
    text = HEAD
    for name, title in FOLDERS.items():
        here = {model: outcome for model, outcome in found.items() if model.folder == name}
        counts = Counter(outcome.verdict for outcome in here.values())
        text += f"## {title}\n\n`{name}/`: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        text += "\n\n| model | bytes | | |\n|---|---:|---|---|\n"
        rows = sorted(here.items(), key=lambda item: (item[0].name.lower(), item[0].name))
        text += "\n".join(row(model, outcome) for model, outcome in rows) + "\n\n"
    out.write_text(text.rstrip() + "\n", "utf-8")
    print(f"{out}: {len(found)} models")
    return 0


if __name__ == "__main__":
    sys.exit(main())
