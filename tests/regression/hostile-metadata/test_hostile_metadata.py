"""Numbers in the TINYFORGE metadata that no float32 holds, and escaped halves of characters, were errors of Python."""

import json
import warnings

import pytest
from small_models import dense, info

from tinyforge.compiler import compile_model
from tinyforge.core.errors import ModelFormatError, UnsupportedModelError
from tinyforge.core.model_info import info_to_json
from tinyforge.runtimes import get_runtime

VALUES = ("null", "-1", "0", "1e400", "1e-320", "1e39", str(10**400), "NaN", "[]", "{}", '"\\u0000*/"', '"\\ud800"',
          "99999999999", "[1e-300, 1e300]", "[0, 0]")  # fmt: skip


def places(said, path=()):
    yield path
    items = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def changed(path, text):
    said = json.loads(info_to_json(info()))
    if not path:
        return text
    inner = said
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = "@"
    return json.dumps(said).replace('"@"', text)


PLACES = list(places(json.loads(info_to_json(info()))))


def outcome(text, folder):
    data = dense(metadata=text.encode())
    try:
        get_runtime("aot").generate(compile_model(data, name="m", place="m.tflite"), folder)
    except UnsupportedModelError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_is_refused_or_written(path, tmp_path):
    for text in VALUES:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            refusal = outcome(changed(path, text), tmp_path)
        assert not refusal or refusal.startswith("m.tflite: metadata TINYFORGE: ")
        assert not refusal or refusal.isprintable()


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 50_000, "1" * 5000, '"' + "a" * 100_000 + '"'])
def test_no_json_object_at_all(text):
    with pytest.raises(ModelFormatError) as caught:
        compile_model(dense(metadata=text.encode()), name="m", place="m.tflite")
    assert len(str(caught.value)) < 200
