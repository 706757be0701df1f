"""What a faster form of a kernel may cost: the user's goal, ``tinyforge export --optimize``."""

from __future__ import annotations

import enum

BALANCED_BYTES_PER_1000 = 64  # flash that `balanced` gives for a thousand instructions of an inference


class Goal(enum.Enum):
    """What the compiler prefers where one form of a kernel is faster and another smaller."""

    SPEED = "speed"
    SIZE = "size"
    BALANCED = "balanced"

    def takes(self, *, more_bytes: int, fewer_instructions: int) -> bool:
        """Whether the faster form is taken.

        Args:
            more_bytes: of flash it takes, >= 0.
            fewer_instructions: it saves in one inference, as measured on the virtual Cortex-M4.
        """
        if self is Goal.SPEED:
            return fewer_instructions > 0
        allowed = 0 if self is Goal.SIZE else BALANCED_BYTES_PER_1000 * fewer_instructions // 1000
        return fewer_instructions > 0 and more_bytes <= allowed
