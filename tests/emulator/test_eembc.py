"""Firmware with MLPerf Tiny's text protocol on the virtual board, through PlatformIO, asked as the runner asks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from emulator_programs import tiny_scores

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "compiler"))

from small_models import conv_net

from tinyforge.boards import load_board
from tinyforge.cli import main
from tinyforge.core.errors import DeviceError, UsageError
from tinyforge.evaluate.host_c import load_invoke
from tinyforge.firmware import render
from tinyforge.firmware.pio import run_pio
from tinyforge.firmware.standin import build_standin
from tinyforge.link import SerialPort
from tinyforge.link.eembc import Runner
from tinyforge.pipeline import models
from tinyforge.pipeline.board_profile import profile_on_board
from tinyforge.pipeline.eject import eject
from tinyforge.toolchain import read_image
from tinyforge.virtual import VirtualBoard
from tinyforge.virtual.measure import default_input
from tinyforge.virtual.serial_protocol.protocol_virtual import Serial

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def image(tiny_model, tmp_path_factory):
    return build(tmp_path_factory.mktemp("eembc"), tiny_model, "eembc")


def build(folder, model_dir, link, name="virtual"):
    board = load_board(name)
    render(board, folder / "p", model_dir=model_dir, link=link)
    run_pio(board, folder / "p", (), log=folder / "log")
    return folder / "p" / ".pio" / "build" / board.pio_env / "firmware.elf"


def runner(elf, name="virtual", mode="performance"):
    port = Serial(timeout=0.2)
    port._board, port.is_open = VirtualBoard(elf, board=load_board(name)), True
    return begin(SerialPort(port, name), mode), port._board


def begin(port, mode):
    asked = Runner(port, energy=mode == "energy")
    begun = asked.wait()
    assert begun[0] == f"m-timestamp-mode-{mode}"
    assert begun[-1] == "m-init-done"
    return asked


def thousandths(scores):
    """As the firmware prints them: cut off after three decimals."""
    return tuple(((int(score) + 128) * 1000 // 256) / 1000 for score in scores)


def test_who_it_is(image):
    asked, _ = runner(image)
    assert asked.command("name") == ["m-name-dut-[virtual]"]
    assert asked.command("profile") == ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", "m-model-[tiny]"]
    (stamp,) = asked.command("timestamp")
    assert stamp.startswith("m-lap-us-")
    assert asked.command("help")[0] == "ULPMark for tinyML Firmware V0.0.1"


def test_a_quantized_input_and_a_window_of_floats_give_the_same_scores(image):
    asked, _ = runner(image)
    chance = np.random.default_rng(4)
    for _ in range(5):
        window = chance.normal(0, 5, (4, 6)).astype("<f4")
        quantized, scores = tiny_scores(window)
        for data in (quantized.tobytes(), window.tobytes()):
            asked.load(data)
            assert asked.infer(3, 1).results == asked.results() == thousandths(scores)


def test_time_grows_with_the_inferences(image):
    asked, _ = runner(image)
    asked.load(bytes(24))
    times = [asked.infer(count).duration_us for count in (100, 200, 400)]
    assert times[1] == pytest.approx(2 * times[0], rel=0.05)
    assert times[2] == pytest.approx(4 * times[0], rel=0.05)


def test_what_is_loaded_can_be_looked_at(image):
    asked, _ = runner(image)
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
        runner(image)[0].command(command)
    assert caught.value.fact == said


def test_bytes_that_are_none_or_too_many(image):
    asked, _ = runner(image)
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
    elf = build_standin(load_board("sensortile"), tmp_path, model_dir=tiny_model, link="eembc")
    asked, _ = runner(elf, "sensortile")
    assert asked.command("name") == ["m-name-dut-[sensortile]"]
    asked.load(bytes(24))
    assert asked.infer(2).results == thousandths(tiny_scores(np.zeros((4, 6), np.float32))[1])


def test_a_model_that_streams_is_asked_for_whole_windows(tmp_path):
    """The runner infers one input again and again: what LIVE keeps has no part in it."""
    zoo = Path(__file__).parents[2] / "models" / "activities_cnn1d"
    made = models.export(zoo / "activities_cnn1d.tflite", tmp_path / "m", name="net", stream=True, hop=8, whole=True)
    assert made["stream"]
    elf = build(tmp_path, tmp_path / "m", "eembc")
    assert "net_slide" not in read_image(elf).by_name  # nothing calls it there
    asked, _ = runner(elf)
    invoke = load_invoke(tmp_path / "m")
    chance = np.random.default_rng(8)
    for _ in range(3):
        window = chance.integers(-128, 128, (1, 100, 6)).astype(np.int8)
        asked.load(window.tobytes())
        assert asked.infer(5, 2).results == thousandths(invoke(window).ravel())


# ---- models of MLPerf Tiny itself --------------------------------------------------------------------------------


def loaded_as_the_runner_does(name, quantized, scale, zero_point):
    """Bytes that the runner's data sets hold for this input: pixels, floats, or quantized values."""
    if name in {"vww", "ic"}:
        return (quantized.astype(np.int16) + 128).astype(np.uint8).tobytes()
    if name == "ad":
        return (scale * (quantized.astype(np.float32) - zero_point)).astype("<f4").tobytes()
    return quantized.tobytes()


@pytest.mark.parametrize("name", ["kws", "vww", "ic", "ad"])
def test_a_model_that_says_nothing_of_windows(models_dir, tmp_path, name):
    golden = np.load(models_dir / f"{name}.golden.npz")
    eject(tmp_path / "p", model=models_dir / f"{name}.tflite", link="eembc")
    manifest = json.loads((tmp_path / "p" / "model" / "manifest.json").read_text())
    run_pio(load_board("virtual"), tmp_path / "p", (), log=tmp_path / "log")
    asked, _ = runner(tmp_path / "p" / ".pio" / "build" / "virtual" / "firmware.elf")
    assert asked.command("profile")[1] == f"m-model-[{name}]"
    quantized, scores = golden["inputs"][0], golden["outputs"][0].ravel()
    given, taken = manifest["input"], manifest["output"]
    asked.load(loaded_as_the_runner_does(name, quantized, given["scale"], given["zero_point"]))
    results = asked.infer(1).results
    real = taken["scale"] * (scores.astype(np.float64) - taken["zero_point"])
    if name == "ad":
        away = real - given["scale"] * (quantized.ravel().astype(np.float64) - given["zero_point"])
        assert results == (pytest.approx((away**2).mean(), abs=0.001),)
    else:
        assert results == tuple(np.trunc(1000 * real) / 1000)


# ---- energy mode -------------------------------------------------------------------------------------------------


def check_pulses(edges, clock_hz, work_s):
    """The last two falling edges enclose the inferences; each pulse is longer than noise."""
    falling = [tick for tick, high in edges if not high]
    rising = [tick for tick, high in edges if high]
    assert all(98e-6 < (up - down) / clock_hz < 200e-6 for down, up in zip(falling, rising, strict=True))
    assert (falling[-1] - falling[-2]) / clock_hz == pytest.approx(work_s, rel=0.02, abs=120e-6)


def test_energy_mode_marks_the_inferences_on_a_pin(image, tiny_model, tmp_path):
    window = np.random.default_rng(8).normal(0, 5, (4, 6)).astype("<f4")
    by_clock, _ = runner(image)
    by_clock.load(window.tobytes())
    timing = by_clock.infer(500, 3)
    asked, board = runner(build(tmp_path, tiny_model, "eembc-energy"), mode="energy")
    assert len(board.pin) == 2  # one pulse at the start leaves the pin high
    assert asked.command("timestamp") == []
    assert len(board.pin) == 4
    asked.load(window.tobytes())
    measured = asked.infer(500, 3)
    assert (measured.duration_us, measured.results) == (None, timing.results)
    check_pulses(board.pin, board.clock_hz, timing.duration_us * 1e-6)
    with pytest.raises(DeviceError, match="gave 2 time stamps; two are those of performance mode"):
        Runner(by_clock._port, energy=True).infer(1)


class PinUart:
    """A real board's UART on pins, in place of its USB."""

    name = "D0 and D1"

    def __init__(self, board):
        self.board = board

    def read_some(self, timeout_s):
        self.board.run(min(timeout_s, 0.02), wanted=1 << 30)
        data = bytes(self.board.log_uart.output)
        self.board.log_uart.output.clear()
        return data

    def write(self, data):
        self.board.log_uart.received += data


@pytest.mark.parametrize(("name", "pin"), [("nano33", 7), ("b_l475e_iot01a", 4)])
def test_energy_mode_on_a_real_boards_hal(tiny_model, tmp_path, name, pin):
    elf = build_standin(load_board(name), tmp_path, model_dir=tiny_model, link="eembc-energy")
    board = VirtualBoard(elf, board=load_board(name))
    asked = begin(PinUart(board), "energy")
    assert asked.command("name") == [f"m-name-dut-[{name}]"]
    assert board.log_uart.divider == board.clock_hz // 9600
    asked.load(bytes(24))
    assert asked.infer(200, 1).results == thousandths(tiny_scores(np.zeros((4, 6), np.float32))[1])
    assert board.link.output == b""  # nothing on USB
    edges = [(tick, high) for tick, at, high in board.parts.edges if at == pin]
    one_s = (edges[-2][0] - edges[-4][0]) / board.clock_hz / 200
    asked.infer(400, 1)
    edges = [(tick, high) for tick, at, high in board.parts.edges if at == pin]
    check_pulses(edges[-8:], board.clock_hz, 400 * one_s)


def test_a_board_without_that_pin_is_told(tmp_path):
    with pytest.raises(UsageError) as caught:
        render(load_board("sensortile"), tmp_path / "p", link="eembc-energy")
    assert str(caught.value) == (
        "link eembc-energy: ST SensorTile (STEVAL-STLKT01V1) has no pin for time stamps: its HAL lacks "
        "tfw_hal_timestamp_pin; take another board, or write that function: see docs/eembc.md"
    )


def test_tinyforges_own_firmware_is_told_apart(virtual_firmware):
    port = Serial(timeout=0.2)
    port._board, port.is_open = VirtualBoard(virtual_firmware, board=load_board("virtual")), True
    with pytest.raises(DeviceError, match=r"no line in 0\.3 s; is its firmware built with `tinyforge firmware eject"):
        Runner(SerialPort(port, "virtual"), timeout_s=0.3).command("name")


def test_another_link_is_refused(tmp_path):
    with pytest.raises(UsageError, match="link eembd: is unknown; did you mean"):
        render(load_board("virtual"), tmp_path / "p", link="eembd")


# ---- cycles of each layer ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """A model whose calls differ in length."""
    path = tmp_path_factory.mktemp("net") / "net.tflite"
    path.write_bytes(conv_net())
    return path


@pytest.fixture(scope="module")
def layered(net, tmp_path_factory):
    """Its firmware for `profile --port`."""
    folder = tmp_path_factory.mktemp("layers") / "p"
    eject(folder, model=net, link="layers")
    run_pio(load_board("virtual"), folder, (), log=folder.with_name("log"))
    return folder / ".pio" / "build" / "virtual" / "firmware.elf"


def test_profile_asks_the_board_at_a_port(net, layered):
    """Layer by layer what is estimated: the virtual board's counter counts those cycles."""
    said = profile_on_board(net, f"virtual://{layered}")
    assert said["measured"]["board"] == "virtual"
    assert said["measured"]["cycles"] == pytest.approx(said["cycles"], abs=60)
    for layer in said["layers"]:
        assert layer["measured_cycles"] == pytest.approx(layer["cycles"], abs=40), layer["name"]


def test_the_table_of_a_boards_counter(net, layered, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["profile", str(net), "--port", f"virtual://{layered}"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    for word in (
        "by the cycle counter of virtual at virtual://",
        "conv_1d_0",
        "whole inference",
        "outputs as the host",
    ):
        assert word in text


def test_profile_of_another_model_board_or_firmware(net, layered, image, tmp_path):
    other = tmp_path / "other.tflite"
    other.write_bytes(net.read_bytes() + bytes(4))
    with pytest.raises(DeviceError, match=r"holds another model than other\.tflite; tinyforge firmware eject"):
        profile_on_board(other, f"virtual://{layered}")
    with pytest.raises(UsageError, match=r'the board at .* is "virtual", not "sensortile"; leave --board out'):
        profile_on_board(net, f"virtual://{layered}", board_id="sensortile")
    with pytest.raises(DeviceError, match=r"its firmware does not measure layers; .* --model net\.tflite --link"):
        profile_on_board(net, f"virtual://{image}")


def test_layers_want_an_input(layered):
    with pytest.raises(DeviceError, match="The input is not loaded"):
        runner(layered)[0].layers()


@pytest.mark.parametrize("name", ["sensortile", "nano33"])
def test_layers_on_a_real_boards_hal(net, tmp_path, name):
    """By its own way to DWT's cycle counter."""
    models.export(net, tmp_path / "m")
    elf = build_standin(load_board(name), tmp_path, model_dir=tmp_path / "m", link="layers")
    asked, _ = runner(elf, name)
    asked.load(default_input(24))
    said = asked.layers()
    expected = load_invoke(tmp_path / "m")(np.frombuffer(default_input(24), np.int8).reshape(1, 1, 12, 2))
    assert said.output == expected.tobytes()
    assert len(said.cycles) == 3
    assert sum(said.cycles) == pytest.approx(said.invoke, rel=0.03)


def test_layers_of_no_model_are_refused(tmp_path):
    with pytest.raises(UsageError, match="there is no model whose layers would be measured; add --model"):
        eject(tmp_path / "p", link="layers")
