"""What a worker's job leaves behind: a JSON file, written last, that names the job's key, its result and its files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tinyforge.core.files import sha256_file


class Result(Protocol):
    """What a job came to; ``files``: name, beside the JSON file, to SHA-256."""

    @property
    def files(self) -> Mapping[str, str]:
        """Name to SHA-256 of what was written."""
        ...


Made = TypeVar("Made", bound=Result)


def finished(file: Path, key: str, from_json: Callable[[Path, Mapping[str, Any]], Made]) -> Made | None:
    """The result in ``file`` if it is of the job ``key`` and all its files are whole; else None.

    Args:
        file: the JSON file.
        key: SHA-256 of all that decides the result.
        from_json: makes the result of its folder and of what the file says of it.
    """
    try:
        said = json.loads(file.read_text("utf-8"))
        if said["key"] != key:
            return None
        result = from_json(file.parent, said["result"])
        whole = all(sha256_file(file.parent / name) == digest for name, digest in result.files.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return result if whole else None
