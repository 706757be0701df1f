"""The firmware's parser and state machine under random, nearly right and wrong input, with sanitizers."""

import os
import subprocess
from pathlib import Path

import pytest
from tfw_host import (
    COMMON,
    SANITIZER_OPTIONS,
    common_sources,
    compile_c,
    sanitizer_flags,
    toy_info,
    toy_manifest,
    toy_picture,
    toy_sliding,
)
from tfw_host import HERE as HOST_BOARD

from tinyforge.core.resources import firmware_dir
from tinyforge.link import render_model_binding, render_plain_binding

TEXT, PLAIN = "text protocol", "plain model, text protocol"
SLIDES = "that slides"
SOURCE = Path(__file__).with_name("fuzz_firmware.c")
MONOCYPHER = firmware_dir() / "third_party" / "monocypher"


@pytest.fixture(
    scope="module",
    params=[
        "capture only",
        "with a model",
        f"with a model {SLIDES}",
        "with updates",
        f"with updates {SLIDES}",
        TEXT,
        PLAIN,
    ],
)
def program(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    sources, flags = (
        [*common_sources(), SOURCE],
        ("-Wno-missing-prototypes", "-Wno-sign-conversion", *sanitizer_flags()),
    )
    if request.param.startswith("with updates"):
        sources.remove(COMMON / "tfw_update.c")  # fuzz_flash.c includes it
        sources.append(SOURCE.with_name("fuzz_flash.c"))
        flags += (f"-DTFW_UPDATE_KEY={'5a' * 32}", f"-I{MONOCYPHER}", "-Wno-conversion")
    if request.param.endswith(TEXT):
        flags += ("-DTFW_EEMBC", "-DTFW_EEMBC_MOST=100u")
    if request.param != "capture only":
        info = toy_info(10, hop=3)
        manifest = toy_sliding(info) if request.param.endswith(SLIDES) else toy_manifest(info)
        binding = folder / "tfw_model.c"
        plain = request.param == PLAIN
        binding.write_text(render_plain_binding(toy_picture()) if plain else render_model_binding(manifest, info))
        sources += [binding, HOST_BOARD / "toy.c"]
        flags += ("-DTFW_WITH_MODEL", "-DTOY_VALUES=60")
        if request.param.endswith(SLIDES):
            flags += ("-DTFW_SLIDE", "-DTOY_HOP=3", "-DTOY_CHANNELS=6", "-DTOY_SUMS")
    return compile_c(sources, folder / f"fuzz {request.param}", flags)


def run(program, seed, count):
    done = subprocess.run(
        [program, str(seed), str(count)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, **SANITIZER_OPTIONS},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return tuple(map(int, done.stdout.split()))


@pytest.mark.parametrize("seed", range(3))
def test_no_input_crashes_hangs_or_makes_it_send_rubbish(program, seed):
    *signed, received, bad, oversized, sent = run(program, seed, 3_000)
    assert all(count > 100 for count in signed)  # counted as signed, and confirmed
    assert sent > 1_000
    if program.name.endswith(TEXT):
        return  # it knows no frames
    assert received > 3_000  # the generator gets through the CRC
    assert bad > 300
    assert oversized > 100


@pytest.mark.heavy
def test_many_inputs(program):
    run(program, 12345, 60_000)
