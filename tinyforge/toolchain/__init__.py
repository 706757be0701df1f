"""C compilers for the board and for this machine, and what a linked image holds.

``find_arm_toolchain`` and ``find_host_cc`` find compilers; ``toolchain.host.build_shared`` makes a
library for ``ctypes``; ``toolchain.elf.read_image`` and ``footprint`` read the result.
"""

from tinyforge.toolchain.arm import ArmToolchain, find_arm_toolchain
from tinyforge.toolchain.elf import Image, Section, Segment, Symbol, footprint, read_image
from tinyforge.toolchain.host import HostCompiler, build_shared, find_host_cc

__all__ = [
    "ArmToolchain",
    "HostCompiler",
    "Image",
    "Section",
    "Segment",
    "Symbol",
    "build_shared",
    "find_arm_toolchain",
    "find_host_cc",
    "footprint",
    "read_image",
]
