"""Writes ``report.html`` and ``report.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tinyforge.core.files import write_text
from tinyforge.core.resources import package_dir
from tinyforge.report import text
from tinyforge.report.data import ReportData, check
from tinyforge.report.document import to_json
from tinyforge.report.view import arrange

HTML_NAME = "report.html"
JSON_NAME = "report.json"


class Rendered(NamedTuple):
    """The two files of a report."""

    html: Path
    json: Path


# control characters, and those that turn the direction of the text after them around
_UNSEEN = dict.fromkeys([*range(9), *range(11, 32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def _visible(value: object) -> object:
    """Text without characters that a label could hide or disorder the page with."""
    return value.translate(_UNSEEN) if isinstance(value, str) else value


def environment() -> Environment:
    """Jinja as all pages use it: everything escaped, nothing undefined."""
    made = Environment(
        loader=FileSystemLoader(package_dir() / "report" / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        size=text.size, count=text.count, frequency=text.frequency, short=text.short, moment=text.moment
    )
    return made


def render_html(data: ReportData) -> str:
    """The page as text: complete, without script, and without anything it would load.

    Raises:
        DataError: parts of ``data`` contradict each other.
    """
    check(data)
    return environment().get_template("report.html.jinja").render(data=data, view=arrange(data))


def render(data: ReportData, out_dir: Path) -> Rendered:
    """Write ``report.html`` and ``report.json`` into a folder, each by rename.

    Args:
        data: what to show; parts that are None or empty are left out.
        out_dir: created when missing.

    Raises:
        DataError: parts of ``data`` contradict each other.
        UsageError: the folder cannot be written.
    """
    page = render_html(data)
    document = json.dumps(to_json(data), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    written = Rendered(out_dir / HTML_NAME, out_dir / JSON_NAME)
    for path, content in zip(written, (page, document), strict=True):
        # a label read from a broken file may hold half a surrogate pair, which UTF-8 cannot say
        write_text(path, content.encode("utf-8", "replace").decode("utf-8"))
    return written
