"""The board description and its loader."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyforge.core.errors import ConfigError, did_you_mean
from tinyforge.core.strict import Table, load_toml
from tinyforge.core.types import Channel

_FOLDER = Path(__file__).parent
_CPUS = ("cortex-m4",)
_LAUNCHERS = ("platformio", "virtual")
_METHODS = ("touch", "stlink")
_UNITS = ("g", "m/s^2", "dps", "rad/s", "uT", "hPa", "degC")
_AXES = ("+x", "+y", "+z")
_IDENTIFIER = re.compile("[a-z][a-z0-9_]*")
_ADDRESS_MAX = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor on a board.

    Attributes:
        part: what is printed on it.
        channels: columns it gives, in order.
        ranges: for each channel its largest magnitude, in the channel's unit; beyond it the sensor clips.
        rates_hz: rates it has; the first is the usual one.
        axes: for x, y and z of the board the axis of the part that lies along it, with its sign: ``+x``, ``-y``, ...;
            right-handed. Acceleration and rotation are turned alike.
    """

    part: str
    channels: tuple[Channel, ...]
    ranges: tuple[float, ...]
    rates_hz: tuple[float, ...]
    axes: tuple[str, str, str] = _AXES


@dataclass(frozen=True, slots=True)
class Upload:
    """How an image gets onto a board.

    Attributes:
        method: ``touch``: its port, opened at 1200 baud, restarts it into its boot loader; ``stlink``: by a probe.
        boot_usb_ids: vendor and product numbers its boot loader shows; they are among the board's, too.
        hint: what a person does when the board is not found, or the upload fails; a sentence, may be empty.
    """

    method: str = "stlink"
    boot_usb_ids: tuple[tuple[int, int], ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """What a board is.

    Attributes:
        id: stem of its TOML.
        name: as its maker calls it.
        hello_name: what its firmware calls itself in HELLO; boards that share an image share it.
        cpu: core, as the compiler's ``-mcpu`` takes it.
        clock_hz: of the core.
        flash_origin, ram_origin: first address of the application, of the RAM.
        flash_bytes: for the application, without boot loader.
        ram_bytes: all RAM, also what does not follow on from ``ram_origin``.
        firmware: folder beside the TOML, or below ``firmware/``.
        pio_env: environment of its ``platformio.ini``.
        usb_ids: vendor and product numbers it may show, of application and boot loader.
        launcher: how it is flashed: ``platformio`` or ``virtual``.
        sensors: what it carries; the first one is streamed.
        path: the TOML.
        flash_wait_cycles: cycles that the first fetch after a jump waits for the flash, at ``clock_hz``.
        upload: how an image gets onto it.
    """

    id: str
    name: str
    hello_name: str
    cpu: str
    clock_hz: int
    flash_origin: int
    flash_bytes: int
    ram_origin: int
    ram_bytes: int
    firmware: str
    pio_env: str
    usb_ids: tuple[tuple[int, int], ...]
    launcher: str
    sensors: tuple[Sensor, ...]
    path: Path
    flash_wait_cycles: int = 0
    upload: Upload = Upload()

    @property
    def reference(self) -> str:
        """What :func:`load_board` finds it by again: its identifier, or the path of a description that is not ours."""
        return self.id if self.path.parent == _FOLDER else str(self.path.absolute())

    def cycles_on(self, cycles: int, jumps: int) -> int:
        """Cycles of code in this board's flash: each jump waits for its first fetch.

        Args:
            cycles: those of memory without wait states.
            jumps: how many of the instructions go elsewhere.
        """
        return cycles + self.flash_wait_cycles * jumps


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _positive_numbers(table: Table, key: str) -> tuple[float, ...]:
    values = table.items(key)
    for value in values:
        if not _is_number(value) or not 0 < value < float("inf"):
            raise table.fail(key, f"{value!r} is no number above 0", "it takes a list of numbers above 0")
    if len(set(values)) != len(values) and key == "rates_hz":
        raise table.fail(key, "a rate is there twice", "name each once")
    if not values:
        raise table.fail(key, "is empty", "it takes at least one number")
    return tuple(float(value) for value in values)


def _channels(table: Table) -> tuple[Channel, ...]:
    wanted = '[["ax", "g"], ...]'
    channels = []
    for row in table.items("channels"):
        if not (isinstance(row, list) and len(row) == 2 and all(isinstance(part, str) for part in row)):
            raise table.fail("channels", f"{row!r} is not a name and a unit", f"it takes {wanted}")
        name, unit = row
        if not _IDENTIFIER.fullmatch(name):
            raise table.fail("channels", f'"{name}" is no channel name', "use lower-case letters, digits and _")
        if unit not in _UNITS:
            raise table.fail("channels", f'"{unit}": unknown unit', did_you_mean(unit, _UNITS))
        channels.append(Channel(name, unit))
    if not channels:
        raise table.fail("channels", "is empty", f"it takes {wanted}")
    names = [channel.name for channel in channels]
    if len(set(names)) != len(names):
        raise table.fail("channels", "a name is there twice", "name each once")
    return tuple(channels)


def _axes(table: Table) -> tuple[str, str, str]:
    wanted = '["+x", "+y", "+z"], each axis once, right-handed'
    rows = table.items("axes", list(_AXES))
    if len(rows) != 3 or not all(isinstance(row, str) and re.fullmatch("[+-][xyz]", row) for row in rows):
        raise table.fail("axes", f"{rows!r} are not three signed axes", f"it takes {wanted}")
    order = tuple("xyz".index(row[1]) for row in rows)
    if sorted(order) != [0, 1, 2]:
        raise table.fail("axes", "an axis is there twice", f"it takes {wanted}")
    even = order in {(0, 1, 2), (1, 2, 0), (2, 0, 1)}
    minus = sum(row[0] == "-" for row in rows) % 2 == 1
    if even == minus:
        raise table.fail("axes", f"{', '.join(rows)} is a mirror image, which no mounting gives", f"it takes {wanted}")
    return rows[0], rows[1], rows[2]


def _sensor(table: Table) -> Sensor:
    sensor = Sensor(
        part=table.text("part"),
        channels=_channels(table),
        ranges=_positive_numbers(table, "ranges"),
        rates_hz=_positive_numbers(table, "rates_hz"),
        axes=_axes(table),
    )
    if len(sensor.ranges) != len(sensor.channels):
        raise table.fail("ranges", f"{len(sensor.ranges)} for {len(sensor.channels)} channels", "give one a channel")
    table.finish()
    return sensor


def _usb_ids(table: Table, key: str = "usb_ids") -> tuple[tuple[int, int], ...]:
    wanted = "[[0x2341, 0x805a], ...]"
    ids = []
    for row in table.items(key, []):
        if not (isinstance(row, list) and len(row) == 2 and all(type(n) is int and 0 <= n <= 0xFFFF for n in row)):
            raise table.fail(key, f"{row!r} is not a vendor and a product number", f"it takes {wanted}")
        ids.append((row[0], row[1]))
    return tuple(ids)


def _upload(table: Table, usb_ids: tuple[tuple[int, int], ...]) -> Upload:
    upload = Upload(
        method=table.text("method", "stlink", choices=_METHODS),
        boot_usb_ids=_usb_ids(table, "boot_usb_ids"),
        hint=table.text("hint", ""),
    )
    table.finish()
    if upload.method == "touch" and not upload.boot_usb_ids:
        raise table.fail("boot_usb_ids", "is missing", "name what the boot loader shows on the USB")
    if not set(upload.boot_usb_ids) <= set(usb_ids):
        raise table.fail("boot_usb_ids", "are not all among the board's usb_ids", "name them there, too")
    return upload


def _name(table: Table, key: str, default: str | None = None) -> str:
    value = table.text(key) if default is None else table.text(key, default)
    if not _IDENTIFIER.fullmatch(value):
        raise table.fail(key, f'"{value}" is no identifier', "use lower-case letters, digits and _")
    return value


def _read(path: Path) -> Board:
    if not _IDENTIFIER.fullmatch(path.stem):
        raise ConfigError(
            str(path), f'"{path.stem}" is no board identifier', "name the file in lower-case letters, digits and _"
        )
    table = load_toml(path, "give the path of a board's .toml, or one of `tinyforge boards`")
    board = Board(
        id=path.stem,
        name=table.text("name"),
        hello_name=_name(table, "hello_name", path.stem),
        cpu=table.text("cpu", choices=_CPUS),
        clock_hz=table.integer("clock_hz", low=1_000_000, high=1_000_000_000),
        flash_origin=table.integer("flash_origin", low=0, high=_ADDRESS_MAX),
        flash_bytes=table.integer("flash_bytes", low=1, high=_ADDRESS_MAX),
        ram_origin=table.integer("ram_origin", low=0, high=_ADDRESS_MAX),
        ram_bytes=table.integer("ram_bytes", low=1, high=_ADDRESS_MAX),
        firmware=_name(table, "firmware"),
        pio_env=_name(table, "pio_env"),
        usb_ids=_usb_ids(table),
        launcher=table.text("launcher", choices=_LAUNCHERS),
        sensors=tuple(_sensor(sensor) for sensor in table.tables("sensors")),
        path=path,
        flash_wait_cycles=table.integer("flash_wait_cycles", 0, low=0, high=31),
    )
    board = dataclasses.replace(board, upload=_upload(table.table("upload"), board.usb_ids))
    table.finish()
    if not board.sensors:
        raise table.fail("sensors", "is missing", "a board needs at least one [[sensors]] table")
    return board


def _known() -> dict[str, Path]:
    return {path.stem: path for path in sorted(_FOLDER.glob("*.toml"))}


def load_board(id_or_path: str) -> Board:
    """A board by its identifier, or by the path of its TOML (with a ``/`` or the suffix ``.toml``).

    Raises:
        ConfigError: there is no such board, or its description has an unknown key or a wrong value.
    """
    if "/" in id_or_path or id_or_path.endswith(".toml"):
        return _read(Path(id_or_path))
    known = _known()
    if id_or_path not in known:
        raise ConfigError("board", f'"{id_or_path}": unknown board', did_you_mean(id_or_path, known))
    return _read(known[id_or_path])


def list_boards() -> list[Board]:
    """All boards tinyforge knows, by identifier."""
    return [_read(path) for path in _known().values()]


def boards_on_usb(usb_id: tuple[int, int]) -> list[Board]:
    """Boards that show this vendor and product number; several may, and which one it is HELLO says."""
    return [board for board in list_boards() if usb_id in board.usb_ids]


def board_ids() -> tuple[str, ...]:
    """Identifiers of all boards tinyforge knows, without reading their descriptions."""
    return tuple(_known())
