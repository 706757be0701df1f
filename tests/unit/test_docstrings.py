"""Public functions say what they raise and which shapes they take.

ruff holds that a docstring is there; this holds what stands in it. Units are in the names (``rate_hz``, ``timeout_s``).
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

import tinyforge

ROOT = Path(tinyforge.__file__).parent
ARRAY = re.compile(r"Array\b")
SHAPE = re.compile(r"\[[^\]]*\]|any shape|shapes?\b|each element|same as :func:")
SAID_BY_HELP = "cli"  # its functions are commands: their texts are for users


class Function(NamedTuple):
    """A public function, and what the classes around it say."""

    place: str
    node: ast.FunctionDef
    text: str
    inherited: bool


def functions():
    """Every function that has no underscore on the way to it."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] != SAID_BY_HELP and not any(part.startswith("_") and part != "__init__" for part in parts):
            yield from inside(ast.parse(path.read_text(encoding="utf-8")), ".".join(parts), "", inherited=False)


def inside(node, place, said, *, inherited):
    for child in node.body:
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            text = ast.get_docstring(child) or ""
            yield from inside(child, f"{place}.{child.name}", text, inherited=bool(child.bases))
        elif isinstance(child, ast.FunctionDef) and not child.name.startswith("_"):
            own = ast.get_docstring(child) or ""
            yield Function(f"{place}.{child.name}", child, f"{own}\n{said}", inherited and not own)


def raised(node):
    """Errors that leave the function by a ``raise`` of its own; what a ``try`` around it takes does not."""
    found, taken = set(), set()
    for part in ast.walk(node):
        if isinstance(part, ast.Raise) and isinstance(part.exc, ast.Call) and isinstance(part.exc.func, ast.Name):
            found.add(part.exc.func.id)
        if isinstance(part, ast.ExceptHandler) and part.type is not None:
            taken |= {name.id for name in ast.walk(part.type) if isinstance(name, ast.Name)}
    return {name for name in found - taken if name.endswith("Error")}


def annotations(node):
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    written = [argument.annotation for argument in arguments] + [node.returns]
    return " ".join(ast.unparse(annotation) for annotation in written if annotation is not None)


ALL = [function for function in functions() if not function.inherited]


def test_there_are_many():
    assert len(ALL) > 1000


def test_what_a_function_raises_is_said():
    silent = {f.place: sorted(missing) for f in ALL if (missing := {n for n in raised(f.node) if n not in f.text})}
    assert silent == {}


def test_what_takes_or_gives_arrays_says_their_shapes():
    assert [f.place for f in ALL if ARRAY.search(annotations(f.node)) and not SHAPE.search(f.text)] == []


@pytest.mark.parametrize(
    ("source", "raises", "shaped"),
    [
        ("def f(x: IntArray) -> int:\n    '''Sum.'''\n    raise DataError()", {"DataError"}, False),
        ("def f(x: IntArray) -> int:\n    '''Sum of x [n].'''\n    try: raise E()\n    except E: pass", set(), True),
        (
            "def f(*, x: Sequence[IntArray]) -> None:\n    '''Any order.'''\n    raise ValueError('x')",
            {"ValueError"},
            False,
        ),
    ],
)
def test_a_gap_would_be_seen(source, raises, shaped):
    (found,) = inside(ast.parse(source), "m", "", inherited=False)
    assert raised(found.node) == raises
    assert ARRAY.search(annotations(found.node))
    assert bool(SHAPE.search(found.text)) == shaped
