"""The numbers in the linker scripts of the virtual platform."""

from __future__ import annotations

import re

from tinyforge.core.errors import DataError


def render_linker_script(text: str, *, flash_bytes: int, ram_bytes: int, stack_bytes: int | None = None) -> str:
    """The linker script with other sizes in place of its own.

    Args:
        text: of ``virtual_m4.ld``.
        flash_bytes, ram_bytes: of the board.
        stack_bytes: room for the stack; as the script has it when None.

    Raises:
        DataError: the script does not have exactly one line for each.
    """
    sizes = [(r"(FLASH\b.*LENGTH\s*=\s*)\d+", flash_bytes), (r"(RAM\b.*LENGTH\s*=\s*)\d+", ram_bytes)]
    if stack_bytes is not None:
        sizes.append((r"(__stack_bytes\s*=\s*)\d+", stack_bytes))
    for pattern, value in sizes:
        text, replaced = re.subn(pattern, rf"\g<1>{value}", text)
        if replaced != 1:
            raise DataError("linker script", f"{replaced} lines look like {pattern}", "it must have exactly one")
    return text


def render_places(text: str, *, flash: tuple[int, int], ram: tuple[int, int]) -> str:
    """The linker script with flash and RAM somewhere else.

    Args:
        text: with one line ``NAME (...) : ORIGIN = ..., LENGTH = ...`` for each.
        flash, ram: first address and bytes.

    Raises:
        DataError: a line is missing.
    """
    for name, (origin, count) in (("FLASH", flash), ("RAM", ram)):
        text, replaced = re.subn(
            rf"(\b{name}\s*\(\w+\)\s*:\s*)ORIGIN = \w+, LENGTH = \w+",
            rf"\g<1>ORIGIN = 0x{origin:08x}, LENGTH = {count}",
            text,
        )
        if replaced != 1:
            raise DataError("linker script", f"{replaced} lines place {name}", "it must have exactly one")
    return text
