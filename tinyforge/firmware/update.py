"""Model updates: keys, and images that a board with the key takes over the link (``firmware/common/tfw_update.h``)."""

from __future__ import annotations

import ctypes
import hashlib
import os
import random
import re
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tinyforge.core.errors import DeviceError, ToolError, UsageError
from tinyforge.core.files import write_text
from tinyforge.core.resources import firmware_dir
from tinyforge.firmware.linker_script import render_places
from tinyforge.firmware.manifest import model_sources, read_info, read_manifest
from tinyforge.link import UpdateState, render_model_binding
from tinyforge.toolchain import ArmToolchain, build_shared, find_arm_toolchain, read_image

MAGIC = b"TFU1"
HEAD_BYTES, SIGNATURE_AT = 128, 64
MODEL_ABI = 2  # TFW_MODEL_ABI of firmware/common/tfw_model.h
_WHOLE_WINDOWS_ABI = 1  # its structure is the begin of today's: LIVE computes whole windows there
_UNIT_BYTES = 8
_BOARD_BYTES = 20
_KEY = re.compile("[0-9a-f]{64}")
# What ld and lld say of a region that is too small.
_OVERFLOW = re.compile(r"region [`']?(\w+)'?:? overflowed by (\d+) bytes")


@dataclass(frozen=True, slots=True)
class UpdateImage:
    """An image for one board, as it is at one moment.

    Attributes:
        data: head, code and constants; signed.
        version: what the board will call it.
        ram_bytes: RAM it takes of what the firmware keeps for updates.
    """

    data: bytes
    version: int
    ram_bytes: int


def _ed25519() -> object:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise ToolError(
            "model updates", "the Python package cryptography is missing", 'pip install "tinyforge[update]"'
        ) from error
    return ed25519


def make_key(path: Path) -> str:
    """Write a new secret key, 64 hex digits that only its owner may read.

    Returns:
        The public key as 64 hex digits, for ``update.key`` of the firmware.

    Raises:
        UsageError: the file is there already, or cannot be written.
        ToolError: the package cryptography is missing.
    """
    ed25519 = _ed25519()
    secret = ed25519.Ed25519PrivateKey.generate()  # type: ignore[attr-defined]
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageError(
            str(path),
            "is there already",
            "boards that have it take no other: name another file",
        ) from error
    except OSError as error:
        raise UsageError(str(path), f"cannot be written: {error.strerror}", "name another file") from error
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secret.private_bytes_raw().hex() + "\n")
    return str(secret.public_key().public_bytes_raw().hex())


def read_key(path: Path) -> bytes:
    """The secret key in a file that ``make_key`` wrote.

    Raises:
        UsageError: no such file, or it holds no key.
    """
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise UsageError(
            str(path), f"cannot be read: {error.strerror}", "`tinyforge update keygen` makes one"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(str(path), "holds no key", "a key is 64 hex digits") from error
    if not _KEY.fullmatch(text):
        raise UsageError(str(path), "holds no key", "a key is 64 hex digits")
    return bytes.fromhex(text)


def public_key(secret: bytes) -> bytes:
    """The public half, 32 bytes."""
    ed25519 = _ed25519()
    return bytes(
        ed25519.Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()  # type: ignore[attr-defined]
    )


def sign(image: bytes, secret: bytes) -> bytes:
    """The image with its signature in place: Ed25519 over all but the signature itself."""
    ed25519 = _ed25519()
    key = ed25519.Ed25519PrivateKey.from_private_bytes(secret)  # type: ignore[attr-defined]
    return image[:SIGNATURE_AT] + bytes(key.sign(image[:SIGNATURE_AT] + image[HEAD_BYTES:])) + image[HEAD_BYTES:]


def build_update(
    model_dir: Path,
    board_name: str,
    state: UpdateState,
    secret: bytes,
    *,
    version: int | None = None,
    toolchain: ArmToolchain | None = None,
) -> UpdateImage:
    """Compile, link and sign a model for the slot that a board has free.

    Args:
        model_dir: what ``tinyforge export`` wrote.
        board_name: of its HELLO.
        state: its answer to UPDATE_QUERY.
        secret: the key.
        version: one more than that of the model in use when None.
        toolchain: found when None.

    Raises:
        DeviceError: the board takes no updates, or not with this key, or not from this tinyforge, or has no room.
        ToolError: the compiler.
        DataError, UnsupportedModelError: the model.
    """
    _check(state, secret, board_name)
    compiler = toolchain or find_arm_toolchain()
    manifest = read_manifest(model_dir)
    if state.abi == _WHOLE_WINDOWS_ABI:
        manifest.pop("sliding", None)  # so that the linker leaves it out, too
    home = firmware_dir()
    with tempfile.TemporaryDirectory(prefix="tinyforge_update_") as name:
        folder = Path(name)
        binding, proof = folder / "tfw_model.c", folder / "proof.c"
        write_text(binding, render_model_binding(manifest, read_info(model_dir)))
        given, wanted = _proof(model_dir, folder)
        write_text(proof, _proof_source(given + wanted))
        script = folder / "image.ld"
        text = (home / "update_image" / "image.ld").read_text(encoding="utf-8")
        write_text(
            script,
            render_places(text, flash=(state.slot_address, state.slot_bytes), ram=(state.ram_address, state.ram_bytes)),
        )
        includes = [home / "common", *(model_dir / part for part in manifest["include_dirs"])]
        sources = [binding, proof, *model_sources(model_dir, manifest, "dsp"), home / "virtual_m4" / "src" / "memory.c"]
        flags = ["-O2", "-DTFW_WITH_MODEL", *(f"-D{define}" for define in manifest.get("defines", ()))]
        objects = compiler.compile_objects(sources, folder / "objects", flags, includes)
        elf = read_image(_link(compiler, objects, script, folder / "image.elf", board_name))
        symbols = {key: symbol.address for key, symbol in elf.by_name.items()}
        code = _flat([(part.load_address, part.data) for part in elf.segments if part.data], state.slot_address)
    version = state.version + 1 if version is None else version
    data_at = symbols["__image_data"] - state.slot_address
    data_bytes = symbols["__image_data_end"] - symbols["__image_ram"]
    ram_bytes = symbols["__image_ram_end"] - state.ram_address
    head = MAGIC + struct.pack(
        f"<10I{_BOARD_BYTES}s",
        state.abi,
        len(code),
        state.slot_address,
        state.ram_address,
        ram_bytes,
        version,
        symbols["tfw_model"] - state.slot_address,
        symbols["tfw_image_proof"] - state.slot_address,
        data_at,
        data_at + data_bytes,
        board_name.encode()[:_BOARD_BYTES],
    )
    return UpdateImage(sign(head + bytes(HEAD_BYTES - len(head)) + code[HEAD_BYTES:], secret), version, ram_bytes)


def _link(compiler: ArmToolchain, objects: list[Path], script: Path, target: Path, board_name: str) -> Path:
    try:
        return compiler.link(objects, script, target)
    except ToolError as error:
        too_many = [
            f"{bytes_} bytes of {'RAM' if region == 'RAM' else 'flash'}"
            for region, bytes_ in re.findall(_OVERFLOW, error.fact)
        ]
        if not too_many:
            raise
        raise DeviceError(
            board_name,
            f"has no room for this model as an update: {' and '.join(too_many)} too many",
            "compress it further, or flash firmware that has it built in",
        ) from error


def _check(state: UpdateState, secret: bytes, board_name: str) -> None:
    if not state.slot_bytes:
        raise DeviceError(
            board_name,
            "its firmware takes no model updates",
            "`tinyforge update keygen` makes a key to build it with",
        )
    if state.abi not in (MODEL_ABI, _WHOLE_WINDOWS_ABI):
        raise DeviceError(
            board_name,
            f"its firmware takes models of ABI {state.abi}, this tinyforge makes ABI 1 and {MODEL_ABI}",
            "build and flash the firmware again",
        )
    if bytes(state.key) != public_key(secret)[: len(state.key)]:
        raise DeviceError(
            board_name,
            "its firmware was built for another key",
            "sign with the key it was built for",
        )


def _flat(parts: list[tuple[int, bytes]], base: int) -> bytes:
    """What lies from ``base`` on, gaps filled with erased flash, a whole number of units.

    Below it may be the ELF's own headers: a linker loads the page they share with the first section as a whole.
    """
    end = max(address + len(data) for address, data in parts)
    room = bytearray(b"\xff" * (-(-(end - base) // _UNIT_BYTES) * _UNIT_BYTES))
    for start, whole in parts:
        address, data = max(start, base), whole[max(base - start, 0) :]
        room[address - base : address - base + len(data)] = data
    return bytes(room)


def _proof_source(data: bytes) -> str:
    rows = "\n".join("    " + ", ".join(map(str, data[i : i + 16])) + "," for i in range(0, len(data), 16))
    return (
        '__attribute__((section(".image_head"), used)) const unsigned char tfw_image_head[128] = {0};\n'
        '__attribute__((section(".image_proof"), used)) const unsigned char tfw_image_proof[] = {\n' + rows + "\n};\n"
    )


def _proof(model_dir: Path, folder: Path) -> tuple[bytes, bytes]:
    """A quantized input, the same for the same model, and what the portable kernels make of it on this machine."""
    manifest = read_manifest(model_dir)
    includes = [model_dir / part for part in manifest["include_dirs"]]
    flags = [f"-D{define}" for define in manifest.get("defines", ())]
    built = build_shared(model_sources(model_dir, manifest, "portable"), includes, folder / "proof.so", flags)
    library = ctypes.CDLL(str(built))
    seed = hashlib.sha256(manifest["model_sha256"].encode()).hexdigest()
    given = random.Random(seed).randbytes(manifest["input_bytes"])  # noqa: S311 - any input will do
    source = (ctypes.c_uint8 * len(given)).from_buffer_copy(given)
    wanted = (ctypes.c_uint8 * manifest["output_bytes"])()
    if manifest.get("reset"):
        getattr(library, manifest["reset"])()
    getattr(library, manifest["function"])(source, wanted)
    return given, bytes(wanted)
