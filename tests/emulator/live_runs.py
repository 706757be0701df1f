"""LIVE on the virtual board with a network's C, every answer held against the same network on this machine."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from tinyforge.boards import load_board
from tinyforge.evaluate.host_c import load_invoke
from tinyforge.firmware import build
from tinyforge.firmware.manifest import read_info, read_manifest
from tinyforge.link import Link, SerialPort
from tinyforge.pipeline import models
from tinyforge.runtimes.preprocess import preprocess
from tinyforge.virtual import VirtualBoard
from tinyforge.virtual.motion import open_motion
from tinyforge.virtual.serial_protocol.protocol_virtual import Serial

MOTION = "police:label=stop,subject=7"


def firmware(model: Path, folder: Path, *, hop: int = 0) -> dict:
    """Export a model into ``folder`` and build ``image.elf`` beside its C; with a hop, for new samples, too."""
    options = {"stream": True, "hop": hop, "whole": True} if hop else {}
    made = models.export(model, folder, name="net", **options)
    image = build(load_board("virtual"), folder.with_name(f"{folder.name} project"), model_dir=folder).elf
    (folder / "image.elf").write_bytes(image.read_bytes())
    return made


class Running:
    def __init__(self, folder):
        self.board = VirtualBoard(folder / "image.elf", motion=open_motion(MOTION))
        port = Serial()
        port._board, port.is_open = self.board, True
        self.link = Link(SerialPort(port, "virtual"))
        self.invoke = load_invoke(folder)
        self.info, self.input = read_info(folder), read_manifest(folder)["input"]

    def scores(self, windows):
        """What the host's C for whole windows gives."""
        quantized = preprocess(self.info, self.input["scale"], self.input["zero_point"], np.stack(windows))
        return self.invoke(quantized).reshape(len(windows), -1)

    def live(self, count, *, hop=0, stalls=()):
        """Predictions of a run; before those of ``stalls`` the board stands still for a second, and loses samples."""
        self.link.start_live(hop=hop, send_windows=True)
        found = []
        for one in itertools.islice(self.link.predictions(), count):
            found.append(one)
            if len(found) in stalls:
                self.board.pass_ticks(self.board.clock_hz)
        self.link.stop_stream()
        list(self.link.predictions())
        assert np.array_equal(np.stack([one.inference.scores for one in found]), self.scores([p.window for p in found]))
        return found

    def cost(self, windows, *, hop=0):
        """Instructions an answer of LIVE takes, the link and the sensor with it, and the cycles of its calls."""
        self.link.start_live(hop=hop)
        predictions = self.link.predictions()
        next(predictions)
        begun = self.board.machine.trace.instructions
        found = list(itertools.islice(predictions, windows))
        spent = self.board.machine.trace.instructions - begun
        self.link.stop_stream()
        list(predictions)
        return spent / windows, found[-1].inference.cycles, found[-1].inference.preprocess_cycles
