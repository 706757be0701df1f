"""Flash that a program writes itself: pages that are erased, units that are programmed once, and power that fails.

The rules are those of the STM32L4 (RM0351, 3.3.7: double words, once) and of the nRF52840 (PS 4.3.1: pages of 4 KiB),
the stricter of the two in each point.
"""

from __future__ import annotations

import random
from collections.abc import Callable

FLASH_UPDATE_BYTES = 0x20000  # what firmware may write itself, at the end of the flash
# What lies behind that, by the board's identifier: Arduino's newer boot loader of the Nano 33 BLE begins at 0xE0000.
FLASH_BEHIND_BYTES = {"nano33": 0x20000, "nano33_rev2": 0x20000}
UNIT_BYTES = 8
_ERASED = 0xFF
_ERASE_US, _UNIT_US = 22_000, 90


def update_region(board_id: str, flash_end: int) -> tuple[int, int]:
    """First address, and the one after the last, of what a board's firmware may write in its flash."""
    end = flash_end - FLASH_BEHIND_BYTES.get(board_id, 0)
    return end - FLASH_UPDATE_BYTES, end


class Flash:
    """The controller.

    Args:
        read, write: the memory behind it.
        region: first address, and the one after the last, that may be written.
        page_bytes: what is erased at once.
        pass_us: told how long an operation takes.
        power_failed: called in the middle of the operation at which the power fails.
    """

    def __init__(
        self,
        read: Callable[[int, int], bytes],
        write: Callable[[int, bytes], None],
        region: tuple[int, int],
        page_bytes: int,
        pass_us: Callable[[int], None],
        power_failed: Callable[[], None],
    ) -> None:
        self._read, self._write = read, write
        self._region, self._page_bytes = region, page_bytes
        self._pass_us, self._power_failed = pass_us, power_failed
        self.touched_bytes = 0  # erased and programmed, ever
        self.fails_at: int | None = None  # the power fails when so many bytes were touched
        self.chance = random.Random(0)  # noqa: S311 - what a torn write leaves behind
        self._used: set[int] = set()  # units programmed since their erase
        self.failed = False

    def content(self) -> bytes:
        """All that may be written, as it is."""
        return self._read(self._region[0], self._region[1] - self._region[0])

    def restore(self, content: bytes) -> None:
        """What ``content`` gave: flash keeps it while the power is off."""
        self._write(self._region[0], content)
        units = range(0, len(content), UNIT_BYTES)
        erased = bytes([_ERASED]) * UNIT_BYTES
        self._used = {self._region[0] + unit for unit in units if content[unit : unit + UNIT_BYTES] != erased}

    def _inside(self, address: int, count: int) -> bool:
        return self._region[0] <= address and address + count <= self._region[1]

    def _spend(self, count: int) -> int:
        """How many of ``count`` bytes are done before the power fails; all, when it does not."""
        if self.fails_at is not None and self.touched_bytes + count >= self.fails_at:
            done = self.fails_at - self.touched_bytes
            self.touched_bytes = self.fails_at
            self.fails_at = None
            self._power_failed()
            return done
        self.touched_bytes += count
        return count

    def erase(self, address: int) -> None:
        """One page; when the power fails, each of its bits is old or erased, or unstable."""
        count = self._page_bytes
        self.failed = address % count != 0 or not self._inside(address, count)
        if self.failed:
            return
        self._pass_us(_ERASE_US)
        done = self._spend(count)
        before = self._read(address, count)
        torn = done < count
        after = bytes(byte | self.chance.getrandbits(8) for byte in before) if torn else bytes([_ERASED]) * count
        self._write(address, before if torn and done == 0 else after)
        for unit in range(address, address + count, UNIT_BYTES):
            (self._used.add if torn else self._used.discard)(unit)

    def program(self, address: int, data: bytes) -> None:
        """Whole units, each erased before; in the one where the power fails some bits are set and some are not."""
        count = len(data)
        units = range(address, address + count, UNIT_BYTES)
        aligned = address % UNIT_BYTES == 0 and count % UNIT_BYTES == 0 and self._inside(address, count)
        self.failed = not aligned or any(unit in self._used for unit in units)
        if self.failed:
            return
        self._pass_us(_UNIT_US * len(units))
        done = self._spend(count)
        whole = done // UNIT_BYTES * UNIT_BYTES
        kept = data[:whole]
        if done < count:
            kept += bytes(byte | self.chance.getrandbits(8) for byte in data[whole : whole + UNIT_BYTES])
        self._write(address, kept)
        self._used.update(range(address, address + len(kept), UNIT_BYTES))
