"""What a model for a sliding window saves, and whether that pays: instructions against RAM and flash."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinyforge.compiler.code_bytes import code_bytes
from tinyforge.compiler.goal import Goal
from tinyforge.compiler.instructions import about
from tinyforge.core.graph import Compiled, Layer

_MOST_SHARE = {Goal.SPEED: 0.98, Goal.BALANCED: 0.8, Goal.SIZE: 0.8}  # of the whole window's instructions
_MOST_RAM, _MOST_RAM_RATIO = 16_384, 4  # bytes, and times the whole window's, that streaming may take at most
_BYTES_PER_1000 = {Goal.SPEED: math.inf, Goal.BALANCED: 1024, Goal.SIZE: 256}  # of RAM and flash, for instructions
_WORD = 4  # bytes of a member of a kernel's structure
_CALL_BYTES, _CALL_INSTRUCTIONS = 16, 6  # of the model's function, for a call that it makes
_PHASE_BYTES, _PHASE_INSTRUCTIONS = 20, 8  # more for a call whose tensors lie elsewhere from hop to hop


@dataclass(frozen=True, slots=True)
class Gain:
    """A hop beside the whole window; instructions and flash are estimates.

    Attributes:
        instructions, window_instructions: of an output.
        ram_bytes, window_ram_bytes: arena and state.
        more_flash_bytes: constants, parameters and code that come; less than 0 where more goes.
        macs, window_macs: multiply-accumulates of an output.
    """

    instructions: int
    window_instructions: int
    ram_bytes: int
    window_ram_bytes: int
    more_flash_bytes: int
    macs: int
    window_macs: int

    def why_not(self, goal: Goal) -> str:
        """Why streaming does not pay; empty where it does.

        It must save a fifth of the instructions (under ``speed`` 2 %, what the estimate may be off), not take
        more than 16 KiB and four times the RAM, and save a thousand instructions for each KiB of RAM and flash, under
        ``size`` for 256 bytes, under ``speed`` for any: who asks for it gives more than where the compiler decides.
        """
        saved = self.window_instructions - self.instructions
        if self.instructions > _MOST_SHARE[goal] * self.window_instructions:
            return (
                f"about {self.instructions} instructions a hop where the whole window takes {self.window_instructions}"
            )
        if self.ram_bytes > max(_MOST_RAM, _MOST_RAM_RATIO * self.window_ram_bytes):
            return f"{self.ram_bytes} B of arena and state where the whole window takes {self.window_ram_bytes}"
        more = max(self.ram_bytes - self.window_ram_bytes, 0) + max(self.more_flash_bytes, 0)
        if 1000 * more > _BYTES_PER_1000[goal] * saved:
            return f"about {more} B more of RAM and flash for {saved} instructions of {self.window_instructions}"
        return ""

    def says(self, hop: int, length: int) -> str:
        """What a hop of so many samples saves, and costs, beside the whole window of ``length``."""
        share = 100 * self.instructions / max(self.window_instructions, 1)
        flash = f"{abs(self.more_flash_bytes)} B of flash {'more' if self.more_flash_bytes >= 0 else 'less'}"
        return (
            f"about {self.instructions} instructions a hop of {hop}, {share:.0f} % of the {self.window_instructions} "
            f"of the whole window of {length}; {self.ram_bytes} B of arena and state instead of "
            f"{self.window_ram_bytes}, "
            f"about {flash}; {self.macs} MAC instead of {self.window_macs}"
        )


def gain_of(whole: Compiled, found: Compiled) -> Gain:
    """What ``found`` saves: the model for new samples alone, or one that has both forms, whose flash and RAM count."""
    hop = found.sliding or found
    return Gain(
        _instructions(hop),
        _instructions(whole),
        found.arena_bytes + found.state_bytes,
        whole.arena_bytes + whole.state_bytes,
        _flash_bytes(found) - _flash_bytes(whole),
        hop.macs,
        whole.macs,
    )


def _instructions(model: Compiled) -> int:
    moving = _moving(model)
    return sum(
        about(layer, model.graph) + _CALL_INSTRUCTIONS + _PHASE_INSTRUCTIONS * moving(layer) for layer in model.layers
    )


def _moving(model: Compiled) -> Callable[[Layer], int]:
    """How many tensors of a call lie elsewhere from hop to hop."""
    places = model.stream.places if model.stream is not None else {}
    return lambda layer: sum(places[one].phases > 1 for one in (*layer.inputs, *layer.outputs) if one in places)


def _flash_bytes(model: Compiled) -> int:
    """Constants once each, parameters, kernels as far as they are listed, and the calls of both functions."""
    models = [model, *([model.sliding] if model.sliding else [])]
    layers = [layer for one in models for layer in one.layers]
    arrays: dict[bytes, int] = {}
    for layer in layers:
        for value in layer.params.values():
            if isinstance(value, np.ndarray):
                arrays[value.tobytes() + value.dtype.char.encode()] = value.nbytes
    calls = sum(
        _WORD * len(layer.params) + _CALL_BYTES + _PHASE_BYTES * _moving(one)(layer)
        for one in models
        for layer in one.layers
    )
    return sum(arrays.values()) + calls + code_bytes({layer.kernel for layer in layers})
