"""What a search says of a storage that it cannot open."""

import sys

import pytest

from tinyforge.core.errors import UsageError
from tinyforge.core.project import load_project
from tinyforge.search.study import search


def refusal(project, storage):
    with pytest.raises(UsageError) as caught:
        search(load_project(project), None, trials=1, storage=storage)
    return str(caught.value)


def test_a_missing_driver_is_named_and_no_password_is_shown(shapes_project, monkeypatch):
    for driver in ("psycopg", "psycopg2"):  # which one is asked for depends on SQLAlchemy
        monkeypatch.setitem(sys.modules, driver, None)
    assert refusal(shapes_project, "postgresql://who:secret@host/studies") == (
        "--storage postgresql://who:***@host/studies: needs a database driver that is not installed; "
        "for PostgreSQL: pip install 'psycopg[binary]'"
    )


def test_an_address_that_is_none_is_refused(shapes_project):
    said = refusal(shapes_project, "study.db")
    assert said.startswith("--storage study.db: cannot be opened: ")
    assert said.endswith("; for instance sqlite:///study.db")
