"""Board descriptions: what they say, and what a wrong one is told."""

import tomllib

import pytest

from tinyforge.boards import Board, board_ids, boards_on_usb, list_boards, load_board
from tinyforge.core.errors import ConfigError
from tinyforge.core.resources import firmware_dir
from tinyforge.core.types import IMU_CHANNELS

GOOD = """
name = "Mine"
cpu = "cortex-m4"
clock_hz = 48_000_000
flash_origin = 0
flash_bytes = 1024
ram_origin = 0x2000_0000
ram_bytes = 512
firmware = "mine"
pio_env = "mine"
launcher = "platformio"
[[sensors]]
part = "S1"
channels = [["ax", "g"], ["t", "degC"]]
ranges = [4, 85.5]
rates_hz = [100, 12.5]
"""


def write(tmp_path, text, name="mine.toml"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_all_boards_load_and_stream_an_imu():
    boards = {board.id: board for board in list_boards()}
    assert tuple(boards) == board_ids() == ("b_l475e_iot01a", "nano33", "nano33_rev2", "sensortile", "virtual")
    for board in boards.values():
        assert board == load_board(board.id)
        assert board.sensors[0].channels == IMU_CHANNELS
        assert (firmware_dir() / board.firmware / "platformio.ini").is_file()


# Memory as the data sheets and linker scripts have it: RAM of the SensorTile in two pieces, flash of the Nano less its
# boot loader.
@pytest.mark.parametrize(
    ("name", "clock_hz", "flash_bytes", "ram_bytes"),
    [
        ("virtual", 25_000_000, 1 << 20, 256 << 10),
        ("nano33", 64_000_000, (1 << 20) - (64 << 10), 256 << 10),
        ("nano33_rev2", 64_000_000, (1 << 20) - (64 << 10), 256 << 10),
        ("sensortile", 80_000_000, 1 << 20, (96 << 10) + (32 << 10)),
    ],
)
def test_sizes_and_clocks(name, clock_hz, flash_bytes, ram_bytes):
    board = load_board(name)
    assert (board.clock_hz, board.flash_bytes, board.ram_bytes) == (clock_hz, flash_bytes, ram_bytes)


def test_wait_states_of_the_flash():
    assert {board.id: board.flash_wait_cycles for board in list_boards() if board.launcher == "virtual"} == {
        "virtual": 0
    }
    assert [
        load_board(name).flash_wait_cycles for name in ("nano33", "nano33_rev2", "sensortile", "b_l475e_iot01a")
    ] == [2, 2, 4, 4]


def test_both_nano_33_share_image_and_usb_numbers():
    assert [board.id for board in boards_on_usb((0x2341, 0x805A))] == ["nano33", "nano33_rev2"]
    assert boards_on_usb((0x1234, 0x5678)) == []
    one, two = load_board("nano33"), load_board("nano33_rev2")
    assert (one.firmware, one.pio_env, one.hello_name) == (two.firmware, two.pio_env, two.hello_name)
    assert one.sensors[0].rates_hz != two.sensors[0].rates_hz


def test_hello_name_is_what_the_firmware_says():
    for board in list_boards():
        sources = "".join(
            path.read_text(encoding="utf-8")
            for path in sorted((firmware_dir() / board.firmware / "src").iterdir())
            if path.suffix in {".c", ".cpp"}
        )
        assert f'tfw_board_name[] = "{board.hello_name}"' in sources


def test_a_board_of_ones_own_is_loaded_by_path(tmp_path):
    board = load_board(str(write(tmp_path, GOOD)))
    assert isinstance(board, Board)
    assert (board.id, board.hello_name, board.usb_ids) == ("mine", "mine", ())
    assert board.sensors[0].ranges == (4.0, 85.5)
    assert board.sensors[0].rates_hz == (100.0, 12.5)


def test_an_unknown_board_suggests_the_near_one():
    with pytest.raises(ConfigError) as caught:
        load_board("nano3")
    assert str(caught.value) == 'board: "nano3": unknown board; did you mean "nano33"?'
    assert caught.value.exit_code == 2
    with pytest.raises(ConfigError, match="known: b_l475e_iot01a, nano33, nano33_rev2, sensortile, virtual"):
        load_board("zzz")


WRONG = [
    ('name = "Mine"', "", "name: is missing"),
    ("clock_hz", "clock_mhz", 'clock_mhz: unknown key; did you mean "clock_hz"?'),
    ('pio_env = "mine"', 'pio_env = "mine"\ncolour = "blue"', "colour: unknown key"),
    ("[[sensors]]", "[[sensor]]", "sensor: unknown key"),
    ('part = "S1"', 'part = "S1"\nrates = [1]', "sensors[0].rates: unknown key"),
    ("flash_bytes = 1024", "flash_bytes = 0", "flash_bytes: 0 is out of range"),
    ("flash_bytes = 1024", 'flash_bytes = "1024"', "flash_bytes: '1024' is not a whole number"),
    ('cpu = "cortex-m4"', 'cpu = "cortex-m44"', 'cpu: "cortex-m44": unknown cpu; did you mean "cortex-m4"?'),
    ('launcher = "platformio"', 'launcher = "bossac"', 'launcher: "bossac": unknown launcher'),
    ('firmware = "mine"', 'firmware = "../mine"', 'firmware: "../mine" is no identifier'),
    ("ranges = [4, 85.5]", "ranges = [4]", "sensors[0].ranges: 1 for 2 channels; give one a channel"),
    ("ranges = [4, 85.5]", "ranges = [4, -1]", "sensors[0].ranges: -1 is no number above 0"),
    ("ranges = [4, 85.5]", "ranges = [4, inf]", "sensors[0].ranges: inf is no number above 0"),
    ("rates_hz = [100, 12.5]", "rates_hz = []", "sensors[0].rates_hz: is empty"),
    ("rates_hz = [100, 12.5]", "rates_hz = [100, true]", "sensors[0].rates_hz: True is no number above 0"),
    ("rates_hz = [100, 12.5]", "rates_hz = [100, 100]", "sensors[0].rates_hz: a rate is there twice"),
    ('["t", "degC"]', '["t", "degF"]', 'sensors[0].channels: "degF": unknown unit; did you mean "degC"?'),
    ('["t", "degC"]', '["t"]', "sensors[0].channels: ['t'] is not a name and a unit"),
    ('["t", "degC"]', '["ax", "g"]', "sensors[0].channels: a name is there twice"),
    ('["t", "degC"]', '["T", "degC"]', 'sensors[0].channels: "T" is no channel name'),
    ('[["ax", "g"], ["t", "degC"]]', "[]", "sensors[0].channels: is empty"),
    ('pio_env = "mine"', 'pio_env = "mine"\nusb_ids = [[1, 70000]]', "usb_ids: [1, 70000] is not a vendor and a"),
    ("ram_bytes = 512", "ram_bytes = ", "not valid TOML"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_a_wrong_description_names_file_and_key(tmp_path, old, new, said):
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_board(str(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_without_a_sensor_it_is_no_board(tmp_path):
    path = write(tmp_path, GOOD.split("[[sensors]]", maxsplit=1)[0])
    with pytest.raises(ConfigError, match=r"sensors: is missing; a board needs at least one"):
        load_board(str(path))


def test_a_file_that_is_missing_or_wrongly_named(tmp_path):
    with pytest.raises(
        ConfigError, match=r"no such file; give the path of a board's .toml, or one of `tinyforge boards`"
    ):
        load_board(str(tmp_path / "none.toml"))
    path = write(tmp_path, GOOD, "My Board.toml")
    with pytest.raises(ConfigError, match='"My Board" is no board identifier'):
        load_board(str(path))


def test_descriptions_carry_no_number_without_its_unit():
    for board in list_boards():
        values = tomllib.loads(board.path.read_text(encoding="utf-8"))
        numbers = {key for key, value in values.items() if isinstance(value, (int, float))}
        assert {key for key in numbers if not key.endswith(("_hz", "_bytes", "_origin", "_cycles"))} == set()
