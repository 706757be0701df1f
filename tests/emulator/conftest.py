"""Images for the emulator: small programs linked with the board's own startup and HAL, without PlatformIO."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from emulator_programs import TINY_SOURCES

from tinyforge.boards import load_board
from tinyforge.core.resources import firmware_dir
from tinyforge.firmware import build
from tinyforge.toolchain import ArmToolchain, find_arm_toolchain

ZIG = ArmToolchain("zig", (sys.executable, "-m", "ziglang", "cc"), "ziglang wheel")
HOME = firmware_dir() / "virtual_m4"

for folder in ("ops", "unit/compiler"):  # the small models of the compiler's tests
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))

MakeImage = Callable[..., Path]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `tinyforge export` writes it, of a model made for these tests."""
    folder = tmp_path_factory.mktemp("tiny model")
    for name, text in TINY_SOURCES.items():
        (folder / name).write_text(text)
    manifest = {
        "name": "tiny",
        "function": "tiny_invoke",
        "header": "tiny.h",
        "include_dirs": ["."],
        "sources": ["tiny.c", "kernels.c"],
        "input_bytes": 24,
        "output_bytes": 3,
        "arena_bytes": 32,
        "model_sha256": hashlib.sha256(b"tiny").hexdigest(),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    channels = [["ax", "g"], ["ay", "g"], ["az", "g"], ["gx", "dps"], ["gy", "dps"], ["gz", "dps"]]
    info = {
        "version": 1,
        "name": "tiny",
        "labels": ["one", "two", "three"],
        "window": {"length": 4, "hop": 2, "channels": [name for name, _ in channels], "rate_hz": 100.0},
        "channels": channels,
        "preprocessing": {"mean": [0.0] * 6, "std": [1.0] * 6},
    }
    (folder / "model_info.json").write_text(json.dumps(info))
    return folder


@pytest.fixture(params=["found", "zig"])
def toolchain(request: pytest.FixtureRequest) -> ArmToolchain:
    """The compiler that is found, and the one that pip alone installs."""
    if request.param == "found":
        return find_arm_toolchain()
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("the ziglang package is not installed")
    return ZIG


@pytest.fixture(scope="session")
def make_image(tmp_path_factory: pytest.TempPathFactory) -> MakeImage:
    """Links C text with startup, memory functions and HAL of the virtual board; the same text is linked once."""
    known: dict[str, Path] = {}

    def make(text: str, *, compiler: ArmToolchain | None = None, main: bool = False, optimize: str = "-O2") -> Path:
        """`text` holds tfw_setup and tfw_loop; with `main` it holds main itself."""
        used = compiler or find_arm_toolchain()
        key = f"{text}{used}{main}{optimize}"
        if key not in known:
            folder = tmp_path_factory.mktemp("image")
            (folder / "app.c").write_text(text)
            sources = [HOME / "src" / name for name in ("startup.c", "memory.c", "hal.c")] + [folder / "app.c"]
            sources += [] if main else [HOME / "src" / "main.c"]
            includes = [HOME / "src", firmware_dir() / "common"]
            objects = used.compile_objects(sources, folder, [optimize], includes)
            known[key] = used.link(objects, HOME / "virtual_m4.ld", folder / "image.elf")
        return known[key]

    return make


@pytest.fixture(params=["native", "python"])
def tracing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both forms of the hooks."""
    monkeypatch.setenv("TINYFORGE_VIRTUAL_NATIVE", "1" if request.param == "native" else "0")
    return str(request.param)


@pytest.fixture(scope="session")
def virtual_firmware(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole firmware with the tiny model, built by PlatformIO."""
    return build(load_board("virtual"), tmp_path_factory.mktemp("firm ware"), model_dir=tiny_model).elf
