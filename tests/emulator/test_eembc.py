"""Firmware with MLPerf Tiny's text protocol on the virtual board, through PlatformIO, asked as the runner asks."""

from __future__ import annotations

import numpy as np
import pytest
from emulator_programs import tiny_scores

from tinyforge.boards import load_board
from tinyforge.core.errors import DeviceError, UsageError
from tinyforge.firmware import render
from tinyforge.firmware.pio import run_pio
from tinyforge.firmware.standin import build_standin
from tinyforge.link import SerialPort
from tinyforge.link.eembc import Runner
from tinyforge.virtual import VirtualBoard
from tinyforge.virtual.serial_protocol.protocol_virtual import Serial

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def image(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("eembc")
    board = load_board("virtual")
    render(board, folder / "p", model_dir=tiny_model, link="eembc")
    run_pio(board, folder / "p", (), log=folder / "log")
    return folder / "p" / ".pio" / "build" / board.pio_env / "firmware.elf"


def runner(elf, name="virtual"):
    port = Serial(timeout=0.2)
    port._board, port.is_open = VirtualBoard(elf, board=load_board(name)), True
    asked = Runner(SerialPort(port, name))
    begun = asked.wait()
    assert begun[0] == "m-timestamp-mode-performance"
    assert begun[-1] == "m-init-done"
    return asked


def thousandths(scores):
    """As the firmware prints them: cut off after three decimals."""
    return tuple(((int(score) + 128) * 1000 // 256) / 1000 for score in scores)


def test_who_it_is(image):
    asked = runner(image)
    assert asked.command("name") == ["m-name-dut-[virtual]"]
    assert asked.command("profile") == ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", "m-model-[tiny]"]
    (stamp,) = asked.command("timestamp")
    assert stamp.startswith("m-lap-us-")
    assert asked.command("help")[0] == "ULPMark for tinyML Firmware V0.0.1"


def test_a_quantized_input_and_a_window_of_floats_give_the_same_scores(image):
    asked = runner(image)
    chance = np.random.default_rng(4)
    for _ in range(5):
        window = chance.normal(0, 5, (4, 6)).astype("<f4")
        quantized, scores = tiny_scores(window)
        for data in (quantized.tobytes(), window.tobytes()):
            asked.load(data)
            assert asked.infer(3, 1).results == asked.results() == thousandths(scores)


def test_time_grows_with_the_inferences(image):
    asked = runner(image)
    asked.load(bytes(24))
    times = [asked.infer(count).duration_us for count in (100, 200, 400)]
    assert times[1] == pytest.approx(2 * times[0], rel=0.05)
    assert times[2] == pytest.approx(4 * times[0], rel=0.05)


def test_what_is_loaded_can_be_looked_at(image):
    asked = runner(image)
    asked.load(bytes(range(24)))
    assert asked.command("db print") == [
        "m-buffer-00-01-02-03-04-05-06-07",
        "m-buffer-08-09-0a-0b-0c-0d-0e-0f",
        "m-buffer-10-11-12-13-14-15-16-17",
    ]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("frobnicate", "Unknown command: frobnicate"),
        ("db", "Command 'db' requires a subcommand"),
        ("db load", "Command 'db load' requires the # of bytes"),
        ("db load 0", "Command 'db load' must be >0 bytes"),
        ("infer 0", "Inference iterations must be >0"),
        ("infer 1 -1", "Inference warmup must be >=0"),
        ("infer 99999999999", "Too many inferences"),
        ("infer 1", "The input is not loaded"),
    ],
)
def test_what_it_refuses(image, command, said):
    with pytest.raises(DeviceError) as caught:
        runner(image).command(command)
    assert caught.value.fact == said


def test_bytes_that_are_none_or_too_many(image):
    asked = runner(image)
    with pytest.raises(DeviceError, match="Supplied buffer size 97 exceeds maximum of 96; 97 bytes are no input of"):
        asked.load(bytes(97))
    asked.command("db load 24")
    with pytest.raises(DeviceError, match="Invalid hex digit '0x'"):
        asked.command("db 0x")
    with pytest.raises(DeviceError, match="Insufficent number of hex digits"):
        asked.command("db 012")
    asked.load(np.full(24, np.nan, "<f4").tobytes())
    with pytest.raises(DeviceError, match="A value is not finite"):
        asked.infer(1)


def test_a_real_boards_hal_speaks_it_too(tiny_model, tmp_path):
    elf = build_standin(load_board("sensortile"), tmp_path, model_dir=tiny_model, defines=("TFW_EEMBC=1",))
    asked = runner(elf, "sensortile")
    assert asked.command("name") == ["m-name-dut-[sensortile]"]
    asked.load(bytes(24))
    assert asked.infer(2).results == thousandths(tiny_scores(np.zeros((4, 6), np.float32))[1])


def test_tinyforges_own_firmware_is_told_apart(virtual_firmware):
    port = Serial(timeout=0.2)
    port._board, port.is_open = VirtualBoard(virtual_firmware, board=load_board("virtual")), True
    with pytest.raises(DeviceError, match=r"no line in 0\.3 s; is its firmware built with `tinyforge firmware eject"):
        Runner(SerialPort(port, "virtual"), timeout_s=0.3).command("name")


def test_another_link_is_refused(tmp_path):
    with pytest.raises(UsageError, match="link eembd: is unknown; did you mean"):
        render(load_board("virtual"), tmp_path / "p", link="eembd")
