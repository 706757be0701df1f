"""Flash of the structures that hold the kernels' parameters, read off their headers."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tinyforge.core.resources import csrc_dir

# Sizes on a 32-bit Arm (AAPCS32): each type is aligned to its size.
_BYTES = {
    "int8_t": 1,
    "uint8_t": 1,
    "int16_t": 2,
    "uint16_t": 2,
    "int32_t": 4,
    "uint32_t": 4,
    "float": 4,
    "int64_t": 8,
    "uint64_t": 8,
    "double": 8,
}
_POINTER = 4
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STRUCT = re.compile(r"typedef\s+struct\s*\{(.*?)\}\s*(\w+)\s*;", re.DOTALL)
_MEMBER = re.compile(r"(?:const\s+)?(\w+)\s*(\*?)\s*(?:const\s+)?(\w+)\s*((?:\[\d+\])*)")


def parameter_bytes(kernel: str) -> int:
    """Bytes of a kernel's ``<kernel>_t`` on a 32-bit Arm.

    Raises:
        ValueError: its header declares the structure in a way that is not understood.
    """
    return _structs(csrc_dir() / "include" / "tfg" / f"{kernel}.h")[f"{kernel}_t"]


@cache
def _structs(header: Path) -> dict[str, int]:
    text = _COMMENT.sub("", header.read_text("utf-8"))
    return {name: _size(body) for body, name in _STRUCT.findall(text)}


def _size(body: str) -> int:
    end, largest = 0, 1
    for declaration in filter(None, (part.strip() for part in body.split(";"))):
        match = _MEMBER.fullmatch(declaration)
        if match is None or (not match[2] and match[1] not in _BYTES):
            raise ValueError(f"cannot size the member `{declaration}`")
        size = _POINTER if match[2] else _BYTES[match[1]]
        count = 1
        for length in re.findall(r"\d+", match[4]):
            count *= int(length)
        largest = max(largest, size)
        end = -(-end // size) * size + size * count
    return -(-end // largest) * largest
