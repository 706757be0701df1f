"""Dataset cards (``datasets/<name>/dataset.toml``), and public sets brought here file by file, each with its digest."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shlex
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tinyforge.core.errors import DataError, UsageError, did_you_mean
from tinyforge.core.files import os_error, sha256_file
from tinyforge.core.resources import datasets_dir
from tinyforge.core.strict import Table, load_toml
from tinyforge.core.types import Channel

CARD = "dataset.toml"
_PIECE_BYTES = 1 << 16
_TIMEOUT_S = 30.0
_TRIES = 4
_SHA256 = re.compile(r"[0-9a-f]{64}")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a set.

    Attributes:
        name: relative path it gets here.
        url: where it is; ``https://``, or ``http://`` on this machine.
        sha256: of its content.
        bytes: its length.
    """

    name: str
    url: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class DatasetCard:
    """What is known of a set of recordings.

    Attributes:
        name: of its folder.
        title: a line for people.
        source: where it comes from.
        licence: SPDX identifier.
        citation: how to cite it; may be empty.
        people: how many moved.
        rate_hz: nominal samples a second.
        channels: name and unit of each column.
        notes: what one has to know, a sentence each.
        files: to download; empty for a set that is generated.
        importing: options of ``tinyforge dataset import``.
        generator: options of ``[capture]`` for a synthetic set.
    """

    name: str
    title: str
    source: str
    licence: str
    citation: str
    people: int
    rate_hz: float
    channels: tuple[Channel, ...]
    notes: tuple[str, ...]
    files: tuple[RemoteFile, ...]
    importing: dict[str, Any]
    generator: dict[str, Any]

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(file.bytes for file in self.files)


def catalogue() -> list[DatasetCard]:
    """Every card that tinyforge brings, by name."""
    return [load_card(path.parent) for path in sorted(datasets_dir().glob(f"*/{CARD}"))]


def find_card(name: str) -> DatasetCard:
    """A card by name, or by the path of its file or folder.

    Raises:
        UsageError: there is none of that name.
        ConfigError: the card is wrong.
    """
    path = Path(name)
    if path.name == CARD and path.is_file():
        return load_card(path.parent)
    if (path / CARD).is_file():
        return load_card(path)
    if (datasets_dir() / name / CARD).is_file() and PurePosixPath(name).name == name:
        return load_card(datasets_dir() / name)
    known = [card.name for card in catalogue()]
    raise UsageError("dataset", f'"{name}": no such set', did_you_mean(name, known))


def load_card(folder: Path) -> DatasetCard:
    """Read and check a card.

    Raises:
        ConfigError: naming file, key and way out.
    """
    top = load_toml(folder / CARD)
    channels = []
    for item in top.items("channels"):
        if not (isinstance(item, list) and len(item) == 2 and all(isinstance(part, str) for part in item)):
            raise top.fail("channels", f"{item!r} is no channel", 'write ["ax", "g"]')
        channels.append(Channel(item[0], item[1]))
    card = DatasetCard(
        name=folder.name,
        title=top.text("title"),
        source=top.text("source"),
        licence=top.text("licence"),
        citation=top.text("citation", ""),
        people=top.integer("people", low=1),
        rate_hz=top.number("rate_hz", low=0.001),
        channels=tuple(channels),
        notes=top.texts("notes", ()),
        files=tuple(_file(table) for table in top.tables("file")),
        importing=top.table("import").raw(),
        generator=top.table("generator").raw(),
    )
    top.finish()
    return card


def _file(table: Table) -> RemoteFile:
    name = table.text("name")
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise table.fail("name", f'"{name}" leaves the folder', "give a relative path")
    url = table.text("url")
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}):
        raise table.fail("url", f'"{url}" is not https', "give an https:// address")
    sha256 = table.text("sha256")
    if not _SHA256.fullmatch(sha256):
        raise table.fail("sha256", f'"{sha256}" is no SHA-256', "64 lower-case hex digits")
    found = RemoteFile(name, url, sha256, table.integer("bytes", low=0))
    table.finish()
    return found


def download(card: DatasetCard, folder: Path, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Bring every file of a set here.

    What is there with the right digest is not fetched again; what was interrupted goes on where it stopped. A file
    appears under its name only when it is whole and its digest is right.

    Args:
        card: what to fetch.
        folder: made when it is missing.
        progress: called with bytes done, bytes in all, and the file's name.

    Returns:
        ``folder``, ``files`` (all), ``fetched`` (bytes that came over the network), ``bytes`` (of all files).

    Raises:
        UsageError: the set is generated, not downloaded; or the folder cannot be written.
        DataError: the network, the server, or another content than the card says. What came is kept for the next try.
    """
    if not card.files:
        raise UsageError(
            card.name,
            "is generated, there is nothing to download",
            "`tinyforge init NAME --template police` records it",
        )
    done = fetched = 0
    for file in card.files:
        target = folder / file.name
        if not (target.is_file() and target.stat().st_size == file.bytes and sha256_file(target) == file.sha256):
            before = done

            def tell(now: int, name: str = file.name, before: int = before) -> None:
                progress(before + now, card.bytes, name)

            fetched += _fetch(file, target, tell)
        done += file.bytes
        progress(done, card.bytes, file.name)
    return {"folder": str(folder), "files": [f.name for f in card.files], "fetched": fetched, "bytes": card.bytes}


def _fetch(file: RemoteFile, target: Path, tell: Callable[[int], None]) -> int:
    """One file, in as many tries as it takes; bytes that came over the network."""
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise os_error(target.parent, error, "make") from error
    fetched = 0
    reason = ""
    for _ in range(_TRIES):
        have = part.stat().st_size if part.is_file() else 0
        if have > file.bytes:
            part.unlink()
            have = 0
        if have < file.bytes or file.bytes == 0:
            try:
                fetched += _append(file, part, have, tell)
            except urllib.error.HTTPError as error:
                with error:
                    reason = f"the server says {error.code} {error.reason}"
                if 400 <= error.code < 500 and error.code != 416:
                    raise DataError(file.url, reason, _GONE) from error
                continue
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
                reason = " ".join(str(getattr(error, "reason", error)).split())
                continue
        if not part.is_file() or part.stat().st_size < file.bytes:
            reason = f"{part.stat().st_size if part.is_file() else 0} of {file.bytes} bytes came"
            continue
        found = sha256_file(part)
        if found != file.sha256:
            part.unlink()
            fact = f"has another content than its card says: SHA-256 {found[:16]} instead of {file.sha256[:16]}"
            raise DataError(file.url, fact, "the source changed; nothing was kept. Tell whoever keeps the card")
        os.replace(part, target)
        return fetched
    raise DataError(file.url, f"cannot be fetched: {reason}", "the same command goes on where it stopped")


_GONE = "the file is not there any more; see the source's page for where it went"


def _append(file: RemoteFile, part: Path, have: int, tell: Callable[[int], None]) -> int:
    """Fetch what ``part`` lacks; bytes that came. More than the card says is not taken."""
    request = urllib.request.Request(file.url, headers={"User-Agent": "tinyforge"})  # noqa: S310  https, checked
    if have:
        request.add_header("Range", f"bytes={have}-")
    came = 0
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer, _writing(part) as stream:  # noqa: S310
        if answer.status != 206:
            have = 0
            stream.truncate(0)
        stream.seek(have)
        while have + came <= file.bytes:
            piece = answer.read(min(_PIECE_BYTES, file.bytes - have - came + 1))
            if not piece:
                break
            stream.write(piece)
            came += len(piece)
            tell(min(have + came, file.bytes))
    return came


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("r+b" if path.exists() else "w+b") as stream:
            yield stream
    except OSError as error:
        if isinstance(error, urllib.error.URLError | TimeoutError | ConnectionError):
            raise
        raise os_error(path, error, "write") from error


def import_command(card: DatasetCard, folder: Path) -> str:
    """The command that brings a downloaded set into a project."""
    words = ["tinyforge dataset import", shlex.quote(str(folder))]
    for key, value in card.importing.items():
        option = {"rate_hz": "rate"}.get(key, key).replace("_", "-")
        words.append(f"--{option} {value:g}" if isinstance(value, float) else f"--{option} {shlex.quote(str(value))}")
    return " ".join(words)
