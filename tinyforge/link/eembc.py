"""A small runner for firmware that speaks the text protocol of MLPerf Tiny (``firmware/common/tfw_eembc.c``).

A command ends with ``%``; the answer is lines, of which ``m-ready`` is the last; ``m-`` marks messages, ``e-`` errors.
The runner of github.com/mlcommons/tiny sends the same commands; this one is for tests and quick looks.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from tinyforge.core.errors import DeviceError
from tinyforge.link.ports import Port

READY = "m-ready"
_HEX_BYTES, _HEX_BYTES_ENERGY = 31, 26  # of one `db` command, as the runner sends them
_TIMEOUT_S = 5.0
_STAMP = re.compile(r"m-lap-us-(\d+)")


@dataclass(frozen=True, slots=True)
class Timing:
    """What ``infer`` gave.

    Attributes:
        inferences: how many between the two time stamps.
        duration_us: between them, by the device's clock; None in energy mode, where a monitor sees them.
        results: scores, three decimals.
    """

    inferences: int
    duration_us: int | None
    results: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LayerCycles:
    """What ``layers`` gave.

    Attributes:
        sha256: of the model's ``.tflite``, hex digits.
        cycles: of each call of one inference.
        invoke: of a whole inference, without looking at its calls.
        output: of the network, as its bytes.
    """

    sha256: str
    cycles: tuple[int, ...]
    invoke: int
    output: bytes


class Runner:
    """A device behind an open port.

    Args:
        port: where the bytes go.
        timeout_s: how long a line may take.
        energy: the firmware is that of energy mode, whose time stamps are pulses on a pin.
        clock: seconds that pass, as `time.monotonic`.
    """

    def __init__(
        self,
        port: Port,
        *,
        timeout_s: float = _TIMEOUT_S,
        energy: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._port = port
        self._energy = energy
        self._timeout_s = timeout_s
        self._clock = clock
        self._waiting = b""

    def line(self) -> str:
        """The next line.

        Raises:
            DeviceError: none comes.
        """
        deadline = self._clock() + self._timeout_s
        while b"\n" not in self._waiting:
            self._waiting += self._port.read_some(max(deadline - self._clock(), 0.0))
            if b"\n" not in self._waiting and self._clock() >= deadline:
                raise DeviceError(
                    self._port.name,
                    f"no line in {self._timeout_s:g} s",
                    "is its firmware built with `tinyforge firmware eject --link eembc`?",
                )
        line, self._waiting = self._waiting.split(b"\n", 1)
        return line.rstrip(b"\r").decode("ascii", "replace")

    def wait(self) -> list[str]:
        """Lines up to ``m-ready``, which is left out.

        Raises:
            DeviceError: silence, or an ``e-`` line.
        """
        lines = []
        while (line := self.line()) != READY:
            lines.append(line)
        for line in lines:
            if line.startswith("e-"):
                raise DeviceError(self._port.name, line[2:].strip("[]"), "see docs/eembc.md")
        return lines

    def settle(self, quiet_s: float = 0.3) -> None:
        """Drop what the device says until it says nothing for so long: a start, or what another program asked.

        Raises:
            DeviceError: the device is gone.
        """
        while self._port.read_some(quiet_s):
            pass
        self._waiting = b""

    def command(self, text: str) -> list[str]:
        """Send a command and give its answer.

        Raises:
            DeviceError: silence, or an ``e-`` line.
        """
        self._port.write(f"{text}%".encode("ascii"))
        return self.wait()

    def load(self, data: bytes) -> None:
        """Fill the input: quantized values, or a window of float32, little-endian.

        Raises:
            DeviceError: it does not fit.
        """
        said = self.command(f"db load {len(data)}")
        if not said or not said[0].startswith("m-"):
            raise DeviceError(self._port.name, "; ".join(said), f"{len(data)} bytes are no input of this model")
        step = _HEX_BYTES_ENERGY if self._energy else _HEX_BYTES
        for at in range(0, len(data), step):
            said = self.command(f"db {data[at : at + step].hex()}")
        if said != ["m-load-done"]:
            raise DeviceError(self._port.name, f"answered {said} to the last byte", "reset it and try again")

    def infer(self, inferences: int, warm_up: int = 0) -> Timing:
        """Run the network on the input that was loaded.

        Raises:
            DeviceError: nothing is loaded, or an answer that is none.
        """
        said = self.command(f"infer {inferences} {warm_up}")
        stamps = [int(found[1]) for line in said if (found := _STAMP.fullmatch(line))]
        if len(stamps) != (0 if self._energy else 2):
            raise DeviceError(
                self._port.name,
                f"gave {len(stamps)} time stamps",
                "two are those of performance mode, none those of energy mode: is its firmware built for this one?",
            )
        duration_us = None if self._energy else (stamps[1] - stamps[0]) % (1 << 32)
        return Timing(inferences, duration_us, _results(said[-1], self._port.name))

    def layers(self) -> LayerCycles:
        """Cycles of the network's calls, of the input that was loaded; firmware of ``--link layers`` alone knows them.

        Raises:
            DeviceError: nothing is loaded, an answer that is none, or ``Unknown command: layers``.
        """
        said = self.command("layers")

        def all_of(pattern: str) -> list[str]:
            return [found[1] for line in said if (found := re.fullmatch(pattern, line))]

        sha256, invoke = all_of("m-sha256-([0-9a-f]{64})"), all_of(r"m-invoke-(\d+)")
        cycles = all_of(r"m-layer-\d+-(\d+)")
        output = bytes.fromhex("".join(all_of("m-output-((?:[0-9a-f]{2})+)")))
        if len(sha256) != 1 or len(invoke) != 1 or not output:
            raise DeviceError(self._port.name, f"answered {said} instead of layers", "reset it and try again")
        return LayerCycles(sha256[0], tuple(map(int, cycles)), int(invoke[0]), output)

    def results(self) -> tuple[float, ...]:
        """Scores of the last inference."""
        return _results("".join(self.command("results")[-1:]), self._port.name)


def _results(line: str, place: str) -> tuple[float, ...]:
    found = re.fullmatch(r"m-results-\[([\d.,]*)\]", line)
    if found is None:
        raise DeviceError(place, f"answered {line!r} instead of results", "reset it and try again")
    return tuple(float(part) for part in found[1].split(",") if part)
