"""How results, progress and errors look in a terminal; rich is imported when something is drawn."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import TinyforgeError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID


def console(*, stderr: bool = False) -> Console:
    """A console that has colour only on a terminal and without ``NO_COLOR``."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, soft_wrap=not stream.isatty())


def error(caught: TinyforgeError, *, as_json: bool = False) -> None:
    """Print place, fact and way out to stderr; with ``as_json`` also as JSON to stdout."""
    from rich.text import Text

    text = Text("error: ", style="bold red")
    text.append(f"{caught.place}: " if caught.place else "", style="bold default")
    text.append(caught.fact, style="not bold default")
    if caught.way_out:
        text.append("\n  -> ", style="cyan")
        text.append(caught.way_out, style="not bold default")
    console(stderr=True).print(text)
    if as_json:
        _error_document(caught.place, caught.fact, caught.way_out, caught.exit_code, type(caught).__name__)


def internal_error(caught: Exception, exit_code: int, *, as_json: bool) -> None:
    """Print an error that should not have reached the user; as JSON on stdout, too, where that was asked for."""
    from rich.text import Text

    fact, way_out = f"{type(caught).__name__}: {caught}", "run again with --debug and report what it prints"
    if as_json:
        _error_document("", fact, way_out, exit_code, "InternalError")
    text = Text("internal error: ", style="bold red")
    text.append(f"{fact}\n", style="not bold default")
    text.append("  -> ", style="cyan")
    text.append(f"this is a bug in tinyforge; {way_out}", style="default")
    console(stderr=True).print(text)


def _error_document(place: str, fact: str, way_out: str, exit_code: int, kind: str) -> None:
    """Print an error as the JSON that scripts read on stdout."""
    said = {"place": place, "fact": fact, "way_out": way_out, "exit_code": exit_code, "kind": kind}
    print(json.dumps({"error": said}))


def say(text: str, style: str = "") -> None:
    """A line for the user."""
    from rich.text import Text

    console().print(Text(text, style=style))


def say_json(value: Any) -> None:
    """The result as JSON on stdout, nothing else."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Sequence[str] = ()) -> None:
    """A table; the columns in ``numeric`` are right-aligned."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        drawn.add_column(column, justify="right" if column in numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*[Text(cell) for cell in row])
    out = console()
    if not out.is_terminal and out.width < 140:
        out.width = 140
    out.print(drawn)


def thousands(value: float | None) -> str:
    """``12345`` as ``12 345``; a dash for None."""
    return "-" if value is None else f"{value:,.0f}".replace(",", " ")


def percent(value: float | None) -> str:
    """``0.954`` as ``95.4 %``; a dash for None."""
    return "-" if value is None else f"{100 * value:.1f} %"


def interval(entry: Mapping[str, Any] | None) -> str:
    """Accuracy with its 95 % interval: ``95.4 % [94.0, 96.5]``."""
    if entry is None:
        return "-"
    return f"{100 * entry['accuracy']:.1f} % [{100 * entry['low']:.1f}, {100 * entry['high']:.1f}]"


class Watcher:
    """Shows steps: progress bars on a terminal, one line a step elsewhere. Thread safe."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._lock = threading.Lock()
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, float] = {}
        self._cached = 0
        self._console = console(stderr=True)

    @contextlib.contextmanager
    def live(self) -> Iterator[Watcher]:
        """Draw while the block runs; at its end say how much there was to reuse."""
        try:
            with self._drawing():
                yield self
        finally:
            if self._cached and not self._quiet:
                steps = "step" if self._cached == 1 else "steps"
                self._line(f"  {self._cached} {steps} unchanged, not done again", dim=True)

    @contextlib.contextmanager
    def _drawing(self) -> Iterator[None]:
        if self._quiet or not self._console.is_terminal:
            yield
            return
        from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[text]}", markup=True),
        )
        with Progress(*columns, console=self._console, transient=True) as bars:
            self._bars = bars
            try:
                yield
            finally:
                self._bars = None

    def started(self, step: str) -> None:
        """A step begins."""
        with self._lock:
            if self._bars is not None:
                self._tasks[step] = self._bars.add_task(step, total=None, text="")
            elif not self._quiet:
                self._line(f"  {step} ...")
            self._said[step] = time.monotonic()

    def progress(self, step: str, done: float, total: float, text: str) -> None:
        """A step moves on."""
        from rich.markup import escape

        with self._lock:
            if self._bars is not None and step in self._tasks:
                self._bars.update(self._tasks[step], completed=done, total=total, text=escape(text))
            elif self._bars is not None:
                self._tasks[step] = self._bars.add_task(step, total=total, completed=int(done), text=escape(text))
            elif not self._quiet and time.monotonic() - self._said.setdefault(step, time.monotonic()) > 5.0:
                self._said[step] = time.monotonic()
                share = f" {100 * done / total:.0f} %" if total else ""
                self._line(f"  {step}{share} {text}")

    def finished(self, step: str, seconds: float, *, cached: bool) -> None:
        """A step is done."""
        with self._lock:
            if self._bars is not None and step in self._tasks:
                self._bars.remove_task(self._tasks.pop(step))
            if cached:
                self._cached += 1
            elif not self._quiet:
                self._line(f"  {step}: {seconds:.1f} s")

    def note(self, text: str) -> None:
        """Something to read."""
        with self._lock:
            if not self._quiet:
                self._line(text)

    def _line(self, text: str, *, dim: bool = False) -> None:
        from rich.text import Text

        self._console.print(Text(text, style="dim" if dim else ""))
