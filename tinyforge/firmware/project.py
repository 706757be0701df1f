"""Renders a complete PlatformIO project: the board's folder, the common application, the platform, the model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyforge import __version__
from tinyforge.boards import Board
from tinyforge.core.errors import ConfigError, UsageError, did_you_mean
from tinyforge.core.files import sha256_json, write_bytes
from tinyforge.core.model_info import INFO_NAME
from tinyforge.core.resources import firmware_dir
from tinyforge.firmware.linker_script import render_linker_script
from tinyforge.firmware.manifest import read_info, read_manifest
from tinyforge.link import render_model_binding, render_plain_binding

SETTINGS = "tinyforge.json"
#: Besides tinyforge's own, with what the application is compiled with.
LINKS: Mapping[str, Mapping[str, str]] = {
    "eembc": {"TFW_EEMBC": "1"},
    "eembc-energy": {"TFW_EEMBC": "1", "TFW_EEMBC_ENERGY": "1"},
    "layers": {"TFW_EEMBC": "1", "TFW_LAYERS": "1", "TFG_TRACE": "1"},
}
_PIN = b"tfw_hal_timestamp_pin"
_OWN = {".pio", "build.log"}  # what building leaves behind
_MODEL_SUFFIXES = {".c", ".h", ".json"}
_SKIPPED = {".pio", "__pycache__", "bench"}


def project_files(board: Board) -> dict[str, bytes]:
    """The files of a board's project that do not depend on a model, by path inside the project.

    Raises:
        ConfigError: there is no firmware folder for this board.
    """
    home = firmware_dir()
    files = _tree(board_folder(board), "")
    files |= _tree(home / "common", "common/")
    files |= _tree(home / "platform", "platform/")
    files |= _tree(home / "third_party", "third_party/")
    # In the checkout common/ and platform/ lie beside the board's folder, here inside it.
    ini = files["platformio.ini"].decode("utf-8").replace("../platform", "platform").replace("../common", "common")
    if "virtual_m4.ld" in files:
        script = files["virtual_m4.ld"].decode("utf-8")
        files["virtual_m4.ld"] = render_linker_script(
            script, flash_bytes=board.flash_bytes, ram_bytes=board.ram_bytes
        ).encode()
        ini = re.sub(r"(board_build\.f_cpu\s*=\s*)\d+L", rf"\g<1>{board.clock_hz}L", ini)
    files["platformio.ini"] = ini.encode()
    return files


def board_folder(board: Board) -> Path:
    """Where the board's own files are: the folder beside its TOML, else the one in ``firmware/``.

    Raises:
        ConfigError: neither has a ``platformio.ini``.
    """
    beside, ours = board.path.absolute().parent / board.firmware, firmware_dir() / board.firmware
    for folder in (beside, ours):
        if (folder / "platformio.ini").is_file():
            return folder
    raise ConfigError(
        f"{board.path}: firmware",
        f"there is no project {beside}, nor {ours}",
        "put a platformio.ini and a HAL there, see docs/how-to/your-own-board.md",
    )


def board_defines(board: Board) -> dict[str, str]:
    """What the application is told of the board: how its first sensor is mounted (``firmware/common/tfw_axes.h``)."""
    axes = board.sensors[0].axes
    if axes == ("+x", "+y", "+z"):
        return {}
    said = {}
    for name, axis in zip("XYZ", axes, strict=True):
        said[f"TFW_AXIS_{name}_FROM"] = str("xyz".index(axis[1]))
        said[f"TFW_AXIS_{name}_SIGN"] = f"{axis[0]}1.0f"
    return said


def model_defines(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What the application is told of the model: whether LIVE may compute new samples alone (``tfw_slide.h``)."""
    return {"TFW_SLIDE": "1"} if manifest.get("sliding") else {}


def _tree(folder: Path, prefix: str) -> dict[str, bytes]:
    return {
        prefix + path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _SKIPPED & set(path.relative_to(folder).parts)
    }


def files_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents."""
    return sha256_json([[name, data.hex()] for name, data in sorted(files.items())])


def render(
    board: Board, project_dir: Path, *, model_dir: Path | None = None, update_key: str = "", link: str = ""
) -> Path:
    """Write a project that `pio run` builds as it is.

    Files that are there with the same content are left alone, so that the next build only does what is new; files of an
    earlier rendering that are no longer part of it are removed.

    Args:
        board: for which board.
        project_dir: new or empty, or rendered before.
        model_dir: what ``tinyforge export`` wrote; None for firmware that only records.
        update_key: public key, 64 hex digits, for which model updates must be signed; empty: it takes none.
        link: ``eembc`` for the text protocol of MLPerf Tiny's runner in place of tinyforge's own, ``eembc-energy`` for
            its energy mode; ``layers`` for the text protocol and the cycles of each call of the network, as ``tinyforge
            profile --port`` asks for them; these take models without windows, too.

    Returns:
        ``project_dir``.

    Raises:
        UsageError: the folder holds something else; or no such link, or not on this board.
        ConfigError: there is no firmware for this board.
        DataError, UnsupportedModelError: the model.
    """
    if project_dir.is_dir() and any(project_dir.iterdir()) and not (project_dir / SETTINGS).is_file():
        raise UsageError(str(project_dir), "is not empty and was not made by tinyforge", "choose a new folder")
    files = project_files(board)
    digest = files_digest(files)
    if model_dir is not None:
        files |= _model_files(model_dir, link)
    defines = {"TFW_FIRMWARE_VERSION": __version__, "TFW_FIRMWARE_DIGEST": digest, **board_defines(board)}
    if link:
        defines |= _link_defines(board, link, files)
    elif model_dir is not None:
        defines |= model_defines(read_manifest(model_dir))
    if update_key:
        if not re.fullmatch("[0-9a-f]{64}", update_key):
            raise UsageError(
                "update key", "is no public key", "it is the 64 hex digits that `tinyforge update keygen` said"
            )
        defines["TFW_UPDATE_KEY"] = update_key
    said = {"board": board.id, "defines": defines}
    files[SETTINGS] = (json.dumps(said, indent=2) + "\n").encode()
    for name, data in files.items():
        target = project_dir / name
        if not target.is_file() or target.read_bytes() != data:
            write_bytes(target, data)
    _remove_stale(project_dir, set(files))
    return project_dir


def _link_defines(board: Board, link: str, files: Mapping[str, bytes]) -> Mapping[str, str]:
    if link not in LINKS:
        raise UsageError(f"link {link}", "is unknown", did_you_mean(link, LINKS))
    has_pin = any(_PIN in data for name, data in files.items() if name.startswith("src/"))
    if "TFW_EEMBC_ENERGY" in LINKS[link] and not has_pin:
        raise UsageError(
            f"link {link}",
            f"{board.name} has no pin for time stamps: its HAL lacks {_PIN.decode()}",
            "take another board, or write that function: see docs/eembc.md",
        )
    return LINKS[link]


def binding_of(model_dir: Path, manifest: Mapping[str, Any], link: str = "") -> str:
    """The text of ``tfw_model.c``.

    Args:
        model_dir: what ``tinyforge export`` wrote.
        manifest: its ``manifest.json``.
        link: see ``render``.

    Raises:
        DataError, UnsupportedModelError: the model.
    """
    if link:  # it asks for whole windows alone: nothing of the other form is linked
        manifest = {key: value for key, value in manifest.items() if key != "sliding"}
    if link and not (model_dir / INFO_NAME).is_file():
        return render_plain_binding(manifest)
    return render_model_binding(manifest, read_info(model_dir))


def _model_files(model_dir: Path, link: str) -> dict[str, bytes]:
    manifest = read_manifest(model_dir)
    files = {
        "model/" + path.relative_to(model_dir).as_posix(): path.read_bytes()
        for path in sorted(model_dir.rglob("*"))
        if path.is_file() and path.suffix in _MODEL_SUFFIXES
    }
    files["model/tfw_model.c"] = binding_of(model_dir, manifest, link).encode()
    return files


def _remove_stale(project_dir: Path, wanted: set[str]) -> None:
    for path in sorted(project_dir.rglob("*"), reverse=True):
        inside = path.relative_to(project_dir)
        if inside.parts[0] in _OWN:
            continue
        if path.is_file() and inside.as_posix() not in wanted:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
