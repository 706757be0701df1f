"""Writes docs/architectures.md from the registry; ``--check`` only says whether it is current."""

from __future__ import annotations

import sys
from pathlib import Path

from tinyforge.architectures import list_architectures

PAGE = Path(__file__).resolve().parent.parent / "docs" / "architectures.md"
HEAD = """# Architectures

Written by `scripts/write_architectures.py` from the code. Parameters go under `[model.parameters]`;
`preset = "tiny"` (or another) sets several at once, and what stands beside it wins. All take windows
[length, channels], standardised with mean and standard deviation of the training windows, and give a probability
for each class.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for architecture in list_architectures():
        parts.append(f"\n## `{architecture.name}`\n\n{architecture.summary[0].upper()}{architecture.summary[1:]}.\n\n")
        parts.append("| parameter | default | meaning |\n|---|---|---|\n")
        for parameter in architecture.parameters:
            default = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
            text = f'"{default}"' if isinstance(default, str) else str(default).lower()
            parts.append(f"| `{parameter.name}` | `{text}` | {parameter.doc} |\n")
        parts.append("\n| preset | sets |\n|---|---|\n")
        for name, values in architecture.presets.items():
            sets = ", ".join(f"`{k} = {list(v) if isinstance(v, tuple) else v}`" for k, v in values.items())
            parts.append(f"| `{name}` | {sets} |\n")
    return "".join(parts)


def main() -> int:
    """Write or check."""
    if "--check" in sys.argv:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page()
        if not current:
            print("docs/architectures.md is not current: run scripts/write_architectures.py")
        return int(not current)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
