"""The stack a function can take, read off linked Thumb code: every way of taking stack, every way through the code."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tinyforge.core.errors import ToolError
from tinyforge.toolchain import read_image
from tinyforge.toolchain.stack import stack_bytes

pytest.importorskip("capstone")
pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc")

TABLE = (
    "push {lr}\ncmp r0, #2\nbhi 3f\ntbb [pc, r0]\n2: .byte (3f-2b)/2\n.byte (4f-2b)/2\n.byte (5f-2b)/2\n.align 1\n"
    "3: pop {pc}\n4: push {r0-r3}\nadd sp, #16\npop {pc}\n5: bl callee\npop {pc}"
)
CASES = "3: bx lr\n4: push {r0-r3}\nadd sp, #16\nbx lr"
WIDE = "cmp r0, #1\nbhi 3f\ntbh [pc, r0]\n2: .hword (3f - 2b) / 2\n.hword (4f - 2b) / 2\n" + CASES
FAR = "cmp r0, #1\nbhi 5f\ntbb [pc, r0]\n2: .byte (3f-2b)/2\n.byte (4f-2b)/2\n5: bx lr\n.short 0xde01, 0xe801\n" + CASES
ADDRESSES = (
    "cmp r0, #1\nbhi 3f\nadr.w r1, 2f\nldr.w pc, [r1, r0, lsl #2]\n.align 2\n2: .word 3f + 1\n.word 4f + 1\n" + CASES
)
ENDLESS = "tbb [pc, r0]\n2: .byte (3f-2b)/2\n.align 1\n3: bx lr"
ASSEMBLY = {
    "leaf": ("bx lr", 0),
    "push": ("push {r4, r5, lr}\npop {r4, r5, pc}", 12),
    "push high": ("push {r4-r11, lr}\npop {r4-r11, pc}", 36),
    "stmdb": ("stmdb sp!, {r4, r5}\nldmia sp!, {r4, r5}\nbx lr", 8),
    "doubles": ("vpush {d8-d15}\nvpop {d8-d15}\nbx lr", 64),
    "singles": ("vpush {s16-s19}\nvpop {s16-s19}\nbx lr", 16),
    "frame": ("push {lr}\nsub sp, sp, #512\nadd sp, sp, #512\npop {pc}", 516),
    "odd frame": ("subw sp, sp, #513\naddw sp, sp, #513\nbx lr", 513),
    "store": ("str lr, [sp, #-4]!\nldr pc, [sp], #4", 4),
    "store two": ("strd r4, r5, [sp, #-8]!\nldrd r4, r5, [sp], #8\nbx lr", 8),
    "stores that take nothing": ("sub sp, #8\nstr r0, [sp, #4]\nldm sp, {r0, r1}\nmov r2, sp\nadd sp, #8\nbx lr", 8),
    "early return": ("push {r4, lr}\ncbz r0, 1f\npop {r4, pc}\n1: push {r0, r1}\nadd sp, #8\npop {r4, pc}", 16),
    "conditional return": ("push {r4, lr}\ncmp r0, #0\nit eq\npopeq {r4, pc}\npush {r0}\npop {r0}\npop {r4, pc}", 12),
    "conditional epilogue": (
        (
            "push {r4, lr}\nsub sp, #8\ncmp r0, #0\nitt eq\naddeq sp, #8\npopeq {r4, pc}\npush {r0}\npop {r0}\n"
            "add sp, #8\npop {r4, pc}"
        ),
        20,
    ),
    "conditional call": ("push {r4, lr}\ncmp r0, #0\nite eq\nmoveq r0, r1\nblne callee\npop {r4, pc}", 8 + 24),
    "conditional bx": ("cmp r0, #0\nit ne\nbxne lr\npush {r0}\npop {r0}\nbx lr", 4),
    "conditional arithmetic": ("cmp r0, #0\nitte lt\nmovlt r0, r1\nmullt r0, r1, r2\naddge r0, r1\nbx lr", 0),
    "call": ("push {r4, lr}\nbl callee\npop {r4, pc}", 8 + 24),
    "call below a frame": ("push {lr}\nsub sp, #4\nbl callee\nadd sp, #4\nbl callee\npop {pc}", 8 + 24),
    "tail call": ("push {r4, lr}\npop {r4, lr}\nb.w callee", 24),
    "conditional tail call": ("cbz r0, 1f\nbx lr\n1: b.w callee", 24),
    "loop": ("push {r4, lr}\n1: subs r0, #1\nbne 1b\nbl callee\ncmp r0, #9\nbhs 1b\npop {r4, pc}", 8 + 24),
    "table": (TABLE, 4 + 24),
    "wide table": (WIDE, 16),
    "table with code before its targets": (FAR, 16),
    "table of addresses": (ADDRESSES, 16),
}
UNBOUNDED = {
    "recursion": ("push {lr}\nbl wanted\npop {pc}", "calls itself"),
    "pointer": ("push {lr}\nblx r0\npop {pc}", "calls through a pointer"),
    "jump through a pointer": ("bx r3", "calls through a pointer"),
    "table of any length": (ENDLESS, "jumps through a table of unknown length"),
    "table somewhere": ("cmp r0, #1\nldr.w pc, [r1, r0, lsl #2]", "jumps through a table of unknown place"),
    "computed": ("ldr.w pc, [r1]", "jumps to an address that it computes"),
    "alloca": ("sub sp, sp, r0\nbx lr", "computes its stack pointer"),
    "frame pointer": ("mov sp, r7\nbx lr", "computes its stack pointer"),
    "conditional push": ("cmp r0, #0\nit eq\npusheq {r0}\nbx lr", "takes stack under a condition"),
}
CALLEE = ".thumb_func\n.type callee, %function\n.global callee\ncallee: push {r0-r4, lr}\npop {r0-r4, pc}\n"


def linked(body, folder):
    text = (
        ".syntax unified\n.thumb\n.text\n.global wanted\n.type wanted, %function\n.thumb_func\n"
        f"wanted:\n{body}\n.size wanted, . - wanted\n.align 2\n{CALLEE}.size callee, . - callee\n"
    )
    (folder / "a.s").write_text(text)
    cpu = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
    options = ["-nostdlib", "-Wl,-e,wanted", "-Wl,--no-warn-rwx-segments"]
    subprocess.run(["arm-none-eabi-gcc", *cpu, *options, str(folder / "a.s"), "-o", str(folder / "a.elf")], check=True)
    return read_image(folder / "a.elf")


@pytest.mark.parametrize(("body", "expected"), ASSEMBLY.values(), ids=ASSEMBLY.keys())
def test_assembly(body, expected, tmp_path):
    assert stack_bytes(linked(body, tmp_path), "wanted") == expected


@pytest.mark.parametrize(("body", "message"), UNBOUNDED.values(), ids=UNBOUNDED.keys())
def test_no_bound(body, message, tmp_path):
    with pytest.raises(ToolError, match=f"wanted at 0x[0-9a-f]+ {message}: its stack cannot be bounded"):
        stack_bytes(linked(body, tmp_path), "wanted")


C_CODE = """
int deep(int n);
__attribute__((noinline)) int deep(int n)
{
    volatile int room[10];
    for (int i = 0; i < 10; i++) {
        room[i] = n;
    }
    return room[n & 7];
}
int wanted(int n);
int wanted(int n)
{
    switch (n) {
    case 0: return deep(1) + 1;
    case 1: { volatile int more[30]; more[n] = 3; return deep(more[n]) + 2; }
    case 2: return 7;
    case 3: return deep(n * 3);
    case 4: return n / 3;
    default: return 0;
    }
}
"""


@pytest.mark.parametrize("optimize", ["-O1", "-O2", "-Os"])
def test_as_the_compiler_says(optimize, tmp_path):
    """Equal to the frames GCC reports, along the deepest way."""
    (tmp_path / "c.c").write_text(C_CODE)
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", optimize, "-fomit-frame-pointer", "-fstack-usage"]
    command += ["-nostdlib", "-Wl,-e,wanted", "-Wl,--no-warn-rwx-segments", "c.c", "-o", "c.elf"]
    subprocess.run(command, check=True, cwd=tmp_path)
    (report,) = tmp_path.glob("*.su")
    frames = {line.split("\t")[0].split(":")[-1]: int(line.split("\t")[1]) for line in report.read_text().splitlines()}
    assert stack_bytes(read_image(tmp_path / "c.elf"), "wanted") == frames["wanted"] + frames["deep"]


def test_unknown_function(tmp_path):
    with pytest.raises(ToolError, match="the image has no symbol other"):
        stack_bytes(linked("bx lr", tmp_path), "other")
