"""Generated C and kernels under AddressSanitizer, UndefinedBehaviorSanitizer and GCC's -fanalyzer: silent.

python -m pytest -m heavy tests/ops/test_zoo_sanitizers.py      every model of the zoo; otherwise a fixed sample
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from opbench import case_files, random_inputs
from sanitized import Program, kernels_archive, nasty_inputs

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.resources import csrc_dir
from tinyforge.runtimes.aot.generate import ModelView

DATA = Path(os.environ.get("TINYFORGE_DATA", Path(__file__).parents[3] / "shared" / "data"))
ZOO, YARDSTICKS = DATA / "tflite_zoo", DATA.parent / "bench" / "models"
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-std=c99")
ANALYZER = ("-fanalyzer", "-O1", "-c", "-o", "/dev/null")
ARM = ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
MOST_MACS = 30_000_000  # an inference of more takes half a minute here

#: One of each kind of network: convolutions of every sort, LSTM, streams with variables, residual additions, detection
#: heads with resizing and concatenation, float boundaries, several inputs.
SAMPLE = (
    "bench/hello",
    "bench/g_cnn",
    "bench/g_lstm",
    "bench/sww",
    "int8/magic_wand__quantized_model__6425510f",
    "int8/mltk__fingerprint_reader__81c8e1ee",
    "int8/mltk__keyword_spotting_pacman__4696519f",
    "int8/mww__vad__7aa4db6d",
    "int8/test_data__keras_lstm_mnist_ptq__ac718e4b",
    "int8/tinymaix__mnist_resnet_q__b8619232",
    "int8/tiny__kws_ref_model__aeea4368",
    "int8/tflm__simple_add_model__ae543588",
)

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")


def path_of(name: str) -> Path:
    folder, stem = name.split("/")
    return (YARDSTICKS if folder == "bench" else ZOO / folder) / f"{stem}.tflite"


def all_names() -> list[str]:
    """Every model that is here."""
    found = [f"bench/{path.stem}" for path in sorted(YARDSTICKS.glob("*.tflite"))]
    return found + [f"{path.parent.name}/{path.stem}" for path in sorted(ZOO.glob("*/*.tflite"))]


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    return kernels_archive(tmp_path_factory.mktemp("kernels"))


def analyzed(source: Path, includes: list[Path], compiler: tuple[str, ...] = ("gcc",)) -> str:
    """What GCC has to say of a file, warnings as errors; empty when nothing."""
    command = [*compiler, *STRICT, *ANALYZER, *(f"-I{path}" for path in includes), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{source.name}:\n{done.stderr[-3000:]}" if done.returncode or done.stderr else ""


def silent(name: str, archive: Path, tmp_path: Path) -> None:
    """One model: strict warnings, analyzer, and both forms of its arena with several inputs and patterns."""
    path = path_of(name)
    compiled = compile_model(path.read_bytes(), name="net", place=name)
    view = ModelView(compiled)
    (tmp_path / "net.h").write_text(view.header())
    (tmp_path / "net.c").write_text(view.source())
    assert not analyzed(tmp_path / "net.c", [tmp_path, csrc_dir() / "include"])
    if compiled.macs > MOST_MACS:
        inputs = nasty_inputs(compiled)[-1:]
    else:
        inputs = [*nasty_inputs(compiled), *random_inputs(compiled, 2, np.random.default_rng(7))]
    together = Program([compiled], tmp_path / "together", archive)
    first = together.run(0, inputs, pattern=0x55)
    assert together.run(0, inputs, pattern=0xAA) == first, "reads what nobody wrote"
    if compiled.states:
        going_on = together.run(0, inputs, pattern=0x55, sequence=True)
        assert together.run(0, inputs, pattern=0xAA, sequence=True) == going_on
    if compiled.plan.slots:
        assert Program([compiled], tmp_path / "apart", archive, split=True).run(0, inputs, pattern=0x55) == first, (
            "tensors that are needed at the same time share bytes"
        )


@pytest.mark.skipif(not ZOO.is_dir(), reason=f"no models in {ZOO}")
@pytest.mark.parametrize("name", SAMPLE)
def test_sample(name, archive, tmp_path):
    silent(name, archive, tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("name", all_names())
def test_zoo(name, archive, tmp_path):
    try:
        silent(name, archive, tmp_path)
    except UnsupportedModelError as refused:
        pytest.skip(f"refused: {refused}")


def operator_models(count, seed):
    """Compiled cases of every operator's file, ``count`` each."""
    found = []
    for stem, cases in case_files().items():
        rng = np.random.default_rng([seed, *stem.encode()])
        for case in itertools.islice(cases(rng), count):
            found.append((compile_model(case.data, name=f"case_{len(found)}", place=f"{stem}: {case.name}"), case))
    return found


def operators_are_silent(count, seed, archive, tmp_path, cc="gcc"):
    pairs = operator_models(count, seed)
    models = [compiled for compiled, _ in pairs]
    together = Program(models, tmp_path / "together", archive, cc=cc)
    apart = Program(models, tmp_path / "apart", archive, split=True, cc=cc)
    for number, (compiled, case) in enumerate(pairs):
        inputs = [*(case.given or random_inputs(compiled, 2, np.random.default_rng(number)))]
        if case.given is None:
            inputs += nasty_inputs(compiled, number)
        first = together.run(number, inputs, pattern=0x55, sequence=case.sequence)
        assert together.run(number, inputs, pattern=0xAA, sequence=case.sequence) == first, case.name
        assert apart.run(number, inputs, pattern=0x55, sequence=case.sequence) == first, case.name


def test_operators(archive, tmp_path):
    operators_are_silent(2, 2, archive, tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(20))
def test_many_operators(seed, archive, tmp_path):
    operators_are_silent(4, 100 + seed, archive, tmp_path)


@pytest.mark.heavy
@pytest.mark.skipif(shutil.which("clang") is None, reason="no clang")
def test_operators_with_clang(tmp_path):
    operators_are_silent(4, 1, kernels_archive(tmp_path / "kernels", "clang"), tmp_path, "clang")


def test_kernels_under_the_analyzer():
    sources = sorted((csrc_dir() / "src" / "portable").glob("*.c"))
    assert len(sources) > 40
    assert "".join(analyzed(source, [csrc_dir() / "include"]) for source in sources) == ""


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc")
def test_dsp_kernels_under_the_analyzer():
    sources = sorted((csrc_dir() / "src" / "dsp").glob("*.c"))
    assert len(sources) > 5
    assert "".join(analyzed(source, [csrc_dir() / "include"], ARM) for source in sources) == ""


# Each check can fail: a plan or a program with one fault.


def yardstick(name="g_cnn"):
    path = path_of(f"bench/{name}")
    if not path.is_file():
        pytest.skip(f"no models in {YARDSTICKS}")
    return compile_model(path.read_bytes(), name="net", place=name)


def with_slots(compiled, change):
    plan = compiled.plan
    return replace(compiled, plan=replace(plan, slots=tuple(change(slot) for slot in plan.slots)))


def test_tensors_that_meet_are_found(archive, tmp_path):
    wrong = with_slots(yardstick(), lambda slot: replace(slot, offset=0))
    inputs = nasty_inputs(wrong)
    together = Program([wrong], tmp_path / "together", archive).run(0, inputs, pattern=0)
    assert Program([wrong], tmp_path / "apart", archive, split=True).run(0, inputs, pattern=0) != together


def test_leaving_a_tensor_is_found(archive, tmp_path):
    wrong = with_slots(yardstick(), lambda slot: replace(slot, bytes=slot.bytes - 1))
    program = Program([wrong], tmp_path, archive, split=True)
    with pytest.raises(AssertionError, match="global-buffer-overflow"):
        program.run(0, nasty_inputs(wrong), pattern=0)


def test_reading_what_nobody_wrote_is_found(archive, tmp_path):
    whole = yardstick()
    wrong = replace(whole, layers=whole.layers[1:])
    program = Program([wrong], tmp_path, archive)
    inputs = nasty_inputs(wrong)
    assert program.run(0, inputs, pattern=0x55) != program.run(0, inputs, pattern=0xAA)


def test_undefined_behaviour_is_found(archive, tmp_path):
    whole = yardstick()
    first, *others = whole.layers
    wrong = replace(whole, layers=(replace(first, params={**first.params, "bias": None}), *others))
    program = Program([wrong], tmp_path, archive)
    with pytest.raises(AssertionError, match=r"runtime error|SEGV"):
        program.run(0, nasty_inputs(wrong), pattern=0)
