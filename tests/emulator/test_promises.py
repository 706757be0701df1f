"""What an export promises, against the linked image: arena, state, constants, stack, flash."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from onelayer import gru, lstm

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError
from tinyforge.firmware import build_bench, read_manifest
from tinyforge.pipeline import models
from tinyforge.runtimes import get_runtime
from tinyforge.toolchain import ArmToolchain, find_arm_toolchain, read_image
from tinyforge.toolchain.stack import stack_bytes
from tinyforge.virtual.machine import RAM_BASE
from tinyforge.virtual.measure import profile

pytestmark = pytest.mark.emulator

YARDSTICKS = ("hello", "g_dense", "g_cnn", "g_cnnflat", "g_lstm", "kws", "sww", "vww", "ic", "ad")
FEW = ("g_cnn", "g_lstm", "sww")
VARIANTS = [(name, "dsp", "gcc") for name in YARDSTICKS]
VARIANTS += [(name, variant, kind) for name in FEW for variant, kind in (("portable", "gcc"), ("dsp", "zig"))]
DATA = Path(os.environ.get("TINYFORGE_DATA", Path(__file__).parents[3] / "shared" / "data"))
ZOO = sorted((DATA / "tflite_zoo" / "int8").glob("*.tflite"))
#: What once stood far above the measured stack: each takes another way through the same operators.
SAMPLE = ("tflm__micro_speech", "tinymaix__mnist_valid", "ml-example__cnn_s", "tflm__trained_lstm", "mltk__fingerprint")
#: Bytes the predicted stack may lie above the measured one.
STACK_SLACK = 16
STRUCTURE = re.compile(r"^static const (tfg_\w+_t) (\w+) = \{", re.MULTILINE)
ARRAY = re.compile(r"^static const \w+ (\w+)\[\d+\]", re.MULTILINE)


def toolchain_of(kind):
    if kind == "zig":
        import sys

        pytest.importorskip("ziglang")
        return ArmToolchain("zig", (sys.executable, "-m", "ziglang", "cc"), "ziglang wheel")
    found = find_arm_toolchain()
    if found.kind != kind:
        pytest.skip("no arm-none-eabi-gcc")
    return found


@pytest.mark.parametrize(("name", "variant", "kind"), VARIANTS, ids=["-".join(parts) for parts in VARIANTS])
def test_promises(name, variant, kind, models_dir, tmp_path):
    holds((models_dir / f"{name}.tflite").read_bytes(), name, variant, kind, tmp_path)


@pytest.mark.parametrize("kind", [lstm, gru])
@pytest.mark.parametrize("zeros", [0.0, 0.8])
@pytest.mark.parametrize("variant", ["dsp", "portable"])
def test_promises_of_recurrent_layers(kind, zeros, variant, tmp_path):
    """Packed and plain; of a GRU no yardstick has one."""
    rng = np.random.default_rng(5)
    shapes = [(4 if kind is lstm else 3, 17, length) for length in (5, 17)]
    weights = [(rng.integers(-127, 128, shape) * (rng.random(shape) >= zeros)).astype(np.int8) for shape in shapes]
    holds(kind(12, *weights), "net.tflite", variant, "gcc", tmp_path)


@pytest.mark.parametrize("start", SAMPLE)
def test_promises_of_a_sample_of_the_zoo(start, tmp_path):
    found = [path for path in ZOO if path.name.startswith(start)]
    if not found:
        pytest.skip(f"no zoo in {DATA}")
    holds(found[0].read_bytes(), found[0].name, "dsp", "gcc", tmp_path)
    explains(found[0], tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("path", ZOO, ids=[path.stem for path in ZOO])
def test_promises_of_the_zoo(path, tmp_path):
    try:
        holds(path.read_bytes(), path.name, "dsp", "gcc", tmp_path)
    except UnsupportedModelError as refused:
        pytest.skip(f"refused: {refused}")
    explains(path, tmp_path)


def explains(path, tmp_path):
    """``export --explain`` says what ``profile`` finds in the image that it links for itself and runs."""
    said, measured = models.export(path, tmp_path / "out", link=True), models.profile(path)
    linked = said["linked"]
    assert linked["flash_bytes"] == measured["flash_bytes"]
    assert measured["stack_bytes"] <= linked["stack_bytes"] <= measured["stack_bytes"] + STACK_SLACK
    assert linked["ram_bytes"] == measured["ram_bytes"] - measured["stack_bytes"]
    assert linked["ram_bytes"] >= said["arena_bytes"] + said["state_bytes"]
    assert linked["flash_bytes"] >= said["weight_bytes"] + said["parameter_bytes"]


def holds(data, name, variant, kind, tmp_path):
    manifest = get_runtime("aot").generate(compile_model(data, name="net", place=name), tmp_path)
    elf = build_bench(tmp_path, tmp_path / "bench.elf", variant=variant, toolchain=toolchain_of(kind))
    image = read_image(elf)
    sizes = {symbol.name: symbol for symbol in image.symbols}

    assert (sizes["arena"].bytes if "arena" in sizes else 0) == manifest.arena_bytes
    assert sum(s.bytes for s in image.symbols if re.fullmatch(r"state_\d+", s.name)) == manifest.state_bytes

    source = (tmp_path / "net.c").read_text()
    arrays, structures = ARRAY.findall(source), [found[1] for found in STRUCTURE.findall(source)]
    assert len(structures) == len(manifest.layers)
    assert sum(sizes[array].bytes for array in arrays) == manifest.weight_bytes
    assert sum(sizes[structure].bytes for structure in structures) == manifest.parameter_bytes
    assert all(sizes[constant].address < RAM_BASE for constant in (*arrays, *structures))  # never copied to RAM
    assert not any(section.name == ".data" and section.bytes for section in image.sections)

    measured = profile(elf, read_manifest(tmp_path))
    bound = stack_bytes(image, "net_invoke")
    assert measured.stack_bytes <= bound <= measured.stack_bytes + STACK_SLACK


def test_explain_says_what_profile_measures(models_dir, tmp_path):
    explains(models_dir / "g_lstm.tflite", tmp_path)


def test_explain_without_a_compiler(models_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYFORGE_ARM_CC", "/nowhere/gcc")
    said = models.export(models_dir / "hello.tflite", tmp_path / "out", link=True)
    assert "TINYFORGE_ARM_CC" in said["linked"]["reason"]
    assert (tmp_path / "out" / "hello.c").is_file()
