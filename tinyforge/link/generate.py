"""Writes both codecs from ``protocol.toml``: ``python -m tinyforge.link.generate [--check]``.

Python computes here; the templates only print.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyforge.core.errors import ConfigError
from tinyforge.core.files import write_text
from tinyforge.core.resources import firmware_dir, package_dir
from tinyforge.core.strict import Table
from tinyforge.core.templates import templates

PROTOCOL_FILE = Path(__file__).with_name("protocol.toml")
PYTHON_FILE = Path(__file__).with_name("messages.py")
DOCS_FILE = package_dir().parent / "docs" / "protocol.md"

# Around a body in a frame: type, tag, CRC-32.
FRAME_OVERHEAD_BYTES = 1 + 1 + 4

_SCALAR_BYTES = {"u8": 1, "u16": 2, "u32": 4, "f32": 4}
_ITEM_BYTES = {"u8": 1, "i8": 1, "f32": 4}
_C_SCALAR = {"u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "f32": "float"}
_C_ITEM = {"u8": "uint8_t", "i8": "int8_t", "f32": "float"}
_PYTHON_ITEM = {"u8": "uint8", "i8": "int8", "f32": "float32"}
# Keys of a field beyond name, type and doc, by type.
_FIELD_KEYS: Mapping[str, tuple[str, ...]] = {
    "u8": (),
    "u16": (),
    "u32": (),
    "f32": (),
    "bytes": ("length",),
    "text": ("max",),
    "texts": ("max", "max_count"),
    "list": ("of", "max"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes:
        type: a type of ``protocol.toml``'s head.
        limit: of a text its bytes, of a list its numbers, of ``bytes`` their count; else 0.
        count_limit: of texts how many; else 0.
        of: type of the numbers in a list; else empty.
        table: name of the table its values are from; may be empty.
    """

    name: str
    type: str
    doc: str
    limit: int = 0
    count_limit: int = 0
    of: str = ""
    table: str = ""

    @property
    def max_bytes(self) -> int:
        """Most bytes the field takes in a body."""
        if self.type == "bytes":
            return self.limit
        if self.type == "text":
            return 1 + self.limit
        if self.type == "texts":
            return 1 + self.count_limit * (1 + self.limit)
        if self.type == "list":
            return 2 + self.limit * _ITEM_BYTES[self.of]
        return _SCALAR_BYTES[self.type]

    @property
    def item_bytes(self) -> int:
        """Bytes of one number in a list."""
        return _ITEM_BYTES[self.of]

    @property
    def python_type(self) -> str:
        """Annotation in ``messages.py``."""
        if self.type == "list":
            return f"npt.NDArray[np.{_PYTHON_ITEM[self.of]}]"
        plain = {"f32": "float", "bytes": "bytes", "text": "str", "texts": "tuple[str, ...]"}
        return plain.get(self.type, "int")

    @property
    def python_write(self) -> str:
        """Call that writes the field."""
        head = f'"{self.name}", self.{self.name}'
        if self.type == "list":
            return f"{self.of}s({head}, {self.limit})"
        extra = {"bytes": f", {self.limit}", "text": f", {self.limit}", "texts": f", {self.limit}, {self.count_limit}"}
        return f"{self._python_method}({head}{extra.get(self.type, '')})"

    @property
    def python_read(self) -> str:
        """Call that reads the field."""
        if self.type == "list":
            return f"{self.of}s({self.limit})"
        extra = {"bytes": f"{self.limit}", "text": f"{self.limit}", "texts": f"{self.limit}, {self.count_limit}"}
        return f"{self._python_method}({extra.get(self.type, '')})"

    @property
    def _python_method(self) -> str:
        return {"bytes": "fixed"}.get(self.type, self.type)

    @property
    def prose(self) -> str:
        """The type as docs/protocol.md says it."""
        said = {
            "bytes": f"bytes[{self.limit}]",
            "text": f"text ≤ {self.limit}",
            "texts": f"{self.count_limit} x text ≤ {self.limit}",
            "list": f"list of {self.of} ≤ {self.limit}",
        }
        return said.get(self.type, self.type)

    @property
    def c_type(self) -> str:
        """Type of a number or of a list's numbers."""
        return _C_ITEM[self.of] if self.type == "list" else _C_SCALAR.get(self.type, "")


@dataclass(frozen=True, slots=True)
class MessageSpec:
    """One message.

    Attributes:
        name: in snake case.
        type: first byte of its frames.
        from_host: whether the host sends it; else the device.
        reply: name of the message that answers; empty when none does.
    """

    name: str
    type: int
    from_host: bool
    doc: str
    reply: str
    fields: tuple[Field, ...]

    @property
    def class_name(self) -> str:
        """Name of the Python class."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def max_bytes(self) -> int:
        """Most bytes of the body."""
        return sum(field.max_bytes for field in self.fields)

    @property
    def fixed_bytes(self) -> int:
        """Bytes of the body before the numbers of its list, the list's count included."""
        return sum(2 if field.type == "list" else field.max_bytes for field in self.fields)

    @property
    def list_field(self) -> Field | None:
        """The last field where it is a list."""
        return self.fields[-1] if self.fields and self.fields[-1].type == "list" else None

    def offset(self, field: Field) -> int:
        """Bytes before ``field`` in the body of a message of the host."""
        return sum(before.max_bytes for before in self.fields[: self.fields.index(field)])


@dataclass(frozen=True, slots=True)
class ValueTable:
    """Names of the values of a field: (value, name, text) each."""

    name: str
    doc: str
    entries: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class Protocol:
    """All of ``protocol.toml``."""

    version: int
    max_frame_bytes: int
    tables: tuple[ValueTable, ...]
    messages: tuple[MessageSpec, ...]

    @property
    def max_body_bytes(self) -> int:
        """Most bytes of a body."""
        return self.max_frame_bytes - FRAME_OVERHEAD_BYTES


def _refuse_twice(table: Table, key: str, values: Sequence[Any]) -> None:
    for number, value in enumerate(values):
        if value in values[:number]:
            raise table.fail(key, f"{value!r} is there twice")


def _parse_field(row: Table, tables: Sequence[str], *, last: bool, from_host: bool) -> Field:
    kind = row.text("type", choices=_FIELD_KEYS)
    keys = _FIELD_KEYS[kind]
    field = Field(
        name=row.text("name"),
        type=kind,
        doc=row.text("doc"),
        limit=next((row.integer(key, low=1) for key in keys if key in ("length", "max")), 0),
        count_limit=row.integer("max_count", low=1) if "max_count" in keys else 0,
        of=row.text("of", choices=_ITEM_BYTES) if "of" in keys else "",
        table=row.text("table", choices=tables) if kind == "u8" and "table" in row else "",
    )
    if from_host and (kind in ("bytes", "text", "texts") or (kind == "list" and not last)):
        raise row.fail("type", "the host sends numbers, and one list as the last field", "firmware checks one length")
    row.finish()
    return field


def _parse_message(row: Table, tables: Sequence[str], max_body_bytes: int) -> MessageSpec:
    from_host = row.text("from", choices=("host", "device")) == "host"
    rows = row.tables("fields")
    message = MessageSpec(
        name=row.text("name"),
        type=row.integer("type", low=0, high=0xFF),
        from_host=from_host,
        doc=row.text("doc"),
        reply=row.text("reply", ""),
        fields=tuple(
            _parse_field(field, tables, last=number == len(rows) - 1, from_host=from_host)
            for number, field in enumerate(rows)
        ),
    )
    _refuse_twice(row, "fields: name", [field.name for field in message.fields])
    if (message.type < 0x80) != from_host:
        raise row.fail("type", f"is {message.type:#x}", "the host has 0x00..0x7f, the device 0x80..0xff")
    if message.max_bytes > max_body_bytes:
        raise row.fail("fields", f"take up to {message.max_bytes} bytes", f"a body holds {max_body_bytes}")
    row.finish()
    return message


def _parse_table(row: Table) -> ValueTable:
    entries = []
    for entry in row.tables("entries"):
        entries.append((entry.integer("value", low=0, high=0xFF), entry.text("name"), entry.text("text")))
        entry.finish()
    table = ValueTable(row.text("name"), row.text("doc"), tuple(entries))
    _refuse_twice(row, "entries: value", [value for value, _, _ in entries])
    _refuse_twice(row, "entries: name", [name for _, name, _ in entries])
    row.finish()
    return table


def parse_protocol(text: str, place: str = "protocol.toml") -> Protocol:
    """Read a protocol description.

    Raises:
        ConfigError: it has an unknown key, a name or number twice, or a message that does not fit a frame.
    """
    try:
        top = Table(tomllib.loads(text), place)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(place, f"not valid TOML: {error}") from error
    frame_bytes = top.integer("max_frame_bytes", low=FRAME_OVERHEAD_BYTES)
    tables = tuple(_parse_table(row) for row in top.tables("table"))
    names = [table.name for table in tables]
    messages = tuple(_parse_message(row, names, frame_bytes - FRAME_OVERHEAD_BYTES) for row in top.tables("message"))
    protocol = Protocol(top.integer("version", low=1, high=0xFF), frame_bytes, tables, messages)
    top.finish()
    _refuse_twice(top, "table: name", names)
    _refuse_twice(top, "message: name", [message.name for message in messages])
    _refuse_twice(top, "message: type", [message.type for message in messages])
    replies = {message.name for message in messages if not message.from_host}
    for message in messages:
        if message.reply and message.reply not in replies:
            raise top.fail(f"{message.name}.reply", f'"{message.reply}": no such message of the device')
    return protocol


def render(protocol: Protocol) -> dict[Path, str]:
    """Both codecs and, in a checkout, their document, by the file each belongs in."""
    environment = templates(Path(__file__).with_name("templates"))
    host = [message for message in protocol.messages if message.from_host]
    device = [message for message in protocol.messages if not message.from_host]
    given = {"protocol": protocol, "host": host, "device": device}
    files = {
        PYTHON_FILE: environment.get_template("messages.py.j2").render(given),
        firmware_dir() / "common" / "tfw_protocol.h": environment.get_template("tfw_protocol.h.j2").render(given),
    }
    if DOCS_FILE.parent.is_dir():
        document = environment.get_template("protocol.md.j2").render(given)
        files[DOCS_FILE] = document.strip() + "\n"
    return files


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with ``--check`` only compare; returns 1 when one is not current."""
    files = render(parse_protocol(PROTOCOL_FILE.read_text(encoding="utf-8")))
    if "--check" in arguments:
        return int(any(not path.is_file() or path.read_text(encoding="utf-8") != text for path, text in files.items()))
    for path, text in files.items():
        write_text(path, text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
