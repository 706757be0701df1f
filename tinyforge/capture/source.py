"""What samples come from: the part of `Link` and `TextLink` that recording needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from tinyforge.core.types import Channel
from tinyforge.link import LinkCounters, SampleBlock


class Source(Protocol):
    """A device that streams samples.

    Attributes:
        place: what the user called the port.
        device_clock: blocks carry the device's clock in ``time_us``.
        counted: the device counts its samples, so that lost ones are known exactly.
        takes_rate: the device can be asked for a rate; else ``rate_hz`` of `start_stream` is what the user says.
    """

    place: str
    device_clock: bool
    counted: bool
    takes_rate: bool

    @property
    def board(self) -> str:
        """What the device calls its board; empty when it does not say."""

    @property
    def firmware(self) -> str:
        """What runs on it."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Columns of the samples."""

    @property
    def counters(self) -> LinkCounters:
        """What was seen since the device was opened."""

    def start_stream(self, rate_hz: float | None = None) -> float:
        """Start; the rate it says, or 0 when it says none."""

    def samples(self, *, timeout_s: float | None = None) -> Iterator[SampleBlock]:
        """Blocks as they come."""

    def stop_stream(self) -> object:
        """End it."""

    def close(self) -> None:
        """Give the port back."""
