"""Where the fields of a ``.tflite`` lie: every offset, count, number and index with the role it plays.

A map of the file's bytes for ``mutate_model.py``. It is made from models that are known to be sound, so nothing is
checked here, and it shares no code with the reader that is tested.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tinyforge.compiler.operators import find_operator
from tinyforge.compiler.schema import builtin_name

# field number -> (name, kind). A kind is a struct format, "str", "[x]" for a vector of x, or a table's name.
_TABLES: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "Model": {
        0: ("version", "I"),
        1: ("operator_codes", "[OperatorCode]"),
        2: ("subgraphs", "[SubGraph]"),
        3: ("description", "str"),
        4: ("buffers", "[Buffer]"),
        5: ("metadata_buffer", "[i]"),
        6: ("metadata", "[Metadata]"),
    },
    "OperatorCode": {0: ("old_code", "b"), 1: ("custom", "str"), 2: ("version", "i"), 3: ("code", "i")},
    "SubGraph": {
        0: ("tensors", "[Tensor]"),
        1: ("inputs", "[i]"),
        2: ("outputs", "[i]"),
        3: ("operators", "[Operator]"),
        4: ("name", "str"),
    },
    "Tensor": {
        0: ("shape", "[i]"),
        1: ("type", "b"),
        2: ("buffer", "I"),
        3: ("name", "str"),
        4: ("quantization", "Quantization"),
        5: ("variable", "b"),
        6: ("sparsity", "options"),
        7: ("shape_signature", "[i]"),
        8: ("has_rank", "b"),
    },
    "Quantization": {
        0: ("min", "[f]"),
        1: ("max", "[f]"),
        2: ("scale", "[f]"),
        3: ("zero_point", "[q]"),
        4: ("details_type", "B"),
        6: ("dimension", "i"),
    },
    "Operator": {
        0: ("code", "I"),
        1: ("inputs", "[i]"),
        2: ("outputs", "[i]"),
        3: ("options_type", "B"),
        4: ("options", "options"),
        5: ("custom_options", "[B]"),
        8: ("intermediates", "[i]"),
        11: ("options2_type", "B"),
        12: ("options2", "options"),
    },
    "Buffer": {0: ("data", "data"), 1: ("offset", "Q"), 2: ("size", "Q")},
    "Metadata": {0: ("name", "str"), 1: ("buffer", "I")},
}
_WIDTHS = {1: "b", 2: "h", 4: "i", 8: "q"}
_OPTION_FORMS = {"bool": "b", "int8": "b", "uint8": "B", "int32": "i", "uint32": "I", "int64": "q", "float32": "f"}
_INTEGER_TYPES = {2: "i", 4: "q"}  # TFLite's INT32 and INT64


@dataclass(frozen=True, slots=True)
class Site:
    """One stored number.

    Attributes:
        at: its first byte.
        form: struct format, without the byte order.
        role: ``Tensor.type``, ``option.stride_w``, ``vtable entry``, ...
    """

    at: int
    form: str
    role: str


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector of numbers.

    Attributes:
        at: byte of the offset that leads to it.
        start: byte of its count; the elements follow.
        count: how many.
        form: struct format of an element.
        role: ``Tensor.shape``, ...
    """

    at: int
    start: int
    count: int
    form: str
    role: str

    def elements(self) -> Iterator[Site]:
        """Sites of the elements."""
        size = struct.calcsize(self.form)
        for number in range(self.count):
            yield Site(self.start + 4 + number * size, self.form, self.role)


@dataclass(frozen=True, slots=True)
class Link:
    """An unsigned offset.

    Attributes:
        at: byte at which it is stored.
        target: byte to which it leads.
        role: what it leads to: ``Tensor``, ``Tensor.shape``, ...
    """

    at: int
    target: int
    role: str


@dataclass(slots=True)
class Sites:
    """The map of one model.

    Attributes:
        name: of the model, for reports.
        data: the file.
        sites: single numbers by role.
        vectors: vectors of numbers, by role.
        links: offsets, by role.
        weights: spans (first byte, end) of large contents: changing them rarely leads anywhere new.
        tensors: number of tensors of the first subgraph.
    """

    name: str
    data: bytes
    sites: dict[str, list[Site]] = field(default_factory=dict)
    vectors: dict[str, list[Vector]] = field(default_factory=dict)
    links: dict[str, list[Link]] = field(default_factory=dict)
    weights: list[tuple[int, int]] = field(default_factory=list)
    tensors: int = 0

    @classmethod
    def of(cls, name: str, data: bytes) -> Sites:
        """Map a sound model."""
        found = cls(name, data)
        _Walk(found).run()
        return found


class _Walk:
    def __init__(self, found: Sites) -> None:
        self.found = found
        self.data = found.data
        self.seen: set[tuple[int, str]] = set()
        self.codes: list[str] = []
        self.constants: dict[int, str] = {}  # buffer number -> struct format of its integers

    def run(self) -> None:
        root = self._link(0, "Model")
        self._survey(root)
        self._table(root, "Model", "Model")

    def _int(self, at: int, form: str) -> int:
        return int(struct.unpack_from("<" + form, self.data, at)[0])

    def _link(self, at: int, role: str) -> int:
        target = at + self._int(at, "I")
        self.found.links.setdefault(role, []).append(Link(at, target, role))
        return target

    def _site(self, at: int, form: str, role: str) -> None:
        self.found.sites.setdefault(role, []).append(Site(at, form, role))

    def _fields(self, table: int) -> tuple[int, dict[int, int]]:
        """Byte of the vtable, and bytes of the fields that are stored."""
        vtable = table - self._int(table, "i")
        count = (self._int(vtable, "H") - 4) // 2
        entries = {number: self._int(vtable + 4 + 2 * number, "H") for number in range(count)}
        return vtable, {number: table + entry for number, entry in entries.items() if entry}

    def _items(self, table: int, number: int) -> list[int]:
        """Positions of the tables in a vector of tables."""
        at = self._fields(table)[1].get(number)
        if at is None:
            return []
        start = at + self._int(at, "I")
        places = [start + 4 + 4 * item for item in range(self._int(start, "I"))]
        return [place + self._int(place, "I") for place in places]

    def _survey(self, model: int) -> None:
        """Names of the operator codes, and which buffers hold integers."""
        for code in self._items(model, 1):
            stored = self._fields(code)[1]
            old, new = (self._int(stored[n], form) if n in stored else 0 for n, form in ((0, "b"), (3, "i")))
            self.codes.append(builtin_name(max(old, new)))
        for number, graph in enumerate(self._items(model, 2)):
            tensors = self._items(graph, 0)
            if number == 0:
                self.found.tensors = len(tensors)
            for tensor in tensors:
                stored = self._fields(tensor)[1]
                kind = self._int(stored[1], "b") if 1 in stored else 0
                if kind in _INTEGER_TYPES and 2 in stored:
                    self.constants[self._int(stored[2], "I")] = _INTEGER_TYPES[kind]

    def _table(self, table: int, kind: str, role: str, number: int = 0) -> None:
        if (table, kind) in self.seen:
            return
        self.seen.add((table, kind))
        vtable, stored = self._fields(table)
        self._site(table, "i", "vtable offset")
        self._site(vtable, "H", "vtable length")
        self._site(vtable + 2, "H", "table length")
        for entry in range((self._int(vtable, "H") - 4) // 2):
            self._site(vtable + 4 + 2 * entry, "H", "vtable entry")
        for entry, at in stored.items():
            name, form = _TABLES[kind].get(entry, ("", ""))
            if form == "options":
                code = self._int(stored[0], "I") if 0 in stored else 0
                self._options(self._link(at, "options"), self.codes[code] if code < len(self.codes) else "")
            elif form:
                self._field(at, form, f"{role}.{name}", number)

    def _field(self, at: int, form: str, role: str, number: int) -> None:
        if form == "str":
            self._count(self._link(at, role), 1)
        elif form == "data":
            start = self._link(at, role)
            width = self._count(start, 1)
            if number in self.constants and width <= 64:
                integers = self.constants[number]
                count = width // struct.calcsize(integers)
                self._vector(Vector(at, start, count, integers, "constant"))
            else:
                self.found.weights.append((start + 4, start + 4 + width))
        elif form.startswith("[") and form[1:-1] in _TABLES:
            start = self._link(at, role)
            for item in range(self._count(start, 4)):
                kind = form[1:-1]
                self._table(self._link(start + 4 + 4 * item, kind), kind, kind, item)
        elif form.startswith("["):
            start = self._link(at, role)
            self._vector(Vector(at, start, self._count(start, struct.calcsize(form[1:-1])), form[1:-1], role))
        elif form in _TABLES:
            self._table(self._link(at, form), form, form)
        else:
            self._site(at, form, role)

    def _count(self, start: int, size: int) -> int:
        del size
        self._site(start, "I", "vector length")
        return self._int(start, "I")

    def _vector(self, vector: Vector) -> None:
        self.found.vectors.setdefault(vector.role, []).append(vector)

    def _options(self, table: int, code: str) -> None:
        """An options table: by the operator's registered options, else by the width of each field."""
        if (table, "options") in self.seen:
            return
        self.seen.add((table, "options"))
        vtable, stored = self._fields(table)
        self._site(table, "i", "vtable offset")
        for entry in range((self._int(vtable, "H") - 4) // 2):
            self._site(vtable + 4 + 2 * entry, "H", "vtable entry")
        operator = find_operator(code)
        known = {} if operator is None else {option.field: (name, option) for name, option in operator.options.items()}
        ends = sorted([*stored.values(), table + self._int(vtable + 2, "H")])
        for entry, at in stored.items():
            width = ends[ends.index(at) + 1] - at
            name, option = known.get(entry, ("unknown", None))
            if option is not None and option.kind in _OPTION_FORMS:
                self._site(at, _OPTION_FORMS[option.kind], f"option.{name}")
            elif option is not None:
                start = self._link(at, f"option.{name}")
                count = self._count(start, 1)
                if option.kind == "[int32]":
                    self._vector(Vector(at, start, count, "i", f"option.{name}"))
            else:
                self._site(at, _WIDTHS.get(width, "b"), "option.unknown")
