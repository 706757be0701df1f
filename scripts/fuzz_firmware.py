"""Fuzz firmware/common with libFuzzer under ASan and UBSan: ``python scripts/fuzz_firmware.py --runs 10000000``.

Needs clang with its runtime (Debian: ``clang libclang-rt-14-dev``). The first inputs are right requests, made by the
Python codec; the corpus stays in ``--folder``, so that a second run goes on. Half of the inputs have at most 96 bytes,
which are tried fast; half have up to 1024, which reach long frames and whole windows.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "unit" / "link")]

import numpy as np  # noqa: E402
from tfw_host import COMMON, HERE, common_sources, toy_info, toy_manifest  # noqa: E402

from tinyforge.link import render_model_binding  # noqa: E402
from tinyforge.link.messages import (  # noqa: E402
    HelloRequest,
    Infer,
    LabelRequest,
    StartLive,
    StartStream,
    StatsRequest,
    Stop,
    WindowPart,
)
from tinyforge.link.wire import Message  # noqa: E402

FRAME, TIME, LOSE = 1, 7, 3  # commands of fuzz_firmware.c
FLAGS = ("-std=c99", "-O2", "-g", "-DTFW_LIBFUZZER", "-DTFW_WITH_MODEL", "-DTOY_VALUES=60")
SANITIZERS = ("-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all")


def command(kind: int, data: bytes) -> bytes:
    """One command of an input."""
    return bytes((kind, len(data))) + data


def frame(message: Message) -> bytes:
    """A request as a command."""
    return command(FRAME, bytes((message.TYPE, 1)) + message.encode())


def seeds() -> dict[str, bytes]:
    """Inputs that are right."""
    half = np.ones(30, np.float32)
    return {
        "hello": frame(HelloRequest(1)),
        "label": frame(LabelRequest(1)),
        "stats": frame(StatsRequest()),
        "stream": frame(StartStream(100_000)) + command(TIME, bytes(40)) + frame(Stop()),
        "infer": frame(WindowPart(1, 0, half)) + frame(WindowPart(1, 30, half)) + frame(Infer(1)),
        "live": frame(StartLive(3, 1)) + command(TIME, bytes(40)) + command(LOSE, bytes(9)) + command(TIME, bytes(40)),
        "long": (bytes((0xF0, 250)) + bytes(range(1, 251)) * 2) * 3 + command(0, b"\0") + frame(HelloRequest(1)),
    }


def main() -> int:
    """Build, run, and say how many inputs were tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=ROOT / ".pytest_cache" / "fuzz_firmware")
    parser.add_argument("--clang", default="clang")
    given = parser.parse_args()
    corpus = given.folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        (corpus / name).write_bytes(data)
    info = toy_info(10)
    binding = given.folder / "tfw_model.c"
    binding.write_text(render_model_binding(toy_manifest(info), info), encoding="utf-8")
    program = given.folder / "fuzz_firmware"
    sources = [*common_sources(), ROOT / "tests" / "fuzz" / "fuzz_firmware.c", binding, HERE / "toy.c"]
    includes = (f"-I{COMMON}", f"-I{HERE}")
    subprocess.run([given.clang, *FLAGS, *SANITIZERS, *includes, *map(str, sources), "-o", program], check=True)
    tried = 0
    for longest in (96, 1024):
        options = (f"-runs={given.runs // 2}", f"-max_len={longest}", "-timeout=20", "-print_final_stats=1")
        done = subprocess.run(
            [program, corpus, *options], stderr=subprocess.PIPE, text=True, check=False, cwd=given.folder
        )
        if done.returncode:
            print(done.stderr[-4000:])
            return done.returncode
        tried += int(re.search(r"number_of_executed_units: (\d+)", done.stderr)[1])  # type: ignore[index]
    print(f"{tried} inputs of firmware/common: no crash, no hang, nothing out of bounds; {corpus}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
