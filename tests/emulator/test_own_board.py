"""A board that tinyforge does not know: a description and a folder beside it, wherever they are."""

from __future__ import annotations

import shutil

import pytest

from tinyforge.boards import load_board
from tinyforge.cli import main
from tinyforge.core.resources import firmware_dir
from tinyforge.firmware.project import board_folder, project_files

pytestmark = pytest.mark.emulator


@pytest.fixture
def own(tmp_path):
    """``my_board.toml`` and its folder: the virtual board's sources with a name of their own and half of the RAM."""
    text = load_board("virtual").path.read_text()
    for old, new in (("virtual_m4", "my_board"), ("262_144", "131_072"), ("Virtual Cortex-M4", "My board")):
        assert old in text
        text = text.replace(f'"{old}"' if old != "262_144" else old, f'"{new}"' if old != "262_144" else new)
    (tmp_path / "my_board.toml").write_text(text)
    shutil.copytree(firmware_dir() / "virtual_m4", tmp_path / "my_board")
    hal = tmp_path / "my_board" / "src" / "hal.c"
    said = hal.read_text()
    assert '"virtual"' in said
    hal.write_text(said.replace('"virtual"', '"my_board"'))
    return tmp_path


def test_the_folder_beside_the_description_comes_first(own):
    board = load_board(str(own / "my_board.toml"))
    assert board_folder(board) == own / "my_board"
    assert b'"my_board"' in project_files(board)["src/hal.c"]
    assert board.reference == str(own / "my_board.toml")
    assert board_folder(load_board("virtual")) == firmware_dir() / "virtual_m4"
    assert load_board("virtual").reference == "virtual"


def test_it_records(own, monkeypatch, capfd):
    monkeypatch.chdir(own)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        return ended.value.code, capfd.readouterr()

    assert run("init", "wave")[0] == 0
    config = own / "wave" / "tinyforge.toml"
    config.write_text(config.read_text().replace('id = "virtual"', 'id = "../my_board.toml"'))
    assert "my_board.toml" in config.read_text()
    code, said = run("capture", "--label", "rest", "--subject", "anna", "--count", "1", "--project", "wave", "--json")
    assert code == 0, said
    (recording,) = (own / "wave" / "dataset").rglob("*.csv")
    assert "my_board" in recording.read_text().partition("\n1")[0]
