"""The desk of a recording session in a terminal: signals, rate, losses, and keys; plain lines elsewhere."""

from __future__ import annotations

import collections
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tinyforge.cli import keys, render

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.text import Text

    from tinyforge.capture.desk import PlainDesk, State
    from tinyforge.capture.source import Source
    from tinyforge.link import SampleBlock

_REFRESH_S = 0.08
_SHOWN_S = 4.0
_LEVELS = " ▁▂▃▄▅▆▇█"
_LEAST_SPAN = {"g": 0.1, "m/s^2": 1.0, "dps": 10.0, "rad/s": 0.2}
_PHASES = {
    "connecting": ("connecting", "yellow"),
    "measuring": ("measuring the rate", "yellow"),
    "countdown": ("get ready", "bold yellow"),
    "recording": ("recording", "bold red"),
    "waiting": ("waiting for a movement", "bold cyan"),
    "paused": ("not recording: press a label's number", "bold yellow"),
}


class Signals:
    """The last seconds of every channel, as lines of a panel.

    Args:
        width: characters a line of signal has.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._columns: list[collections.deque[float]] = []
        self._rate_hz = 0.0
        self._names: list[tuple[str, str]] = []
        self._times: collections.deque[float] = collections.deque(maxlen=64)

    def add(self, source: Source, block: SampleBlock, rate_hz: float) -> None:
        """Samples came."""
        names = [(channel.name, channel.unit) for channel in source.channels]
        if names != self._names:
            self._names = names
            self._columns = [collections.deque() for _ in names]
        keep = max(int((rate_hz or 100.0) * _SHOWN_S), self.width)
        for k, column in enumerate(self._columns):
            column.extend(block.values[:, k].tolist())
            while len(column) > keep:
                column.popleft()

    def lines(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Of each channel: name, unit, signal, latest value, and what it spans."""
        for (name, unit), column in zip(self._names, self._columns, strict=True):
            if column:
                low, high = min(column), max(column)
                yield (
                    name,
                    unit or "?",
                    spark(column, self.width, _LEAST_SPAN.get(unit, 0.0)),
                    _number(column[-1]),
                    (f"{_number(low)} .. {_number(high)}"),
                )


def spark(values: Sequence[float] | collections.deque[float], width: int, least_span: float) -> str:
    """A signal as ``width`` characters of eight heights; a span below ``least_span`` stays flat in the middle."""
    points = list(values)
    step = max(len(points) / width, 1.0)
    means = []
    for k in range(min(width, len(points))):
        piece = points[int(k * step) : max(int((k + 1) * step), int(k * step) + 1)]
        means.append(max(piece, key=lambda v: abs(v - points[0])) if piece else points[-1])
    low, high = min(points), max(points)
    span = max(high - low, least_span, 1e-9)
    middle = (high + low) / 2
    out = ""
    for value in means:
        height = 0.5 + (value - middle) / span  # 0 .. 1
        out += _LEVELS[min(max(round(height * 7), 0), 7) + 1]
    return out.rjust(width)


def _number(value: float) -> str:
    return f"{value:+.3g}" if abs(value) < 1000 else f"{value:+.0f}"


class LiveDesk:
    """A terminal: a panel that shows what comes, and keys.

    Args:
        console: of the terminal.
        title: what is recorded.
        labels: those that number keys choose; empty in the modes without.
    """

    is_live = True

    def __init__(self, console: Console, title: str, labels: Sequence[str] = ()) -> None:
        self._console = console
        self._title = title
        self._labels = labels
        self._signals = Signals(max(min(console.width - 48, 100), 16))
        self._state: State | None = None
        self._drawn = 0.0
        self._live: Live | None = None
        self._place = ""

    @contextlib.contextmanager
    def open(self) -> Iterator[LiveDesk]:
        """Draw and listen while the block runs; the terminal is as before afterwards."""
        from rich.live import Live

        with keys.key_by_key(), Live(console=self._console, auto_refresh=False, transient=True) as live:
            self._live = live
            try:
                yield self
            finally:
                self._live = None

    def pressed(self) -> str:
        """Keys that wait."""
        return keys.pressed()

    def block(self, source: Source, block: SampleBlock) -> None:
        """Samples came."""
        self._place = f"{source.place} · {source.board or source.firmware}"
        rate_hz = self._state.rate_hz if self._state is not None else 0.0
        self._signals.add(source, block, rate_hz)

    def show(self, state: State) -> None:
        """The session moved on; drawn a dozen times a second."""
        new_phase = self._state is None or self._state.phase != state.phase
        self._state = state
        now = time.monotonic()
        if self._live is not None and (new_phase or now - self._drawn >= _REFRESH_S):
            self._drawn = now
            self._live.update(self._panel(state), refresh=True)

    def say(self, text: str) -> None:
        """A line above the panel."""
        from rich.text import Text

        style = "yellow" if text.startswith("warning") or "LOST" in text else ""
        self._console.print(Text(text, style=style))

    def ask(self, question: str) -> str:
        """A line from the user, typed with echo."""
        if self._live is not None:
            self._live.stop()
        try:
            with keys.line_by_line():
                return input(question).strip()
        except EOFError:
            return ""
        finally:
            if self._live is not None:
                self._live.start()

    def _panel(self, state: State) -> RenderableType:
        from rich.console import Group
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        signals = Table.grid(padding=(0, 1))
        for name, unit, line, latest, spans in self._signals.lines():
            signals.add_row(
                Text(name, style="bold"), Text(unit, style="dim"), Text(line, style="cyan"), latest, Text(spans, "dim")
            )
        return Panel(
            Group(self._headline(state), self._figures(state), signals, self._help()),
            title=f"{self._title}" + (f" · {self._place}" if self._place else ""),
            title_align="left",
            width=min(self._console.width, 150),
        )

    def _headline(self, state: State) -> Text:
        from rich.text import Text

        words, style = _PHASES[state.phase]
        line = Text(words, style=style)
        if state.label:
            line.append(f"  {state.label}", style="bold")
        if state.number:
            line.append(f"  take {state.number}" + (f" of {state.count}" if state.count else ""))
        if state.phase == "countdown":
            line.append(f"  {state.left_s:.1f} s", style="bold")
        if state.total and state.phase == "recording":
            filled = int(24 * state.done / state.total)
            line.append("  " + "█" * filled + "░" * (24 - filled), style="green")
            line.append(f" {state.done}/{state.total}")
        elif state.phase == "recording":
            line.append(f"  {state.done} samples")
        return line

    def _figures(self, state: State) -> Text:
        from rich.text import Text

        rate = f"{state.rate_hz:.5g} ± {state.rate_error_hz:.1g} Hz" if state.rate_hz else "..."
        line = Text(f"rate {rate}")
        for name, value in (("lost", state.lost), ("damaged", state.damaged), ("clipped", state.clipped)):
            line.append(f"   {name} {value}", style="bold red" if value else "green")
        return line

    def _help(self) -> Text:
        from rich.text import Text

        keys = "u undo · r redo · n note · q end"
        if self._labels:
            keys = " · ".join(f"{k} {label}" for k, label in enumerate(self._labels, 1)) + " · space none · " + keys
        return Text(keys, style="dim")


def desk_for(title: str, labels: Sequence[str], *, quiet: bool) -> LiveDesk | PlainDesk:
    """A live desk where there is a terminal and somebody to press keys, else a plain one."""
    from tinyforge.capture.desk import PlainDesk

    console = render.console(stderr=True)
    if quiet or not console.is_terminal or not sys.stdin.isatty():
        return PlainDesk(None if quiet else _to_stderr)
    return LiveDesk(console, title, labels)


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
