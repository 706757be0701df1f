"""Fuzz firmware/common with libFuzzer under ASan and UBSan: ``python scripts/fuzz_firmware.py --runs 10000000``.

``--what updates`` puts flash behind it, and signatures that an input may claim to be right (tests/fuzz/fuzz_flash.c);
``--what eembc`` has the text protocol in place of frames, ``eembc-plain`` that of a model without windows. Needs clang
with its runtime (Debian: ``clang libclang-rt-14-dev``). The first inputs are right requests, made by the Python codec;
the corpus stays in ``--folder``, so that a second run goes on. Half of the inputs have at most 96 bytes, which are
tried fast; half have up to 1024, which reach long frames and whole windows.
"""

from __future__ import annotations

import argparse
import re
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FUZZ = ROOT / "tests" / "fuzz"
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "unit" / "link")]

import numpy as np  # noqa: E402
from tfw_host import COMMON, HERE, common_sources, toy_info, toy_manifest, toy_picture, toy_sliding  # noqa: E402

from tinyforge.firmware.update import MODEL_ABI  # noqa: E402
from tinyforge.link import render_model_binding, render_plain_binding  # noqa: E402
from tinyforge.link.messages import (  # noqa: E402
    HelloRequest,
    Infer,
    LabelRequest,
    StartLive,
    StartStream,
    StatsRequest,
    Stop,
    UpdateBegin,
    UpdateCommit,
    UpdatePart,
    UpdateQuery,
    WindowPart,
)
from tinyforge.link.wire import Message  # noqa: E402

FRAME, TIME, LOSE = 1, 7, 3  # commands of fuzz_firmware.c
RESTART = 11
ASKED = 0x11111111  # in an image's head: what the board wants there, see fuzz_flash.c
KEY = "5a" * 32
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


def update_seeds() -> dict[str, bytes]:
    """A model update that is right, in both slots, and restarts with torn records."""
    head = struct.pack("<4s10I20s", b"TFU1", MODEL_ABI, 384, ASKED, ASKED, 64, ASKED, 128, 320, 320, 384, b"fuzz")
    image = head.ljust(384, b"\0")
    whole = frame(UpdateBegin(384))
    for at in (0, 192):
        whole += frame(UpdatePart(at, np.frombuffer(image[at : at + 192], np.uint8)))
    whole += frame(UpdateCommit())
    return {
        "update": whole,
        "update twice": whole + frame(UpdateQuery()) + whole,
        "torn": whole + command(RESTART, bytes((7, *range(80)))) + whole,
    }


def eembc_seeds() -> dict[str, bytes]:
    """Commands of the runner."""
    load = "db load 60%" + "".join(f"db {'0123456789abcdef' * 3}{'7f' * 6}%" for _ in range(2))
    floats = "db load 240%" + f"db {'00002041' * 10}%" * 6
    return {
        name: command(0, text.encode())
        for name, text in {
            "name": "name%profile%timestamp%help%",
            "infer": load + "infer 2 1%",
            "results": "results%db print%",
        }.items()
    } | {"floats": b"".join(command(0, floats[i : i + 200].encode()) for i in range(0, len(floats), 200))}


def main() -> int:
    """Build, run, and say how many inputs were tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--what", choices=("frames", "sliding", "updates", "eembc", "eembc-plain"), default="frames")
    parser.add_argument("--folder", type=Path, default=ROOT / ".pytest_cache" / "fuzz_firmware")
    parser.add_argument("--clang", default="clang")
    given = parser.parse_args()
    corpus = given.folder / f"corpus_{given.what}"
    corpus.mkdir(parents=True, exist_ok=True)
    flags, common, first = [*FLAGS], common_sources(), seeds()
    if given.what == "updates":
        flags += [f"-DTFW_UPDATE_KEY={KEY}", f"-I{ROOT / 'firmware' / 'third_party' / 'monocypher'}"]
        common.remove(COMMON / "tfw_update.c")  # fuzz_flash.c includes it
        common.append(FUZZ / "fuzz_flash.c")
        first |= update_seeds()
    elif given.what.startswith("eembc"):
        flags += ["-DTFW_EEMBC", "-DTFW_EEMBC_MOST=20u"]
        first = eembc_seeds()
    for name, data in first.items():
        (corpus / name).write_bytes(data)
    info, manifest = toy_info(10, hop=3), toy_manifest
    if given.what in ("sliding", "updates"):  # a model whose LIVE takes new samples alone
        flags += ["-DTFW_SLIDE", "-DTOY_HOP=3", "-DTOY_CHANNELS=6", "-DTOY_SUMS"]
        manifest = toy_sliding
    binding = given.folder / "tfw_model.c"
    is_plain = given.what.endswith("plain")
    text = render_plain_binding(toy_picture()) if is_plain else render_model_binding(manifest(info), info)
    binding.write_text(text, encoding="utf-8")
    program = given.folder / f"fuzz_{given.what}"
    sources = [*common, FUZZ / "fuzz_firmware.c", binding, HERE / "toy.c"]
    includes = (f"-I{COMMON}", f"-I{HERE}")
    subprocess.run([given.clang, *flags, *SANITIZERS, *includes, *map(str, sources), "-o", program], check=True)
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
    print(f"{tried} inputs ({given.what}): no crash, no hang, nothing out of bounds; {corpus}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
