"""Hand-written C stands as .clang-format says. Generated files (marked so in their first lines) are left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("firmware", "tinyforge/csrc")
SUFFIXES = {".c", ".h", ".cpp"}


def hand_written() -> list[Path]:
    """C and C++ files below FOLDERS that no generator and nobody else wrote."""
    files = [f for folder in FOLDERS for f in sorted((ROOT / folder).rglob("*")) if f.suffix in SUFFIXES]
    files = [f for f in files if "third_party" not in f.parts]
    return [f for f in files if "enerated" not in f.read_text(encoding="utf-8")[:400]]


def main() -> int:
    """Check, or rewrite with ``--fix``; 0 when all is well."""
    mode = ["-i"] if "--fix" in sys.argv else ["--dry-run", "--Werror"]
    tool = Path(sys.executable).with_name("clang-format")
    command = [str(tool) if tool.exists() else "clang-format", "--style=file", *mode]
    return subprocess.run([*command, *map(str, hand_written())], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
