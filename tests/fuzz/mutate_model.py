"""Damages models: byte by byte, and field by field with values that a reader may stumble over.

Both functions take a ``random.Random`` and give bytes; the same state gives the same bytes. Numbers are changed where
they lie. Vectors, too, or they are written anew at the file's end, with the offset led there: so any rank, any count
and any list of indices can come about without rebuilding the file.
"""

from __future__ import annotations

import math
import random
import re
import struct
from collections.abc import Callable

from model_sites import Link, Site, Sites, Vector

from tinyforge.compiler.operators import known_operators
from tinyforge.compiler.schema import BUILTIN_NAMES

_FORM_BITS = {"b": 8, "B": 8, "h": 16, "H": 16, "i": 32, "I": 32, "q": 64, "Q": 64}
_BYTES = (0, 1, 2, 4, 0x7F, 0x80, 0xFF, 0xFE)
_WORDS = (0, 1, 2, 3, 4, 8, 16, 127, 128, 255, 256, 1023, 32767, 32768, 65535, 65536, 46341, 1 << 24, 1 << 28,
          (1 << 31) - 1, 1 << 31, (1 << 32) - 1, (1 << 32) - 2, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)  # fmt: skip
_SIZES = (0, 1, 1, 2, 3, 4, 5, 7, 8, 16, 17, 255, 256, 1000, 65535, 65536, 46341, 1 << 20, 1 << 24, (1 << 31) - 1, -1,
          -2, -(1 << 31))  # fmt: skip
_STEPS = (0, 1, 1, 2, 2, 3, 4, 7, 8, 255, 65536, (1 << 31) - 1, -1, -2, -(1 << 31))
_REALS = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-45, 1.2e-38, 1e-30, 1e-20, 1e-10, 1e-6, 1 / 256, 1 / 128, 1 / 16,
          2.0**-15, 2.0**-11, 2.0**-9, 0.05, 0.5, 1.0, 2.0, 127.0, 1e6, 1e10, 1e20, 1e30, 3.4028234e38, -0.1,
          -1e-45)  # fmt: skip
_ZEROS = (0, 1, -1, 3, -128, 127, 128, -129, 255, 256, 32767, -32768, (1 << 31) - 1, -(1 << 31), 1 << 31,
          (1 << 63) - 1, -(1 << 63))  # fmt: skip
_MASKS = (0, 1, 2, 4, 3, 5, 7, 15, 31, 63, 255, -1, 1 << 30, -(1 << 31))
_KNOWN_CODES = tuple(BUILTIN_NAMES.index(kind) for kind in known_operators() if kind in BUILTIN_NAMES)
_CODES = (*_KNOWN_CODES * 4, *range(210))

_JSON_VALUE = re.compile(rb'"[^"]*"|-?[0-9][0-9.e+-]*')
_JSON = (b"null", b"true", b"0", b"-1", b"1e400", b"1e-320", b"1e39", b"1" * 400, b"NaN", b"[]", b"{}", b'""',
         b'"\\ud800"', b'"*/"', b"4294967296", b"[1e-300,1e300]", b"2")  # fmt: skip

# numbers of the structure itself; everything else is content
_FRAME = {"vtable offset", "vtable length", "table length", "vtable entry", "vector length"}
_INDICES = {"Operator.inputs", "Operator.outputs", "Operator.intermediates", "SubGraph.inputs", "SubGraph.outputs"}


def byte_mutant(rng: random.Random, model: Sites, other: Sites) -> bytes:
    """``model`` with 1 to 16 of: flipped bits, overwritten bytes and words, cut, longer, moved and foreign chunks.

    Args:
        rng: decides.
        model: what is damaged.
        other: what foreign chunks come from.
    """
    data = bytearray(model.data)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 16))):
        edit = rng.choices(_BYTE_EDITS, _BYTE_WEIGHTS)[0]
        edit(rng, data, model, other)
        if not data:
            break
    return bytes(data)


def _place(rng: random.Random, data: bytearray, model: Sites) -> int:
    """A byte, mostly outside of weights."""
    at = rng.randrange(len(data))
    for _ in range(8):
        if not any(start <= at < end for start, end in model.weights):
            break
        at = rng.randrange(len(data))
    return at


def _flip(rng: random.Random, data: bytearray, model: Sites, other: Sites) -> None:
    del other
    data[_place(rng, data, model)] ^= 1 << rng.randrange(8)


def _overwrite(rng: random.Random, data: bytearray, model: Sites, other: Sites) -> None:
    del other
    data[_place(rng, data, model)] = rng.choice(_BYTES) if rng.random() < 0.5 else rng.randrange(256)


def _word(rng: random.Random, data: bytearray, model: Sites, other: Sites) -> None:
    del other
    size = rng.choice((2, 4, 4, 4, 8))
    at = _place(rng, data, model) // size * size
    value = rng.choice((*_WORDS, len(data), rng.randrange(-300, 300), rng.randrange(len(data))))
    data[at : at + size] = (value % (1 << 8 * size)).to_bytes(size, "little")[: len(data) - at]


def _cut(rng: random.Random, data: bytearray, model: Sites, other: Sites) -> None:
    del model, other
    del data[rng.randrange(len(data)) if rng.random() < 0.7 else len(data) - rng.randrange(min(len(data), 9)) :]


def _extend(rng: random.Random, data: bytearray, model: Sites, other: Sites) -> None:
    del model, other
    data += rng.choice((bytes(rng.randrange(1, 64)), b"\xff" * rng.randrange(1, 64), rng.randbytes(rng.randrange(64))))


def _remove(rng: random.Random, data: bytearray, model: Sites, other: Sites) -> None:
    del other
    at = _place(rng, data, model)
    del data[at : at + rng.randrange(1, 17)]


def _repeat(rng: random.Random, data: bytearray, model: Sites, other: Sites) -> None:
    """A chunk once more: behind itself, or over what is elsewhere."""
    del other
    at, size = _place(rng, data, model), rng.choice((1, 2, 4, 4, 8, 16, 32, 64))
    chunk = bytes(data[at : at + size])
    if rng.random() < 0.5:
        data[at:at] = chunk * rng.choice((1, 1, 2, 8))
    else:
        to = _place(rng, data, model)
        data[to : to + len(chunk)] = chunk[: len(data) - to]


def _splice(rng: random.Random, data: bytearray, model: Sites, other: Sites) -> None:
    """A chunk of another model: over what is here, or all that follows."""
    if rng.random() < 0.2:
        at = rng.randrange(len(data))
        data[at:] = other.data[at if rng.random() < 0.7 else rng.randrange(len(other.data)) :]
        return
    at, size, start = _place(rng, data, model), rng.choice((4, 8, 16, 32, 64, 256)), rng.randrange(len(other.data))
    chunk = other.data[start : start + size]
    data[at : at + len(chunk)] = chunk[: len(data) - at]


_BYTE_EDITS: tuple[Callable[[random.Random, bytearray, Sites, Sites], None], ...] = (
    _flip, _overwrite, _word, _cut, _extend, _remove, _repeat, _splice,
)  # fmt: skip
_BYTE_WEIGHTS = (6, 5, 6, 1, 1, 1, 3, 3)


def field_mutant(rng: random.Random, model: Sites) -> bytes:
    """``model`` with 1 to 4 fields changed: numbers, vectors, what an offset leads to, operators, whole dimensions."""
    data = bytearray(model.data)
    for _ in range(rng.choice((1, 1, 1, 1, 2, 2, 3, 4))):
        edit = rng.choices(_FIELD_EDITS, _FIELD_WEIGHTS)[0]
        edit(rng, data, model)
    return bytes(data)


def _put(data: bytearray, at: int, form: str, value: float) -> None:
    """Store a number; integers are taken modulo their width."""
    if form == "f":
        limit = 3.4028234e38
        packed = struct.pack("<f", value if not math.isfinite(value) else min(max(value, -limit), limit))
    else:
        bits = _FORM_BITS[form]
        packed = (int(value) % (1 << bits)).to_bytes(bits // 8, "little")
    if at + len(packed) <= len(data):
        data[at : at + len(packed)] = packed


def _value(rng: random.Random, data: bytearray, site: Site, model: Sites) -> float:
    """A value that suits the role, or a near neighbour of what is there."""
    role = site.role
    size = struct.calcsize(site.form)
    now = struct.unpack_from("<" + site.form, data, site.at)[0] if site.at + size <= len(data) else 0
    if site.form == "f":
        if rng.random() < 0.4 and math.isfinite(now):
            return float(now) * rng.choice((0.5, 2.0, 1.0001, 0.03, 30.0, -1.0, 2.0**-20, 2.0**20, 1e-30, 1e30))
        return rng.choice(_REALS)
    if rng.random() < 0.2:
        return int(now) + rng.choice((-2, -1, 1, 2, 4, -4, int(now)))
    if role == "vtable offset":
        return rng.choice((0, 4, -4, site.at, site.at - len(data), rng.randrange(-len(data), len(data)), *_WORDS))
    if role in _FRAME:
        return rng.choice((*_WORDS, len(data), rng.randrange(64), rng.randrange(64)))
    if role in _INDICES:
        return rng.choice((-1, -1, -2, model.tensors, *range(model.tensors), *range(model.tensors), 1 << 30))
    if role in {"Tensor.shape", "Tensor.shape_signature"}:
        return rng.choice(_SIZES)
    if role == "Quantization.zero_point":
        return rng.choice(_ZEROS)
    if role == "Tensor.type":
        return rng.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 10, 13, 15, 16, 17, 22, 23, 127, -1))
    if role in {"Tensor.buffer", "Operator.code", "Metadata.buffer"}:
        return rng.choice((*range(12), 1 << 31, (1 << 32) - 1))
    if role in {"OperatorCode.code", "OperatorCode.old_code"}:
        return rng.choice((*_CODES, -1, 1 << 30))
    if role == "Quantization.dimension":
        return rng.choice((-1, 0, 1, 2, 3, 4, 8, (1 << 31) - 1))
    if role.startswith("option.") and rng.random() < 0.85:
        return rng.choice(_MASKS if role.endswith("mask") else (*_STEPS, *range(6)))
    if role == "constant":
        return rng.choice((*_STEPS, *_SIZES, *range(-5, 6)))
    return rng.choice((*_WORDS, rng.randrange(-300, 300)))


def _role(rng: random.Random, found: dict[str, list], wanted: Callable[[str], bool] = lambda role: True) -> list:
    """All of one role; [] when there are none that are wanted."""
    roles = [role for role, members in found.items() if members and wanted(role)]
    return found[rng.choice(roles)] if roles else []


def _change_number(rng: random.Random, data: bytearray, model: Sites) -> None:
    sites = _role(rng, model.sites, lambda role: role not in _FRAME)
    if sites:
        site = rng.choice(sites)
        _put(data, site.at, site.form, _value(rng, data, site, model))


def _change_frame(rng: random.Random, data: bytearray, model: Sites) -> None:
    sites = _role(rng, model.sites, lambda role: role in _FRAME)
    if sites:
        site = rng.choice(sites)
        _put(data, site.at, site.form, _value(rng, data, site, model))


def _change_element(rng: random.Random, data: bytearray, model: Sites) -> None:
    vectors = [vector for vector in _role(rng, model.vectors) if vector.count]
    if vectors:
        site = rng.choice(list(rng.choice(vectors).elements()))
        _put(data, site.at, site.form, _value(rng, data, site, model))


def _append(data: bytearray, vector: Vector, values: list[float]) -> None:
    """Write a vector at the end and lead the offset there."""
    size = struct.calcsize(vector.form)
    while (len(data) + 4) % max(size, 4):
        data.append(0)
    start = len(data)
    data += struct.pack("<I", len(values)) + bytes(size * len(values))
    for number, value in enumerate(values):
        _put(data, start + 4 + number * size, vector.form, value)
    _put(data, vector.at, "I", start - vector.at)


def _replace_vector(rng: random.Random, data: bytearray, model: Sites) -> None:
    """The same vector one longer, shorter, reversed, repeated, empty, or of other numbers."""
    vectors = _role(rng, model.vectors)
    if not vectors:
        return
    vector = rng.choice(vectors)
    size = struct.calcsize(vector.form)
    if vector.count > 4096 or vector.start + 4 + vector.count * size > len(data):
        return
    values = list(struct.unpack_from(f"<{vector.count}{vector.form}", data, vector.start + 4))
    site = Site(vector.start + 4, vector.form, vector.role)
    at = rng.randrange(len(values) + 1)
    kind = rng.randrange(8)
    if kind == 0:
        values.insert(at, _value(rng, data, site, model))
    elif kind == 1:
        values.insert(at, 1)
    elif kind == 2:
        del values[at : at + 1]
    elif kind == 3:
        rng.shuffle(values)
    elif kind == 4:
        values = values * rng.choice((2, 3, 70))
    elif kind == 5:
        values = []
    elif kind == 6:
        values = [_value(rng, data, site, model) for _ in range(rng.randrange(1, 7))]
    else:
        values = [_value(rng, data, site, model)] * max(len(values), 1)
    _append(data, vector, values)


def _retarget(rng: random.Random, data: bytearray, model: Sites) -> None:
    """Lead an offset to another thing of its kind, to one of another kind, or anywhere."""
    links: list[Link] = _role(rng, model.links)
    link = rng.choice(links)
    kind = rng.randrange(10)
    if kind < 6:
        target = rng.choice(links).target
    elif kind < 8:
        target = rng.choice(_role(rng, model.links)).target
    elif kind == 8:
        target = link.target + rng.choice((-4, -2, -1, 1, 2, 4, 8))
    else:
        target = link.at + rng.choice((0, 4, len(data) - link.at, len(data) - link.at - 4, 1 << 31, (1 << 32) - 1))
    _put(data, link.at, "I", target - link.at)


def _change_dimension(rng: random.Random, data: bytearray, model: Sites) -> None:
    """Every size of one value becomes another, in all tensors: shapes go on fitting each other."""
    sizes = [
        (site, struct.unpack_from("<i", data, site.at)[0])
        for vector in model.vectors.get("Tensor.shape", ())
        for site in vector.elements()
        if site.at + 4 <= len(data)
    ]
    if not sizes:
        return
    old = rng.choice(sizes)[1]
    new = rng.choice(_SIZES) if rng.random() < 0.7 else old + rng.choice((-1, 1, old))
    for site, value in sizes:
        if value == old:
            _put(data, site.at, site.form, new)


def _change_operator(rng: random.Random, data: bytearray, model: Sites) -> None:
    """Swap two operators, list one twice, or drop the last."""
    links = model.links.get("Operator", ())
    if len(links) < 2:
        return
    one, two = rng.sample(list(links), 2)
    if rng.random() < 0.5:
        _put(data, one.at, "I", two.target - one.at)
    else:
        _put(data, one.at, "I", two.target - one.at)
        _put(data, two.at, "I", one.target - two.at)


def _change_kind(rng: random.Random, data: bytearray, model: Sites) -> None:
    """Make an operator another one."""
    codes = [*model.sites.get("OperatorCode.code", ()), *model.sites.get("OperatorCode.old_code", ())]
    if codes:
        site = rng.choice(codes)
        _put(data, site.at, site.form, rng.choice(_CODES))
    types = model.sites.get("Operator.options_type", ())
    if types and rng.random() < 0.2:
        site = rng.choice(types)
        _put(data, site.at, site.form, rng.randrange(130))


def _change_quantization(rng: random.Random, data: bytearray, model: Sites) -> None:
    """Change one scale or zero point, or all of them alike."""
    scales, zeros = model.vectors.get("Quantization.scale", ()), model.vectors.get("Quantization.zero_point", ())
    vectors = list(scales if rng.random() < 0.7 else zeros)
    if not vectors:
        return
    if rng.random() < 0.2:
        value = rng.choice(_REALS if vectors[0].form == "f" else _ZEROS)
        for vector in vectors:
            for site in vector.elements():
                _put(data, site.at, site.form, value)
        return
    sites = list(rng.choice(vectors).elements())
    if sites:
        site = rng.choice(sites)
        _put(data, site.at, site.form, _value(rng, data, site, model))


def _change_weights(rng: random.Random, data: bytearray, model: Sites) -> None:
    """Fill a content with one byte, or with any."""
    spans = [span for span in model.weights if span[1] > span[0]]
    if not spans:
        return
    start, end = rng.choice(spans)
    if end - start > 4096 or end > len(data):
        return
    fill = rng.choice((b"\x00", b"\x7f", b"\x80", b"\xff"))
    data[start:end] = rng.randbytes(end - start) if rng.random() < 0.4 else fill * (end - start)


def _change_metadata(rng: random.Random, data: bytearray, model: Sites) -> None:
    """Replace one value of a JSON text by another kind of value, or damage the text."""
    for link in model.links.get("Buffer.data", ()):
        size = struct.unpack_from("<I", data, link.target)[0] if link.target + 4 <= len(data) else 0
        text = bytes(data[link.target + 4 : link.target + 4 + size])
        if not text.startswith(b"{"):
            continue
        values = list(_JSON_VALUE.finditer(text))
        if values and rng.random() < 0.8:
            found = rng.choice(values)
            text = text[: found.start()] + rng.choice(_JSON) + text[found.end() :]
        else:
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice((b"", b"{", b"[", b'"', b"\\", b"\xff", b"\0")) + text[at + 1 :]
        _append(data, Vector(link.at, link.target, len(text), "B", "Buffer.data"), list(text))
        return


_FIELD_EDITS: tuple[Callable[[random.Random, bytearray, Sites], None], ...] = (
    _change_number, _change_frame, _change_element, _replace_vector, _retarget, _change_dimension, _change_operator,
    _change_kind, _change_quantization, _change_weights, _change_metadata,
)  # fmt: skip
_FIELD_WEIGHTS = (10, 3, 8, 5, 4, 5, 2, 2, 6, 2, 2)
