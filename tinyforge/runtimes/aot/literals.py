"""Numbers and arrays as C99 text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinyforge.core.graph import Array

_WIDTH = 112


def number(value: float, c_type: str = "int32_t") -> str:
    """A literal: integers in decimal, floats with as many digits as it takes to read the same bits back."""
    if c_type == "float":
        return real(np.float32(value), 9) + "f"
    if c_type == "double":
        return real(float(value), 17)
    whole = int(value)
    if whole == -(1 << 31) and c_type == "int32_t":
        return "(-2147483647 - 1)"
    if whole == -(1 << 63):
        return "(-9223372036854775807LL - 1)"
    return f"{whole}LL" if c_type == "int64_t" else str(whole)


def real(value: Any, digits: int) -> str:
    """A finite float in decimal with a point or an exponent.

    Raises:
        ValueError: not finite: no operator has such a parameter.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no literal")
    text = f"{float(value):.{digits}g}"
    return text if any(mark in text for mark in ".e") else f"{text}.0"


def c_type_of(array: Array) -> str:
    """The C type of an array's elements; any shape."""
    return {"float32": "float", "float64": "double"}.get(array.dtype.name, f"{array.dtype.name}_t")


def array_lines(array: Array) -> list[str]:
    """The elements of any shape in order, as indented lines of at most 112 columns."""
    kind = c_type_of(array)
    if kind in {"int8_t", "uint8_t", "int16_t", "uint16_t"}:
        words = [str(value) for value in array.reshape(-1).tolist()]
    else:
        words = [number(value, kind) for value in array.reshape(-1).tolist()]
    return word_lines(words)


def word_lines(words: list[str]) -> list[str]:
    """Initialisers, each followed by a comma, as indented lines of at most 112 columns."""
    lines: list[str] = []
    line = "   "
    for word in words:
        if len(line) + len(word) + 2 > _WIDTH:
            lines.append(line)
            line = "   "
        line += f" {word},"
    lines.append(line)
    return lines


def grouped(value: int) -> str:
    """``42880`` as ``42 880``."""
    return f"{value:,}".replace(",", " ")
