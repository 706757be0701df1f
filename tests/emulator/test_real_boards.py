"""The real boards' own HALs on the virtual platform: they boot, record, infer bit for bit, and run for hours of theirs.

The long ones are for ``-m heavy``; docs/boards.md has their figures.
"""

from __future__ import annotations

import itertools
import zlib
from pathlib import Path

import numpy as np
import pytest
from emulator_programs import tiny_scores

from tinyforge.boards import list_boards, load_board
from tinyforge.core.errors import DeviceError, UsageError
from tinyforge.firmware.standin import build_standin
from tinyforge.link import Link, Mode, Reset, SerialPort
from tinyforge.pipeline import models
from tinyforge.virtual import VirtualBoard
from tinyforge.virtual.motion import open_motion
from tinyforge.virtual.serial_protocol.protocol_virtual import Serial

pytestmark = pytest.mark.emulator
BOARDS = [board.id for board in list_boards() if board.launcher == "platformio"]
MOTION = "police:label=stop,subject=7"


class Running:
    """An image on a board, and a link to it that runs it."""

    def __init__(self, elf, name):
        self.board = VirtualBoard(elf, board=load_board(name), motion=open_motion(MOTION))
        port = Serial()
        port._board, port.is_open = self.board, True
        self.link = Link(SerialPort(port, name))


@pytest.fixture(scope="session")
def images(tiny_model, tmp_path_factory):
    known = {}

    def image(name, **options):
        key = (load_board(name).firmware, load_board(name).sensors[0].rates_hz if options else (), *options)
        if key not in known:
            folder = tmp_path_factory.mktemp(name)
            rate = load_board(name).sensors[0].rates_hz[0]
            model = None
            if options.get("model"):
                model = at_rate(tiny_model, folder / "model", rate)
            known[key] = build_standin(load_board(name), folder, model_dir=model)
        return known[key]

    return image


def at_rate(model, folder, rate_hz):
    """The tiny model, trained for another rate."""
    folder.mkdir()
    for path in model.iterdir():
        text = path.read_text()
        (folder / path.name).write_text(text.replace('"rate_hz": 100.0', f'"rate_hz": {rate_hz}'))
    return folder


def stream(running, seconds):
    rate = running.link.start_stream()
    blocks, count = [], 0
    for block in running.link.samples():
        blocks.append(block)
        count += len(block.values)
        if count >= seconds * rate:
            break
    stopped = running.link.stop_stream()
    blocks += list(running.link.samples())
    return np.concatenate([block.values for block in blocks]), stopped, rate


@pytest.mark.parametrize("name", BOARDS)
def test_it_boots_and_says_who_it_is(images, name):
    running = Running(images(name), name)
    hello = running.link.hello()
    board = load_board(name)
    assert (hello.board, hello.reset, hello.mode) == (board.hello_name, Reset.POWER_ON, Mode.IDLE)
    assert hello.rate_mhz == round(board.sensors[0].rates_hz[0] * 1000)
    assert hello.model_name == ""


@pytest.mark.parametrize("name", BOARDS)
def test_samples_are_what_the_part_feels(images, name):
    running = Running(images(name), name)
    running.board.run(1.0)
    values, stopped, rate = stream(running, 3.0)
    assert (stopped.lost, running.link.counters.lost_samples) == (0, 0)
    assert stopped.taken == stopped.sent == len(values)
    # Each value is a whole number of counts of the range the board's description names.
    sensor = load_board(name).sensors[0]
    running.board.parts.wiring.sensor.rate_mhz = round(rate * 1000)
    felt = np.array([running.board.parts.wiring.sensor.feel(i) for i in range(len(values) + 300)])
    step = np.array(sensor.ranges) / 32768 * (1.15 if name in {"sensortile", "b_l475e_iot01a"} else 1.0)
    distances = [np.abs(values - felt[first : first + len(values)]).max(axis=0) for first in range(290)]
    best = min(distances, key=lambda distance: (distance / step).max())
    assert (best <= step).all(), best / step
    assert rate == sensor.rates_hz[0]


@pytest.mark.parametrize("name", BOARDS)
def test_windows_of_the_host_are_inferred_bit_for_bit(images, name):
    running = Running(images(name, model=True), name)
    chance = np.random.default_rng(5)
    for _ in range(50):
        check_window(running.link, chance)


def check_window(link, chance):
    window = chance.normal(0, 5, (4, 6)).astype(np.float32)
    said = link.infer(window)
    quantized, scores = tiny_scores(window)
    assert said.input_crc == zlib.crc32(quantized.tobytes())
    np.testing.assert_array_equal(said.scores, scores)


@pytest.mark.parametrize("name", BOARDS)
def test_live_windows_come_without_a_gap_and_in_constant_memory(images, name):
    check_live(Running(images(name, model=True), name), 10.0, hop=2)


def test_a_network_that_streams_on_a_boards_own_hal(tmp_path):
    """Each answer of LIVE is that of its window inferred as a whole, in a fifth of the time."""
    model = Path(__file__).parents[2] / "models" / "activities_cnn1d" / "activities_cnn1d.tflite"
    models.export(model, tmp_path / "m", name="net", stream=True, hop=8, whole=True)
    name = "nano33_rev2"  # whose sensor has the network's rate
    link = Running(build_standin(load_board(name), tmp_path / "b", model_dir=tmp_path / "m"), name).link
    link.start_live(hop=8, send_windows=True)
    found = list(itertools.islice(link.predictions(), 40))
    assert link.stop_stream().lost == 0
    list(link.predictions())
    for one in found:
        whole = link.infer(one.window)
        np.testing.assert_array_equal(whole.scores, one.inference.scores)
        assert whole.input_crc == one.inference.input_crc
        assert one.inference.duration_us < 0.2 * whole.duration_us
    assert len({bytes(one.inference.scores) for one in found}) > 20


def check_live(running, seconds, hop):
    link = running.link
    link.start_live(hop=hop, send_windows=True)
    rate = link.device.model_rate_mhz / 1000
    first_stack, count = None, 0
    for prediction in link.predictions():
        assert (prediction.sequence, prediction.first_index) == (count, hop * count)
        quantized, scores = tiny_scores(prediction.window)
        assert prediction.inference.input_crc == zlib.crc32(quantized.tobytes())
        np.testing.assert_array_equal(prediction.inference.scores, scores)
        assert prediction.answer == int(scores.argmax())
        count += 1
        if count == 100:
            first_stack = link.stats().stack_bytes
        if count * hop >= seconds * rate:
            break
    stopped = link.stop_stream()
    list(link.predictions())
    assert stopped.lost == 0
    stats = link.stats()
    assert (stats.samples_lost, stats.frames_bad) == (0, 0)
    assert 0 < stats.stack_bytes <= first_stack + 64  # interrupts come at other depths
    return count, stats


LIGHTS = {"nano33": 13, "nano33_rev2": 13, "sensortile": 6 * 16 + 12, "b_l475e_iot01a": 16 + 14}  # port * 16 + pin


@pytest.mark.parametrize("name", BOARDS)
def test_functions_of_the_linked_image_one_by_one(images, name):
    """What the HAL and the application's parts give back, each called alone in the image that was linked."""
    running = Running(images(name), name)
    running.link.hello()
    board, machine = running.board, running.board.machine
    room = board.board.ram_origin + board.board.ram_bytes // 2

    def call(function, *arguments):
        return machine.call(board.image.by_name[function].address, *arguments, stack=room)

    assert call("tfw_hal_imu_rate_mhz") == round(1000 * load_board(name).sensors[0].rates_hz[0])
    assert call("tfw_hal_reset_reason") == Reset.POWER_ON
    assert 0 < call("tfw_hal_stack_high_water") < 8192
    assert (
        machine.read(board.image.by_name["tfw_board_name"].address, 32).split(b"\0")[0].decode()
        == load_board(name).hello_name
    )
    before_us, before_cycles = call("tfw_hal_micros"), call("tfw_hal_cycles")
    board.pass_ticks(board.clock_hz // 100)
    assert call("tfw_hal_micros") - before_us == pytest.approx(10_000, abs=50)
    assert call("tfw_hal_cycles") - before_cycles == pytest.approx(board.clock_hz // 100, rel=0.01)
    for is_on in (True, False):
        call("tfw_hal_led", is_on)
        assert board.parts.edges[-1][1:] == (LIGHTS[name], is_on)
    data = np.random.default_rng(3).bytes(200)
    machine.write(room, data)
    assert call("tfw_crc32", 0, room, len(data)) == zlib.crc32(data)
    assert call("tfw_crc32", zlib.crc32(data[:77]), room + 77, 123) == zlib.crc32(data)
    index = room + 1024
    assert call("tfw_hal_imu_read", room, index, index + 4) == 0  # the sensor is stopped
    sent = len(board.link.output)
    call("tfw_hal_write", room, 63)
    assert bytes(board.link.output[sent:]) == machine.read(room, 63)


def test_both_revisions_of_the_nano_share_an_image_that_finds_its_sensor(images):
    for name, rate in (("nano33", 119_000), ("nano33_rev2", 100_000)):
        assert Running(images("nano33"), name).link.hello().rate_mhz == rate


def test_a_sensor_that_is_missing_is_said_to_be(images):
    running = Running(images("sensortile"), "sensortile")
    running.board.parts.wiring.sensor.read = lambda _address: 0xFF
    assert running.link.hello().rate_mhz == 0
    with pytest.raises(DeviceError, match="the sensor is missing"):
        running.link.start_stream()


def test_the_parts_data_line_is_never_driven_from_both_sides(images):
    running = Running(images("sensortile"), "sensortile")
    stream(running, 2.0)
    assert running.board.parts.wiring.spi[1].clashes == 0


@pytest.mark.parametrize("name", BOARDS)
def test_a_program_that_hangs_is_reset_and_says_so(images, name):
    running = Running(images(name), name)
    running.link.hello()
    loop = running.board.image.by_name["tfw_loop"].address & ~1
    before = running.board.machine.read(loop, 2)
    running.board.machine.write_flash(loop, bytes.fromhex("fee7"))  # a branch to itself
    running.board.run(12.0, wanted=1 << 30)
    assert running.board.resets == 1
    running.board.machine.write_flash(loop, before)
    assert running.link.hello().reset == Reset.WATCHDOG


def test_who_has_no_description_is_told():
    with pytest.raises(UsageError, match="its parts are not described"):
        build_standin(load_board("virtual"), None)


@pytest.mark.heavy
@pytest.mark.parametrize("name", BOARDS)
def test_ten_minutes_of_samples_without_an_overrun(images, name):
    running = Running(images(name), name)
    values, stopped, rate = stream(running, 600.0)
    print(f"{name}: {len(values)} samples at {rate:g} Hz, {stopped.lost} lost, {running.link.stats()}")
    assert (stopped.lost, running.link.counters.lost_samples) == (0, 0)


@pytest.mark.heavy
@pytest.mark.parametrize("name", BOARDS)
def test_ten_thousand_windows_bit_for_bit(images, name):
    running = Running(images(name, model=True), name)
    chance = np.random.default_rng(6)
    for _ in range(10_000):
        check_window(running.link, chance)
    print(f"{name}: 10 000 windows, {running.link.stats()}")


@pytest.mark.heavy
@pytest.mark.parametrize("name", BOARDS)
def test_an_hour_of_live(images, name):
    count, stats = check_live(Running(images(name, model=True), name), 3600.0, hop=25)
    print(f"{name}: {count} predictions, {stats}")


def bus_of(running):
    return running.board.parts.wiring.buses[1]


def test_the_nanos_sensors_are_set_up_alike(images):
    """4 g, 2000 degrees a second, the rate of the board's description; no other part on the bus is woken."""
    running = Running(images("nano33"), "nano33")
    running.link.hello()
    assert bus_of(running).clock_hz == 400_000
    part = running.board.parts.wiring.sensor
    assert {at: part.registers[at] for at in (0x10, 0x20, 0x22)} == {0x10: 0x78, 0x20: 0x70, 0x22: 0x44}
    running = Running(images("nano33"), "nano33_rev2")
    running.link.hello()
    part = running.board.parts.wiring.sensor
    expected = {0x40: 0x98, 0x41: 0x01, 0x42: 0xD8, 0x43: 0x08, 0x7C: 0x00, 0x7D: 0x06}
    assert {at: part.registers[at] for at in expected} == expected
    for name, address in (("nano33", 0x1E), ("nano33_rev2", 0x10)):
        running = Running(images("nano33"), name)
        magnetometer = bus_of(running)._parts[address]
        running.link.hello()
        assert magnetometer.registers == {}


def lose_a_byte(part, _bus):
    """One byte of the program comes over as another."""
    write, count = part.write, 0

    def damaged(address, value):
        nonlocal count
        count += address == 0x5E
        write(address, value ^ 0x10 if count == 100 and address == 0x5E else value)

    part.write = damaged


def never_start(part, _bus):
    read = part.read
    part.read = lambda address: 0 if address == 0x21 else read(address)


def fall_silent(part, bus):
    """It answers no more in the middle of its program."""
    write, count = part.write, 0

    def silent(address, value):
        nonlocal count
        count += address == 0x5E
        if count == 100:
            bus._parts.pop(0x68, None)
        write(address, value)

    part.write = silent


def be_another(part, _bus):
    read = part.read
    part.read = lambda address: 0x11 if address in {0x00, 0x0F} else read(address)


def be_missing(part, bus):
    for address in [address for address, there in bus._parts.items() if there is part]:
        del bus._parts[address]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("nano33", be_another),
        ("nano33", be_missing),
        ("nano33_rev2", be_another),
        ("nano33_rev2", be_missing),
        ("nano33_rev2", lose_a_byte),
        ("nano33_rev2", never_start),
        ("nano33_rev2", fall_silent),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_nano_without_a_working_sensor_says_so(images, name, fault):
    running = Running(images("nano33"), name)
    fault(running.board.parts.wiring.sensor, bus_of(running))
    assert running.link.hello().rate_mhz == 0
    with pytest.raises(DeviceError, match="the sensor is missing"):
        running.link.start_stream()


@pytest.mark.parametrize("cross_axis", [0, 63, -64])
def test_what_the_bmi270_mixes_is_taken_apart_again(images, cross_axis):
    running = Running(images("nano33"), "nano33_rev2")
    part = running.board.parts.wiring.sensor
    part._cross_axis = cross_axis
    values, _, _ = stream(running, 1.0)
    felt = np.array([part.feel(i) for i in range(len(values) + 300)])
    step = np.array([4.0, 4.0, 4.0, 2000.0, 2000.0, 2000.0]) / 32768
    assert min((np.abs(values - felt[i : i + len(values)]) / step).max() for i in range(290)) <= 1.0
