"""Clock, link, IMU, log and reset of the virtual board, seen from a program and from the host."""

from __future__ import annotations

import struct

import pytest
from emulator_programs import CLOCKS, ECHO, SENSOR

from tinyforge.virtual import State, VirtualBoard

pytestmark = pytest.mark.emulator


class Ramp:
    """Sample i is (i, 0, 0, 0, 0, -i)."""

    rate_hz = 100.0

    def sample(self, i):
        return (float(i), 0.0, 0.0, 0.0, 0.0, -float(i))


def ask(board, data, count, seconds=1.0):
    board.send(data)
    assert board.run(seconds, wanted=count) is State.OUTPUT
    return board.take(count)


def test_echo_over_dma_and_log_over_the_second_uart(make_image, toolchain, tracing):
    board = VirtualBoard(make_image(ECHO, compiler=toolchain))
    text = bytes(range(256)) * 3
    assert ask(board, text, len(text)) == bytes(byte ^ 0x20 for byte in text)
    assert board.log == "echo is here\n"


def test_polled_uart_of_the_an386(make_image):
    polled = """
    #include "virtual_m4.h"
    int main(void)
    {
        UART_BAUDDIV(0) = 16;
        UART_CTRL(0) = 3;
        for (;;) {
            while ((UART_STATE(0) & UART_RX_FULL) == 0) { }
            UART_DATA(0) = UART_DATA(0) + 1;
        }
    }
    """
    board = VirtualBoard(make_image(polled, main=True))
    assert ask(board, b"HAL", 3) == b"IBM"


def test_same_bytes_at_same_times_give_same_bytes(make_image, monkeypatch):
    def session(native):
        monkeypatch.setenv("TINYFORGE_VIRTUAL_NATIVE", native)
        board = VirtualBoard(make_image(SENSOR), motion=Ramp())
        seen = [ask(board, b"s" + struct.pack("<I", 100_000), 8)]
        for pause in (0.011, 0.25, 0.0, 0.1):
            board.run(pause, wanted=1 << 30)
            seen.append(board.take(1 << 20))
            board.send(b"w" + struct.pack("<I", 1234))
        board.run(0.1, wanted=1 << 30)
        return b"".join(seen) + board.take(1 << 20), board.machine.trace.clock, board.machine.trace.instructions

    first = session("1")
    assert len(first[0]) > 32 * 40
    assert session("1") == first
    assert session("0") == first


def test_clock_of_the_program_is_the_virtual_clock(make_image):
    board = VirtualBoard(make_image(CLOCKS))
    before = ask(board, b"x", 16)
    at = board.time_s
    board.run(2.5)
    board.run(200.0)  # the 32-bit timer wraps after 171.8 s
    after = ask(board, b"x", 16)
    micros, cycles = (
        (b - a) % (1 << 32)
        for a, b in zip(struct.unpack("<4I", before)[:2], struct.unpack("<4I", after)[:2], strict=True)
    )
    assert micros == pytest.approx((board.time_s - at) * 1e6, abs=20)
    assert cycles == pytest.approx((board.time_s - at) * board.clock_hz % (1 << 32), abs=500)


def test_program_resets_the_board_and_says_why(make_image):
    board = VirtualBoard(make_image(CLOCKS))
    assert struct.unpack("<4I", ask(board, b"x", 16))[2] == 1  # power on
    ask(board, b"r", 16)
    assert struct.unpack("<4I", ask(board, b"x", 16))[2] == 3  # software
    assert board.resets == 1


def test_painted_stack_tells_its_high_water(make_image):
    hungry = CLOCKS.replace(
        "void tfw_setup(void) {",
        """
        __attribute__((noinline)) static void eat(void)
        {
            volatile uint8_t food[1000];
            for (unsigned i = 0; i < sizeof food; i++) { food[i] = 1; }
        }
        void tfw_setup(void) { eat();
        """,
    )
    modest = struct.unpack("<4I", ask(VirtualBoard(make_image(CLOCKS)), b"x", 16))[3]
    large = struct.unpack("<4I", ask(VirtualBoard(make_image(hungry)), b"x", 16))[3]
    assert modest < 200
    assert 1000 <= large <= 1100


def test_idle_program_costs_nothing_and_waits(make_image):
    board = VirtualBoard(make_image(ECHO))
    assert board.run(3600.0) is State.WAITING
    assert board.time_s == pytest.approx(3600.0, abs=0.01)
    assert board.machine.trace.instructions < 50_000


def test_busy_program_uses_up_its_time(make_image):
    board = VirtualBoard(make_image("int main(void) { for (;;) { } }", main=True))
    assert board.run(0.01) is State.TIME
    assert board.time_s == pytest.approx(0.01, abs=1e-5)


def test_imu_samples_count_and_carry_their_time(make_image):
    board = VirtualBoard(make_image(SENSOR), motion=Ramp())
    rate, started_us = struct.unpack("<II", ask(board, b"s" + struct.pack("<I", 100_000), 8))
    assert rate == 100_000
    board.run(10.0, wanted=1000 * 32)
    samples = list(struct.iter_unpack("<II6f", board.take(1000 * 32)))
    assert [sample[0] for sample in samples] == list(range(len(samples)))
    assert len(samples) >= 999
    assert all(sample[2] == sample[0] and sample[7] == -sample[0] for sample in samples)
    # sample i is taken (i + 1) periods after the start, to the microsecond and without drift
    offsets = [sample[1] - 10_000 * (sample[0] + 1) for sample in samples]
    assert max(offsets) - min(offsets) <= 1
    assert abs(offsets[0] - started_us) < 50


def test_imu_loses_the_oldest_and_counts_on(make_image):
    board = VirtualBoard(make_image(SENSOR), motion=Ramp())
    ask(board, b"s" + struct.pack("<I", 100_000), 8)
    board.send(b"w" + struct.pack("<I", 1_000_000))  # a second away: 100 samples come, 32 are kept
    board.run(1.2, wanted=40 * 32)
    indices = [sample[0] for sample in struct.iter_unpack("<II6f", board.take(40 * 32))]
    assert 67 <= indices[0] <= 70
    assert indices == list(range(indices[0], indices[0] + 40))
    assert board.imu.overruns == indices[0]


def test_imu_refuses_a_rate_it_does_not_have(make_image):
    board = VirtualBoard(make_image(SENSOR))
    for wanted, given in ((100_400, 100_000), (123_000, 100_000), (50_000, 50_000)):
        # a refused rate leaves the sensor stopped, and a stopped one tells its usual rate
        assert struct.unpack("<II", ask(board, b"s" + struct.pack("<I", wanted), 8))[0] == given
    ask(board, b"s" + struct.pack("<I", 123_000), 8)
    board.run(1.0, wanted=1)
    assert board.available == 0


def test_memory_functions_equal_those_of_the_host(make_image, toolchain):
    """Every alignment and length up to 40 bytes, by calling the functions in the image directly."""
    keep = """
    #include <string.h>
    void *(*volatile keep[])(void *, const void *, size_t) = {memcpy, memmove};
    void *(*volatile keep_set)(void *, int, size_t) = memset;
    int main(void) { return keep[0] == keep[1] || keep_set == 0; }
    """
    board = VirtualBoard(make_image(keep, main=True, compiler=toolchain))
    machine, image = board.machine, board.image
    memory = bytes((i * 37 + 11) & 0xFF for i in range(128))
    base = 0x20010000
    for name in ("memcpy", "memmove"):
        function = image.symbol(name).address
        for target in (0, 1, 2, 3, 9):
            for source in (64, 65, 66, 67) if name == "memcpy" else (0, 1, 2, 5, 12):
                for count in (0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 40):
                    machine.write(base, memory)
                    assert machine.call(function, base + target, base + source, count) == base + target
                    wanted = bytearray(memory)
                    wanted[target : target + count] = memory[source : source + count]
                    assert machine.read(base, 128) == wanted, (name, target, source, count)
    for target in (0, 1, 2, 3):
        for count in (0, 1, 3, 4, 5, 16, 19, 40):
            machine.write(base, memory)
            machine.call(image.symbol("memset").address, base + target, 0x1A5, count)
            wanted = bytearray(memory)
            wanted[target : target + count] = b"\xa5" * count
            assert machine.read(base, 128) == wanted, ("memset", target, count)


def test_a_function_of_seven_arguments_finds_each_where_the_abi_says(make_image, toolchain):
    text = """
    #include <stdint.h>
    uint32_t pack(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f, uint32_t g)
    {
        return a | b << 4 | c << 8 | d << 12 | e << 16 | f << 20 | g << 24;
    }
    uint32_t (*volatile keep)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t) = pack;
    int main(void) { return keep == 0; }
    """
    board = VirtualBoard(make_image(text, main=True, compiler=toolchain))
    pack = board.image.symbol("pack").address
    for stack in (None, 0x20008000):
        assert board.machine.call(pack, 1, 2, 3, 4, 5, 6, 7, stack=stack) == 0x7654321
