"""Key presses, one by one, without waiting: on a terminal of Unix and on Windows' console."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

if sys.platform == "win32":
    import msvcrt

    @contextlib.contextmanager
    def key_by_key() -> Iterator[None]:
        """While the block runs keys can be read one by one; Windows' console always lets them."""
        yield

    @contextlib.contextmanager
    def line_by_line() -> Iterator[None]:
        """Inside of :func:`key_by_key`: the terminal edits lines and shows what is typed."""
        yield

    def pressed() -> str:
        """Keys that wait, in lower case; empty where none does."""
        found = ""
        while msvcrt.kbhit():
            found += msvcrt.getwch()
        return found.lower()

else:
    import os
    import select
    import termios
    import tty

    @contextlib.contextmanager
    def key_by_key() -> Iterator[None]:
        """While the block runs the terminal gives every key at once and does not show it."""
        before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        try:
            yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    @contextlib.contextmanager
    def line_by_line() -> Iterator[None]:
        """Inside of :func:`key_by_key`: the terminal edits lines and shows what is typed."""
        before = termios.tcgetattr(sys.stdin)
        cooked = [*before]
        cooked[3] |= termios.ICANON | termios.ECHO
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, cooked)
        try:
            yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    def pressed() -> str:
        """Keys that wait, in lower case; empty where none does."""
        found = b""
        while select.select([sys.stdin], [], [], 0)[0]:
            got = os.read(sys.stdin.fileno(), 64)
            if not got:
                break
            found += got
        return found.decode("utf-8", "replace").lower()
