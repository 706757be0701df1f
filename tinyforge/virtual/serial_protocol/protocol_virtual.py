"""``virtual://<image>?motion=<motion>&board=<board>``: the virtual board as a serial port.

The board is executed by whoever reads: while the host waits for bytes, the board's time passes; while the host does
something else, it stands still. Timeouts are in the board's time, so they are as exact, and as fast, as the rest.

    motion   what the IMU feels, as ``tinyforge.virtual.motion.open_motion`` takes it; without it the IMU lies still
    board    identifier or file of a board description with the virtual board's sizes (default ``virtual``)

What firmware writes into its flash (a model update) is kept beside the image, in ``<image>.flash``, as flash keeps it.
Values may be percent-encoded; ``virtual_url`` does it.
"""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from serial import PortNotOpenError, SerialBase, SerialException

from tinyforge.core.errors import DeviceError, UsageError, did_you_mean
from tinyforge.core.files import write_bytes
from tinyforge.virtual.board import VirtualBoard

_SCHEME = "virtual://"
_OPTIONS = ("motion", "board")
_LOOK_S = 0.001  # how much time `in_waiting` lets pass to see whether something comes
_SLICE_S = 0.05  # a read without a timeout looks this often whether another thread wrote
_NAP_S = 0.001  # of the host, when the board waits for it too


def virtual_url(elf: Path, *, motion: str = "", board: str = "") -> str:
    """URL of an image on the virtual board, safe for any path."""
    given = [(key, value) for key, value in (("motion", motion), ("board", board)) if value]
    query = "&".join(f"{key}={quote(value, safe='/:?=,')}" for key, value in given)
    return f"{_SCHEME}{quote(str(elf), safe='/')}" + (f"?{query}" if query else "")


def parse_url(url: str) -> tuple[Path, dict[str, str]]:
    """Image and options of a ``virtual://`` URL.

    Raises:
        UsageError: not such a URL, or an unknown option.
    """
    if not url.lower().startswith(_SCHEME):
        raise UsageError(url, "not a virtual:// URL", "write virtual://<image>?motion=<motion>")
    path, _, query = url[len(_SCHEME) :].partition("?")
    if not path:
        raise UsageError(url, "no image is named", "write virtual://<image>, for instance virtual://build/firmware.elf")
    options: dict[str, str] = {}
    # Values may hold `&` and `=` themselves: only an `&` before the name of an option parts them.
    for part in re.split(rf"&(?=(?:{'|'.join(_OPTIONS)})=)", query) if query else []:
        key, _, value = part.partition("=")
        if key not in _OPTIONS:
            raise UsageError(url, f'unknown option "{key}"', did_you_mean(key, _OPTIONS))
        options[key] = unquote(value)
    return Path(unquote(path)), options


class Serial(SerialBase):
    """A port with the virtual board behind it."""

    BAUDRATES = (50, 75, 110, 300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._lock = threading.RLock()
        self._board: VirtualBoard | None = None
        self._kept: Path | None = None
        super().__init__(*args, **kwargs)

    @property
    def board(self) -> VirtualBoard:
        """The board behind the port.

        Raises:
            PortNotOpenError: the port is closed.
        """
        if self._board is None:
            raise PortNotOpenError
        return self._board

    def open(self) -> None:
        """Put the image on the board and switch it on.

        Raises:
            UsageError: the URL is wrong.
            DeviceError: there is no such image.
            ToolError: the file is no image, or the virtual board is not installed.
        """
        path, options = parse_url(str(self.portstr))
        if not path.is_file():
            raise DeviceError(
                str(self.portstr), f"no image at {path}", "build one with `tinyforge build --board virtual`"
            )
        motion = None
        if "motion" in options:
            from tinyforge.virtual.motion import open_motion

            motion = open_motion(options["motion"])
        from tinyforge.boards import load_board

        self._board = VirtualBoard(path, board=load_board(options.get("board", "virtual")), motion=motion)
        self._kept = path.with_name(f"{path.name}.flash")
        if self._kept.is_file():
            self._board.flash.restore(self._kept.read_bytes())
        self.is_open = True

    def close(self) -> None:
        """Switch the board off; its flash keeps what is in it."""
        with self._lock:
            if self._kept is not None and self._board is not None and self._board.flash.touched_bytes:
                write_bytes(self._kept, self._board.flash.content())
            self.is_open = False
            self._board = None

    def from_url(self, url: str) -> str:
        """The URL is the port's name."""
        return url

    def _reconfigure_port(self) -> None:
        """Baud rate, parity and the like mean nothing here."""

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once; the board runs on for a moment when there are none."""
        with self._lock:
            board = self.board
            if not board.available:
                board.run(_LOOK_S)
            return board.available

    @property
    def out_waiting(self) -> int:
        """Bytes not yet on their way: none, the queue to the board has no end."""
        return 0

    def _check_power(self) -> None:
        if not self.board.has_power:
            raise SerialException("the board lost its power")

    def read(self, size: int = 1) -> bytes:
        """Up to ``size`` bytes; fewer when the timeout (of the board's time) passes.

        Raises:
            SerialException: the board has no power, as when a port is pulled.
            BoardFault: the program did what no board allows.
        """
        with self._lock:
            if self.timeout is not None:
                self.board.run(self.timeout, wanted=size)
                self._check_power()
                return self.board.take(size)
        while True:
            with self._lock:
                self.board.run(_SLICE_S, wanted=size)
                self._check_power()
                if self.board.available >= size:
                    return self.board.take(size)
            time.sleep(_NAP_S)

    def write(self, data: Any) -> int:
        """Hand bytes to the board; it takes them when it runs.

        Returns:
            How many.
        """
        with self._lock:
            piece = bytes(data)
            self.board.send(piece)
            return len(piece)

    def flush(self) -> None:
        """Nothing waits on this side."""

    def reset_input_buffer(self) -> None:
        """Forget what the board sent and nobody read."""
        with self._lock:
            self.board.take(self.board.available)

    def reset_output_buffer(self) -> None:
        """Take back what the board has not seen yet."""
        with self._lock:
            del self.board.link.received[:]

    def send_break(self, duration: float = 0.25) -> None:
        """A break lasts, and does nothing else."""
        with self._lock:
            self.board.run(duration, wanted=self.board.available + 1)

    def _update_break_state(self) -> None:
        """The board has no line to hold."""

    def _update_rts_state(self) -> None:
        """The board does not look at RTS."""

    def _update_dtr_state(self) -> None:
        """The board does not look at DTR."""

    @property
    def cts(self) -> bool:
        """The board can always be written to."""
        return True

    @property
    def dsr(self) -> bool:
        """The board is there."""
        return True

    @property
    def ri(self) -> bool:
        """Nobody rings."""
        return False

    @property
    def cd(self) -> bool:
        """The board is there."""
        return True
