"""``tinyforge update``: a key, and a new model for a board over its link, without flashing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tinyforge.core.errors import DeviceError
from tinyforge.core.project import Project
from tinyforge.core.types import ModelSpec
from tinyforge.pipeline import devices
from tinyforge.pipeline.road import Road
from tinyforge.pipeline.stages import export as export_stage


def keygen(path: Path) -> dict[str, Any]:
    """Write a new secret key.

    Returns:
        ``key``, the file, and ``public``, what ``board.update_key`` of ``tinyforge.toml`` takes.

    Raises:
        UsageError: the file is there already, or cannot be written.
        ToolError: the package cryptography is missing.
    """
    from tinyforge.firmware.update import make_key

    return {"key": str(path), "public": make_key(path)}


def show(project: Project, *, model: str = "", board_id: str = "", port: str = "") -> dict[str, Any]:
    """What a board says of its model and of updates.

    Args:
        project: whose board it is.
        model: for the virtual board: whose image it holds; empty for the project's first model.
        board_id, port: identifier and serial port; empty for the project's and the one that is found.

    Returns:
        ``board``, ``model``, ``model_sha256``, ``takes_updates``, ``version`` (0: the firmware's own model),
        ``slot_bytes`` and ``ram_bytes`` (room for the next one), ``key`` (the first bytes of the public key, hex).

    Raises:
        DeviceError: no board, or it does not answer.
    """
    board = devices.board_of(project, board_id)
    image = devices.virtual_flash(project, _spec(project, model).name)
    with devices.linked(board, port or project.port, image=image) as link:
        hello, state = link.hello(), link.update_state()
    return {
        "board": hello.board,
        "model": hello.model_name,
        "model_sha256": hello.model_sha256.hex(),
        "takes_updates": bool(state.slot_bytes),
        "version": state.version,
        "slot_bytes": state.slot_bytes,
        "ram_bytes": state.ram_bytes,
        "key": bytes(state.key).hex() if state.slot_bytes else "",
    }


def send(road: Road, key: Path, *, model: str = "", version: int | None = None) -> dict[str, Any]:
    """Compile a model for the slot a board has free, sign it, send it, and ask the board what it runs now.

    Args:
        road: of the project; its board and port are taken.
        key: the secret key's file.
        model: of the project; empty for the first.
        version: above that of the model in use; one more when None.

    Returns:
        ``board``, ``model``, ``model_sha256``, ``version``, ``bytes`` (of the image), ``ram_bytes``.

    Raises:
        UsageError: no key in the file.
        DeviceError: the board takes no updates, or not this one.
        ToolError: the compiler, or a package that is missing.
        ConfigError, DataError, UnsupportedModelError: as ``export``.
    """
    from tinyforge.firmware.update import build_update, read_key

    secret = read_key(key)
    spec = _spec(road.project, model)
    road.each("export", spec.name)
    folder = export_stage.folder(road, spec)
    want = export_stage.manifest(road, spec)["model_sha256"]
    image = devices.virtual_flash(road.project, spec.name)
    with devices.linked(road.board, road.port, image=image) as link:
        update = build_update(folder, link.hello().board, link.update_state(), secret, version=version)
        road.observer.progress("update", 0, len(update.data), "to the board")
        link.update(update.data, lambda done, total: road.observer.progress("update", done, total, "to the board"))
        hello = link.hello()
    if hello.model_sha256.hex() != want:
        raise DeviceError(
            hello.board, f"took the update, but runs {hello.model_name or 'no model'}", "send it again, or flash it"
        )
    return {
        "board": hello.board,
        "model": hello.model_name,
        "model_sha256": want,
        "version": update.version,
        "bytes": len(update.data),
        "ram_bytes": update.ram_bytes,
    }


def _spec(project: Project, model: str) -> ModelSpec:
    return project.model(model) if model else project.models[0]
