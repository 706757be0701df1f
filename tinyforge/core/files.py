"""Files that appear whole or not at all, and their digests."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from tinyforge.core.errors import UsageError


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of ``data`` as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's content as 64 hex digits, read in 1 MiB pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def sha256_json(value: Any) -> str:
    """Digest of a JSON-able value, independent of key order."""
    return sha256_bytes(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def os_error(path: Path, error: OSError, doing: str) -> UsageError:
    """Say an ``OSError`` as place, fact and way out."""
    reason = error.strerror or str(error)
    advice = {
        "No space left on device": "free some space and run the command again; nothing was lost",
        "Permission denied": "check the owner and the permissions of the folder",
        "No such file or directory": "choose a folder that exists, or can be made" if doing == "write" else "",
        "Read-only file system": "choose a folder that can be written",
    }.get(reason, "")
    return UsageError(str(path), f"cannot {doing}: {reason}", advice)


def refused_by_system(error: OSError) -> UsageError | None:
    """The error of a full disk, or of a place where this user may not write; None for any other."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}:
        return None
    return os_error(Path(str(error.filename or Path.cwd())), error, "read or write")


@contextlib.contextmanager
def atomic_open(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Write a file that appears by rename when the block ends without an exception.

    The bytes are on disk (fsync) before the rename, so a kill or a power cut leaves either the
    old file or the new one.

    Raises:
        UsageError: the folder cannot be written, or the disk is full.
    """
    encoding = None if "b" in mode else "utf-8"
    newline = None if "b" in mode else ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise os_error(path, error, "write") from error
    try:
        with os.fdopen(handle, mode, encoding=encoding, newline=newline) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        raise os_error(path, error, "write") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` by rename."""
    with atomic_open(path, "wb") as stream:
        stream.write(data)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` (UTF-8, newlines as they are) to ``path`` by rename."""
    with atomic_open(path) as stream:
        stream.write(text)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON by rename."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
