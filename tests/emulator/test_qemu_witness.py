"""The same images under QEMU's mps2-an386: an independent witness of what they answer."""

from __future__ import annotations

import contextlib
import random
import shutil
import socket
import subprocess
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import serial
from emulator_programs import CLOCKS, ECHO, tiny_reference

from tinyforge.firmware import build_bench, read_manifest
from tinyforge.link import open_link
from tinyforge.toolchain import read_image
from tinyforge.virtual import virtual_url
from tinyforge.virtual.measure import profile, run_inferences

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is not installed"),
]


@contextlib.contextmanager
def qemu(elf, *options):
    """The image running under QEMU; gives the port of its UART 0 on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            "qemu-system-arm",
            "-M",
            "mps2-an386",
            "-nographic",
            "-monitor",
            "none",
            "-kernel",
            str(elf),
            "-serial",
            f"tcp:127.0.0.1:{port},server,wait=on",
            "-serial",
            "null",
            *options,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=120)


def wait_for(port):
    """Wait until QEMU listens, without taking the one connection it serves."""
    wanted = f"0100007F:{port:04X}"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
        if any(row[1] == wanted and row[3] == "0A" for row in rows):
            return
        time.sleep(0.02)
    pytest.fail("QEMU does not listen")


def connect(port):
    wait_for(port)
    return socket.create_connection(("127.0.0.1", port), timeout=120)


def talk(connection, data, count):
    connection.sendall(data)
    answer = b""
    while len(answer) < count:
        piece = connection.recv(count - len(answer))
        assert piece, "QEMU went away"
        answer += piece
    return answer


def test_echo_answers_alike(make_image, toolchain):
    elf = make_image(ECHO, compiler=toolchain)
    text = bytes(range(256)) * 4
    with serial.serial_for_url(virtual_url(elf), timeout=1) as port:
        port.write(text)
        ours = port.read(len(text))
    with qemu(elf) as place, connect(place) as connection:
        assert talk(connection, text, len(text)) == ours


def test_time_goes_on_and_the_board_block_is_absent(make_image):
    with qemu(make_image(CLOCKS)) as place, connect(place) as connection:
        first = np.frombuffer(talk(connection, b"x", 16), np.uint32)
        time.sleep(0.25)
        then = np.frombuffer(talk(connection, b"x", 16), np.uint32)
    assert 200_000 < int(then[0]) - int(first[0]) < 20_000_000  # the host may be slow, never fast
    assert first[2] == 0  # reads as zero: the board cannot tell why it started


def test_model_answers_alike(tiny_model, tmp_path, toolchain):
    elf = build_bench(tiny_model, tmp_path / "bench.elf", toolchain=toolchain)
    source = random.Random(7)
    inputs = [source.randbytes(24) for _ in range(200)]
    ours = run_inferences(elf, inputs)
    with qemu(elf) as place, connect(place) as connection:
        theirs = [talk(connection, data, 3) for data in inputs]
    assert theirs == ours == [tiny_reference(data) for data in inputs]


def test_instructions_as_qemu_counts_them(tiny_model, tmp_path, toolchain):
    """QEMU logs every instruction of the model's functions, one translation block each; ours is the same number."""
    elf = build_bench(tiny_model, tmp_path / "bench.elf", toolchain=toolchain)
    data = random.Random(11).randbytes(24)
    measured = profile(elf, read_manifest(tiny_model), data)
    image = read_image(elf)
    names = [name for name, _, _ in measured.by_function]
    ranges = ",".join(f"{image.symbol(name).address:#x}+{image.symbol(name).bytes:#x}" for name in names)
    log = tmp_path / "executed.log"
    with (
        qemu(elf, "-singlestep", "-d", "exec,nochain", "-dfilter", ranges, "-D", str(log)) as place,
        connect(place) as connection,
    ):
        talk(connection, data, 3)
    executed = Counter(line.split()[-1] for line in log.read_text().splitlines())
    assert executed == {name: instructions for name, instructions, _ in measured.by_function}
    assert executed.total() == measured.instructions


def test_firmware_answers_alike(virtual_firmware):
    """HELLO and INFER of the whole application, built by PlatformIO, over the link."""
    windows = np.random.default_rng(3).normal(0.0, 4.0, (20, 4, 6)).astype(np.float32)

    def session(link):
        hello = link.hello()
        results = [link.infer(window) for window in windows]
        return hello, [(result.scores.tolist(), result.label, result.input_crc) for result in results]

    with open_link(virtual_url(virtual_firmware)) as link:
        our_hello, ours = session(link)
    with qemu(virtual_firmware) as place:
        wait_for(place)
        with open_link(f"socket://127.0.0.1:{place}", timeout_s=120.0) as link:
            their_hello, theirs = session(link)
    assert theirs == ours
    assert their_hello.model_name == our_hello.model_name == "tiny"
    assert their_hello.model_sha256 == our_hello.model_sha256
    assert (our_hello.rate_mhz, their_hello.rate_mhz) == (100_000, 0)  # QEMU has no IMU
