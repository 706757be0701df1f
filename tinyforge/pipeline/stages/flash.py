"""Firmware -> board. Not cached: what a board holds is asked, not remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import DeviceError, UsageError
from tinyforge.core.types import ModelSpec
from tinyforge.pipeline import devices
from tinyforge.pipeline.stages import build as build_stage
from tinyforge.pipeline.stages import export as export_stage

if TYPE_CHECKING:
    from tinyforge.pipeline.road import Road

NEEDS: tuple[str, ...] = ("build",)


def check(road: Road, specs: Sequence[ModelSpec]) -> None:
    """Before hours of training: whether there is a board that the image can go to.

    Raises:
        DeviceError: no board, several, another one, or a busy port.
        UsageError: several models, of which a board holds one.
    """
    from tinyforge.firmware.upload import reach

    board = road.board
    if devices.is_virtual(board):
        return
    if len(specs) > 1:
        names = ", ".join(spec.name for spec in specs)
        raise UsageError("flash", f"{board.name} holds one model, not {names}", f"choose: --model {specs[0].name}")
    reach(board, road.port)


def step(road: Road, spec: ModelSpec) -> None:
    """Nothing to keep in the run."""


def result(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """Flash the image, then ask the board what it holds.

    Raises:
        DeviceError: no board, or it answers with another model.
    """
    from tinyforge.firmware import flash

    board = road.board
    image = build_stage.elf(road, spec)
    target = devices.virtual_flash(road.project, spec.name)
    road.observer.progress(f"flash/{spec.name}", 0, 1, f"to {board.name}")
    used = flash(board, image, target=target, port=road.port)
    with devices.linked(board, road.port if devices.is_virtual(board) else used, image=target) as link:
        hello = link.hello()
        version = link.update_state().version if road.project.update_key else 0
    want = export_stage.manifest(road, spec)["model_sha256"]
    if hello.model_sha256.hex() != want and version:
        raise DeviceError(
            used or board.name,
            f"runs version {version} of {hello.model_name}, which came over the link",
            f"`tinyforge update send --model {spec.name}` puts this one in its place",
        )
    if hello.model_sha256.hex() != want:
        raise DeviceError(
            used or board.name,
            f"answers with model {hello.model_sha256.hex()[:12]} instead of {want[:12]}",
            "flash again; if that does not help, press the board's reset button twice and flash again",
        )
    return {
        "board": hello.board,
        "firmware": hello.firmware_version,
        "model": hello.model_name,
        "model_sha256": want,
        "port": used,
    }
