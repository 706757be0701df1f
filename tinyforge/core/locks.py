"""Locks on open files: one process holds a lock, and it is released when that process ends, however it ends."""

from __future__ import annotations

import sys
from typing import IO, Any

if sys.platform == "win32":
    import msvcrt
    import time

    # Windows locks bytes, and nobody else can read them: one that no file has
    _BYTE = (1 << 31) - 2
    _PAUSE_S = 0.05

    def try_lock(stream: IO[Any]) -> bool:
        """Take the lock if nobody holds it; whether it was taken.

        Args:
            stream: an open file; closing it releases the lock.
        """
        here = stream.tell()
        stream.seek(_BYTE)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            stream.seek(here)
        return True

    def lock(stream: IO[Any]) -> None:
        """Take the lock, as soon as nobody else holds it."""
        while not try_lock(stream):
            time.sleep(_PAUSE_S)

else:
    import fcntl

    def try_lock(stream: IO[Any]) -> bool:
        """Take the lock if nobody holds it; whether it was taken.

        Args:
            stream: an open file; closing it releases the lock.
        """
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def lock(stream: IO[Any]) -> None:
        """Take the lock, as soon as nobody else holds it."""
        fcntl.flock(stream, fcntl.LOCK_EX)
