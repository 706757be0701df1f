"""Reads linked images: what is loaded where, which function an address belongs to, what takes the bytes."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from tinyforge.core.errors import ToolError
from tinyforge.core.types import Footprint

_ALLOC, _WRITE = 2, 1  # SHF_ALLOC, SHF_WRITE


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes the loader (or the flash programmer) puts into memory.

    Attributes:
        load_address: where the bytes are stored (LMA): flash, for ``.data`` too.
        address: where the program expects them when it runs (VMA).
        data: the bytes.
        memory_bytes: room at ``address``, >= len(data).
    """

    load_address: int
    address: int
    data: bytes
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Section:
    """One allocated section: name, address, bytes, and whether the file stores its content (``.bss`` does not)."""

    name: str
    address: int
    bytes: int
    stored: bool
    writable: bool


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named address; ``bytes`` is 0 for labels. The Thumb bit is taken off functions.

    ``source`` is the name of the file of a local (static) symbol; empty where the image does not say.
    """

    name: str
    address: int
    bytes: int
    is_function: bool
    source: str = ""


@dataclass(frozen=True)
class Image:
    """A linked image.

    Attributes:
        path: the ELF file.
        entry: address of the first instruction, without the Thumb bit.
        segments: in order of ``load_address``.
        sections: the allocated ones, in order of address.
        symbols: in order of address.
    """

    path: Path
    entry: int
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]

    @cached_property
    def by_name(self) -> dict[str, Symbol]:
        """Symbol by name; of several with one name, the last."""
        return {symbol.name: symbol for symbol in self.symbols}

    @cached_property
    def _functions(self) -> tuple[Symbol, ...]:
        return tuple(symbol for symbol in self.symbols if symbol.is_function)

    @cached_property
    def _function_starts(self) -> list[int]:
        return [symbol.address for symbol in self._functions]

    def symbol(self, name: str) -> Symbol:
        """The symbol ``name``.

        Raises:
            ToolError: the image has none of that name.
        """
        found = self.by_name.get(name)
        if found is None:
            raise ToolError(str(self.path), f"the image has no symbol {name}", "was it built for this purpose?")
        return found

    def function_at(self, address: int) -> str:
        """Name of the function that holds ``address``; empty when it lies in none."""
        place = bisect.bisect_right(self._function_starts, address & ~1)
        for symbol in reversed(self._functions[max(0, place - 4) : place]):  # aliases share an address
            if symbol.address <= address & ~1 < symbol.address + max(symbol.bytes, 2):
                return symbol.name
        return ""


def read_image(path: Path) -> Image:
    """Read an Arm ELF executable.

    Raises:
        ToolError: the file is missing, is no ELF, or is not for a 32-bit little-endian Arm.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    try:
        with path.open("rb") as stream:
            elf: Any = ELFFile(stream)
            if elf["e_machine"] != "EM_ARM" or elf.elfclass != 32 or not elf.little_endian:
                raise ToolError(
                    str(path), f"an ELF file for {elf['e_machine']}, not for a 32-bit Arm", "build it for the board"
                )
            segments = [
                Segment(part["p_paddr"], part["p_vaddr"], part.data(), part["p_memsz"])
                for part in elf.iter_segments("PT_LOAD")
                if part["p_memsz"] > 0
            ]
            sections = [
                Section(
                    part.name,
                    part["sh_addr"],
                    part["sh_size"],
                    part["sh_type"] != "SHT_NOBITS",
                    bool(part["sh_flags"] & _WRITE),
                )
                for part in elf.iter_sections()
                if part["sh_flags"] & _ALLOC and part["sh_size"] > 0
            ]
            symbols = [
                symbol
                for table in elf.iter_sections()
                if isinstance(table, SymbolTableSection)
                for symbol in _symbols(table)
            ]
            entry = elf["e_entry"] & ~1
    except OSError as error:
        raise ToolError(str(path), f"cannot be read: {error.strerror}", "build the image first") from error
    except (ELFError, UnicodeDecodeError, KeyError, ValueError) as error:
        raise ToolError(str(path), f"not an ELF image: {error}", "build the image again") from error
    return Image(
        path,
        entry,
        tuple(sorted(segments, key=lambda part: part.load_address)),
        tuple(sorted(sections, key=lambda part: part.address)),
        tuple(sorted(symbols, key=lambda part: (part.address, part.bytes, part.name))),
    )


def _symbols(table: Any) -> Iterator[Symbol]:
    """Those of a table; the local ones of a file stand behind the file's name."""
    source = ""
    for raw in table.iter_symbols():
        if raw["st_info"]["type"] == "STT_FILE":
            source = PurePosixPath(raw.name).name
        symbol = _symbol(raw, source if raw["st_info"]["bind"] == "STB_LOCAL" else "")
        if symbol is not None:
            yield symbol


def _symbol(raw: Any, source: str) -> Symbol | None:
    kind = raw["st_info"]["type"]
    if (
        not raw.name
        or raw.name.startswith("$")
        or kind in {"STT_FILE", "STT_SECTION"}
        or raw["st_shndx"] == "SHN_UNDEF"
    ):
        return None
    is_function = kind == "STT_FUNC"
    address = raw["st_value"] & ~1 if is_function else raw["st_value"]
    return Symbol(raw.name, address, raw["st_size"], is_function, source)


def footprint(path: Path) -> Footprint:
    """What a linked image takes on the chip.

    Flash is every stored section (code, constants, the initial values of ``.data``); RAM is every
    writable section (``.data``, ``.bss``) except the reserve for the stack (sections named
    ``.stack*`` or ``.heap*``). ``stack_bytes`` is 0: only a run tells it.

    Raises:
        ToolError: see ``read_image``.
    """
    image = read_image(path)
    reserves = (".stack", ".heap", "._user_heap_stack")
    return Footprint(
        flash_bytes=sum(part.bytes for part in image.sections if part.stored),
        ram_bytes=sum(part.bytes for part in image.sections if part.writable and not part.name.startswith(reserves)),
        by_symbol={symbol.name: symbol.bytes for symbol in image.symbols if symbol.bytes > 0},
    )
