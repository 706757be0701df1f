"""The generated codec: every message, every length, and the generator's own checks."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyforge.core.errors import ConfigError
from tinyforge.link import generate, messages
from tinyforge.link.frames import encode_frame
from tinyforge.link.messages import MAX_BODY_BYTES, MESSAGES, Error, Hello, Inference, Samples, WindowPart
from tinyforge.link.wire import WireError

PROTOCOL = generate.parse_protocol(generate.PROTOCOL_FILE.read_text(encoding="utf-8"))
DTYPES = {"u8": np.uint8, "i8": np.int8, "f32": np.float32}


def field_strategy(field):
    if field.type == "list":
        dtype = DTYPES[field.of]
        return st.integers(0, field.limit).map(lambda n: (np.arange(n) * 37 % 251).astype(np.uint8).astype(dtype))
    text = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=field.limit)
    return {
        "u8": st.integers(0, 0xFF),
        "u16": st.integers(0, 0xFFFF),
        "u32": st.integers(0, 0xFFFFFFFF),
        "f32": st.floats(width=32, allow_nan=False),
        "bytes": st.binary(min_size=field.limit, max_size=field.limit),
        "text": text,
        "texts": st.lists(text, max_size=field.count_limit).map(tuple),
    }[field.type]


@pytest.mark.parametrize("spec", PROTOCOL.messages, ids=lambda spec: spec.name)
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_what_is_encoded_is_decoded_and_one_byte_more_or_less_is_refused(spec, data):
    kind = MESSAGES[spec.type]
    message = kind(**{field.name: data.draw(field_strategy(field)) for field in spec.fields})
    body = message.encode()
    assert len(body) <= spec.max_bytes <= MAX_BODY_BYTES
    again = kind.decode(body)
    assert again == message
    assert hash(again) == hash(message)
    for field in spec.fields:
        assert np.array_equal(getattr(again, field.name), getattr(message, field.name))
    with pytest.raises(WireError, match=kind.NAME):
        kind.decode(body + b"\0")
    if body:
        with pytest.raises(WireError, match=kind.NAME):
            kind.decode(body[:-1])


@pytest.mark.parametrize("kind", MESSAGES.values(), ids=lambda kind: kind.NAME)
@given(body=st.binary(max_size=64))
@settings(deadline=None, max_examples=60)
def test_any_bytes_are_a_message_or_an_error(kind, body):
    try:
        message = kind.decode(body)
    except WireError:
        return
    assert message.encode() == body


def test_values_that_do_not_fit_their_field_are_named():
    with pytest.raises(WireError, match="SAMPLES: first_index is -1"):
        Samples(-1, 0, 6, np.zeros(0, np.float32)).encode()
    with pytest.raises(WireError, match="SAMPLES: values has 121 values; at most 120 fit"):
        Samples(0, 0, 6, np.zeros(121, np.float32)).encode()
    with pytest.raises(WireError, match=r"SAMPLES: values is float64\[6\], not float32\[n\]"):
        Samples(0, 0, 6, np.zeros(6)).encode()
    with pytest.raises(WireError, match="ERROR: text has 49 bytes; at most 48 fit"):
        Error(1, 2, "x" * 49).encode()


@pytest.mark.parametrize("text", [b"\x1b[2J", b"\xff\xfe", b"a\nb"])
def test_a_device_cannot_send_control_characters(text):
    with pytest.raises(WireError, match="ERROR: a text"):
        Error.decode(bytes((1, 2, len(text))) + text)


def test_a_list_count_beyond_its_limit_is_refused_before_it_is_read():
    with pytest.raises(WireError, match="INFERENCE: 65535 values; at most 255 are allowed"):
        Inference.decode(bytes(26 - 4) + b"\xff\xff")


def test_equal_only_when_of_the_same_kind():
    assert Samples(1, 2, 6, np.ones(6, np.float32)) == Samples(1, 2, 6, np.ones(6, np.float32))
    assert Samples(1, 2, 6, np.ones(6, np.float32)) != Samples(1, 2, 6, np.zeros(6, np.float32))
    assert messages.Stop() != messages.StatsRequest()


def test_generated_files_are_current():
    for path, text in generate.render(PROTOCOL).items():
        assert path.read_text(encoding="utf-8") == text, f"run `python -m tinyforge.link.generate` ({path.name})"
    assert generate.main(["--check"]) == 0


def test_a_request_names_its_reply_and_directions_do_not_overlap():
    by_name = {message.name: message for message in PROTOCOL.messages}
    for message in PROTOCOL.messages:
        assert (message.type < 0x80) == message.from_host
        if message.reply:
            first = min(other.type for other in PROTOCOL.messages if other.reply == message.reply)
            assert by_name[message.reply].type == first | 0x80  # several requests may share a reply
    assert dataclasses.fields(Hello)[0].name == "protocol"  # fixed for all versions
    assert dataclasses.fields(WindowPart)[-1].name == "values"


MINIMAL = """
version = 1
max_frame_bytes = 64
table = []
[[message]]
name = "a"
type = 0x01
from = "host"
doc = "A."
fields = [{ name = "x", type = "u8", doc = "x" }]
"""
WRONG = [
    ("version = 1", "version = ", "not valid TOML"),
    ("max_frame_bytes = 64", "max_frame_byte = 64", 'max_frame_byte: unknown key; did you mean "max_frame_bytes"?'),
    ("version = 1", 'version = "1"', "version: '1' is not a whole number"),
    ("table = []\n", "", ""),
    ("version = 1", "version = 256", "version: 256 is out of range"),
    ('type = "u8"', 'type = "u8", max = 3', "message[0].fields[0].max: unknown key"),
    ('type = "u8"', 'type = "u8", table = "mode"', 'message[0].fields[0].table: "mode": unknown table'),
    ('type = "u8"', 'type = "u9"', 'message[0].fields[0].type: "u9": unknown type; known: bytes, f32'),
    ('type = "u8"', 'type = "list"', "message[0].fields[0].max: is missing"),
    ('type = "u8"', 'type = "list", of = "f32", max = 20', "message[0].fields: take up to 82 bytes; a body holds 58"),
    ('type = "u8"', 'type = "text", max = 3', "the host sends numbers"),
    ("type = 0x01", "type = 0x81", "message[0].type: is 0x81"),
    ('from = "host"', 'from = "moon"', 'message[0].from: "moon": unknown'),
    ('from = "host"', 'from = "host"\nreply = "b"', 'a.reply: "b": no such message of the device'),
    (
        'doc = "x" }]',
        'doc = "x" }, { name = "x", type = "u8", doc = "x" }]',
        "fields: name: 'x' is there twice",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[w[2][:40] or "no table" for w in WRONG])
def test_a_wrong_description_is_refused(old, new, said):
    text = MINIMAL.replace(old, new, 1)
    assert text != MINIMAL
    if not said:
        assert generate.parse_protocol(text).tables == ()
        return
    with pytest.raises(ConfigError) as caught:
        generate.parse_protocol(text, "p.toml")
    assert str(caught.value).startswith("p.toml: ")
    assert said in str(caught.value)


def test_the_examples_of_the_document_are_what_is_sent():
    document = generate.DOCS_FILE.read_text(encoding="utf-8")
    told = {}
    for block in document.split("```\n")[1::2]:
        head, _, wire = block.partition("\n")
        if ", tag " in head:
            told[head.split(",")[0]] = bytes.fromhex(wire)
    sample = np.array([0, -0.5, 1, 0, 0, 90], dtype=np.float32)
    sent = (
        (1, messages.HelloRequest(1)),
        (2, Samples(7, 1_000_000, 6, sample)),
        (3, messages.Stopped(1, 250, 0, 250)),
    )
    assert told == {message.NAME: encode_frame(message.TYPE, tag, message.encode()) for tag, message in sent}


def test_more_scores_than_a_prediction_takes_are_refused():
    numbers = {field.name: 0 for field in dataclasses.fields(messages.Prediction) if field.name != "scores"}
    assert messages.Prediction(**numbers, scores=np.zeros(255, np.int8)).encode()
    with pytest.raises(WireError):
        messages.Prediction(**numbers, scores=np.zeros(256, np.int8)).encode()
