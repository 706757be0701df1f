"""Model updates on the virtual board: what is accepted, what is not, and what a loss of power leaves behind."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from emulator_programs import tiny_scores

pytest.importorskip("cryptography")

from tinyforge.boards import load_board
from tinyforge.core.errors import DeviceError, UsageError
from tinyforge.firmware import build
from tinyforge.firmware.standin import build_standin
from tinyforge.firmware.update import HEAD_BYTES, build_update, make_key, public_key, read_key, sign
from tinyforge.link import Link, LinkRefused, SerialPort
from tinyforge.pipeline import models
from tinyforge.virtual import State, VirtualBoard
from tinyforge.virtual.parts.flash import update_region
from tinyforge.virtual.serial_protocol.protocol_virtual import Serial

pytestmark = pytest.mark.emulator
ZOO = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "update.key"
    make_key(path)
    return read_key(path)


@pytest.fixture(scope="module")
def image(tiny_model, secret, tmp_path_factory):
    folder = tmp_path_factory.mktemp("updates")
    return build(load_board("virtual"), folder, model_dir=tiny_model, update_key=public_key(secret).hex()).elf


class Running:
    def __init__(self, elf, board=None):
        self.board = VirtualBoard(elf, board=board)
        self.connect()

    def connect(self):
        port = Serial()
        port._board, port.is_open = self.board, True
        self.link = Link(SerialPort(port, "virtual"), timeout_s=0.4)

    def restart(self):
        """Power comes back, and the host opens the port again."""
        self.board.power_on()
        self.board.run(0.5)
        self.connect()

    def works(self):
        window = np.random.default_rng(3).normal(0, 5, (4, 6)).astype(np.float32)
        said = self.link.infer(window)
        quantized, scores = tiny_scores(window)
        assert said.input_crc == zlib.crc32(quantized.tobytes())
        np.testing.assert_array_equal(said.scores, scores)


def make(running, model, secret, **options):
    return build_update(model, "virtual", running.link.update_state(), secret, **options)


def test_a_new_model_is_used_at_once_and_after_a_restart(image, tiny_model, secret):
    running = Running(image)
    for version in (1, 2, 3):
        update = make(running, tiny_model, secret)
        assert update.version == running.link.update(update.data).version == version
        running.works()
    running.restart()
    assert running.link.update_state().version == 3
    running.works()


SLIDE_HOP_AT = 80  # of tfw_model_t.slide_hop


def test_a_model_that_slides_comes_as_an_update(image, secret, tmp_path):
    """LIVE computes new samples alone from then on; one whose two forms differ is never used."""
    running = Running(image)
    for name, options in (("whole", {}), ("slides", {"stream": True, "hop": 8, "whole": True})):
        models.export(ZOO / "activities_cnn1d" / "activities_cnn1d.tflite", tmp_path / name, name="net", **options)
    good = make(running, tmp_path / "slides", secret).data
    at = int.from_bytes(good[28:32], "little") + SLIDE_HOP_AT
    assert good[at : at + 2] == b"\x08\0"
    for hop in (0, 7, 9, 100, 65535):
        forged = sign(good[:at] + hop.to_bytes(2, "little") + good[at + 2 :], secret)
        with pytest.raises(LinkRefused, match="its self-test failed"):
            running.link.update(forged)
        running.works()
    cycles = {}
    for name in ("whole", "slides"):
        running.link.update(make(running, tmp_path / name, secret).data)
        running.link.start_live(hop=8, send_windows=True)
        found = list(itertools.islice(running.link.predictions(), 20))
        running.link.stop_stream()
        list(running.link.predictions())
        cycles[name] = found[-1].inference.cycles
        for one in found:
            assert np.array_equal(running.link.infer(one.window).scores, one.inference.scores)
    assert cycles["slides"] < 0.25 * cycles["whole"]


def test_a_self_test_of_many_hops_feeds_the_watchdog(image, secret, tmp_path):
    """One inference has the watchdog's whole time, as in LIVE, however many hops make a window."""
    running = Running(image)
    for name, options in (("whole", {}), ("slides", {"stream": True, "hop": 1, "whole": True})):
        models.export(ZOO / "activities_cnn1d" / "activities_cnn1d.tflite", tmp_path / name, name="net", **options)
    feed, fed = running.board.feed_watchdog, [running.board.clock()]

    def note_feeding():
        fed.append(running.board.clock())
        feed()

    running.board.feed_watchdog = note_feeding
    running.link.update(make(running, tmp_path / "whole", secret).data)
    longest_ms = 1000 * max(later - earlier for earlier, later in itertools.pairwise(fed)) // running.board.clock_hz
    running.board.start_watchdog(longest_ms * 3 // 2)  # the hops of a window take longer than the signature
    assert running.link.update(make(running, tmp_path / "slides", secret).data).version == 2
    assert running.board.resets == 0


@pytest.mark.parametrize(("at", "value"), [(10, 3), (10, 5), (10, 0), (12, 0)], ids=["short", "long", "none", "no hop"])
def test_sizes_that_would_leave_the_window_are_not_taken(image, tiny_model, secret, at, value):
    """Of ``window_length`` and ``window_hop``: with a hop of 0 a full window would be pushed on."""
    running = Running(image)
    good = make(running, tiny_model, secret).data
    at += int.from_bytes(good[28:32], "little")
    assert good[at : at + 2] != value.to_bytes(2, "little")
    with pytest.raises(LinkRefused, match="its self-test failed"):
        running.link.update(sign(good[:at] + value.to_bytes(2, "little") + good[at + 2 :], secret))
    running.works()


def test_a_board_of_before_takes_whole_windows(image, secret, tmp_path):
    running = Running(image)
    model = ZOO / "activities_cnn1d" / "activities_cnn1d.tflite"
    models.export(model, tmp_path / "m", name="net", stream=True, hop=8, whole=True)
    state = running.link.update_state()
    old, new = (build_update(tmp_path / "m", "virtual", replace(state, abi=abi), secret).data for abi in (1, 2))
    assert (old[4], new[4]) == (1, 2)
    at = int.from_bytes(old[28:32], "little") + SLIDE_HOP_AT
    assert old[at : at + 2] == b"\0\0"
    assert len(old) < len(new) - 500  # what it would never call is not linked
    with pytest.raises(LinkRefused, match="another ABI"):
        running.link.update(old)
    running.works()


def test_what_is_refused_and_why(image, tiny_model, secret, tmp_path):
    running = Running(image)
    good = make(running, tiny_model, secret).data
    make_key(tmp_path / "other")

    def changed(at, data):
        return sign(good[:at] + data + good[at + len(data) :], secret)

    proof = int.from_bytes(good[32:36], "little")
    for data, why in (
        (good[:-1] + bytes([good[-1] ^ 1]), "the signature is wrong"),
        (sign(good, read_key(tmp_path / "other")), "the signature is wrong"),
        (changed(0, b"TFU2"), "no image"),
        (changed(4, b"\x01"), "another ABI"),
        (changed(44, b"nano33\0"), "another board"),
        (changed(12, b"\0"), "linked for another place") if good[12] else (changed(13, b"\0"), "another place"),
        (changed(24, bytes(4)), "not newer"),
        (changed(20, b"\xff\xff\xff"), "too large"),
        (changed(proof, bytes([good[proof] ^ 0x55])), "its self-test failed"),
    ):
        with pytest.raises(LinkRefused, match=why):
            running.link.update(data)
        assert running.link.update_state().version == 0
        running.works()
    with pytest.raises(LinkRefused, match="image_bytes"):
        running.link.update(good + bytes(4))
    running.link.update(good)
    with pytest.raises(LinkRefused, match=r"linked for another place|not newer"):
        running.link.update(good)  # it is the model in use: no way back to it
    running.works()


def test_firmware_without_a_key_takes_none(virtual_firmware, tiny_model, secret):
    running = Running(virtual_firmware)
    with pytest.raises(DeviceError, match="takes no model updates"):
        make(running, tiny_model, secret)
    with pytest.raises(LinkRefused, match="without a key"):
        running.link.update(bytes(256))


def test_another_key_is_noticed_before_anything_is_sent(image, tiny_model, tmp_path):
    make_key(tmp_path / "other")
    with pytest.raises(DeviceError, match="built for another key"):
        make(Running(image), tiny_model, read_key(tmp_path / "other"))


def test_a_key_is_never_overwritten_and_only_the_owner_reads_it(tmp_path):
    make_key(tmp_path / "key")
    assert os.stat(tmp_path / "key").st_mode & 0o077 == 0
    with pytest.raises(UsageError, match="is there already"):
        make_key(tmp_path / "key")


def cut_power(image, tiny_model, secret, cuts, seed):
    """Updates that lose power at a random byte of the flash; each time the old or the new model works."""
    chance = random.Random(seed)
    running = Running(image)
    running.board.flash.chance.seed(seed)
    update = make(running, tiny_model, secret)
    before = running.board.flash.touched_bytes
    running.link.update(update.data)
    whole = running.board.flash.touched_bytes - before
    version, seen = 1, {"old": 0, "new": 0}
    linked = {}  # one image for each slot; only its version changes
    for _ in range(cuts):
        slot = running.link.update_state().slot_address
        if slot not in linked:
            linked[slot] = make(running, tiny_model, secret).data
        data = sign(linked[slot][:24] + (version + 1).to_bytes(4, "little") + linked[slot][28:], secret)
        flash = running.board.flash
        # Half of them where it matters most: in the records at the end.
        at = chance.randrange(1, whole + 1) if chance.random() < 0.5 else whole - chance.randrange(0, 100)
        flash.fails_at = flash.touched_bytes + at
        with pytest.raises(DeviceError):
            running.link.update(data)
        assert running.board.run(0.1) is State.DARK
        running.restart()
        state = running.link.update_state()
        assert state.version in {version, version + 1}
        seen["new" if state.version > version else "old"] += 1
        version = state.version
        running.works()
    return seen


def test_power_that_fails_at_any_byte_leaves_a_model_that_works(image, tiny_model, secret):
    seen = cut_power(image, tiny_model, secret, 25, 1)
    assert seen["old"] > 5


def forge(image, tiny_model, secret, count, seed):
    """Damaged and forged images: none is accepted, and the board works on."""
    chance = random.Random(seed)
    running = Running(image)
    good = make(running, tiny_model, secret).data
    for number in range(count):
        data = bytearray(good)
        kind = number % 4
        if kind == 0:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        elif kind == 1:
            at = chance.randrange(len(data))
            data[at : at + 64] = chance.randbytes(len(data[at : at + 64]))
        elif kind == 2:  # a signature of another key
            data = bytearray(sign(bytes(data), hashlib.sha256(b"%d" % number).digest()))
        else:  # one piece less, or the signature's scalar out of its range
            data = data[: max(HEAD_BYTES + 8, chance.randrange(len(data)) // 8 * 8)]
            data[64:128] = chance.randbytes(32) + b"\xff" * 32
        with pytest.raises(LinkRefused):
            running.link.update(bytes(data))
        assert running.link.update_state().version == 0
    running.works()
    running.restart()
    assert running.link.update_state().version == 0
    running.link.update(good)


def test_no_forged_or_damaged_image_is_accepted(image, tiny_model, secret):
    forge(image, tiny_model, secret, 16, 2)


@pytest.mark.heavy
def test_two_thousand_power_cuts(image, tiny_model, secret):
    print(f"2000 power cuts: {cut_power(image, tiny_model, secret, 2000, 3)}, 0 bricked")


@pytest.mark.heavy
def test_a_thousand_forged_images(image, tiny_model, secret):
    forge(image, tiny_model, secret, 1000, 4)
    print("1000 forged or damaged images: 0 accepted")


@pytest.mark.parametrize("name", ["nano33", "nano33_rev2", "sensortile", "b_l475e_iot01a"])
def test_real_boards_keep_updates_where_nothing_else_is(name, tiny_model, secret, tmp_path):
    board = load_board(name)
    key = f"TFW_UPDATE_KEY={public_key(secret).hex()}"
    elf = build_standin(board, tmp_path, model_dir=tiny_model, defines=(key,))
    running = Running(elf, board)
    start, end = update_region(name, board.flash_origin + board.flash_bytes)
    flash_end = board.flash_origin + board.flash_bytes
    below = running.board.machine.read(board.flash_origin, start - board.flash_origin)
    behind = running.board.machine.read(end, flash_end - end) if end < flash_end else b""
    update = build_update(tiny_model, board.hello_name, running.link.update_state(), secret)
    assert running.link.update(update.data).version == 1
    running.works()
    running.restart()
    assert running.link.update_state().version == 1
    running.works()
    assert running.board.machine.read(board.flash_origin, start - board.flash_origin) == below
    if behind:
        assert running.board.machine.read(end, flash_end - end) == behind
