"""Codec and description: every value of ``protocol.toml`` where it belongs, every limit to the byte."""

import dataclasses
import enum
import re
import struct
import tomllib
from pathlib import Path

import numpy as np
import pytest

from tinyforge.core.errors import ConfigError, DeviceError
from tinyforge.link import eembc, generate, link, messages, ports, text, text_link
from tinyforge.link.generate import Field, MessageSpec, Protocol, ValueTable
from tinyforge.link.messages import MESSAGES
from tinyforge.link.wire import Message, Reader, WireError, Writer

DESCRIBED = tomllib.loads(generate.PROTOCOL_FILE.read_text(encoding="utf-8"))
SCALARS = {"u8": "<B", "u16": "<H", "u32": "<I"}
ITEMS = {"u8": "<u1", "i8": "<i1", "f32": "<f4"}


def class_of(row):
    return getattr(messages, "".join(word.capitalize() for word in row["name"].split("_")))


def example(field, number):
    """A value of a field, its bytes, and the same of one that is too large."""
    kind = field["type"]
    if kind in SCALARS:
        top = (1 << 8 * struct.calcsize(SCALARS[kind])) - 1
        return top - number, struct.pack(SCALARS[kind], top - number), top + 1
    if kind == "bytes":
        whole = bytes(range(number, number + field["length"]))
        return whole, whole, whole + b"x"
    if kind == "text":
        text = "y" * field["max"]
        return text, bytes([len(text)]) + text.encode(), text + "x"
    if kind == "texts":
        texts = (("z" * field["max"]),) * field["max_count"]
        whole = bytes([len(texts)]) + b"".join(bytes([len(text)]) + text.encode() for text in texts)
        return texts, whole, (*texts, "")
    values = (np.arange(field["max"]) * 7 + number).astype(np.uint8).view(np.int8).astype(ITEMS[field["of"]])
    return values, struct.pack("<H", len(values)) + values.tobytes(), np.append(values, values[:1])


@pytest.mark.parametrize("row", DESCRIBED["message"], ids=lambda row: row["name"])
def test_a_message_lies_in_its_bytes_as_described(row):
    kind = class_of(row)
    assert row["type"] == kind.TYPE
    assert row["name"].upper() == kind.NAME
    assert MESSAGES[row["type"]] is kind
    examples = {field["name"]: example(field, number) for number, field in enumerate(row["fields"])}
    message = kind(**{name: value for name, (value, _, _) in examples.items()})
    body = b"".join(whole for _, whole, _ in examples.values())
    assert message.encode() == body
    assert kind.decode(body) == message
    assert len(body) + 6 <= DESCRIBED["max_frame_bytes"]
    for field in row["fields"]:
        name = field["name"]
        assert getattr(kind, f"MAX_{name.upper()}", field.get("max")) == field.get("max")
        with pytest.raises(WireError, match=f"{kind.NAME}: {name} (is|has) "):
            dataclasses.replace(message, **{name: examples[name][2]}).encode()
        if field["type"] == "texts":
            with pytest.raises(WireError, match=f"{kind.NAME}: {name} has {field['max'] + 1} bytes"):
                dataclasses.replace(message, **{name: ("z" * (field["max"] + 1),)}).encode()


@pytest.mark.parametrize("row", DESCRIBED["message"], ids=lambda row: row["name"])
def test_what_is_longer_than_a_field_is_refused_by_who_reads_it(row):
    kind = class_of(row)
    limited = [field for field in row["fields"] if field["type"] in ("text", "texts", "list")]
    examples = {field["name"]: example(field, number)[1] for number, field in enumerate(row["fields"])}
    for field in limited:
        head = struct.pack("<H" if field["type"] == "list" else "<B", field.get("max_count", field["max"]) + 1)
        body = b"".join(head if name == field["name"] else whole for name, whole in examples.items())
        with pytest.raises(WireError, match=f"{kind.NAME}: .* are allowed"):
            kind.decode(body + bytes(500))
        if field["type"] == "texts":
            long = bytes([1, field["max"] + 1]) + b"z" * (field["max"] + 1)
            body = b"".join(long if name == field["name"] else whole for name, whole in examples.items())
            with pytest.raises(WireError, match=f"{kind.NAME}: a text of {field['max'] + 1} bytes; at most"):
                kind.decode(body)


def test_numbers_of_the_description_have_their_names_and_texts():
    said = (messages.PROTOCOL_VERSION, messages.MAX_FRAME_BYTES, messages.MAX_BODY_BYTES)
    assert said == (DESCRIBED["version"], 512, 506)
    assert sorted(MESSAGES) == sorted(row["type"] for row in DESCRIBED["message"])
    for table in DESCRIBED["table"]:
        names = getattr(messages, table["name"].capitalize())
        assert issubclass(names, enum.IntEnum)
        assert {one.name.lower(): one.value for one in names} == {row["name"]: row["value"] for row in table["entries"]}
        texts = getattr(messages, f"{table['name'].upper()}_TEXT")
        assert texts == {row["value"]: row["text"] for row in table["entries"]}
    assert messages.Stop().encode() == b""  # and the codec is what has been asked here


class Port:
    """Nothing is there."""

    name = "p"

    def read_some(self, timeout_s):
        return b""

    def write(self, data):
        """Nowhere."""

    def close(self):
        """Nothing."""


ALIKE = {"SampleBlock", "Inference", "Prediction"}  # hold arrays, for which == has no one answer


@pytest.mark.parametrize(
    ("module", "count"),
    [(messages, len(MESSAGES)), (generate, 4), (text, 5), (text_link, 1), (link, 4), (ports, 1), (eembc, 2)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_told_cannot_be_changed(module, count):
    kinds = [
        one for one in vars(module).values() if dataclasses.is_dataclass(one) and one.__module__ == module.__name__
    ]
    assert len(kinds) == count
    for kind in kinds:
        empty, other = (kind(**{field.name: () for field in dataclasses.fields(kind)}) for _ in range(2))
        assert not hasattr(empty, "__dict__"), kind
        if issubclass(kind, Message):
            assert kind.__eq__ is Message.__eq__
        else:
            assert (empty == other) == (kind.__name__ not in ALIKE)
        for field in dataclasses.fields(kind):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(empty, field.name, 1)
    # and one line of each module, by which scripts/mutation_score.py finds this test early
    assert (messages.Stop().encode(), Field("x", "u8", "").max_bytes, text.time_scale("s")) == (b"", 1, 1e6)
    assert (text_link.recognise([]), ports.as_port(Port()).name, link.Link(Port()).place) == (None, "p", "p")
    with pytest.raises(DeviceError, match="no line in 0 s"):
        eembc.Runner(Port(), timeout_s=0).line()


# ---- fields in bytes ----


def test_numbers_are_little_endian_and_texts_and_lists_have_their_length_before_them():
    writer = Writer("M")
    writer.u8("a", 0xAB)
    writer.u16("b", 0x1234)
    writer.u32("c", 0x12345678)
    writer.f32("d", -1.5)
    writer.fixed("e", b"xyz", 3)
    writer.text("f", "aé", 3)
    writer.texts("g", ["p", "", "qr"], 2, 3)
    writer.u8s("h", np.uint8([1, 255]), 2)
    writer.i8s("i", np.int8([-1, 127]), 2)
    writer.f32s("j", np.float32([1.0, -2.0]), 2)
    body = writer.end()
    assert body.hex(" ") == (
        "ab 34 12 78 56 34 12 00 00 c0 bf 78 79 7a 03 61 c3 a9 03 01 70 00 02 71 72 "
        "02 00 01 ff 02 00 ff 7f 02 00 00 00 80 3f 00 00 00 c0"
    )
    reader = Reader("M", body)
    assert (reader.u8(), reader.u16(), reader.u32(), reader.f32()) == (0xAB, 0x1234, 0x12345678, -1.5)
    assert (reader.fixed(3), reader.text(3), reader.texts(2, 3)) == (b"xyz", "aé", ("p", "", "qr"))
    read = (reader.u8s(2), reader.i8s(2), reader.f32s(2))
    assert [values.tolist() for values in read] == [[1, 255], [-1, 127], [1.0, -2.0]]
    assert [values.dtype for values in read] == [np.uint8, np.int8, np.float32]
    assert not any(values.flags.writeable for values in read)
    reader.end()


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda writer: writer.u8("a", 256), "M: a is 256: "),
        (lambda writer: writer.u8("a", -1), "M: a is -1: "),
        (lambda writer: writer.u16("a", 1 << 16), "M: a is 65536: "),
        (lambda writer: writer.u32("a", 1 << 32), "M: a is 4294967296: "),
        (lambda writer: writer.f32("a", 1e39), "M: a is 1e+39: "),
        (lambda writer: writer.fixed("a", b"xy", 3), "M: a has 2 bytes, not 3"),
        (lambda writer: writer.fixed("a", b"wxyz", 3), "M: a has 4 bytes, not 3"),
        (lambda writer: writer.text("a", "éé", 3), "M: a has 4 bytes; at most 3 fit"),
        (lambda writer: writer.text("a", "\t", 3), "M: a has a character that cannot be printed"),
        (lambda writer: writer.texts("a", ["", ""], 3, 1), "M: a has 2 texts; at most 1 fit"),
        (lambda writer: writer.u8s("a", np.zeros(3, np.uint8), 2), "M: a has 3 values; at most 2 fit"),
        (lambda writer: writer.u8s("a", np.zeros(3, np.int8), 9), "M: a is int8[3], not uint8[n]"),
        (lambda writer: writer.i8s("a", np.zeros((1, 1), np.int8), 9), "M: a is int8[1, 1], not int8[n]"),
        (lambda writer: writer.f32s("a", np.zeros(3), 9), "M: a is float64[3], not float32[n]"),
    ],
)
def test_what_does_not_fit_a_field_is_not_written(write, said):
    with pytest.raises(WireError, match=re.escape(said)):
        write(Writer("M"))


@pytest.mark.parametrize(
    ("read", "body", "said"),
    [
        (Reader.u8, b"", "M: 0 bytes, too short for its fields"),
        (Reader.u32, b"abc", "M: 3 bytes, too short for its fields"),
        (Reader.f32, b"abc", "M: 3 bytes, too short for its fields"),
        (lambda reader: reader.text(3), b"\x04abcd", "M: a text of 4 bytes; at most 3 are allowed"),
        (lambda reader: reader.text(3), b"\x03ab", "M: 3 bytes, too short for its fields"),
        (lambda reader: reader.text(3), b"\x01\xff", "M: a text that is not UTF-8"),
        (lambda reader: reader.text(3), b"\x01\n", "M: a text with a character that cannot be printed"),
        (lambda reader: reader.texts(3, 1), b"\x02\0\0", "M: 2 texts; at most 1 are allowed"),
        (lambda reader: reader.u8s(1), b"\x02\0ab", "M: 2 values; at most 1 are allowed"),
        (lambda reader: reader.f32s(1), b"\x01\0abc", "M: 5 bytes, too short for its fields"),
        (Reader.end, b"abc", "M: 3 bytes, 3 more than its fields"),
    ],
)
def test_bytes_that_are_no_field_are_not_read(read, body, said):
    with pytest.raises(WireError, match=re.escape(said)):
        read(Reader("M", body))


def test_a_message_is_what_its_bytes_are():
    assert messages.Label(1, "a") == messages.Label(1, "a")
    assert messages.Label(1, "a") != messages.Label(1, "b")
    assert messages.Infer(1) != messages.UpdateBegin(1)  # the same bytes under another type
    assert messages.Infer(1) != b"\x01\0\0\0"
    assert len({messages.Infer(1), messages.Infer(1), messages.UpdateBegin(1), messages.Infer(2)}) == 3


# ---- the generator ----


def field(kind, **more):
    return Field("x", kind, "doc", **more)


@pytest.mark.parametrize(
    ("one", "max_bytes", "python", "write", "read", "prose", "c"),
    [
        (field("u8"), 1, "int", 'u8("x", self.x)', "u8()", "u8", "uint8_t"),
        (field("u16"), 2, "int", 'u16("x", self.x)', "u16()", "u16", "uint16_t"),
        (field("u32"), 4, "int", 'u32("x", self.x)', "u32()", "u32", "uint32_t"),
        (field("f32"), 4, "float", 'f32("x", self.x)', "f32()", "f32", "float"),
        (field("bytes", limit=9), 9, "bytes", 'fixed("x", self.x, 9)', "fixed(9)", "bytes[9]", ""),
        (field("text", limit=9), 10, "str", 'text("x", self.x, 9)', "text(9)", "text ≤ 9", ""),
        (
            field("texts", limit=9, count_limit=3),
            31,
            "tuple[str, ...]",
            'texts("x", self.x, 9, 3)',
            "texts(9, 3)",
            "3 x text ≤ 9",
            "",
        ),
        (
            field("list", limit=9, of="f32"),
            38,
            "npt.NDArray[np.float32]",
            'f32s("x", self.x, 9)',
            "f32s(9)",
            "list of f32 ≤ 9",
            "float",
        ),
        (
            field("list", limit=9, of="i8"),
            11,
            "npt.NDArray[np.int8]",
            'i8s("x", self.x, 9)',
            "i8s(9)",
            "list of i8 ≤ 9",
            "int8_t",
        ),
    ],
    ids=lambda value: value.type if isinstance(value, Field) else "",
)
def test_a_field_in_both_languages(one, max_bytes, python, write, read, prose, c):
    assert (one.max_bytes, one.python_type, one.python_write, one.python_read) == (max_bytes, python, write, read)
    assert (one.prose, one.c_type) == (prose, c)


def test_where_fields_lie_in_a_message():
    fields = (field("u8"), dataclasses.replace(field("u32"), name="y"), Field("z", "list", "doc", limit=5, of="u8"))
    whole = MessageSpec("two_words", 1, from_host=True, doc="", reply="", fields=fields)
    assert (whole.class_name, whole.max_bytes, whole.fixed_bytes) == ("TwoWords", 1 + 4 + 2 + 5, 1 + 4 + 2)
    assert [whole.offset(one) for one in fields] == [0, 1, 5]
    assert (whole.list_field, fields[2].item_bytes) == (fields[2], 1)
    assert dataclasses.replace(whole, fields=fields[:2]).list_field is None
    assert dataclasses.replace(whole, fields=()).list_field is None
    assert Protocol(1, 64, (), ()).max_body_bytes == 58


HEAD = "version = 1\nmax_frame_bytes = 64\n"
TABLE = """[[table]]
name = "t"
doc = "T."
entries = [{ value = %d, name = "%s", text = "x" }, { value = 1, name = "b", text = "x" }]
"""
MESSAGE = '[[message]]\nname = "%s"\ntype = %d\nfrom = "%s"\ndoc = "A."\n%sfields = [%s]\n'
BYTE = '{ name = "x", type = "u8", doc = "x" }'


def message(name="a", number=1, side="host", more="", fields=BYTE):
    return MESSAGE % (name, number, side, more, fields)


def test_a_description_is_read_to_its_last_key():
    many = """{ name = "x", type = "texts", max = 3, max_count = 2, doc = "d" },
              { name = "y", type = "u8", table = "t", doc = "e" }"""
    text = HEAD + TABLE % (0, "a") + message(more='reply = "d"\n') + message("d", 0x80, "device", fields=many)
    read = generate.parse_protocol(text)
    assert read.tables == (ValueTable("t", "T.", ((0, "a", "x"), (1, "b", "x"))),)
    assert read.messages == (
        MessageSpec("a", 1, from_host=True, doc="A.", reply="d", fields=(Field("x", "u8", "x"),)),
        MessageSpec(
            "d",
            0x80,
            from_host=False,
            doc="A.",
            reply="",
            fields=(Field("x", "texts", "d", limit=3, count_limit=2), Field("y", "u8", "e", table="t")),
        ),
    )


@pytest.mark.parametrize(
    "text",
    [
        HEAD.replace("64", "6"),
        HEAD.replace("1", "255", 1),
        HEAD + TABLE % (255, "a"),
        HEAD + message(number=0x7F) + message("d", 0x80, "device") + message("e", 0xFF, "device"),
        HEAD + message(number=0, fields='{ name = "x", type = "list", of = "u8", max = 56, doc = "x" }'),
        HEAD + message(fields=""),
    ],
)
def test_descriptions_at_their_limits(text):
    generate.parse_protocol(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD.replace("64", "5"), "max_frame_bytes: 5 is out of range"),
        (HEAD.replace("1", "0", 1), "version: 0 is out of range"),
        (HEAD.replace("1", "256", 1), "version: 256 is out of range"),
        (HEAD + TABLE % (256, "a"), "value: 256 is out of range"),
        (HEAD + TABLE % (-1, "a"), "value: -1 is out of range"),
        (HEAD + TABLE % (1, "a"), "entries: value: 1 is there twice"),
        (HEAD + TABLE % (0, "b"), "entries: name: 'b' is there twice"),
        (HEAD + TABLE % (0, "a") + TABLE % (0, "a"), "table: name: 't' is there twice"),
        (HEAD + TABLE.replace("doc", "dock") % (0, "a"), 'dock: unknown key; did you mean "doc"?'),
        (HEAD + TABLE.replace('text = "x" }, {', 'text = "x", y = 1 }, {') % (0, "a"), "y: unknown key"),
        (HEAD + TABLE % (0, "a") + "z = 1\n", "z: unknown key"),
        (HEAD + message(number=0x100, side="device"), "type: 256 is out of range"),
        (HEAD + message(number=-1), "type: -1 is out of range"),
        (HEAD + message(number=0x80), "type: is 0x80; the host has 0x00..0x7f, the device 0x80..0xff"),
        (HEAD + message(number=0x7F, side="device"), "type: is 0x7f"),
        (HEAD + message() + message(number=2), "message: name: 'a' is there twice"),
        (HEAD + message() + message("b"), "message: type: 1 is there twice"),
        (HEAD + message(more='reply = "a"\n'), 'a.reply: "a": no such message of the device'),
        (HEAD + message(more="z = 1\n"), "z: unknown key"),
        (
            HEAD + message(fields='{ name = "x", type = "text", max = 0, doc = "x" }', side="device", number=128),
            "max: 0",
        ),
        (HEAD + message(fields='{ name = "x", type = "bytes", length = 3, doc = "x" }'), "the host sends numbers, and"),
        (
            HEAD + message(fields='{ name = "y", type = "list", of = "u8", max = 3, doc = "x" }, ' + BYTE),
            "type: the host sends numbers, and one list as the last field; firmware checks one length",
        ),
        (
            HEAD + message(fields='{ name = "x", type = "list", of = "u8", max = 57, doc = "x" }'),
            "fields: take up to 59 bytes; a body holds 58",
        ),
        (HEAD + message(fields='{ name = "x", type = "list", of = "u16", max = 5, doc = "x" }'), "of: "),
        (
            HEAD
            + message(
                side="device", number=128, fields='{ name = "x", type = "texts", max = 3, max_count = 0, doc = "x" }'
            ),
            "max_count: 0",
        ),
    ],
)
def test_a_wrong_description_says_where(text, said):
    with pytest.raises(ConfigError) as caught:
        generate.parse_protocol(text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("protocol.toml: ")


def test_files_are_written_where_they_belong_and_compared(tmp_path, monkeypatch):
    python, document, common = tmp_path / "messages.py", tmp_path / "docs" / "protocol.md", tmp_path / "common"
    document.parent.mkdir()
    common.mkdir()
    monkeypatch.setattr(generate, "PYTHON_FILE", python)
    monkeypatch.setattr(generate, "DOCS_FILE", document)
    monkeypatch.setattr(generate, "firmware_dir", lambda: tmp_path)
    assert generate.main(["--check"]) == 1  # none is there
    assert list(tmp_path.rglob("*.*")) == []
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    written = {
        path.relative_to(tmp_path).as_posix(): path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.*")
    }
    assert sorted(written) == ["common/tfw_protocol.h", "docs/protocol.md", "messages.py"]
    assert written["messages.py"] == Path(messages.__file__).read_text(encoding="utf-8")
    assert written["docs/protocol.md"].endswith("\n")
    assert not written["docs/protocol.md"].endswith("\n\n")
    document.write_text("x", encoding="utf-8")
    assert generate.main(["--check"]) == 1
    generate.main([])
    assert document.read_text(encoding="utf-8") == written["docs/protocol.md"]
    document.unlink()
    document.parent.rmdir()  # an installed package has no documentation
    assert len(generate.render(generate.parse_protocol(HEAD + message()))) == 2
