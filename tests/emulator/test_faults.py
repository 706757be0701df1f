"""What no board allows ends the run and says where: the address, what was done there, and the function."""

from __future__ import annotations

import pytest

from tinyforge.core.errors import BoardFault
from tinyforge.virtual import VirtualBoard

pytestmark = pytest.mark.emulator

HEAD = """
#include "virtual_m4.h"
#include "tfw_app.h"
#include "tfw_hal.h"
#define HIDE(value) __asm volatile("" : "+r"(value)) /* what it is the compiler must not know */
volatile uint32_t sink;
__attribute__((noinline)) void culprit(void);
void tfw_setup(void) { tfw_hal_init(); }
void tfw_loop(void) { culprit(); }
"""

CASES = {
    "reads_nowhere": (
        "void culprit(void) { sink = REGISTER(0x30000000u); }",
        ["culprit: read of 4 bytes at 0x30000000", "nothing is there"],
    ),
    "writes_nowhere": (
        "void culprit(void) { *(volatile uint8_t *)0x50000003u = 1; }",
        ["culprit: write of 1 bytes at 0x50000003", "nothing is there"],
    ),
    "writes_flash": (
        "void culprit(void) { REGISTER(0x100u) = 1; }",
        ["culprit: write of 4 bytes at 0x00000100", "that is flash"],
    ),
    "beyond_ram": (
        "void culprit(void) { REGISTER(0x20040000u) = 1; }",
        ["culprit: write of 4 bytes at 0x20040000", "nothing is there"],
    ),
    "beyond_flash": (
        "void culprit(void) { sink = REGISTER(0x100000u); }",
        ["culprit: read of 4 bytes at 0x00100000", "nothing is there"],
    ),
    "overflows_stack": (
        """
        __attribute__((noinline)) uint32_t deeper(uint32_t n) {
            volatile uint32_t room[32];
            room[n & 31] = n;
            return deeper(n + 1) + room[(n + 1) & 31];
        }
        void culprit(void) { sink = deeper(0); }
        """,
        ["deeper: write of 4 bytes at 0x1fff", "stack overflow", "the stack ends at 0x20000000"],
    ),
    "calls_null": (
        "void culprit(void) { void (*f)(void) = 0; HIDE(f); f(); sink++; }",
        ["fetch at 0x00000000", "null function pointer", "culprit"],
    ),
    "calls_vectors": (
        "void culprit(void) { void (*f)(void) = (void (*)(void))1; HIDE(f); f(); sink++; }",
        ["fetch at 0x00000000", "null function pointer", "culprit"],
    ),
    "calls_ram": (
        "void culprit(void) { void (*f)(void) = (void (*)(void))0x20003001; HIDE(f); f(); sink++; }",
        ["fetch at 0x20003000", "no code there", "culprit"],
    ),
    "calls_nowhere": (
        "void culprit(void) { void (*f)(void) = (void (*)(void))0x70000001; HIDE(f); f(); sink++; }",
        ["fetch at 0x70000000", "no code there", "culprit"],
    ),
    "undefined": ('void culprit(void) { __asm volatile("udf #1"); }', ["culprit", "no valid instruction at 0x"]),
    "breakpoint": ('void culprit(void) { __asm volatile("bkpt #0"); }', ["culprit: BKPT at 0x"]),
    "sleeps_for_ever": ('void culprit(void) { __asm volatile("wfi"); }', ["culprit", "no interrupts to wake it"]),
    "unknown_register_read": (
        "void culprit(void) { sink = REGISTER(0x40030FF0u); }",
        ["culprit: reads board block + 0xff0 (0x40030ff0): no register there"],
    ),
    "unknown_register_written": (
        "void culprit(void) { UART_DATA(0) = 1; REGISTER(0x40004FF0u) = 1; }",
        ["culprit: writes UART 0 + 0xff0 (0x40004ff0): no register there"],
    ),
    "dma_beyond_ram": (
        "void culprit(void) { LINK_ADDRESS = 0x2003FFFCu; LINK_SEND = 8; }",
        ["board block: was told to send 8 bytes from 0x2003fffc"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_fault_names_address_and_function(case, make_image, tracing):
    text, wanted = CASES[case]
    board = VirtualBoard(make_image(HEAD + text))
    with pytest.raises(BoardFault) as caught:
        board.run(1.0)
    for part in wanted:
        assert part in str(caught.value)
    assert caught.value.exit_code == 4


def test_program_that_ends_is_a_fault(make_image):
    board = VirtualBoard(make_image("int main(void) { return 0; }", main=True))
    with pytest.raises(BoardFault, match="BKPT"):
        board.run(1.0)


def test_image_for_a_larger_board_is_refused(make_image, tmp_path):
    from dataclasses import replace

    from tinyforge.boards import load_board

    small = replace(load_board("virtual"), flash_bytes=1024)
    image = make_image(HEAD + "const volatile uint8_t much[4096] = {1};\nvoid culprit(void) { sink = much[sink]; }")
    with pytest.raises(BoardFault, match=r"lie outside the flash \(0x00000000, 1024 bytes\)"):
        VirtualBoard(image, board=small)
