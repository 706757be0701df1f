"""Costs of basic blocks against the manual's table (DDI 0439, 3.3.1) and its rules for loads and stores (3.3.2)."""

from __future__ import annotations

import pytest

from tinyforge.virtual.cycles import DIVIDE_CYCLES, REFILL_CYCLES, block_cost, count_instructions


def code(*halfwords: int) -> bytes:
    return b"".join(halfword.to_bytes(2, "little") for halfword in halfwords)


CASES = {
    # what the code is, then: its bytes, instructions, cycles, cycles more when it jumps
    "adds r0,r1,r2": (code(0x1888), 1, 1, 0),
    "smlad r3,r0,r1,r2": (code(0xFB20, 0x2301), 1, 1, 0),
    "smull r0,r1,r2,r3": (code(0xFB82, 0x0103), 1, 1, 0),
    "sdiv r0,r0,r1": (code(0xFB90, 0xF0F1), 1, DIVIDE_CYCLES, 0),
    "ldr r0,[r1]": (code(0x6808), 1, 2, 0),
    "two loads pipeline": (code(0x6808, 0x684A), 2, 3, 0),
    "three loads pipeline": (code(0x6808, 0x684A, 0x688B), 3, 4, 0),
    "address depends on the load": (code(0x6809, 0x684A), 2, 4, 0),
    "something between": (code(0x6808, 0x1888, 0x684A), 3, 5, 0),
    "str r0,[r1]": (code(0x6008), 1, 1, 0),
    "str r0,[r1,r2]": (code(0x5088), 1, 2, 0),
    "str r0,[r1,r2] behind a load": (code(0x681C, 0x5088), 2, 3, 0),
    "ldrd r0,r1,[r2]": (code(0xE9D2, 0x0100), 1, 3, 0),
    "ldmia r0!,{r1-r4}": (code(0xC81E), 1, 5, 0),
    "push {r4-r7,lr}": (code(0xB5F0), 1, 6, 0),
    "pop {r4-r7,pc}": (code(0xBDF0), 1, 6, REFILL_CYCLES),
    "bx lr": (code(0x4770), 1, 1, REFILL_CYCLES),
    "bl": (code(0xF000, 0xF800), 1, 1, REFILL_CYCLES),
    "beq": (code(0xD0FE), 1, 1, REFILL_CYCLES),
    "cbz r0": (code(0xB100), 1, 1, REFILL_CYCLES),
    "tbb [pc,r0]": (code(0xE8DF, 0xF000), 1, 2, REFILL_CYCLES),
    "ldr pc,[r0]": (code(0xF8D0, 0xF000), 1, 2, REFILL_CYCLES),
    "it lt; movlt": (code(0xBFB8, 0x4639), 2, 2, 0),
    "vadd.f32 s0,s0,s1": (code(0xEE30, 0x0A20), 1, 1, 0),
    "vdiv.f32 s0,s0,s1": (code(0xEE80, 0x0A20), 1, 14, 0),
    "vmla.f32 s0,s1,s2": (code(0xEE00, 0x0A81), 1, 3, 0),
    "vldr s0,[r0]": (code(0xED90, 0x0A00), 1, 2, 0),
    "vldmia r0!,{s0-s3}": (code(0xECB0, 0x0A04), 1, 5, 0),
    "ssat r0,#8,r0": (code(0xF300, 0x0007), 1, 1, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_cost(name):
    machine_code, instructions, cycles, taken = CASES[name]
    cost = block_cost(machine_code, 0x100)
    assert (cost.instructions, cost.cycles, cost.taken_cycles) == (instructions, cycles, taken)


def test_cost_of_what_capstone_cannot_read():
    cost = block_cost(code(0xDE01, 0x1888), 0)  # udf, adds
    assert cost.instructions == 2
    assert cost.cycles == 2


def test_lengths():
    assert count_instructions(code(0x1888, 0xFB20, 0x2301, 0xE7FE, 0xF000, 0xF800, 0xE8DF, 0xF000)) == 5
    assert count_instructions(b"") == 0
