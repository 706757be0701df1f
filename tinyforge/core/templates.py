"""Templates of what is no web page: C, headers, build files, Python. Python computes, a template only prints."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2


@cache
def templates(folder: Path) -> jinja2.Environment:
    """The templates of a folder, each parsed once a process; a name that is not given is an error.

    Nothing is escaped: texts from outside go through :mod:`tinyforge.core.names` before they are printed.
    """
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # no HTML
    )
