"""Where an import reads from: a file, a folder, or a zip (also one inside the folder), as one list of members.

Archives are taken for hostile: a member that would lie outside its archive, is a link, is encrypted, or unpacks to more
than the limits is refused before anything is read, and reading stops at the limit whatever the archive's headers say.
Nothing is ever unpacked to disk.
"""

from __future__ import annotations

import errno
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tinyforge.core.errors import DataError
from tinyforge.core.files import os_error

MEMBER_LIMIT_BYTES = 1 << 30
TOTAL_LIMIT_BYTES = 4 << 30
MEMBER_COUNT_LIMIT = 100_000
RATIO_LIMIT = 200  # DEFLATE reaches 1032; text of numbers 3 to 8
RATIO_FREE_BYTES = 1 << 20  # below this nobody minds


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a source.

    Attributes:
        name: path inside the source, with ``/``.
        place: how errors name it: ``data.zip:data/circ.csv``.
        length_bytes: as the file system or the archive says.
    """

    name: str
    place: str
    length_bytes: int
    _read: Callable[[], bytes]
    _head: Callable[[int], bytes]

    @property
    def path(self) -> PurePosixPath:
        """``name`` as a path."""
        return PurePosixPath(self.name)

    def read(self) -> bytes:
        """The whole content.

        Raises:
            DataError: it cannot be read, is damaged, or is longer than `MEMBER_LIMIT_BYTES`.
        """
        return self._read()

    def head(self, length: int) -> bytes:
        """At most ``length`` bytes from its start."""
        return self._head(length)


@dataclass(frozen=True, slots=True)
class Source:
    """What is imported.

    Attributes:
        place: the path the user gave.
        members: its files by name; hidden ones and a Mac's resource forks left out.
    """

    place: str
    members: tuple[Member, ...]


def open_source(path: Path) -> Source:
    """List a file, a folder or a zip.

    Raises:
        DataError: it does not exist, cannot be read, holds nothing, or is an archive that is damaged or not to be
            trusted.
    """
    try:
        if path.is_dir():
            members = _folder(path)
        elif path.is_file():
            members = _archive(path) if _is_zip(path) else [_file(path, path.name, str(path))]
        else:
            raise DataError(str(path), "no such file or folder", "check the path")
    except OSError as error:
        raise _unreadable(path, error) from error
    if not members:
        raise DataError(str(path), "holds no files", "give the folder or archive the recordings are in")
    return Source(str(path), tuple(sorted(members, key=lambda member: member.name)))


def _folder(path: Path) -> list[Member]:
    members: list[Member] = []
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if _hidden(name) or not file.is_file():
            continue
        if _is_zip(file):
            members.extend(_archive(file))
        else:
            members.append(_file(file, name, str(file)))
    return members


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        magic = stream.read(4)
    if path.suffix.lower() == ".npz":  # a zip of arrays, read as one file
        return False
    return path.suffix.lower() == ".zip" or magic in {b"PK\x03\x04", b"PK\x05\x06"}


def _unreadable(path: Path, error: OSError) -> DataError:
    said = os_error(path, error, "read")
    return DataError(said.place, said.fact, said.way_out)


def _file(path: Path, name: str, place: str) -> Member:
    def read_at_most(length: int) -> bytes:
        try:
            with path.open("rb") as stream:
                return stream.read(length)
        except OSError as error:
            raise _unreadable(path, error) from error

    def read() -> bytes:
        data = read_at_most(MEMBER_LIMIT_BYTES + 1)
        if len(data) > MEMBER_LIMIT_BYTES:
            raise DataError(place, f"is longer than {MEMBER_LIMIT_BYTES >> 20} MiB", "cut it into several files")
        return data

    return Member(name, place, path.stat().st_size, read, read_at_most)


def _archive(path: Path) -> list[Member]:
    try:
        archive = zipfile.ZipFile(path)  # stays open for its members; closed when the last of them is forgotten
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise DataError(str(path), f"is no whole zip archive: {error}", "fetch or make it again") from error
    infos = archive.infolist()
    if len(infos) > MEMBER_COUNT_LIMIT:
        raise DataError(str(path), f"has {len(infos)} members, more than {MEMBER_COUNT_LIMIT}", "unpack it and look")
    members: list[Member] = []
    total = 0
    for info in infos:
        if info.is_dir():
            continue
        place = f"{path}:{info.filename}"
        trust(info, place)
        total += info.file_size
        if total > TOTAL_LIMIT_BYTES:
            raise DataError(str(path), f"unpacks to more than {TOTAL_LIMIT_BYTES >> 30} GiB", "unpack it and look")
        if not _hidden(info.filename):
            members.append(_zipped(archive, info, place))
    return members


def trust(info: zipfile.ZipInfo, place: str) -> None:
    """Refuse a member of an archive that means harm.

    Raises:
        DataError: it leads out of the archive, is a link, is encrypted, or unpacks to what no recording does.
    """
    inner = PurePosixPath(info.filename.replace("\\", "/"))
    if inner.is_absolute() or ".." in inner.parts or ":" in inner.parts[0]:
        raise DataError(place, "its path leads out of the archive", "do not trust this archive")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise DataError(place, "is a symbolic link", "do not trust this archive")
    if info.flag_bits & 1:
        raise DataError(place, "is encrypted", "unpack the archive and import the folder")
    big = info.file_size > RATIO_FREE_BYTES
    if info.file_size > MEMBER_LIMIT_BYTES or (big and info.file_size > RATIO_LIMIT * max(info.compress_size, 1)):
        raise DataError(
            place,
            f"unpacks from {info.compress_size} to {info.file_size} bytes, which no recording does",
            "do not trust this archive; if you do, unpack it and import the folder",
        )


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: str) -> Member:
    def read_at_most(length: int) -> bytes:
        try:
            with archive.open(info) as stream:
                return stream.read(length)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise DataError(place, f"is damaged: {str(error)[:120]}", "fetch or make the archive again") from error
        except OSError as error:
            if error.errno == errno.EINVAL:  # a place before the archive's start
                raise DataError(place, "is damaged: it lies outside the archive", "fetch or make it again") from error
            raise _unreadable(Path(place), error) from error

    def read() -> bytes:
        data = read_at_most(info.file_size + 1)
        if len(data) != info.file_size:
            raise DataError(
                place,
                f"unpacks to another length than the {info.file_size} bytes announced",
                "do not trust this archive",
            )
        return data

    return Member(info.filename, place, info.file_size, read, read_at_most)
