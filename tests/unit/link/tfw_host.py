"""The firmware's application on this machine, under sanitizers, with the real Python link on the other end."""

from __future__ import annotations

import functools
import os
import random
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from tinyforge.core.resources import firmware_dir
from tinyforge.core.types import IMU_CHANNELS, ModelInfo, Preprocessing, WindowSpec
from tinyforge.link import Link, SocketPort, render_model_binding
from tinyforge.toolchain import find_host_cc

HERE = Path(__file__).parent / "host_board"
COMMON = firmware_dir() / "common"
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wmissing-prototypes", "-Werror")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
SANITIZER_OPTIONS = {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
DIGEST = "0123456789abcdef" * 4


def toy_info(length: int = 50, channels=IMU_CHANNELS, hop: int = 25) -> ModelInfo:
    names = tuple(channel.name for channel in channels)
    width = len(channels)
    return ModelInfo(
        "toy",
        ("accelerate", "stop", "slow_down"),
        WindowSpec(length, hop, names, 100.0),
        tuple(channels),
        Preprocessing((0.0,) * width, (1.0,) * width),
    )


def toy_manifest(info: ModelInfo) -> dict:
    return {
        "name": "toy",
        "header": "toy.h",
        "function": "toy_invoke",
        "reset": "toy_reset",
        "input_bytes": info.window.length * len(info.channels),
        "output_bytes": 3,
        "arena_bytes": 640,
        "model_sha256": DIGEST,
    }


def toy_sliding(info: ModelInfo) -> dict:
    """Of toy.c with a function for the new samples of a window that moves by the model's hop."""
    said = {"hop": info.window.hop, "function": "toy_slide", "reset": "toy_slide_reset"}
    return toy_manifest(info) | {"sliding": said | {"preprocess": "toy_preprocess_samples"}}


def toy_picture() -> dict:
    """Of toy.c as a model that says nothing of windows: a picture, whose difference to the output is the result."""
    tensor = {"dtype": "int8", "shape": [1, 5, 4, 3], "scale": 0.5, "zero_point": -128}
    tensors = {"input": tensor, "inputs": [tensor], "output": tensor, "outputs": [tensor]}
    return toy_manifest(toy_info(10)) | tensors


def toy_scores(window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What toy.c gives: quantized input int8 [n], scores int8 [3]."""
    quantized = np.clip(np.trunc(window.astype(np.float64)), -128, 127).astype(np.int8).ravel()
    sums = [int(quantized[k::3].astype(int).sum()) for k in range(3)]
    return quantized, np.clip(sums, -128, 127).astype(np.int8)


@functools.cache
def _folder() -> Path:
    keep = tempfile.TemporaryDirectory(prefix="tfw_host_")
    _folder.keep = keep  # type: ignore[attr-defined]
    return Path(keep.name)


def compile_c(sources: list[Path], out: Path, flags: tuple[str, ...] = ()) -> Path:
    """Build a program with every warning an error."""
    command = [*find_host_cc().command, "-std=c99", "-O1", "-g", *WARNINGS, *flags, f"-I{COMMON}", f"-I{HERE}"]
    done = subprocess.run([*command, *map(str, sources), "-o", str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


@functools.cache
def sanitizer_flags() -> tuple[str, ...]:
    """The sanitizers, or none where the compiler has no libraries for them."""
    source = _folder() / "probe.c"
    source.write_text("int main(void) { return 0; }\n")
    command = [*find_host_cc().command, *SANITIZERS, str(source), "-o", str(_folder() / "probe")]
    return SANITIZERS if subprocess.run(command, capture_output=True, check=False).returncode == 0 else ()


def common_sources() -> list[Path]:
    return sorted(COMMON.glob("*.c"))


@functools.cache
def host_board(info: ModelInfo | None = None, *, slides: bool = False) -> Path:
    """The program: capture-only firmware, or with toy.c as its model, which may take new samples alone."""
    sources = [*common_sources(), HERE / "hal_host.c"]
    flags = ("-DTFW_FIRMWARE_VERSION=9.8.7", "-DTFW_FIRMWARE_DIGEST=00ff1e5a", *sanitizer_flags())
    name = "capture_only"
    if info is not None:
        name = f"toy_{info.window.length}_{len(info.channels)}_{info.window.hop}"
        name += "_slides" if slides else ""
        binding = _folder() / f"{name}.c"
        manifest = toy_sliding(info) if slides else toy_manifest(info)
        binding.write_text(render_model_binding(manifest, info))
        sources += [binding, HERE / "toy.c"]
        flags += ("-DTFW_WITH_MODEL", f"-DTOY_VALUES={info.window.length * len(info.channels)}")
        if slides:
            flags += ("-DTFW_SLIDE", f"-DTOY_HOP={info.window.hop}", f"-DTOY_CHANNELS={len(info.channels)}")
    return compile_c(sources, _folder() / name, flags)


class HostBoard:
    """A running board; as a context manager it gives a `Link`."""

    def __init__(
        self,
        info: ModelInfo | None = None,
        arguments: tuple[str, ...] = (),
        *,
        wrap=None,
        slides: bool = False,
        program: Path | None = None,
        **options,
    ) -> None:
        self._near, far = socket.socketpair()
        self.process = subprocess.Popen(
            [program or host_board(info, slides=slides), *arguments],
            stdin=far.fileno(),
            stdout=far.fileno(),
            stderr=subprocess.PIPE,
            env={**os.environ, **SANITIZER_OPTIONS},
        )
        far.close()
        port = SocketPort(self._near, "host board")
        # a request is repeated within this time: no process is kept from running so long that it were without need
        self.link = Link(wrap(port) if wrap else port, **{"timeout_s": 20.0, **options})

    def __enter__(self) -> Link:
        return self.link

    def __exit__(self, kind, error, trace) -> None:
        self.link.close()
        _, said = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, said.decode()


class FaultyPort:
    """A cable that flips bits of both directions, drops, repeats and inserts bytes; the same for the same seed."""

    def __init__(self, port, seed: int, rate: float) -> None:
        self.name = port.name
        self._port = port
        self._random = random.Random(seed)
        self.rate = rate
        self.faults = 0

    def _damage(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            if self._random.random() >= self.rate:
                out.append(byte)
                continue
            self.faults += 1
            kind = self._random.randrange(4)
            if kind == 0:
                out.append(byte ^ 1 << self._random.randrange(8))
            elif kind == 1:
                out += bytes((byte, byte))
            elif kind == 2:
                out += bytes((self._random.randrange(256), byte))
        return bytes(out)

    def read_some(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        while True:
            data = self._port.read_some(max(deadline - time.monotonic(), 0.0))
            damaged = self._damage(data)
            if damaged or not data:
                return damaged

    def write(self, data: bytes) -> None:
        self._port.write(self._damage(data))

    def close(self) -> None:
        self._port.close()
