"""The link to a board: COBS frames and messages, generated from ``protocol.toml`` for Python and C.

`open_link` gives a `Link`; what it carries is described in ``docs/protocol.md``.
"""

from tinyforge.link.detect import open_device
from tinyforge.link.link import Inference, Link, LinkCounters, LinkRefused, Prediction, SampleBlock, open_link
from tinyforge.link.messages import Hello, Mode, Reset, Stats, Status, Stopped, UpdateState
from tinyforge.link.model_binding import render_model_binding, render_plain_binding
from tinyforge.link.ports import Port, PortInfo, SerialPort, SocketPort, list_ports, open_port
from tinyforge.link.text_link import TextLink

__all__ = [
    "Hello",
    "Inference",
    "Link",
    "LinkCounters",
    "LinkRefused",
    "Mode",
    "Port",
    "PortInfo",
    "Prediction",
    "Reset",
    "SampleBlock",
    "SerialPort",
    "SocketPort",
    "Stats",
    "Status",
    "Stopped",
    "TextLink",
    "UpdateState",
    "list_ports",
    "open_device",
    "open_link",
    "open_port",
    "render_model_binding",
    "render_plain_binding",
]
