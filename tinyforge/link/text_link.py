"""A device that sends lines of numbers, behind the same methods as a `Link`."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from tinyforge.core.errors import DeviceError, UsageError
from tinyforge.core.types import Channel, Float32Array
from tinyforge.link.link import LinkCounters, SampleBlock
from tinyforge.link.ports import Port
from tinyforge.link.text import (
    Announcement,
    BadLine,
    Chatter,
    Header,
    Line,
    Row,
    TextDecoder,
    canonical_name,
    is_counter,
    time_scale,
)

_PROBE_ROWS = 4  # good lines of one width that make a device one that sends text
_MOST_ROWS_AHEAD = 1 << 20  # a counter that jumps further is damaged
_SILENCE_S = 3.0
_WRONG_LINES = 200  # damaged ones in a row: the device changed what it sends
_CONNECT, _DISCONNECT = b"connect", b"disconnect"  # SensiML's words, compared whole by its sketches


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a line are.

    Attributes:
        width: how many there are.
        channels: those that are samples, in order, with the unit the device said; empty where it said none.
        columns: for each channel its column.
        time_column, time_us: which column is the device's clock, and one of its units; -1 where none is.
        counter_column: which column counts samples; -1 where none does.
    """

    width: int
    channels: tuple[Channel, ...]
    columns: tuple[int, ...]
    time_column: int = -1
    time_us: float = 0.0
    counter_column: int = -1


def layout_of(width: int, titles: Sequence[str] = (), units: Sequence[str] = ()) -> Layout:
    """The layout of lines with these titles; without any the channels are ``c1``, ``c2``, ..."""
    titles = list(titles) or [f"c{k}" for k in range(1, width + 1)]
    units = list(units) or [""] * width
    time_column = next((k for k, title in enumerate(titles) if time_scale(title)), -1)
    counter_column = next((k for k, title in enumerate(titles) if is_counter(title)), -1)
    columns = tuple(k for k in range(width) if k not in (time_column, counter_column))
    names = [canonical_name(titles[k]) for k in columns]
    doubled = {name for name in names if names.count(name) > 1}
    unique = [f"{name}{k}" if name in doubled else name for k, name in enumerate(names, 1)]
    return Layout(
        width,
        tuple(Channel(name, units[k]) for name, k in zip(unique, columns, strict=True)),
        columns,
        time_column,
        time_scale(titles[time_column]) if time_column >= 0 else 0.0,
        counter_column,
    )


def recognise(lines: Sequence[Line]) -> Layout | None:
    """The layout of a device's first lines, or None when they are no lines of numbers."""
    widths = Counter(len(line.values) for line in lines if isinstance(line, Row))
    for line in lines:
        if isinstance(line, Announcement):
            return layout_of(len(line.names), line.names)
    if not widths:
        return None
    (width, count), *_ = widths.most_common(1)
    if count < _PROBE_ROWS and not (count >= 2 and all(isinstance(line, Row | Header) for line in lines)):
        return None
    for line in lines:
        if isinstance(line, Header) and len(line.names) == width:
            return layout_of(width, line.names, line.units)
    return layout_of(width)


class TextLink:
    """A device that sends lines. Not for several threads.

    Args:
        port: open; `TextLink` closes it.
        lines: what came already, and told that it is such a device.
        decoder: that gave them.
        clock: seconds that pass, as `time.monotonic`.

    Raises:
        DeviceError: ``lines`` are no lines of numbers.
    """

    takes_rate = False

    def __init__(
        self,
        port: Port,
        lines: Sequence[Line],
        decoder: TextDecoder,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        layout = recognise(lines)
        if layout is None:
            raise DeviceError(port.name, "sends no lines of numbers", "is it another sketch, or another baud rate?")
        self.place = port.name
        self.board = ""
        announced = [line for line in lines if isinstance(line, Announcement)]
        self.firmware = "SensiML" if announced else "text"
        self.announced_rate_hz = announced[-1].rate_hz if announced else 0.0
        self._first = [line.values for line in lines if isinstance(line, Row) and len(line.values) == layout.width]
        self.lay_out(layout)
        self._port = port
        self._clock = clock
        self._decoder = decoder
        self._counters = LinkCounters()
        self._running = False
        self._announced = bool(announced)
        self._announced_names = announced[-1].names if announced else ()
        self._blocks: deque[SampleBlock] = deque()
        self._reset_run()

    def lay_out(self, layout: Layout) -> None:
        """Take the columns for what ``layout`` says."""
        self.layout = layout
        self.channels = layout.channels
        self.device_clock = layout.time_column >= 0
        self.counted = layout.counter_column >= 0

    @property
    def first_rows(self) -> Float32Array:
        """What came before the first take, [row, channel]."""
        rows = [[row[k] for k in self.layout.columns] for row in self._first]
        return np.array(rows, np.float32).reshape(-1, len(self.layout.columns))

    def _fits(self, row: Row) -> bool:
        return len(row.values) == self.layout.width

    def _reset_run(self) -> None:
        self._next_index = 0
        self._bad_rows = 0
        self._bad_in_a_row = 0
        self._counter: int | None = None
        self._device_us: float | None = None
        self._blocks.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the port back."""
        self.stop_stream()
        self._port.close()

    @property
    def counters(self) -> LinkCounters:
        """A snapshot; frames are lines."""
        return dataclasses.replace(self._counters, bytes=self._decoder.bytes)

    def start_stream(self, rate_hz: float | None = None) -> float:
        """Begin with the next whole line.

        Args:
            rate_hz: what the user says; nothing can be told to such a device.

        Returns:
            The rate the device announced, else ``rate_hz``, else 0: it must be measured.

        Raises:
            DeviceError: the device is gone.
        """
        late = self._clock() + 0.5
        while self._port.read_some(0.0) and self._clock() < late:
            pass  # what waits in the buffers is from before
        self._decoder = TextDecoder()
        self._reset_run()
        self._running = True
        if self._announced:
            self._port.write(_CONNECT)
        return self.announced_rate_hz or rate_hz or 0.0

    def stop_stream(self) -> None:
        """Take no more."""
        if self._running and self._announced:
            with contextlib.suppress(DeviceError):  # it is gone: nothing runs there any more
                self._port.write(_DISCONNECT)
        self._running = False

    def samples(self, *, timeout_s: float | None = None) -> Iterator[SampleBlock]:
        """Blocks of samples as they come, until `stop_stream` was called.

        `SampleBlock.time_us` is the device's clock where a column is one, else 0.

        Args:
            timeout_s: longest silence; None for 3 s.

        Raises:
            DeviceError: silence, the device went away, restarted, or sends something else now.
        """
        limit_s = _SILENCE_S if timeout_s is None else timeout_s
        deadline = self._clock() + limit_s
        bad_before = self._counters.bad_frames
        while self._running:
            data = self._port.read_some(max(deadline - self._clock(), 0.0))
            arrived_s = self._clock()
            for line in self._decoder.feed(data):
                self._take(line, arrived_s)
            if self._blocks:
                deadline = self._clock() + limit_s
                bad_before = self._counters.bad_frames
                while self._blocks:
                    yield self._blocks.popleft()
            elif self._clock() >= deadline:
                raise self._fell_silent(limit_s, self._counters.bad_frames - bad_before)

    def _fell_silent(self, limit_s: float, bad: int) -> DeviceError:
        if bad:
            return DeviceError(
                self.place,
                f"no whole line came for {limit_s:g} s, but {bad} damaged ones",
                "check cable and baud rate; something disturbs the line",
            )
        return DeviceError(
            self.place, f"nothing came for {limit_s:g} s", "is the board still plugged in? press its reset button"
        )

    def _take(self, line: Line, arrived_s: float) -> None:
        if isinstance(line, Announcement):
            if self._announced and line.names != self._announced_names:
                raise self._changed(f"announces {', '.join(line.names)}")
            if self._announced and self._next_index == 0:
                self._port.write(_CONNECT)  # it did not hear us
            elif self._announced:
                raise DeviceError(self.place, "the board restarted: it announces itself again", "start again")
        elif isinstance(line, Row) and self._fits(line):
            self._take_row(line, arrived_s)
        elif isinstance(line, Row):
            self._take_bad(len(line.values))
        elif isinstance(line, BadLine):
            self._take_bad(line.fields)
        elif isinstance(line, Header) and self._next_index and len(line.names) == self.layout.width:
            raise DeviceError(self.place, "the board restarted: it sends its header again", "start again")
        elif not isinstance(line, Chatter):
            self._count(malformed=1)

    def _changed(self, fact: str) -> DeviceError:
        return DeviceError(self.place, f"the device changed what it sends: it {fact}", "start again")

    def _take_bad(self, fields: int) -> None:
        self._count(bad_frames=1)
        self._bad_rows += max(1, round(fields / self.layout.width))  # two lines that ran into each other are two
        self._bad_in_a_row += 1
        if self._bad_in_a_row >= _WRONG_LINES:
            raise self._changed(f"sent {self._bad_in_a_row} lines in a row that do not fit {self.layout.width} columns")

    def _take_row(self, row: Row, arrived_s: float) -> None:
        lost = self._lost_before(row)
        if lost is None:
            return
        values: Float32Array = np.array([[row.values[k] for k in self.layout.columns]], np.float32)
        time_us = 0
        if self.layout.time_column >= 0:
            time_us = self._time_us(row.values[self.layout.time_column])
        index = self._next_index + lost
        self._next_index = index + 1
        self._count(good_frames=1, lost_samples=lost)
        last = self._blocks[-1] if self._blocks else None
        if last is not None and not lost and not self.device_clock:  # one block for what came at once
            joined = np.concatenate([last.values, values])
            self._blocks[-1] = dataclasses.replace(last, values=joined)
        else:
            self._blocks.append(SampleBlock(index, time_us, values, lost, arrived_s))

    def _lost_before(self, row: Row) -> int | None:
        """Samples lost before this one; None when it came already."""
        by_lines, self._bad_rows, self._bad_in_a_row = self._bad_rows, 0, 0
        if self.layout.counter_column < 0:
            return by_lines
        number = row.values[self.layout.counter_column]
        if number != int(number):
            raise self._changed(f"has {number:g} in the column that counts")
        counter, before = int(number), self._counter
        if before is None:
            self._counter = counter
            return by_lines
        ahead = counter - before - 1
        for bits in (8, 16, 32):  # a counter that wraps
            if ahead < 0 and before + 1 <= 1 << bits and ahead + (1 << bits) < 1 << (bits - 2):
                ahead += 1 << bits
                break
        if ahead == -1:
            self._count(repeated_samples=1)
            return None
        if not 0 <= ahead < _MOST_ROWS_AHEAD:
            raise DeviceError(
                self.place,
                f"the board restarted: its counter says {counter} where {before + 1} belongs",
                "start again; check its supply and cable",
            )
        self._counter = counter
        return ahead

    def _time_us(self, value: float) -> int:
        """The device's clock in microseconds since the first line; a 32-bit counter that wraps goes on."""
        now = value * self.layout.time_us
        if self._device_us is None:
            self._device_us = now
            return round(now)
        wrap = self.layout.time_us * 2.0**32
        step = math.remainder(now - self._device_us, wrap)
        if step < -1e6 - 2 * self.layout.time_us:
            raise DeviceError(self.place, "the board restarted: its clock goes backwards", "start again")
        self._device_us += step
        return round(self._device_us)

    def _count(self, **more: int) -> None:
        now = self._counters
        self._counters = dataclasses.replace(now, **{name: getattr(now, name) + value for name, value in more.items()})


def named(link: TextLink, names: Sequence[str], units: Sequence[str]) -> None:
    """Give the columns of a device the names and units the user says; either may be empty.

    Names may be those of all columns, of time and counter, too; then the columns are what these names say.

    Raises:
        UsageError: there are more or fewer than the device has.
    """
    if names and len(names) == link.layout.width:
        link.lay_out(layout_of(link.layout.width, names))
        names = ()
    have = link.channels
    for option, given in (("--channels", names), ("--units", units)):
        if given and len(given) != len(have):
            raise UsageError(option, f"{len(given)} for {len(have)} channels", f"{link.place} sends {len(have)}")
    link.channels = tuple(
        Channel(canonical_name(names[k]) if names else channel.name, units[k] if units else channel.unit)
        for k, channel in enumerate(have)
    )
