"""Where the user of a recording session sits: what a session asks of it, and the desk at which nobody sits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tinyforge.capture.source import Source
from tinyforge.link import SampleBlock

_SAID_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class State:
    """What a user sees of a session.

    Attributes:
        phase: ``connecting``, ``measuring``, ``countdown``, ``recording``, ``waiting`` (for movement), ``paused``.
        label: of the take that is recorded.
        number, count: which take of how many; count 0 when there is no end.
        done, total: samples of the take; total 0 when it has no end.
        left_s: of the countdown.
        lost, clipped, damaged: of the take.
        rate_hz, rate_error_hz: measured so far; 0 before.
    """

    phase: str
    label: str = ""
    number: int = 0
    count: int = 0
    done: int = 0
    total: int = 0
    left_s: float = 0.0
    lost: int = 0
    clipped: int = 0
    damaged: int = 0
    rate_hz: float = 0.0
    rate_error_hz: float = 0.0


class Desk(Protocol):
    """Where the user sits."""

    @property
    def is_live(self) -> bool:
        """Whether somebody can press keys."""

    def pressed(self) -> str:
        """Keys pressed since the last call."""

    def show(self, state: State) -> None:
        """The session moved on."""

    def block(self, source: Source, block: SampleBlock) -> None:
        """Samples came."""

    def say(self, text: str) -> None:
        """Something to read, that stays."""

    def ask(self, question: str) -> str:
        """A line from the user."""


class PlainDesk:
    """Nobody sits there: no key is pressed, every answer is empty, and what happens is told as lines.

    Args:
        tell: takes each line; None where nobody reads them.
        clock: seconds that pass.
    """

    def __init__(
        self, tell: Callable[[str], object] | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._said = clock()

    @property
    def is_live(self) -> bool:
        """Nobody can press keys."""
        return False

    def pressed(self) -> str:
        """No keys."""
        return ""

    def show(self, state: State) -> None:
        """A line every five seconds of a recording."""
        if self._clock() - self._said > _SAID_EVERY_S and state.phase == "recording":
            of = f" of {state.total}" if state.total else ""
            self.say(f"  {state.label}: {state.done}{of} samples, {state.lost} lost")

    def block(self, source: Source, block: SampleBlock) -> None:
        """Not shown."""

    def say(self, text: str) -> None:
        """A line."""
        self._said = self._clock()
        if self._tell is not None:
            self._tell(text)

    def ask(self, question: str) -> str:
        """The empty answer, whatever the question."""
        del question
        return ""
