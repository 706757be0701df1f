"""The virtual board: a Cortex-M4F in a Python package.

``open_board`` (or ``serial.serial_for_url("virtual://<image>?motion=<motion>")``) starts an image on it;
``virtual.measure`` counts what one inference costs; ``virtual.motion`` is what its IMU feels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import serial

if TYPE_CHECKING:
    from tinyforge.virtual.board import State, VirtualBoard
    from tinyforge.virtual.serial_protocol.protocol_virtual import virtual_url

__all__ = ["State", "VirtualBoard", "register_serial_scheme", "virtual_url"]

_HANDLERS = "tinyforge.virtual.serial_protocol"
_LATE = {
    "VirtualBoard": "tinyforge.virtual.board",
    "State": "tinyforge.virtual.board",
    "virtual_url": "tinyforge.virtual.serial_protocol.protocol_virtual",
}


def register_serial_scheme() -> None:
    """Make ``serial.serial_for_url`` know ``virtual://``; importing this package does it."""
    if _HANDLERS not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(_HANDLERS)


def __getattr__(name: str) -> Any:
    """Unicorn is loaded when the board is used, not when its name is known."""
    if name in _LATE:
        import importlib

        return getattr(importlib.import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


register_serial_scheme()
