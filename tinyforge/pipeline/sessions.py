"""Sessions of ``tinyforge live`` that a project keeps."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyforge.core.project import Project

FOLDER, FILE = "sessions", "session.json"


def new_folder(project: Project, source: str, model: str) -> Path:
    """Where a session of now is kept: one that is not there yet."""
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = project.root / FOLDER / f"{stamp}_{source}_{model}"
    number = 2
    while folder.exists():
        folder, number = folder.with_name(f"{stamp}_{source}_{model}_{number}"), number + 1
    return folder


def of_model(project: Project, digest: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Names and documents of the sessions with the model of this SHA-256, the newest first; broken ones left out."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for path in sorted((project.root / FOLDER).glob(f"*/{FILE}"), reverse=True):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(document, dict) and document.get("model_sha256") == digest:
            found.append((path.parent.name, document))
    return found
