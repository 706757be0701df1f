"""20 000 damaged models: compiled or refused, in time and in bounds; some of what is compiled equals LiteRT."""

import itertools
import json
import math
import random
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from deep_check import DeepCheck
from fuzz_reader import PLACE, Corpus, general, message_fault, own_models, plan_fault
from model_sites import Sites
from mutate_model import byte_mutant, field_mutant

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError

COUNT, SEED, RUN = 20_000, 20261121, 24
FUZZER = Path(__file__).with_name("fuzz_reader.py")


@pytest.fixture(scope="module")
def corpus():
    return Corpus.load(public=False)


def test_damaged_models_are_compiled_or_refused(tmp_path):
    command = [sys.executable, str(FUZZER), "--own", "--count", str(COUNT), "--seed", str(SEED)]
    command += ["--out", str(tmp_path / "defects"), "--report", str(tmp_path / "report.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["count"] == COUNT
    assert sum(report["kinds"].values()) == COUNT
    assert report["slowest"] < 2
    # the mutants are worth something: they get past the frame, into the operators, and out again
    assert report["kinds"]["ModelFormatError"] > COUNT // 4
    assert report["kinds"]["UnsupportedModelError"] > COUNT // 20
    assert report["kinds"]["compiled"] > COUNT // 10
    assert len(report["accepted"]) > COUNT // 40
    assert len(report["reasons"]) > 250


def test_what_is_compiled_equals_litert_or_litert_refuses_it(corpus, tmp_path):
    chosen, number = [], 0
    while len(chosen) < RUN:
        number += 1
        data = corpus.mutant(SEED, number, "fields")[1]
        try:
            compile_model(data, name="fuzz", place=PLACE)
        except UnsupportedModelError:
            continue
        chosen.append(data)
    with DeepCheck(tmp_path) as deep:
        found = deep.check(chosen)
    assert not [(kind, detail) for kind, detail in found if kind in DeepCheck.DEFECTS]
    assert sum(kind == "equal" for kind, _ in found) > RUN // 2


def outcome(data):
    try:
        compile_model(data, name="fuzz", place=PLACE)
    except UnsupportedModelError as error:
        return message_fault(error) or "refused"
    return "compiled"


@pytest.mark.parametrize("value", [1e-45, 1.2e-38, 1e-20, 1e20, 3.4028234e38], ids=str)
def test_scales_at_the_ends_of_float32(value):
    outcomes = set()
    for name, data in itertools.islice(own_models(), 0, None, 2):
        model = Sites.of(name, data)
        for vector in model.vectors.get("Quantization.scale", ()):
            changed = bytearray(data)
            for site in vector.elements():
                struct.pack_into("<f", changed, site.at, value)
            outcomes.add(outcome(bytes(changed)))
    assert outcomes == {"compiled", "refused"}


def test_a_mutant_is_its_number(corpus):
    again = Corpus.load(public=False)
    for number in (0, 1, 4711):
        assert corpus.mutant(3, number, "both") == again.mutant(3, number, "both")
    assert corpus.mutant(3, 0, "both") != corpus.mutant(4, 0, "both")


def test_sites_lie_where_the_writer_put_them(corpus):
    model = next(found for found in corpus.models if found.name == "conv_net")
    values = {
        role: [struct.unpack_from("<" + site.form, model.data, site.at)[0] for site in sites]
        for role, sites in model.sites.items()
    }
    assert values["Model.version"] == [3]
    assert values["option.stride_h"] == [1, 2]
    assert set(values["Tensor.type"]) == {2, 9}
    scales = [vector.count for vector in model.vectors["Quantization.scale"]]
    assert sorted(scales) == [1, 1, 1, 1, 1, 1, 4, 4]
    axes = [site for vector in model.vectors["constant"] for site in vector.elements()]
    assert [struct.unpack_from("<i", model.data, site.at)[0] for site in axes][-2:] == [1, 2]
    assert model.weights


def test_mutants_differ_from_what_they_are_made_of(corpus):
    rng = random.Random(5)
    same = 0
    for number in range(400):
        model, other = corpus.pick(rng), corpus.pick(rng)
        mutant = byte_mutant(rng, model, other) if number % 2 else field_mutant(rng, model)
        same += mutant == model.data
    assert same < 60


def test_plans_are_judged():
    compiled = compile_model(dict(own_models())["conv_net"], name="m", place=PLACE)
    assert not plan_fault(compiled)
    plan = compiled.plan
    together = replace(plan, slots=tuple(replace(slot, offset=0) for slot in plan.slots))
    assert plan_fault(replace(compiled, plan=together)).endswith("share bytes")
    assert plan_fault(replace(compiled, plan=replace(plan, arena_bytes=4))).endswith("outside of the arena")
    short = replace(plan, slots=tuple(replace(slot, last=slot.first) for slot in plan.slots))
    assert "outside of its time" in plan_fault(replace(compiled, plan=short))
    assert plan_fault(replace(compiled, layers=compiled.layers[:-1])) == "nothing writes an output"
    assert "reads what nothing has written" in plan_fault(replace(compiled, layers=compiled.layers[1:]))


def test_messages_are_judged():
    def fault(place, fact="is wrong", way_out="mend it", kind=UnsupportedModelError):
        return message_fault(kind(place, fact, way_out))

    assert not fault(f'{PLACE}: op #3 ADD: tensor "x"')
    assert not fault(f"{PLACE}: op #3 ADD: no tensor")
    assert not fault(f'{PLACE}: tensor "x"')
    assert fault(f"{PLACE}: op #3 ADD") == "it names no operator and tensor"
    assert fault("elsewhere").startswith("its place is not the file")
    assert fault(f'{PLACE}: tensor "x"', way_out="") == "it lacks a fact or a way out"
    assert fault(f'{PLACE}: tensor "a\nb"') == "it holds characters that do not print"
    assert fault(f'{PLACE}: tensor "x"', fact="x" * 3000).endswith("characters long")
    assert general('tensor "a" has [1, -2] of 3.5e-7, (0.1, 4)') == 'tensor "..." has [] of N, []'
    assert math.isfinite(len(general("nan")))
