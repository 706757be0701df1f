"""What is on a port: our firmware, a sketch that sends lines of numbers, or something else."""

from __future__ import annotations

import string
import time
from collections.abc import Callable

from tinyforge.core.errors import DeviceError
from tinyforge.link.link import DEFAULT_TIMEOUT_S, Link
from tinyforge.link.ports import DEFAULT_BAUD, Port, open_port
from tinyforge.link.text import Line, TextDecoder
from tinyforge.link.text_link import TextLink, recognise

_LISTEN_S = 0.2  # before the first byte is sent: a sketch that sends text needs no question
_LISTEN_ON_S = 4.0  # a sketch that sends a line a second, or announces itself once a second
_SURE_LINES = 12
_KEPT_BYTES = 1 << 15
_TEXT_BYTES = frozenset(string.printable.encode())


class _Tap:
    """A port that remembers what came."""

    def __init__(self, port: Port) -> None:
        self.name = port.name
        self.port = port
        self.heard = b""

    def read_some(self, timeout_s: float) -> bytes:
        data = self.port.read_some(timeout_s)
        self.heard = (self.heard + data)[-_KEPT_BYTES:]
        return data

    def write(self, data: bytes) -> None:
        self.port.write(data)

    def close(self) -> None:
        self.port.close()


def open_device(
    port: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    baud: int = DEFAULT_BAUD,
    clock: Callable[[], float] = time.monotonic,
) -> Link | TextLink:
    """Open a port and find out what is there.

    Args:
        port: as `open_port` takes it.
        timeout_s: how long our firmware may take to answer.
        baud: bits a second of a real UART.
        clock: seconds that pass.

    Raises:
        DeviceError: the port does not open, or nothing that can be understood comes; the message says what came.
    """
    return detect(open_port(port, baud), timeout_s=timeout_s, baud=baud, clock=clock)


def detect(
    port: Port,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    baud: int = DEFAULT_BAUD,
    clock: Callable[[], float] = time.monotonic,
) -> Link | TextLink:
    """As `open_device`, on an open port, which is closed when nothing is recognised."""
    tap = _Tap(port)
    try:
        found = _listen(tap, clock, _LISTEN_S, not_before_sure=True)
        if found is not None:
            return found
        link = Link(tap, timeout_s=timeout_s, clock=clock)
        try:
            link.hello()
        except DeviceError as error:
            if link.counters.good_frames or not tap.heard:
                raise
            silence = error
        else:
            return link
        return _found_late(tap, clock, baud, silence)
    except BaseException:
        tap.close()
        raise


def _found_late(tap: _Tap, clock: Callable[[], float], baud: int, silence: DeviceError) -> TextLink:
    found = _listen(tap, clock, _LISTEN_ON_S)
    if found is None:
        raise _foreign(tap, baud) from silence
    return found


def _listen(tap: _Tap, clock: Callable[[], float], seconds: float, *, not_before_sure: bool = False) -> TextLink | None:
    """A device that sends text, as soon as it shows; None after so many seconds."""
    deadline = clock() + seconds
    decoder = TextDecoder()
    lines: list[Line] = decoder.feed(tap.heard)
    while True:
        if recognise(lines) is not None and (not not_before_sure or len(lines) >= _SURE_LINES):
            return TextLink(tap.port, lines, decoder, clock=clock)
        if clock() >= deadline:
            break
        lines += decoder.feed(tap.read_some(max(deadline - clock(), 0.0)))
        if b"\0" in tap.heard:  # text has none, our frames end with one
            return None
    if recognise(lines) is not None:
        return TextLink(tap.port, lines, decoder, clock=clock)
    return None


def _foreign(tap: _Tap, baud: int) -> DeviceError:
    heard = tap.heard
    printable = 100 * sum(byte in _TEXT_BYTES for byte in heard) // len(heard)
    count = f"{len(heard)} bytes" if len(heard) < _KEPT_BYTES else f"more than {_KEPT_BYTES} bytes"
    if printable > 95:
        text = heard.decode("utf-8", "replace").splitlines()
        shown = next((line.strip() for line in reversed(text[:-1]) if line.strip()), "")[:40]
        shown = "".join(char if char.isprintable() else "?" for char in shown)
        return DeviceError(
            tap.name,
            f"{count} of text came, but neither tinyforge frames nor lines of numbers, for instance {shown!r}",
            "it is another sketch: flash ours with `tinyforge flash`, or let it print one sample a line: 0.1,-0.2,9.8",
        )
    return DeviceError(
        tap.name,
        f"{count} came at {baud} baud, but neither tinyforge frames nor text ({printable} % printable)",
        "the baud rate is wrong or it is another device: try --baud 9600, 57600, 230400 or 921600, "
        "or flash ours: `tinyforge flash`",
    )
