"""What a long-running stage tells whoever watches it."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Receives what happens; called from the threads that do the work."""

    def started(self, step: str) -> None:
        """A step begins to work (it was not in the cache)."""

    def progress(self, step: str, done: float, total: float, text: str) -> None:
        """``done`` of ``total`` units are done; ``text`` says what, in a few words."""

    def finished(self, step: str, seconds: float, *, cached: bool) -> None:
        """A step's result is on disk; ``cached`` when it was there already."""

    def note(self, text: str) -> None:
        """Something a user should read."""


class Silent:
    """An observer that does nothing."""

    def started(self, step: str) -> None:
        """Nothing."""

    def progress(self, step: str, done: float, total: float, text: str) -> None:
        """Nothing."""

    def finished(self, step: str, seconds: float, *, cached: bool) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""
