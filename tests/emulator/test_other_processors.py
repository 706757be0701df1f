"""The exported C on processors that are no Cortex-M4: compiled for each, run on an emulated one, equal to the last bit.

M0+ and M3 have no DSP instructions and run the portable kernels; M33 and M7 run those of src/dsp. ``-m heavy`` runs the
larger models too.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest

pytest.importorskip("unicorn", reason="the virtual board needs `pip install tinyforge[virtual]`")
import unicorn
from onelayer import gru, layer, lstm
from unicorn import arm_const

from tinyforge.compiler import compile_model
from tinyforge.core.resources import firmware_dir
from tinyforge.pipeline import models
from tinyforge.runtimes import get_runtime
from tinyforge.toolchain import read_image
from tinyforge.toolchain.run import run_tool

GCC = "arm-none-eabi-gcc"
FLASH, RAM, BYTES, BUFFERS = 0x0000_1000, 0x2000_0000, 4 << 20, 0x2030_0000
BACK = 0x0000_0800  # where functions return to: nothing runs there
PROCESSORS = {  # compiler's name, emulated processor, whether it has DSP instructions
    "M0+": ("cortex-m0plus", arm_const.UC_CPU_ARM_CORTEX_M0, False),
    "M3": ("cortex-m3", arm_const.UC_CPU_ARM_CORTEX_M3, False),
    "M33": ("cortex-m33", arm_const.UC_CPU_ARM_CORTEX_M33, True),
    "M7": ("cortex-m7", arm_const.UC_CPU_ARM_CORTEX_M7, True),
}
QUICK = ("hello", "g_dense", "g_cnn", "g_lstm", "kws")
MODELS = [*QUICK, *(pytest.param(name, marks=pytest.mark.heavy) for name in ("g_cnnflat", "sww", "vww", "ic", "ad"))]


def linked(data, processor, folder):
    """The model as an image for that processor, and its functions' names."""
    cpu, _, dsp = PROCESSORS[processor]
    manifest = get_runtime("aot").generate(compile_model(data, name="net", place="net.tflite"), folder)
    sources = [str(folder / name) for name in (manifest.sources_dsp if dsp else manifest.sources)]
    sources.append(str(firmware_dir() / "virtual_m4" / "src" / "memory.c"))
    includes = [f"-I{folder / name}" for name in manifest.include_dirs]
    flags = [f"-mcpu={cpu}", "-mthumb", "-mfloat-abi=soft", "-O2", "-std=c99", "-ffreestanding", "-nostdlib"]
    flags += ["-ffunction-sections", "-Wl,--gc-sections", f"-Wl,-e,{manifest.function}", f"-Wl,-Ttext={FLASH:#x}"]
    flags += [f"-Wl,-Tdata={RAM:#x}", *([f"-Wl,-u,{manifest.reset}"] if manifest.reset else [])]
    out = folder / "net.elf"
    run_tool([GCC, *flags, *includes, *sources, "-lgcc", "-o", str(out)], doing=f"compiling for {cpu}")
    return read_image(out), manifest


def outputs(image, manifest, processor, inputs):
    """Outputs of all inputs."""
    uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    uc.ctl_set_cpu_model(PROCESSORS[processor][1])
    uc.mem_map(0, BYTES)
    uc.mem_map(RAM, BYTES)
    for segment in image.segments:
        uc.mem_write(segment.address, segment.data)

    def call(name, *arguments):
        uc.reg_write(arm_const.UC_ARM_REG_SP, BUFFERS - 64)
        uc.reg_write(arm_const.UC_ARM_REG_LR, BACK | 1)
        for register, value in zip((arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1), arguments, strict=False):
            uc.reg_write(register, value)
        uc.emu_start(image.symbol(name).address | 1, BACK)

    found = []
    for given in inputs:
        if manifest.reset:
            call(manifest.reset)
        at = BUFFERS + manifest.input_bytes
        uc.mem_write(BUFFERS, given.tobytes())
        call(manifest.function, BUFFERS, at)
        found.append(np.frombuffer(bytes(uc.mem_read(at, manifest.output_bytes)), np.int8))
    return found


@pytest.mark.emulator
@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("model", MODELS)
def test_exact(model, processor, models_dir, tmp_path):
    if shutil.which(GCC) is None:
        pytest.skip(f"no {GCC} on PATH")
    golden = np.load(models_dir / f"{model}.golden.npz")
    image, manifest = linked((models_dir / f"{model}.tflite").read_bytes(), processor, tmp_path)
    found = outputs(image, manifest, processor, golden["inputs"][:2])
    for one, expected in zip(found, golden["outputs"], strict=False):
        assert np.array_equal(one, expected.reshape(-1))
    assert len(found) == 2


FEW_CHANNELS = [
    ("conv_2d", 6, 8, 1),
    ("conv_2d", 6, 1, 8),
    ("conv_2d", 6, 1, 1),
    ("conv_1d", 21, 3, 5),
    ("depthwise k5", 21, 3, 3),
    ("fully_connected", 2, 39, 1),
]


@pytest.mark.heavy
@pytest.mark.emulator
@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("shape", FEW_CHANNELS, ids=str)
def test_few_channels(shape, processor, tmp_path):
    if shutil.which(GCC) is None:
        pytest.skip(f"no {GCC} on PATH")
    image, manifest = linked(layer(*shape), processor, tmp_path)
    inputs = np.random.default_rng(1).integers(-128, 128, (3, manifest.input_bytes)).astype(np.int8)
    expected = models.run_export(tmp_path, inputs, on="host")
    assert np.array_equal(outputs(image, manifest, processor, inputs), expected.reshape(3, -1))


@pytest.mark.emulator
@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("kind", [lstm, gru])
def test_packed_gates(kind, processor, tmp_path):
    if shutil.which(GCC) is None:
        pytest.skip(f"no {GCC} on PATH")
    rng, shapes = np.random.default_rng(2), [(4 if kind is lstm else 3, 19, length) for length in (6, 19)]
    weights = [(rng.integers(-127, 128, shape) * (rng.random(shape) < 0.2)).astype(np.int8) for shape in shapes]
    image, manifest = linked(kind(9, *weights), processor, tmp_path)
    assert manifest.layers[0].kernel == f"tfg_{kind.__name__}_packed_s8"
    inputs = rng.integers(-128, 128, (3, manifest.input_bytes)).astype(np.int8)
    expected = models.run_export(tmp_path, inputs, on="host")
    assert np.array_equal(outputs(image, manifest, processor, inputs), expected.reshape(3, -1))
